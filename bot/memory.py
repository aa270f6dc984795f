"""Passing state: seen-before, thread state, rate limits, quotas, platform tokens; in this process or in Redis.

Nothing here has to survive: what must last is a row. Both implementations keep values as JSON text, so that what comes
back is a copy in either, and both pass the same contract tests.
"""

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import redis.asyncio as redis

Json = Any


class Memory(Protocol):
    """Short-lived values by key. `ttl` None keeps a value for as long as there is room."""

    async def get(self, key: str) -> Json | None:
        """The value, or None if there is none (any more)."""

    async def set(self, key: str, value: Json, ttl: timedelta | None) -> None:
        """Put a value in place of whatever was there."""

    async def add(self, key: str, value: Json, ttl: timedelta | None) -> bool:
        """Put a value only if there is none: True for exactly one of many callers."""

    async def delete(self, key: str) -> None:
        """Forget it."""

    async def increment(self, key: str, ttl: timedelta) -> int:
        """Count one more, from 1; the count is forgotten `ttl` after its first."""

    async def take(self, key: str, limit: int, window: timedelta) -> timedelta:
        """Ask to do something once more: zero means go (and is counted), anything else how long to wait (and is not).

        At most `limit` at once, then one every `window / limit`.
        """

    async def close(self) -> None:
        """Let go of connections."""


# --- in this process ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kept:
    text: str
    until: datetime | None


class LocalMemory:
    """In this process. At most `room` values; when it is full, what was not used for longest is forgotten first."""

    def __init__(self, now: Callable[[], datetime], room: int = 100_000) -> None:
        self._now = now
        self._room = room
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def get(self, key: str) -> Json | None:
        kept = self._look(key)
        return None if kept is None else json.loads(kept.text)

    async def set(self, key: str, value: Json, ttl: timedelta | None) -> None:
        self._keep(key, value, None if ttl is None else self._now() + ttl)

    async def add(self, key: str, value: Json, ttl: timedelta | None) -> bool:
        if self._look(key) is not None:
            return False
        await self.set(key, value, ttl)
        return True

    async def delete(self, key: str) -> None:
        self._kept.pop(key, None)

    async def increment(self, key: str, ttl: timedelta) -> int:
        kept = self._look(key)
        count = 1 if kept is None else int(json.loads(kept.text)) + 1
        self._keep(key, count, self._now() + ttl if kept is None else kept.until)
        return count

    async def take(self, key: str, limit: int, window: timedelta) -> timedelta:
        now = self._now()
        kept = self._look(_pace_key(key))
        even = now if kept is None or kept.until is None else kept.until
        step = window / limit
        wait = even + step - window - now
        if wait > timedelta():
            return wait
        self._keep(_pace_key(key), 1, even + step)
        return timedelta()

    async def close(self) -> None:
        self._kept.clear()

    def _look(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until is not None and kept.until <= self._now():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return kept

    def _keep(self, key: str, value: Json, until: datetime | None) -> None:
        self._kept[key] = _Kept(json.dumps(value), until)
        self._kept.move_to_end(key)
        while len(self._kept) > self._room:
            self._kept.popitem(last=False)


# --- in Redis -------------------------------------------------------------------------------------------------------------

_INCREMENT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count
"""

# The value is when the pace would be even again, in microseconds since the epoch: one number is the whole token bucket.
_TAKE = """
local now, step, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local even = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = even + step - window - now
if wait > 0 then return wait end
local left = math.ceil((even + step - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', even + step), 'PX', math.max(left, 1))
return 0
"""

_CONNECTIONS = 32
"""redis-py's plain pool raises once its connections are used up; this one waits for a free one instead."""


class RedisMemory:
    """In Redis, shared by all processes of one installation. Raises redis.RedisError while the server is away."""

    def __init__(self, url: str, now: Callable[[], datetime], prefix: str = "parley:") -> None:
        pool = redis.BlockingConnectionPool.from_url(
            url, max_connections=_CONNECTIONS, timeout=5, socket_connect_timeout=5, socket_timeout=5, decode_responses=True
        )
        self._redis = redis.Redis.from_pool(pool)
        self._now = now
        self._prefix = prefix
        self._increment = self._redis.register_script(_INCREMENT)
        self._take = self._redis.register_script(_TAKE)

    async def get(self, key: str) -> Json | None:
        text = await self._redis.get(self._prefix + key)
        return None if text is None else json.loads(text)

    async def set(self, key: str, value: Json, ttl: timedelta | None) -> None:
        if ttl is not None and ttl <= timedelta():
            await self.delete(key)
            return
        await self._redis.set(self._prefix + key, json.dumps(value), px=_milliseconds(ttl))

    async def add(self, key: str, value: Json, ttl: timedelta | None) -> bool:
        if ttl is not None and ttl <= timedelta():
            return await self.get(key) is None
        return bool(await self._redis.set(self._prefix + key, json.dumps(value), px=_milliseconds(ttl), nx=True))

    async def delete(self, key: str) -> None:
        await self._redis.delete(self._prefix + key)

    async def increment(self, key: str, ttl: timedelta) -> int:
        script = cast(Awaitable[Any], self._increment(keys=[self._prefix + key], args=[_milliseconds(ttl) or 1]))
        return int(await script)

    async def take(self, key: str, limit: int, window: timedelta) -> timedelta:
        now = round(self._now().timestamp() * 1_000_000)
        length = window // timedelta(microseconds=1)
        args = [now, length // limit, length]
        wait = await cast(Awaitable[Any], self._take(keys=[self._prefix + _pace_key(key)], args=args))
        return timedelta(microseconds=int(wait))

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


def _pace_key(key: str) -> str:
    return f"pace:{key}"


def _milliseconds(ttl: timedelta | None) -> int | None:
    return None if ttl is None else max(1, ttl // timedelta(milliseconds=1))
