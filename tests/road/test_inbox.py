"""How messages are accepted: once, for good, in order; and what happens when handling one goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.outside.store import Store
from actions.outside.tables import InboxRow
from bot.inbox import LEASE, MOST_ATTEMPTS, RETRY_AFTER, Inbox
from bot.message import Address, Message
from tests.fakes import NOON, FakeClock

SOON = timedelta(seconds=20)
"""Longest a test waits before it fails; nothing passes by waiting."""


def message(key: str, conversation: str = "c1") -> Message:
    return Message(key, Address("fake", conversation), sender="u1", text=f"text of {key}", sent_at=NOON)


async def nothing(_: Message) -> None: ...


@dataclass
class Process:
    """A process that handles messages; what it does with each can be scripted."""

    store: Store
    clock: FakeClock
    act: Callable[[Message], Awaitable[None]] = nothing
    handled: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.store, self._handle, self.clock, on_failed=self._on_failed, concurrency=8)

    async def _handle(self, message: Message) -> None:
        self.handled.append(message.key)
        await self.act(message)

    async def _on_failed(self, message: Message) -> None:
        self.failed.append(message.key)

    async def settle(self) -> None:
        """Wait until nothing is being worked on here."""
        while self.inbox._workers:
            await asyncio.wait(set(self.inbox._workers.values()))

    async def die(self) -> None:
        """End without finishing anything or putting anything back, as a kill does."""
        self.inbox._is_closing = True
        workers = list(self.inbox._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


@pytest.fixture
def process(store: Store, clock: FakeClock) -> Process:
    return Process(store, clock)


async def state_of(store: Store, key: str) -> str:
    async with store.read() as tx:
        return str(await tx.scalar(select(InboxRow.state).where(InboxRow.key == key)))


async def test_an_accepted_message_is_written_down_and_handled(process: Process, store: Store) -> None:
    assert await process.inbox.accept(message("m1"))
    assert await process.inbox.wait_done("m1", SOON)
    assert process.handled == ["m1"]
    assert await state_of(store, "m1") == "done"


async def test_a_redelivery_is_told_apart_and_not_handled_again(process: Process) -> None:
    assert await process.inbox.accept(message("m1"))
    assert not await process.inbox.accept(message("m1"))
    await process.settle()
    assert not await process.inbox.accept(message("m1"))
    await process.settle()
    assert process.handled == ["m1"]


async def test_the_same_message_delivered_many_times_at_once_is_new_once(process: Process) -> None:
    accepted = await asyncio.gather(*(process.inbox.accept(message("m1")) for _ in range(30)))
    await process.settle()
    assert accepted.count(True) == 1
    assert process.handled == ["m1"]


async def test_a_conversation_is_handled_one_at_a_time_in_order(process: Process) -> None:
    busy: set[str] = set()

    async def alone(message: Message) -> None:
        assert not busy
        busy.add(message.key)
        await asyncio.sleep(0)
        busy.clear()

    process.act = alone
    await asyncio.gather(*(process.inbox.accept(message(f"m{place}")) for place in range(20)))
    await process.settle()
    assert process.handled == [f"m{place}" for place in range(20)]
    assert process.failed == []


async def test_conversations_go_on_side_by_side(process: Process) -> None:
    both = asyncio.Barrier(2)

    async def meet(_: Message) -> None:
        await both.wait()

    process.act = meet
    await process.inbox.accept(message("m1", "c1"))
    await process.inbox.accept(message("m2", "c2"))
    assert await process.inbox.wait_done("m1", SOON)
    assert await process.inbox.wait_done("m2", SOON)


async def test_no_more_than_the_allowed_number_are_handled_at_once(process: Process) -> None:
    running, most = 0, 0

    async def count(_: Message) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    process.act = count
    await asyncio.gather(*(process.inbox.accept(message(f"m{place}", f"c{place}")) for place in range(40)))
    await process.settle()
    assert len(process.handled) == 40
    assert 1 < most <= 8


async def test_a_failed_attempt_is_made_again_after_a_pause_and_the_conversation_waits(
    process: Process, clock: FakeClock
) -> None:
    async def fail_first(message: Message) -> None:
        if process.handled == ["m1"]:
            raise ConnectionError

    process.act = fail_first
    await process.inbox.accept(message("m1"))
    await process.inbox.accept(message("m2"))
    await process.settle()
    assert process.handled == ["m1"]
    await process.inbox.sweep()
    await process.settle()
    assert process.handled == ["m1"]
    clock.move(RETRY_AFTER[0])
    await process.inbox.sweep()
    await process.settle()
    assert process.handled == ["m1", "m1", "m2"]
    assert process.failed == []


async def test_after_the_last_attempt_the_person_is_told_once_and_the_conversation_goes_on(
    process: Process, store: Store, clock: FakeClock
) -> None:
    async def fail(message: Message) -> None:
        if message.key == "m1":
            raise ConnectionError

    process.act = fail
    await process.inbox.accept(message("m1"))
    await process.inbox.accept(message("m2"))
    await process.settle()
    for pause in RETRY_AFTER:
        clock.move(pause)
        await process.inbox.sweep()
        await process.settle()
    clock.move(timedelta(hours=1))
    await process.inbox.sweep()
    await process.settle()
    assert process.handled == ["m1"] * MOST_ATTEMPTS + ["m2"]
    assert process.failed == ["m1"]
    assert await state_of(store, "m1") == "failed"
    assert await process.inbox.wait_done("m1", SOON)


async def test_the_kept_error_names_the_fault_and_not_what_was_written(process: Process, store: Store) -> None:
    async def fail(message: Message) -> None:
        raise ValueError(message.text)

    process.act = fail
    await process.inbox.accept(message("m1"))
    await process.settle()
    async with store.read() as tx:
        error = await tx.scalar(select(InboxRow.error))
    assert error is not None
    assert error.startswith("ValueError at test_inbox.py:")
    assert "text of" not in error


async def test_what_a_dead_process_left_is_taken_up_in_order_when_its_lease_ends(
    process: Process, store: Store, clock: FakeClock
) -> None:
    began = asyncio.Event()

    async def hang(_: Message) -> None:
        began.set()
        await asyncio.Event().wait()

    process.act = hang
    for place in range(3):
        await process.inbox.accept(message(f"m{place}"))
    await began.wait()
    await process.die()

    heir = Process(store, clock)
    await heir.inbox.sweep()
    await heir.settle()
    assert heir.handled == []
    clock.move(LEASE)
    await heir.inbox.sweep()
    await heir.settle()
    assert heir.handled == ["m0", "m1", "m2"]
    await heir.inbox.drain()


async def test_a_message_that_kills_its_process_each_time_is_failed_in_the_end(store: Store, clock: FakeClock) -> None:
    for turn in range(MOST_ATTEMPTS):
        began = asyncio.Event()

        async def hang(_: Message, began: asyncio.Event = began) -> None:
            began.set()
            await asyncio.Event().wait()

        victim = Process(store, clock, hang)
        if turn == 0:
            await victim.inbox.accept(message("m1"))
        else:
            await victim.inbox.sweep()
        await began.wait()
        await victim.die()
        clock.move(LEASE)
    last = Process(store, clock)
    await last.inbox.sweep()
    await last.settle()
    assert (last.handled, last.failed) == ([], ["m1"])


async def test_two_processes_share_a_conversation_without_handling_anything_twice(store: Store, clock: FakeClock) -> None:
    one, other = Process(store, clock), Process(store, clock)
    handled = []

    async def note(message: Message) -> None:
        handled.append(message.key)
        await asyncio.sleep(0)

    one.act = other.act = note
    for place in range(20):
        await (one, other)[place % 2].inbox.accept(message(f"m{place}"))
    await one.settle()
    await other.settle()
    await one.inbox.sweep()
    await one.settle()
    assert handled == [f"m{place}" for place in range(20)]


async def test_waiting_sees_what_another_process_finishes(process: Process, store: Store, clock: FakeClock) -> None:
    await process.inbox.accept(message("m1"))
    await process.settle()
    assert await Process(store, clock).inbox.wait_done("m1", SOON)


async def test_waiting_for_a_message_that_was_never_accepted_ends_at_once(process: Process) -> None:
    assert not await process.inbox.wait_done("never", SOON)


async def test_waiting_ends_without_a_result_when_patience_does(process: Process) -> None:
    free = asyncio.Event()

    async def hang(_: Message) -> None:
        await free.wait()

    process.act = hang
    await process.inbox.accept(message("m1"))
    assert not await process.inbox.wait_done("m1", timedelta())
    free.set()
    assert await process.inbox.wait_done("m1", SOON)


async def test_what_does_not_end_before_the_process_is_put_back_for_the_next(
    process: Process, store: Store, clock: FakeClock
) -> None:
    began = asyncio.Event()

    async def hang(_: Message) -> None:
        began.set()
        await asyncio.Event().wait()

    process.act = hang
    await process.inbox.accept(message("m1"))
    await began.wait()
    await process.inbox.drain(patience=timedelta())
    heir = Process(store, clock)
    await heir.inbox.sweep()
    await heir.settle()
    assert heir.handled == ["m1"]


async def test_a_message_that_cannot_be_kept_raises_and_does_not_spoil_the_others(process: Process) -> None:
    bad = Message("m2", Address("fake", "c2"), "u", "x", NOON.replace(tzinfo=None), attachments=(object(),))  # type: ignore[arg-type]
    outcomes = await asyncio.gather(
        process.inbox.accept(message("m1")),
        process.inbox.accept(bad),
        process.inbox.accept(message("m3", "c3")),
        return_exceptions=True,
    )
    await process.settle()
    assert outcomes[0] is True
    assert isinstance(outcomes[1], Exception)
    assert outcomes[2] is True
    assert sorted(process.handled) == ["m1", "m3"]
