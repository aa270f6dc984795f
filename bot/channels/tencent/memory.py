"""The passing state that the Tencent channels need: tokens, nonces, quotas, card codes; any Memory of the house fits."""

from datetime import timedelta
from typing import Any, Protocol


class Memory(Protocol):
    """Values are JSON; `ttl` None keeps the value."""

    async def get(self, key: str) -> Any: ...

    async def set(self, key: str, value: Any, ttl: timedelta | None) -> None: ...

    async def add(self, key: str, value: Any, ttl: timedelta | None) -> bool:
        """Set if absent; True if it was absent."""

    async def delete(self, key: str) -> None: ...

    async def increment(self, key: str, ttl: timedelta | None) -> int:
        """Counts from 1; `ttl` runs from the first call."""
