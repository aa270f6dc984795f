"""Slack's payloads to Messages: events, slash commands and button presses; the first station after the signature, pure.

Everything here comes from outside and may have any shape: what is not understood becomes None, never an exception.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.cut import clean_edge
from bot.message import Address, Attachment, Message

TEXT_LIMIT = 20_000
"""Characters of a message that are kept."""

_SPOKEN_SUBTYPES = {"", "file_share", "thread_broadcast", "me_message"}
_SLACKBOT = "USLACKBOT"
_HELP = "help"
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_TS = re.compile(r"\d{10}\.\d{1,6}")
_TRIGGER = re.compile(r"[\w.-]{1,128}", re.ASCII)
_CONTROL_SEQUENCE = re.compile(r"<([^<>\n]{1,3000})>")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ENTITIES = re.compile(r"&(lt|gt|amp);")
_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&"}

Payload = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """A decoded message. Where `is_for_us` is False it was said in a thread without naming Parley, and counts only if
    Parley takes part in that thread.

    A direct conversation is named by the person, as on every other platform, so that what Parley began there and what the
    person says there are one conversation; `direct_channel` is what Slack calls it.
    """

    message: Message
    is_for_us: bool
    direct_channel: str | None = None


def decode(payload: Payload, now: datetime) -> Heard | None:
    """What a verified payload says, or None where there is nothing to hear. `now` dates slash commands, which do not."""
    kind = payload.get("type")
    if kind == "event_callback":
        return _event(payload)
    if kind == "block_actions":
        return _press(payload)
    if kind is None and _text(payload, "command"):
        return _command(payload, now)
    return None


def readable(text: str) -> str:
    """Slack's mrkdwn as a person would read it: mentions and links by their names, entities as characters."""
    named = _CONTROL_SEQUENCE.sub(lambda found: _sequence(found[1]), text)
    return _ENTITIES.sub(lambda found: _CHARACTERS[found[1]], named)


def _event(payload: Payload) -> Heard | None:
    event = _part(payload, "event")
    team, channel, sender = _id(payload, "team_id"), _id(event, "channel"), _id(event, "user")
    ts, thread = _ts(event, "ts"), _ts(event, "thread_ts")
    if not (team and channel and sender and ts) or not _is_said_by_a_person(event):
        return None
    bots = _bots(payload)
    if sender in bots:
        return None
    raw = _text(event, "text")
    is_direct = event.get("channel_type") == "im" or channel.startswith("D")
    is_mention = event["type"] == "app_mention" or any(f"<@{bot}>" in raw or f"<@{bot}|" in raw for bot in bots)
    if not is_direct and not is_mention and (thread is None or thread == ts):
        return None
    text, was_cut = _spoken(_without_mention(raw, bots, event["type"] == "app_mention"), _quoted(event))
    attachments = _attachments(event)
    message = Message(
        key=f"slack:{team}:{channel}:{ts}",
        address=Address("slack", sender, thread) if is_direct else Address("slack", channel, thread or ts),
        sender=sender,
        text=text,
        sent_at=_time(ts),
        attachments=attachments,
        unreadable=None if text or attachments else _unreadable(event),
        in_group=not is_direct,
        was_cut=was_cut,
    )
    is_for_us = is_direct or is_mention or _id(event, "parent_user_id") in bots
    return Heard(message, is_for_us, direct_channel=channel if is_direct else None)


def _is_said_by_a_person(event: Payload) -> bool:
    """Whether this is a new message of a person: no bot's, no edit, no deletion, no "has joined"."""
    if event.get("type") not in ("message", "app_mention") or event.get("bot_id") or event.get("user") == _SLACKBOT:
        return False
    subtype = event.get("subtype") or ""
    return isinstance(subtype, str) and subtype in _SPOKEN_SUBTYPES and not event.get("hidden")


def _bots(payload: Payload) -> frozenset[str]:
    """The user ids Parley has in this workspace: Slack names them with every event."""
    found = (_id(each, "user_id") for each in _parts(payload, "authorizations") if each.get("is_bot") is True)
    return frozenset(each for each in found if each)


def _without_mention(text: str, bots: frozenset[str], is_leading_ours: bool) -> str:
    for bot in bots:
        text = re.sub(rf"<@{bot}(\|[^<>]*)?>[::,,]?", " ", text)
    if is_leading_ours and not bots:
        text = re.sub(r"^\s*<@\w{1,32}(\|[^<>]*)?>[::,,]?", " ", text)
    return text


def _command(payload: Payload, now: datetime) -> Heard | None:
    team, channel, sender = _id(payload, "team_id"), _id(payload, "channel_id"), _id(payload, "user_id")
    trigger = _text(payload, "trigger_id")
    if not (team and channel and sender and _TRIGGER.fullmatch(trigger)):
        return None
    text, was_cut = _spoken(_text(payload, "text"), "")
    message = Message(
        key=f"slack:{team}:{trigger}",
        address=Address("slack", channel, private_to=sender),
        sender=sender,
        text=text or _HELP,
        sent_at=now,
        sender_name=_name(payload, "user_name"),
        in_group=not channel.startswith("D"),
        was_cut=was_cut,
    )
    return Heard(message, is_for_us=True)


def _press(payload: Payload) -> Heard | None:
    user, container, action = _part(payload, "user"), _part(payload, "container"), _pressed(payload)
    team = _id(_part(payload, "team"), "id") or _id(user, "team_id")
    channel = _id(_part(payload, "channel"), "id") or _id(container, "channel_id")
    sender, trigger = _id(user, "id"), _text(payload, "trigger_id")
    card, thread = _ts(container, "message_ts"), _ts(container, "thread_ts") or _ts(_part(payload, "message"), "thread_ts")
    if action is None or not (team and channel and sender and card and _TRIGGER.fullmatch(trigger)):
        return None
    is_direct, is_private = channel.startswith("D"), container.get("is_ephemeral") is True
    message = Message(
        key=f"slack:{team}:{trigger}",
        address=Address(
            "slack",
            sender if is_direct else channel,
            # nobody else sees a private card, so there is nothing to hang a thread on
            thread=thread if is_direct or is_private else thread or card,
            private_to=sender if is_private and not is_direct else None,
        ),
        sender=sender,
        text="",
        sent_at=_time(_text(action, "action_ts")),
        press=_text(action, "value"),
        handle=_text(payload, "response_url")[:2000] or None,
        sender_name=_name(user, "name") or _name(user, "username"),
        in_group=not is_direct,
    )
    return Heard(message, is_for_us=True, direct_channel=channel if is_direct else None)


def _pressed(payload: Payload) -> Payload | None:
    """The one button of ours among the actions; anything else in the payload belongs to somebody else."""
    for action in _parts(payload, "actions"):
        if action.get("type") == "button" and _text(action, "action_id").startswith("parley.") and _text(action, "value"):
            return action if _ts(action, "action_ts") else None
    return None


def _spoken(raw: str, quoted: str) -> tuple[str, bool]:
    """The readable text, cut to what is kept, and whether it was cut."""
    said = "\n".join(part for part in (readable(raw).strip(), quoted) if part)
    return said[: clean_edge(said, TEXT_LIMIT)], len(said) > TEXT_LIMIT


def _quoted(event: Payload) -> str:
    """A message somebody shared along with theirs, as quoted lines."""
    attached = _parts(event, "attachments")
    shared = [readable(_text(each, "text")) for each in attached if each.get("is_share") or each.get("is_msg_unfurl")]
    return "\n".join(f"> {line}" for text in shared for line in text.splitlines() if line.strip())


def _sequence(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return "@" + (label.lstrip("@") or target[1:])
    if target.startswith("#"):
        return "#" + (label.lstrip("#") or target[1:])
    if target.startswith("!"):
        return label or "@" + target[1:].partition("^")[0]
    address = target.removeprefix("mailto:").removeprefix("tel:")
    is_same = not label or label in (target, address) or label.rstrip("/") == address.partition("://")[2].rstrip("/")
    return (label or address) if is_same else f"{label} ({address})"


def _attachments(event: Payload) -> tuple[Attachment, ...]:
    found = (_attachment(file) for file in _parts(event, "files"))
    return tuple(each for each in found if each is not None)


def _attachment(file: Payload) -> Attachment | None:
    """A file that can be fetched. Deleted ones, and those of another company's workspace, carry no address."""
    ref = _text(file, "url_private_download") or _text(file, "url_private")
    mime, size = _text(file, "mimetype"), file.get("size")
    if not ref or len(ref) > 2000:
        return None
    is_spoken = _text(file, "subtype") == "slack_audio"  # a clip that was recorded in Slack itself
    is_voice = is_spoken or mime.startswith("audio/")
    family = mime.partition("/")[0]
    return Attachment(
        kind="voice" if is_voice else "image" if family == "image" else "video" if family == "video" else "file",
        ref=ref,
        name=_text(file, "name")[:255],
        mime=mime[:255],
        size=size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**53 else None,
        is_spoken=is_spoken,
    )


def _unreadable(event: Payload) -> str:
    if _parts(event, "files"):
        return "file"
    return "card" if event.get("attachments") or event.get("blocks") else "empty"


def _time(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _part(data: Payload, name: str) -> Payload:
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _parts(data: Payload, name: str) -> list[Payload]:
    parts = data.get(name)
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _text(data: Payload, name: str) -> str:
    """A string, without what no database keeps: control characters and halves of surrogate pairs."""
    text = data.get(name)
    if not isinstance(text, str):
        return ""
    return _FORBIDDEN.sub("", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _name(data: Payload, name: str) -> str | None:
    return _text(data, name)[:255] or None


def _id(data: Payload, name: str) -> str | None:
    text = _text(data, name)
    return text if _ID.fullmatch(text) else None


def _ts(data: Payload, name: str) -> str | None:
    text = _text(data, name)
    return text if _TS.fullmatch(text) else None
