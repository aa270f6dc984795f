"""What a picture is and how large, by its own first bytes; it is never unpacked."""

import struct
from dataclasses import dataclass

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_END_OF_HEADER = frozenset({0xD9, 0xDA})


@dataclass(frozen=True, slots=True)
class Drawn:
    """The ending that a file of this kind has, and its sides in pixels."""

    suffix: str
    width: int
    height: int


def drawn(content: bytes) -> Drawn | None:
    """Which of the kinds that can be shown it is; None when it is another, or its head is broken."""
    try:
        found = _drawn(content)
    except (struct.error, IndexError):
        return None
    return found if found is not None and found.width and found.height else None


def _drawn(content: bytes) -> Drawn | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return Drawn(".png", *struct.unpack_from(">II", content, 16))
    if content.startswith((b"GIF87a", b"GIF89a")):
        return Drawn(".gif", *struct.unpack_from("<HH", content, 6))
    if content.startswith(b"\xff\xd8\xff"):
        return _photo(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _web_picture(content)
    return None


def _photo(content: bytes) -> Drawn | None:
    """JPEG: a row of segments, of which one tells the size."""
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _NO_LENGTH:
            at += 2
        elif marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return Drawn(".jpg", width, height)
        elif marker in _END_OF_HEADER:
            return None
        else:
            at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return None


def _web_picture(content: bytes) -> Drawn | None:
    """WebP: one of three shapes, each with the size in another place."""
    match content[12:16]:
        case b"VP8X":
            width, height = (1 + int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
            return Drawn(".webp", width, height) if len(content) >= 30 else None
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", content, 21)
            return Drawn(".webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", content, 26)
            return Drawn(".webp", width & 0x3FFF, height & 0x3FFF)
    return None
