"""The sentences of a passage that answer a query, word for word, for a phone's screen."""

import re
from collections.abc import Iterator

from retrieval.passage import Passage
from retrieval.sentences import sentences
from retrieval.words import terms

_BULLET = re.compile(r"\s*[-*+]\s+")
_STEP = re.compile(r"\s*\d{1,3}[.)、]")
_CLAUSE_END = re.compile(r"[,;:，；：、]|\s")
_CUT = "…"


def best_sentences(passage: Passage, query: str, limit_chars: int) -> str:
    """The sentences and steps that hold most of the query's words, in the passage's order, one a line.

    Each line stands in the passage exactly so; only when not one fits into `limit_chars` is the best one cut, after
    a word or clause, with an ellipsis. A passage that fits as a whole is given as a whole. Raises ValueError when
    `limit_chars` is not positive.
    """
    if limit_chars < 1:
        raise ValueError("limit_chars must be positive")
    units = list(_units(passage.text))
    if not units:
        return ""
    ranked = _ranked(units, frozenset(terms(query)))
    chosen: set[int] = set()
    left = limit_chars
    for number in ranked:
        cost = len(units[number]) + (1 if chosen else 0)
        if cost <= left:
            chosen.add(number)
            left -= cost
    if not chosen:
        return _cut(units[ranked[0]], limit_chars)
    return "\n".join(units[number] for number in sorted(chosen))


def _units(text: str) -> Iterator[str]:
    """What can be quoted by itself: a step with its number, a table's row, or a sentence; never a bullet's mark."""
    for line in text.split("\n"):
        if _STEP.match(line):
            yield line.strip()
        else:
            yield from sentences(line[bullet.end() :] if (bullet := _BULLET.match(line)) else line)


def _ranked(units: list[str], wanted: frozenset[str]) -> list[int]:
    """Numbers of the units, those with most wanted words first, earlier ones first among equals.

    When nothing is wanted in particular, the passage's own order is the best there is.
    """
    held = [len(wanted.intersection(terms(unit))) for unit in units]
    return sorted(range(len(units)), key=lambda number: (-held[number], number))


def _cut(sentence: str, limit: int) -> str:
    room = limit - len(_CUT)
    ends = [end.start() for end in _CLAUSE_END.finditer(sentence, 0, room + 1)]
    return sentence[: max(ends, default=room)].rstrip() + _CUT
