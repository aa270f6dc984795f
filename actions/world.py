"""What the first floor asks of everything outside it, as plain functions handed in by the roof."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from actions.outside.store import Store, Tx
from actions.proposal import Notify, Redraw
from retrieval.passage import Hit, Passage


class Search(Protocol):
    """Passages for a question, allowed for this audience, best first; empty when nothing answers it."""

    def __call__(self, query: str, *, audience: str, lang: str | None, intent: str | None, k: int) -> Sequence[Hit]: ...


PassageFor = Callable[[str, str, str], Passage | None]
"""The passage written for an intent, for an audience, in a language."""

Announce = Callable[[Tx, str, Notify | Redraw], Awaitable[None]]
"""Puts a notice into the ledger of sends within the same transaction; the text is the key that makes it happen once."""


@dataclass(frozen=True)
class World:
    """The store, the clock, company knowledge, and the way to tell people things."""

    store: Store
    search: Search
    passage_for: PassageFor
    announce: Announce
    now: Callable[[], datetime]
    home: Path
