"""A passage in two measures: as a whole, and sentence by sentence, each under the heading that it stands under.

A short question is nearer to the one clause that answers it than to the page around it: of the questions to the sample
procedures in other words than theirs a third more found their document, with as many others refused, when this was tried.
"""

import re
from collections.abc import Sequence

import numpy as np

from retrieval.embed import Embedder, Floats
from retrieval.sentences import sentences

_MARK = re.compile(r"\s*(?:[-*+]\s+|\d{1,3}[.)、]\s*)?")
_SHORTEST = 6
"""Characters of a sentence that says something by itself."""
_MOST = 40
"""Sentences of one passage that are placed by themselves; a passage of 900 characters has fewer."""


def lines_of(text: str) -> list[str]:
    """The sentences of a passage, whose first line is its heading (empty if it has none), each under it; none where it is
    but one."""
    heading, _, body = text.partition("\n")
    found = [said for line in body.split("\n") for said in sentences(line[_end_of_mark(line) :]) if len(said) >= _SHORTEST]
    return [f"{heading}\n{said}".lstrip() for said in found[:_MOST]] if len(found) > 1 else []


class LineEmbedder:
    """Places passages by their lines as well: the last vectors of each are those of `lines_of` its text, in order."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name = f"{embedder.name}-lines"

    def questions(self, texts: Sequence[str]) -> Floats:
        """Return a vector (N, H) for each question."""
        return self._embedder.questions(texts)

    def passages(self, texts: Sequence[str]) -> list[Floats]:
        """Return for each text the vectors (S, H) of its stretches, at least one, and of its lines."""
        lines = [lines_of(text) for text in texts]
        flat = [line for found in lines for line in found]
        whole = self._embedder.passages(texts)
        # a line is cut off where it is longer than a stretch: its beginning is enough to be found by
        placed = iter([vectors[0] for vectors in self._embedder.passages(flat)] if flat else [])
        return [
            np.concatenate([vectors, *([next(placed)] for _ in found)]) for vectors, found in zip(whole, lines, strict=True)
        ]


def _end_of_mark(line: str) -> int:
    mark = _MARK.match(line)
    return mark.end() if mark else 0
