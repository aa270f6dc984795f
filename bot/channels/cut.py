"""Where a text may be cut: at a limit, never inside one visible character; on the road before send."""

import unicodedata
from collections.abc import Callable

Weigh = Callable[[str], int]
"""How much one character counts on the platform (1, its UTF-8 bytes, its escaped length, …)."""

_LONGEST_CHARACTER = 64
"""A family emoji is 7 to 11 code points; a longer run of joined ones is noise and may be cut anywhere."""
_BREAKS = ("\n\n", "\n", "。", "!", "?", ". ", ";", ",", " ")


def one(_: str) -> int:
    """Weighs every character as one."""
    return 1


def clean_edge(text: str, at: int) -> int:
    """The nearest place at or before `at` where cutting splits no accent, flag or joined emoji from its base."""
    if at >= len(text):
        return len(text)
    for edge in range(at, max(0, at - _LONGEST_CHARACTER), -1):
        if not _joins(text, edge):
            return edge
    return at


def fitting(text: str, limit: int, weigh: Weigh = one) -> int:
    """How many leading characters weigh at most `limit`, ending on a clean edge."""
    weight = 0
    for at, character in enumerate(text):
        weight += weigh(character)
        if weight > limit:
            return clean_edge(text, at)
    return len(text)


def shorten(text: str, limit: int, weigh: Weigh = one) -> str:
    """The text, or as much of it as fits before an ellipsis. `limit` must have room for the ellipsis."""
    if fitting(text, limit, weigh) == len(text):
        return text
    return text[: fitting(text, limit - weigh("…"), weigh)].rstrip() + "…"


def pieces(text: str, limit: int, weigh: Weigh = one) -> tuple[str, ...]:
    """Cut a long text into pieces of at most `limit`, after a paragraph, line, sentence or word where one ends late enough.

    Nothing but white space at the cuts is lost; a blank text gives no piece.
    """
    found = []
    rest = text.strip()
    while rest:
        room = fitting(rest, limit, weigh) or 1
        end = room if room == len(rest) else _last_break(rest, room)
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return tuple(found)


def _last_break(text: str, room: int) -> int:
    for mark in _BREAKS:
        end = text.rfind(mark, room // 2, room)
        if end != -1:
            return end + len(mark)
    return room


def _joins(text: str, at: int) -> bool:
    """Whether the characters on both sides of `at` belong together."""
    if at == 0:
        return False
    before, after = text[at - 1], text[at]
    if after == "\u200d" or before == "\u200d" or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # skin tones
        return True
    if _is_flag_half(before) and _is_flag_half(after):
        halves = 0
        while halves < at and _is_flag_half(text[at - 1 - halves]):
            halves += 1
        return halves % 2 == 1
    return before == "\r" and after == "\n"


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
