"""The queue of recordings: opened, listened to piece by piece in a thread, told as it goes, gone on with after a restart.

A step is to open a recording, or to listen to one of its pieces. Each is taken with a lease that is renewed while a thread
works on it, and kept in one transaction: so a piece that is done stays done, whoever dies, and no two workers do the same
piece twice. After each step it is the turn of whoever has waited longest, so that nobody's twenty files keep another's one
waiting. Short voice messages have a lane of their own. The plain file lies in the home's `recordings/open` only while a
step runs.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar
from uuid import uuid4

import structlog
from pydantic import TypeAdapter
from sqlalchemy import func, or_, select, update

from actions.commands.recordings import HOUSE, BeginListening, EndListening
from actions.crm import own
from actions.crm.records import Recording
from actions.outside.insert_new import insert_new
from actions.outside.store import Store, Tx
from actions.outside.tables import ListeningRow, RecordingArrivalRow, RecordingPartRow, RecordingRow
from actions.recordings.sealed import FOLDER, SealBroken, sealed_path, unseal_into
from bot.call_reading import CallRead
from bot.fault import name_fault
from bot.hearing import WAITS_FOR, Listener
from bot.kept_recordings import TURNS, RecordingShelf, turns_of
from bot.message import Message, Spoken, message_from_json
from voice.cannot_hear import CannotHear
from voice.plan import Opening, Plan
from voice.sides import customer_of, shipped_cues
from voice.speakers import NAMES
from voice.transcript import Turn

LEASE = timedelta(seconds=30)
TRY_AGAIN = timedelta(minutes=1)
"""How often it is looked whether what was missing (a model) is there now."""
MOST_ATTEMPTS = 3
"""Attempts at one step that broke, or took their process down, after which the recording is given up."""
LONGEST_MESSAGE = timedelta(seconds=120)
"""A voice message up to this long is read as if it had been typed; a longer one is told as a transcript."""
SURE = 0.6
"""Certainty of the words below which they are shown back before anything is done with them."""

_LOOK_EVERY = 0.5
_SHOWN_AGAIN = (1.0, 3.0, 6.0, 12.0, 30.0)
"""Seconds between two looks of one card: the first words come at once, a long call does not fill the ledger."""
_SOON, _MOST_MISSED = 0.1, 8
"""Seconds, doubled each time, after which it is looked for a card that was not there yet, and how often."""
_OPENING, _PREVIEWED, _HEARD = range(3)
"""Stages of what is shown: how far the opening is; first words from before it is opened; turns with their speakers."""
_HELD = timedelta(minutes=5)
"""How long a voice message that its conversation waits for is left to it by the lane."""
_PATIENCE = 90.0
"""Seconds that a voice message may keep its conversation waiting; afterwards its words come as a message of their own."""
_OPEN_FOLDER = "open"
_PLAN = TypeAdapter(Plan)

log = structlog.get_logger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Words:
    """What was said in a voice message."""

    spoken: Spoken
    text: str


@dataclass(frozen=True)
class NoWords:
    """Why there are none: `waits` while it stays in the queue, `is_long` where it is told as a transcript later."""

    reason: str
    waits: bool = False
    is_long: bool = False


@dataclass(frozen=True)
class Progress:
    """How far it is: seconds heard, of how many, and the last turns; while it is opened, the share (0 … 1) of that."""

    recording: Recording
    heard: float
    duration: float
    last: tuple[Turn, ...]
    opened: float | None = None


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


@dataclass(frozen=True)
class _Job:
    """A recording in this worker's hands. `plan` None: not opened yet."""

    recording_id: str
    owner: str
    plan: Plan | None
    attempt: int
    is_brief: bool


@dataclass
class _Shown:
    """What of a recording was shown: `count` times (`missed` where there was no card yet), `number` in this stage of it,
    last `at` this time of the loop.

    `waiting` has come since, and is shown when the `alarm` rings.
    """

    count: int = 0
    missed: int = 0
    number: int = 0
    at: float = float("-inf")
    stage: int = 0
    waiting: Progress | None = None
    alarm: asyncio.TimerHandle | None = None


class _ReadOtherwise(Exception):
    """What was read ahead is not what there is any more."""


class _Gone(Exception):
    """The recording was cancelled or deleted, or the lease passed to another worker."""


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
        accept: Callable[[Message], Awaitable[bool]],
        now: Callable[[], datetime],
        *,
        likely: Callable[[Recording], Awaitable[Sequence[str]]],
        lease: timedelta = LEASE,
    ) -> None:
        self._store = store
        self._home = home
        self._secret = secret
        self._listener = listener
        self._shelf = shelf
        self._tells = tells
        self._accept = accept
        self._now = now
        self._likely = likely
        self._lease = lease
        self._lanes: dict[bool, asyncio.Task[None]] = {}
        self._once_more: set[bool] = set()
        self._alarms: dict[bool, asyncio.TimerHandle] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._live: dict[str, list[Turn]] = defaultdict(list)
        self._shown: dict[str, _Shown] = defaultdict(_Shown)
        self._stops: set[threading.Event] = set()
        self._is_closing = False

    # --- what others ask --------------------------------------------------------------------------------------------

    def kick(self) -> None:
        """Look at the queue now. Call it after the commit; forgetting it costs up to a minute."""
        for is_brief in (False, True):
            self._start(is_brief)

    async def sweep(self) -> None:
        """Queue what has a basis and is in no queue, take away plain files that nobody works on, and look."""
        await self._line_up()
        await self._tidy()
        self.kick()

    async def rest(self) -> None:
        """Wait until nothing in this process is under way."""
        while running := {*self._lanes.values(), *self._telling}:
            await asyncio.wait(running)

    async def stop(self, patience: timedelta = timedelta(seconds=5)) -> None:
        """Stop listening; the piece at hand is begun anew by the next process."""
        self._is_closing = True
        for alarm in [*self._alarms.values(), *(shown.alarm for shown in self._shown.values() if shown.alarm is not None)]:
            alarm.cancel()
        for stop in self._stops:
            stop.set()
        running = {*self._lanes.values(), *self._telling}
        if running:
            _, late = await asyncio.wait(running, timeout=patience.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def at_once(self, recording_id: str) -> Words | NoWords:
        """The words of a voice message, now: its conversation waits for them."""
        async with self._store.write() as tx:
            await self._queue(tx, await _recording(tx, recording_id), is_brief=True, lease_until=self._now() + _HELD)
        ends = asyncio.get_running_loop().time() + _PATIENCE
        while (words := await self._words(recording_id)) is None:
            if asyncio.get_running_loop().time() > ends or self._is_closing:
                return NoWords("later", waits=True)
            job = await self._claim(True, recording_id)
            if not isinstance(job, _Job):
                await asyncio.sleep(0.1)
            elif (waits := await self._step(job, tells=False)) is not None:
                return waits
        return words

    async def _words(self, recording_id: str) -> Words | NoWords | None:
        async with self._store.read() as tx:
            recording = await _recording(tx, recording_id)
            turns = await turns_of(tx, recording_id) if recording.state == "done" else ()
        if recording.state == "done":
            return self._as_words(turns) if turns else NoWords("silence")
        return NoWords(recording.reason or "broken") if recording.state in ("failed", "cancelled", "deleted") else None

    def _as_words(self, turns: Sequence[Turn]) -> Words:
        """What was said as one text; sure where every turn is, and the model knows people."""
        latin = all(turn.lang == "en" for turn in turns)
        text = (" " if latin else "").join(turn.text.strip() for turn in turns)
        is_sure = not self._listener.is_synthetic and all(turn.certainty >= SURE for turn in turns)
        return Words(Spoken(is_sure, self._listener.is_synthetic), text)

    # --- the queue --------------------------------------------------------------------------------------------------

    async def _line_up(self) -> None:
        queued = select(ListeningRow.recording_id).where(ListeningRow.is_over.is_(False))
        async with self._store.write() as tx:
            is_left = or_(RecordingRow.is_message.is_(False), RecordingRow.created_at <= self._now() - _HELD)
            found = await tx.execute(
                select(RecordingRow.id).where(
                    RecordingRow.state.in_(("queued", "running")), RecordingRow.id.not_in(queued), is_left
                )
            )
            for recording in await own.by_ids(tx, "recording", list(found.scalars())):
                assert isinstance(recording, Recording)
                await self._queue(tx, recording, is_brief=recording.is_message)

    async def _queue(self, tx: Tx, recording: Recording, *, is_brief: bool, lease_until: datetime | None = None) -> None:
        """Give it a place; one that was stopped goes on where it was."""
        row = {
            "recording_id": recording.id,
            "asker": recording.by_id or recording.conversation,
            "is_brief": is_brief,
            "queued_at": self._now(),
            "turn": 0,
            "plan": None,
            "owner": "",
            "lease_until": lease_until,
            "attempts": 0,
            "is_over": False,
        }
        if await insert_new(tx, ListeningRow, [row], ListeningRow.recording_id):
            return
        if recording.state in ("queued", "running"):
            again = update(ListeningRow).where(ListeningRow.recording_id == recording.id, ListeningRow.is_over.is_(True))
            await tx.execute(again.values(is_over=False, attempts=0, owner="", lease_until=None, queued_at=self._now()))

    async def _claim(self, is_brief: bool, only: str | None = None) -> _Job | datetime | None:
        """The step whose turn it is, now ours; or when there may be one; or nothing to do. `only`: of this recording."""
        now = self._now()
        async with self._store.write() as tx:
            meant = ListeningRow.is_brief.is_(is_brief) if only is None else ListeningRow.recording_id == only
            waiting = select(ListeningRow.__table__).where(ListeningRow.is_over.is_(False), meant)
            rows = (await tx.execute(waiting.with_for_update(skip_locked=True))).all()
            ready = [row for row in rows if row.lease_until is None or row.lease_until <= now or (only and not row.owner)]
            if not ready:
                return min((row.lease_until for row in rows), default=None)
            turns = select(ListeningRow.asker, func.max(ListeningRow.turn)).group_by(ListeningRow.asker)
            had: dict[str, int] = {row[0]: row[1] for row in (await tx.execute(turns)).all()}
            row = min(ready, key=lambda one: (had[one.asker], one.queued_at, one.recording_id))
            owner = uuid4().hex
            values = {
                "owner": owner,
                "turn": max(had.values()) + 1,
                "attempts": row.attempts + 1,
                "lease_until": now + self._lease,
            }
            await tx.execute(update(ListeningRow).where(ListeningRow.recording_id == row.recording_id).values(**values))
        plan = None if row.plan is None else _PLAN.validate_python(row.plan)
        return _Job(row.recording_id, owner, plan, row.attempts + 1, row.is_brief)

    async def _keep(self, tx: Tx, job: _Job, **values: Any) -> None:
        """Change the row while it is still in our hands. Raises _Gone where it is not."""
        held = (ListeningRow.recording_id == job.recording_id, ListeningRow.owner == job.owner)
        if (await tx.execute(update(ListeningRow).where(*held).values(**values))).rowcount != 1:
            raise _Gone

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
                    await self._line_up()
                job = await self._claim(is_brief)
                if isinstance(job, _Job):
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

    async def _step(self, job: _Job, *, tells: bool) -> NoWords | None:
        """Open the recording, or listen to its next piece. Says why where there is no next step now."""
        try:
            if job.attempt > MOST_ATTEMPTS:  # it took its process down each time
                raise CannotHear("broken")
            async with self._store.read() as tx:
                recording = await _recording(tx, job.recording_id)
                parts = select(RecordingPartRow.number).where(RecordingPartRow.recording_id == job.recording_id)
                done = set((await tx.execute(parts)).scalars())
            if recording.state not in ("queued", "running"):
                raise _Gone
            if job.plan is None:
                return await self._open(job, recording, tells=tells)
            left = [number for number in range(len(job.plan.pieces)) if number not in done]
            if left:
                await self._hear(job, recording, job.plan, left[0])
            if len(left) <= 1:
                await self._end(job, "done", "", tells=tells)
            else:
                async with self._store.write() as tx:
                    await self._keep(tx, job, **self._released(tells=tells), attempts=0)
        except _Gone:
            await self._let_go(job)
        except CannotHear as fault:
            return await self._cannot(job, fault.reason, tells=tells)
        except SealBroken:
            return await self._cannot(job, "seal_broken", tells=tells)
        except Exception as fault:
            log.error("step failed", recording=job.recording_id, attempt=job.attempt, error=name_fault(fault))
            if job.attempt >= MOST_ATTEMPTS:
                return await self._cannot(job, "broken", tells=tells)
            with suppress(_Gone):
                async with self._store.write() as tx:
                    await self._keep(tx, job, **self._released(tells=tells))
        return None

    def _released(self, *, tells: bool) -> dict[str, Any]:
        """A step is over; what a conversation waits for is left to it."""
        return {"owner": "", "lease_until": None if tells else self._now() + _HELD}

    async def _open(self, job: _Job, recording: Recording, *, tells: bool) -> NoWords | None:
        loop, live = asyncio.get_running_loop(), self._live[recording.id]
        live.clear()

        def looked(opening: Opening) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._looked, job, recording, opening)

        look, names = (None if job.is_brief else looked), await self._likely(recording)
        async with self._opened(job, recording) as file:
            plan = await self._in_a_thread(job, lambda stop: self._listener.plan(file, stop.is_set, look, names))
        if not plan.pieces:
            raise CannotHear("silence")
        is_brief = job.is_brief and plan.duration <= LONGEST_MESSAGE.total_seconds()
        async with self._store.write() as tx:
            kept = _PLAN.dump_python(plan, mode="json")
            released = self._released(tells=tells or not is_brief)
            await self._keep(tx, job, plan=kept, attempts=0, is_brief=is_brief, **released)
            begin = BeginListening(recording.id, round(plan.duration * 1000), plan.two_channels)
            await self._shelf.order(tx, begin, HOUSE, f"listen:{recording.id}:{job.owner}", f"recording:{recording.id}")
        if job.is_brief and not is_brief:
            self._start(False)
            return NoWords("long", waits=True, is_long=True) if not tells else None
        return None

    async def _hear(self, job: _Job, recording: Recording, plan: Plan, number: int) -> None:
        loop, span = asyncio.get_running_loop(), plan.pieces[number].span
        live = self._live[recording.id]
        live.clear()

        def said(turn: Turn) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._said, job, recording, turn, plan.duration)

        names = await self._likely(recording)
        async with self._opened(job, recording) as file:
            turns = await self._in_a_thread(
                job, lambda stop: self._listener.hear(file, plan, number, said, stop.is_set, names)
            )
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

    async def _end(self, job: _Job, state: Literal["done", "failed"], reason: str, *, tells: bool) -> None:
        """Close it and tell it. What takes long is done before the transaction, which holds everybody up, and done again
        where the turns or the record have become others meanwhile."""
        words: Words | None = None
        for is_last in (False, False, True):
            end, turns, recording = await self._as_it_ends(job, state, reason)
            is_told = tells and not (job.is_brief and turns)
            why = reason or ("" if turns else "silence")
            ahead = ReadAhead(recording, turns, {})
            if is_told and not why:
                ahead = await self._held(job, asyncio.ensure_future(self._tells.read(recording, turns)))
            with suppress(_ReadOtherwise):
                async with self._store.write() as tx:
                    if not await self._close(tx, job, end):
                        return  # cancelled at the last moment
                    recording, turns = await _recording(tx, job.recording_id), await turns_of(tx, job.recording_id)
                    if (ahead.recording, ahead.turns) != (recording, turns) and not is_last:
                        raise _ReadOtherwise
                    if is_told:
                        await self._tells.ended(tx, recording, turns, why, job.owner, ahead)
                    elif tells:
                        words = self._as_words(turns)
                break
        self._forget(job.recording_id)
        if words is not None:
            await self._speak(job.recording_id, words)

    async def _as_it_ends(
        self, job: _Job, state: Literal["done", "failed"], reason: str
    ) -> tuple[EndListening, tuple[Turn, ...], Recording]:
        """The end as a command, everything that was heard, and the record as it will be then."""
        async with self._store.read() as tx:
            turns, recording = await turns_of(tx, job.recording_id), await _recording(tx, job.recording_id)
        customer, certainty = customer_of(turns, shipped_cues())
        channel = self._shelf.rules.customer_channel
        if channel is not None and job.plan is not None and job.plan.two_channels:
            customer, certainty = NAMES[channel], 1.0
        end = EndListening(job.recording_id, state, reason, self._listener.model, customer, certainty)
        return end, turns, replace(recording, **end.wanted)

    async def _close(self, tx: Tx, job: _Job, end: EndListening) -> bool:
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

    async def _cannot(self, job: _Job, reason: str, *, tells: bool) -> NoWords:
        """What cannot be listened to: it waits for what somebody here can bring, else it ends with its reason."""
        self._forget(job.recording_id)
        if reason not in WAITS_FOR:
            with suppress(_Gone):
                await self._end(job, "failed", reason, tells=tells)
            return NoWords(reason)
        with suppress(_Gone):
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

    async def _let_go(self, job: _Job) -> None:
        """It was cancelled or deleted, or is another worker's now, or this process ends."""
        self._forget(job.recording_id)
        async with self._store.write() as tx:
            recording = await own.get(tx, "recording", job.recording_id)
            is_open = isinstance(recording, Recording) and recording.state in ("queued", "running")
            with suppress(_Gone):
                await self._keep(tx, job, is_over=not is_open, lease_until=None, attempts=0)

    def _forget(self, recording_id: str) -> None:
        self._live.pop(recording_id, None)
        shown = self._shown.pop(recording_id, None)
        if shown is not None and shown.alarm is not None:
            shown.alarm.cancel()

    # --- the thread -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _opened(self, job: _Job, recording: Recording) -> AsyncIterator[Path]:
        """The plain file, while it is needed."""
        ending = Path(recording.name).suffix[:8] if Path(recording.name).suffix.isascii() else ""
        file = self._home / FOLDER / _OPEN_FOLDER / f"{recording.id}.{job.owner}{ending}"
        try:
            sealed = sealed_path(self._home, recording.id)
            await asyncio.to_thread(unseal_into, sealed, file, self._secret, recording.id)
            yield file
        except FileNotFoundError:
            raise CannotHear("gone") from None
        finally:
            file.unlink(missing_ok=True)

    async def _in_a_thread(self, job: _Job, work: Callable[[threading.Event], _T]) -> _T:
        """Work in a thread of its own, renewing the lease. Raises _Gone once the recording is cancelled or not ours."""
        stop = threading.Event()
        self._stops.add(stop)
        if self._is_closing:
            stop.set()
        result = _run(partial(work, stop))
        try:
            await self._renew_until(result, job, stop)
        finally:
            is_stopped = stop.is_set()
            stop.set()
            self._stops.discard(stop)
        if is_stopped or not await self._is_wanted(job, renews=True):
            result.exception()  # whatever it was, it counts no more
            raise _Gone
        return result.result()

    async def _held(self, job: _Job, result: "asyncio.Future[_T]") -> _T:
        """What becomes of it, while the lease is renewed. Raises _Gone, and waits no longer, once it is not wanted."""
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
            raise _Gone
        return result.result()

    async def _renew_until(
        self, result: "asyncio.Future[_T]", job: _Job, stop: threading.Event, *, waits: bool = True
    ) -> None:
        """Return when it is there; `stop` is set once it is not wanted, and then it is waited for no more unless `waits`."""
        renewed = asyncio.get_running_loop().time()
        while not (await asyncio.wait({result}, timeout=_LOOK_EVERY))[0]:
            if stop.is_set():
                if not waits:
                    return
                continue
            is_due = asyncio.get_running_loop().time() - renewed >= self._lease.total_seconds() / 4
            renewed = asyncio.get_running_loop().time() if is_due else renewed
            if not await self._is_wanted(job, renews=is_due):
                stop.set()

    async def _is_wanted(self, job: _Job, *, renews: bool) -> bool:
        state = select(RecordingRow.state).where(RecordingRow.id == job.recording_id)
        async with self._store.read() as tx:
            if await tx.scalar(state) not in ("queued", "running"):
                return False
        if renews:
            try:
                async with self._store.write() as tx:
                    await self._keep(tx, job, lease_until=self._now() + self._lease)
            except _Gone:
                return False
        return True

    # --- what is seen of it -----------------------------------------------------------------------------------------

    def _looked(self, job: _Job, recording: Recording, opening: Opening) -> None:
        """So much of it is opened, and these are its first words."""
        live = self._live[recording.id]
        live += opening.turns
        self._news(job, Progress(recording, 0.0, opening.duration or 0.0, tuple(live[-3:]), opening.share))

    def _said(self, job: _Job, recording: Recording, turn: Turn, duration: float) -> None:
        """A turn has come out of the thread."""
        live = self._live[recording.id]
        live.append(turn)
        self._news(job, Progress(recording, turn.end, duration, tuple(live[-3:])))

    def _news(self, job: _Job, progress: Progress) -> None:
        """Shown at once where it is the first words, else when it is time, unless there is something newer by then."""
        if self._is_closing or job.is_brief:
            return
        now, shown = asyncio.get_running_loop().time(), self._shown[progress.recording.id]
        shown.waiting = progress
        pause = _SHOWN_AGAIN[min(max(1, shown.number), len(_SHOWN_AGAIN)) - 1]
        stage = _HEARD if progress.opened is None else _PREVIEWED if progress.last else _OPENING
        if stage > shown.stage:
            shown.stage, shown.number, pause = stage, 0, 0.0
            if shown.alarm is not None:
                shown.alarm.cancel()
        elif shown.alarm is not None:
            return
        elif shown.at == float("-inf"):
            shown.at = now  # what is opened within a second needs no bar
        due = max(now, shown.at + pause)
        shown.alarm = asyncio.get_running_loop().call_at(due, self._show_next, job, progress.recording.id)

    def _show_next(self, job: _Job, recording_id: str) -> None:
        shown = self._shown[recording_id]
        progress, shown.alarm, shown.waiting = shown.waiting, None, None
        if progress is None or self._is_closing:
            return
        shown.count, shown.number, shown.at = shown.count + 1, shown.number + 1, asyncio.get_running_loop().time()
        task = asyncio.create_task(self._show(job, progress, shown.count))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _show(self, job: _Job, progress: Progress, number: int) -> None:
        try:
            is_told = await self._tells.progress(progress, int(job.owner[:8], 16) * 1000 + number)
        except Exception as fault:  # the work itself goes on
            log.error("progress not told", recording=progress.recording.id, error=name_fault(fault))
            return
        shown = self._shown.get(progress.recording.id)
        if is_told or shown is None or shown.missed >= _MOST_MISSED or self._is_closing:
            return
        shown.missed += 1  # the card itself is still on its way
        shown.waiting = shown.waiting or progress
        if shown.alarm is not None:
            shown.alarm.cancel()
        pause = _SOON * 2**shown.missed
        shown.alarm = asyncio.get_running_loop().call_later(pause, self._show_next, job, progress.recording.id)

    async def _tidy(self) -> None:
        """Take away plain files that a process left when it died: those of steps that are in nobody's hands any more."""
        folder = self._home / FOLDER / _OPEN_FOLDER
        files = await asyncio.to_thread(_files_in, folder)
        if not files:
            return
        held = select(ListeningRow.owner).where(ListeningRow.lease_until > self._now(), ListeningRow.owner != "")
        async with self._store.read() as tx:
            owners = set((await tx.execute(held)).scalars())
        for file in files:
            if not any(owner in file.name for owner in owners):
                file.unlink(missing_ok=True)


async def _recording(tx: Tx, recording_id: str) -> Recording:
    recording = await own.get(tx, "recording", recording_id)
    if not isinstance(recording, Recording):
        raise _Gone
    return recording


def _run(work: Callable[[], _T]) -> asyncio.Future[_T]:
    """In a daemon thread of its own: a model that does not stop when it should must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[_T] = loop.create_future()

    def settle(value: _T | None, fault: BaseException | None) -> None:
        if result.done():
            return
        if fault is not None:
            result.set_exception(fault)
        else:
            result.set_result(value)  # type: ignore[arg-type]  # where there was no fault there is a value

    def run() -> None:
        value, fault = None, None
        try:
            value = work()
        except BaseException as error:  # it is raised where it is waited for
            fault = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, value, fault)

    threading.Thread(target=run, name="listening", daemon=True).start()
    return result


def _files_in(folder: Path) -> Iterable[Path]:
    return tuple(folder.iterdir()) if folder.is_dir() else ()
