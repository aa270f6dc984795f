"""Stand-ins for the outside that the tests of the road hand in: a clock that moves when told, a channel with a script."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import APIRouter

from bot.channels.channel import AnswerLost, CannotTell, Pace, Refused, Sent, TryLater, WaitForPerson
from bot.channels.pictures import picture_of
from bot.message import Address, Attachment, Reply

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@dataclass
class FakeClock:
    """Calling it tells the time; it moves only by move()."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass(frozen=True)
class Arrival:
    """Something that really reached the person."""

    key: str
    to: Address
    text: str
    redraws: str | None = None


TAKEN = "taken"
TRY_LATER = "try later"
RETRY_AFTER = "retry after 30 s"
LOST_BUT_ARRIVED = "answer lost, arrived"
LOST_ON_THE_WAY = "answer lost, never arrived"
WAIT_FOR_PERSON = "wait for the person"
REFUSED = "refused"
BROKEN = "a mistake of the adapter, before anything went out"
HANGS_TAKEN = "taken, and nothing more is heard"
HANGS = "nothing is heard"


UNHURRIED = Pace(timedelta(microseconds=1), burst=1000)


@dataclass
class FakeChannel:
    """A platform that ends each call as its script says, and takes it once the script is used up."""

    name: str = "fake"
    pace: Pace = UNHURRIED
    collects: bool = False
    groups_can_press: bool = True
    script: deque[str] = field(default_factory=deque)
    can_tell: bool = True
    finds: deque[str] = field(default_factory=deque)
    arrived: list[Arrival] = field(default_factory=list)
    calls: int = 0
    longest: int = 1000
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a call hangs: time for the test to kill the process."""

    def will(self, *outcomes: str) -> None:
        self.script.extend(outcomes)

    @property
    def texts(self) -> list[str]:
        return [arrival.text for arrival in self.arrived]

    def router(self) -> APIRouter | None:
        return None

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        cuts = range(0, max(1, len(reply.text)), self.longest)
        pieces = [reply.text[cut : cut + self.longest] for cut in cuts]
        words = tuple(
            Reply(piece, reply.lang, reply.card if place == len(pieces) else None)
            for place, piece in enumerate(pieces, start=1)
        )
        return (*words, *(Reply("", reply.lang, pictures=(picture,)) for picture in reply.pictures))

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        picture = picture_of(reply)
        return await self._end(Arrival(key, to, f"picture of {picture.alt}" if picture else reply.text))

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        return await self._end(Arrival(key, to, reply.text, ref))

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        if not self.can_tell:
            raise CannotTell("this platform has no way to look")
        if self.finds and self.finds.popleft() == TRY_LATER:
            raise TryLater("busy")
        found = [place for place, arrival in enumerate(self.arrived) if arrival.key == key]
        return Sent(f"ref-{found[0]}") if found else None

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        raise ValueError("this platform keeps no files")

    async def check(self) -> str | None:
        return None

    async def _end(self, arrival: Arrival) -> Sent:
        self.calls += 1
        outcome = self.script.popleft() if self.script else TAKEN
        faults = {
            TRY_LATER: TryLater("503"),
            RETRY_AFTER: TryLater("429", timedelta(seconds=30)),
            LOST_ON_THE_WAY: AnswerLost("no answer"),
            WAIT_FOR_PERSON: WaitForPerson("45015"),
            REFUSED: Refused("no such user"),
            BROKEN: KeyError("ts"),
        }
        if outcome in faults:
            raise faults[outcome]
        if outcome != HANGS:
            self.arrived.append(arrival)
        if outcome in (HANGS, HANGS_TAKEN):
            self.hanging.set()
            await asyncio.get_running_loop().create_future()
        if outcome == LOST_BUT_ARRIVED:
            raise AnswerLost("no answer")
        return Sent(f"ref-{len(self.arrived) - 1}")


def all_of(*channels: FakeChannel) -> dict[str, FakeChannel]:
    return {channel.name: channel for channel in channels}


def texts_to(arrivals: Iterable[Arrival], conversation: str) -> list[str]:
    """What reached one conversation, in order."""
    return [arrival.text for arrival in arrivals if arrival.to.conversation == conversation]
