"""The sentences of a call, each with its seconds and its side: what a reader of single sentences can be asked about."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from voice.languages import READ
from voice.transcript import Transcript, Turn

Side = Literal["customer", "ours", "unknown"]
"""Whose words they are; unknown where nobody could tell which speaker is the customer."""

_ENDS = re.compile(r"(?<=[。！？!?；;…])\s*|(?<=[a-z0-9\)\"'][.!?])\s+(?=[A-Z\"'])|\n+")
_BARE_LENGTH = 60
"""Characters after which a turn that came without full stops is cut at its commas: a reader of sentences is lost in more."""
_COMMAS = re.compile(r"(?<=[，、])|(?<=,)(?!\d)")
"""Behind a comma; what stands between the digits of a number is none."""


@dataclass(frozen=True)
class Sentence:
    """One sentence in the words of the transcript, from `start` to `end` seconds; `certainty` (0 … 1) is of the words."""

    text: str
    lang: str
    speaker: str
    side: Side
    start: float
    end: float
    certainty: float


def sentences_of(transcript: Transcript) -> tuple[Sentence, ...]:
    """Return the sentences in the order in which they begin: those in a language that the house reads, and understood.

    Their times are those of their first and last word where the model gave words, else in proportion to their length.
    """
    spoken = [
        Sentence(text, turn.lang, turn.speaker, side_of(turn.speaker, transcript), start, end, turn.certainty)
        for turn in transcript.turns
        if turn.lang in READ
        for text, start, end in _timed(turn)
    ]
    return tuple(sorted(spoken, key=lambda one: (one.start, one.end)))


def side_of(speaker: str, transcript: Transcript) -> Side:
    """Whose voice this is: of two speakers whoever is not the customer is ours, of more only the customer is known."""
    if transcript.customer is None:
        return "unknown"
    if speaker == transcript.customer:
        return "customer"
    return "ours" if len(transcript.speakers) == 2 else "unknown"


def quote_at(sentences: tuple[Sentence, ...], start: float, end: float) -> str:
    """Return the words that were said between two seconds, whole sentences; empty where nobody spoke."""
    return " ".join(one.text for one in sentences if one.start < end and one.end > start)


def _timed(turn: Turn) -> list[tuple[str, float, float]]:
    cut = [part for whole in _ENDS.split(turn.text) for part in _shorter(whole) if part.strip()]
    bounds = _bounds(turn, cut)
    return [(part.strip(), start, end) for part, (start, end) in zip(cut, pairwise(bounds), strict=True)]


def _shorter(text: str) -> list[str]:
    if len(text) <= _BARE_LENGTH:
        return [text]
    parts = [""]
    for piece in _COMMAS.split(text):
        if parts[-1] and len(parts[-1]) + len(piece) > _BARE_LENGTH:
            parts.append("")
        parts[-1] += piece
    return parts


def _bounds(turn: Turn, parts: list[str]) -> list[float]:
    """Where each part begins, and the end of the last."""
    lengths = [len(_letters(part)) for part in parts]
    whole = sum(lengths) or 1
    before = [sum(lengths[:n]) for n in range(len(parts) + 1)]
    worded = [(len(_letters(word.text)), word) for word in turn.words]
    if sum(length for length, _ in worded) != whole:
        return [turn.start + (turn.end - turn.start) * count / whole for count in before]
    bounds, passed = [turn.start], 0
    wanted = iter(before[1:-1])
    mark = next(wanted, None)
    for length, word in worded:
        while mark is not None and passed >= mark:
            bounds.append(min(max(word.start, bounds[-1]), turn.end))
            mark = next(wanted, None)
        passed += length
    bounds += [turn.end] * (len(parts) - len(bounds) + 1)
    return bounds


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
