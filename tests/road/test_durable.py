"""The durable engine itself, really launched: it rings, it survives a kill, and each process has its own seat."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from actions.outside.durable import Durable, take_seat
from actions.outside.store import Store

ROOT = Path(__file__).parents[2]
LONGEST = 60
"""Seconds after which a test fails; nothing passes by waiting."""


def now() -> datetime:
    return datetime.now(UTC)


class Bell:
    """Notes what rang."""

    def __init__(self) -> None:
        self.rang: list[str] = []
        self.any = asyncio.Event()

    async def fire(self, key: str) -> None:
        self.rang.append(key)
        self.any.set()


@pytest.fixture
async def durable(database_url: str, tmp_path: Path) -> AsyncIterator[Durable]:
    durable = Durable(database_url, tmp_path, now, calm=timedelta())
    yield durable
    await durable.stop()


async def test_the_engine_rings_once_what_is_due(durable: Durable) -> None:
    bell = Bell()
    await durable.start(bell.fire)
    async with asyncio.timeout(LONGEST):
        await durable.up()
        overdue = now() - timedelta(hours=1)
        await durable.wake("r1", overdue)
        await durable.wake("r1", overdue)
        await bell.any.wait()
        bell.any.clear()
        await durable.wake("r2", now())
        await bell.any.wait()
    assert bell.rang == ["r1", "r2"]


async def test_before_the_engine_is_up_waking_does_nothing(durable: Durable) -> None:
    await durable.wake("r1", now())
    assert not durable.is_up


def test_beside_sqlite_there_is_one_seat_and_it_is_free_again_when_left(sqlite_url: str, tmp_path: Path) -> None:
    seat = take_seat(sqlite_url, tmp_path)
    assert seat is not None
    assert seat.is_held()
    assert take_seat(sqlite_url, tmp_path) is None
    seat.leave()
    again = take_seat(sqlite_url, tmp_path)
    assert again is not None
    again.leave()


async def test_in_postgresql_every_process_has_a_seat_of_its_own(postgres_url: str, tmp_path: Path) -> None:
    seats = [take_seat(postgres_url, tmp_path) for _ in range(3)]
    assert [seat and seat.number for seat in seats] == [1, 2, 3]
    assert seats[1] is not None
    assert seats[1].is_held()
    seats[1].leave()
    seats[1] = take_seat(postgres_url, tmp_path)
    assert [seat and seat.number for seat in seats] == [1, 2, 3]
    for seat in seats:
        assert seat is not None
        seat.leave()


async def test_a_seat_whose_connection_was_cut_is_known_to_be_lost(postgres_url: str, tmp_path: Path) -> None:
    seat = take_seat(postgres_url, tmp_path)
    assert seat is not None
    store = Store(postgres_url)
    async with store.read() as tx:
        await tx.execute(
            text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()")
        )
    assert not seat.is_held()
    seat.leave()
    await store.close()


async def start(home: Path, seconds: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.road.process_with_a_timer", str(home), seconds, stdout=PIPE, cwd=ROOT
    )


async def read_until(process: Process, line: str) -> None:
    assert process.stdout is not None
    async for one in process.stdout:
        if one.decode().strip() == line:
            return
    pytest.fail(f"the process ended without saying {line!r}")


async def test_a_timer_of_a_killed_process_is_fired_by_the_next_one(tmp_path: Path) -> None:
    async with asyncio.timeout(LONGEST):
        first = await start(tmp_path, "3")
        await read_until(first, "armed")
        first.send_signal(signal.SIGKILL)
        assert await first.wait() == -signal.SIGKILL
        second = await start(tmp_path, "-")
        await read_until(second, "fired r1")
        assert await second.wait() == 0
