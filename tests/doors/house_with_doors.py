"""The whole house with all its outside doors open: platforms knock at its HTTP routes, and it answers to stand-ins of them.

Nothing of the house is replaced but its clock and its engine. What people do goes in as the platforms' own signed or sealed
requests; what they see is read from the stand-ins' screens.
"""

import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Row, func, select

from actions import audit
from actions.crm import own, people
from actions.outside.store import Store
from actions.outside.tables import InboxRow, SendRow
from bot.app import House, Minds, build_house, create_app
from bot.channels.roster import CHANNELS
from bot.channels.roster import Row as ChannelRow
from bot.hearing import Listener
from bot.settings import Settings
from tests.fakes import FakeClock
from tests.house_under_test import MORNING, RoadBroke, SweepOnly
from tests.platforms.qyapi import QyApi, Shown
from tests.platforms.slack import (
    APP_TOKEN,
    BOT,
    BOT_TOKEN,
    SIGNING_SECRET,
    Delivery,
    Posted,
    Room,
    SlackPlatform,
    command_form,
    mention_event,
    message_event,
    press_payload,
)
from tests.platforms.tencent_callbacks import WeChatServer, WeComServer, content_of, xml_of
from tests.platforms.weixin import Weixin

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CALLBACK_TOKEN = "sample-callback-token"
CORP_ID, AGENT_ID, CORP_SECRET = "ww0000000000000001", "1000002", "sample-app-secret"
APP_ID, ACCOUNT_SECRET, ACCOUNT = "wx0000000000000001", "sample-account-secret", "gh_sample"

MANAGERS = "C0MANAGERS"
SLACK_USERS: Mapping[str, str] = {"E01": "U0REP", "E02": "U0PEER", "E11": "U0BOSS", "E12": "U0SOUTH", "E20": "U0HEAD"}
WECOM_USERS: Mapping[str, str] = {"E01": "zhang", "E02": "liu", "E11": "li", "E12": "chen", "E20": "zhou"}
CUSTOMER = "oCustomer1"
"""The openid of K001, a contact of C001."""

MOMENT = timedelta(seconds=5)
"""The pace of a platform never holds a message back longer than this."""

_PATIENCE = timedelta(seconds=60)
_LOOK = timedelta(milliseconds=200)


@dataclass
class HouseWithDoors:
    """Every platform's end of the line, the house in between, and what can be seen from both sides."""

    house: House
    app: FastAPI
    http: httpx.AsyncClient
    clock: FakeClock
    home: Path
    slack: "SlackEnd"
    wecom: "WeComEnd"
    wechat: "WeChatEnd"

    # --- who is who

    async def bind(self, channel: str, users: Mapping[str, str]) -> None:
        """Introduce people (their ids to their users on the channel)."""
        async with self.house.store.write() as tx:
            for person, user in users.items():
                await people.bind(tx, person, channel, user)

    async def bind_managers(self, channel: str, chat: str) -> None:
        async with self.house.store.write() as tx:
            await people.bind_group(tx, "@managers", channel, chat)

    async def no_chat_for_managers(self) -> None:
        """The managers have no chat of their own: each must be asked alone."""
        async with self.house.store.write() as tx:
            for channel in people.CHANNELS:
                await people.unbind_group(tx, "@managers", channel)

    async def invite(self, contact: str) -> str:
        async with self.house.store.write() as tx:
            return await people.invite(tx, contact, self.clock())

    # --- time

    async def settle(self, ahead: timedelta = MOMENT) -> None:
        """Until all that was accepted is worked off, and all that may leave within `ahead` has left."""
        while True:
            while unread := await self._unread():
                for key in unread:
                    await self._until_done(key)
            await self.house.outbox.rest()
            due = await self._next_due(self.clock() + ahead)
            if due is None:
                return
            ahead -= max(due - self.clock(), timedelta())
            self.clock.at = max(self.clock(), due)
            await self.house.outbox.sweep()
            await self.house.outbox.rest()

    async def pass_time(self, by: timedelta) -> None:
        """Time goes by; the clockwork sweeps once at its end."""
        self.clock.move(by)
        await self.house.clockwork.sweep()
        await self.house.clockwork.rest()
        await self.settle()

    # --- what can be seen inside

    async def record(self, kind: str, record_id: str) -> dict[str, Any]:
        async with self.house.store.read() as tx:
            record = await own.get(tx, kind, record_id)
        assert record is not None, f"there is no {kind} {record_id}"
        return own.to_json(record)

    async def records(self, kind: str) -> dict[str, dict[str, Any]]:
        async with self.house.store.read() as tx:
            return {record.id: own.to_json(record) for record in await own.find(tx, kind)}

    async def heard(self) -> int:
        """How many messages the house has accepted."""
        async with self.house.store.read() as tx:
            return await tx.scalar(select(func.count()).select_from(InboxRow)) or 0

    async def sends(self, channel: str) -> list[Row[Any]]:
        """The ledger's rows of a channel, in the order in which they were put."""
        async with self.house.store.read() as tx:
            found = await tx.execute(select(SendRow).where(SendRow.channel == channel).order_by(SendRow.id))
            return list(found.all())

    def kept_files(self) -> list[Path]:
        return sorted(path for path in (self.home / "files").rglob("*") if path.is_file())

    async def chain_is_sound(self) -> bool:
        async with self.house.store.read() as tx:
            return (await audit.verify(tx)).is_sound

    # --- pieces

    async def _unread(self) -> list[str]:
        open_rows = select(InboxRow.key).where(InboxRow.state.in_(("accepted", "working"))).order_by(InboxRow.seq)
        async with self.house.store.read() as tx:
            return list((await tx.execute(open_rows)).scalars())

    async def _until_done(self, key: str) -> None:
        waited = timedelta()
        while not await self.house.inbox.wait_done(key, _LOOK):
            waited += _LOOK
            async with self.house.store.read() as tx:
                error = await tx.scalar(select(InboxRow.error).where(InboxRow.key == key))
            if error or waited > _PATIENCE:  # another attempt would wait for a clock that stands still
                raise RoadBroke(f"the message was not worked off: {error or 'no end in sight'}")

    async def _next_due(self, until: datetime) -> datetime | None:
        """When the first row of the ledger that is first in its line may leave, if that is by then."""
        lines: dict[str, datetime] = {}
        waiting = select(SendRow.target, SendRow.state, SendRow.next_at, SendRow.lease_until)
        waiting = waiting.where(SendRow.state.in_(("queued", "sending")), SendRow.channel != "api").order_by(SendRow.id)
        async with self.house.store.read() as tx:
            for row in (await tx.execute(waiting)).all():
                lines.setdefault(row.target, row.next_at if row.state == "queued" else row.lease_until)
        return min((due for due in lines.values() if due <= until), default=None)


# --- Slack ----------------------------------------------------------------------------------------------------------------


@dataclass
class SlackEnd:
    """A workspace: people write, press and read there. `say` and its kin come back when the event is acknowledged."""

    platform: SlackPlatform
    http: httpx.AsyncClient

    async def say(self, text: str, *, user: str = "U0REP", **more: Any) -> Delivery:
        """A direct message to Parley."""
        return await self.platform.deliver(self.http, self.direct(text, user=user, **more))

    def direct(self, text: str, *, user: str = "U0REP", **more: Any) -> dict[str, Any]:
        return message_event(text, direct(user), self.platform.next_ts(), user, **more)

    def mention(self, text: str, *, user: str = "U0REP", channel: str = "C0GENERAL", **more: Any) -> dict[str, Any]:
        return mention_event(f"<@{BOT}> {text}", channel, self.platform.next_ts(), user, **more)

    def in_channel(self, text: str, *, user: str = "U0REP", channel: str = "C0GENERAL", **more: Any) -> dict[str, Any]:
        return message_event(text, channel, self.platform.next_ts(), user, **more)

    async def deliver(self, event: dict[str, Any]) -> Delivery:
        return await self.platform.deliver(self.http, event)

    async def redeliver(self, event: dict[str, Any], number: int = 1) -> int:
        """The same event again, as Slack sends it when our acknowledgement was lost. Returns our answer's status."""
        body = json.dumps(event).encode()
        retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"}
        headers = {"Content-Type": "application/json", **self.platform.signed(body), **retry}
        return (await self.http.post("/slack/events", content=body, headers=headers)).status_code

    def pressing(self, card: Posted, label: str, *, user: str = "U0REP", trigger: str | None = None) -> dict[str, Any]:
        """The payload of a press on a card as it now stands."""
        more = {"trigger_id": trigger or f"{self.platform.next_ts()}.press"}
        payload = press_payload(buttons_of(card)[label], card.channel, card.ts, user, **more)
        if card.thread_ts:
            payload["container"]["thread_ts"] = card.thread_ts
        payload["container"]["is_ephemeral"] = card.seen_by is not None
        return payload

    async def interact(self, payload: dict[str, Any]) -> Delivery:
        return await self.platform.interact(self.http, payload)

    async def press(self, card: Posted, label: str, *, user: str = "U0REP", trigger: str | None = None) -> Delivery:
        return await self.interact(self.pressing(card, label, user=user, trigger=trigger))

    async def command(self, text: str, *, user: str = "U0REP", channel: str = "C0GENERAL") -> Delivery:
        form = {**command_form(text, channel, user), "trigger_id": f"{self.platform.next_ts()}.command"}
        return await self.platform.command(self.http, form)

    def seen_in(self, channel: str) -> list[Posted]:
        return self.platform.shown_in(channel)

    def last_in(self, channel: str) -> Posted:
        return self.platform.shown_in(channel)[-1]

    def whispered_to(self, user: str) -> list[Posted]:
        """Ephemeral messages."""
        return [message for message in self.platform.posted if message.seen_by == user]


def direct(user: str) -> str:
    """The direct conversation between Parley and this user."""
    return "D0" + user[2:]


def buttons_of(card: Posted) -> dict[str, str]:
    """The labels of a Block Kit card's buttons, with their tokens."""
    elements = [element for block in card.blocks if block["type"] == "actions" for element in block["elements"]]
    return {element["text"]["text"]: element["value"] for element in elements if "value" in element}


def words_of(card: Posted) -> str:
    """Everything a person can read on it, its buttons included."""
    return "\n".join([card.text, *_texts(card.blocks)])


def _texts(shape: Any) -> Iterator[str]:
    if isinstance(shape, list):
        for each in shape:
            yield from _texts(each)
    elif isinstance(shape, dict):
        read = {"text", "content", "title", "sub_title_text", "keyname", "quote_text", "replace_text"}
        if "keyname" in shape:
            read |= {"value"}
        for name, value in shape.items():
            if name in read and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                yield from _texts(value)


# --- WeCom ----------------------------------------------------------------------------------------------------------------


@dataclass
class WeComEnd:
    """A company in 企业微信 with Parley as an application."""

    api: QyApi
    server: WeComServer
    _moments: Iterator[int] = field(default_factory=lambda: itertools.count(7_000_000_001))

    def text(self, words: str, user: str = "zhang") -> str:
        """The XML of a text message."""
        return xml_of(
            ToUserName=CORP_ID,
            FromUserName=user,
            CreateTime=int(self.api.now().timestamp()),
            MsgType="text",
            Content=words,
            MsgId=next(self._moments),
            AgentID=int(AGENT_ID),
        )

    def media(self, kind: str, name: str, user: str = "zhang", **more: str) -> str:
        """The XML of a recording, file or picture that qyapi holds under this name."""
        about = {"MediaId": name, "Format": "amr", **more} if kind == "voice" else {"MediaId": name, **more}
        return xml_of(
            ToUserName=CORP_ID,
            FromUserName=user,
            CreateTime=int(self.api.now().timestamp()),
            MsgType=kind,
            **about,
            MsgId=next(self._moments),
            AgentID=int(AGENT_ID),
        )

    async def say(self, words: str, user: str = "zhang") -> httpx.Response:
        return await self.server.deliver(self.text(words, user))

    def pressing(self, card: Shown, label: str) -> str:
        """The XML of a press, with the new code that comes along."""
        key = {button["text"]: button["key"] for button in card.body["button_list"] if "key" in button}[label]
        return xml_of(
            ToUserName=CORP_ID,
            FromUserName=card.to,
            CreateTime=int(self.api.now().timestamp()),
            MsgType="event",
            Event="template_card_event",
            EventKey=key,
            TaskId=card.body["task_id"],
            CardType="button_interaction",
            ResponseCode=self.api.press_code(card.body["task_id"]),
            AgentID=int(AGENT_ID),
        )

    async def press(self, card: Shown, label: str) -> httpx.Response:
        return await self.server.deliver(self.pressing(card, label))

    def cards_of(self, who: str) -> list[Shown]:
        return [shown for shown in self.api.seen_by(who) if shown.kind == "template_card"]


def labels_of(card: Shown) -> list[str]:
    return [button["text"] for button in card.body.get("button_list", ())]


def words_on(card: Shown) -> str:
    """Everything a person can read on a WeCom message."""
    return "\n".join(_texts(card.body))


# --- WeChat ---------------------------------------------------------------------------------------------------------------


@dataclass
class WeChatEnd:
    """An Official Account whose server Parley is."""

    api: Weixin
    server: WeChatServer
    _moments: Iterator[int] = field(default_factory=lambda: itertools.count(9_000_000_001))

    def text(self, words: str, openid: str = CUSTOMER) -> str:
        """The XML of a text message."""
        return xml_of(
            ToUserName=ACCOUNT,
            FromUserName=openid,
            CreateTime=int(self.api.now().timestamp()),
            MsgType="text",
            Content=words,
            MsgId=next(self._moments),
        )

    def voice(self, media: str, recognised: str = "", openid: str = CUSTOMER) -> str:
        """The XML of a voice message; some accounts send along what WeChat understood."""
        return xml_of(
            ToUserName=ACCOUNT,
            FromUserName=openid,
            CreateTime=int(self.api.now().timestamp()),
            MsgType="voice",
            MediaId=media,
            Format="amr",
            Recognition=recognised,
            MsgId=next(self._moments),
        )

    def event(self, name: str, openid: str = CUSTOMER, key: str = "") -> str:
        return xml_of(
            ToUserName=ACCOUNT,
            FromUserName=openid,
            CreateTime=int(self.api.now().timestamp()) + next(self._moments) % 1000,
            MsgType="event",
            Event=name,
            EventKey=key,
        )

    async def deliver(self, xml: str, openid: str = CUSTOMER) -> httpx.Response:
        self.api.hears(openid)
        return await self.server.deliver(xml)

    async def say(self, words: str, openid: str = CUSTOMER) -> httpx.Response:
        return await self.deliver(self.text(words, openid), openid)

    async def answer_to(self, words: str, openid: str = CUSTOMER) -> str:
        """What the passive reply says; empty where there is none."""
        return self.read(await self.say(words, openid))

    def read(self, response: httpx.Response) -> str:
        assert response.status_code == 200, response.status_code
        if response.text == "success":
            return ""
        return content_of(response.text if self.server.mode == "plain" else self.server.unseal(response))


# --- opening --------------------------------------------------------------------------------------------------------------


@dataclass
class Platforms:
    """The three platforms, which live on while the house is restarted."""

    clock: FakeClock
    slack: SlackPlatform
    wecom: QyApi
    wechat: Weixin


@asynccontextmanager
async def open_platforms() -> AsyncIterator[Platforms]:
    clock = FakeClock(MORNING)
    members = frozenset({*WECOM_USERS.values(), "nobody"})
    wecom = QyApi(CORP_ID, CORP_SECRET, clock, members=members, chats=frozenset({"managers"}))
    wechat = Weixin(APP_ID, ACCOUNT_SECRET, clock, followers={CUSTOMER, "oStranger1"})
    async with _workspace(clock).serving() as slack, wecom.serving(), wechat.serving():
        yield Platforms(clock, slack, wecom, wechat)


@dataclass(frozen=True)
class Plan:
    """How the house is to be opened where a test wants it otherwise."""

    socket_mode: bool = False
    wechat_mode: str = "plain"
    roster: Mapping[str, ChannelRow] = field(default_factory=lambda: CHANNELS)
    listener: Listener | None = None


OpenHouse = Callable[[Plan], AbstractAsyncContextManager[HouseWithDoors]]


@asynccontextmanager
async def open_doors(
    home: Path, minds: Minds, url: str, platforms: Platforms, plan: Plan | None = None
) -> AsyncIterator[HouseWithDoors]:
    """The house over a database that already holds the sample company."""
    plan, clock, houses = plan or Plan(), platforms.clock, list[House]()

    async def build(settings: Settings) -> House:
        store, engine = Store(url), SweepOnly()
        how = {"now": clock, "minds": minds, "store": store, "engine": engine, "roster": plan.roster}
        houses.append(await build_house(settings, **how, listener=plan.listener))  # type: ignore[arg-type]  # each of its kind
        return houses[0]

    app = create_app(_settings(home, plan, platforms), build=build, now=clock)
    async with app.router.lifespan_context(app), _client(app) as http:
        yield HouseWithDoors(
            houses[0],
            app,
            http,
            clock,
            home,
            SlackEnd(platforms.slack, http),
            WeComEnd(platforms.wecom, WeComServer(http, CALLBACK_TOKEN, AES_KEY, CORP_ID, clock)),
            WeChatEnd(platforms.wechat, WeChatServer(http, CALLBACK_TOKEN, AES_KEY, APP_ID, clock, plan.wechat_mode)),
        )


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


def _workspace(clock: FakeClock) -> SlackPlatform:
    workspace = SlackPlatform(clock)
    workspace.users |= {*SLACK_USERS.values(), "U0STRANGER"}
    for user in workspace.users:
        workspace.rooms[direct(user)] = Room(direct(user), {BOT, user})
    workspace.rooms["C0GENERAL"].members |= workspace.users
    workspace.rooms[MANAGERS] = Room(MANAGERS, {BOT, "U0BOSS", "U0SOUTH", "U0HEAD"})
    return workspace


def _settings(home: Path, plan: Plan, platforms: Platforms) -> Settings:
    given: dict[str, Any] = {
        "PARLEY_HOME": home,
        "PARLEY_EMBEDDING_MODEL": "none",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": platforms.slack.api_url,
        "WECOM_CORP_ID": CORP_ID,
        "WECOM_AGENT_ID": AGENT_ID,
        "WECOM_SECRET": CORP_SECRET,
        "WECOM_TOKEN": CALLBACK_TOKEN,
        "WECOM_AES_KEY": AES_KEY,
        "WECOM_API_URL": platforms.wecom.url,
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_SECRET": ACCOUNT_SECRET,
        "WECHAT_TOKEN": CALLBACK_TOKEN,
        "WECHAT_API_URL": platforms.wechat.url,
    }
    if plan.socket_mode:
        given["SLACK_APP_TOKEN"] = APP_TOKEN
    if plan.wechat_mode != "plain":
        given["WECHAT_AES_KEY"] = AES_KEY
    return Settings(_env_file=None, **given)
