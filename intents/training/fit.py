"""From utterances to weights: two support vector machines for each intent, as the main one and at all, packed into bytes."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, vstack
from sklearn.svm import LinearSVC

from intents.features import features, role_feature
from intents.grams import Floats, Head, Weights, softmax, weigh
from intents.training.corpus import ROLES, Utterance

Steps = Callable[[Sequence[str]], Iterable[str]]
"""Passes intents through, one by one; where a progress bar hangs."""

SLACK = 1.0
"""C of the machines: 0.5 reads fewer of the validation voices right, 2 about as many."""
SEEN_AT_LEAST = 3
"""Utterances a feature must occur in; with 2 the n-grams alone read slightly better, from a file twice as long."""
ROLE_WEIGHT = 8.0
"""Rarity given to the role, which is one word against a hundred others. It was chosen with the voices v3, v7, v8, v9,
v12 and v14 held out in pairs; none of them is a test voice of the shipped split."""

Counts = Sequence[Counter[str]]


def fit(utterances: Sequence[Utterance], seed: int, steps: Steps) -> Weights:
    """Learn each intent against all others; every utterance counts twice, with its speaker's role and without.

    The temperature is left at 1.
    """
    unknown = [features(utterance.text) for utterance in utterances]
    known = [features(utterance.text, utterance.role) for utterance in utterances]
    vocabulary, rarity = choose_vocabulary(unknown)
    vectors = vstack([vectorise(unknown, vocabulary, rarity), vectorise(known, vocabulary, rarity)]).tocsr()
    labels = tuple(sorted({utterance.intent for utterance in utterances}))
    has_main = [[utterance.intent == label for utterance in utterances] * 2 for label in labels]
    has_at_all = [[label in (u.intent, *u.also) for u in utterances] * 2 for label in labels]
    machines = []
    for label in steps(labels):
        column = labels.index(label)
        machines.append((separate(vectors, has_main[column], seed), separate(vectors, has_at_all[column], seed)))
    main, beside = (_pack(machine) for machine in zip(*machines, strict=True))
    return Weights(vocabulary, labels, rarity, main, beside, temperature=1.0)


def separate(vectors: csr_matrix, truth: Sequence[bool], seed: int, tolerance: float = 1e-4) -> tuple[Floats, float]:
    """Return the weights (V) and the bias of one intent against all others; a larger `tolerance` stops sooner."""
    machine = LinearSVC(C=SLACK, random_state=seed, tol=tolerance)
    machine.fit(vectors, truth)
    return np.asarray(machine.coef_[0], np.float32), float(machine.intercept_[0])


def _pack(machines: Sequence[tuple[Floats, float]]) -> Head:
    matrix = np.stack([weights for weights, _ in machines], axis=1)
    scale = np.asarray(np.maximum(np.abs(matrix).max(axis=0), 1e-9) / 127, np.float32)
    bias = np.array([bias for _, bias in machines], np.float32)
    return Head(np.rint(matrix / scale).astype(np.int8), scale, bias)


def choose_vocabulary(counts: Counts) -> tuple[dict[str, int], Floats]:
    """Return the features seen in enough utterances, and the roles, with the rarity of each."""
    seen = Counter(name for count in counts for name in count)
    names = sorted(name for name, times in seen.items() if times >= SEEN_AT_LEAST)
    rarity = [np.log(1 + len(counts) / seen[name]) for name in names]
    names += [role_feature(role) for role in ROLES]
    rarity += [ROLE_WEIGHT] * len(ROLES)
    return {name: row for row, name in enumerate(names)}, np.array(rarity, np.float32)


def vectorise(counts: Counts, vocabulary: dict[str, int], rarity: Floats) -> csr_matrix:
    """Return the unit vectors (N, V) of the texts, weighed exactly as the model weighs them at run time."""
    values: list[Floats] = []
    columns: list[npt.NDArray[np.int64]] = []
    ends = [0]
    for count in counts:
        known = {vocabulary[name]: times for name, times in count.items() if name in vocabulary}
        rows = np.fromiter(known.keys(), np.int64, len(known))
        tally = np.fromiter(known.values(), np.float32, len(known))
        columns.append(rows)
        values.append(weigh(tally, rarity[rows]) if known else tally)
        ends.append(ends[-1] + len(known))
    shape = (len(counts), len(vocabulary))
    return csr_matrix((np.concatenate(values), np.concatenate(columns), np.array(ends)), shape=shape)


def best_temperature(margins: Floats, columns: npt.NDArray[np.int64]) -> float:
    """Return what to multiply margins (N, C) with so that the true columns (N) are least surprising."""
    grid = np.geomspace(0.5, 30, 120)
    rows = np.arange(len(columns))

    def surprise(temperature: float) -> float:
        return float(-np.log(softmax(margins * temperature)[rows, columns] + 1e-12).mean())

    return float(min(grid, key=surprise))


def best_vote(logits: Floats, margins: Floats, columns: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return what to multiply the encoder's logits and the n-grams' margins (N, C) with, as `best_temperature` does."""
    rows = np.arange(len(columns))

    def surprise(scales: npt.NDArray[np.float64]) -> float:
        likely = softmax(np.asarray(np.exp(scales[0]) * logits + np.exp(scales[1]) * margins, np.float32))
        return float(-np.log(likely[rows, columns] + 1e-12).mean())

    found = minimize(surprise, np.log([0.7, 3.0]), method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-5})
    return float(np.exp(found.x[0])), float(np.exp(found.x[1]))
