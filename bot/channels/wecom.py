"""WeCom applications and group robots: the door through which colleagues in 企业微信 speak and hear."""

import base64
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from bot.channels.channel import Accept, AnswerLost, CannotTell, Pace, Refused, SendError, Sent, TryLater
from bot.channels.files_apart import (
    LoadedFile,
    OpenFile,
    file_of,
    files_apart,
    is_for_one,
    load_file,
    open_text,
    told_of,
)
from bot.channels.pictures import Kind, Loaded, apart, picture_of
from bot.channels.tencent.api import Answer, Declined, TencentApi
from bot.channels.tencent.callback import TooLong, demand_fresh, demand_unchanged, read_body
from bot.channels.tencent.envelope import Forged, Malformed, Stamp, WeComEnvelope, fields_of_wecom
from bot.channels.tencent.media import fetch_media
from bot.channels.tencent.steady import SteadyMemory
from bot.channels.tencent.uploads import (
    FEWEST_BYTES,
    GONE,
    MOST_FILE_BYTES,
    Media,
    Uploadable,
    loaded_or_refused,
    media_type,
)
from bot.channels.tencent.words import NEW_STATE
from bot.channels.wecom_read import read
from bot.channels.wecom_render import Payload, button_card, render, render_for_group, split, task_id
from bot.kept_papers import mime_of
from bot.may_hear import Closed
from bot.memory import Memory
from bot.message import Address, Attachment, File, Message, Reply
from bot.public_address import PublicAddress

API = "https://qyapi.weixin.qq.com"
CODE_LIVES = timedelta(hours=72)
"""A response_code redraws a card once, this long after it was given (document/path/94945)."""
REPEAT_WINDOW = timedelta(hours=4)
"""The longest time for which WeCom drops a message it has already had (duplicate_check_interval, document/path/90236)."""
_TRIES_REMEMBERED = timedelta(days=7)
PERSON_A_MINUTE = 30
"""Messages to one person; what is above is dropped without a word (document/path/90454)."""
ROBOT_A_MINUTE = 20
"""Messages of one group robot (document/path/99398)."""
PICTURES: frozenset[Kind] = frozenset({"png", "jpeg"})
"""What WeCom shows: up to 10 MB from an application (document/path/90253)."""
ROBOT_PICTURE_BYTES = 2 * 1024 * 1024
"""The largest picture that a group robot takes (document/path/91770): WeCom's own limit, whatever the house's is."""
MOST_PICTURES = 3
"""Of one reply: each is a message more on somebody's screen, and one of the few that a minute takes."""
MOST_FILES = 3
"""Of one reply, for the same reason."""

log = structlog.get_logger(__name__)


class WeComChannel:
    """Channel "wecom". A conversation is a user id, `chat:CHATID` (application group chat) or `robot:KEY` (group robot).

    How a send whose answer was lost is found again: WeCom has no way to ask, but drops a second copy of a message by
    itself when asked to (`enable_duplicate_check`), and never shows two cards with one task id. So find() answers None
    ("send it again") where the platform itself keeps the copy from showing twice, and raises CannotTell elsewhere: group
    chats, robots, and what the same person was sent a moment before in the same words, for which the check must be off. A
    picture or a file is a copy only under the same media id, which is therefore remembered with the first try.

    A picture has no caption here, so the text that goes ahead names it all the same; a file shows its own name. A paper goes
    to its reader alone, never to a group.
    """

    name = "wecom"
    collects = False
    groups_can_press = False
    edits_freely = False
    # 5 at once and 25 more in the rest of the first minute: never above PERSON_A_MINUTE
    pace = Pace(every=timedelta(seconds=2.4), burst=5)

    def __init__(
        self,
        accept: Accept,
        memory: Memory,
        corp_id: str,
        agent_id: str,
        secret: str,
        token: str,
        aes_key: str,
        api_url: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: timedelta = timedelta(seconds=10),
        open_file: OpenFile = open_text,
        public: PublicAddress | None = None,
    ) -> None:
        self._open_file = open_file
        self._public = public
        if not (agent_id.isascii() and agent_id.isdigit()):
            raise ValueError("WECOM_AGENT_ID must be the number shown as AgentId on the application's page")
        self._accept = accept
        self._memory = SteadyMemory(memory)
        self._agent_id = int(agent_id)
        self._envelope = WeComEnvelope(token, aes_key, corp_id)
        self._now = now
        credentials = {"corpid": corp_id, "corpsecret": secret}
        token_key = f"wecom:token:{corp_id}:{agent_id}"
        self._api = TencentApi(api_url or API, "/cgi-bin/gettoken", credentials, self._memory, token_key, patience)
        self._media = Media(self._api, self._memory, f"wecom:media:{corp_id}:{agent_id}")

    async def start(self) -> None:
        """Nothing to open: the client opens with the first call."""

    async def stop(self) -> None:
        await self._api.close()

    # in

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/wecom/callback", self._prove, methods=["GET"], include_in_schema=False)
        router.add_api_route("/wecom/callback", self._hear, methods=["POST"], include_in_schema=False)
        return router

    async def _prove(self, request: Request) -> Response:
        stamp = Stamp.of(request.query_params)
        try:
            demand_fresh(stamp, self._now())
            echo = self._envelope.echo(stamp)
        except Forged as why:
            return _no(403, why)
        await self._learn(request)
        return PlainTextResponse(echo)

    async def _hear(self, request: Request) -> Response:
        stamp = Stamp.of(request.query_params)
        try:
            demand_fresh(stamp, self._now())
            xml = self._envelope.open(stamp, await read_body(request))
            message, task = self._read(xml)
        except Forged as why:
            return _no(403, why)
        except Malformed as why:
            return _no(400, why)
        except TooLong as why:
            return _no(413, why)
        answer = Response(status_code=200) if message is None else await self._take_in(message, task, stamp, xml)
        if answer.status_code == 200:
            await self._learn(request)
        return answer

    def _read(self, xml: str) -> tuple[Message | None, str]:
        fields = fields_of_wecom(xml)
        if fields.get("AgentID") not in ("", str(self._agent_id)):
            raise Forged("meant for another application: its callback URL points here")
        return read(fields, self._now()), fields.get("TaskId")

    async def _take_in(self, message: Message, task: str, stamp: Stamp, xml: str) -> Response:
        try:
            await demand_unchanged(self._memory, self.name, stamp, xml)
            if message.handle and task:
                await self._keep_code(task, message.handle)
            await self._accept(message)
        except Forged as why:
            return _no(403, why)
        except Exception as trouble:
            # not acknowledged, so that WeCom delivers it again
            log.error("wecom message not kept", key=message.key, trouble=type(trouble).__name__)
            return Response(status_code=503)
        return Response(status_code=200)

    # out

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        words, files = files_apart(reply, MOST_FILES)
        return (*split(words), *apart(reply, PICTURES, MOST_PICTURES), *files)

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        picture = picture_of(reply)
        if picture is not None:
            return await self._show(key, to, await loaded_or_refused(picture))
        file = file_of(reply)
        if file is not None:
            loaded = await self._opened(to, file)
            if isinstance(loaded, LoadedFile):
                return await self._show(key, to, loaded)
            reply = Reply(told_of(file, reply.lang, loaded), reply.lang)
        kind, _, target = to.conversation.partition(":")
        if kind == "robot" and target:
            await self._demand_room(f"robot:{target}", ROBOT_A_MINUTE)
            await self._api.post_open("/cgi-bin/webhook/send", {"key": target}, render_for_group(reply))
            return Sent(_ref(reply))
        if kind == "chat" and target:
            await self._api.post("/cgi-bin/appchat/send", {"chatid": target, **render_for_group(reply), "safe": 0})
            return Sent(_ref(reply))
        return await self._send_to_person(key, to.conversation, reply)

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        known = _read_ref(ref)
        if not known:
            return Sent()  # a piece that went ahead of its card: it stays as it is
        task = known.get("task")
        if reply.card is not None and isinstance(task, str) and await self._update(key, to.conversation, known, reply):
            return Sent(ref)  # a code of it that is left may serve again
        return await self.send(key, to, _disowning(reply))

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        if to.conversation.startswith(("robot:", "chat:")):
            raise CannotTell("WeCom does not tell what has arrived in a group")
        if reply.card is not None and reply.card.buttons:
            return None  # a second card with this task id is never shown
        if await self._is_covered(key):
            return None
        if await self._memory.get(f"wecom:redraw:{key}") is not None:
            return None  # the code is good once; a second try tells whether the first arrived
        raise CannotTell("WeCom's check for repeated messages does not cover this one")

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        return await fetch_media(self._api, attachment, into, limit)

    async def check(self) -> str | None:
        try:
            await self._api.prove()
            await self._api.get("/cgi-bin/agent/get", {"agentid": str(self._agent_id)})
        except Declined as no:
            return _ADVICE.get(no.code, f"WeCom refuses these settings (errcode {no.code}): compare them with its console.")
        except TryLater as trouble:
            if "60020" in str(trouble):
                return "WeCom does not know this machine's address: add it under the application's trusted IPs (企业可信IP)."
            return f"WeCom cannot be reached now ({trouble}): check the network and WECOM_API_URL."
        except SendError as trouble:
            return f"WeCom answers in a way that makes no sense ({trouble}): check WECOM_API_URL."
        return None

    async def _send_to_person(self, key: str, user: str, reply: Reply) -> Sent:
        answer = await self._send_payload(key, user, render(reply, task_id(key), await self._address(reply)))
        if answer is None:
            return Sent(json.dumps({"task": task_id(key)}))
        return Sent(_ref(reply, task_id(key), answer.get("response_code"), self._now()))

    async def _send_payload(self, key: str, user: str, payload: Payload) -> Answer | None:
        """None where WeCom says that the card of an earlier try is there."""
        await self._demand_room(f"person:{user}", PERSON_A_MINUTE)
        is_checked = await self._may_be_checked(key, user, payload)
        is_first_try = await self._note_try(key, is_checked, payload)
        body = {
            "touser": user,
            "agentid": self._agent_id,
            **payload,
            "enable_duplicate_check": int(is_checked),
            "duplicate_check_interval": int(REPEAT_WINDOW.total_seconds()),
        }
        try:
            answer = await self._api.post("/cgi-bin/message/send", body)
        except Declined as no:
            if not is_first_try and payload["msgtype"] == "template_card" and "task" in no.words.lower():
                # no number for this is documented; only our own earlier try can have used this key's task id
                return None
            raise
        except TryLater:
            if is_first_try:
                await self._memory.delete(_out(key))  # nothing went out
            raise
        _demand_received(answer)
        return answer

    async def _opened(self, to: Address, file: File) -> LoadedFile | Closed | None:
        """The file as it can be sent there, or None: it is gone, too large, not its reader's any more, or for one person
        where it goes to a group. A clip is a file as well: a voice message of WeCom must be AMR, which would take half of
        what there is to hear, and would seem to be spoken by the application; a file says by its name what it is."""
        if is_for_one(file) and to.conversation.startswith(("robot:", "chat:")):
            return None
        return await load_file(self._open_file, file, mime_of(file), FEWEST_BYTES, MOST_FILE_BYTES)

    async def _show_by_robot(self, robot: str, loaded: Uploadable) -> Sent:
        await self._demand_room(f"robot:{robot}", ROBOT_A_MINUTE)
        if isinstance(loaded, Loaded):
            if len(loaded.content) > ROBOT_PICTURE_BYTES:
                raise Refused("larger than the picture that a group robot takes")
            # the picture itself goes along
            encoded = base64.b64encode(loaded.content).decode()
            digest = hashlib.md5(loaded.content, usedforsecurity=False).hexdigest()
            await self._post_by_robot(robot, {"msgtype": "image", "image": {"base64": encoded, "md5": digest}})
            return Sent()
        name = hashlib.sha256(robot.encode()).hexdigest()[:32]
        media = Media(self._api, self._memory, f"wecom:media:robot:{name}", robot)
        try:
            await self._post_by_robot(robot, _media_payload(loaded, await media.id_of(loaded)))
        except Declined as no:
            if no.code != GONE:
                raise
            await self._post_by_robot(robot, _media_payload(loaded, await media.anew(loaded)))
        return Sent()

    async def _post_by_robot(self, robot: str, payload: Payload) -> None:
        await self._api.post_open("/cgi-bin/webhook/send", {"key": robot}, payload)

    async def _show(self, key: str, to: Address, loaded: Uploadable) -> Sent:
        kind, _, target = to.conversation.partition(":")
        if kind == "robot" and target:
            return await self._show_by_robot(target, loaded)
        tried = await self._memory.get(_out(key))
        earlier = tried.get("media") if isinstance(tried, dict) else None
        media = earlier if isinstance(earlier, str) else await self._media.id_of(loaded)
        try:
            await self._send_media(key, to.conversation, _media_payload(loaded, media))
        except Declined as no:
            if no.code != GONE:
                raise
            if earlier is not None:
                # under a new id WeCom would not know the copy: nobody can tell any more whether the first try arrived
                await self._memory.set(_out(key), {**tried, "checked": False}, _TRIES_REMEMBERED)
                raise AnswerLost("the media of the earlier try is gone") from no
            await self._memory.delete(_out(key))
            await self._send_media(key, to.conversation, _media_payload(loaded, await self._media.anew(loaded)))
        return Sent()

    async def _send_media(self, key: str, conversation: str, payload: Payload) -> None:
        kind, _, target = conversation.partition(":")
        if kind == "chat" and target:
            await self._api.post("/cgi-bin/appchat/send", {"chatid": target, **payload, "safe": 0})
        else:
            await self._send_payload(key, conversation, payload)

    async def _note_try(self, key: str, is_checked: bool, payload: Payload) -> bool:
        """Whether this is the first try. Raises AnswerLost where a second is no longer caught by WeCom's check."""
        tried = {"checked": is_checked, "since": self._now().isoformat()}
        if payload["msgtype"] in ("image", "file"):
            tried["media"] = payload[payload["msgtype"]]["media_id"]
        if await self._memory.add(_out(key), tried, _TRIES_REMEMBERED):
            return True
        if payload["msgtype"] != "template_card" and not await self._is_covered(key):
            raise AnswerLost("too late for WeCom to drop a copy")
        return False

    async def _is_covered(self, key: str) -> bool:
        """WeCom would drop a copy of what was sent with this key."""
        tried = await self._memory.get(_out(key))
        if not isinstance(tried, dict) or not tried["checked"]:
            return False
        return self._now() - datetime.fromisoformat(tried["since"]) < REPEAT_WINDOW

    async def _may_be_checked(self, key: str, user: str, payload: Payload) -> bool:
        """The check takes a second "done" within four hours for a copy of the first, and drops it; so not for that."""
        digest = hashlib.sha256(json.dumps([user, payload], sort_keys=True).encode()).hexdigest()[:32]
        same = f"wecom:same:{digest}"
        return await self._memory.add(same, key, REPEAT_WINDOW) or await self._memory.get(same) == key

    async def _update(self, key: str, user: str, known: dict[str, Any], reply: Reply) -> bool:
        """Redraws the card with the newest code that is left; False when there is none or WeCom takes none."""
        assert reply.card is not None
        task, address = str(known["task"]), await self._address(reply)
        card = button_card(reply.card, reply.lang, task, reply.links if address else (), address or "")
        tried = await self._memory.get(f"wecom:redraw:{key}")
        for code in [tried] if isinstance(tried, str) else await self._codes(task, known):
            await self._memory.set(f"wecom:redraw:{key}", code, CODE_LIVES)
            body = {
                "userids": [user],
                "agentid": self._agent_id,
                "response_code": code,
                "template_card": card,
            }
            try:
                await self._api.post("/cgi-bin/message/update_template_card", body)
            except Declined:
                if code == tried:
                    return True  # the earlier try, whose answer was lost, has used the code up
                await self._memory.set(_used(code), True, CODE_LIVES)
                await self._memory.delete(f"wecom:redraw:{key}")
                continue
            except TryLater:
                await self._memory.delete(f"wecom:redraw:{key}")  # not taken: the code is still good
                raise
            with suppress(TryLater):  # the card is redrawn, whatever is remembered of it
                await self._memory.set(_used(code), True, CODE_LIVES)
            return True
        return False

    async def _address(self, reply: Reply) -> str | None:
        """Ours, where the reply has links and it is known."""
        return await self._public.known(self.name) if reply.links and self._public else None

    async def _learn(self, request: Request) -> None:
        if self._public is not None:
            await self._public.learn(self.name, request)

    async def _codes(self, task: str, known: dict[str, Any]) -> list[str]:
        candidates = [await self._memory.get(f"wecom:code:{task}"), known]
        codes: list[str] = []
        for each in candidates:
            code, since = (each.get("code"), each.get("since")) if isinstance(each, dict) else (None, None)
            if not isinstance(code, str) or not isinstance(since, str) or code in codes:
                continue
            if self._now() - datetime.fromisoformat(since) < CODE_LIVES and not await self._memory.get(_used(code)):
                codes.append(code)
        return codes

    async def _keep_code(self, task: str, code: str) -> None:
        """A press brings a code for its card; a redraw may come long after the press was read."""
        await self._memory.set(f"wecom:code:{task}", {"code": code, "since": self._now().isoformat()}, CODE_LIVES)

    async def _demand_room(self, target: str, limit: int) -> None:
        digest = hashlib.sha256(target.encode()).hexdigest()[:32]
        if await self._memory.increment(f"wecom:minute:{digest}", timedelta(minutes=1)) > limit:
            raise TryLater("this minute is full", timedelta(minutes=1))


_ADVICE = {
    40001: "WECOM_SECRET is not the Secret of this application: copy it again from the application's page.",
    40013: "WECOM_CORP_ID is wrong: copy it from 我的企业 - 企业信息 - 企业ID.",
    40056: "WECOM_AGENT_ID is wrong: copy AgentId from the application's page.",
    301002: "WECOM_AGENT_ID is not the application that WECOM_SECRET belongs to.",
}


def _no(status: int, why: Exception) -> Response:
    log.warning("wecom callback refused", status=status, why=str(why))
    return Response(status_code=status)


def _demand_received(answer: Answer) -> None:
    """WeCom answers 0 also when the only receiver was none."""
    if answer.get("invaliduser") or answer.get("unlicenseduser"):
        raise Refused("WeCom does not know this user, or the application is not visible to them")


def _ref(reply: Reply, task: str | None = None, code: object = None, now: datetime | None = None) -> str | None:
    if reply.card is None:
        return None
    if reply.card.buttons and task and now:
        held = {"code": code, "since": now.isoformat()} if isinstance(code, str) and code else {}
        return json.dumps({"task": task, **held})
    return json.dumps({"again": True}) if reply.card.view_of else None


def _media_payload(loaded: Uploadable, media: str) -> Payload:
    sort = media_type(loaded)
    return {"msgtype": sort, sort: {"media_id": media}}


def _read_ref(ref: str) -> dict[str, Any]:
    try:
        known = json.loads(ref)
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _disowning(reply: Reply) -> Reply:
    if reply.card is None:
        return replace(reply, text=f"{NEW_STATE[reply.lang]}\n{reply.text}")
    return replace(reply, card=replace(reply.card, lines=(NEW_STATE[reply.lang], *reply.card.lines)))


def _out(key: str) -> str:
    return f"wecom:out:{key}"


def _used(code: str) -> str:
    return f"wecom:used:{hashlib.sha256(code.encode()).hexdigest()[:32]}"
