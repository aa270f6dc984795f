"""The door of Tencent's callbacks: how much is read, how old it may be, and that nothing is played back changed."""

import hashlib
from datetime import UTC, datetime, timedelta

from fastapi import Request

from bot.channels.tencent.envelope import Forged, Stamp
from bot.channels.tencent.steady import SteadyMemory

MOST_BYTES = 1_000_000
FRESH = timedelta(minutes=5)
MOST_LETTERS = 20_000
"""Characters of one message that are kept."""


class TooLong(Exception):
    """More than MOST_BYTES: answer 413."""


async def read_body(request: Request) -> bytes:
    """The body, in pieces, so that a huge one is refused before it is held. Raises TooLong."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLong
    return bytes(body)


def demand_fresh(stamp: Stamp, now: datetime) -> None:
    """Raises Forged when the platform's clock and ours are more than FRESH apart, or there is no time at all."""
    if not (stamp.timestamp.isascii() and stamp.timestamp.isdigit() and len(stamp.timestamp) <= 11):
        raise Forged("no timestamp")
    if abs(now - datetime.fromtimestamp(int(stamp.timestamp), UTC)) > FRESH:
        raise Forged("stale: the request is old, or this machine's clock is wrong")


async def demand_unchanged(memory: SteadyMemory, channel: str, stamp: Stamp, xml: str) -> None:
    """A nonce may come again with the same message (a redelivery), never with another one. Raises Forged."""
    once = hashlib.sha256(f"{stamp.timestamp}\n{stamp.nonce}".encode(errors="replace")).hexdigest()[:32]
    digest = hashlib.sha256(xml.encode()).hexdigest()
    key = f"{channel}:nonce:{once}"
    if await memory.add(key, digest, 2 * FRESH):
        return
    if await memory.get(key) not in (digest, None):
        raise Forged("this nonce was used for another message")


def moment(seconds: str, otherwise: datetime) -> datetime:
    """A CreateTime as an aware time; `otherwise` where it is no time."""
    if seconds.isascii() and seconds.isdigit() and len(seconds) <= 11:
        return datetime.fromtimestamp(int(seconds), UTC)
    return otherwise
