"""An embedder that a test can see through: each topic is a direction, and a text points where its topics are."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Topics:
    """`words` has the number of the topic that each word is about. Counts what it was asked to embed."""

    name = "topics"

    def __init__(self, words: Mapping[str, int]) -> None:
        self._words = words
        self._width = max(words.values(), default=0) + 2
        self.embedded: list[str] = []

    def questions(self, texts: Sequence[str]) -> Floats:
        return np.stack([self._vector(text) for text in texts])

    def passages(self, texts: Sequence[str]) -> list[Floats]:
        self.embedded += [text.strip() for text in texts]
        return [np.stack([self._vector(part) for part in text.split("\n\n")]) for text in texts]

    def _vector(self, text: str) -> Floats:
        vector = np.zeros(self._width, np.float32)
        for word, topic in self._words.items():
            vector[topic] += word in text.lower()
        if not vector.any():
            vector[-1] = 1
        return vector / np.float32(np.linalg.norm(vector))
