"""Tell, for recordings: how far the listening is, what was heard, why it waits; where the recording was sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select, update

from actions.crm import own, people
from actions.crm.records import Customer, Recording, Speaker
from actions.outside.store import Store, Tx, after_commit
from actions.outside.tables import RecordingArrivalRow
from bot.buttons import Mint
from bot.call_reading import CallReader
from bot.channels.channel import Channel
from bot.hearing import Listener
from bot.listening import Progress, ReadAhead
from bot.message import Address, Reply, address_from_json
from bot.outbox import Outbox
from bot.phrase_calls import phrase_report
from bot.phrase_recordings import (
    phrase_done,
    phrase_heard_so_far,
    phrase_over,
    phrase_progress,
    phrase_unheard,
    phrase_waits,
)
from bot.steps import Language
from bot.wording.fill import Voice
from voice.transcript import Turn

_Phrase = Callable[[Speaker | None, Voice, Mint], Awaitable[Reply]]


class RecordingTeller:
    """Where a message can be edited, one card shows how far it is; elsewhere two lines do, the first words and the half."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        listener: Listener,
        calls: CallReader,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._channels = channels
        self._listener = listener
        self._calls = calls
        self._now = now

    async def progress(self, progress: Progress, number: int) -> bool:
        """Show how far it is, each time with another `number`. False where the card to show it on is not there yet."""
        recording = progress.recording
        edited = frozenset(name for name, channel in self._channels.items() if channel.edits_freely)
        mints: dict[str, Mint] = {}

        def reply_for(to: Address, earlier: Reply) -> Reply:
            # always the same button, as old as the recording: "1" must go on meaning the card that came last
            mints[to.key] = mint = Mint(f"progress:{recording.id}:{to.key}", to.key, recording.created_at)
            voice = Voice(earlier.lang, Speaker.zone)
            return phrase_progress(progress, voice, mint)

        async with self._store.write() as tx:
            now = await own.get(tx, "recording", recording.id)
            if not isinstance(now, Recording) or now.state not in ("queued", "running"):
                return True  # stopped meanwhile, and the card says so
            key, view = f"progress:{recording.id}:{number}", f"recording:{recording.id}"
            targets = await self._outbox.redraw(tx, key, view, reply_for, only=edited)
            for mint in mints.values():
                await mint.save(tx)
            arrivals = await self._arrivals(tx, recording.id)
            for row, to in arrivals:
                if to.channel not in edited:
                    await self._line(tx, row, to, progress)
            after_commit(tx, partial(self._outbox.kick, targets))
            return bool(targets) or all(to.channel not in edited for _, to in arrivals)

    async def _line(self, tx: Tx, row: Any, to: Address, progress: Progress) -> None:
        is_half = progress.opened is None and progress.heard >= progress.duration / 2
        wanted = 2 if is_half and row.lines_told == 1 else 1
        if row.lines_told >= wanted or not progress.last:
            return
        told = update(RecordingArrivalRow).where(
            RecordingArrivalRow.key == row.key, RecordingArrivalRow.lines_told == row.lines_told
        )
        if (await tx.execute(told.values(lines_told=wanted))).rowcount != 1:
            return
        voice = Voice(_language(row.lang), Speaker.zone)
        reply = phrase_heard_so_far(progress, voice, is_first=wanted == 1)
        await self._put(tx, f"progress:{row.key}:{wanted}", to, reply)

    async def read(self, recording: Recording, turns: tuple[Turn, ...]) -> ReadAhead:
        """The report of a call for the zone of everybody who sent it: seconds for a long one, and in no transaction."""
        zones: set[str] = set()
        if turns and not recording.is_message:
            async with self._store.read() as tx:
                for row, _ in await self._arrivals(tx, recording.id):
                    zones.add(_zone(await people.speaker_of(tx, row.asker)))
        return ReadAhead(recording, turns, {zone: await self._calls.read(recording, turns, zone) for zone in sorted(zones)})

    async def ended(
        self, tx: Tx, recording: Recording, turns: Sequence[Turn], reason: str, key: str, ahead: ReadAhead
    ) -> None:
        """What was heard, or why nothing was, to everybody who sent these bytes. `key` names this end of it.

        Of a call that is its report; of a voice message too long to be read as words, its first lines. What was read `ahead`
        counts where it is of this very record and these turns.
        """
        is_synthetic = self._listener.is_synthetic
        customer = await own.get(tx, "customer", recording.customer_id) if recording.customer_id else None
        known = customer if isinstance(customer, Customer) else None
        read = dict(ahead.calls) if (ahead.recording, ahead.turns) == (recording, tuple(turns)) else {}

        async def phrase(person: Speaker | None, voice: Voice, mint: Mint) -> Reply:
            if reason:
                return phrase_unheard(recording, reason, voice, mint)
            if recording.is_message:
                return phrase_done(recording, turns, is_synthetic, voice, mint)
            if voice.zone not in read:
                read[voice.zone] = await self._calls.read(recording, turns, voice.zone)
            return phrase_report(read[voice.zone], known, is_synthetic, person, voice, mint)

        await self._everywhere(tx, recording, f"ended:{recording.id}:{key}", phrase)
        edited = frozenset(name for name, channel in self._channels.items() if channel.edits_freely)
        targets = await self._outbox.redraw(
            tx,
            f"over:{recording.id}:{key}",
            f"recording:{recording.id}",
            lambda to, earlier: phrase_over(recording, Voice(earlier.lang, Speaker.zone)),
            only=edited,
        )
        after_commit(tx, partial(self._outbox.kick, targets))

    async def waits(self, tx: Tx, recording: Recording, reason: str) -> None:
        """That it stays in the queue, and for what."""

        async def phrase(person: Speaker | None, voice: Voice, mint: Mint) -> Reply:
            return phrase_waits(recording, reason, voice, mint)

        await self._everywhere(tx, recording, f"waits:{recording.id}:{reason}", phrase)

    async def _everywhere(self, tx: Tx, recording: Recording, key: str, phrase: _Phrase) -> None:
        told: set[str] = set()
        for row, to in await self._arrivals(tx, recording.id):
            if to.key in told:
                continue
            told.add(to.key)
            person = await people.speaker_of(tx, row.asker)
            mint = Mint(f"{key}:{to.key}", to.key, self._now())
            voice = Voice(_language(row.lang), _zone(person), self._now())
            reply = await phrase(person, voice, mint)
            await mint.save(tx)
            await self._put(tx, f"{key}:{to.key}", to, reply)

    async def _arrivals(self, tx: Tx, recording_id: str) -> list[tuple[Any, Address]]:
        found = select(RecordingArrivalRow.__table__).where(RecordingArrivalRow.recording_id == recording_id)
        rows = (await tx.execute(found.order_by(RecordingArrivalRow.at, RecordingArrivalRow.key))).all()
        return [(row, address_from_json(row.address)) for row in rows]

    async def _put(self, tx: Tx, key: str, to: Address, reply: Reply) -> None:
        target = await self._outbox.put(tx, key, to, reply)
        after_commit(tx, partial(self._outbox.kick, [target]))


def _zone(person: Speaker | None) -> str:
    return person.zone if person else Speaker.zone


def _language(lang: str) -> Language:
    return "en" if lang == "en" else "zh"
