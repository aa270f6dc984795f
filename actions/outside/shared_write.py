"""Many small writes as one transaction: whatever comes while a commit is under way goes together into the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from actions.outside.store import Store, Tx

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_TOGETHER = 64
"""Items in one transaction: enough to share the cost of a commit, few enough not to keep other writers waiting."""


class SharedWrite(Generic[Item, Result]):
    """Call it with an item; it returns that item's result once the transaction it shared is committed.

    `write` gets the open transaction and the items, and returns one result for each. When a shared transaction fails,
    its items are tried again one by one, so that one bad item does not spoil the others; a lone failure is raised to
    its caller. `write` must therefore bear being called again with the same items.
    """

    def __init__(self, store: Store, write: Callable[[Tx, Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._store = store
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        return await result

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = self._waiting[:MOST_TOGETHER]
            del self._waiting[:MOST_TOGETHER]
            await self._write_together(batch)

    async def _write_together(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            async with self._store.write() as tx:
                results = await self._write(tx, [item for item, _ in batch])
        except Exception as fault:
            if len(batch) > 1:
                for one in batch:
                    await self._write_together([one])
            elif not batch[0][1].done():
                batch[0][1].set_exception(fault)
            return
        except BaseException:
            for _, result in batch:
                result.cancel()
            raise
        for (_, result), value in zip(batch, results, strict=True):
            if not result.done():  # its caller may have been cancelled meanwhile
                result.set_result(value)
