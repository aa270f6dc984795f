"""Which version of each document answers on a day."""

import re
from collections.abc import Iterable
from datetime import date

from retrieval.passage import Passage

_PARTS = re.compile(r"\d+|\D+")

Rank = tuple[date, list[tuple[bool, int, str]]]
"""What orders the versions of a document."""


def in_force(passages: Iterable[Passage], on: date) -> list[Passage]:
    """The passages of the versions in force on a day; no other answers.

    Of several versions of one document in one language, the one that took effect last is in force; one without an end
    ends when the next begins.
    """
    read = list(passages)
    begun: dict[tuple[str, str], Rank] = {}
    newest: dict[tuple[str, str], Rank] = {}
    for one in read:
        if one.date <= on:
            _raise(begun, one)
    for one in read:
        is_last = begun.get((one.document, one.lang)) == rank_of(one.date, one.version)
        if one.date <= on and (is_last if one.valid_to is None else on <= one.valid_to):
            _raise(newest, one)
    return [one for one in read if newest.get((one.document, one.lang)) == rank_of(one.date, one.version)]


def _raise(highest: dict[tuple[str, str], Rank], one: Passage) -> None:
    rank = rank_of(one.date, one.version)
    key = (one.document, one.lang)
    highest[key] = max(highest.get(key, rank), rank)


def rank_of(begins: date, version: str) -> Rank:
    """What orders the versions of a document: of one day's two the later by name counts, 1.10 after 1.9."""
    parts = _PARTS.findall(version)
    return begins, [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
