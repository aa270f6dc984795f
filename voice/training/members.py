"""Many small networks trained side by side on the same rows, each in its own order: together they are steadier than one."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from voice.features import Floats

Integers = NDArray[np.int64]
FAR = 4.0
"""Deviations beyond which a feature is taken for an outlier and cut."""


@dataclass(frozen=True)
class Recipe:
    """`members` networks of one hidden layer; `mix` is the alpha of mixup (Zhang et al. 2018), `smooth` of the labels."""

    members: int = 8
    hidden: int = 32
    epochs: int = 30
    batch: int = 256
    rate: float = 3e-3
    decay: float = 1e-2
    dropped: float = 0.2
    blinded: float = 0.1
    mix: float = 0.3
    smooth: float = 0.05
    seed: int = 6


@dataclass(frozen=True)
class Members:
    """The trained networks and their scaler.

    `first` (K, F, H), `first_bias` (K, 1, H), `second` (K, H, 4), `second_bias`
    (K, 1, 4).
    """

    mean: Floats
    deviation: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats

    def probabilities(self, features: Floats) -> Floats:
        """Return the mean of the members' probabilities, (n, F) to (n, 4)."""
        scaled = np.clip((features - self.mean) / self.deviation, -FAR, FAR)
        logits = np.maximum(scaled @ self.first + self.first_bias, 0) @ self.second + self.second_bias
        raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray((raised / raised.sum(axis=-1, keepdims=True)).mean(axis=0), np.float32)


def train(features: Floats, labels: Integers, recipe: Recipe, classes: int = 4) -> Members:
    """Train on rows (n, F) with labels (n); every class counts the same, however rare it is."""
    torch.manual_seed(recipe.seed)
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    rows = torch.tensor(np.clip((features - mean) / deviation, -FAR, FAR), dtype=torch.float32)
    truth = torch.nn.functional.one_hot(torch.tensor(labels), classes).float()
    rarity = 1 / np.maximum(np.bincount(labels, minlength=classes), 1)
    weight = truth @ torch.tensor(rarity / rarity.mean(), dtype=torch.float32)
    truth = truth * (1 - recipe.smooth) + recipe.smooth / classes
    count, width = rows.shape

    def fresh(rows_in: int, rows_out: int, strength: float) -> torch.nn.Parameter:
        return torch.nn.Parameter(torch.randn(recipe.members, rows_in, rows_out) * strength / rows_in**0.5)

    first, second = fresh(width, recipe.hidden, 1.0), fresh(recipe.hidden, classes, 0.7)
    first_bias = torch.nn.Parameter(torch.zeros(recipe.members, 1, recipe.hidden))
    second_bias = torch.nn.Parameter(torch.zeros(recipe.members, 1, classes))
    learned = [first, first_bias, second, second_bias]
    steps = recipe.epochs * max(count // recipe.batch, 1)
    optimiser = torch.optim.AdamW(learned, lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=steps, pct_start=0.2)
    drawing = torch.distributions.Beta(recipe.mix, recipe.mix)
    shape = (recipe.members, recipe.batch)
    for _ in range(steps):
        one, other = torch.randint(count, shape), torch.randint(count, shape)
        share = drawing.sample((*shape, 1))
        seen = rows[one] * share + rows[other] * (1 - share)
        wanted = truth[one] * share + truth[other] * (1 - share)
        counts = weight[one] * share[..., 0] + weight[other] * (1 - share[..., 0])
        seen = torch.nn.functional.dropout(seen, recipe.blinded)
        hidden = torch.nn.functional.dropout(torch.relu(seen @ first + first_bias), recipe.dropped)
        loss = -(torch.log_softmax(hidden @ second + second_bias, -1) * wanted).sum(-1)
        total = ((loss * counts).mean(1) / counts.mean(1)).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        schedule.step()
    return Members(mean, deviation, *(one.detach().numpy() for one in learned))
