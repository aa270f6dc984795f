"""The names the house knows, kept at hand for understanding: read from the store again when a record with a name changed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from actions.crm import people
from actions.outside.store import Store
from intents.names import KnownName, Names

# another process may have added a customer: its name is known here at the latest after this long
_OLDEST = timedelta(seconds=30)
_NAMED = frozenset({"customer", "contact", "lead", "product", "employee"})


class NameBook:
    """`names()` gives the gazetteer; `changed()` tells it that records of a kind were created or changed."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._names = Names.empty()
        self._read_at: datetime | None = None

    async def names(self) -> Names:
        now = self._now()
        if self._read_at is None or now - self._read_at > _OLDEST:
            async with self._store.read() as tx:
                rows = await people.names(tx)
            self._names = Names(KnownName(row.kind, row.name, row.aliases, row.value) for row in rows)
            self._read_at = now
        return self._names

    def changed(self, kinds: frozenset[str]) -> None:
        if kinds & _NAMED:
            self._read_at = None
