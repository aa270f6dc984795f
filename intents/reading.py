"""What the model makes of a text: the chances of each intent, and further intents found clause by clause."""

import re
from collections.abc import Set
from itertools import islice

import numpy as np

from intents.dictionary import OUT_OF_SCOPE
from intents.features import LONGEST_READ
from intents.grams import Floats, Weights
from intents.jury import Jury
from intents.telling import told_words
from intents.understanding import Candidate

MOST_FURTHER = 2
_WHOLE_TEXT = 2.0
"""What a margin of the whole text counts against the probability of a clause; best of 0, 0.5, 1, 2 on validation voices."""
_STEEPNESS = 3.0
_MOST_CLAUSES = 16
_SHORTEST_CLAUSE = 2
_CLAUSE_END = re.compile(
    r"[,，。.!！?？;；、\n…~]+|\s(?:and|but|also|plus|then|which)\s|而且|另外|还有|顺便|再|然后|并且|同时|对了|以及|也"
)
_SENTENCE_END = re.compile(r"(?<=[。!?！？;；])|(?<=[.!?])\s+|\n+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTERS_A_CHARACTER = 3
"""Letters that say what one Chinese character says."""
_LONG = 160
_FEWEST_SENTENCES = 3
_MOST_SENTENCES = 40
_SHORTEST_SENTENCE = 4
_NEVER_FURTHER = {"chat.greeting", "chat.thanks", OUT_OF_SCOPE}
"""Greetings, thanks and small talk around something else are not counted (reading rule 2)."""


def chances(jury: Jury, text: str, role: str | None, customers_own: Set[str]) -> Floats:
    """Return the probability (C) of each intent.

    Where someone tells what a customer said, the words are read once more by themselves, as the customer's; if they
    mean something that only customers want (`customers_own`), both readings must agree (reading rule 3).
    """
    whole = jury.probabilities(text, role)
    words = None if role == "customer" else told_words(text[:LONGEST_READ])
    if words is None:
        return whole
    told = jury.probabilities(words, "customer")
    if jury.labels[int(told.argmax())] not in customers_own:
        return whole
    agreed = whole * told
    return np.asarray(agreed / agreed.sum(), np.float32)


def ranked(jury: Jury, text: str, role: str | None, customers_own: Set[str]) -> list[Candidate]:
    """Return every intent with its probability, the likeliest first."""
    found = chances(jury, text, role, customers_own)
    order = (-found).argsort(kind="stable")
    return [Candidate(jury.labels[column], float(found[column])) for column in order]


def further(jury: Jury, text: str, role: str | None, main: str) -> list[Candidate]:
    """Return what is meant beside the `main` intent, the surest first; no threshold is applied.

    Two things speak for an intent: that the whole text seems to have it, and that a clause of it alone means it.
    The confidence grows with both but is no calibrated probability.
    """
    support = _WHOLE_TEXT * jury.margins_beside(text, role)
    for label, chance in _meant_by_clauses(jury.grams, text, role).items():
        support[jury.labels.index(label)] += chance
    confidence = 1 / (1 + np.exp(-_STEEPNESS * support))
    found = (jury.labels[column] for column in (-confidence).argsort(kind="stable"))
    beside = [label for label in found if label != main and label not in _NEVER_FURTHER][:MOST_FURTHER]
    return [Candidate(label, float(confidence[jury.labels.index(label)])) for label in beside]


def plainest_sentence(jury: Jury, text: str, role: str | None, intent: str) -> tuple[str, float]:
    """Return the sentence of a long text that says the intent most plainly, and how probably it does.

    ("", 0) for a short text: it is read whole. A long one is more than a few sentences, and what is said in one of
    them drowns in the others; only the first forty are looked at.
    """
    sentences = [part.strip() for part in _SENTENCE_END.split(text) if len(part.strip()) >= _SHORTEST_SENTENCE]
    length = len(text) + len(_HAN.findall(text)) * (_LETTERS_A_CHARACTER - 1)
    if intent not in jury.labels or len(sentences) < _FEWEST_SENTENCES or length < _LONG:
        return "", 0.0
    column = jury.labels.index(intent)
    found = [(sentence, float(jury.probabilities(sentence, role)[column])) for sentence in sentences[:_MOST_SENTENCES]]
    return max(found, key=lambda one: one[1])


def _meant_by_clauses(grams: Weights, text: str, role: str | None) -> dict[str, float]:
    found: dict[str, float] = {}
    for clause in _clauses(text):
        likely = grams.probabilities(clause, role)
        column = int(likely.argmax())
        label = grams.labels[column]
        found[label] = max(found.get(label, 0.0), float(likely[column]))
    return found


def _clauses(text: str) -> list[str]:
    parts = (part for part in _CLAUSE_END.split(text[:LONGEST_READ]) if len(part.strip()) >= _SHORTEST_CLAUSE)
    clauses = list(islice(parts, _MOST_CLAUSES))
    return clauses if len(clauses) > 1 else []
