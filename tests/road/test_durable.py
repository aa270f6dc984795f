"""The durable engine itself, really launched on SQLite: it rings, it survives a kill, one process at a time sits there."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actions.outside.durable import Durable

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
async def durable(tmp_path: Path) -> AsyncIterator[Durable]:
    durable = Durable(f"sqlite:///{tmp_path / 'parley.db'}", tmp_path, now)
    yield durable
    await durable.stop()


async def test_the_engine_rings_once_what_is_due_and_a_second_process_gets_no_seat(durable: Durable, tmp_path: Path) -> None:
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

    beside = Durable(f"sqlite:///{tmp_path / 'parley.db'}", tmp_path, now)
    assert beside._take_seat() is None
    assert not beside.is_up
    await beside.wake("r3", now())


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
