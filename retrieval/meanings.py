"""The vectors of a shelf's passages, compared one by one: exact, and quicker than an index as long as they fit in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.embed import Floats


@dataclass(frozen=True)
class Meanings:
    """Unit vectors (S, H) of the stretches of all passages in order, and the row (P) where each passage's begin."""

    vectors: Floats
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, found: Sequence[Floats]) -> "Meanings":
        """Return the meanings of P passages, each given by the vectors (s, H) of its stretches, at least one."""
        counts = [len(one) for one in found]
        return cls(np.concatenate(found), np.cumsum([0, *counts[:-1]]))

    def nearness(self, question: Floats) -> Floats:
        """Return for each passage (P) the cosine of its nearest stretch to a question (H)."""
        return np.asarray(np.maximum.reduceat(self.vectors @ question, self.starts), np.float32)
