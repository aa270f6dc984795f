"""Whatever platforms and processes do, each reply arrives once, in order; what cannot be known is never doubled."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from actions.outside.store import Store
from actions.outside.tables import SendRow
from bot.channels.channel import Pace
from bot.message import Address
from bot.outbox import LEASE
from tests import fakes
from tests.fakes import FakeChannel, FakeClock
from tests.road.sending import Sender, says

OUTCOMES = (
    fakes.TAKEN,
    fakes.TRY_LATER,
    fakes.RETRY_AFTER,
    fakes.LOST_BUT_ARRIVED,
    fakes.LOST_ON_THE_WAY,
    fakes.WAIT_FOR_PERSON,
    fakes.REFUSED,
    fakes.BROKEN,
    fakes.HANGS,
    fakes.HANGS_TAKEN,
)
CONVERSATIONS = ("c1", "c2")

outcome = st.tuples(st.just("will"), st.sampled_from(OUTCOMES))
put = st.tuples(st.just("put"), st.sampled_from(CONVERSATIONS))
move = st.tuples(st.just("move"), st.sampled_from((0.5, 2.0, 31.0, 61.0)))
happenings = st.one_of(
    outcome, put, put, move, st.tuples(st.sampled_from(("restart", "second process", "find fails")), st.none())
)


class World:
    """One database and one platform, and the processes that come and go."""

    def __init__(self, store: Store, can_tell: bool) -> None:
        self.store = store
        self.clock = FakeClock()
        self.channel = FakeChannel(can_tell=can_tell, longest=3, pace=Pace(timedelta(seconds=1), burst=3))
        self.senders = [Sender(store, self.clock, self.channel)]
        self.puts = 0

    async def happen(self, kind: str, what: Any) -> None:
        match kind:
            case "will":
                self.channel.will(what)
            case "put":
                await self._put(what)
            case "move":
                self.clock.move(timedelta(seconds=what))
                await self.go_on(sweep=True)
            case "restart":
                await self._restart()
            case "second process":
                self.senders.append(Sender(self.store, self.clock, self.channel))
            case "find fails":
                self.channel.finds.append(fakes.TRY_LATER)

    async def go_on(self, *, sweep: bool) -> None:
        """Let all processes work until they rest; when a call hangs, they die and one new process begins."""
        for sender in tuple(self.senders):
            if sweep:
                await sender.outbox.sweep()
        rest: asyncio.Task[Any] = asyncio.create_task(self._rest())
        hang: asyncio.Task[Any] = asyncio.create_task(self.channel.hanging.wait())
        await asyncio.wait((rest, hang), return_when=asyncio.FIRST_COMPLETED)
        hang.cancel()
        if self.channel.hanging.is_set():
            self.channel.hanging.clear()
            await self._restart()
        await rest

    async def _rest(self) -> None:
        await asyncio.gather(*(sender.outbox.rest() for sender in self.senders))

    async def come_to_rest(self) -> None:
        """The platform is well again, time passes, people write."""
        self.channel.script.clear()
        self.channel.finds.clear()
        for _ in range(12):
            self.clock.move(LEASE)
            for conversation in CONVERSATIONS:
                await self.senders[0].outbox.wake(f"fake:{conversation}")
            await self.go_on(sweep=True)

    async def _put(self, conversation: str) -> None:
        self.puts += 1
        text = f"{self.puts:02}." if self.puts % 3 else f"{self.puts:02}.{self.puts:02}!"
        sender = self.senders[-1]
        async with self.store.write() as tx:
            target = await sender.outbox.put(tx, f"m{self.puts}", Address("fake", conversation), says(text))
        sender.outbox.kick([target])
        await self.go_on(sweep=False)

    async def _restart(self) -> None:
        for sender in self.senders:
            await sender.die()
        self.senders = [Sender(self.store, self.clock, self.channel)]
        await self.senders[0].outbox.sweep()


@settings(max_examples=40)
@given(script=st.lists(happenings, max_size=25), can_tell=st.booleans())
async def test_each_reply_arrives_once_and_in_order(
    migrated: Path, tmp_path: Path, script: Sequence[tuple[str, Any]], can_tell: bool
) -> None:
    shutil.copy(migrated, tmp_path / "parley.db")
    for leftover in tmp_path.glob("parley.db-*"):
        leftover.unlink()
    store = Store(f"sqlite:///{tmp_path / 'parley.db'}")
    try:
        world = World(store, can_tell)
        for kind, what in script:
            await world.happen(kind, what)
        await world.come_to_rest()
        await check(world)
    finally:
        for sender in world.senders:
            await sender.die()
        await store.close()


async def check(world: World) -> None:
    async with world.store.read() as tx:
        rows = (await tx.execute(select(SendRow).order_by(SendRow.id))).all()
    arrivals = Counter(arrival.key for arrival in world.channel.arrived)
    expected = {"sent": {1}, "unknown": {0, 1}, "gave_up": {0}}
    for row in rows:
        assert arrivals[row.key] in expected[row.state], (row.key, row.state, row.error)
    place = {row.key: row.id for row in rows}
    for conversation in CONVERSATIONS:
        seen = [place[one.key] for one in world.channel.arrived if one.to.conversation == conversation]
        assert seen == sorted(seen)
    if world.channel.can_tell:
        assert all(row.state != "unknown" for row in rows)


def test_the_scripts_reach_every_way_a_call_can_end() -> None:
    named = {value for name, value in vars(fakes).items() if name.isupper() and isinstance(value, str)}
    assert named == set(OUTCOMES)
