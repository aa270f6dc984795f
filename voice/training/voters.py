"""Three kinds of readers that vote with equal weight: small networks, a straight line, and a smooth curve through kernels.

They do equally well on speakers of the corpus; the plainer ones carry over better to other corpora.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from voice.features import Floats
from voice.training.members import FAR, Integers, Members, Recipe, train

WAVES, WIDTH = 512, 0.002
"""Random Fourier features (Rahimi and Recht 2007) of a Gaussian kernel, exp(-WIDTH |x - y|²)."""
LOUD = 4.0
"""What these features are multiplied with, so that one strength of regularisation fits all."""
_STRAIGHT, _CURVED = 0.03, 0.3
"""C of both regressions, chosen speaker by speaker on EMO-DB over its lines."""


@dataclass(frozen=True)
class Voters:
    """`members` with the scaler of all; `straight` (F, 4) and its bias (4); `waves` (F, 512), `phases` (512), `curved`
    (512, 4) and its bias (4)."""

    members: Members
    straight: Floats
    straight_bias: Floats
    waves: Floats
    phases: Floats
    curved: Floats
    curved_bias: Floats

    def probabilities(self, features: Floats) -> Floats:
        """Return the mean of the three kinds' probabilities, (n, F) to (n, 4)."""
        scaled = np.clip((features - self.members.mean) / self.members.deviation, -FAR, FAR)
        line = _softmax(scaled @ self.straight + self.straight_bias)
        curve = _softmax(swung(scaled, self.waves, self.phases) @ self.curved + self.curved_bias)
        return np.asarray((self.members.probabilities(features) + line + curve) / 3, np.float32)


def vote(features: Floats, labels: Integers, recipe: Recipe) -> Voters:
    """Train all three kinds on the same rows; every class counts the same."""
    members = train(features, labels, recipe)
    scaled = np.clip((features - members.mean) / members.deviation, -FAR, FAR)
    waves, phases = _drawn(features.shape[1], recipe.seed)
    straight, straight_bias = _regressed(scaled, labels, _STRAIGHT)
    curved, curved_bias = _regressed(swung(scaled, waves, phases), labels, _CURVED)
    return Voters(members, straight, straight_bias, waves, phases, curved, curved_bias)


def swung(scaled: Floats, waves: Floats, phases: Floats) -> Floats:
    """Return the random Fourier features of scaled rows, (n, F) to (n, 512)."""
    return np.asarray(LOUD * np.sqrt(2 / len(phases)) * np.cos(scaled @ waves + phases), np.float32)


def _drawn(width: int, seed: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    waves = random.normal(size=(width, WAVES)) * np.sqrt(2 * WIDTH)
    return waves.astype(np.float32), random.uniform(0, 2 * np.pi, WAVES).astype(np.float32)


def _regressed(rows: Floats, labels: Integers, strength: float) -> tuple[Floats, Floats]:
    fitted = LogisticRegression(C=strength, class_weight="balanced", max_iter=300, tol=1e-3).fit(rows, labels)
    return fitted.coef_.T.astype(np.float32), fitted.intercept_.astype(np.float32)


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float32)
