"""Files that people send: kept in the home under the message's key, in pieces and within a limit, never run or trusted."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

from bot.message import Attachment

LARGEST = 50 * 1024 * 1024
"""Bytes of one file that are taken; larger ones are refused with a sentence."""

_PIECE = 256 * 1024
_LONGEST_NAME = 240
"""Bytes of a name that are kept, from its end, where its kind stands; file systems take 255."""


class FileTooLarge(Exception):
    """A file is over the limit; `sentence` says so in both languages."""

    def __init__(self, name: str) -> None:
        super().__init__("file over the limit")
        size = LARGEST // 1024 // 1024
        self.sentence = f"文件 {name} 超过 {size} MB,没有收下。 / {name} is over {size} MB and was not taken."


class Incoming(Protocol):
    """An upload that can be read in pieces."""

    @property
    def filename(self) -> str | None: ...
    @property
    def content_type(self) -> str | None: ...
    async def read(self, size: int) -> bytes: ...


def kind_of(mime: str, name: str) -> Literal["voice", "image", "video", "file"]:
    """What sort of attachment this is, by its declared type, else by its name's ending."""
    for kind, prefix, endings in (
        ("voice", "audio/", (".amr", ".silk", ".m4a", ".mp3", ".wav", ".ogg", ".opus", ".flac")),
        ("image", "image/", (".png", ".jpg", ".jpeg", ".gif", ".webp")),
        ("video", "video/", (".mp4", ".mov")),
    ):
        if mime.startswith(prefix) or name.lower().endswith(endings):
            return kind  # type: ignore[return-value]
    return "file"


def place_for(home: Path, key: str, name: str) -> Path:
    """Where a file of this message belongs; the name is made harmless, the folder derives from the key."""
    harmless = re.sub(r"[^\w.\-]+", "_", Path(name).name)
    ending = harmless.encode()[-_LONGEST_NAME:].decode(errors="ignore").lstrip(".")
    return home / "files" / sha256(key.encode()).hexdigest()[:24] / (ending or "file")


async def keep(home: Path, key: str, upload: Incoming) -> Attachment:
    """Write an upload to its place. Raises FileTooLarge and leaves nothing behind."""
    name = Path(upload.filename or "file").name[-120:]
    path = place_for(home, key, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    try:
        with path.open("wb") as out:
            while piece := await upload.read(_PIECE):
                size += len(piece)
                if size > LARGEST:
                    raise FileTooLarge(name)
                out.write(piece)
    except BaseException:  # whoever was sending hung up, too: half a file is none
        path.unlink(missing_ok=True)
        raise
    mime = upload.content_type or ""
    return Attachment(kind_of(mime, name), str(path), name, mime, size)
