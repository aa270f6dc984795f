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


@dataclass(frozen=True)
class Meanings:
    """Unit vectors (S, H) of the stretches of all passages in order, the row (P) where each passage's begin, and for each
    passage those of its lines (L, H), if it has any; of lines half the precision is kept, as there are so many."""

    vectors: Floats
    starts: npt.NDArray[np.intp]
    lines: Sequence[npt.NDArray[np.float16]]

    @classmethod
    def of(cls, found: Sequence[Floats], lines: Sequence[int]) -> "Meanings":
        """Return the meanings of P passages, each given by the vectors (s, H) of its stretches, at least one, and of as
        many lines as `lines` says behind them."""
        whole = [vectors[: len(vectors) - count] for vectors, count in zip(found, lines, strict=True)]
        counts = [len(one) for one in whole]
        fine = [vectors[len(vectors) - count :].astype(np.float16) for vectors, count in zip(found, lines, strict=True)]
        return cls(np.concatenate(whole), np.cumsum([0, *counts[:-1]]), fine)

    def nearness(self, question: Floats) -> Floats:
        """Return for each passage (P) the cosine of its nearest stretch or line to a question (H)."""
        near = np.asarray(np.maximum.reduceat(self.vectors @ question, self.starts), np.float32)
        closest = range(len(near)) if len(near) <= _CLOSELY else np.argpartition(-near, _CLOSELY)[:_CLOSELY]
        for number in closest:
            if len(self.lines[number]):
                near[number] = max(near[number], float((self.lines[number].astype(np.float32) @ question).max()))
        return near
