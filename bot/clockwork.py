"""The second door of the road: what is due at a time, and the regular look at everything that was left lying.

A timer is a row; the engine only rings. Firing claims the row for a while, runs what its kind means, and marks it fired;
a process that dies in between leaves a claim that runs out. What a handler does must therefore bear a second time: deeds
and sends do, by their keys.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import select, update

from actions.outside.store import Store, Tx
from actions.outside.tables import TimerRow
from bot.fault import name_fault

LEASE = timedelta(seconds=60)
SWEEP_EVERY = timedelta(minutes=1)
HORIZON = timedelta(minutes=2)
"""The sweep winds up what is due this soon, in case whoever wrote the row had no engine."""

AT_ONCE = 16
MOST_ATTEMPTS = 10
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Timer:
    """Something whose time has come. `kind` names its handler, `data` is what the handler needs (JSON)."""

    key: str
    kind: str
    due_at: datetime
    data: Mapping[str, Any]


class Engine(Protocol):
    """What rings: actions/outside/durable.py, or nothing but the sweep."""

    async def start(self, fire: Callable[[str], Coroutine[Any, Any, None]]) -> None: ...

    async def stop(self) -> None: ...

    async def up(self) -> None: ...

    async def wake(self, key: str, due_at: datetime) -> None: ...


@dataclass(frozen=True)
class _Claim:
    timer: Timer
    attempt: int


class Clockwork:
    """Fires timers and sweeps once a minute. `sweeps` are further looks to take then (inbox, outbox)."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        handlers: Mapping[str, Callable[[Timer], Awaitable[None]]],
        now: Callable[[], datetime],
        *,
        sweeps: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._store = store
        self._engine = engine
        self._handlers = handlers
        self._now = now
        self._sweeps = sweeps
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarms: dict[str, asyncio.TimerHandle] = {}
        self._rounds: list[asyncio.Task[None]] = []
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def start(self) -> None:
        """Sweep now and every minute from here on; the engine comes up beside that."""
        await self._engine.start(self.fire)
        self._rounds = [asyncio.create_task(self._go_round()), asyncio.create_task(self._wind_up())]

    async def stop(self, patience: timedelta = timedelta(seconds=10)) -> None:
        """Let what is being fired end, then bring the engine down. What does not end in time is fired again later."""
        for one in self._rounds:
            one.cancel()
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()
        await asyncio.gather(*self._rounds, return_exceptions=True)
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=patience.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._engine.stop()

    def arm(self, keys: Iterable[str]) -> None:
        """Tell the engine of timers just written. Call it after the commit; forgetting it costs up to a minute."""
        self._in_background(self._arm(tuple(keys)))

    async def fire(self, key: str) -> None:
        """Do what this timer is for, if it is due, waiting, and in nobody else's hands. Never raises."""
        try:
            async with self._slots:
                claim = await self._claim(key)
                if isinstance(claim, _Claim):
                    await self._run(claim)
                    return
            if claim is not None:
                self._look_again(key, claim)
        except Exception as fault:  # the database is away: the sweep comes back to it
            log.error("timer not fired", timer=key, error=name_fault(fault))

    async def sweep(self) -> None:
        """Fire what is due, wind up what soon will be, and take the other looks. Never raises."""
        for look in (self._sweep_timers, *self._sweeps):
            try:
                await look()
            except Exception as fault:
                log.error("sweep failed", error=name_fault(fault))

    async def rest(self) -> None:
        """Wait until nothing is being fired or armed in this process."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    # --- rounds -----------------------------------------------------------------------------------------------------------

    async def _go_round(self) -> None:
        while True:
            await self.sweep()
            await asyncio.sleep(SWEEP_EVERY.total_seconds())

    async def _wind_up(self) -> None:
        await self._engine.up()
        with suppress(Exception):  # the next round does the same
            await self._sweep_timers()

    async def _sweep_timers(self) -> None:
        now = self._now()
        async with self._store.read() as tx:
            found = await tx.execute(
                select(TimerRow.key, TimerRow.due_at)
                .where(TimerRow.state == "waiting", TimerRow.due_at <= now + HORIZON)
                .order_by(TimerRow.due_at)
            )
            rows = found.all()
        for row in rows:
            if row.due_at <= now:
                self._in_background(self.fire(row.key))
            else:
                await self._engine.wake(row.key, row.due_at)

    async def _arm(self, keys: Sequence[str]) -> None:
        try:
            async with self._store.read() as tx:
                found = await tx.execute(
                    select(TimerRow.key, TimerRow.due_at).where(TimerRow.key.in_(keys), TimerRow.state == "waiting")
                )
                rows = found.all()
            for row in rows:
                await self._engine.wake(row.key, row.due_at)
        except Exception as fault:
            log.error("timers not armed", timers=list(keys), error=name_fault(fault))

    def _look_again(self, key: str, at: datetime) -> None:
        pause = at - self._now()
        if pause <= HORIZON and key not in self._alarms:  # what is further away is wound up again by then
            loop = asyncio.get_running_loop()
            self._alarms[key] = loop.call_later(max(0.0, pause.total_seconds()), self._ring, key)

    def _ring(self, key: str) -> None:
        self._alarms.pop(key, None)
        self._in_background(self.fire(key))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- one timer --------------------------------------------------------------------------------------------------------

    async def _run(self, claim: _Claim) -> None:
        timer = claim.timer
        try:
            await self._handle(claim)
        except Exception as fault:
            error = name_fault(fault)
            log.error("timer failed", timer=timer.key, kind=timer.kind, attempt=claim.attempt, error=error)
            if claim.attempt >= MOST_ATTEMPTS:
                await self._write(claim, state="failed", lease_until=None)
                return
            again = self._now() + min(FIRST_PAUSE * 2 ** (claim.attempt - 1), LONGEST_PAUSE)
            if await self._write(claim, lease_until=again):
                self._look_again(timer.key, again)
            return
        await self._write(claim, state="fired", lease_until=None)
        log.info("timer fired", timer=timer.key, kind=timer.kind)

    async def _handle(self, claim: _Claim) -> None:
        handler = self._handlers.get(claim.timer.kind)
        if handler is None:
            raise LookupError(claim.timer.kind)
        work = asyncio.ensure_future(handler(claim.timer))
        try:
            while not (await asyncio.wait({work}, timeout=LEASE.total_seconds() / 4))[0]:
                await self._write(claim, lease_until=self._now() + LEASE)
        except BaseException:
            work.cancel()
            raise
        work.result()

    async def _claim(self, key: str) -> _Claim | datetime | None:
        """The timer, now in our hands; or when to look again; or nothing to do."""
        async with self._store.write() as tx:
            row = (await tx.execute(select(TimerRow).where(TimerRow.key == key).with_for_update())).first()
            if row is None or row.state != "waiting":
                return None
            ready_at: datetime = max(row.due_at, row.lease_until or row.due_at)
            if ready_at > self._now():
                return ready_at
            claim = _Claim(Timer(row.key, row.kind, row.due_at, row.data), row.attempts + 1)
            lease = self._now() + LEASE
            await tx.execute(update(TimerRow).where(TimerRow.key == key).values(attempts=claim.attempt, lease_until=lease))
        return claim

    async def _write(self, claim: _Claim, **values: Any) -> bool:
        """Change the row if it is still the one claimed: its handler may have set it anew, or a person cancelled it."""
        async with self._store.write() as tx:
            return await self._change(tx, claim, values)

    async def _change(self, tx: Tx, claim: _Claim, values: Mapping[str, Any]) -> bool:
        held = (
            TimerRow.key == claim.timer.key,
            TimerRow.state == "waiting",
            TimerRow.attempts == claim.attempt,
            TimerRow.due_at == claim.timer.due_at,
        )
        return (await tx.execute(update(TimerRow).where(*held).values(**values))).rowcount == 1
