"""The library: passages that answer a query, best first, or an honest nothing."""

from collections.abc import Iterable
from pathlib import Path

from retrieval.passage import AUDIENCES, Hit, Passage
from retrieval.read import Fingerprint, fingerprint, read_folder
from retrieval.shelf import Shelf, Wanted, terms_of
from retrieval.words import terms, warm_up

LONGEST_QUERY = 500  # characters that are read; a longer message has said what it is about by then


class Library:
    """The documents of one folder as they were when loaded; immutable, so any number of threads may search it.

    `problems` has one sentence for each document that could not be read.
    """

    def __init__(self, folder: Path, passages: Iterable[Passage], problems: tuple[str, ...], seen: Fingerprint) -> None:
        self.folder = folder
        self.passages = tuple(passages)
        self.problems = problems
        self._seen = seen
        entries = [(passage, terms_of(passage)) for passage in self.passages]
        # one shelf for each audience: what a customer may not read cannot even weigh on what a customer finds
        self._shelves = {
            audience: Shelf([entry for entry in entries if audience in entry[0].audience]) for audience in AUDIENCES
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
        wanted = Wanted(tuple(dict.fromkeys(terms(query[:LONGEST_QUERY]))), lang, intent)
        return self._shelf(audience).search(wanted, k)

    def for_intent(self, intent: str, *, audience: str, lang: str) -> Passage | None:
        """The passage written for this intent: in `lang` if there is one, the one that is most this audience's own.

        Raises ValueError for an unknown audience.
        """
        marked = [passage for passage in self._shelf(audience).passages if intent in passage.intents]
        return min(marked, key=lambda passage: _strangeness(passage, lang), default=None)

    def _shelf(self, audience: str) -> Shelf:
        try:
            return self._shelves[audience]
        except KeyError:
            raise ValueError(f"unknown audience {audience!r}; known are {', '.join(sorted(AUDIENCES))}") from None


def _strangeness(passage: Passage, lang: str) -> tuple[bool, int, int, str, int]:
    """Sorts the best passage for an intent first: right language, fewest other readers, fewest other intents."""
    return (passage.lang != lang, len(passage.audience), len(passage.intents), passage.source, passage.line)
