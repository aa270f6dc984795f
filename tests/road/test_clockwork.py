"""Timers: fired once when due, again when that failed, by another process when one died; and the regular sweeps."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from actions.outside.store import Store
from actions.outside.tables import TimerRow
from bot.clockwork import FIRST_PAUSE, HORIZON, LEASE, MOST_ATTEMPTS, Clockwork, Timer
from tests.fakes import FakeClock

MINUTE = timedelta(minutes=1)


@dataclass
class FakeEngine:
    """An engine that never rings by itself; it notes what it was asked to."""

    armed: list[tuple[str, datetime]] = field(default_factory=list)

    async def start(self, fire: Callable[[str], Coroutine[Any, Any, None]]) -> None: ...

    async def stop(self) -> None: ...

    async def up(self) -> None: ...

    async def wake(self, key: str, due_at: datetime) -> None:
        self.armed.append((key, due_at))


@dataclass
class House:
    """A clockwork whose one handler notes what it was called with, and can be told to fail."""

    store: Store
    clock: FakeClock
    engine: FakeEngine = field(default_factory=FakeEngine)
    fired: list[Timer] = field(default_factory=list)
    swept: int = 0
    failures: int = 0

    def __post_init__(self) -> None:
        handlers = {"reminder": self._remind, "hang": self._hang}
        self.hanging = asyncio.Event()
        self.work = Clockwork(self.store, self.engine, handlers, self.clock, sweeps=[self._break, self._look])

    async def _remind(self, timer: Timer) -> None:
        self.fired.append(timer)
        if self.failures:
            self.failures -= 1
            raise ConnectionError

    async def _hang(self, timer: Timer) -> None:
        self.hanging.set()
        await asyncio.Event().wait()

    async def _break(self) -> None:
        raise LookupError

    async def _look(self) -> None:
        self.swept += 1

    async def write(self, key: str, after: timedelta, kind: str = "reminder") -> None:
        async with self.store.write() as tx:
            due_at = self.clock() + after
            values = {"key": key, "kind": kind, "due_at": due_at, "data": {"id": key}, "state": "waiting", "attempts": 0}
            await tx.execute(insert(TimerRow).values(values))

    async def sweep(self) -> None:
        await self.work.sweep()
        await self.work.rest()

    async def state(self, key: str) -> str:
        async with self.store.read() as tx:
            return str(await tx.scalar(select(TimerRow.state).where(TimerRow.key == key)))

    @property
    def keys(self) -> list[str]:
        return [timer.key for timer in self.fired]


@pytest.fixture
def house(store: Store, clock: FakeClock) -> House:
    return House(store, clock)


async def test_a_due_timer_is_fired_with_its_data(house: House, clock: FakeClock) -> None:
    await house.write("r1", MINUTE)
    due_at = clock() + MINUTE
    clock.move(MINUTE)
    await house.work.fire("r1")
    assert house.fired == [Timer("r1", "reminder", due_at, {"id": "r1"})]
    assert await house.state("r1") == "fired"


async def test_a_timer_is_fired_once_however_often_it_rings(house: House) -> None:
    await house.write("r1", timedelta())
    await asyncio.gather(*(house.work.fire("r1") for _ in range(10)))
    await house.work.fire("r1")
    assert house.keys == ["r1"]


async def test_a_timer_that_rings_too_early_waits_for_its_time(house: House, clock: FakeClock) -> None:
    await house.write("r1", MINUTE)
    await house.work.fire("r1")
    assert house.fired == []
    clock.move(MINUTE)
    await house.sweep()
    assert house.keys == ["r1"]
    await house.work.stop()


async def test_a_cancelled_or_unknown_timer_does_nothing(house: House) -> None:
    await house.write("r1", timedelta())
    async with house.store.write() as tx:
        await tx.execute(update(TimerRow).values(state="cancelled"))
    await house.work.fire("r1")
    await house.work.fire("never written")
    assert house.fired == []


async def test_arming_tells_the_engine_of_what_is_written(house: House, clock: FakeClock) -> None:
    await house.write("r1", timedelta(days=2))
    house.work.arm(["r1", "never written"])
    await house.work.rest()
    assert house.engine.armed == [("r1", clock() + timedelta(days=2))]


async def test_the_sweep_fires_what_is_due_and_winds_up_what_soon_is(house: House, clock: FakeClock) -> None:
    await house.write("due", timedelta())
    await house.write("soon", HORIZON)
    await house.write("later", HORIZON + MINUTE)
    await house.sweep()
    assert house.keys == ["due"]
    assert house.engine.armed == [("soon", clock() + HORIZON)]


async def test_the_other_looks_are_taken_even_if_one_of_them_fails(house: House) -> None:
    await house.sweep()
    assert house.swept == 1


async def test_a_handler_that_failed_is_called_again_after_a_pause(house: House, clock: FakeClock) -> None:
    house.failures = 1
    await house.write("r1", timedelta())
    await house.sweep()
    await house.sweep()
    assert house.keys == ["r1"]
    clock.move(FIRST_PAUSE)
    await house.sweep()
    assert house.keys == ["r1", "r1"]
    assert await house.state("r1") == "fired"
    await house.work.stop()


async def test_after_the_last_attempt_a_timer_stands_as_failed(house: House, clock: FakeClock) -> None:
    house.failures = 1000
    await house.write("r1", timedelta())
    for _ in range(MOST_ATTEMPTS + 3):
        await house.sweep()
        clock.move(timedelta(hours=1))
    assert len(house.fired) == MOST_ATTEMPTS
    assert await house.state("r1") == "failed"
    await house.work.stop()


async def test_a_timer_of_a_kind_nobody_handles_is_kept(house: House) -> None:
    await house.write("r1", timedelta(), kind="unheard of")
    await house.sweep()
    assert await house.state("r1") == "waiting"
    await house.work.stop()


async def test_what_a_dead_process_was_firing_is_fired_by_the_next_when_its_lease_ends(
    house: House, store: Store, clock: FakeClock
) -> None:
    await house.write("r1", timedelta(), kind="hang")
    await house.work.sweep()
    await house.hanging.wait()
    await house.work.stop(patience=timedelta())

    heir = House(store, clock)
    await heir.sweep()
    assert not heir.hanging.is_set()
    clock.move(LEASE)
    await heir.work.sweep()
    await heir.hanging.wait()
    await heir.work.stop(patience=timedelta())
    assert await house.state("r1") == "waiting"


async def test_a_timer_that_its_handler_sets_anew_stays_waiting(store: Store, clock: FakeClock) -> None:
    async def snooze(timer: Timer) -> None:
        async with store.write() as tx:
            await tx.execute(update(TimerRow).values(due_at=timer.due_at + MINUTE, lease_until=None))

    house = House(store, clock)
    work = Clockwork(store, FakeEngine(), {"reminder": snooze}, clock)
    await house.write("r1", timedelta())
    await work.fire("r1")
    assert await house.state("r1") == "waiting"
    clock.move(MINUTE)
    await house.sweep()
    assert house.keys == ["r1"]
