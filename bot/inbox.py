"""What was said and not yet answered: a message is written down here before the platform is told that it arrived.

The first station of the road. Each conversation is worked on one message at a time, in the order of arrival; many
conversations go on side by side. A row carries a lease while a process works on it, so that what a dead process left
is taken up by the next sweep, of any process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import bindparam, func, select, text, update

from actions.outside.insert_new import insert_new
from actions.outside.shared_write import SharedWrite
from actions.outside.store import Store, Tx
from actions.outside.tables import InboxRow
from bot.fault import name_fault
from bot.message import Message, message_from_json, message_to_json

LEASE = timedelta(seconds=20)
"""How long a silent worker is presumed alive; it renews the lease four times as often."""

MOST_ATTEMPTS = 3
RETRY_AFTER = (timedelta(seconds=2), timedelta(seconds=10))
"""Pauses after the first and the second failed attempt; the rest of the conversation waits, to keep its order."""

_OPEN = ("accepted", "working")
_TURNSTILE = 7274101
_LOOK_AGAIN = timedelta(milliseconds=100)
_TAKEN_OVER = timedelta(seconds=5)

log = structlog.get_logger(__name__)

# made once: every message needs these, and making a statement costs more than carrying it out
_LAST = select(func.max(InboxRow.seq))
_BUSY = (
    select(InboxRow.conversation)
    .where(InboxRow.conversation.in_(bindparam("conversations", expanding=True)), InboxRow.state.in_(_OPEN))
    .distinct()
)
_HEAD = (
    select(InboxRow.key, InboxRow.message, InboxRow.attempts, InboxRow.lease_until)
    .where(InboxRow.conversation == bindparam("line"), InboxRow.state.in_(_OPEN))
    .order_by(InboxRow.seq)
    .limit(1)
)
_END = (
    update(InboxRow)
    .where(
        InboxRow.key == bindparam("this"),
        InboxRow.state == "working",
        InboxRow.attempts == bindparam("attempt"),
    )
    .values({name: bindparam(f"new_{name}") for name in ("state", "error", "lease_until", "done_at")})
)


@dataclass(frozen=True)
class _Taken:
    """A message in this process's hands. `attempt` tells it apart from the same message in later hands."""

    message: Message
    attempt: int


@dataclass(frozen=True)
class _Ended:
    """How one attempt ended; `not_before` is when the next may begin."""

    key: str
    attempt: int
    state: Literal["done", "failed", "accepted"]
    error: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True)
class _Step:
    """Write down how the last attempt ended, if there was one, and take what is next in this conversation."""

    conversation: str
    ended: _Ended | None


_Next = _Taken | datetime | None
"""The next message; or when to look again; or nothing left."""


class Inbox:
    """Accepts messages for good and has each handled.

    `handle` does the whole road for one message; when it raises, the attempt has failed and is made again after a pause,
    so it must bear being called again for the same message. After the last attempt `on_failed` tells the person; it is
    called again only if the process dies before that is written down.
    """

    def __init__(
        self,
        store: Store,
        handle: Callable[[Message], Awaitable[None]],
        now: Callable[[], datetime],
        *,
        on_failed: Callable[[Message], Awaitable[None]],
        concurrency: int = 32,
    ) -> None:
        self._store = store
        self._handle = handle
        self._on_failed = on_failed
        self._now = now
        self._slots = asyncio.Semaphore(concurrency)
        self._take_in = SharedWrite[Message, tuple[bool, _Taken | None]](store, self._write_arrivals)
        self._advance = SharedWrite[_Step, _Next](store, self._write_steps)
        self._renew = SharedWrite[_Taken, bool](store, self._write_renewals)
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._once_more: dict[str, _Taken | None] = {}
        self._alarms: dict[str, asyncio.TimerHandle] = {}
        self._here: set[str] = set()
        self._in_hand: dict[str, _Taken] = {}
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._is_closing = False

    async def accept(self, message: Message) -> bool:
        """Write the message down and start on it; False if it is a redelivery. Raises when it could not be kept."""
        # the work must begin even if whoever delivered it hangs up now
        return await asyncio.shield(asyncio.ensure_future(self._accept(message)))

    async def wait_done(self, key: str, patience: timedelta) -> bool:
        """Wait until the message was handled, by whichever process. False if time ran out or it was never accepted."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience.total_seconds()
        finished: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(key, set()).add(finished)
        try:
            if key in self._here:  # then its end is told, unless another process takes it over
                await asyncio.wait({finished}, timeout=min(patience, _TAKEN_OVER).total_seconds())
            pause = _LOOK_AGAIN
            while not finished.done():
                state = await self._state(key)
                if state is None or state in ("done", "failed"):
                    return state is not None
                left = deadline - loop.time()
                if left <= 0:
                    return False
                await asyncio.wait({finished}, timeout=min(left, pause.total_seconds()))
                pause = min(2 * pause, _TAKEN_OVER)  # many waiting means much to do: they must not add to it
            return True
        finally:
            self._forget_waiter(key, finished)

    async def sweep(self) -> None:
        """Take up what is unfinished and in nobody's hands. Called at start and every minute."""
        async with self._store.read() as tx:
            found = await tx.execute(select(InboxRow.conversation).where(InboxRow.state.in_(_OPEN)).distinct())
            for conversation in found.scalars().all():
                self._start(conversation)

    async def drain(self, patience: timedelta = timedelta(seconds=10)) -> None:
        """Let running work end; what does not end in time is put back for the next process."""
        self._is_closing = True
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()
        running = set(self._workers.values())
        if running:
            _, late = await asyncio.wait(running, timeout=patience.total_seconds())
            for worker in late:
                worker.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._put_back()

    # --- one conversation -------------------------------------------------------------------------------------------------

    async def _accept(self, message: Message) -> bool:
        is_new, taken = await self._take_in(message)
        if is_new:
            log.info("accepted", message=message.key, channel=message.address.channel)
            self._here.add(message.key)
            self._start(message.address.key, taken)
        return is_new

    def _start(self, conversation: str, taken: _Taken | None = None) -> None:
        if self._is_closing:
            return
        alarm = self._alarms.pop(conversation, None)
        if alarm is not None:
            alarm.cancel()
        if conversation not in self._workers:
            self._workers[conversation] = asyncio.create_task(self._work(conversation, taken))
        elif taken is not None or conversation not in self._once_more:
            self._once_more[conversation] = taken  # its worker looks here before it leaves

    async def _work(self, conversation: str, taken: _Taken | None) -> None:
        try:
            while True:
                await self._work_off(conversation, taken)
                if conversation not in self._once_more or self._is_closing:
                    return
                taken = self._once_more.pop(conversation)
        except Exception as fault:  # the database is away: rows keep their leases, the sweep comes back to them
            log.error("inbox stopped", error=name_fault(fault))
        finally:
            del self._workers[conversation]
            self._once_more.pop(conversation, None)

    async def _work_off(self, conversation: str, taken: _Taken | None) -> None:
        step: _Next = taken or await self._advance(_Step(conversation, None))
        while isinstance(step, _Taken):
            self._in_hand[step.message.key] = step
            if self._is_closing:
                return
            ended = await self._attempt(step)
            following = await self._advance(_Step(conversation, ended))
            del self._in_hand[step.message.key]
            if ended.state != "accepted":
                self._tell_waiters(step.message.key)
            step = following
        if isinstance(step, datetime):
            self._look_again(conversation, step)

    async def _attempt(self, taken: _Taken) -> _Ended:
        key = taken.message.key
        if taken.attempt > MOST_ATTEMPTS:  # it took its process down each time
            return await self._give_up(taken, "the process ended during every attempt")
        work = asyncio.create_task(self._in_a_slot(taken.message))
        try:
            while not (await asyncio.wait({work}, timeout=LEASE.total_seconds() / 4))[0]:
                await self._renew(taken)
        except BaseException:
            work.cancel()
            raise
        fault = work.exception()
        if fault is None:
            return _Ended(key, taken.attempt, "done")
        error = name_fault(fault)
        log.error("attempt failed", message=key, attempt=taken.attempt, error=error)
        if taken.attempt >= MOST_ATTEMPTS:
            return await self._give_up(taken, error)
        return _Ended(key, taken.attempt, "accepted", error, self._now() + RETRY_AFTER[taken.attempt - 1])

    async def _in_a_slot(self, message: Message) -> None:
        async with self._slots:
            await self._handle(message)

    async def _give_up(self, taken: _Taken, error: str) -> _Ended:
        log.error("message failed", message=taken.message.key, error=error)
        try:
            await self._on_failed(taken.message)
        except Exception as fault:
            log.error("could not tell of the failure", message=taken.message.key, error=name_fault(fault))
        return _Ended(taken.message.key, taken.attempt, "failed", error)

    def _look_again(self, conversation: str, at: datetime) -> None:
        if not self._is_closing and conversation not in self._alarms:
            pause = max(0.0, (at - self._now()).total_seconds())
            self._alarms[conversation] = asyncio.get_running_loop().call_later(pause, self._start, conversation)

    # --- waiting callers --------------------------------------------------------------------------------------------------

    async def _state(self, key: str) -> str | None:
        async with self._store.read() as tx:
            state: str | None = await tx.scalar(select(InboxRow.state).where(InboxRow.key == key))
            return state

    def _tell_waiters(self, key: str) -> None:
        self._here.discard(key)
        for waiter in self._waiting.get(key, ()):
            if not waiter.done():
                waiter.set_result(None)

    def _forget_waiter(self, key: str, waiter: asyncio.Future[None]) -> None:
        waiters = self._waiting[key]
        waiters.discard(waiter)
        if not waiters:
            del self._waiting[key]

    # --- rows ------------------------------------------------------------------------------------------------------------

    async def _write_arrivals(self, tx: Tx, messages: Sequence[Message]) -> list[tuple[bool, _Taken | None]]:
        """Insert what is new; a message whose conversation is at rest is taken into hand in the same stroke."""
        await _line_up(tx)
        now = self._now()
        last: int | None = await tx.scalar(_LAST)
        conversations = {message.address.key for message in messages}
        found = await tx.execute(_BUSY, {"conversations": sorted(conversations)})
        busy = set(found.scalars())
        rows: dict[str, dict[str, Any]] = {}
        for place, message in enumerate(messages):
            conversation = message.address.key
            if message.key not in rows:
                rows[message.key] = self._row(message, (last or 0) + 1 + place, conversation not in busy, now)
                busy.add(conversation)
        new = set(await insert_new(tx, InboxRow, list(rows.values()), InboxRow.key))
        results: list[tuple[bool, _Taken | None]] = []
        for message in messages:
            is_new = message.key in new
            new.discard(message.key)  # the same message twice in one batch is new once
            is_taken = is_new and rows[message.key]["state"] == "working"
            results.append((is_new, _Taken(message, 1) if is_taken else None))
        return results

    def _row(self, message: Message, seq: int, is_free: bool, now: datetime) -> dict[str, Any]:
        return {
            "key": message.key,
            "seq": seq,
            "conversation": message.address.key,
            "message": message_to_json(message),
            "state": "working" if is_free else "accepted",
            "attempts": 1 if is_free else 0,
            "accepted_at": now,
            "lease_until": now + LEASE if is_free else None,
        }

    async def _write_steps(self, tx: Tx, steps: Sequence[_Step]) -> list[_Next]:
        await _line_up(tx)
        now = self._now()
        for step in steps:
            if step.ended is not None:
                await self._write_end(tx, step.ended, now)
        return [None if self._is_closing else await self._take_next(tx, step.conversation, now) for step in steps]

    async def _write_end(self, tx: Tx, ended: _Ended, now: datetime) -> None:
        new = {
            "new_state": ended.state,
            "new_error": ended.error,
            "new_lease_until": ended.not_before,
            "new_done_at": None if ended.state == "accepted" else now,
        }
        await tx.execute(_END, {"this": ended.key, "attempt": ended.attempt, **new})

    async def _take_next(self, tx: Tx, conversation: str, now: datetime) -> _Next:
        found = await tx.execute(_HEAD, {"line": conversation})
        head = found.first()
        if head is None:
            return None
        if head.lease_until is not None and head.lease_until > now:
            until: datetime = head.lease_until
            return until
        await tx.execute(
            update(InboxRow)
            .where(InboxRow.key == head.key)
            .values(state="working", attempts=head.attempts + 1, lease_until=now + LEASE)
        )
        return _Taken(message_from_json(head.message), head.attempts + 1)

    async def _write_renewals(self, tx: Tx, taken: Sequence[_Taken]) -> list[bool]:
        return [await self._set_lease(tx, one, self._now() + LEASE) for one in taken]

    async def _set_lease(self, tx: Tx, taken: _Taken, until: datetime) -> bool:
        done = await tx.execute(
            update(InboxRow)
            .where(InboxRow.key == taken.message.key, InboxRow.state == "working", InboxRow.attempts == taken.attempt)
            .values(lease_until=until)
        )
        return done.rowcount == 1

    async def _put_back(self) -> None:
        if self._in_hand:
            async with self._store.write() as tx:
                for taken in self._in_hand.values():
                    await self._set_lease(tx, taken, self._now())
            self._in_hand.clear()


async def _line_up(tx: Tx) -> None:
    """Processes write to the inbox one after the other: so `seq` follows the commits, and no message slips between one
    process's last look at a conversation and another's insert. SQLite has one writer anyway."""
    if tx.dialect.name != "sqlite":
        await tx.execute(text(f"select pg_advisory_xact_lock({_TURNSTILE})"))
