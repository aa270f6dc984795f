"""Two readers that vote: n-grams, which never forget a word, and the encoder, which knows what words mean."""

from dataclasses import dataclass

import numpy as np

from intents.encoder import Encoder
from intents.grams import Floats, Weights, softmax
from intents.tags import Span


@dataclass(frozen=True)
class Vote:
    """What the logits of the encoder and the margins of the n-grams are multiplied with before the softmax."""

    encoder: float
    grams: float


@dataclass(frozen=True)
class Jury:
    """Reads like `Weights`, with the encoder's vote where there is an encoder."""

    grams: Weights
    encoder: Encoder | None = None
    vote: Vote = Vote(1.0, 1.0)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the intents in the order of every array here."""
        return self.grams.labels

    def probabilities(self, text: str, role: str | None = None) -> Floats:
        """Return the calibrated probability (C) of each intent; they sum to 1."""
        if self.encoder is None:
            return self.grams.probabilities(text, role)
        said = self.vote.encoder * self.encoder.read(text, role).main
        return softmax(said + self.vote.grams * self.grams.margins(text, role))

    def margins_beside(self, text: str, role: str | None = None) -> Floats:
        """Return how far (C) the text lies on the side of having each intent, as the main one or further."""
        margins = self.grams.margins_beside(text, role)
        if self.encoder is None:
            return margins
        return np.asarray((margins + self.encoder.read(text, role).beside / _LOGITS_A_MARGIN) / 2, np.float32)

    def names(self, text: str, role: str | None = None) -> tuple[tuple[Span, float], ...]:
        """Return the names that the encoder sees in the text, with how sure it is."""
        return () if self.encoder is None else self.encoder.read(text, role).names


_LOGITS_A_MARGIN = 6.0
"""A logit of 6 says about what a margin of 1 says."""
