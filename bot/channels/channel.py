"""What every channel is: it accepts messages durably, and sends replies, saying honestly how a send ended."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol

from fastapi import APIRouter

from bot.message import Address, Attachment, Message, Reply

Accept = Callable[[Message], Awaitable[bool]]
"""Writes a message down for good; True if it is new, False if it is a redelivery. Only then acknowledge the platform.
It raises when the message could not be kept: then do not acknowledge, so that the platform delivers again."""


@dataclass(frozen=True)
class Sent:
    """The platform has taken the message. `ref` is whatever redraw() and find() need to know about it later."""

    ref: str | None = None


class SendError(Exception):
    """A send did not end in a plain yes. The text is for logs: no message text, no secrets, no personal data."""


class TryLater(SendError):
    """The platform certainly did not take it (429, 5xx before acceptance, no connection). Safe to send again."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class AnswerLost(SendError):
    """It may have arrived: the request went out and no answer came. Never send again without find()."""


class WaitForPerson(SendError):
    """The platform allows no further message until the person writes again (WeChat's 48 h window or its quota)."""


class Refused(SendError):
    """The platform will never take this message (unknown user, bad token, invalid content)."""


Why = Literal["gone", "too_large", "not_the_file", "refused"]


class NotFetched(ValueError):
    """A file that cannot be had. `why` says what to do: `gone` is to be sent again, `too_large` is over the limit, and
    `not_the_file` is something else that the platform sent in its place."""

    def __init__(self, sentence: str, why: Why = "refused") -> None:
        super().__init__(sentence)
        self.why = why


class CannotTell(SendError):
    """find() has no way to learn whether an earlier send arrived."""


@dataclass(frozen=True)
class Pace:
    """How fast a channel may send: at most `burst` at once to one target, then one every `every`."""

    every: timedelta
    burst: int = 1


class Channel(Protocol):
    """A chat platform. Constructed with its settings, an Accept, and what it needs to reach out; no global state.

    `collects` is True where replies are handed back in the answer to the request (the JSON API): the ledger of sends
    keeps them until they are asked for, and never sends them by itself. `groups_can_press` is False where a button in a
    group chat sends nothing back. `edits_freely` is True where what was sent can be changed as often as one likes.
    """

    name: str
    pace: Pace
    collects: bool
    groups_can_press: bool
    edits_freely: bool

    def router(self) -> APIRouter | None:
        """HTTP routes this channel answers, or None."""

    async def start(self) -> None:
        """Open what lasts (sockets, clients)."""

    async def stop(self) -> None:
        """Close it."""

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        """Cut a reply into what the platform takes in one message; never inside a character.

        Each picture and each file that the platform takes is a piece of its own behind the words (`pictures.apart`,
        `files_apart`); the others are named in the words. Pure, but for a look at the pictures' files.
        """

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        """Send one piece. `key` is the ledger's, carried along where the platform lets us, so that find() can see it."""

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        """Replace an earlier card in place; where the platform cannot any more, send a new card that disowns the old.

        Where nothing that was sent can ever be changed, this does nothing: the road tells whoever asked how it ended.
        """

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        """Did the send with this key arrive? None means certainly not. Raises CannotTell."""

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        """Download an attachment in pieces, at most `limit` bytes. Raises NotFetched or another ValueError with a
        plain reason, TryLater."""

    async def check(self) -> str | None:
        """Is the platform reachable with these settings? None, or what is wrong and what to do. For `parley doctor`."""
