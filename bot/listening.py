"""The queue of recordings: opened, listened to piece by piece in a thread, told as it goes, gone on with after a restart.

A step is to open a recording, to listen to one of its pieces, or to judge how its customer sounds. Each is taken with a
lease (listening_queue.py) that is renewed while a thread works on it, and kept in one transaction: so a piece that is done
stays done, whoever dies, and no two workers do the same piece twice. Short voice messages have a lane of their own. The
plain file lies in the home's `recordings/open` only while it is decoded; what comes of that is kept sealed until the last
step (decoded_sound.py), and the other steps read it there.
"""

import asyncio
import errno
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import structlog
from sqlalchemy import select, update

from actions.commands.recordings import HOUSE, BeginListening, EndListening
from actions.crm import own
from actions.crm.records import Recording
from actions.outside.store import Store, Tx
from actions.outside.tables import ListeningRow, RecordingArrivalRow, RecordingPartRow, RecordingRow
from actions.recordings.sealed import FOLDER, SealBroken, sealed_path, unseal_into
from bot.beside import run_beside
from bot.call_reading import CallRead
from bot.decoded_sound import DecodedSound
from bot.fault import name_fault
from bot.heard_so_far import HeardSoFar, Progress
from bot.hearing import WAITS_FOR, Listener
from bot.kept_recordings import TURNS, RecordingShelf, turns_of
from bot.listening_queue import HELD, LEASE, PLAN, Gone, Job, ListeningQueue
from bot.message import Message, Spoken, message_from_json
from bot.mood_step import MoodStep
from voice.cannot_hear import CannotHear
from voice.decode import Recording as Decoded
from voice.languages import UNKNOWN
from voice.plan import Opening, Plan
from voice.sides import customer_of, shipped_cues
from voice.speakers import NAMES
from voice.transcript import Turn

TRY_AGAIN = timedelta(minutes=1)
"""How often it is looked whether what was missing (a model) is there now."""
MOST_ATTEMPTS = 3
"""Attempts at one step that broke, or took their process down, after which the recording is given up."""
LONGEST_MESSAGE = timedelta(seconds=120)
"""A voice message up to this long is read as if it had been typed; a longer one is told as a transcript."""
SURE = 0.6
"""Certainty of the words below which they are shown back before anything is done with them."""

_LOOK_EVERY = 0.5
NOT_UNDERSTOOD = "not_understood"
_PATIENCE = 90.0
"""Seconds that a voice message may keep its conversation waiting; afterwards its words come as a message of their own."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says where the disk, or somebody's share of it, is full."""
OPEN_FOLDER = "open"
"""Where plain files lie while a step runs, within the folder of recordings."""

log = structlog.get_logger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Words:
    """What was said in a voice message."""

    spoken: Spoken
    text: str


@dataclass(frozen=True)
class NoWords:
    """Why there are none: `waits` while it stays in the queue, `is_long` where it is told as a transcript later. Of
    `is_synthetic` the model that listened knows no people."""

    reason: str
    waits: bool = False
    is_long: bool = False
    is_synthetic: bool = False


@dataclass(frozen=True)
class ReadAhead:
    """What was read of a call, by zone, before it is told that it ended; of this state of its record and these turns."""

    recording: Recording
    turns: tuple[Turn, ...]
    calls: Mapping[str, CallRead]


class Tells(Protocol):
    """Says what becomes of a recording where it was sent; within the transaction given, if it is given.

    `read` does beforehand what takes long, for a record as it will be; `ended` does it itself where that has become another.
    """

    async def progress(self, progress: Progress, number: int) -> bool: ...
    async def read(self, recording: Recording, turns: tuple[Turn, ...]) -> ReadAhead: ...
    async def ended(
        self, tx: Tx, recording: Recording, turns: Sequence[Turn], reason: str, key: str, ahead: ReadAhead
    ) -> None: ...
    async def waits(self, tx: Tx, recording: Recording, reason: str) -> None: ...
    async def judged_again(self, tx: Tx, recording: Recording, turns: Sequence[Turn], key: str, *, is_new: bool) -> None: ...


class _ReadOtherwise(Exception):
    """What was read ahead is not what there is any more."""


class _TakenAway(Exception):
    """The plain file went while it was worked on: that says nothing about the recording."""


class Listening:
    """The workers of this process.

    `accept` takes a voice message that has words now; `secret` opens what is sealed; `likely` are names that may come up in
    a recording, the likeliest first.
    """

    def __init__(
        self,
        store: Store,
        home: Path,
        secret: bytes,
        listener: Listener,
        shelf: RecordingShelf,
        tells: Tells,
        moods: MoodStep,
        accept: Callable[[Message], Awaitable[bool]],
        now: Callable[[], datetime],
        *,
        likely: Callable[[Recording], Awaitable[Sequence[str]]],
        lease: timedelta = LEASE,
        decoded: DecodedSound | None = None,
    ) -> None:
        self._store = store
        self._home = home
        self._secret = secret
        self._decoded = decoded or DecodedSound(home, secret)
        self._listener = listener
        self._shelf = shelf
        self._tells = tells
        self._moods = moods
        self._accept = accept
        self._now = now
        self._queue = ListeningQueue(store, now, lease)
        self._keep = self._queue.keep
        self._likely = likely
        self._lanes: dict[bool, asyncio.Task[None]] = {}
        self._once_more: set[bool] = set()
        self._alarms: dict[bool, asyncio.TimerHandle] = {}
        self._seen = HeardSoFar(tells.progress)
        self._stops: set[threading.Event] = set()
        self._open_here: set[Path] = set()
        self._is_closing = False

    # --- what others ask --------------------------------------------------------------------------------------------

    def kick(self) -> None:
        """Look at the queue now. Call it after the commit; forgetting it costs up to a minute."""
        for is_brief in (False, True):
            self._start(is_brief)

    async def sweep(self) -> None:
        """Queue what has a basis and is in no queue, take away plain files that nobody works on, and look."""
        await self._queue.line_up()
        await self._tidy()
        self.kick()

    async def rest(self) -> None:
        """Wait until nothing in this process is under way."""
        while running := {*self._lanes.values(), *self._seen.telling}:
            await asyncio.wait(running)

    async def stop(self, patience: timedelta = timedelta(seconds=5)) -> None:
        """Stop listening; the piece at hand is begun anew by the next process."""
        self._is_closing = True
        for alarm in self._alarms.values():
            alarm.cancel()
        self._seen.close()
        for stop in self._stops:
            stop.set()
        running = {*self._lanes.values(), *self._seen.telling}
        if running:
            _, late = await asyncio.wait(running, timeout=patience.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def at_once(self, recording_id: str) -> Words | NoWords:
        """The words of a voice message, now: its conversation waits for them."""
        async with self._store.write() as tx:
            await self._queue.add(tx, await _recording(tx, recording_id), is_brief=True, lease_until=self._now() + HELD)
        ends = asyncio.get_running_loop().time() + _PATIENCE
        while (words := await self._words(recording_id)) is None:
            if asyncio.get_running_loop().time() > ends or self._is_closing:
                return NoWords("later", waits=True)
            job = await self._queue.claim(True, recording_id)
            if not isinstance(job, Job):
                await asyncio.sleep(0.1)
            elif (waits := await self._step(job, tells=False)) is not None:
                return waits
        return words

    async def _words(self, recording_id: str) -> Words | NoWords | None:
        async with self._store.read() as tx:
            recording = await _recording(tx, recording_id)
            turns = await turns_of(tx, recording_id) if recording.state == "done" else ()
        if recording.state == "done":
            why = _no_words(turns)
            return NoWords(why, is_synthetic=self._listener.is_synthetic) if why else self._as_words(turns)
        if recording.state not in ("failed", "cancelled", "deleted"):
            return None
        return NoWords(recording.reason or "broken", is_synthetic=self._listener.is_synthetic)

    def _as_words(self, turns: Sequence[Turn]) -> Words:
        """What was said as one text; sure where every turn is, and the model knows people."""
        latin = all(turn.lang == "en" for turn in turns)
        text = (" " if latin else "").join(turn.text.strip() for turn in turns)
        is_sure = not self._listener.is_synthetic and all(turn.certainty >= SURE for turn in turns)
        return Words(Spoken(is_sure, self._listener.is_synthetic), text)

    async def judge_again(self, recording_id: str) -> bool:
        """Judge the mood anew where it was put right since who the customer is, or who said something; whether there is
        something to judge. What was made of another's voice goes at once: it may have been somebody of ours."""
        async with self._store.write() as tx:
            recording = await own.get(tx, "recording", recording_id)
            if not isinstance(recording, Recording) or recording.is_message or recording.state != "done":
                return False
            customer, turns = recording.customer_speaker, await turns_of(tx, recording_id)
            if customer is not None and not await self._moods.is_due(tx, recording, customer, turns):
                return False
            await self._moods.forget(tx, recording_id)
            is_due = customer is not None and await self._queue.reopen(tx, recording_id)
        if is_due:
            self._start(False)
        return is_due

    # --- one lane ---------------------------------------------------------------------------------------------------

    def _start(self, is_brief: bool) -> None:
        if self._is_closing:
            return
        if (alarm := self._alarms.pop(is_brief, None)) is not None:
            alarm.cancel()
        if is_brief in self._lanes:
            self._once_more.add(is_brief)
        else:
            self._lanes[is_brief] = asyncio.create_task(self._work(is_brief))

    async def _work(self, is_brief: bool) -> None:
        try:
            while not self._is_closing:
                self._once_more.discard(is_brief)
                if not is_brief:
                    await self._queue.line_up()
                job = await self._queue.claim(is_brief)
                if isinstance(job, Job):
                    await self._step(job, tells=True)
                elif is_brief not in self._once_more:
                    if job is not None:
                        self._look_again(is_brief, job)
                    return
        except Exception as fault:  # the database is away: rows keep their leases, the sweep comes back to them
            log.error("listening stopped", error=name_fault(fault))
        finally:
            del self._lanes[is_brief]
            if is_brief in self._once_more:
                self._start(is_brief)

    def _look_again(self, is_brief: bool, at: datetime) -> None:
        pause = max(0.0, (at - self._now()).total_seconds())
        if not self._is_closing and is_brief not in self._alarms:
            self._alarms[is_brief] = asyncio.get_running_loop().call_later(pause, self._start, is_brief)

    # --- one step ---------------------------------------------------------------------------------------------------

    async def _step(self, job: Job, *, tells: bool) -> NoWords | None:
        """Open the recording, or listen to its next piece. Says why where there is no next step now."""
        try:
            recording, left = await self._left_of(job)
            if recording.state == "done" and job.plan is not None:
                await self._judge_again(replace(job, states=("done",)), recording, job.plan)
                return None
            if job.attempt > MOST_ATTEMPTS and left != []:  # it took its process down each time
                raise CannotHear("broken")
            if job.plan is None or left is None:
                return await self._open(job, recording, tells=tells)
            if left:
                await self._hear(job, recording, job.plan, left[0])
            if len(left) <= 1:
                await self._judge(job, recording, job.plan)
                await self._end(job, "done", "", tells=tells)
            else:
                async with self._store.write() as tx:
                    await self._keep(tx, job, **self._released(tells=tells), attempts=0)
        except Gone:
            await self._let_go(job)
        except CannotHear as fault:
            return await self._cannot(job, fault.reason, tells=tells)
        except SealBroken:
            return await self._cannot(job, "seal_broken", tells=tells)
        except Exception as fault:
            log.error("step failed", recording=job.recording_id, attempt=job.attempt, error=name_fault(fault))
            if isinstance(fault, OSError) and fault.errno in _FULL:  # somebody makes room, and it goes on
                return await self._cannot(job, "no_room", tells=tells)
            if job.attempt >= MOST_ATTEMPTS:
                return await self._cannot(job, "broken", tells=tells)
            with suppress(Gone):
                async with self._store.write() as tx:
                    await self._keep(tx, job, **self._released(tells=tells))
        return None

    async def _left_of(self, job: Job) -> tuple[Recording, list[int] | None]:
        """The recording, and the pieces of it that are still to be heard, None before it was opened. Raises Gone."""
        async with self._store.read() as tx:
            recording = await _recording(tx, job.recording_id)
            parts = select(RecordingPartRow.number).where(RecordingPartRow.recording_id == job.recording_id)
            done = set((await tx.execute(parts)).scalars())
        if recording.state not in (*job.states, "done"):
            raise Gone
        return recording, None if job.plan is None else [at for at in range(len(job.plan.pieces)) if at not in done]

    def _released(self, *, tells: bool) -> dict[str, Any]:
        """A step is over; what a conversation waits for is left to it."""
        return {"owner": "", "lease_until": None if tells else self._now() + HELD}

    async def _open(self, job: Job, recording: Recording, *, tells: bool) -> NoWords | None:
        loop = asyncio.get_running_loop()
        self._seen.begin(recording)

        def looked(opening: Opening) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._seen.looked, job, recording, opening)

        look, names = (None if job.is_brief else looked), await self._likely(recording)
        async with self._opened(job, recording) as file:
            keep = partial(self._decoded.keep, recording.id)
            plan = await self._in_a_thread(job, lambda stop: self._listener.plan(file, stop.is_set, look, names, keep))
        if not plan.pieces:
            raise CannotHear("silence")
        is_brief = job.is_brief and plan.duration <= LONGEST_MESSAGE.total_seconds()
        async with self._store.write() as tx:
            kept = PLAN.dump_python(plan, mode="json")
            released = self._released(tells=tells or not is_brief)
            await self._keep(tx, job, plan=kept, attempts=0, is_brief=is_brief, **released)
            begin = BeginListening(recording.id, round(plan.duration * 1000), plan.two_channels)
            await self._shelf.order(tx, begin, HOUSE, f"listen:{recording.id}:{job.owner}", f"recording:{recording.id}")
        if job.is_brief and not is_brief:
            self._start(False)
            return NoWords("long", waits=True, is_long=True) if not tells else None
        return None

    async def _hear(self, job: Job, recording: Recording, plan: Plan, number: int) -> None:
        loop, span = asyncio.get_running_loop(), plan.pieces[number].span
        self._seen.begin(recording)

        def said(turn: Turn) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._seen.said, job, recording, turn, plan.duration)

        names = await self._likely(recording)

        def work(source: Path | Decoded, stop: threading.Event) -> tuple[Turn, ...]:
            keep = self._decoded.keeper(recording.id, plan.duration) if isinstance(source, Path) else None
            return self._listener.hear(source, plan, number, said, stop.is_set, names, keep)

        turns = await self._with_sound(job, recording, work)
        row = {
            "recording_id": recording.id,
            "number": number,
            "start_ms": round(span.start * 1000),
            "end_ms": round(span.end * 1000),
            "turns": TURNS.dump_python(turns, mode="json"),
            "model": self._listener.model,
            "at": self._now(),
        }
        async with self._store.write() as tx:
            await self._keep(tx, job, attempts=0)
            await tx.execute(RecordingPartRow.__table__.insert().values(**row))  # type: ignore[attr-defined]

    async def _judge(self, job: Job, recording: Recording, plan: Plan) -> bool:
        """How the customer sounded. A call is told without it where that cannot be said; whether it was judged now."""
        async with self._store.read() as tx:
            turns = await turns_of(tx, recording.id)
            customer = recording.customer_speaker if recording.state == "done" else self._customer_of(plan, turns)[0]
            if (
                customer is None
                or job.attempt > MOST_ATTEMPTS
                or not await self._moods.is_due(tx, recording, customer, turns)
            ):
                return False
        try:
            drawn = await self._with_sound(
                job, recording, lambda source, stop: self._moods.think(source, plan, turns, customer, stop.is_set)
            )
            async with self._store.write() as tx:
                await self._keep(tx, job, attempts=0)
                await self._moods.keep(tx, recording.id, drawn)
        except Gone:
            raise
        except Exception as fault:
            log.warning("mood not judged", recording=recording.id, error=name_fault(fault))
            return False
        return True

    async def _judge_again(self, job: Job, recording: Recording, plan: Plan) -> None:
        """The one step of a call that was heard long ago and has another customer now."""
        try:
            is_new = await self._judge(job, recording, plan)
        except Gone:
            await self._let_go(job)
            return
        async with self._store.write() as tx:
            with suppress(Gone):
                await self._keep(tx, job, is_over=True, lease_until=None)
                turns = await turns_of(tx, recording.id)
                await self._tells.judged_again(tx, recording, turns, job.owner, is_new=is_new)

    async def _end(self, job: Job, state: Literal["done", "failed"], reason: str, *, tells: bool) -> None:
        """Close it and tell it. What takes long is done before the transaction, which holds everybody up, and done again
        where the turns or the record have become others meanwhile."""
        words: Words | None = None
        for is_last in (False, False, True):
            end, turns, recording = await self._as_it_ends(job, state, reason)
            why = reason or _no_words(turns)
            is_told = tells and not (job.is_brief and turns and why != NOT_UNDERSTOOD)
            ahead = ReadAhead(recording, turns, {})
            if is_told and not why:
                ahead = await self._held(job, asyncio.ensure_future(self._tells.read(recording, turns)))
            with suppress(_ReadOtherwise):
                async with self._store.write() as tx:
                    if not await self._close(tx, job, end):
                        break  # cancelled at the last moment
                    recording, turns = await _recording(tx, job.recording_id), await turns_of(tx, job.recording_id)
                    if (ahead.recording, ahead.turns) != (recording, turns) and not is_last:
                        raise _ReadOtherwise
                    if is_told:
                        await self._tells.ended(tx, recording, turns, why, job.owner, ahead)
                    elif tells:
                        words = self._as_words(turns)
                break
        self._seen.forget(job.recording_id)
        await asyncio.to_thread(self._decoded.forget, job.recording_id)
        if words is not None:
            await self._speak(job.recording_id, words)

    async def _as_it_ends(
        self, job: Job, state: Literal["done", "failed"], reason: str
    ) -> tuple[EndListening, tuple[Turn, ...], Recording]:
        """The end as a command, everything that was heard, and the record as it will be then."""
        async with self._store.read() as tx:
            turns, recording = await turns_of(tx, job.recording_id), await _recording(tx, job.recording_id)
        if not reason and _no_words(turns) == NOT_UNDERSTOOD:  # another model may, and is asked when somebody says so
            state, reason = "failed", NOT_UNDERSTOOD
        customer, certainty = self._customer_of(job.plan, turns)
        end = EndListening(job.recording_id, state, reason, self._listener.model, customer, certainty)
        return end, turns, replace(recording, **end.wanted)

    def _customer_of(self, plan: Plan | None, turns: Sequence[Turn]) -> tuple[str | None, float]:
        """Which speaker is the customer, and how certain that is: by the channel where the house has said so, else by what
        is said."""
        channel = self._shelf.rules.customer_channel
        if channel is not None and plan is not None and plan.two_channels:
            return NAMES[channel], 1.0
        return customer_of(turns, shipped_cues())

    async def _close(self, tx: Tx, job: Job, end: EndListening) -> bool:
        await self._keep(tx, job, is_over=True, lease_until=None)
        cause = f"heard:{job.recording_id}:{job.owner}"
        return (await self._shelf.order(tx, end, HOUSE, cause, f"recording:{job.recording_id}")).kind == "done"

    async def _speak(self, recording_id: str, words: Words) -> None:
        """A voice message that could not be heard when it came is heard now, as a message of its own."""
        arrivals = select(RecordingArrivalRow.message).where(RecordingArrivalRow.recording_id == recording_id)
        async with self._store.read() as tx:
            messages = [message_from_json(one) for one in (await tx.execute(arrivals)).scalars()]
        for message in messages:
            await self._accept(replace(message, key=f"{message.key}:heard", text=words.text, spoken=words.spoken))

    async def _cannot(self, job: Job, reason: str, *, tells: bool) -> NoWords:
        """What cannot be listened to: it waits for what somebody here can bring, else it ends with its reason."""
        self._seen.forget(job.recording_id)
        if reason not in WAITS_FOR:
            with suppress(Gone):
                await self._end(job, "failed", reason, tells=tells)
            return NoWords(reason)
        with suppress(Gone):
            async with self._store.write() as tx:
                await self._keep(tx, job, lease_until=self._now() + TRY_AGAIN, attempts=0, owner="")
                untold = RecordingArrivalRow.is_told_of_wait.is_(False)
                waiting = (RecordingArrivalRow.recording_id == job.recording_id, untold)
                is_news = (await tx.execute(select(RecordingArrivalRow.key).where(*waiting).limit(1))).first() is not None
                if is_news and tells:
                    await self._tells.waits(tx, await _recording(tx, job.recording_id), reason)
                await tx.execute(update(RecordingArrivalRow).where(*waiting).values(is_told_of_wait=True))
        if not tells:
            self._look_again(True, self._now() + TRY_AGAIN)
        return NoWords(reason, waits=True)

    async def _let_go(self, job: Job) -> None:
        """It was cancelled or deleted, or is another worker's now, or this process ends."""
        self._seen.forget(job.recording_id)
        async with self._store.write() as tx:
            recording = await own.get(tx, "recording", job.recording_id)
            is_open = isinstance(recording, Recording) and recording.state in job.states
            with suppress(Gone):
                await self._keep(tx, job, is_over=not is_open, lease_until=None, attempts=0)
        if not is_open:
            await asyncio.to_thread(self._decoded.forget, job.recording_id)

    # --- the thread -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _opened(self, job: Job, recording: Recording) -> AsyncIterator[Path]:
        """The plain file, while it is needed."""
        ending = Path(recording.name).suffix[:8] if Path(recording.name).suffix.isascii() else ""
        file = self._home / FOLDER / OPEN_FOLDER / f"{recording.id}.{job.owner}{ending}"
        sealed = sealed_path(self._home, recording.id)
        self._open_here.add(file)
        try:
            try:
                await asyncio.to_thread(unseal_into, sealed, file, self._secret, recording.id)
            except FileNotFoundError:
                if sealed.is_file():
                    raise
                raise CannotHear("gone") from None
            try:
                yield file
            except (CannotHear, OSError) as fault:
                if file.is_file():
                    raise
                raise _TakenAway from fault
        finally:
            self._open_here.discard(file)
            file.unlink(missing_ok=True)

    async def _with_sound(self, job: Job, recording: Recording, work: Callable[[Path | Decoded, threading.Event], _T]) -> _T:
        """Work in a thread on what is decoded already; on the plain file where that is not to be had."""
        kept = await asyncio.to_thread(self._decoded.opened, recording.id)
        if kept is not None:
            with kept:
                try:
                    return await self._in_a_thread(job, partial(work, kept))
                except SealBroken:
                    await asyncio.to_thread(self._decoded.forget, recording.id)
        async with self._opened(job, recording) as file:
            return await self._in_a_thread(job, partial(work, file))

    async def _in_a_thread(self, job: Job, work: Callable[[threading.Event], _T]) -> _T:
        """Work in a thread of its own, renewing the lease. Raises Gone once the recording is cancelled or not ours."""
        stop = threading.Event()
        self._stops.add(stop)
        if self._is_closing:
            stop.set()
        result = run_beside(partial(work, stop))
        try:
            await self._renew_until(result, job, stop)
        finally:
            is_stopped = stop.is_set()
            stop.set()
            self._stops.discard(stop)
        if is_stopped or not await self._is_wanted(job, renews=True):
            result.exception()  # whatever it was, it counts no more
            raise Gone
        return result.result()

    async def _held(self, job: Job, result: "asyncio.Future[_T]") -> _T:
        """What becomes of it, while the lease is renewed. Raises Gone, and waits no longer, once it is not wanted."""
        stop = threading.Event()
        self._stops.add(stop)
        if self._is_closing:
            stop.set()
        try:
            await self._renew_until(result, job, stop, waits=False)
        finally:
            self._stops.discard(stop)
            if not result.done():
                result.cancel()
        if stop.is_set():
            raise Gone
        return result.result()

    async def _renew_until(
        self, result: "asyncio.Future[_T]", job: Job, stop: threading.Event, *, waits: bool = True
    ) -> None:
        """Return when it is there; `stop` is set once it is not wanted, and then it is waited for no more unless `waits`."""
        renewed = asyncio.get_running_loop().time()
        while not (await asyncio.wait({result}, timeout=_LOOK_EVERY))[0]:
            if stop.is_set():
                if not waits:
                    return
                continue
            is_due = asyncio.get_running_loop().time() - renewed >= self._queue.lease.total_seconds() / 4
            renewed = asyncio.get_running_loop().time() if is_due else renewed
            if not await self._is_wanted(job, renews=is_due):
                stop.set()

    async def _is_wanted(self, job: Job, *, renews: bool) -> bool:
        state = select(RecordingRow.state).where(RecordingRow.id == job.recording_id)
        async with self._store.read() as tx:
            if await tx.scalar(state) not in job.states:
                return False
        if renews:
            try:
                async with self._store.write() as tx:
                    await self._keep(tx, job, lease_until=self._now() + self._queue.lease)
            except Gone:
                return False
        return True

    # --- what is left behind -----------------------------------------------------------------------------------------

    async def _tidy(self) -> None:
        """Take away plain files that a process left when it died: those of steps that are in nobody's hands any more; and
        what is decoded of recordings that are not listened to any more."""
        if decoded := await asyncio.to_thread(self._decoded.ids):
            heard = select(ListeningRow.recording_id).where(ListeningRow.is_over.is_(False))
            async with self._store.read() as tx:
                decoded -= set((await tx.execute(heard)).scalars())
            await asyncio.to_thread(self._decoded.forget_all, decoded)
        folder = self._home / FOLDER / OPEN_FOLDER
        files = await asyncio.to_thread(_files_in, folder)
        if not files:
            return
        held = select(ListeningRow.owner).where(ListeningRow.lease_until > self._now(), ListeningRow.owner != "")
        async with self._store.read() as tx:
            owners = set((await tx.execute(held)).scalars())
        for file in files:
            # a lease may be over only by a clock that has jumped; what is open here is taken away by whoever opened it
            if file not in self._open_here and not any(owner in file.name for owner in owners):
                file.unlink(missing_ok=True)


def _no_words(turns: Sequence[Turn]) -> str:
    """Why there is nothing to read in what was heard; empty where there is."""
    if not turns:
        return "silence"
    return NOT_UNDERSTOOD if all(turn.lang == UNKNOWN for turn in turns) else ""


async def _recording(tx: Tx, recording_id: str) -> Recording:
    recording = await own.get(tx, "recording", recording_id)
    if not isinstance(recording, Recording):
        raise Gone
    return recording


def _files_in(folder: Path) -> Iterable[Path]:
    return tuple(folder.iterdir()) if folder.is_dir() else ()
