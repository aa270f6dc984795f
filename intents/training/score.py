"""How well a model reads labelled utterances: the figures of the model card and of `parley intents evaluate`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from intents.dictionary import OUT_OF_SCOPE
from intents.training.corpus import Utterance

_BINS = 15
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """What a model made of some utterances: probabilities (N, C) with the labels of their columns."""

    labels: tuple[str, ...]
    probabilities: Array

    def best(self) -> list[str]:
        """Return the most probable intent of each utterance."""
        return [self.labels[column] for column in self.probabilities.argmax(axis=1)]

    def confidence(self) -> Array:
        """Return the probability (N) of the most probable intent."""
        return np.asarray(self.probabilities.max(axis=1), np.float64)


def correctness(predictions: Predictions, truth: Sequence[Utterance]) -> npt.NDArray[np.bool_]:
    """Return for each utterance whether the main intent was read right."""
    pairs = zip(predictions.best(), truth, strict=True)
    return np.array([guess == utterance.intent for guess, utterance in pairs], bool)


def scores(predictions: Predictions, truth: Sequence[Utterance]) -> dict[str, float]:
    """Return accuracy (all, zh with mixed, en), macro-F1, calibration error and out-of-scope AUROC, each 0 to 1.

    A figure that the utterances say nothing about (no English among them, say) is left out.
    """
    right = correctness(predictions, truth)
    english = np.array([utterance.lang == "en" for utterance in truth], bool)
    figures = {"accuracy": float(right.mean())}
    if (~english).any():
        figures["accuracy_zh"] = float(right[~english].mean())
    if english.any():
        figures["accuracy_en"] = float(right[english].mean())
    figures["macro_f1"] = macro_f1([utterance.intent for utterance in truth], predictions.best())
    figures["calibration_error"] = calibration_error(predictions.confidence(), right)
    outside = np.array([utterance.intent == OUT_OF_SCOPE for utterance in truth], bool)
    if OUT_OF_SCOPE in predictions.labels and outside.any() and not outside.all():
        column = predictions.labels.index(OUT_OF_SCOPE)
        figures["out_of_scope_auroc"] = auroc(predictions.probabilities[:, column], outside)
    return figures


def macro_f1(truth: Sequence[str], guesses: Sequence[str]) -> float:
    """Return the mean F1 over the intents that occur in the truth."""
    found: list[float] = []
    for label in sorted(set(truth)):
        hits = sum(t == label == g for t, g in zip(truth, guesses, strict=True))
        found.append(2 * hits / (truth.count(label) + guesses.count(label)))
    return sum(found) / len(found)


def calibration_error(confidence: Array, right: npt.NDArray[np.bool_]) -> float:
    """Return the expected calibration error over 15 bins of equal width."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for number in range(_BINS):
        inside = bins == number
        if inside.any():
            error += float(inside.mean()) * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return error


def auroc(suspicion: Array, positive: npt.NDArray[np.bool_]) -> float:
    """Return the chance that a positive is suspected more than a negative; ties count half."""
    order = np.sort(suspicion[~positive])
    below = np.searchsorted(order, suspicion[positive], side="left")
    not_above = np.searchsorted(order, suspicion[positive], side="right")
    return float(((below + not_above) / 2).mean() / len(order))


def further_scores(found: Sequence[Sequence[str]], truth: Sequence[Utterance]) -> dict[str, float]:
    """Return precision, recall and F1 of the further intents."""
    pairs = [(set(guess), set(utterance.also)) for guess, utterance in zip(found, truth, strict=True)]
    hits = sum(len(guess & wanted) for guess, wanted in pairs)
    guessed = sum(len(guess) for guess, _ in pairs)
    wanted = sum(len(wanted) for _, wanted in pairs)
    return {
        "also_precision": hits / guessed if guessed else 0.0,
        "also_recall": hits / wanted if wanted else 0.0,
        "also_f1": 2 * hits / (guessed + wanted) if guessed + wanted else 0.0,
    }
