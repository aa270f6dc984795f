"""Recordings encrypted at rest: a file in, a sealed file out, block by block, so that memory stays flat for hours of sound.

Each file has a key of its own: HKDF-SHA256 (RFC 5869) of the house's secret with a random salt that stands only in the
file's head; when the file is gone, so is the key. The blocks are AES-256-GCM in the STREAM construction (Hoang,
Reyhanitabar, Rogaway, Vizár 2015): a block's number and whether it is the last are part of its nonce, the head is
authenticated with every block. So a block that was changed, moved, left out, doubled or taken from another file is refused,
and so is a file that was cut.
"""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FOLDER = "recordings"
"""The folder of sealed recordings in the home."""
DECODED_FOLDER = "decoded"
"""The folder, within that one, of what is decoded already of those that are listened to now."""
BLOCK = 1024 * 1024
"""Bytes of sound in one block."""

_MAGIC = b"PARLEY\x00\x01"
_SALT = 16
_TAG = 16
_HEAD = len(_MAGIC) + _SALT


class SealBroken(Exception):
    """The file is not as it was sealed, was sealed under another secret, or is another recording's."""


def sealed_path(home: Path, recording_id: str) -> Path:
    """Where the sealed file of a recording lies."""
    return home / FOLDER / f"{recording_id}.sealed"


def decoded_path(home: Path, recording_id: str) -> Path:
    """Where the decoded sound of a recording lies, sealed, while it is listened to."""
    return home / FOLDER / DECODED_FOLDER / f"{recording_id}.sealed"


def seal(source: Path, target: Path, secret: bytes, recording_id: str) -> None:
    """Write `source` sealed to `target`, whole or not at all. Readable by the owner only."""
    with source.open("rb") as plain:
        seal_parts(iter(lambda: plain.read(BLOCK), b""), target, secret, recording_id)


def seal_parts(
    parts: Iterable[bytes], target: Path, secret: bytes, recording_id: str, *, outlasts_power_cut: bool = True
) -> None:
    """As `seal`, for bytes that come part by part, of any length each. What can be made again need not be waited for until
    it lies on the disk for certain (`outlasts_power_cut`)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    head = _MAGIC + os.urandom(_SALT)
    cipher = _cipher(secret, head, recording_id)
    part = target.with_name(f"{target.name}.{os.urandom(6).hex()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(head)
            blocks = _in_blocks(parts)
            block, number = next(blocks, b""), 0
            while True:
                following = next(blocks, b"")
                out.write(cipher.encrypt(_nonce(number, is_last=not following), block, head))
                if not following:
                    break
                block, number = following, number + 1
            out.flush()
            if outlasts_power_cut:
                os.fsync(out.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _in_blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in whole blocks, the last as long as what is left."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        while len(waiting) >= BLOCK:
            yield bytes(waiting[:BLOCK])
            del waiting[:BLOCK]
    if waiting:
        yield bytes(waiting)


def unseal(source: Path, secret: bytes, recording_id: str) -> Iterator[bytes]:
    """The plain bytes, block by block. Raises SealBroken at the first block that is not as it was sealed."""
    with source.open("rb") as sealed:
        head = sealed.read(_HEAD)
        if len(head) < _HEAD or not head.startswith(_MAGIC):
            raise SealBroken("not a sealed recording")
        cipher = _cipher(secret, head, recording_id)
        yield from _blocks(sealed, lambda block, number, is_last: cipher.decrypt(_nonce(number, is_last), block, head))


def unseal_into(source: Path, target: Path, secret: bytes, recording_id: str) -> None:
    """Write the plain file, readable by the owner only; nothing is left where the seal is broken."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            for block in unseal(source, secret, recording_id):
                out.write(block)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


class SealedReader(io.RawIOBase):
    """The plain bytes of a sealed recording where they are asked for, block by block in memory: nothing plain on the disk.

    Raises SealBroken when it is opened where the end is not as it was sealed, and at each block that is not.
    """

    def __init__(self, source: Path, secret: bytes, recording_id: str) -> None:
        super().__init__()
        self._sealed = source.open("rb")
        try:
            self._head = self._sealed.read(_HEAD)
            if len(self._head) < _HEAD or not self._head.startswith(_MAGIC):
                raise SealBroken("not a sealed recording")
            self._cipher = _cipher(secret, self._head, recording_id)
            stored = self._sealed.seek(0, os.SEEK_END) - _HEAD
            self._last = max(0, stored - 1) // (BLOCK + _TAG)
            self._number, self._block = -1, b""
            self._size = self._last * BLOCK + len(self._opened(self._last))
            self._at = 0
        except BaseException:
            self._sealed.close()
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begins = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, begins + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        number, first = divmod(self._at, BLOCK)
        if number > self._last:
            return 0
        piece = self._opened(number)[first : first + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._block = b""
        self._sealed.close()
        super().close()

    def _opened(self, number: int) -> bytes:
        if number != self._number:
            self._sealed.seek(_HEAD + number * (BLOCK + _TAG))
            sealed = self._sealed.read(BLOCK + _TAG)
            try:
                self._block = self._cipher.decrypt(_nonce(number, is_last=number == self._last), sealed, self._head)
            except (InvalidTag, ValueError) as error:
                raise SealBroken(f"block {number} is not as it was sealed") from error
            self._number = number
        return self._block


def erase(home: Path, recording_id: str) -> bool:
    """Take the sealed file away, and with it the salt without which no key can be made. Whether there was one.

    What was decoded of it goes too, also what is being written now. Raises OSError where either is still there afterwards.
    """
    was_there = sealed_path(home, recording_id).is_file()
    decoded = decoded_path(home, recording_id)
    for path in (*decoded.parent.glob(f"{decoded.name}*"), sealed_path(home, recording_id)):
        path.unlink(missing_ok=True)
        if path.exists():
            raise OSError(f"{path.name} cannot be removed")
    return was_there


def _blocks(sealed: IO[bytes], open_block: Callable[[bytes, int, bool], bytes]) -> Iterator[bytes]:
    block, number = sealed.read(BLOCK + _TAG), 0
    while True:
        following = sealed.read(BLOCK + _TAG)
        try:
            yield open_block(block, number, not following)
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"block {number} is not as it was sealed") from error
        if not following:
            return
        block, number = following, number + 1


def _cipher(secret: bytes, head: bytes, recording_id: str) -> AESGCM:
    salt, info = head[len(_MAGIC) :], b"parley recording\x00" + recording_id.encode()
    return AESGCM(HKDF(SHA256(), 32, salt, info).derive(secret))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")
