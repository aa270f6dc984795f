"""How the encoder marks slots: a tag for each token, read back as pieces of the text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt

ROLE_TOKENS = {"rep": "[REP]", "customer": "[CUSTOMER]", "manager": "[MANAGER]"}
"""Stands before a text whose speaker's role is known."""
NAMED = ("company", "person", "product", "stage", "address")
MEASURED = ("amount", "percent", "date", "duration", "quantity")
KINDS = (*NAMED, *MEASURED)
"""What it marks; a phone, an e-mail address and a tax id are known by their form alone."""
TAGS = ("", *(f"{place}-{kind}" for kind in KINDS for place in "BI"))
"""Outside of any slot, or at its beginning, or inside it (Ramshaw and Marcus 1995)."""

Floats = npt.NDArray[np.float32]
Span = tuple[str, int, int]
"""Kind, and where it begins and ends in the text, in code points."""


def tags_of(spans: Sequence[Span], offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Return the number of each token's tag; `offsets` are (0, 0) for tokens that stand for no text."""
    tags = []
    for start, end in offsets:
        inside = next((span for span in spans if start < end and span[1] < end and start < span[2]), None)
        if inside is None:
            tags.append(0)
        else:
            is_first = start <= inside[1]
            tags.append(TAGS.index(f"{'B' if is_first else 'I'}-{inside[0]}"))
    return tags


def steps_of(lines: Iterable[Sequence[int]]) -> Floats:
    """Return how likely (K, K, logarithms) each tag follows another, counted in the tags of some lines."""
    counts = np.full((len(TAGS), len(TAGS)), 0.5)
    for line in lines:
        for before, after in pairwise((0, *line)):
            counts[before, after] += 1
    return np.asarray(np.log(counts / counts.sum(axis=1, keepdims=True)), np.float32)


def spans_of(
    logits: Floats, text: str, offsets: Sequence[tuple[int, int]], steps: Floats | None = None
) -> Iterator[tuple[Span, float]]:
    """Yield the slots that the logits (T, K) mark, each with the mean probability of its tags.

    Of all ways to tag the text the likeliest is taken (Viterbi 1967), by the tokens and, with less weight, by the `steps`
    from tag to tag; a tag may stand inside a slot only behind one of the same kind. A Latin word has one tag.
    """
    words = list(_words(text, offsets))
    if not words:
        return
    kinds = logits.shape[1]
    chances = _log_softmax(logits)
    if not (chances[:, 0] < _NEARLY_SURE).any():
        return
    said = np.array([_one_tag(chances[rows]) for rows, _, _ in words])
    step = _ILLEGAL[:kinds, :kinds] + (0 if steps is None else _STEPS_COUNT * steps[:kinds, :kinds])
    best, came_from = said[0] + step[0], []
    for row in said[1:]:
        ways = best[:, None] + step
        came_from.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + row
    path = [int(best.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    path.reverse()
    for tag, group in groupby(range(len(path)), key=_numbered(path)):
        if tag:
            places = list(group)
            kind = TAGS[path[places[0]]].partition("-")[2]
            sure = float(np.exp(np.mean([said[at, path[at]] for at in places])))
            yield (kind, words[places[0]][1], words[places[-1]][2]), sure


def _numbered(path: Sequence[int]) -> Callable[[int], int]:
    """Return what tells for each place of a path which slot it belongs to, 0 for none."""
    numbers, count = [], 0
    for tag in path:
        count += TAGS[tag].startswith("B")
        numbers.append(count if tag else 0)
    return numbers.__getitem__


def _words(text: str, offsets: Sequence[tuple[int, int]]) -> Iterator[tuple[list[int], int, int]]:
    """Yield the tokens of each word, with where it begins and ends; a Chinese character is one, letters and digits part."""
    rows: list[int] = []
    start = end = 0
    for row, (begin, stop) in enumerate(offsets):
        if begin == stop:
            continue
        if rows and not (begin == end and _is_joined(text[begin - 1], text[begin])):
            yield rows, start, end
            rows = []
        if not rows:
            start = begin
        rows.append(row)
        end = stop
    if rows:
        yield rows, start, end


def _is_joined(before: str, after: str) -> bool:
    are_latin = before < _FIRST_OF_THE_EAST > after
    return are_latin and before.isalnum() and after.isalnum() and before.isdigit() == after.isdigit()


def _one_tag(said: Floats) -> Floats:
    """Return the mean of what the tokens (T, K) of one word say, those behind the first counting as inside it."""
    if len(said) == 1:
        return np.asarray(said[0], np.float32)
    kinds = np.logaddexp(said[1:, 1::2], said[1:, 2::2])
    said = said.copy()
    said[1:, 1::2] = said[1:, 2::2] = kinds
    return np.asarray(said.mean(axis=0), np.float32)


def _log_softmax(logits: Floats) -> Floats:
    grown = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(grown - np.log(np.exp(grown).sum(axis=-1, keepdims=True)), np.float32)


_FIRST_OF_THE_EAST = "\u2e80"
_NEARLY_SURE = np.log(0.95)
"""Where every token is outside of any slot with at least this probability, no path is looked for."""
_STEPS_COUNT = 0.2
"""Weight of the steps; of 0 to 0.4 the best on the validation voices."""
_ILLEGAL = np.array(
    [[-1e9 if tag.startswith("I") and before[2:] != tag[2:] else 0.0 for tag in TAGS] for before in TAGS], np.float32
)
