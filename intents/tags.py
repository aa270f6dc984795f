"""How the encoder marks names: a tag for each token, read back as pieces of the text."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

ROLE_TOKENS = {"rep": "[REP]", "customer": "[CUSTOMER]", "manager": "[MANAGER]"}
"""Stands before a text whose speaker's role is known."""
KINDS = ("company", "person", "product", "stage", "address")
TAGS = ("", *(f"{place}-{kind}" for kind in KINDS for place in "BI"))
"""Outside of any name, or at its beginning, or inside it (Ramshaw and Marcus 1995)."""

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


def spans_of(
    logits: npt.NDArray[np.float32], offsets: Sequence[tuple[int, int]], least: float = 0.5
) -> Iterator[tuple[Span, float]]:
    """Yield the names that the logits (T, K) mark, each with the mean probability of its tokens, `least` or more."""
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    chances = grown / grown.sum(axis=-1, keepdims=True)
    kind, start, end = "", 0, 0
    sure: list[float] = []

    def whole() -> Iterator[tuple[Span, float]]:
        if kind and np.mean(sure) >= least:
            yield (kind, start, end), float(np.mean(sure))

    for row, (begin, stop) in enumerate(offsets):
        if begin == stop:
            continue
        best = int(chances[row].argmax())
        place, _, named = TAGS[best].partition("-")
        goes_on = named == kind and place == "I"
        if kind and not goes_on:
            yield from whole()
            kind = ""
        if not named:
            continue
        if not kind:
            kind, start, sure = named, begin, []
        end = stop
        sure.append(float(chances[row, best]))
    yield from whole()
