"""WeChat Official Accounts: the door through which customers speak and hear; answers at once or by customer service."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from bot.channels.channel import Accept, CannotTell, Pace, SendError, Sent, TryLater, WaitForPerson
from bot.channels.pictures import Kind, apart, picture_of
from bot.channels.tencent.api import Declined, TencentApi
from bot.channels.tencent.callback import TooLong, demand_fresh, demand_unchanged, read_body
from bot.channels.tencent.envelope import Forged, Malformed, Opened, Stamp, WeChatEnvelope, fields_of_wechat, text_reply
from bot.channels.tencent.media import fetch_media
from bot.channels.tencent.steady import SteadyMemory
from bot.channels.tencent.uploads import GONE, Media, loaded_or_refused
from bot.channels.wechat_read import AFTER_ACT, AFTER_MESSAGE, Grant, grant_of, read
from bot.channels.wechat_render import render, split
from bot.memory import Memory
from bot.message import Address, Attachment, Message, Picture, Reply

API = "https://api.weixin.qq.com"
REDELIVERED_WITHIN = timedelta(minutes=1)
"""WeChat asks three times, five seconds apart; an answer is kept a little longer than that."""
PICTURES: frozenset[Kind] = frozenset({"png", "jpeg", "gif"})
"""What WeChat shows (developers.weixin.qq.com, 新增临时素材)."""
MOST_PICTURES = 3
"""Of one reply: each is a customer-service message, of which there are five."""
_LONGEST_MEMORY = timedelta(days=7)
_NOT_ALLOWED = 48001
"""The account has not got this API: a subscription account, or one that is not verified."""

AwaitReplies = Callable[[str, float], Awaitable[list[Reply]]]
"""(message key, seconds) -> the first piece of the answer, as soon as it is there; empty when it takes longer. The ledger of
sends has handed it over; it keeps and sends the other pieces. Asked again for the same message, it gives the same one."""

log = structlog.get_logger(__name__)


class WeChatChannel:
    """Channel "wechat". A conversation is an openid.

    An answer that is ready within `passive_window` goes out as the response to the callback, which costs no quota; the
    road holds its replies back that long. Anything later is a customer-service message: 5 within 48 hours after a
    message, 3 within a minute after a menu click, a follow or a scan. They are counted here so that the quota's end is
    known before WeChat says so; without a count (lost, or never begun) WeChat's own answer decides.

    Pictures are customer-service messages behind the text, which names them too: an account that may send none (as WeChat
    says at the first) is answered in words alone from then on.
    """

    name = "wechat"
    collects = False
    groups_can_press = False
    edits_freely = False
    pace = Pace(every=timedelta(seconds=1), burst=5)
    passive_window = timedelta(seconds=4)
    """WeChat hangs up after five seconds; one is left for the way."""

    def __init__(
        self,
        accept: Accept,
        await_replies: AwaitReplies,
        memory: Memory,
        app_id: str,
        secret: str,
        token: str,
        aes_key: str | None = None,
        api_url: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: timedelta = timedelta(seconds=10),
    ) -> None:
        self._accept = accept
        self._await_replies = await_replies
        self._memory = SteadyMemory(memory)
        self._envelope = WeChatEnvelope(token, aes_key, app_id)
        self._now = now
        credentials = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        self._api = TencentApi(
            api_url or API, "/cgi-bin/token", credentials, self._memory, f"wechat:token:{app_id}", patience
        )
        self._media = Media(self._api, self._memory, f"wechat:media:{app_id}")
        self._may_send_pictures = True

    async def start(self) -> None:
        """Nothing to open: the client opens with the first call."""

    async def stop(self) -> None:
        await self._api.close()

    # in

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/wechat/callback", self._prove, methods=["GET"], include_in_schema=False)
        router.add_api_route("/wechat/callback", self._hear, methods=["POST"], include_in_schema=False)
        return router

    async def _prove(self, request: Request) -> Response:
        stamp = Stamp.of(request.query_params)
        try:
            demand_fresh(stamp, self._now())
            return PlainTextResponse(self._envelope.echo(stamp))
        except Forged as why:
            return _no(403, why)

    async def _hear(self, request: Request) -> Response:
        stamp = Stamp.of(request.query_params)
        try:
            demand_fresh(stamp, self._now())
            letter = self._envelope.open(stamp, await read_body(request))
            fields = fields_of_wechat(letter.xml)
            message = read(fields, self._now())
        except Forged as why:
            return _no(403, why)
        except Malformed as why:
            return _no(400, why)
        except TooLong as why:
            return _no(413, why)
        if message is None:
            return _nothing_to_say()
        refusal = await self._take_in(message, stamp, letter, grant_of(fields))
        return refusal or await self._answer(message, fields.get("ToUserName"), stamp, letter)

    async def _take_in(self, message: Message, stamp: Stamp, letter: Opened, grant: Grant | None) -> Response | None:
        """None when the message is kept."""
        try:
            await demand_unchanged(self._memory, self.name, stamp, letter.xml)
            if await self._accept(message):
                await self._note_quota(message, grant)
        except Forged as why:
            return _no(403, why)
        except Exception as trouble:
            # not acknowledged, so that WeChat delivers it again
            log.error("wechat message not kept", key=message.key, trouble=type(trouble).__name__)
            return Response(status_code=503)
        return None

    async def _answer(self, message: Message, account: str, stamp: Stamp, letter: Opened) -> Response:
        if message.unreadable == "unsubscribe":
            return _nothing_to_say()  # nobody is there any more to read it
        answer = await self._passive_text(message)
        if not answer:
            return _nothing_to_say()
        xml = text_reply(message.sender, account, answer, int(self._now().timestamp()))
        if letter.sealed:
            xml = self._envelope.seal(xml, stamp.nonce, str(int(self._now().timestamp())))
        return Response(xml, media_type="application/xml")

    async def _passive_text(self, message: Message) -> str:
        """What is said at once; a redelivery is told the same again.

        The message is kept already, so whatever fails here only makes its answer come later and by another way.
        """
        told = await self._told(message)
        if told:
            return told
        try:
            replies = await self._await_replies(message.key, self.passive_window.total_seconds())
        except Exception as trouble:
            log.error("no passive reply", key=message.key, trouble=type(trouble).__name__)
            return ""
        if not replies:
            return ""
        answer = render(replies[0])
        with suppress(TryLater):
            await self._memory.add(_answer_key(message), answer, REDELIVERED_WITHIN)
        return answer

    async def _told(self, message: Message) -> str:
        with suppress(TryLater):
            told = await self._memory.get(_answer_key(message))
            if isinstance(told, str):
                return told
        return ""

    # out

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        return (*split(reply), *apart(reply, PICTURES, MOST_PICTURES if self._may_send_pictures else 0))

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        picture = picture_of(reply)
        if picture is not None:
            await self._show(to.conversation, picture)
        else:
            await self._send_message(to.conversation, {"msgtype": "text", "text": {"content": render(reply)}})
        return Sent()

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        """Nothing in WeChat can be redrawn, and a message more would be one less of the few that the platform allows."""
        return Sent()

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        raise CannotTell("WeChat does not tell whether a customer-service message has arrived")

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        return await fetch_media(self._api, attachment, into, limit)

    async def check(self) -> str | None:
        try:
            await self._api.prove()
        except Declined as no:
            return _ADVICE.get(no.code, f"WeChat refuses these settings (errcode {no.code}): compare them with its console.")
        except TryLater as trouble:
            if "40164" in str(trouble):
                return "WeChat does not know this machine's address: add it to the IP whitelist (IP白名单) of the account."
            return f"WeChat cannot be reached now ({trouble}): check the network and WECHAT_API_URL."
        except SendError as trouble:
            return f"WeChat answers in a way that makes no sense ({trouble}): check WECHAT_API_URL."
        return None

    async def _show(self, openid: str, picture: Picture) -> None:
        await self._grant_to_spend(openid)  # nothing is uploaded that could not be sent
        loaded = await loaded_or_refused(picture)
        try:
            try:
                await self._send_media(openid, await self._media.id_of(loaded))
            except Declined as no:
                if no.code != GONE:
                    raise
                await self._send_media(openid, await self._media.anew(loaded))
        except Declined as no:
            self._may_send_pictures = self._may_send_pictures and no.code != _NOT_ALLOWED
            raise

    async def _send_media(self, openid: str, media: str) -> None:
        await self._send_message(openid, {"msgtype": "image", "image": {"media_id": media}})

    async def _send_message(self, openid: str, message: Mapping[str, Any]) -> None:
        grant = await self._grant_to_spend(openid)
        try:
            await self._api.post("/cgi-bin/message/custom/send", {"touser": openid, **message})
        except TryLater:
            raise  # not taken, so nothing is spent
        except Declined as no:
            if no.code != GONE:
                await self._spend(openid, grant)
            raise
        except WaitForPerson:
            await self._close_quota(openid)
            raise
        except SendError:
            await self._spend(openid, grant)
            raise
        await self._spend(openid, grant)

    # quota

    async def _note_quota(self, message: Message, grant: Grant | None) -> None:
        if message.unreadable == "unsubscribe":
            await self._close_quota(message.sender)
        elif grant is not None:
            await self._set_left(message.sender, grant, grant.messages)

    async def _grant_to_spend(self, openid: str) -> Grant | None:
        """The grant that ends first; None if nothing is known. Raises WaitForPerson when all are known to be used up."""
        is_known = False
        for grant in (AFTER_ACT, AFTER_MESSAGE):
            held = await self._memory.get(_quota_key(openid, grant))
            if not isinstance(held, dict):
                continue
            is_known = is_known or grant is AFTER_MESSAGE
            if held["left"] > 0 and self._now() < datetime.fromisoformat(held["until"]):
                return grant
        if is_known:
            raise WaitForPerson("quota of customer-service messages used up, or its time is over")
        return None

    async def _spend(self, openid: str, grant: Grant | None) -> None:
        if grant is None:
            return
        key = _quota_key(openid, grant)
        with suppress(TryLater):  # the send has ended; a count too high is put right by WeChat's own answer
            held = await self._memory.get(key)
            if isinstance(held, dict):
                await self._memory.set(key, {**held, "left": max(held["left"] - 1, 0)}, _LONGEST_MEMORY)

    async def _close_quota(self, openid: str) -> None:
        with suppress(TryLater):
            for grant in (AFTER_ACT, AFTER_MESSAGE):
                await self._set_left(openid, grant, 0)

    async def _set_left(self, openid: str, grant: Grant, left: int) -> None:
        until = (self._now() + grant.lasts).isoformat()
        await self._memory.set(_quota_key(openid, grant), {"left": left, "until": until}, _LONGEST_MEMORY)


_ADVICE = {
    40125: "WECHAT_SECRET is wrong: reset and copy the AppSecret in the account's console.",
    40001: "WECHAT_SECRET is wrong: reset and copy the AppSecret in the account's console.",
    40013: "WECHAT_APP_ID is wrong: copy the AppID from the account's console.",
}


def _answer_key(message: Message) -> str:
    return f"wechat:answer:{message.key}"


def _quota_key(openid: str, grant: Grant) -> str:
    return f"wechat:quota:{grant.name}:{hashlib.sha256(openid.encode()).hexdigest()[:32]}"


def _no(status: int, why: Exception) -> Response:
    log.warning("wechat callback refused", status=status, why=str(why))
    return Response(status_code=status)


def _nothing_to_say() -> Response:
    """The word on which WeChat neither asks again nor shows an error."""
    return PlainTextResponse("success")
