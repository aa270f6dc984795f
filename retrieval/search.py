"""The library: passages that answer a query, best first, or an honest nothing."""

import logging
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.passage import AUDIENCES, Hit, Passage
from retrieval.read import Fingerprint, fingerprint, read_folder
from retrieval.words import terms, warm_up

LONGEST_QUERY = 500  # characters that are read; a longer message has said what it is about by then
HEADING_WEIGHT = 3  # times that a heading's words count as if they stood in the text
INTENT_LIFT = 3.0
OTHER_LANGUAGE = 0.67
# The evidence (BM25 in units of one rare word, times the root of the share of the question that the passage holds)
# below which nothing is an answer. At this value nine of ten out-of-scope utterances of the training
# material of `intents` find nothing; tests/retrieval/test_questions.py holds what it does to real questions.
ENOUGH = 0.32
_CANDIDATES = 24  # passages looked at closely, in order of their BM25 score


class Library:
    """The documents of one folder as they were when loaded; immutable, so any number of threads may search it.

    `problems` has one sentence for each document that could not be read.
    """

    def __init__(self, folder: Path, passages: Iterable[Passage], problems: tuple[str, ...], seen: Fingerprint) -> None:
        self.folder = folder
        self.passages = tuple(passages)
        self.problems = problems
        self._seen = seen
        cut = [(passage, _document_terms(passage)) for passage in self.passages]
        # one shelf for each audience: what a customer may not read cannot even weigh on what a customer finds
        self._shelves = {
            audience: _Shelf([entry for entry in cut if audience in entry[0].audience]) for audience in AUDIENCES
        }

    @classmethod
    def load(cls, folder: Path) -> "Library":
        """Reads and indexes the folder, in a second or two. Raises NotADirectoryError when there is no such folder."""
        seen = fingerprint(folder)  # before reading: a change in between makes the library stale, not wrong for good
        reading = read_folder(folder)
        warm_up()
        return cls(folder, reading.passages, reading.problems, seen)

    def is_stale(self) -> bool:
        """Whether a document was added, removed or changed since loading; reads no file, only the folder's listing."""
        return fingerprint(self.folder) != self._seen

    def search(
        self, query: str, *, audience: str, lang: str | None = None, intent: str | None = None, k: int = 3
    ) -> list[Hit]:
        """At most `k` passages for this audience that answer the query, best first; none when none does.

        Passages in `lang` are lifted, and so are those marked for `intent`: what was written for the speaker's
        purpose answers as soon as it shares a word with the query. Raises ValueError for an unknown audience.
        """
        wanted = _Wanted(Counter(terms(query[:LONGEST_QUERY])), lang, intent)
        return self._shelf(audience).search(wanted, k)

    def for_intent(self, intent: str, *, audience: str, lang: str) -> Passage | None:
        """The passage written for this intent: in `lang` if there is one, the one that is most this audience's own.

        Raises ValueError for an unknown audience.
        """
        marked = [passage for passage in self._shelf(audience).passages if intent in passage.intents]
        return min(marked, key=lambda passage: _strangeness(passage, lang), default=None)

    def _shelf(self, audience: str) -> "_Shelf":
        try:
            return self._shelves[audience]
        except KeyError:
            raise ValueError(f"unknown audience {audience!r}; known are {', '.join(sorted(AUDIENCES))}") from None


@dataclass(frozen=True, slots=True)
class _Wanted:
    terms: Counter[str]
    lang: str | None
    intent: str | None


class _Shelf:
    """What one audience may read, indexed by BM25."""

    def __init__(self, entries: list[tuple[Passage, list[str]]]) -> None:
        self.passages = [passage for passage, _ in entries]
        self._langs = np.array([passage.lang for passage in self.passages], dtype=object)
        self._marked = _numbers_by_intent(self.passages)
        self._terms = [frozenset(cut) for _, cut in entries]
        self._index = _index([cut for _, cut in entries]) if any(cut for _, cut in entries) else None
        self._information = _information(self._terms)
        self._of_unknown_term = _inverse_frequency(0, len(entries))
        # the unit of scores: one word that a single passage has; it makes ENOUGH mean the same for a small folder
        self._of_rarest_term = _inverse_frequency(1, len(entries))

    def search(self, wanted: _Wanted, k: int) -> list[Hit]:
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

    def _preference(self, wanted: _Wanted) -> Any:
        factors = np.where(self._langs == (wanted.lang or self._langs), 1.0, OTHER_LANGUAGE)
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


def _document_terms(passage: Passage) -> list[str]:
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
    index = bm25s.BM25()
    index.index(documents, show_progress=False)
    return index


def _strangeness(passage: Passage, lang: str) -> tuple[bool, int, int, str, int]:
    """Sorts the best passage for an intent first: right language, fewest other readers, fewest other intents."""
    return (passage.lang != lang, len(passage.audience), len(passage.intents), passage.source, passage.line)
