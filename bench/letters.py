"""Requests as the platforms send them, signed and encrypted by the platforms' own libraries, ready to be posted.

They are sealed before the clock starts, so that sealing does not take the machine from what is measured.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time

import httpx

from bench.platforms import AES_KEY, AGENT_ID, APP_ID, CALLBACK_TOKEN, CORP_ID
from tests.platforms.slack import TEAM, SlackPlatform, message_event, press_payload
from tests.platforms.tencent_callbacks import WeChatServer, WeComServer, xml_of


@dataclass(frozen=True)
class Letter:
    """One request: `key` is what Parley will call the message (None: only Parley knows)."""

    key: str | None
    path: str
    headers: Mapping[str, str]
    body: bytes


def _now() -> datetime:
    return datetime.now(UTC)


class _Tray(httpx.AsyncBaseTransport):
    """Keeps the request instead of sending it."""

    def __init__(self) -> None:
        self.kept: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.kept.append(request)
        return httpx.Response(200)


class Office:
    """Writes letters; every one is new."""

    def __init__(self) -> None:
        self._tray = _Tray()
        client = httpx.AsyncClient(transport=self._tray, base_url="http://parley.test")
        self._client = client
        self._slack = SlackPlatform(_now)
        self._wecom = WeComServer(client, CALLBACK_TOKEN, AES_KEY, CORP_ID, _now)
        self._wechat = WeChatServer(client, CALLBACK_TOKEN, AES_KEY, APP_ID, _now, mode="aes")
        self._count = 0

    async def slack_message(self, user: str, text: str) -> Letter:
        channel, ts = f"D{user[1:]}", f"{int(time())}.{self._next():06d}"
        await self._slack.deliver(self._client, message_event(text, channel, ts, user))
        return self._taken(f"slack:{TEAM}:{channel}:{ts}")

    async def slack_press(self, user: str, card: str, token: str) -> Letter:
        trigger = f"{self._next()}.1.{'a' * 12}"
        press = press_payload(token, f"D{user[1:]}", card, user, trigger_id=trigger)
        await self._slack.interact(self._client, press)
        return self._taken(f"slack:{TEAM}:{trigger}")

    async def wecom_message(self, user: str, text: str) -> Letter:
        number = self._next()
        await self._wecom.deliver(self._xml(CORP_ID, user, "text", Content=text, MsgId=number, AgentID=AGENT_ID))
        return self._taken(f"wecom:{number}")

    async def wecom_press(self, user: str, card: str, token: str) -> Letter:
        told = {"Event": "template_card_event", "EventKey": token, "TaskId": card, "CardType": "button_interaction"}
        await self._wecom.deliver(self._xml(CORP_ID, user, "event", **told, AgentID=AGENT_ID))
        return self._taken(None)

    async def wechat_message(self, openid: str, text: str) -> Letter:
        number = self._next()
        await self._wechat.deliver(self._xml("gh_sample", openid, "text", Content=text, MsgId=number))
        return self._taken(f"wechat:{number}")

    def api_message(self, conversation: str, sender: str, text: str) -> Letter:
        return _json("/api/messages", {"conversation": conversation, "sender": sender, "text": text})

    def api_press(self, conversation: str, sender: str, token: str) -> Letter:
        return _json(f"/api/actions/{token}", {"conversation": conversation, "sender": sender})

    def opened(self, sealed: str) -> str:
        """The XML of an encrypted passive reply."""
        return self._wechat.unseal(httpx.Response(200, text=sealed))

    def _xml(self, to: str, sender: str, kind: str, **more: object) -> str:
        return xml_of(ToUserName=to, FromUserName=sender, CreateTime=int(time()), MsgType=kind, **more)

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _taken(self, key: str | None) -> Letter:
        request = self._tray.kept.pop()
        return Letter(key, request.url.raw_path.decode(), dict(request.headers), request.content)


def _json(path: str, body: dict[str, str]) -> Letter:
    return Letter(None, path, {"Content-Type": "application/json"}, json.dumps(body).encode())
