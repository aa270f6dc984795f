"""The library at hand: company documents loaded once, and again in the background when one was changed or taken in."""

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import structlog

from retrieval.add import DIGEST, Added, Found, add, names_of, take_out
from retrieval.embed import Embedder
from retrieval.index import IndexUnavailableError, VectorIndex
from retrieval.judged import Judged
from retrieval.passage import Hit, Passage
from retrieval.read import Stated
from retrieval.rerank import Reranker
from retrieval.search import Library
from retrieval.setting import ANYWHERE, Setting

log = structlog.get_logger()

Meanings = tuple[Embedder, VectorIndex, Reranker | None]
"""What turns texts into vectors, what keeps those of the passages, and what looks at the best of them once more."""

# looking at the folder costs a listing; a changed document answers anew within about this many seconds
_LOOK_EVERY = 2.0
_TRY_AGAIN = 60.0
"""Seconds until an index that did not answer is asked again: each time the documents are read anew."""


class Shelf:
    """The house's World.knowledge. `today` says which versions are in force; `seconds` counts them, from whenever;
    `names` are the house's own words, as they are now; `pictures` is where those go that files in the folder have within."""

    def __init__(
        self,
        folder: Path,
        added: Path,
        today: Callable[[], date],
        seconds: Callable[[], float] = monotonic,
        names: Callable[[], frozenset[str]] = frozenset,
        pictures: Path | None = None,
    ) -> None:
        self._folder, self._names, self._pictures = folder, names, pictures
        self._known = names()
        self._added = added
        self._today = today
        self._seconds = seconds
        self._library = self._read(on=today())
        self._open: Callable[[], Meanings] | None = None
        self._meanings: Meanings | None = None
        self._try_at = math.inf
        self._looked = seconds()
        self._looking: asyncio.Task[None] | None = None
        self._is_stopping = Event()
        self._judged = Judged()
        self._report()

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each document that could not be read."""
        return self._library.problems

    @property
    def passages(self) -> int:
        return len(self._library.passages)

    async def search(
        self, query: str, *, audience: str, lang: str | None, intent: str | None, k: int, setting: Setting = ANYWHERE
    ) -> Sequence[Hit]:
        if self._seconds() - self._looked >= _LOOK_EVERY:
            self.look()
        judged = self._judged.factors(query)
        ask = partial(
            self._library.search, query, audience=audience, lang=lang, intent=intent, k=k, setting=setting, judged=judged
        )
        # a reranker takes a good part of a second, in which nobody else should have to wait
        return await asyncio.to_thread(ask) if self._library.is_slow else ask()

    def weigh(self, judged: Judged) -> None:
        """From now on let what people said of passages move the order of answers."""
        self._judged = judged

    def passage_for(self, intent: str, audience: str, lang: str, setting: Setting = ANYWHERE) -> Passage | None:
        """The passage that was written for this intent."""
        return self._library.for_intent(intent, audience=audience, lang=lang, setting=setting)

    def passage(self, passage_id: str, *, audience: str, setting: Setting = ANYWHERE) -> Passage | None:
        """A passage by its id, while it is in force."""
        return self._library.passage(passage_id, audience=audience, setting=setting)

    def nearest(self, query: str, *, audience: str) -> Passage | None:
        """The passage nearest to a question, whether or not it answers."""
        hits = self._library.ranked(query, audience=audience, k=1)
        return hits[0].passage if hits else None

    def look_at(self, file: Path, source: str, *, audience: frozenset[str], owner: str, by: str) -> Added:
        """What would become of a file that is taken in; changes nothing."""
        return self._add(file, source, Stated(self._today(), owner, audience, by=by), only_look=True)

    def take_in(self, file: Path, source: str, *, audience: frozenset[str], owner: str, by: str) -> Path | None:
        """Put a file among the documents and say where; None where it is there already. Raises ValueError when it cannot."""
        added = self._add(file, source, Stated(self._today(), owner, audience, by=by), only_look=False)
        if added.outcome == "refused":
            raise ValueError(f"it is not taken in, {added.reason}")
        return None if added.outcome == "unchanged" else self._added / added.place

    def take_out(self, digest: str) -> bool:
        """Take out the version that holds what this SHA-256 names."""
        places = [place for place in names_of(self._added) if place.endswith(f"-{digest[:DIGEST]}")]
        return any([take_out(place, self._added) for place in places])

    def _add(self, file: Path, source: str, stated: Stated, *, only_look: bool) -> Added:
        [told] = add([Found(file, source, file.parent)], self._added, stated, self._today(), only_look=only_look)
        return told

    def cited(self, passage_id: str, *, audience: str, setting: Setting = ANYWHERE) -> tuple[Passage, ...]:
        """A passage of any version, and what its document said in its place before."""
        return self._library.cited(passage_id, audience=audience, setting=setting)

    def learn(self, open_meanings: Callable[[], Meanings]) -> None:
        """From when it is ready, find passages by what they mean as well; until then, and while it fails, by their words."""
        self._open, self._try_at = open_meanings, self._seconds()
        self.look()

    def look(self) -> None:
        """Read the documents again, in the background, if there is a reason to."""
        if self._looking is None or self._looking.done():
            self._looked = self._seconds()
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def rest(self) -> None:
        """Wait until a look that is under way has ended."""
        if self._looking is not None:
            await self._looking

    async def stop(self) -> None:
        """End what is under way; vectors that were not made yet are made at the next start."""
        self._is_stopping.set()
        await self.rest()

    async def _look(self) -> None:
        try:
            today, is_due = self._today(), self._seconds() >= self._try_at
            known = await asyncio.to_thread(self._names)
            is_as_read = self._library.on == today and known == self._known
            if is_as_read and not is_due and not await asyncio.to_thread(self._library.is_stale):
                return
            self._known = known
            self._library = await asyncio.to_thread(self._load, today, with_meanings=is_due or self._try_at == math.inf)
        except OSError as error:
            log.warning("documents_unreadable", error=type(error).__name__)
            return
        self._report()

    def _load(self, today: date, *, with_meanings: bool) -> Library:
        """The documents as they are; by words alone where the model or the index fails: what was removed must not answer
        only because its vectors cannot be asked for."""
        if self._open is not None and with_meanings:
            try:
                self._meanings = self._meanings or self._open()
                embedder, index, reranker = self._meanings
                index.goes_on = lambda: not self._is_stopping.is_set()
                library = self._read(on=today, embedder=embedder, index=index, reranker=reranker)
                self._try_at = math.inf
                return library
            except (ValueError, IndexUnavailableError) as error:
                log.warning("meanings_unavailable", error=type(error).__name__)
                self._try_at = self._seconds() + _TRY_AGAIN
        return self._read(on=today)

    def _read(self, **how: Any) -> Library:
        return Library.load(self._folder, self._added, names=self._known, pictures=self._pictures, **how)

    def _report(self) -> None:
        log.info("documents_loaded", passages=len(self._library.passages), problems=len(self._library.problems))
