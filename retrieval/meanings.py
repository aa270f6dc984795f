"""The vectors of a shelf's passages, compared one by one: exact, and quicker than an index as long as they fit in memory.

All passages are compared as wholes, and those that come nearest by their lines as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.embed import Floats

_CLOSELY = 256
"""Passages whose lines are looked at: nobody is shown what stands further behind."""
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Placed:
    """The unit vectors of one passage: of its stretches (S, H), at least one, and of its lines (L, H), if it has any.

    Of lines half the precision is kept, as there are so many; readers of every audience share them.
    """

    whole: Floats
    lines: Halves

    @classmethod
    def of(cls, vectors: Floats, lines: int) -> "Placed":
        """Return what an embedder made of a passage, of which the last `lines` vectors are those of its lines."""
        at = len(vectors) - lines
        return cls(vectors[:at].copy(), vectors[at:].astype(np.float16))


@dataclass(frozen=True)
class Meanings:
    """The stretches (S, H) of all passages in order, the row (P) where each passage's begin, and each passage's lines."""

    vectors: Floats
    starts: npt.NDArray[np.intp]
    lines: Sequence[Halves]

    @classmethod
    def of(cls, placed: Sequence[Placed]) -> "Meanings":
        """Return the meanings of P passages."""
        counts = [len(one.whole) for one in placed]
        starts = np.cumsum([0, *counts[:-1]])
        return cls(np.concatenate([one.whole for one in placed]), starts, [one.lines for one in placed])

    def nearness(self, question: Floats) -> Floats:
        """Return for each passage (P) the cosine of its nearest stretch or line to a question (H)."""
        near = np.asarray(np.maximum.reduceat(self.vectors @ question, self.starts), np.float32)
        closest = range(len(near)) if len(near) <= _CLOSELY else np.argpartition(-near, _CLOSELY)[:_CLOSELY]
        for number in closest:
            if len(self.lines[number]):
                near[number] = max(near[number], float((self.lines[number].astype(np.float32) @ question).max()))
        return near
