"""The library: passages that answer a query, best first, or an honest nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from retrieval.add import names_of, read_added
from retrieval.embed import Embedder, Floats
from retrieval.in_force import in_force, rank_of
from retrieval.index import VectorIndex
from retrieval.lines import LineEmbedder, lines_of
from retrieval.meanings import Meanings, Placed
from retrieval.passage import AUDIENCES, Hit, Passage
from retrieval.read import Reading, fingerprint, read_folder
from retrieval.rerank import Reranker, reordered
from retrieval.setting import ANYWHERE, Setting, may_be_read
from retrieval.shelf import Shelf, Wanted, terms_of
from retrieval.words import know, terms

NOT_JUDGED: Mapping[str, float] = {}
ALIKE = 0.3
"""Share of their words that two passages have in common, from which one stands in the other's place."""
LOOKED_AT = 10
"""Passages that a reranker looks at: a small one takes a quarter of a second for them on one core."""
LONGEST_QUERY = 500  # characters that are read; a longer message has said what it is about by then


class Library:
    """Documents as they were when loaded; immutable, so any number of threads may search it.

    `problems` has one sentence for each document that could not be read. Versions answer that are in force on the day
    `on`; without a day the newest of each document.
    """

    def __init__(
        self,
        passages: Iterable[Passage],
        problems: tuple[str, ...] = (),
        *,
        embedder: Embedder | None = None,
        index: VectorIndex | None = None,
        reranker: Reranker | None = None,
        on: date | None = None,
        look: Callable[[], object] = lambda: None,
        seen: object = None,
    ) -> None:
        self._look, self._seen = look, seen
        self._all = tuple(passages)
        self.passages = tuple(in_force(self._all, on or date.max))
        self.problems = problems
        self.on = on
        self._embedder = embedder
        self._reranker = reranker
        entries = [(passage, terms_of(passage)) for passage in self.passages]
        placed = _placed(self.passages, LineEmbedder(embedder), index) if embedder and self.passages else None
        # one shelf for each audience: what a customer may not read cannot even weigh on what a customer finds
        self._shelves = {audience: _shelf_for(audience, entries, placed) for audience in AUDIENCES}

    @classmethod
    def load(
        cls,
        folder: Path,
        added: Path | None = None,
        *,
        embedder: Embedder | None = None,
        index: VectorIndex | None = None,
        reranker: Reranker | None = None,
        on: date | None = None,
        names: frozenset[str] = frozenset(),
        pictures: Path | None = None,
    ) -> "Library":
        """Reads and indexes a folder of documents, and what was taken in at `added`, in a second or two.

        With an `embedder` passages are found by what they mean as well; an `index` keeps their vectors, so that each is
        made once. A `reranker` orders what was found once more. `names` are words of the house's own, which are cut as one.
        `pictures` is where those go that files in the folder have within them; whoever names no place does without them.
        Raises NotADirectoryError when there is no such folder, IndexUnavailableError when the index fails.
        """

        def look() -> object:
            return fingerprint(folder), names_of(added) if added else None

        seen = look()  # before reading: a change in between makes the library stale, not wrong for good
        reading = read_folder(folder, on or date.max, pictures)
        taken_in = read_added(added) if added else Reading((), ())
        know(names)
        passages = {one.id: one for one in (*reading.passages, *taken_in.passages)}
        problems = reading.problems + taken_in.problems
        return cls(
            passages.values(), problems, embedder=embedder, index=index, reranker=reranker, on=on, look=look, seen=seen
        )

    @property
    def is_slow(self) -> bool:
        """Whether a search takes so long that it should not be made where others wait."""
        return self._reranker is not None

    def is_stale(self) -> bool:
        """Whether a document was added, removed or changed since loading; reads no file, only the folders' listings."""
        return self._look() != self._seen

    def search(
        self,
        query: str,
        *,
        audience: str,
        lang: str | None = None,
        intent: str | None = None,
        k: int = 3,
        setting: Setting = ANYWHERE,
        judged: Mapping[str, float] = NOT_JUDGED,
    ) -> list[Hit]:
        """At most `k` passages for this audience that answer the query, best first; none when none does.

        Passages in `lang` are lifted, and so are those marked for `intent`: what was written for the speaker's
        purpose answers as soon as it shares a word with the query. What suits the `setting` goes first, and what people
        found helpful for such a question (`judged`, factors by passage id). Raises ValueError for an unknown audience.
        """
        wanted = replace(_wanted(query, lang, intent), setting=setting, judged=judged)
        looked_at = k if self._reranker is None else max(k, LOOKED_AT)
        hits = self._shelf(audience).search(wanted, self._vector(query), looked_at)
        if self._reranker is not None:
            hits = reordered(hits, query[:LONGEST_QUERY], self._reranker, text=embedded_text)
        return hits[:k]

    def ranked(self, query: str, *, audience: str, k: int) -> list[Hit]:
        """The `k` passages nearest to the query, best first, whether or not they answer it.

        Raises ValueError for an unknown audience.
        """
        return self._shelf(audience).ranked(_wanted(query, None, None), self._vector(query), k)

    def for_intent(self, intent: str, *, audience: str, lang: str, setting: Setting = ANYWHERE) -> Passage | None:
        """The passage written for this intent: in `lang` if there is one, the one that suits the setting best.

        Raises ValueError for an unknown audience.
        """
        return self._shelf(audience).for_intent(intent, lang, setting)

    def passage(self, passage_id: str, *, audience: str, setting: Setting = ANYWHERE) -> Passage | None:
        """The passage with this id, if it is in force and may be read here."""
        found = next((one for one in self.passages if one.id == passage_id), None)
        return found if found and audience in found.audience and may_be_read(found, setting) else None

    def cited(self, passage_id: str, *, audience: str, setting: Setting = ANYWHERE) -> tuple[Passage, ...]:
        """A passage of any version, behind it what each earlier version of its document says in its place, newest first.

        Empty where there is none that may be read here. A version without such a section has none.
        """
        cited = next((one for one in self._all if one.id == passage_id), None)
        if cited is None or audience not in cited.audience or not may_be_read(cited, setting):
            return ()
        rank = rank_of(cited.date, cited.version)
        same = [one for one in self._all if (one.document, one.lang) == (cited.document, cited.lang)]
        earlier = [one for one in same if rank_of(one.date, one.version) < rank]
        readable = [one for one in earlier if audience in one.audience and may_be_read(one, setting)]
        by_version: dict[str, list[Passage]] = {}
        for one in sorted(readable, key=lambda one: rank_of(one.date, one.version), reverse=True):
            by_version.setdefault(one.version, []).append(one)
        said = (_counterpart(cited, passages) for passages in by_version.values())
        return (cited, *(one for one in said if one is not None))

    def _vector(self, query: str) -> Floats | None:
        return self._embedder.questions([query[:LONGEST_QUERY]])[0] if self._embedder and query.strip() else None

    def _shelf(self, audience: str) -> Shelf:
        try:
            return self._shelves[audience]
        except KeyError:
            raise ValueError(f"unknown audience {audience!r}; known are {', '.join(sorted(AUDIENCES))}") from None


def embedded_text(passage: Passage) -> str:
    """What a passage's vectors are made of: its words, behind a line that says what they stand under."""
    heading = passage.section if passage.section == passage.title else f"{passage.title} {passage.section}".strip()
    return f"{heading}\n{passage.text}"


def _wanted(query: str, lang: str | None, intent: str | None) -> Wanted:
    return Wanted(tuple(dict.fromkeys(terms(query[:LONGEST_QUERY]))), lang, intent)


def _placed(passages: Sequence[Passage], embedder: LineEmbedder, index: VectorIndex | None) -> list[Placed]:
    """The vectors of each passage, from the index where there is one."""
    texts = [embedded_text(one) for one in passages]
    if index is None:
        found = embedder.passages(texts)
    else:
        kept = index.vectors_of(passages, embedder, texts)
        found = [kept[one.id] for one in passages]
    return [Placed.of(vectors, len(lines_of(text))) for vectors, text in zip(found, texts, strict=True)]


def _shelf_for(audience: str, entries: Sequence[tuple[Passage, list[str]]], placed: Sequence[Placed] | None) -> Shelf:
    readable = [number for number, (passage, _) in enumerate(entries) if audience in passage.audience]
    meanings = Meanings.of([placed[number] for number in readable]) if placed and readable else None
    return Shelf([entries[number] for number in readable], meanings)


def _counterpart(passage: Passage, others: Sequence[Passage]) -> Passage | None:
    """What stands in a passage's place in another version: under its heading, else what shares most words with it."""
    wanted = set(terms_of(passage))

    def shared(one: Passage) -> float:
        said = set(terms_of(one))
        return len(wanted & said) / max(1, len(wanted | said))

    under = [one for one in others if one.section == passage.section]
    best = max(under or others, key=shared, default=None)
    return best if best is not None and (under or shared(best) >= ALIKE) else None
