"""What kind of recording a file is, told by its first bytes: never by its name, and never by trying every demuxer."""

from array import array
from collections import Counter
from itertools import pairwise
from math import log2

HEAD = 65_536
"""How many bytes are looked at."""

_AT_START = (
    (b"OggS", "ogg"),
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"fLaC", "flac"),
    (b"#!AMR-WB\n", "amr"),
    (b"#!AMR\n", "amr"),
    (b"caff", "caf"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b".snd", "au"),
    (b"FLV\x01", "flv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"#!SILK_V3", "silk"),
    (b"\x02#!SILK_V3", "silk"),
)
_IN_FORM = {
    (b"RIFF", b"WAVE"): "wav",
    (b"RIFX", b"WAVE"): "wav",
    (b"RF64", b"WAVE"): "wav",
    (b"RIFF", b"AVI "): "avi",
    (b"FORM", b"AIFF"): "aiff",
    (b"FORM", b"AIFC"): "aiff",
}
# compressed, so as random as what is locked, and known by name to be no recording: ZIP, gzip, 7z, PNG, JPEG, RAR
_OTHERS = (b"PK", b"\x1f\x8b", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff", b"Rar!")
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
# kilobits a second by (MPEG version, 4 - layer): ISO 11172-3 and 13818-3, table of bit rates
_KBITS = {
    (1, 1): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (2, 1): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def container_of(head: bytes) -> str | None:
    """Name the demuxer for a file that begins with these bytes (`silk` for SILK), None when it is no recording we read."""
    if head[:3] == b"ID3" and len(head) >= 10:
        # a tag of any length stands before MP3, and some put one before AAC and FLAC
        size = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        return container_of(head[size:]) or "mp3" if size < len(head) else "mp3"
    for magic, name in _AT_START:
        if head.startswith(magic):
            return name
    if (form := _IN_FORM.get((head[:4], head[8:12]))) is not None:
        return form
    if head[4:8] in _MP4_BOXES:
        return "mov"
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return "mpegts"
    return _frames(head)


def _frames(head: bytes) -> str | None:
    """MP3 and raw AAC have no magic: two frames in a row, the second where the first says, are one."""
    for at in range(min(len(head) - 8, 4096)):
        if head[at] != 0xFF or head[at + 1] & 0xE0 != 0xE0:
            continue
        for name, length in (("aac", _adts_length(head, at)), ("mp3", _mpeg_length(head, at))):
            follows = at + length
            if length and head[follows : follows + 1] == b"\xff" and head[follows + 1] & 0xF6 == head[at + 1] & 0xF6:
                return name
    return None


def _adts_length(head: bytes, at: int) -> int:
    if head[at + 1] & 0xF6 != 0xF0:
        return 0
    length = (head[at + 3] & 3) << 11 | head[at + 4] << 3 | head[at + 5] >> 5
    return length if length > 7 and at + length + 2 <= len(head) else 0


def _mpeg_length(head: bytes, at: int) -> int:
    version, layer = head[at + 1] >> 3 & 3, 4 - (head[at + 1] >> 1 & 3)
    index, rate, padding = head[at + 2] >> 4, head[at + 2] >> 2 & 3, head[at + 2] >> 1 & 1
    if version == 1 or layer == 4 or index in (0, 15) or rate == 3:
        return 0
    kbits = _KBITS[1 if version == 3 else 2, 4 - layer][index]
    if layer == 1:
        length = (12_000 * kbits // _RATES[version][rate] + padding) * 4
    else:
        length = (72_000 if layer == 3 and version != 3 else 144_000) * kbits // _RATES[version][rate] + padding
    return length if at + length + 2 <= len(head) else 0


def looks_like_samples(head: bytes) -> bool:
    """Whether these bytes are sound without a header: neighbouring 16-bit or mu-law samples of sound are alike.

    Text is too, in a way, and is told by being text.
    """
    if _is_text(head):
        return False
    words = array("h", head[: len(head) // 2 * 2])
    if _likeness(words.tolist()) > 0.6:
        return True
    # mu-law: the sign, then the inverted magnitude on a scale near to a logarithm (ITU-T G.711)
    return _likeness([(1 if byte & 0x80 else -1) * _loudness(~byte & 0x7F) for byte in head]) > 0.6


def _is_text(head: bytes) -> bool:
    for cut in range(4):  # a character may be cut at the end
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return 0 not in head
    return False


def _loudness(code: int) -> int:
    return ((code & 15) << 3 | 132) * (1 << (code >> 4)) - 132


def _likeness(samples: list[int]) -> float:
    """Correlation of each sample with the next, -1 … 1."""
    if len(samples) < 256:
        return 0.0
    mean = sum(samples) / len(samples)
    centred = [sample - mean for sample in samples]
    power = sum(one * one for one in centred)
    return sum(one * after for one, after in pairwise(centred)) / power if power else 0.0


def looks_locked(head: bytes) -> bool:
    """Whether these bytes are as random as cipher text: nearly 8 bits of surprise in each, which few formats reach."""
    if len(head) < 1024 or head.startswith(_OTHERS):
        return False
    surprise = -sum(count / len(head) * log2(count / len(head)) for count in Counter(head).values())
    # the expected shortfall of n random bytes is about 255 / (2 n ln 2)
    return surprise > 8 - 3 * 255 / (2 * len(head) * 0.6931)
