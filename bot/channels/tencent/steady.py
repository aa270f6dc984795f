"""A Memory whose failures say what they mean for a send: nothing has gone out yet, so try later."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

from bot.channels.channel import TryLater
from bot.memory import Memory

T = TypeVar("T")


class SteadyMemory:
    """Raises TryLater where the memory behind it fails. After a send has ended, its failures must be caught."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def get(self, key: str) -> Any:
        return await _or_later(self._memory.get(key))

    async def set(self, key: str, value: Any, ttl: timedelta | None) -> None:
        await _or_later(self._memory.set(key, value, ttl))

    async def add(self, key: str, value: Any, ttl: timedelta | None) -> bool:
        return await _or_later(self._memory.add(key, value, ttl))

    async def delete(self, key: str) -> None:
        await _or_later(self._memory.delete(key))

    async def increment(self, key: str, ttl: timedelta) -> int:
        return await _or_later(self._memory.increment(key, ttl))


async def _or_later(work: Awaitable[T]) -> T:
    try:
        return await work
    except Exception as trouble:
        raise TryLater(f"the passing memory is away ({type(trouble).__name__})") from None
