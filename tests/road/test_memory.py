"""The contract of passing state, held by the in-process memory and by a real Redis alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import redis.asyncio as redis
from hypothesis import given
from hypothesis import strategies as st

from bot.memory import LocalMemory, Memory, RedisMemory
from tests.fakes import FakeClock

MINUTE = timedelta(minutes=1)


@dataclass
class Setting:
    """A memory, and a way to let time pass for it."""

    memory: Memory
    let_pass: Callable[[timedelta], Awaitable[None]]


@pytest.fixture(params=["local", "redis"])
async def setting(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Setting]:
    if request.param == "local":

        async def move(by: timedelta) -> None:
            clock.move(by)

        yield Setting(LocalMemory(clock), move)
        return
    url = request.getfixturevalue("redis_url")
    client = redis.from_url(url)
    await client.flushall()

    async def bring_ends_nearer(by: timedelta) -> None:
        clock.move(by)
        for key in await client.keys():
            left = await client.pttl(key)
            if left >= 0:
                await client.pexpire(key, max(0, left - by // timedelta(milliseconds=1)))

    memory = RedisMemory(url, clock)
    yield Setting(memory, bring_ends_nearer)
    await memory.close()
    await client.aclose()


@pytest.fixture
def memory(setting: Setting) -> Memory:
    return setting.memory


async def test_what_was_never_put_is_none(memory: Memory) -> None:
    assert await memory.get("nothing") is None


@pytest.mark.parametrize("value", [1, "华康医疗", [1, "two", None], {"deal": {"id": "D001", "amount": "480000.00"}}, False])
async def test_a_value_comes_back_as_it_was_put(memory: Memory, value: Any) -> None:
    await memory.set("thread", value, MINUTE)
    assert await memory.get("thread") == value


async def test_what_comes_back_is_a_copy(memory: Memory) -> None:
    value = {"seen": [1]}
    await memory.set("thread", value, None)
    value["seen"].append(2)
    copy = await memory.get("thread")
    assert copy is not None
    copy["seen"].append(3)
    assert await memory.get("thread") == {"seen": [1]}


async def test_a_value_is_forgotten_when_its_time_is_over(setting: Setting) -> None:
    await setting.memory.set("token", "t", MINUTE)
    await setting.let_pass(timedelta(seconds=59))
    assert await setting.memory.get("token") == "t"
    await setting.let_pass(timedelta(seconds=2))
    assert await setting.memory.get("token") is None


async def test_a_value_without_an_end_stays(setting: Setting) -> None:
    await setting.memory.set("token", "t", None)
    await setting.let_pass(timedelta(days=400))
    assert await setting.memory.get("token") == "t"


async def test_putting_again_replaces_value_and_end(setting: Setting) -> None:
    await setting.memory.set("token", "old", MINUTE)
    await setting.memory.set("token", "new", 10 * MINUTE)
    await setting.let_pass(2 * MINUTE)
    assert await setting.memory.get("token") == "new"


async def test_a_deleted_value_is_gone_and_deleting_nothing_is_fine(memory: Memory) -> None:
    await memory.set("token", "t", None)
    await memory.delete("token")
    await memory.delete("token")
    assert await memory.get("token") is None


async def test_only_one_of_many_adds_wins(memory: Memory) -> None:
    won = await asyncio.gather(*(memory.add("event:1", place, MINUTE) for place in range(50)))
    assert won.count(True) == 1
    assert await memory.get("event:1") == won.index(True)


async def test_a_key_can_be_added_again_after_its_time(setting: Setting) -> None:
    assert await setting.memory.add("event:1", 1, MINUTE)
    assert not await setting.memory.add("event:1", 2, MINUTE)
    await setting.let_pass(MINUTE + timedelta(seconds=1))
    assert await setting.memory.add("event:1", 3, MINUTE)


async def test_counting_starts_at_one_and_ends_with_the_time_of_the_first(setting: Setting) -> None:
    assert [await setting.memory.increment("quota", MINUTE) for _ in range(3)] == [1, 2, 3]
    assert await setting.memory.get("quota") == 3
    await setting.let_pass(timedelta(seconds=40))
    assert await setting.memory.increment("quota", MINUTE) == 4
    await setting.let_pass(timedelta(seconds=21))
    assert await setting.memory.increment("quota", MINUTE) == 1


async def test_no_count_is_lost_among_many_at_once(memory: Memory) -> None:
    counts = await asyncio.gather(*(memory.increment("quota", MINUTE) for _ in range(300)))
    assert sorted(counts) == list(range(1, 301))


async def test_the_limit_may_be_used_at_once_and_then_waits_for_its_share_of_the_window(setting: Setting) -> None:
    take = setting.memory.take
    second = timedelta(seconds=1)
    assert [await take("slack:C1", 3, 3 * second) for _ in range(4)] == [timedelta()] * 3 + [second]
    await setting.let_pass(second)
    assert [await take("slack:C1", 3, 3 * second) for _ in range(2)] == [timedelta(), second]
    await setting.let_pass(10 * second)
    assert [await take("slack:C1", 3, 3 * second) for _ in range(4)] == [timedelta()] * 3 + [second]


async def test_paces_of_different_keys_are_apart_and_apart_from_values(memory: Memory) -> None:
    assert await memory.take("a", 1, MINUTE) == timedelta()
    assert await memory.take("b", 1, MINUTE) == timedelta()
    assert await memory.take("a", 1, MINUTE) == MINUTE
    assert await memory.get("a") is None


async def test_many_at_once_share_one_limit(memory: Memory) -> None:
    waits = await asyncio.gather(*(memory.take("send", 5, MINUTE) for _ in range(40)))
    assert waits.count(timedelta()) == 5


@given(st.lists(st.integers(0, 5_000), max_size=40), st.integers(1, 8), st.integers(100, 9_000))
async def test_no_window_ever_holds_more_than_twice_the_limit(gaps: list[int], limit: int, window: int) -> None:
    clock = FakeClock()
    memory = LocalMemory(clock)
    length = timedelta(milliseconds=window)
    went = []
    for gap in gaps:
        clock.move(timedelta(milliseconds=gap))
        if not await memory.take("k", limit, length):
            went.append(clock())
    for start in went:
        assert sum(start <= one < start + length for one in went) <= 2 * limit


async def test_the_in_process_memory_forgets_what_was_unused_for_longest_when_full(clock: FakeClock) -> None:
    memory = LocalMemory(clock, room=2)
    await memory.set("a", 1, None)
    await memory.set("b", 2, None)
    await memory.get("a")
    await memory.set("c", 3, None)
    assert [await memory.get(key) for key in "abc"] == [1, None, 3]
