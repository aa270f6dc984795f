"""Tell, for recordings: how far the listening is, what was heard, why it waits; where the recording was sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from actions.canonical import digest_of
from actions.crm import own, people
from actions.crm.call_file import corrections_of, heard_turns, right
from actions.crm.records import Customer, Recording, Speaker
from actions.outside.store import Store, Tx, after_commit
from actions.outside.tables import ListeningRow, RecordingArrivalRow
from bot.buttons import Mint
from bot.call_reading import CallRead, CallReader
from bot.channels.channel import Channel
from bot.dispatching import Dispatching, SentCall
from bot.heard_so_far import Progress
from bot.hearing import Listener
from bot.kept_moods import mood_of
from bot.kept_papers import at_home
from bot.listening import ReadAhead
from bot.message import Address, Reply, address_from_json
from bot.outbox import Outbox
from bot.pages.call_links import CallLinks
from bot.phrase_calls import phrase_report
from bot.phrase_mood import phrase_mood_again
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
        dispatching: Dispatching,
        home: Path,
        now: Callable[[], datetime],
        links: CallLinks,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._channels = channels
        self._listener = listener
        self._calls = calls
        self._dispatching = dispatching
        self._home = home
        self._now = now
        self._links = links

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
        mood = await mood_of(tx, recording.id, recording.customer_speaker)
        read = dict(ahead.calls) if (ahead.recording, ahead.turns) == (recording, tuple(turns)) else {}
        sent: SentCall | None = None
        if not reason and not recording.is_message and known is not None:
            if not read:
                read[Speaker.zone] = await self._calls.read(recording, turns, Speaker.zone)
            sent = await self._dispatching.send(tx, replace(next(iter(read.values())), mood=mood))

        async def phrase(person: Speaker | None, voice: Voice, mint: Mint) -> Reply:
            if reason:
                return phrase_unheard(recording, reason, is_synthetic, voice, mint)
            if recording.is_message:
                return phrase_done(recording, turns, is_synthetic, voice, mint)
            if voice.zone not in read:
                read[voice.zone] = await self._calls.read(recording, turns, voice.zone)
            return phrase_report(replace(read[voice.zone], mood=mood), known, is_synthetic, person, voice, mint, sent)

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

    async def corrected(self, recording_id: str, at: datetime) -> None:
        """The report anew, after something was put right in it: in its place, or where nothing can be edited, once more."""
        async with self._store.read() as tx:
            recording = await own.get(tx, "recording", recording_id)
            if not isinstance(recording, Recording) or recording.state != "done" or recording.is_message:
                return
            corrections = await corrections_of(tx, recording.id)
            turns = right(await heard_turns(tx, recording.id), corrections)
            arrivals = await self._arrivals(tx, recording.id)
            speakers = {row.asker: await people.speaker_of(tx, row.asker) for row, _ in arrivals}
            known = await own.get(tx, "customer", recording.customer_id) if recording.customer_id else None
            mood = await mood_of(tx, recording.id, recording.customer_speaker)
        zones = {Speaker.zone, *(one.zone for one in speakers.values() if one)}
        read = {zone: replace(await self._calls.read(recording, turns, zone), mood=mood) for zone in zones}
        persons = {to.key: speakers[row.asker] for row, to in arrivals}
        edited = frozenset(name for name, channel in self._channels.items() if channel.edits_freely)
        # an undo wakes us for the same moment, for what stood before it
        standing = digest_of([one.id for one in corrections])[:12]
        key, mints = f"corrected:{recording.id}:{at.isoformat()}:{standing}", dict[str, Mint]()
        sent: SentCall | None = None

        def card(to: Address, lang: Language) -> Reply:
            person = persons.get(to.key)
            # buttons as old as the recording: a number that is typed means those of the card that came last
            mints[to.key] = mint = Mint(f"{key}:{to.key}", to.key, recording.created_at)
            voice = Voice(lang, person.zone if person else Speaker.zone, self._now())
            customer = known if isinstance(known, Customer) else None
            return phrase_report(read[voice.zone], customer, self._listener.is_synthetic, person, voice, mint, sent)

        def in_place(to: Address, old: Reply) -> Reply:
            # where a picture is part of what is edited it stays, as long as it is of the one who is the customer
            return replace(card(to, old.lang), pictures=old.pictures if mood else (), links=old.links)

        async with self._store.write() as tx:
            if not await _is_judged_soon(tx, recording.id):  # else once it is known how the customer sounded
                sent = await self._dispatching.send(tx, read[Speaker.zone])
            targets = await self._outbox.redraw(tx, key, f"transcript:{recording.id}", in_place, only=edited)
            for row, to in arrivals:
                if to.channel not in edited and to.key not in mints:
                    reply = self._with_page(card(to, _language(row.lang)), recording, row, persons[to.key])
                    await self._put(tx, f"{key}:{to.key}", to, at_home(reply, self._home))
            for mint in mints.values():
                await mint.save(tx)
            after_commit(tx, partial(self._outbox.kick, targets))

    async def waits(self, tx: Tx, recording: Recording, reason: str) -> None:
        """That it stays in the queue, and for what."""

        async def phrase(person: Speaker | None, voice: Voice, mint: Mint) -> Reply:
            return phrase_waits(recording, reason, voice, mint)

        await self._everywhere(tx, recording, f"waits:{recording.id}:{reason}", phrase)

    async def judged_again(self, tx: Tx, recording: Recording, turns: Sequence[Turn], key: str, *, is_new: bool) -> None:
        """How the customer sounded, now that it was put right who that is: on a card of its own, as pictures are not
        edited. Where nothing could be judged (`is_new` False) the call is dispatched by what was said."""
        mood = await mood_of(tx, recording.id, recording.customer_speaker)
        read: dict[str, CallRead] = {}

        async def phrase(person: Speaker | None, voice: Voice, mint: Mint) -> Reply:
            if voice.zone not in read:
                read[voice.zone] = replace(await self._calls.read(recording, turns, voice.zone), mood=mood)
            return phrase_mood_again(read[voice.zone], voice)

        if is_new:
            await self._everywhere(tx, recording, f"mood:{recording.id}:{key}", phrase)
        if not read:
            read[Speaker.zone] = replace(await self._calls.read(recording, turns, Speaker.zone), mood=mood)
        await self._dispatching.send(tx, next(iter(read.values())))

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
            if reply.card is not None and reply.card.view_of == f"transcript:{recording.id}":
                reply = self._with_page(reply, recording, row, person)
            await mint.save(tx)
            await self._put(tx, f"{key}:{to.key}", to, at_home(reply, self._home))

    def _with_page(self, reply: Reply, recording: Recording, row: Any, person: Speaker | None) -> Reply:
        """The same with the page of the call, for who sent it in their direct chat. The link opens for whoever has it, so no
        group gets one."""
        if person is None or person.person_id is None or not person.is_staff or row.message.get("in_group"):
            return reply
        voice = Voice(reply.lang)
        page = self._links.link(recording.id, person.person_id, voice)
        return replace(reply, links=(page, *self._dispatching.links.links(person, voice)))

    async def _arrivals(self, tx: Tx, recording_id: str) -> list[tuple[Any, Address]]:
        """Who sent it, and where: everybody who may still be told of it."""
        found = select(RecordingArrivalRow.__table__).where(RecordingArrivalRow.recording_id == recording_id)
        rows = (await tx.execute(found.order_by(RecordingArrivalRow.at, RecordingArrivalRow.key))).all()
        return [(row, address_from_json(row.address)) for row in rows if not await people.has_left(tx, row.asker)]

    async def _put(self, tx: Tx, key: str, to: Address, reply: Reply) -> None:
        target = await self._outbox.put(tx, key, to, reply)
        after_commit(tx, partial(self._outbox.kick, [target]))


def _zone(person: Speaker | None) -> str:
    return person.zone if person else Speaker.zone


async def _is_judged_soon(tx: Tx, recording_id: str) -> bool:
    """Whether a call that was heard is in the queue once more: for the mood of another customer."""
    waits = select(ListeningRow.recording_id).where(
        ListeningRow.recording_id == recording_id, ListeningRow.is_over.is_(False)
    )
    return (await tx.execute(waits)).first() is not None


def _language(lang: str) -> Language:
    return "en" if lang == "en" else "zh"
