"""One audience's passages under a BM25 index: what is evidence for an answer, and when it is enough."""

import logging
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrieval.embed import Floats
from retrieval.meanings import Meanings
from retrieval.passage import Hit, Passage
from retrieval.words import terms

HEADING_WEIGHT = 3  # times that a heading's words count as if they stood in the text
INTENT_LIFT = 3.0  # what was written for the intent goes first with a third of another passage's evidence
OTHER_LANGUAGE = 0.67  # what is in another language than the question's goes first with half as much again
# The evidence (BM25 in units of one rare word, times the root of the share of the question that the passage holds)
# below which nothing is an answer. Chosen on the training utterances of `intents` and on tests/retrieval/questions.yaml: at
# this value nine of ten out-of-scope utterances find nothing, and 58 of the 60 questions still find their document.
ENOUGH = 0.32
_CANDIDATES = 24  # passages looked at closely, in order of their BM25 score
# Saturation and length in BM25. Passages are cut to one size, so that a short one is mostly a fragment: counting length
# less than the usual 0.75 puts the fragment that repeats the question behind the passage that answers it
_SATURATION, _LENGTH = 1.2, 0.4
NEARNESS = 1.0  # what a cosine counts for beside the share of the best BM25 score


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query as its different terms, the language to prefer and the intent it was read as, if any."""

    terms: tuple[str, ...]
    lang: str | None
    intent: str | None


class Shelf:
    """What one audience may read, indexed by BM25; it is only read once built, so threads may share it."""

    def __init__(self, entries: list[tuple[Passage, list[str]]], meanings: Meanings | None = None) -> None:
        self._meanings = meanings
        self.passages = [passage for passage, _ in entries]
        self._langs = np.array([passage.lang for passage in self.passages], dtype=object)
        self._marked = _numbers_by_intent(self.passages)
        self._terms = [frozenset(cut) for _, cut in entries]
        self._index = _index([cut for _, cut in entries]) if any(cut for _, cut in entries) else None
        self._information = _information(self._terms)
        self._of_unknown_term = _inverse_frequency(0, len(entries))
        # the unit of scores: one word that a single passage has; it makes ENOUGH mean the same for a small folder
        self._of_rarest_term = _inverse_frequency(1, len(entries))

    def search(self, wanted: Wanted, k: int) -> list[Hit]:
        """At most `k` answers, best first."""
        known = [term for term in wanted.terms if term in self._information]
        if self._index is None or not known:
            return []
        matching = self._index.get_scores(known) / self._of_rarest_term
        preference = self._preference(wanted)
        asked = sum(self._weight(term) for term in wanted.terms)
        hits = []
        for number in np.argsort(-matching * preference, kind="stable")[:_CANDIDATES].tolist():
            evidence = float(matching[number]) * math.sqrt(self._held(number, known) / asked)
            if evidence >= ENOUGH or (evidence > 0 and wanted.intent in self.passages[number].intents):
                hits.append(Hit(self.passages[number], evidence * float(preference[number])))
        return sorted(hits, key=lambda hit: -hit.score)[: max(k, 0)]

    def ranked(self, wanted: Wanted, question: Floats | None, k: int) -> list[Hit]:
        """The `k` passages that words and meaning together put first, whether or not they answer.

        `question` is the vector of the question; without one, or without vectors of the passages, words decide alone.
        The two are added rather than their ranks: a rank forgets that the first hit was far ahead, and where words alone
        are nearly always right (names, codes) reciprocal ranks lose against them.
        """
        known = [term for term in wanted.terms if term in self._information]
        total = np.zeros(len(self.passages), np.float32)
        if self._index is not None and known:
            matching = self._index.get_scores(known)
            total += matching / max(float(matching.max()), 1e-6)
        if self._meanings is not None and question is not None:
            total += NEARNESS * self._meanings.nearness(question)
        best = np.argpartition(-total, k)[:k] if 0 < k < len(total) else np.arange(len(total))
        order = best[np.argsort(-total[best], kind="stable")]
        return [Hit(self.passages[number], float(total[number])) for number in order.tolist() if total[number] > 0]

    def _preference(self, wanted: Wanted) -> Any:
        """What each passage's evidence counts for in the order; it does not decide what is an answer."""
        is_other = (self._langs != wanted.lang) & (wanted.lang is not None)
        factors = np.where(is_other, OTHER_LANGUAGE, 1.0)
        factors[self._marked.get(wanted.intent, [])] *= INTENT_LIFT
        return factors

    def _held(self, number: int, known: list[str]) -> float:
        """How much of the query's information the passage holds. Rare words weigh more, and words that no document
        knows weigh most: a question about something else consists of them, whatever BM25 makes of the rest."""
        return sum(self._weight(term) for term in known if term in self._terms[number])

    def _weight(self, term: str) -> float:
        return self._information.get(term, self._of_unknown_term)


def _numbers_by_intent(passages: list[Passage]) -> dict[str | None, list[int]]:
    numbers: dict[str | None, list[int]] = {}
    for number, passage in enumerate(passages):
        for intent in passage.intents:
            numbers.setdefault(intent, []).append(number)
    return numbers


def terms_of(passage: Passage) -> list[str]:
    """The terms a passage is found by: those of its text, its section's heading and its document's title."""
    return terms(passage.title) + terms(passage.section) * HEADING_WEIGHT + terms(passage.text)


def _information(documents: list[frozenset[str]]) -> dict[str, float]:
    """How much each term tells."""
    holding = Counter(term for document in documents for term in document)
    return {term: _inverse_frequency(count, len(documents)) for term, count in holding.items()}


def _inverse_frequency(holding: int, total: int) -> float:
    """The weight of a term that `holding` of `total` passages have, as the BM25 scores weigh it (Lucene's form)."""
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def _index(documents: list[list[str]]) -> Any:
    import bm25s  # noqa: PLC0415 - half a second that only those who search should pay

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    index = bm25s.BM25(k1=_SATURATION, b=_LENGTH)
    index.index(documents, show_progress=False)
    return index
