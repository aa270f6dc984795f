"""What a reader found in a file: its words as Markdown, and the pictures that stand among them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from retrieval.formats.drawn import drawn

LARGEST_PICTURE = 2 * 1024 * 1024
"""Bytes of a picture that this house keeps and shows; a platform's own limit stands with its channel."""
_SMALLEST, _THINNEST = 32, 8
"""Pixels: what is smaller on both sides is an icon, what is thinner on one a rule."""
_MOST_PIXELS = 50_000_000  # a few kilobytes can claim to be a wall of them
_UNITS_A_PIXEL = 9_525  # Office measures in English Metric Units
_LONGEST_ALT = 200
_NAME = 16  # characters of the SHA-256 that a picture's file is called by
_A_SIGN = 3
"""Sections that a picture stands in, when they are half of them all, from which it is a logo and shows nothing."""
_FILE_NAME = re.compile(r".*\.(?:png|jpe?g|jfif|gif|webp|bmp|tiff?|emf|wmf|svg)", re.IGNORECASE)
_BY_A_PROGRAM = re.compile(
    r"\s*(?:Description automatically generated.*|AI-generated content may be incorrect\.?|描述已自动生成.*)$"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A file's words; `pictures` are the files that marks such as `![alt](name)` among them point at, by name."""

    text: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Shown:
    """A picture at its place among the lines. What it shows may be said only later, as by a caption below it."""

    name: str
    content: bytes
    section: int
    alt: str = ""


def shown(content: bytes, alts: Iterable[str], section: int, size: tuple[int, int] | None = None) -> Shown | None:
    """A picture that is worth showing; None for what is none, a decoration, too large, or of a kind that no channel shows.

    `alts` are what the document says that it shows, of which the first that says something counts; `size` is how large it
    stands there, in Office's units, where that is known.
    """
    found = drawn(content) if len(content) <= LARGEST_PICTURE else None
    if found is None or found.width * found.height > _MOST_PIXELS or _is_decoration(found.width, found.height):
        return None
    if size is not None and _is_decoration(size[0] / _UNITS_A_PIXEL, size[1] / _UNITS_A_PIXEL):
        return None
    name = f"{sha256(content).hexdigest()[:_NAME]}{found.suffix}"
    return Shown(name, content, section, next(filter(None, map(plain_alt, alts)), ""))


def plain_alt(said: str) -> str:
    """What a picture is said to show; nothing where a program put its file's name there."""
    alt = _BY_A_PROGRAM.sub("", " ".join(said.split()))
    return "" if _FILE_NAME.fullmatch(alt) else alt[:_LONGEST_ALT].strip()


def finished(lines: Sequence[str | Shown], sections: int) -> Held:
    """The lines with their pictures as marks, but for those that come back in section after section."""
    stand: dict[str, set[int]] = defaultdict(set)
    for one in lines:
        if isinstance(one, Shown):
            stand[one.name].add(one.section)
    signs = {name for name, where in stand.items() if len(where) >= _A_SIGN and len(where) * 2 >= sections}
    kept = [one for one in lines if isinstance(one, str) or one.name not in signs]
    text = "\n".join(one if isinstance(one, str) else _mark(one) for one in kept)
    return Held(text, {one.name: one.content for one in kept if isinstance(one, Shown)})


def _mark(one: Shown) -> str:
    # brackets would end the mark too early
    alt = one.alt.translate({ord("["): "(", ord("]"): ")"})
    return f"   ![{alt}]({one.name})"


def _is_decoration(width: float, height: float) -> bool:
    return max(width, height) < _SMALLEST or min(width, height) < _THINNEST
