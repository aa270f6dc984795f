"""Cuts texts to what Tencent's platforms take: by UTF-8 bytes or by width, never inside a character. Pure."""

import re
import unicodedata

_BREAKS = ("\n", "。", "\uff01", "\uff1f", "\uff1b", "! ", "? ", ". ", "; ", "\uff0c", ", ", " ")
_JOINER = "\u200d"
_NAME_OR_TAG = re.compile(r"<(?=[A-Za-z/@!])")


def cut_bytes(text: str, limit: int) -> tuple[str, ...]:
    """Pieces of at most `limit` bytes, at a line, a sentence or a word where one ends in the second half of a piece.

    Nothing is lost but the white space at the cuts. A limit under 64 bytes raises ValueError: an emoji of several code
    points must fit into one piece.
    """
    if limit < 64:
        raise ValueError("a piece must have room for 64 bytes")
    pieces: list[str] = []
    rest = text.strip()
    while len(rest.encode()) > limit:
        end = _good_end(rest, len(rest.encode()[:limit].decode(errors="ignore")))
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    pieces.append(rest)
    return tuple(piece for piece in pieces if piece)


def clip(text: str, limit: int) -> str:
    """At most `limit` Chinese characters wide (two narrow letters count as one), ending in "…" when cut."""
    if width(text) <= limit:
        return text
    room = limit - 0.5
    end = 0
    for end, letter in enumerate(text):  # noqa: B007 – the index is the result
        room -= _width_of(letter)
        if room < 0:
            break
    return text[: _whole_characters(text, end)].rstrip() + "…"


def width(text: str) -> float:
    """Width in Chinese characters, the unit in which WeCom's documents give the limits of a card."""
    return sum(_width_of(letter) for letter in text)


def inert(text: str) -> str:
    """Takes the power out of links, tags and mentions in words that come from people and records.

    WeCom's markdown and WeChat's texts know no escape character, so the opening sign is exchanged for its wide twin.
    """
    return _NAME_OR_TAG.sub("\uff1c", text).replace("](", "]\uff08")


def _good_end(text: str, most: int) -> int:
    window = text[:most]
    for mark in _BREAKS:
        at = window.rfind(mark)
        if at >= most // 2:
            return at + len(mark)
    return _whole_characters(text, most)


def _whole_characters(text: str, end: int) -> int:
    """The nearest cut at or before `end` that splits no emoji, accent or flag; `end` itself where there is none."""
    at = end
    while 0 < at < len(text) and _belongs_together(text, at):
        at -= 1
    return at or end


def _belongs_together(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after) or unicodedata.combining(after) or after in "\ufe0e\ufe0f\u20e3":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # skin tones
        return True
    return _is_flag_half(after) and _flag_halves_before(text, at) % 2 == 1


def _flag_halves_before(text: str, at: int) -> int:
    count = 0
    while count < at and _is_flag_half(text[at - 1 - count]):
        count += 1
    return count


def _is_flag_half(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def _width_of(letter: str) -> float:
    return 1.0 if unicodedata.east_asian_width(letter) in "WFA" else 0.5
