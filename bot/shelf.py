"""The library at hand: company documents loaded once, and again in the background when one was changed or taken in."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from time import monotonic

import structlog

from retrieval.passage import Hit, Passage
from retrieval.search import Library

log = structlog.get_logger()

# looking at the folder costs a listing; a changed document answers anew within about this many seconds
_LOOK_EVERY = 2.0


class Shelf:
    """Callable as World.search. `today` says which versions are in force; `seconds` counts them, from whenever."""

    def __init__(
        self, folder: Path, added: Path, today: Callable[[], date], seconds: Callable[[], float] = monotonic
    ) -> None:
        self._load = partial(Library.load, folder, added)
        self._library = self._load(on=today())
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

    async def rest(self) -> None:
        """Wait until a look at the folder that is under way has ended."""
        if self._reloading is not None:
            await self._reloading

    async def _reload(self) -> None:
        try:
            today = self._today()
            if self._library.on == today and not await asyncio.to_thread(self._library.is_stale):
                return
            self._library = await asyncio.to_thread(self._load, on=today)
        except OSError as error:
            log.warning("documents_unreadable", error=type(error).__name__)
            return
        self._report()

    def _report(self) -> None:
        log.info("documents_loaded", passages=len(self._library.passages), problems=len(self._library.problems))
