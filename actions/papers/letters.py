"""The letters of papers: the shipped font, how wide a text is in it, and where a line may be broken."""

import re
from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDER = Path(__file__).parent / "fonts"
FILES = {False: FOLDER / "NotoSansSC-Regular.ttf", True: FOLDER / "NotoSansSC-Bold.ttf"}
"""The font files, by whether they are bold."""

UNITS = 1000
"""Units of the font to one em."""

GETA = "〓"
"""Stands where the font has no glyph, as printers put it where a sort is missing."""

_NEVER_FIRST = frozenset("，。、；：！？）》〉】」』”’…—%％,.;:!?)]}·")
_NEVER_LAST = frozenset("（《〈【「『“‘([{")
# a run that is not broken (a word, a number with its signs), or a single character
_PIECES = re.compile(r"[^\S\n]+|[0-9A-Za-z\u00c0-\u017f@#$&*+/\\_=|~'’.,:%-]+|\S")


# a Chinese font has these as wide as a character, which tears English apart
_STRAIGHT = str.maketrans("“”‘’", "\"\"''")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@cache
def font(*, is_bold: bool, size: float = UNITS) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels; at UNITS a pixel is one unit of the font, so that widths are exact."""
    return ImageFont.truetype(str(FILES[is_bold]), size, layout_engine=ImageFont.Layout.BASIC)


def width(text: str, size: float, *, is_bold: bool = False) -> float:
    """How wide a text stands at this size."""
    return sum(_advance(character, is_bold) for character in text) * size / UNITS


def printable(text: str) -> str:
    """The text with what the font cannot show replaced by GETA, and control characters gone."""
    if not _CHINESE.search(text):
        text = text.translate(_STRAIGHT)
    kept = (character for character in text if character.isprintable() or character == "\n")
    return "".join(character if character == "\n" or _has(character) else GETA for character in kept)


def broken(text: str, room: float, size: float, *, is_bold: bool = False) -> list[str]:
    """The text as lines no wider than `room`; at least one. No line begins with a closing sign or ends with an opening one
    where that can be helped."""
    return [line for part in text.split("\n") for line in _broken(part, room, size, is_bold)]


def _broken(text: str, room: float, size: float, is_bold: bool) -> list[str]:
    lines, line, used = [], "", 0.0
    for piece in _pieces(text, room, size, is_bold):
        wide = width(piece, size, is_bold=is_bold)
        if line and used + width(piece.rstrip(), size, is_bold=is_bold) > room:
            lines.append(line.rstrip())
            line, used = "", 0.0
            if piece.isspace():
                continue
        line += piece
        used += wide
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str, room: float, size: float, is_bold: bool) -> list[str]:
    """What is kept together: a word, or a character with the signs that belong to it."""
    found: list[str] = []
    for piece in _PIECES.findall(text):
        if width(piece, size, is_bold=is_bold) > room:
            found += list(piece)
        elif found and not found[-1].isspace() and (piece[0] in _NEVER_FIRST or found[-1][-1] in _NEVER_LAST):
            found[-1] += piece
        else:
            found.append(piece)
    return [part for piece in found for part in ([piece] if width(piece, size, is_bold=is_bold) <= room else piece)]


@cache
def _advance(character: str, is_bold: bool) -> float:
    return font(is_bold=is_bold).getlength(character)


@cache
def _has(character: str) -> bool:
    """Whether the font shows it as something else than the box that stands for what it lacks."""
    if character.isspace():
        return True
    here = font(is_bold=False, size=64)
    return bytes(here.getmask(character)) != bytes(here.getmask("\U0010fffd"))
