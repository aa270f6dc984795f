"""The shipped intent model against plainer ways to read, in one run, on the voices that no training has heard.

The rules are as good as an hour makes them: for each intent the word groups that occur most unevenly in the training
voices, counted by machine and not chosen on the held-out ones, and the intent with most of them in the text wins.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.table import Figure, Result
from intents.dictionary import load_dictionary
from intents.encoder import Encoder
from intents.model import load_model
from intents.training.corpus import Utterance, read_folder
from intents.training.merge import merge
from intents.training.score import macro_f1
from intents.understand import Reader

_INTENTS = Path(__file__).parent.parent / "intents"
_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_RULES = 40
"""Keywords for each intent: more than anybody writes by hand."""
_OFTEN = 3
"""What fewer training utterances say is no keyword."""


def measure(encoder: Path | None = None, whole: Path | None = None) -> Result:
    dictionary = load_dictionary(_INTENTS / "dictionary.yaml")
    # as the model itself says: voices that came later would be dealt out otherwise
    model = load_model(_INTENTS / "model")
    voices = json.loads((_INTENTS / "model" / "model.json").read_text(encoding="utf-8"))["voices"]
    spoken = merge(read_folder(_INTENTS / "data", dictionary.intents)).kept
    learnt, held_out = ([one for one in spoken if one.voice in voices[side]] for side in ("train", "test"))
    reader = Reader(model, dictionary)
    keywords = _read(KeywordRules(learnt).intent, held_out)
    ways: dict[str, _Read] = {
        "the shipped model": _read(lambda text: reader.candidates(text)[0].intent, held_out),
        "its encoder alone, int8": _read(_alone(model.jury.encoder, model.jury.labels), held_out),
        "its n-grams alone": _read(lambda text: _best(model.jury.grams.probabilities(text), model.jury.labels), held_out),
        "character n-grams, logistic regression": _read(LogisticRegression(learnt).intent, held_out),
    }
    notes = [
        f"{len(dictionary.intents)} intents, the speaker's role not told; {len(learnt)} utterances to learn from;"
        f" voices never trained on: {', '.join(voices['test'])}"
    ]
    if whole is not None:
        jury = replace(model.jury, encoder=Encoder.load(whole))
        exact = Reader(replace(model, jury=jury), dictionary)
        ways["the model before it was made small (fp32)"] = _read(lambda text: exact.candidates(text)[0].intent, held_out)
        ways["its encoder alone, fp32"] = _read(_alone(jury.encoder, jury.labels), held_out)
    else:
        notes.append("fp32 not read: it is not shipped; `parley intents train --keep-whole DIR`, then `--whole DIR`")
    if encoder is not None:
        ways[f"nearest neighbour by {encoder.name}"] = _nearest(encoder, learnt, held_out)
    else:
        notes.append("no general sentence encoder read: give one with `--encoder DIR` (needs the training extra)")
    _, whole_pace = _read(lambda text: reader.understand(text, sent_at=_ANY_MOMENT).intent, held_out)
    figures = [figure for name, read in ways.items() for figure in _figures(name, read, keywords, held_out)]
    figures.append(
        Figure("microseconds for the whole reading, with slots", whole_pace, "µs", "keyword rules", keywords.pace)
    )
    return Result(f"Intents: {len(held_out)} held-out utterances", figures, notes)


class _Read(NamedTuple):
    """The intents read, and the microseconds for one."""

    found: list[str]
    pace: float


def _figures(name: str, read: _Read, keywords: _Read, held_out: Sequence[Utterance]) -> Iterator[Figure]:
    meant = [one.intent for one in held_out]
    yield Figure(f"{name}: macro-F1", macro_f1(meant, read.found), "", "keyword rules", macro_f1(meant, keywords.found))
    for label, langs in _LANGUAGES.items():
        yield Figure(
            f"{name}: {label}", _share(read.found, held_out, langs), "", "", _share(keywords.found, held_out, langs)
        )
    yield Figure(f"{name}: microseconds", read.pace, "µs", "", keywords.pace)


def _alone(encoder: Encoder | None, labels: Sequence[str]) -> Callable[[str], str]:
    if encoder is None:
        raise ValueError("the shipped model has no encoder")
    return lambda text: _best(encoder.read(text).main, labels)


def _best(weighed: npt.NDArray[np.float32], labels: Sequence[str]) -> str:
    return labels[int(weighed.argmax())]


_LANGUAGES = {
    "accuracy": ("zh", "mixed", "en"),
    "accuracy, Chinese (mixed included)": ("zh", "mixed"),
    "accuracy, English": ("en",),
}


class KeywordRules:
    """For each intent its most telling word groups; nothing found means the commonest intent."""

    def __init__(self, spoken: Sequence[Utterance]) -> None:
        said = Counter(word for one in spoken for word in _words(one.text))
        by_intent: dict[str, Counter[str]] = defaultdict(Counter)
        for one in spoken:
            by_intent[one.intent].update(_words(one.text))
        self._rules: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for intent, words in by_intent.items():
            worth = {word: count / said[word] * math.log1p(count) for word, count in words.items() if count >= _OFTEN}
            for word in sorted(worth, key=lambda word: (-worth[word], word))[:_RULES]:
                self._rules[word].append((intent, worth[word]))
        self._fallback = Counter(one.intent for one in spoken).most_common(1)[0][0]

    def intent(self, text: str) -> str:
        votes: dict[str, float] = defaultdict(float)
        for word in _words(text):
            for intent, worth in self._rules.get(word, ()):
                votes[intent] += worth
        return max(votes, key=lambda intent: votes[intent]) if votes else self._fallback


def _words(text: str) -> set[str]:
    """English words and pairs of them; Chinese groups of two to four characters."""
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in text.lower()).split()
    found = set(words) | {" ".join(pair) for pair in pairwise(words)}
    for size in (2, 3, 4):
        groups = (text[at : at + size] for at in range(len(text) - size + 1))
        found.update(group for group in groups if all("\u4e00" <= char <= "\u9fff" for char in group))
    return found


class LogisticRegression:
    """What one would try first: character n-grams and a linear model, from a library, without any tuning."""

    def __init__(self, spoken: Sequence[Utterance]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import SGDClassifier
        from sklearn.pipeline import make_pipeline

        grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=3, sublinear_tf=True)
        self._model = make_pipeline(grams, SGDClassifier(loss="log_loss", alpha=1e-6, random_state=6))
        self._model.fit([one.text for one in spoken], [one.intent for one in spoken])

    def intent(self, text: str) -> str:
        return str(self._model.predict([text])[0])


def _nearest(encoder: Path, learnt: Sequence[Utterance], held_out: Sequence[Utterance]) -> _Read:
    """Read each text as its nearest utterance, by a general sentence encoder that was never tuned on any of them."""
    from intents.training.pretraining.pretrain import taught

    known = taught(encoder, [one.text for one in learnt]).float().numpy()
    began = perf_counter()
    asked = taught(encoder, [one.text for one in held_out]).float().numpy()
    found = [learnt[int((known @ vector).argmax())].intent for vector in asked]
    return _Read(found, (perf_counter() - began) / len(held_out) * 1e6)


def _read(read: Callable[[str], str], spoken: Sequence[Utterance]) -> _Read:
    for one in spoken[:50]:
        read(one.text)
    began = perf_counter()
    found = [read(one.text) for one in spoken]
    return _Read(found, (perf_counter() - began) / len(spoken) * 1e6)


def _share(found: Sequence[str], spoken: Sequence[Utterance], languages: Sequence[str]) -> float:
    told = [guess == one.intent for guess, one in zip(found, spoken, strict=True) if one.lang in languages]
    return sum(told) / len(told)
