"""The shipped intent model against keyword rules, on the voices that no training has heard.

The rules are as good as an hour makes them: for each intent the word groups that occur most unevenly in the training
voices, counted by machine and not chosen on the held-out ones, and the intent with most of them in the text wins.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from bench.table import Figure, Result
from intents.dictionary import load_dictionary
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


def measure() -> Result:
    dictionary = load_dictionary(_INTENTS / "dictionary.yaml").intents
    # as the model itself says: voices that came later would be dealt out otherwise
    voices = json.loads((_INTENTS / "model" / "model.json").read_text(encoding="utf-8"))["voices"]
    spoken = merge(read_folder(_INTENTS / "data", dictionary)).kept
    learnt, held_out = ([one for one in spoken if one.voice in voices[side]] for side in ("train", "test"))
    reader = Reader.load(_INTENTS / "model", _INTENTS / "dictionary.yaml")
    rules = KeywordRules(learnt)
    ours, our_pace = _read(lambda one: reader.candidates(one.text, one.role)[0].intent, held_out)
    theirs, their_pace = _read(lambda one: rules.intent(one.text), held_out)
    _, whole_pace = _read(lambda one: reader.understand(one.text, role=one.role, sent_at=_ANY_MOMENT).intent, held_out)
    figures = [
        *(_share(name, ours, theirs, held_out, langs) for name, langs in _LANGUAGES.items()),
        Figure("macro-F1", _macro(ours, held_out), "", "keyword rules", _macro(theirs, held_out)),
        Figure("microseconds for the intent", our_pace, "µs", "keyword rules", their_pace),
        Figure("microseconds for the whole reading, with slots", whole_pace, "µs", "keyword rules", their_pace),
    ]
    return Result(
        f"Intents: {len(held_out)} held-out utterances",
        figures,
        [
            f"{len(dictionary)} intents; voices never trained on: {', '.join(voices['test'])};"
            f" {len(learnt)} utterances to learn from"
        ],
    )


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


def _read(read: Callable[[Utterance], str], spoken: Sequence[Utterance]) -> tuple[list[str], float]:
    """The intents read, and the microseconds for one."""
    for one in spoken[:50]:
        read(one)
    began = perf_counter()
    found = [read(one) for one in spoken]
    return found, (perf_counter() - began) / len(spoken) * 1e6


def _share(
    name: str, ours: Sequence[str], theirs: Sequence[str], spoken: Sequence[Utterance], languages: Sequence[str]
) -> Figure:
    def right(found: Sequence[str]) -> float:
        told = [guess == one.intent for guess, one in zip(found, spoken, strict=True) if one.lang in languages]
        return sum(told) / len(told)

    return Figure(name, right(ours), "", "keyword rules", right(theirs))


def _macro(found: Sequence[str], spoken: Sequence[Utterance]) -> float:
    return macro_f1([one.intent for one in spoken], found)
