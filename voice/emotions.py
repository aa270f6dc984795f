"""The four emotions that are told apart, how excited each is, and what a model says of one stretch of speech."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from voice.features import Floats

EMOTIONS = ("angry", "happy", "neutral", "sad")
"""The order in which probabilities stand everywhere in this room."""
AROUSAL: Mapping[str, float] = {"angry": 0.9, "happy": 0.8, "neutral": 0.35, "sad": 0.15}
"""How excited each is, 0 asleep … 1 beside oneself: a convention in the order of Russell's circumplex (1980)."""


@dataclass(frozen=True)
class Scores:
    """Probabilities of one stretch of speech; they sum to 1."""

    angry: float
    happy: float
    neutral: float
    sad: float

    @property
    def likeliest(self) -> str:
        """The emotion with the highest probability."""
        return max(EMOTIONS, key=lambda name: float(getattr(self, name)))

    @property
    def highest(self) -> float:
        """The probability of the likeliest."""
        return max(self.angry, self.happy, self.neutral, self.sad)

    @property
    def arousal(self) -> float:
        """How excited the voice sounds, 0 … 1: the mean of AROUSAL under these probabilities."""
        return sum(AROUSAL[name] * float(getattr(self, name)) for name in EMOTIONS)

    def by_name(self) -> dict[str, float]:
        """Return them as the outside writes them."""
        return {name: float(getattr(self, name)) for name in EMOTIONS}


def arousal_of(probabilities: Floats) -> Floats:
    """Return the arousal of many rows at once, (n, 4) to (n)."""
    return np.asarray(probabilities @ np.array([AROUSAL[name] for name in EMOTIONS], np.float32), np.float32)


FEWEST_SEGMENTS, FEWEST_SECONDS = 4, 6.0
"""What a caller must have said in a call before it is known how this caller sounds when calm."""


def calm_of(features: Floats, arousal: Floats, seconds: Floats) -> Floats | None:
    """Return how a caller sounds when calm: the median of the calmer half of the segments; None where there are too few.

    `features` (n, F), or (n, k, F) of segments that were heard k times, and `arousal` (n) as judged without a baseline;
    `seconds` (n). The calmer half and not all of them, as
    someone who is angry throughout would else be measured against that anger.
    """
    if len(features) < FEWEST_SEGMENTS or float(np.sum(seconds)) < FEWEST_SECONDS:
        return None
    calmer = np.argsort(arousal, kind="stable")[: -(-len(features) // 2)]
    return np.asarray(np.median(features[calmer], axis=0), np.float32)
