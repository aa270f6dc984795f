"""WeCom callback -> Message: what a person wrote, said, sent or pressed in the application. Pure."""

import hashlib
from datetime import datetime

from bot.channels.tencent.callback import MOST_LETTERS, moment
from bot.channels.tencent.envelope import Fields, Malformed
from bot.message import Address, Attachment, Message

_MIME = {"amr": "audio/amr", "speex": "audio/speex", "mp3": "audio/mpeg"}
_GREETING = "帮助"
"""What a person who has just been given the application is taken to ask."""


def read(fields: Fields, now: datetime) -> Message | None:
    """None for events that say nothing to us (a menu link opened, a position reported). Raises Malformed."""
    if not fields.get("FromUserName") or not fields.kind:
        raise Malformed("no sender or no type")
    if fields.kind == "event":
        return _event(fields, now)
    if not fields.get("MsgId"):
        raise Malformed("no MsgId")
    return _message(fields, now)


def _message(fields: Fields, now: datetime) -> Message:
    key = f"wecom:{fields.get('MsgId')[:64]}"
    media = fields.get("MediaId")
    match fields.kind:
        case "text":
            return _said(fields, now, key, fields.get("Content"))
        case "voice" if media:
            mime = _MIME.get(fields.get("Format").lower(), "audio/amr")
            words = fields.get("Recognition")[:MOST_LETTERS]
            return _said(fields, now, key, attachment=Attachment("voice", media, mime=mime, is_spoken=True, words=words))
        case "image" if media:
            return _said(fields, now, key, attachment=Attachment("image", media, mime="image/jpeg"))
        case "video" | "shortvideo" if media:
            return _said(fields, now, key, attachment=Attachment("video", media, mime="video/mp4"))
        case "file" if media:
            name = fields.get("FileName") or fields.get("Title")
            return _said(fields, now, key, attachment=Attachment("file", media, name=name[:200]))
        case kind:
            return _said(fields, now, key, unreadable=kind[:40])


def _event(fields: Fields, now: datetime) -> Message | None:
    key = event_key("wecom", fields)
    match fields.event:
        case "template_card_event" if fields.get("EventKey"):
            return _said(fields, now, key, press=fields.get("EventKey"), handle=fields.get("ResponseCode") or None)
        case "click" if fields.get("EventKey"):
            return _said(fields, now, key, fields.get("EventKey"))
        case "subscribe":
            return _said(fields, now, key, _GREETING)
        case "unsubscribe":
            return _said(fields, now, key, unreadable="unsubscribe")
        case _:
            return None


def event_key(channel: str, fields: Fields) -> str:
    """The same for every delivery of one event; events have no MsgId that can be relied on."""
    parts = (fields.get(name) for name in ("FromUserName", "CreateTime", "Event", "EventKey", "TaskId"))
    return f"{channel}:event:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"


def _said(
    fields: Fields,
    now: datetime,
    key: str,
    text: str = "",
    *,
    attachment: Attachment | None = None,
    press: str | None = None,
    handle: str | None = None,
    unreadable: str | None = None,
) -> Message:
    sender = fields.get("FromUserName")
    return Message(
        key=key,
        address=Address("wecom", sender),
        sender=sender,
        text=text[:MOST_LETTERS],
        sent_at=moment(fields.get("CreateTime"), now),
        attachments=(attachment,) if attachment else (),
        press=press,
        handle=handle,
        unreadable=unreadable,
        was_cut=len(text) > MOST_LETTERS,
    )
