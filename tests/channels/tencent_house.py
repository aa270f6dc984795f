"""A WeCom and a WeChat channel beside stand-ins of their platforms, and a list in place of the inbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import httpx
from fastapi import FastAPI

from bot.channels.files_apart import OpenFile, open_text
from bot.channels.wechat import WeChatChannel
from bot.channels.wecom import WeComChannel
from bot.memory import LocalMemory
from bot.message import Message, Reply
from tests.fakes import FakeClock
from tests.platforms.qyapi import QyApi
from tests.platforms.tencent_callbacks import WeChatServer, WeComServer
from tests.platforms.weixin import Weixin

TOKEN = "callback-token"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CORP_ID, AGENT_ID, SECRET = "ww0000000000000001", "1000002", "app-secret-never-logged"
APP_ID, APP_SECRET = "wx0000000000000001", "account-secret-never-logged"


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
class Answers:
    """Takes the place of the ledger: replies that are ready at once, or none."""

    ready: list[Reply] = field(default_factory=list)
    asked: list[tuple[str, float]] = field(default_factory=list)
    is_broken: bool = False

    async def __call__(self, key: str, seconds: float) -> list[Reply]:
        self.asked.append((key, seconds))
        if self.is_broken:
            raise ConnectionError("the database is away")
        return self.ready


class BrokenMemory(LocalMemory):
    """A Redis that is away."""

    def __init__(self) -> None:
        super().__init__(FakeClock())

    def _look(self, key: str) -> NoReturn:
        raise ConnectionError("the memory is away")

    def _keep(self, *_: object) -> NoReturn:
        raise ConnectionError("the memory is away")


@dataclass
class WeComHouse:
    channel: WeComChannel
    kept: Kept
    api: QyApi
    server: WeComServer
    client: httpx.AsyncClient
    clock: FakeClock
    memory: LocalMemory


@dataclass
class WeChatHouse:
    channel: WeChatChannel
    kept: Kept
    answers: Answers
    api: Weixin
    server: WeChatServer
    client: httpx.AsyncClient
    clock: FakeClock
    memory: LocalMemory


def lose_patience(channel: WeComChannel | WeChatChannel) -> None:
    """From now on a call that is not answered is given up soon; for calls that the stand-in never answers."""
    channel._api._http().timeout = httpx.Timeout(0.2, connect=5)


@asynccontextmanager
async def wecom_house(open_file: OpenFile = open_text) -> AsyncIterator[WeComHouse]:
    clock, kept = FakeClock(), Kept()
    memory = LocalMemory(clock)
    api = QyApi(CORP_ID, SECRET, clock)
    async with api.serving() as url:
        channel = WeComChannel(kept, memory, CORP_ID, AGENT_ID, SECRET, TOKEN, AES_KEY, url, clock, open_file=open_file)
        async with _client(channel) as client:
            server = WeComServer(client, TOKEN, AES_KEY, CORP_ID, clock)
            yield WeComHouse(channel, kept, api, server, client, clock, memory)


@asynccontextmanager
async def wechat_house(mode: str = "plain", aes_key: str | None = None) -> AsyncIterator[WeChatHouse]:
    clock, kept, answers = FakeClock(), Kept(), Answers()
    memory = LocalMemory(clock)
    api = Weixin(APP_ID, APP_SECRET, clock)
    async with api.serving() as url:
        channel = WeChatChannel(kept, answers, memory, APP_ID, APP_SECRET, TOKEN, aes_key, url, clock)
        async with _client(channel) as client:
            server = WeChatServer(client, TOKEN, AES_KEY, APP_ID, clock, mode)
            yield WeChatHouse(channel, kept, answers, api, server, client, clock, memory)


@asynccontextmanager
async def _client(channel: WeComChannel | WeChatChannel) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    router = channel.router()
    assert router is not None
    app.include_router(router)
    await channel.start()
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://parley.test") as client:
        yield client
    await channel.stop()
