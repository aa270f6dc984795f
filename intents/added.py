"""Intents that a company adds by itself: a few sayings each, told from the others by the nearest neighbours of a text.

An added intent is one YAML file, read and changed by people: who says it, what it means, how it is said (`examples`), and
what only sounds like it (`unlike`, the nearest sayings of other intents). Everything else is worked out when it is
loaded, so that the file outlives the model.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from intents.dictionary import Intent
from intents.encoder import Encoder
from intents.tags import Floats
from intents.understanding import Candidate

FEWEST_EXAMPLES = 5
MOST_UNLIKE = 60
_NAME = re.compile(r"\w{2,40}(?:\.\w{2,40})?")
_OWN_NEAREST = 2
"""Examples whose likeness counts; of 1, 2 and 3 the best on four tried intents with six examples each."""
_OTHER_NEAREST = 3
_OTHERS_COUNT = 0.6
"""What likeness to sayings of other intents counts against likeness to the examples."""
_MAY_BE_TAKEN = 0.4
"""Share of `unlike` that may lie beyond the border: they are the nearest of thousands, many of them border cases."""
_LOOSER = 0.05
"""How much farther from the examples a text may lie than half of them lie from the others."""
_STEEPNESS = 30.0
"""How fast the probability grows beyond the border; the likeness of two sayings is a cosine."""
_KNOWN_COUNTS, _KNOWN_FROM = 4.0, 0.7
"""What it counts against an added intent that the classifier is sure of another, and from which probability on."""

Vectors = Callable[[Sequence[str]], Floats]
"""Gives the unit vectors (N, H) of texts."""


@dataclass(frozen=True)
class Added:
    """One added intent, as its file tells it."""

    intent: Intent
    examples: tuple[str, ...]
    unlike: tuple[str, ...]


class Neighbours:
    """Weighs added intents against what the classifier found; holds nothing that changes."""

    def __init__(self, added: Iterable[Added], vectors: Vectors) -> None:
        self.added = tuple(added)
        self._places = {one.intent.id: _place(one, vectors) for one in self.added}

    @property
    def intents(self) -> Mapping[str, Intent]:
        """Return the added intents by id."""
        return {one.intent.id: one.intent for one in self.added}

    def weigh(self, vector: Floats, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates and the added intents, likeliest first; each added one takes its share from the others."""
        found = list(candidates)
        is_known = _KNOWN_COUNTS * (found[0].confidence - _KNOWN_FROM)
        for name, place in self._places.items():
            share = float(1 / (1 + np.exp(is_known - _STEEPNESS * place.beyond(vector))))
            found = [Candidate(one.intent, one.confidence * (1 - share)) for one in found]
            found.append(Candidate(name, share))
        return sorted(found, key=lambda one: -one.confidence)


def nearest_others(examples: Floats, others: Floats) -> list[int]:
    """Return the places of the `others` that are nearest to any example, the nearest first, at most MOST_UNLIKE."""
    return [int(at) for at in (-(others @ examples.T).max(axis=1)).argsort(kind="stable")[:MOST_UNLIKE]]


@dataclass(frozen=True)
class _Place:
    """Where an intent lies: vectors of its examples (N, H) and of the others (M, H), and its two borders.

    A text is the intent when it is as near to the examples as `least`, and nearer than to the others by `border`.
    """

    own: Floats
    others: Floats
    least: float
    border: float

    def beyond(self, vector: Floats) -> float:
        """Return how far within both borders a text lies, negative where it is outside."""
        near = float(_mean_of_best(vector[None] @ self.own.T, _OWN_NEAREST)[0])
        return min(near - self.least, float(_nearer(vector[None], self.own, self.others)[0]) - self.border)


def _place(one: Added, vectors: Vectors) -> _Place:
    own = vectors(one.examples)
    others = vectors(one.unlike) if one.unlike else own[:0]
    likeness = own @ own.T
    np.fill_diagonal(likeness, -1.0)
    least = float(np.median(_mean_of_best(likeness, _OWN_NEAREST))) - _LOOSER
    nearer = [float(_nearer(others[at][None], own, np.delete(others, at, axis=0))[0]) for at in range(len(others))]
    return _Place(own, others, least, float(np.quantile(nearer, 1 - _MAY_BE_TAKEN)) if nearer else least)


def _nearer(vectors: Floats, own: Floats, others: Floats) -> Floats:
    """Return how much nearer (N) the vectors lie to the examples than to the sayings of other intents."""
    nearness = _mean_of_best(vectors @ own.T, _OWN_NEAREST)
    if len(others):
        nearness = nearness - _OTHERS_COUNT * _mean_of_best(vectors @ others.T, _OTHER_NEAREST)
    return nearness


def _mean_of_best(likeness: Floats, count: int) -> Floats:
    return np.asarray(np.sort(likeness, axis=1)[:, -count:].mean(axis=1), np.float32)


def vectors_of(encoder: Encoder) -> Vectors:
    """Return the function that gives the encoder's vectors, in batches of texts of like length."""

    def vectors(texts: Sequence[str]) -> Floats:
        found: dict[int, Floats] = {}
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for start in range(0, len(order), _A_BATCH):
            places = order[start : start + _A_BATCH]
            readings = encoder.read_many([texts[at] for at in places], [None] * len(places))
            found |= {at: reading.vector for at, reading in zip(places, readings, strict=True)}
        return np.array([found[at] for at in range(len(texts))], np.float32)

    return vectors


_A_BATCH = 32


def read_added(folder: Path) -> list[Added]:
    """Read every added intent of a folder that may not exist. Raise ValueError naming the file and what is wrong."""
    return [_read(file) for file in sorted(folder.glob("*.yaml"))]


def write_added(folder: Path, added: Added) -> Path:
    """Write the file of an added intent, whole or not at all, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{added.intent.id}.yaml"
    entry = {name: value for name, value in asdict(added.intent).items() if name != "id"}
    entry |= {"who": list(added.intent.who), "examples": list(added.examples), "unlike": list(added.unlike)}
    fresh = file.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(entry, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")
    fresh.replace(file)
    return file


def checked_name(name: str) -> str:
    """Return the name of an intent; raise ValueError when it is no id as the dictionary has them."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for an intent: letters, digits and _, with one dot at most")
    return name


def _read(file: Path) -> Added:
    try:
        entry = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{file}: this added intent cannot be read: {error}") from error
    if not isinstance(entry, dict):
        raise ValueError(f"{file}: an added intent needs who, means, zh, en, examples")
    who, examples, unlike = (_texts(file, entry, key) for key in ("who", "examples", "unlike"))
    means, zh, en = (str(entry.get(key) or "") for key in ("means", "zh", "en"))
    if len(examples) < FEWEST_EXAMPLES:
        raise ValueError(f"{file}: at least {FEWEST_EXAMPLES} examples are needed, there are {len(examples)}")
    return Added(Intent(checked_name(file.stem), who, means, zh, en), examples, unlike)


def _texts(file: Path, entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    texts = entry.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"{file}: `{key}` must be a list of sentences")
    return tuple(texts)
