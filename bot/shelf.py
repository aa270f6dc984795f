"""The library at hand: company documents loaded once, and again in the background when one was changed or taken in."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic

import structlog

from retrieval.embed import Embedder
from retrieval.index import IndexUnavailableError, VectorIndex
from retrieval.passage import Hit, Passage
from retrieval.search import Library

log = structlog.get_logger()

Meanings = tuple[Embedder, VectorIndex]
"""What turns texts into vectors, and what keeps those of the passages."""

# looking at the folder costs a listing; a changed document answers anew within about this many seconds
_LOOK_EVERY = 2.0


class Shelf:
    """Callable as World.search. `today` says which versions are in force; `seconds` counts them, from whenever."""

    def __init__(
        self, folder: Path, added: Path, today: Callable[[], date], seconds: Callable[[], float] = monotonic
    ) -> None:
        self._load = self._by_words = partial(Library.load, folder, added)
        self._lacks_meanings = False
        self._library = self._load(on=today())
        self._learning: asyncio.Task[None] | None = None
        self._is_stopping = Event()
        self._today = today
        self._seconds = seconds
        self._looked = seconds()
        self._reloading: asyncio.Task[None] | None = None
        self._report()

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each document that could not be read."""
        return self._library.problems

    @property
    def passages(self) -> int:
        return len(self._library.passages)

    def __call__(self, query: str, *, audience: str, lang: str | None, intent: str | None, k: int) -> Sequence[Hit]:
        self._look_again()
        return self._library.search(query, audience=audience, lang=lang, intent=intent, k=k)

    def passage_for(self, intent: str, audience: str, lang: str) -> Passage | None:
        """World.passage_for: the passage that was written for this intent."""
        return self._library.for_intent(intent, audience=audience, lang=lang)

    def _look_again(self) -> None:
        if self._seconds() - self._looked < _LOOK_EVERY or (self._reloading is not None and not self._reloading.done()):
            return
        self._looked = self._seconds()
        self._reloading = asyncio.get_running_loop().create_task(self._reload())

    def learn(self, open_meanings: Callable[[], Meanings]) -> None:
        """From when it is ready, find passages by what they mean as well; until then, and if it fails, by their words."""
        self._learning = asyncio.get_running_loop().create_task(self._learn(open_meanings))

    async def stop(self) -> None:
        """End what is under way; vectors that were not made yet are made at the next start."""
        self._is_stopping.set()
        await self.rest()

    async def _learn(self, open_meanings: Callable[[], Meanings]) -> None:
        try:
            embedder, index = await asyncio.to_thread(open_meanings)
            index.goes_on = lambda: not self._is_stopping.is_set()
            load = partial(self._load, embedder=embedder, index=index)
            library = await asyncio.to_thread(load, on=self._today())
        except (ValueError, OSError, IndexUnavailableError) as error:
            log.warning("meanings_unavailable", error=type(error).__name__)
            return
        self._load, self._library = load, library
        self._report()

    async def rest(self) -> None:
        """Wait until what is under way in the background has ended."""
        for task in (self._learning, self._reloading):
            if task is not None:
                await task

    async def _reload(self) -> None:
        load = self._load
        try:
            today = self._today()
            is_fresh = self._library.on == today and not self._lacks_meanings
            if is_fresh and not await asyncio.to_thread(self._library.is_stale):
                return
            try:
                library = await asyncio.to_thread(load, on=today)
                self._lacks_meanings = False
            except IndexUnavailableError as error:
                # what was removed must not answer only because its vectors cannot be asked for
                log.warning("meanings_unavailable", error=type(error).__name__)
                library = await asyncio.to_thread(self._by_words, on=today)
                self._lacks_meanings = True
        except Exception as error:  # the old documents stand until they can be read again
            log.warning("documents_unreadable", error=type(error).__name__)
            return
        if load is self._load:  # else what finds by meaning arrived meanwhile, and has read the documents as well
            self._library = library
            self._report()

    def _report(self) -> None:
        log.info("documents_loaded", passages=len(self._library.passages), problems=len(self._library.problems))
