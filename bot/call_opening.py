"""Opens a call for somebody who may read it: what was kept of it is read once and laid out on one sheet."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from actions.crm import own, people
from actions.crm.call_file import corrections_of, heard_turns, right
from actions.crm.records import Customer, Recording, Speaker
from actions.outside.store import Store
from actions.recordings.sealed import sealed_path
from bot.call_reading import CallRead, CallReader, CallSummary
from bot.call_sheet import Around, CallSheet, sheet_of
from bot.call_summaries import CallSummaries
from bot.kept_moods import mood_of
from bot.phrase_calls import plain_summary
from bot.wording.fill import Voice
from voice.transcript import Turn

_MOST_KEPT = 8
_KEPT_FOR = timedelta(minutes=5)
"""How long a reading serves: a call of hours takes seconds to read, and its page is asked for again at every step; names
that became known since are seen after that."""

_Key = tuple[Recording, tuple[Turn, ...], str]


class CallOpener:
    """`is_synthetic` tells whether the model that listens here knows no real people."""

    def __init__(
        self,
        store: Store,
        calls: CallReader,
        summaries: CallSummaries,
        home: Path,
        is_synthetic: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._calls = calls
        self._summaries = summaries
        self._home = home
        self._is_synthetic = is_synthetic
        self.now = now
        self._kept: OrderedDict[_Key, tuple[datetime, CallRead]] = OrderedDict()
        self._written: OrderedDict[tuple[Recording, tuple[Turn, ...], str], CallSummary] = OrderedDict()

    async def sheet(self, recording: Recording, voice: Voice) -> CallSheet | None:
        """The sheet of a call; None where nothing is kept of what was said."""
        async with self._store.read() as tx:
            customer = await own.get(tx, "customer", recording.customer_id) if recording.customer_id else None
            by = await people.speaker_of(tx, recording.by_id) if recording.by_id else None
            heard, corrections = await heard_turns(tx, recording.id), await corrections_of(tx, recording.id)
        turns = right(heard, corrections)
        if not turns:
            return None
        read = await self._read(recording, turns, voice.zone)
        async with self._store.read() as tx:
            mood = await mood_of(tx, recording.id, read.transcript.customer)
        has_sound = await self.has_sound(recording)
        known = customer if isinstance(customer, Customer) else None
        written = await self._summary(read, known, voice)
        around = Around(known, by, mood, heard, corrections, has_sound, self._is_synthetic(), written)
        return await asyncio.to_thread(sheet_of, read, around, voice)

    async def _summary(self, read: CallRead, customer: Customer | None, voice: Voice) -> CallSummary:
        """In a few sentences, as a model of the house's own writes it where there is one: written once."""
        key = (read.recording, read.transcript.turns, voice.lang)
        if (kept := self._written.get(key)) is not None:
            return kept
        written = await self._summaries.of(read, plain_summary(read, customer, voice), voice.lang)
        self._written[key] = written
        while len(self._written) > _MOST_KEPT:
            self._written.popitem(last=False)
        return written

    async def has_sound(self, recording: Recording) -> bool:
        """Whether it can still be listened to."""
        return recording.state != "deleted" and await asyncio.to_thread(sealed_path(self._home, recording.id).is_file)

    async def _read(self, recording: Recording, turns: tuple[Turn, ...], zone: str) -> CallRead:
        key, now = (recording, turns, zone), self.now()
        kept = self._kept.get(key)
        if kept is not None and now - kept[0] < _KEPT_FOR:
            self._kept.move_to_end(key)
            return kept[1]
        read = await self._calls.read(recording, turns, zone)
        self._kept[key] = (now, read)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return read


def voice_for(person: Speaker | None, lang: str | None, now: datetime) -> Voice:
    """In which language and zone a call is told: as asked for, else as this person reads."""
    asked = lang if lang in ("zh", "en") else person.lang if person else "zh"
    return Voice("en" if asked == "en" else "zh", person.zone if person else Speaker.zone, now)
