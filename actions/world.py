"""What the first floor asks of everything outside it, as plain functions handed in by the roof."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from actions.outside.store import Store, Tx
from actions.policy.policy import Policy
from actions.proposal import Notify, Redraw
from retrieval.passage import Hit, Passage
from retrieval.setting import Setting


class Knowledge(Protocol):
    """What the company's documents say, to those who may read it."""

    async def search(
        self, query: str, *, audience: str, lang: str | None, intent: str | None, k: int, setting: Setting
    ) -> Sequence[Hit]:
        """Passages for a question, allowed for this audience in this setting, best first; empty when nothing answers it."""

    def passage_for(self, intent: str, audience: str, lang: str, setting: Setting) -> Passage | None:
        """The passage written for an intent that suits a setting best, in this language if there is one."""

    def passage(self, passage_id: str, *, audience: str, setting: Setting) -> Passage | None:
        """A passage by its id, while it is in force and may be read."""

    def nearest(self, query: str, *, audience: str) -> Passage | None:
        """The passage that is nearest to a question which none answers."""

    def take_in(self, file: Path, source: str, *, audience: frozenset[str], owner: str, by: str) -> Path | None:
        """Put a file among the documents and say where; None where it is there already. Raises ValueError, in a sentence,
        where it cannot be read."""

    def take_out(self, digest: str) -> bool:
        """Take out the version that holds what this SHA-256 names. Whether there was one."""

    def cited(self, passage_id: str, *, audience: str, setting: Setting) -> tuple[Passage, ...]:
        """A passage by its id, behind it what stood in its place in each version before; empty where it may not be read."""


Announce = Callable[[Tx, str, Notify | Redraw], Awaitable[None]]
"""Puts a notice into the ledger of sends within the same transaction; the text is the key that makes it happen once."""


@dataclass(frozen=True)
class World:
    """The store, the clock, company knowledge, the policy in force, and the way to tell people things."""

    store: Store
    knowledge: Knowledge
    announce: Announce
    now: Callable[[], datetime]
    home: Path
    policy: Callable[[], Policy]
