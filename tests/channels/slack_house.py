"""A Slack channel beside a stand-in of Slack, and a list in place of the ledger: what the tests of the channel share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from fastapi import FastAPI

from bot.channels.files_apart import OpenFile, open_text
from bot.channels.slack import SlackChannel
from bot.message import Address, Message
from tests.platforms.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SlackPlatform

NOW = datetime(2026, 9, 21, 13, 33, 20, tzinfo=UTC)


@dataclass
class Kept:
    """Takes the place of the durable accept: keeps messages by key; fails as often as it is told to."""

    messages: list[Message] = field(default_factory=list)
    asked: int = 0
    failures: int = 0

    async def __call__(self, message: Message) -> bool:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        if any(message.key == kept.key for kept in self.messages):
            return False
        self.messages.append(message)
        return True


@dataclass
class Record:
    """Takes the place of the record of threads."""

    threads: set[str] = field(default_factory=set)

    async def __call__(self, address: Address) -> bool:
        return address.thread in self.threads


@dataclass
class House:
    """Both ends, and `http`, a client that knocks at the channel's door from outside."""

    platform: SlackPlatform
    channel: SlackChannel
    kept: Kept
    record: Record
    http: httpx.AsyncClient
    time: datetime = NOW

    @property
    def only(self) -> Message:
        (message,) = self.kept.messages
        return message


@asynccontextmanager
async def slack_house(
    *,
    socket_mode: bool = False,
    quota: int | None = None,
    patience: timedelta | None = None,
    open_file: OpenFile = open_text,
) -> AsyncIterator[House]:
    async with SlackPlatform(lambda: NOW, quota).serving() as platform:
        kept, record = Kept(), Record()
        channel = SlackChannel(
            kept,
            BOT_TOKEN,
            SIGNING_SECRET,
            APP_TOKEN if socket_mode else None,
            platform.api_url,
            now=lambda: NOW,
            takes_part=record,
            patience=patience or timedelta(seconds=10),
            open_file=open_file,
        )
        app = FastAPI()
        app.include_router(channel.router())
        await channel.start()
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://parley.example") as http:
            try:
                yield House(platform, channel, kept, record, http)
            finally:
                await channel.stop()
