"""A process with a ledger of sends on a fake channel, for the tests of the ledger."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from actions.outside.store import Store, Tx
from bot.memory import LocalMemory
from bot.message import Address, Card, Reply
from bot.outbox import Outbox, Send
from tests.fakes import FakeChannel, FakeClock, all_of

HERE = Address("fake", "c1")


def says(text: str, view_of: str | None = None) -> Reply:
    return Reply(text, "en", Card(text, view_of=view_of) if view_of else None)


@dataclass
class Sender:
    """A process that sends. `ended` and `given_up` are what its watchers were told."""

    store: Store
    clock: FakeClock
    channel: FakeChannel
    ended: list[Send] = field(default_factory=list)
    given_up: list[Send] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = Outbox(
            self.store,
            all_of(self.channel),
            LocalMemory(self.clock),
            self.clock,
            on_ended=self._on_ended,
            on_give_up=self._on_give_up,
            chance=lambda: 1.0,
        )

    async def _on_ended(self, _: Tx, sends: Sequence[Send]) -> None:
        self.ended.extend(sends)

    async def _on_give_up(self, send: Send) -> None:
        self.given_up.append(send)

    async def put(
        self,
        key: str,
        reply: Reply | str,
        to: Address = HERE,
        *,
        answers: str | None = None,
        hold_until: datetime | None = None,
    ) -> None:
        """Put one reply and deliver it."""
        whole = says(reply) if isinstance(reply, str) else reply
        async with self.store.write() as tx:
            target = await self.outbox.put(tx, key, to, whole, answers=answers, hold_until=hold_until)
        self.outbox.kick([target])
        await self.outbox.rest()

    async def sweep(self) -> None:
        await self.outbox.sweep()
        await self.outbox.rest()

    async def die(self) -> None:
        """End in the middle of whatever is under way, as a kill does."""
        self.outbox._is_closing = True
        for target in tuple(self.outbox._alarms):
            self.outbox._silence(target)
        running = list(self.outbox._deliveries.values())
        for delivery in running:
            delivery.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    @property
    def states(self) -> list[tuple[str, str]]:
        return [(send.key, send.state) for send in self.ended]
