"""What is decoded of a recording, sealed, from when it is opened until it is heard to its end: a file is decoded once.

It lies beside the sealed recording, sealed in the same way with a key of its own, and goes with it. Where it is missing or
not as it was sealed, where the disk has no room for it, the file is decoded again: the samples are the same.
"""

import io
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from shutil import disk_usage

from actions.recordings.sealed import DECODED_FOLDER, FOLDER, SealBroken, SealedReader, decoded_path, seal_parts
from voice.decode import Recording
from voice.kept_sound import kept_recording, parts_to_keep
from voice.transcript import RATE

ROOM_LEFT = 2 * 1024**3
"""Bytes that stay free on the disk: it is the database's and new recordings' before it is this convenience's."""

_BYTES_A_SECOND = RATE * 2 * 2
_BUFFER = 256 * 1024


def free_bytes(folder: Path) -> int:
    """How much there is room for on the disk of a folder."""
    return disk_usage(folder).free


class DecodedSound:
    """Its functions take their time over hours of sound: call them in a thread. `secret` is the house's."""

    def __init__(self, home: Path, secret: bytes, free: Callable[[Path], int] = free_bytes) -> None:
        self._home, self._secret, self._free = home, secret, free

    def keeper(self, recording_id: str, duration: float) -> Callable[[Recording], None] | None:
        """What keeps the decoded sound of a recording that lasts this long; None where there is no room for it."""
        return partial(self.keep, recording_id) if self._has_room(duration) else None

    def keep(self, recording_id: str, recording: Recording) -> None:
        """Seal what was decoded, if there is room."""
        if self._has_room(recording.duration):
            path = decoded_path(self._home, recording_id)
            with suppress(OSError):  # the disk is full after all
                seal_parts(parts_to_keep(recording), path, self._secret, _name(recording_id), outlasts_power_cut=False)

    def opened(self, recording_id: str) -> Recording | None:
        """What is kept, to be closed by whoever reads it; None where nothing is. Reading raises SealBroken where it is not
        as it was sealed."""
        try:
            reader = SealedReader(decoded_path(self._home, recording_id), self._secret, _name(recording_id))
        except (FileNotFoundError, SealBroken):
            return None
        file = io.BufferedReader(reader, _BUFFER)
        try:
            return kept_recording(file)
        except (SealBroken, ValueError):
            file.close()
            return None

    def forget(self, recording_id: str) -> None:
        """Nobody hears this recording any more."""
        decoded_path(self._home, recording_id).unlink(missing_ok=True)

    def ids(self) -> frozenset[str]:
        """Of which recordings there is something, whole or begun."""
        folder = self._home / FOLDER / DECODED_FOLDER
        return frozenset(one.name.partition(".sealed")[0] for one in folder.iterdir()) if folder.is_dir() else frozenset()

    def forget_all(self, recording_ids: Iterable[str]) -> None:
        """Nobody hears these any more; what was begun of them goes too."""
        for recording_id in recording_ids:
            for path in (self._home / FOLDER / DECODED_FOLDER).glob(f"{recording_id}.sealed*"):
                path.unlink(missing_ok=True)

    def _has_room(self, duration: float) -> bool:
        """For two channels: how many there are is not known beforehand."""
        (self._home / FOLDER).mkdir(parents=True, exist_ok=True)
        return self._free(self._home / FOLDER) - duration * _BYTES_A_SECOND >= ROOM_LEFT


def _name(recording_id: str) -> str:
    """What it is sealed as, so that it opens in no other place than its own, nor the recording itself in this one."""
    return f"{recording_id}\x00decoded"
