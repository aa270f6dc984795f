"""Measures and cuts texts by what Tencent's platforms count: UTF-8 bytes, and width in Chinese characters. Pure."""

import re
import unicodedata

from bot.channels.cut import pieces, shorten

_NAME_OR_TAG = re.compile(r"<(?=[A-Za-z/@!])")


def cut_bytes(text: str, limit: int) -> tuple[str, ...]:
    """Pieces of at most `limit` bytes; no piece for a blank text."""
    return pieces(text, limit, _bytes)


def clip(text: str, limit: int) -> str:
    """At most `limit` Chinese characters wide (two narrow letters count as one), ending in "…" when cut."""
    return shorten(text, 2 * limit, _half_widths)


def width(text: str) -> float:
    """Width in Chinese characters, the unit in which WeCom's documents give the limits of a card."""
    return sum(map(_half_widths, text)) / 2


def inert(text: str) -> str:
    """Takes the power out of links, tags and mentions in words that come from people and records.

    WeCom's markdown and WeChat's texts know no escape character, so the opening sign is exchanged for its wide twin.
    """
    return _NAME_OR_TAG.sub("\uff1c", text).replace("](", "]\uff08")


def _bytes(letter: str) -> int:
    return len(letter.encode(errors="replace"))


def _half_widths(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter) in "WFA" else 1
