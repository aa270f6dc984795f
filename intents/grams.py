"""The n-gram half of the model: weights and vocabulary in one compact file."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from intents.features import features

WEIGHTS_FILE = "weights.npz"
_REMEMBERED = 64
_SMALLEST = 1e-12
"""Keeps a text without any known feature from being divided by nothing."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """One linear map from features to intents: `steps` (V, C) int8; `scale` (C): what one step is worth; `bias` (C)."""

    steps: npt.NDArray[np.int8]
    scale: Floats
    bias: Floats


@dataclass(frozen=True)
class Weights:
    """What training found. V features, C intents.

    `rarity` (V): inverse document frequency; `main`: which intent the text has; `beside`: which ones it has at all,
    further ones included; `temperature`: what the margins of `main` are multiplied with before the softmax.
    """

    vocabulary: Mapping[str, int]
    labels: tuple[str, ...]
    rarity: Floats
    main: Head
    beside: Head
    temperature: float

    def margins(self, text: str, role: str | None = None) -> Floats:
        """Return how far (C) the text lies on each intent's side; no weight learned from it gives the bias."""
        return self._margins(self.main, text, role)

    def margins_beside(self, text: str, role: str | None = None) -> Floats:
        """Return how far (C) the text lies on the side of having each intent, as the main one or further."""
        return self._margins(self.beside, text, role)

    def _margins(self, head: Head, text: str, role: str | None) -> Floats:
        rows, values = self._seen(text, role)
        return np.asarray((values @ head.steps[rows].astype(np.float32)) * head.scale + head.bias, np.float32)

    def _look(self, text: str, role: str | None) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return the known features of a text, by row, and what each counts for; none in a text without any."""
        counts = features(text, role)
        known = {row: count for name, count in counts.items() if (row := self.vocabulary.get(name)) is not None}
        rows = np.fromiter(known, np.int64, len(known))
        tally = np.fromiter(known.values(), np.float32, len(known))
        return rows, weigh(tally, self.rarity[rows])

    @cached_property
    def _seen(self) -> Callable[[str, str | None], tuple[npt.NDArray[np.int64], Floats]]:
        """`_look`, remembering the last texts: a text is asked for both its main intent and those beside."""
        return lru_cache(_REMEMBERED)(self._look)

    def probabilities(self, text: str, role: str | None = None) -> Floats:
        """Return the calibrated probability (C) of each intent; they sum to 1."""
        return softmax(self.margins(text, role) * self.temperature)


def weigh(tally: Floats, rarity: Floats) -> Floats:
    """Return the unit vector of one text's features: damped counts times rarity."""
    values = (1 + np.log(tally)) * rarity
    return np.asarray(values / max(float(np.linalg.norm(values)), _SMALLEST), np.float32)


def softmax(margins: Floats) -> Floats:
    """Return probabilities along the last axis."""
    grown = np.exp(margins - margins.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True), np.float32)


def save_weights(weights: Weights, folder: Path) -> str:
    """Write the weights file and return a hash of everything in it."""
    names = sorted(weights.vocabulary, key=weights.vocabulary.__getitem__)
    arrays: dict[str, npt.NDArray[Any]] = {
        "vocabulary": np.frombuffer("\n".join(names).encode("utf-8"), np.uint8),
        "labels": np.frombuffer("\n".join(weights.labels).encode("utf-8"), np.uint8),
        "rarity": weights.rarity,
        **_arrays("main", weights.main),
        **_arrays("beside", weights.beside),
        "temperature": np.array([weights.temperature], np.float64),
    }
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    with (folder / WEIGHTS_FILE).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return digest.hexdigest()[:12]


def load_weights(folder: Path) -> Weights:
    """Raise ValueError, OSError, KeyError or BadZipFile where the folder holds no whole file of weights."""
    with (folder / WEIGHTS_FILE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        names = arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
        labels = tuple(arrays["labels"].tobytes().decode("utf-8").split("\n"))
        weights = Weights(
            {name: row for row, name in enumerate(names)},
            labels,
            np.asarray(arrays["rarity"], np.float32),
            _head(arrays, "main", len(names), len(labels)),
            _head(arrays, "beside", len(names), len(labels)),
            float(arrays["temperature"][0]),
        )
    if weights.rarity.shape != (len(names),):
        raise ValueError("weights and vocabulary are not of one size")
    return weights


def _arrays(name: str, head: Head) -> dict[str, npt.NDArray[Any]]:
    return {f"{name}_steps": head.steps, f"{name}_scale": head.scale, f"{name}_bias": head.bias}


def _head(arrays: Mapping[str, npt.NDArray[Any]], name: str, features_known: int, intents: int) -> Head:
    head = Head(
        np.asarray(arrays[f"{name}_steps"], np.int8),
        np.asarray(arrays[f"{name}_scale"], np.float32),
        np.asarray(arrays[f"{name}_bias"], np.float32),
    )
    if (head.steps.shape, head.scale.shape, head.bias.shape) != ((features_known, intents), (intents,), (intents,)):
        raise ValueError("weights, vocabulary and labels are not of one size")
    return head
