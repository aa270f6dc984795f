"""WeChat callback -> Message: what a customer wrote, said, sent or did in the Official Account. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.channels.tencent.callback import MOST_LETTERS, moment
from bot.channels.tencent.envelope import Fields, Malformed
from bot.channels.wecom_read import event_key
from bot.message import Address, Attachment, Message

_GREETING = "帮助"
"""What somebody who has just followed the account is taken to ask."""
_MIME = {"amr": "audio/amr", "speex": "audio/speex", "mp3": "audio/mpeg"}


@dataclass(frozen=True)
class Grant:
    """How many customer-service messages a customer's act allows, and for how long."""

    name: str
    messages: int
    lasts: timedelta


# developers.weixin.qq.com/doc/subscription/api/customer/message/api_sendcustommessage.html (figures of June 2023)
AFTER_MESSAGE = Grant("message", 5, timedelta(hours=48))
AFTER_ACT = Grant("act", 3, timedelta(minutes=1))
_ACTS = frozenset({"click", "subscribe", "subscribe_scan", "scan", "scancode_push", "scancode_waitmsg"})


def read(fields: Fields, now: datetime) -> Message | None:
    """None for events that say nothing to us (a menu link opened, a position reported). Raises Malformed."""
    if not fields.get("FromUserName") or not fields.kind:
        raise Malformed("no sender or no type")
    if fields.kind == "event":
        return _event(fields, now)
    if not fields.get("MsgId"):
        raise Malformed("no MsgId")
    return _message(fields, now)


def grant_of(fields: Fields) -> Grant | None:
    if fields.kind != "event":
        return AFTER_MESSAGE
    return AFTER_ACT if fields.event in _ACTS else None


def _message(fields: Fields, now: datetime) -> Message:
    media = fields.get("MediaId")
    match fields.kind:
        case "text":
            return _said(fields, now, text=fields.get("Content"))
        case "voice" if media:
            mime = _MIME.get(fields.get("Format").lower(), "audio/amr")
            words = fields.get("Recognition")[:MOST_LETTERS]
            return _said(fields, now, attachments=(Attachment("voice", media, mime=mime, is_spoken=True, words=words),))
        case "image" if media:
            return _said(fields, now, attachments=(Attachment("image", media, mime="image/jpeg"),))
        case "video" | "shortvideo" if media:
            return _said(fields, now, attachments=(Attachment("video", media, mime="video/mp4"),))
        case kind:
            return _said(fields, now, unreadable=kind[:40])


def _event(fields: Fields, now: datetime) -> Message | None:
    match fields.event:
        case "subscribe":
            return _said(fields, now, text=_GREETING)
        case "subscribe_scan" | "scan":
            # the scene of a QR code is what its maker wanted said, an invitation code for example
            return _said(fields, now, text=fields.get("EventKey") or _GREETING)
        case "click" if fields.get("EventKey"):
            return _said(fields, now, text=fields.get("EventKey"))
        case "unsubscribe":
            return _said(fields, now, unreadable="unsubscribe")
        case _:
            return None


def _said(fields: Fields, now: datetime, **said: Any) -> Message:
    sender = fields.get("FromUserName")
    text = said.pop("text", "")
    return Message(
        key=f"wechat:{fields.get('MsgId')[:64]}" if fields.kind != "event" else event_key("wechat", fields),
        address=Address("wechat", sender),
        sender=sender,
        text=text[:MOST_LETTERS],
        sent_at=moment(fields.get("CreateTime"), now),
        was_cut=len(text) > MOST_LETTERS,
        **said,
    )
