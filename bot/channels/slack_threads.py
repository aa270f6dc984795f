"""Which Slack threads Parley takes part in, so that it answers there without being named again; asked at the door."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from bot.message import Address

TakesPart = Callable[[Address], Awaitable[bool]]
"""Tells from the record whether Parley has heard or said something at this address."""

_KEPT = 10_000


class Threads:
    """The threads of this process's life, and behind them the record, where there is one."""

    def __init__(self, takes_part: TakesPart | None = None) -> None:
        self._takes_part = takes_part
        self._joined: OrderedDict[str, None] = OrderedDict()

    async def is_ours(self, address: Address) -> bool:
        if address.key in self._joined:
            return True
        return self._takes_part is not None and await self._takes_part(address)

    def join(self, address: Address) -> None:
        if address.thread is None or address.private_to is not None:
            return
        self._joined[address.key] = None
        self._joined.move_to_end(address.key)
        while len(self._joined) > _KEPT:
            self._joined.popitem(last=False)
