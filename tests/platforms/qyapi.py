"""A strict stand-in of WeCom's qyapi: it checks what it gets, keeps the quotas, and shows what each person would see."""

import base64
import binascii
import hashlib
import json
import re
import unicodedata
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from tests.platforms.tencent import Json, No, TencentPlatform, Uploaded, demand, kind_of

_MINUTE = timedelta(minutes=1)
_CODE_LIVES = timedelta(hours=72)
_CARD_KEYS = {
    "card_type",
    "source",
    "main_title",
    "quote_area",
    "sub_title_text",
    "horizontal_content_list",
    "task_id",
    "button_list",
}


@dataclass
class Shown:
    """A message on somebody's screen; a card's `body` changes when the card is updated. `image` is a picture's bytes, `file`
    what was uploaded as a file."""

    to: str
    kind: str
    body: Json
    image: bytes = b""
    file: Uploaded | None = None

    @property
    def text(self) -> str:
        return str(self.body.get("content", ""))


@dataclass
class _Code:
    shown: Shown
    since: datetime
    is_used: bool = False


@dataclass
class QyApi(TencentPlatform):
    """`invisible` members exist but the application is not visible to them; `dropped` counts what vanished silently."""

    agent_id: int = 1000002
    members: frozenset[str] = frozenset({"zhang", "li"})
    invisible: frozenset[str] = frozenset({"wang"})
    chats: frozenset[str] = frozenset({"deals"})
    robots: frozenset[str] = frozenset({"robot-key-0001"})
    shown: list[Shown] = field(default_factory=list)
    dropped: int = 0
    repeats: int = 0
    updates: int = 0
    _given: int = 0
    _codes: dict[str, _Code] = field(default_factory=dict)
    _tasks: dict[str, Shown] = field(default_factory=dict)
    _had: dict[str, datetime] = field(default_factory=dict)
    _times: dict[str, deque[datetime]] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/cgi-bin/gettoken", self.answering(self._gettoken, self.token_faults)),
            web.get("/cgi-bin/agent/get", self.answering(self._agent, deque())),
            web.post("/cgi-bin/message/send", self.answering(self._send)),
            web.post("/cgi-bin/message/update_template_card", self.answering(self._update)),
            web.post("/cgi-bin/appchat/send", self.answering(self._send_to_chat)),
            web.post("/cgi-bin/webhook/send", self.answering(self._send_by_robot)),
            web.post("/cgi-bin/media/upload", self.answering(self.upload)),
            web.post("/cgi-bin/webhook/upload_media", self.answering(self._upload_by_robot)),
            web.get("/cgi-bin/media/get", self.send_media),
        ]

    def seen_by(self, who: str) -> list[Shown]:
        return [each for each in self.shown if each.to == who]

    def press_code(self, task: str) -> str:
        """The new code that a press on this card brings."""
        return self._new_code(self._tasks[task])

    def forget_codes(self) -> None:
        self._codes.clear()

    async def _gettoken(self, request: web.Request) -> Json:
        query = request.query
        return self.give_token(query.get("corpid", ""), query.get("corpsecret", ""), 40013, 40001, 60020)

    async def _agent(self, request: web.Request) -> Json:
        self.demand_token(request)
        demand(request.query.get("agentid") == str(self.agent_id), 301002, "not allow operate another agent")
        return {"errcode": 0, "errmsg": "ok"}

    async def _send(self, request: web.Request) -> Json:
        self.demand_token(request)
        payload = await request.json()
        demand(payload.get("agentid") == self.agent_id, 40056, "invalid agentid")
        who = payload.get("touser")
        demand(isinstance(who, str) and "|" not in who and who != "@all", 40031, "this stand-in takes one receiver")
        kind, body = _content(payload, {"text": 2048, "markdown": 2048, "template_card": 0, "image": 0, "file": 0})
        image, file = self._image(kind, body), self._file(kind, body)
        demand(who in self.members | self.invisible, 81013, "user & party & tag all invalid")
        if who in self.invisible:
            return {"errcode": 0, "errmsg": "ok", "invaliduser": who}
        if self._is_repeat(payload, kind, body):
            self.repeats += 1
            return {"errcode": 0, "errmsg": "ok", "msgid": "repeated"}
        return self._show_to_person(who, kind, body, image, file)

    def _image(self, kind: str, body: Json) -> bytes:
        if kind != "image":
            return b""
        demand(set(body) == {"media_id"}, 40058, "unknown field in image")
        return self.image_of(body["media_id"])

    def _file(self, kind: str, body: Json, robot: str = "") -> Uploaded | None:
        if kind != "file":
            return None
        demand(set(body) == {"media_id"}, 40058, "unknown field in file")
        return self.media_of(body["media_id"], "file", robot)

    async def _upload_by_robot(self, request: web.Request) -> Json:
        key = request.query.get("key", "")
        demand(key in self.robots, 93000, "invalid webhook url")
        demand(set(request.query) == {"key", "type"}, 40035, "invalid parameter")
        return await self.taken_up(request, frozenset({"file"}), key)

    def _show_to_person(self, who: str, kind: str, body: Json, image: bytes, file: Uploaded | None) -> Json:
        if kind == "template_card":
            check_card(body)
            demand(body["task_id"] not in self._tasks, 40058, "template_card.task_id repeated")
        if not self._has_room(who, 30):
            self.dropped += 1
            return {"errcode": 0, "errmsg": "ok", "msgid": "dropped"}
        shown = Shown(who, kind, body, image, file)
        self.shown.append(shown)
        if kind != "template_card":
            return {"errcode": 0, "errmsg": "ok", "msgid": str(len(self.shown))}
        self._tasks[body["task_id"]] = shown
        return {"errcode": 0, "errmsg": "ok", "msgid": str(len(self.shown)), "response_code": self._new_code(shown)}

    async def _update(self, request: web.Request) -> Json:
        self.demand_token(request)
        payload = await request.json()
        demand(payload.get("agentid") == self.agent_id, 40056, "invalid agentid")
        code = self._codes.get(payload.get("response_code", ""))
        if code is None or code.is_used or self.now() - code.since >= _CODE_LIVES:
            raise No(40058, "invalid response_code")
        demand(payload.get("userids") == [code.shown.to], 40031, "userids do not hold the card")
        check_card(payload["template_card"], may_settle=True)
        code.is_used = True
        code.shown.body = payload["template_card"]
        self.updates += 1
        return {"errcode": 0, "errmsg": "ok", "invaliduser": []}

    async def _send_to_chat(self, request: web.Request) -> Json:
        self.demand_token(request)
        payload = await request.json()
        chat = payload.get("chatid", "")
        demand(chat in self.chats, 86001, "invalid chatid")
        kind, body = _content(payload, {"text": 2048, "markdown": 2048, "image": 0, "file": 0})
        self.shown.append(Shown(f"chat:{chat}", kind, body, self._image(kind, body), self._file(kind, body)))
        return {"errcode": 0, "errmsg": "ok"}

    async def _send_by_robot(self, request: web.Request) -> Json:
        key = request.query.get("key", "")
        demand(key in self.robots, 93000, "invalid webhook url")
        kind, body = _content(await request.json(), {"text": 2048, "markdown": 4096, "image": 0, "file": 0})
        image, file = robot_image(body) if kind == "image" else b"", self._file(kind, body, key)
        demand(self._has_room(key, 20), 130101, "api freq out of limit")
        self.shown.append(Shown(f"robot:{key}", kind, body, image, file))
        return {"errcode": 0, "errmsg": "ok"}

    def _is_repeat(self, payload: Json, kind: str, body: Json) -> bool:
        if payload.get("enable_duplicate_check") != 1:
            return False
        interval = payload.get("duplicate_check_interval", 1800)
        demand(isinstance(interval, int) and 0 < interval <= 14_400, 40058, "duplicate_check_interval above 4 hours")
        key = json.dumps([payload["touser"], kind, body], sort_keys=True)
        had = self._had.get(key)
        self._had.setdefault(key, self.now())
        return had is not None and self.now() - had < timedelta(seconds=interval)

    def _has_room(self, who: str, limit: int) -> bool:
        times = self._times.setdefault(who, deque())
        while times and self.now() - times[0] >= _MINUTE:
            times.popleft()
        if len(times) >= limit:
            return False
        times.append(self.now())
        return True

    def _new_code(self, shown: Shown) -> str:
        self._given += 1
        code = f"code-{self._given}"
        self._codes[code] = _Code(shown, self.now())
        return code


def robot_image(body: Json) -> bytes:
    """A group robot takes a picture itself: in base64 without line breaks, with the MD5 of what was encoded. Raises No."""
    demand(set(body) == {"base64", "md5"}, 40058, "unknown field in image")
    try:
        content = base64.b64decode(body["base64"], validate=True)
    except (binascii.Error, TypeError):
        raise No(40058, "invalid base64") from None
    demand(hashlib.md5(content, usedforsecurity=False).hexdigest() == body["md5"], 301019, "md5 does not match")
    demand(len(content) <= 2 * 1024 * 1024, 40009, "invalid image size")
    demand(kind_of(content) in ("png", "jpeg"), 40005, "invalid file type")
    return content


def check_card(card: Json, may_settle: bool = False) -> None:
    """The structure of a button card; the lengths that WeCom's documents advise are demanded. Raises No."""
    demand(set(card) <= _CARD_KEYS | ({"replace_text"} if may_settle else set()), 40058, "unknown field in template_card")
    demand(card.get("card_type") == "button_interaction", 42045, "card_type")
    task = card.get("task_id", "")
    demand(re.fullmatch(r"[0-9A-Za-z_@-]{1,128}", task) is not None, 40058, "task_id")
    _demand_text(card.get("main_title", {}).get("title", ""), 36, "main_title.title")
    if "sub_title_text" in card:
        _demand_text(card["sub_title_text"], 160, "sub_title_text")
    if "quote_area" in card:
        _demand_text(card["quote_area"].get("quote_text", ""), 120, "quote_area.quote_text")
    facts = card.get("horizontal_content_list", [])
    demand(len(facts) <= 6, 40058, "horizontal_content_list")
    for fact in facts:
        _demand_text(fact["keyname"], 5, "keyname")
        _demand_text(fact["value"], 30, "value")
    _check_buttons(card.get("button_list", []))


def _check_buttons(buttons: list[Json]) -> None:
    demand(1 <= len(buttons) <= 6, 40058, "button_list")
    demand(
        len({button.get("key", button.get("url")) for button in buttons}) == len(buttons), 40058, "button_list.key repeated"
    )
    for button in buttons:
        if button.get("type") == 1:  # opens a page, sends no event
            demand(button["url"].startswith(("http://", "https://")), 40058, "button_list.url")
            _demand_text(button["text"], 10, "button_list.text")
            continue
        _demand_text(button["text"], 10, "button_list.text")
        demand(1 <= len(button["key"].encode()) <= 1024, 40058, "button_list.key")
        demand(button["style"] in (1, 2, 3, 4), 40058, "button_list.style")


def _demand_text(text: str, limit: int, name: str) -> None:
    half_widths = sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)
    demand(0 < half_widths <= 2 * limit, 40058, f"{name} is {half_widths / 2} wide")


def _content(payload: Json, limits: Mapping[str, int]) -> tuple[str, Json]:
    kind = payload.get("msgtype", "")
    demand(kind in limits, 40008, "invalid message type")
    body = payload.get(kind)
    if not isinstance(body, dict):
        raise No(44004, "empty content")
    if limits[kind]:
        size = len(str(body.get("content", "")).encode())
        demand(size > 0, 44004, "empty content")
        demand(size <= limits[kind], 45002, "content size out of limit")
    return kind, body
