"""Files that people send: kept in the home under the message's key, in pieces and within a limit, never run or trusted."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

from bot.message import Attachment

LARGEST = 50 * 1024 * 1024
"""Bytes of one file that are taken; larger ones are refused with a sentence."""
LARGEST_RECORDING = 500 * 1000 * 1000
"""The same of a recording: three hours of telephone sound as WAV are 350 MB."""

_PIECE = 256 * 1024
_LONGEST_NAME = 240
"""Bytes of a name that are kept, from its end, where its kind stands; file systems take 255."""


_SOUND = (".amr", ".awb", ".silk", ".slk", ".m4a", ".aac", ".mp3", ".wav", ".ogg", ".oga", ".opus", ".flac", ".wma", ".aiff")


class FileTooLarge(Exception):
    """A file is over the limit; `sentence` says so in both languages."""

    def __init__(self, name: str, limit: int = LARGEST) -> None:
        super().__init__("file over the limit")
        size = limit // 1024 // 1024
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
        ("voice", "audio/", _SOUND),
        ("image", "image/", (".png", ".jpg", ".jpeg", ".gif", ".webp")),
        ("video", "video/", (".mp4", ".mov", ".m4v", ".mkv", ".avi", ".webm", ".3gp")),
    ):
        if mime.startswith(prefix) or name.lower().endswith(endings):
            return kind  # type: ignore[return-value]
    return "file"


def is_recording(kind: str, name: str) -> bool:
    """Whether an attachment holds sound that somebody may want listened to, also where the platform calls it a file."""
    return kind in ("voice", "video") or (kind == "file" and kind_of("", name) in ("voice", "video"))


def limit_for(kind: str, name: str) -> int:
    """How many bytes of such an attachment are taken."""
    return LARGEST_RECORDING if is_recording(kind, name) else LARGEST


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
    size, mime = 0, upload.content_type or ""
    kind = kind_of(mime, name)
    limit = limit_for(kind, name)
    try:
        with path.open("wb") as out:
            while piece := await upload.read(_PIECE):
                size += len(piece)
                if size > limit:
                    raise FileTooLarge(name, limit)
                out.write(piece)
    except BaseException:  # whoever was sending hung up, too: half a file is none
        path.unlink(missing_ok=True)
        raise
    return Attachment(kind, str(path), name, mime, size)
