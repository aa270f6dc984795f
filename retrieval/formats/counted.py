"""The numbers that Word gives to the items of its lists: they go on across what stands between the items."""

from dataclasses import dataclass, field
from typing import Any

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NOT_COUNTED = frozenset({"bullet", "none"})
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_SMALL_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_INDENT = " " * 4
"""What puts an item under the step above it: a step of its own has none."""


@dataclass(frozen=True, slots=True)
class _Level:
    shape: str = "decimal"
    start: int = 1
    label: str = ""


@dataclass(slots=True)
class _List:
    """One list: its levels, what each has come to, and the highest level that was used."""

    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict)
    top: int | None = None


class Numbers:
    """Counts the items of all lists of one document. `numbering` is the element that defines the lists, if there is one."""

    def __init__(self, numbering: Any | None) -> None:
        self._lists: dict[str, _List] = {}
        self._list_of: dict[str, str] = {}
        self._begins: dict[str, dict[int, int]] = {}
        for one in _children(numbering, "abstractNum"):
            levels = {_number(level.get(f"{_WORD}ilvl"), 0): _level(level) for level in _children(one, "lvl")}
            self._lists[one.get(f"{_WORD}abstractNumId", "")] = _List(levels)
        for one in _children(numbering, "num"):
            name = one.get(f"{_WORD}numId", "")
            self._list_of[name] = _value(one, "abstractNumId")
            self._begins[name] = {
                _number(change.get(f"{_WORD}ilvl"), 0): _number(begin, 1)
                for change in _children(one, "lvlOverride")
                if (begin := _value(change, "startOverride"))
            }

    def is_counted(self, name: str, level: int) -> bool:
        """Whether the items of this list have numbers, and not dots."""
        found = self._lists.get(self._list_of.get(name, ""))
        one = found.levels.get(level) if found else None
        return one is not None and one.shape not in _NOT_COUNTED

    def next(self, name: str, level: int) -> str:
        """The mark of the next item of a list that is counted: `3.`, or what Word shows, indented, for one below a step."""
        found = self._lists[self._list_of[name]]
        # a list that begins anew says so once; whoever shares its definition goes on from there
        for changed, begin in self._begins.pop(name, {}).items():
            found.counts[changed] = begin - 1
        one = found.levels[level]
        found.counts[level] = found.counts.get(level, one.start - 1) + 1
        for deeper in [known for known in found.counts if known > level]:
            del found.counts[deeper]
        found.top = level if found.top is None else min(found.top, level)
        if level == found.top:
            return f"{found.counts[level]}."
        return _INDENT * (level - found.top) + self._label(found, level)

    def _label(self, found: _List, level: int) -> str:
        label = found.levels[level].label or f"%{level + 1}."
        for upper in range(level + 1):
            shape = found.levels.get(upper, _Level())
            label = label.replace(f"%{upper + 1}", _written(found.counts.get(upper, shape.start), shape.shape))
        return label


def _level(level: Any) -> _Level:
    return _Level(_value(level, "numFmt") or "decimal", _number(_value(level, "start"), 1), _value(level, "lvlText"))


def _children(element: Any | None, name: str) -> list[Any]:
    return [] if element is None else element.findall(f"{_WORD}{name}")


def _value(element: Any, name: str) -> str:
    found = element.find(f"{_WORD}{name}")
    return "" if found is None else str(found.get(f"{_WORD}val", ""))


def _number(said: str | None, otherwise: int) -> int:
    return int(said) if said and said.isascii() and said.isdecimal() and len(said) < 6 else otherwise


def _written(number: int, shape: str) -> str:
    """A number as Word writes it in this shape; in figures where it is one that is not known here."""
    match shape:
        case "lowerLetter" | "upperLetter":
            letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
            return letter.upper() if shape == "upperLetter" else letter
        case "lowerRoman" | "upperRoman":
            roman, rest = "", min(number, 3999)
            for worth, sign in (*_ROMAN, *_SMALL_ROMAN):
                roman, rest = roman + sign * (rest // worth), rest % worth
            return roman.upper() if shape == "upperRoman" else roman
    return str(number)
