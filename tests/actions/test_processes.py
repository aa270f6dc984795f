"""Several processes over one database: of those who answer, book or undo at once exactly one does, the others are told."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from actions import audit
from actions.commands.crm import UpdateAmount
from actions.crm.records import Employee
from actions.outside.store import Store
from actions.outside.tables import DeedRow, EmployeeRow, TakenQuarterRow
from tests.actions.house import OTHER_REP, REP, FakeWorld

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)  # Tuesday, ten in the morning in Shanghai
CONSULTANT = Employee("E31", "样例顾问", "", "consultant", "华东", expertise="监护")


@dataclass
class Worker:
    """One of the processes, as it is spoken to."""

    process: Process

    async def hears(self, **told: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(told).encode() + b"\n")
        await self.process.stdin.drain()

    async def says(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the process has ended"
        said: dict[str, Any] = json.loads(line)
        return said


@asynccontextmanager
async def worker(url: str, home: Path) -> AsyncIterator[Worker]:
    command = (sys.executable, "-m", "tests.actions.one_of_several", url, str(home))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        yield Worker(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def workers(database_url: str, world: FakeWorld, tmp_path: Path) -> AsyncIterator[list[Worker]]:
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(worker(database_url, tmp_path)) for _ in range(2)]
        await asyncio.gather(*(one.says() for one in found))  # up
        yield found


async def at_once(workers: list[Worker], told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    await asyncio.gather(*(one.hears(**what) for one, what in zip(workers, told, strict=True)))
    return list(await asyncio.gather(*(one.says() for one in workers)))


def sorted_out(answers: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The one who did it, and the others."""
    (winner,) = [one for one in answers if one["kind"] == "done"]
    return winner, [one for one in answers if one is not winner]


async def deeds(store: Store) -> int:
    async with store.read() as tx:
        assert (await audit.verify(tx)).is_sound
        return await tx.scalar(select(func.count()).select_from(DeedRow)) or 0


async def test_one_yes_one_hour_one_undo(workers: list[Worker], world: FakeWorld) -> None:
    # one database and its processes for all three: starting them is what costs
    await _one_yes_counts(workers, world)
    await _one_gets_the_last_hour(workers, world)
    await _one_takes_it_back(workers, world)


async def _one_yes_counts(workers: list[Worker], world: FakeWorld) -> None:
    asked = await world.ask(UpdateAmount("D001", Decimal(600000)), REP)
    assert asked.kind == "waiting"
    yes = {"act": "confirm", "proposal": asked.proposal.id, "digest": asked.proposal.digest}
    answers = await at_once(workers, [{**yes, "person": person} for person in ("E11", "E20")])
    winner, others = sorted_out(answers)
    assert "60万" in winner["says"]
    assert {(one["kind"], one["says"]) for one in others} == {("already", "这件事已经办过了，没有再办一次。")}
    assert (await deeds(world.store), (await world.record("deal", "D001")).amount) == (1, Decimal(600000))


async def _one_gets_the_last_hour(workers: list[Worker], world: FakeWorld) -> None:
    async with world.store.write() as tx:
        await tx.execute(insert(EmployeeRow), [vars(CONSULTANT)])
    people = ("E01", "E05")
    ready = await at_once(workers, [{"act": "hold", "person": person, "at": AT.isoformat()} for person in people])
    assert ready == [{"ready": True}] * 2
    winner, others = sorted_out(await at_once(workers, [{}] * 2))
    assert "样例顾问" in winner["says"]
    assert [one["kind"] for one in others] == ["stale"]
    assert all("刚" in one["says"] for one in others), others
    async with world.store.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(TakenQuarterRow)) == 8


async def _one_takes_it_back(workers: list[Worker], world: FakeWorld) -> None:
    done = await world.ask(UpdateAmount("D002", Decimal(80000)), OTHER_REP, "web:9")
    assert done.kind == "done"
    before = await deeds(world.store)
    answers = await at_once(workers, [{"act": "undo", "person": "E05", "deed": done.deed}] * 2)
    winner, others = sorted_out(answers)
    assert "已撤销" in winner["says"]
    assert all(one["kind"] == "already" and one["says"] for one in others), others
    assert (await deeds(world.store), (await world.record("deal", "D002")).amount) == (before + 1, Decimal(90000))
