"""The names and words the house knows, kept at hand for understanding: read again when a record or the file changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from actions.crm import own, people
from actions.crm.records import BattleFact, Recording
from actions.outside.store import Store
from bot.likely_names import likely_names
from intents.house_words import NOTHING, read_house_words
from intents.names import KnownName, Names

log = structlog.get_logger()

# another process may have added a customer: its name is known here at the latest after this long
_OLDEST = timedelta(seconds=30)
_NAMED = frozenset({"customer", "contact", "lead", "product", "employee", "battle_fact"})


class NameBook:
    """`names()` gives the gazetteer; `changed()` tells it that records of a kind were created or changed.

    `words` is the file in which the house says how it talks; what is saved there counts from the next message on, and
    while it has a fault, what stood there before.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], words: Path) -> None:
        self._store = store
        self._now = now
        self._file = words
        self._file_as_read: tuple[int, int] | None = None
        self._words = NOTHING
        self._names = Names.empty()
        self._rivals: Mapping[str, tuple[str, ...]] = {}
        self._read_at: datetime | None = None

    async def names(self) -> Names:
        now = self._now()
        self._read_words()
        if self._read_at is None or now - self._read_at > _OLDEST:
            async with self._store.read() as tx:
                rows = await people.names(tx)
                facts = await own.find(tx, "battle_fact")
            self._rivals = _rivals([one for one in facts if isinstance(one, BattleFact)], self._words.competitors)
            records = [KnownName(row.kind, row.name, row.aliases, row.value) for row in rows]
            self._names = Names([*records, *self._aliases(Names(records))], self._words.plain)
            self._read_at = now
        return self._names

    async def rivals(self) -> Mapping[str, tuple[str, ...]]:
        """The competitors that are known, from the facts about them and from the house's own words, with what else people
        call each."""
        await self.names()
        return self._rivals

    async def likely(self, recording: Recording) -> tuple[str, ...]:
        """The names that may be said in a recording, the likeliest first."""
        self._read_words()
        house = [called for row in self._words.names for called in (row.name, *row.aliases)]
        async with self._store.read() as tx:
            return await likely_names(tx, recording, house)

    def changed(self, kinds: frozenset[str]) -> None:
        if kinds & _NAMED:
            self._read_at = None

    def _read_words(self) -> None:
        try:
            found = self._file.stat()
            as_found = (found.st_mtime_ns, found.st_size)
        except OSError:
            as_found = (0, 0)
        if as_found == self._file_as_read:
            return
        self._file_as_read = as_found
        try:
            self._words = read_house_words(self._file)
        except ValueError as error:
            log.warning("house words not read", fault=str(error))
            return
        self._read_at = None

    def _aliases(self, records: Names) -> list[KnownName]:
        """The names of the file; one that stands for a single record counts as that record's."""
        meant = ((row, records.candidates(row.name)) for row in self._words.names)
        return [replace(row, value=found[0]) if len(found) == 1 else row for row, found in meant]


def _rivals(facts: Sequence[BattleFact], named: Sequence[KnownName]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for fact in facts:
        aliases = tuple(one.strip() for one in fact.aliases.split("|") if one.strip())
        found[fact.competitor] = tuple(dict.fromkeys((*found.get(fact.competitor, ()), *aliases)))
    for one in named:
        found[one.name] = tuple(dict.fromkeys((*found.get(one.name, ()), *one.aliases)))
    return found
