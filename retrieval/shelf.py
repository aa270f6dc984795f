"""One audience's passages under a BM25 index: what is evidence for an answer, and when it is enough."""

import logging
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

import numpy as np

from retrieval.embed import Floats
from retrieval.front_matter import LANGUAGES
from retrieval.meanings import Meanings
from retrieval.passage import Hit, Passage
from retrieval.setting import ANYWHERE, Setting, fit, may_be_read
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
# What nearness in meaning adds to the evidence of words: so much for each unit of cosine above FAR; and what is enough then.
# Chosen so that of 60 questions to what no sample procedure says 54 are refused (50 by words); of the others of
# tests/retrieval all 120 in the documents' words find theirs, and 79 of 122 in other words
FAR, MEANING = 0.2, 3.0
ENOUGH_WITH_MEANING = 0.76
# Enough for words that were read as about nothing here: of 557 such sayings 1 in 100 finds something, of 48 questions to
# documents about keys, buses and the like (tests/retrieval/injections.yaml) nearly every one
SURE, SURE_WITH_MEANING = 0.8, 1.5
NEARNESS = 1.5  # what a cosine counts for beside the share of the best BM25 score, where everything is ranked


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query as its different terms, the language to prefer, the intent it was read as, if any, and where it is asked.

    `judged` is what passages (by id) count for, where people have said of them that they help with such a question.
    """

    terms: tuple[str, ...]
    lang: str | None
    intent: str | None
    setting: Setting = ANYWHERE
    judged: Mapping[str, float] = field(default_factory=dict)


class Shelf:
    """What one audience may read, indexed by BM25; it is only read once built, so threads may share it."""

    def __init__(self, entries: list[tuple[Passage, list[str]]], meanings: Meanings | None = None) -> None:
        self._meanings = meanings
        self.passages = [passage for passage, _ in entries]
        self._number_of = {passage.id: number for number, passage in enumerate(self.passages)}
        # whole groups at once: documents are restricted, and written for something, in a few ways and not one by one
        self._restricted = _groups(self.passages, lambda one: (one.teams, one.customer, one.purpose))
        self._fitting = _groups(self.passages, lambda one: one.fits)
        self._is_in = {lang: np.array([one.lang == lang for one in self.passages], bool) for lang in LANGUAGES}
        self._marked = _numbers_by_intent(self.passages)
        self._index = _index([cut for _, cut in entries]) if any(cut for _, cut in entries) else None
        self._vocabulary: Mapping[str, int] = {} if self._index is None else self._index.vocab_dict
        self._of_unknown_term = _inverse_frequency(0, len(entries))
        # the unit of scores: one word that a single passage has; it makes ENOUGH mean the same for a small folder
        self._of_rarest_term = _inverse_frequency(1, len(entries))

    def search(self, wanted: Wanted, question: Floats | None, k: int) -> list[Hit]:
        """At most `k` answers, best first. `question` is the vector of the question, where there are vectors."""
        words, nearness = self._words(wanted), self._nearness(question)
        if words is None and nearness is None:
            return []
        self._hide(wanted.setting, words, nearness)
        matching = np.zeros(len(self.passages)) if words is None else words / self._of_rarest_term
        near = np.zeros(len(self.passages)) if nearness is None else np.maximum(nearness - FAR, 0) * MEANING
        enough = ENOUGH if nearness is None else ENOUGH_WITH_MEANING
        sure = SURE if nearness is None else SURE_WITH_MEANING
        preference = self._preference(wanted)
        asked = sum(self._weight(term) for term in wanted.terms)
        candidates = self._candidates(matching * preference, near * preference)
        hits = []
        for number, information in zip(candidates, self._held(candidates, wanted), strict=True):
            held = math.sqrt(information / asked) if asked else 0.0
            evidence = float(matching[number]) * held
            proof = evidence + float(near[number])
            if proof >= enough or (evidence > 0 and wanted.intent in self.passages[number].intents):
                hits.append(Hit(self.passages[number], proof * float(preference[number]), proof >= sure))
        return sorted(hits, key=lambda hit: -hit.score)[: max(k, 0)]

    def _candidates(self, matching: Any, near: Any) -> list[int]:
        """The passages worth a closer look: first by words, first by meaning."""
        return list(dict.fromkeys([*_best(matching, _CANDIDATES), *_best(near, _CANDIDATES)]))

    def _words(self, wanted: Wanted) -> Any:
        """The BM25 scores of all passages; None when no word of the question is known."""
        known = [term for term in wanted.terms if term in self._vocabulary]
        return self._index.get_scores(known) if self._index is not None and known else None

    def _nearness(self, question: Floats | None) -> Floats | None:
        return self._meanings.nearness(question) if self._meanings is not None and question is not None else None

    def ranked(self, wanted: Wanted, question: Floats | None, k: int) -> list[Hit]:
        """The `k` passages that words and meaning together put first, whether or not they answer.

        `question` is the vector of the question; without one, or without vectors of the passages, words decide alone.
        The two are added rather than their ranks: a rank forgets that the first hit was far ahead, and where words alone
        are nearly always right (names, codes) reciprocal ranks lose against them.
        """
        words, nearness = self._words(wanted), self._nearness(question)
        self._hide(wanted.setting, words, nearness)
        total = np.zeros(len(self.passages), np.float32)
        if words is not None:
            total += words / max(float(words.max()), 1e-6)
        if nearness is not None:
            total += NEARNESS * nearness
        return [Hit(self.passages[number], float(total[number])) for number in _best(total, k) if total[number] > 0]

    def _hide(self, setting: Setting, *scores: Any) -> None:
        """Take from the scores what may not be read here, before anything is ranked."""
        for numbers in self._restricted:
            if not may_be_read(self.passages[numbers[0]], setting):
                for one in scores:
                    if one is not None:
                        one[numbers] = 0

    def for_intent(self, intent: str, lang: str, setting: Setting) -> Passage | None:
        """The passage written for this intent: in `lang` if there is one, the one that suits the setting best, then the
        one that is most this audience's own."""
        marked = [self.passages[number] for number in self._marked.get(intent, [])]
        readable = [passage for passage in marked if may_be_read(passage, setting)]
        return min(readable, key=lambda passage: _strangeness(passage, lang, setting), default=None)

    def _preference(self, wanted: Wanted) -> Any:
        """What each passage's evidence counts for in the order; it does not decide what is an answer."""
        factors = np.ones(len(self.passages))
        if wanted.lang in self._is_in:
            factors[~self._is_in[wanted.lang]] = OTHER_LANGUAGE
        factors[self._marked.get(wanted.intent, [])] *= INTENT_LIFT
        for numbers in self._fitting:
            factors[numbers] *= fit(self.passages[numbers[0]], wanted.setting)
        for passage_id, factor in wanted.judged.items():
            if (judged := self._number_of.get(passage_id)) is not None:
                factors[judged] *= factor
        return factors

    def _held(self, numbers: list[int], wanted: Wanted) -> list[float]:
        """How much of the query's information each passage holds. Rare words weigh more, and words that no document
        knows weigh most: a question about something else consists of them, whatever BM25 makes of the rest."""
        asked = np.array(numbers, np.int32)  # as the index counts: the long side is not turned into another type
        held = np.zeros(len(asked))
        for term in wanted.terms:
            if len(holding := self._holding(term)):
                places = np.minimum(np.searchsorted(holding, asked), len(holding) - 1)
                held += np.where(holding[places] == asked, self._weight(term), 0.0)
        return [float(one) for one in held]

    def _weight(self, term: str) -> float:
        holding = len(self._holding(term))
        return _inverse_frequency(holding, len(self.passages)) if holding else self._of_unknown_term

    def _holding(self, term: str) -> Any:
        """The numbers of the passages that have a term, rising: the index keeps them for its scores."""
        if self._index is None or (at := self._vocabulary.get(term)) is None:
            return ()
        begin, end = self._index.scores["indptr"][at : at + 2]
        return self._index.scores["indices"][begin:end]


def _strangeness(passage: Passage, lang: str, setting: Setting) -> tuple[bool, float, int, int, str, int]:
    """Sorts the best passage for an intent first: right language, fits the deal, fewest other readers, fewest other
    intents."""
    suits = fit(passage, setting)
    return (passage.lang != lang, -suits, len(passage.audience), len(passage.intents), passage.source, passage.line)


def _best(scores: Any, k: int) -> list[int]:
    """The numbers of the `k` highest scores, the highest first, equal ones in their order; sorts no more than it must."""
    if k <= 0:
        return []
    some = np.flatnonzero(scores > 0)
    if len(some) > k:
        some = some[scores[some] >= np.partition(scores[some], -k)[-k]]
    elif len(some) < k:
        # mostly nearly all are nothing: to divide a hundred thousand that are equal takes longer than all the rest
        nothing = np.flatnonzero(scores == 0)[: k - len(some)]
        some = np.concatenate([some, nothing]) if len(some) + len(nothing) == k else np.arange(len(scores))
    return [int(number) for number in some[np.argsort(-scores[some], kind="stable")][:k]]


def _groups(passages: list[Passage], trait: Callable[[Passage], tuple[Hashable, ...] | frozenset[Any]]) -> list[Any]:
    """The numbers of the passages that have the same trait, as many arrays as there are; without those that have none."""
    numbers: dict[Hashable, list[int]] = {}
    for number, passage in enumerate(passages):
        if any(told := trait(passage)):
            numbers.setdefault(told, []).append(number)
    return [np.array(some, np.intp) for some in numbers.values()]


def _numbers_by_intent(passages: list[Passage]) -> dict[str | None, list[int]]:
    numbers: dict[str | None, list[int]] = {}
    for number, passage in enumerate(passages):
        for intent in passage.intents:
            numbers.setdefault(intent, []).append(number)
    return numbers


def terms_of(passage: Passage) -> list[str]:
    """The terms a passage is found by: those of its text, its section's heading and its document's title."""
    found = terms(passage.title) + terms(passage.section) * HEADING_WEIGHT + terms(passage.text)
    return [intern(term) for term in found]  # one string for all that have the word: millions of them take a gigabyte


def _inverse_frequency(holding: int, total: int) -> float:
    """The weight of a term that `holding` of `total` passages have, as the BM25 scores weigh it (Lucene's form)."""
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def _index(documents: list[list[str]]) -> Any:
    import bm25s  # noqa: PLC0415 - half a second that only those who search should pay

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    index = bm25s.BM25(k1=_SATURATION, b=_LENGTH)
    index.index(documents, show_progress=False)
    return index
