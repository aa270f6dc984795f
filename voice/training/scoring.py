"""How well emotions are told apart: recall of each class counted alike, and how much is answered at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice.emotions import EMOTIONS
from voice.features import Floats


@dataclass(frozen=True)
class Score:
    """Unweighted average recalls, 0 … 1: `anger` of angry against all the rest, `four` of the four classes; `auc` of anger;
    `coverage` is the share of clips that are answered, `anger_answered` and `four_answered` the recalls among these;
    `calibration` the mean distance of probability and truth over ten bins (ECE), on the four classes."""

    anger: float
    auc: float
    four: float
    coverage: float
    anger_answered: float
    four_answered: float
    calibration: float

    def __str__(self) -> str:
        return (
            f"anger {self.anger:.3f} (AUC {self.auc:.3f}), four {self.four:.3f}; answered {self.coverage:.2f}: "
            f"anger {self.anger_answered:.3f}, four {self.four_answered:.3f}; calibration {self.calibration:.3f}"
        )


def score(emotion: NDArray[np.str_], probabilities: Floats, sure_from: float, angry_from: float) -> Score:
    """Score probabilities (n, 4) against names of emotions; those beyond the four count as "not angry" and nowhere else."""
    angry = emotion == "angry"
    told = probabilities[:, 0] >= angry_from
    among = np.isin(emotion, EMOTIONS)
    truth = np.array([EMOTIONS.index(name) for name in emotion[among]])
    four = probabilities[among]
    sure = probabilities.max(axis=1) >= sure_from
    right = four.argmax(axis=1) == truth
    return Score(
        recall(angry, told),
        area(angry, probabilities[:, 0]),
        recall(truth, four.argmax(axis=1)),
        float(sure.mean()),
        recall(angry[sure], told[sure]),
        recall(truth[sure[among]], four[sure[among]].argmax(axis=1)),
        _calibration(four.max(axis=1), right),
    )


def recall(truth: NDArray[np.generic], told: NDArray[np.generic]) -> float:
    """Return the unweighted average recall: each class of the truth counts the same."""
    return float(np.mean([(told[truth == one] == one).mean() for one in np.unique(truth)])) if len(truth) else 0.0


def area(truth: NDArray[np.bool_], strength: Floats) -> float:
    """Return the area under the ROC curve, by ranks (ties share theirs)."""
    _, places, counts = np.unique(strength, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    hits = int(truth.sum())
    return float((ranks[truth].sum() - hits * (hits + 1) / 2) / max(hits * (len(truth) - hits), 1))


def _calibration(highest: Floats, right: NDArray[np.bool_]) -> float:
    bins = np.minimum((highest * 10).astype(int), 9)
    parts = [(bins == one) for one in range(10)]
    return float(sum(abs(highest[part].mean() - right[part].mean()) * part.mean() for part in parts if part.any()))
