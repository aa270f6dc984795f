"""The channel-neutral shapes: what someone said (Message) and what Parley says back (Reply with a Card).

Channels translate to and from these and nothing else; both travel through the database as JSON, so that an accepted
message and an unsent reply survive a restart.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter


@dataclass(frozen=True)
class Address:
    """Where a conversation is held, in the platform's own ids.

    `conversation` is a Slack channel, a WeCom user or group chat, an openid, a page's chat name. `thread` is Slack's
    `thread_ts`. `private_to` asks for a reply only this platform user can see, where the platform has such a thing.
    """

    channel: str
    conversation: str
    thread: str | None = None
    private_to: str | None = None

    @property
    def key(self) -> str:
        """Names the conversation for ordering and context."""
        return ":".join(part for part in (self.channel, self.conversation, self.thread) if part)


@dataclass(frozen=True)
class Attachment:
    """A file or recording that came with a message; `ref` is how the channel fetches it. `size` in bytes, if told.

    `is_spoken`: a voice message that its sender spoke into the chat just now. `words` is what the platform says it heard.
    """

    kind: Literal["voice", "image", "video", "file"]
    ref: str
    name: str = ""
    mime: str = ""
    size: int | None = None
    is_spoken: bool = False
    words: str = ""


@dataclass(frozen=True)
class Spoken:
    """That the text of a message was heard, not typed: whether the words are sure, and whether the model knows people."""

    is_sure: bool
    is_synthetic: bool = False


@dataclass(frozen=True)
class Message:
    """Something a person said or pressed, as accepted from a channel.

    `key` is the same for every redelivery of one event. `press` is the token of a button, with `text` empty; `handle` is
    what the platform gives to redraw the pressed card (a WeCom response code), usable once. `claimed_role` is the role a
    front end says the sender has (JSON API, terminal). `unreadable` names a kind of message that carries nothing Parley
    can read (a sticker, a location). `was_cut` says that the text was longer than what is kept. `spoken`: it was heard, not
    typed.
    """

    key: str
    address: Address
    sender: str
    text: str
    sent_at: datetime
    attachments: tuple[Attachment, ...] = ()
    press: str | None = None
    handle: str | None = None
    claimed_role: str | None = None
    sender_name: str | None = None
    unreadable: str | None = None
    in_group: bool = False
    was_cut: bool = False
    spoken: Spoken | None = None


@dataclass(frozen=True)
class Button:
    """A next step under a card; pressing it sends `token` back as a Message."""

    token: str
    label: str
    style: Literal["plain", "primary", "danger"] = "plain"


@dataclass(frozen=True)
class Card:
    """A reply with shape: a title, a few lines, label-value facts, a quoted passage with its source, and buttons.

    `view_of` names the record this card is a view of (`proposal:…`, `ticket:…`); every copy is redrawn when it changes.
    `buttons` hold at most six; channels lower to what the platform allows.
    """

    title: str
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    quote: str | None = None
    source: str | None = None
    note: str | None = None
    buttons: tuple[Button, ...] = ()
    view_of: str | None = None


@dataclass(frozen=True)
class Picture:
    """A PNG, JPEG, GIF or WebP file of this house, at most 2 MB; `alt` says what it shows, for where it cannot be seen."""

    path: str
    alt: str


@dataclass(frozen=True)
class File:
    """A file that goes with a reply: a paper of this house, a part of a recording, or a small text that is kept with the
    reply itself.

    Of a paper, `paper` is its record's id and `path` where it lies; it is for the person `reader` alone. A text, such as a
    calendar invitation, is of the kind `mime`. Of a recording, `clip` is its record's id: `seconds` of it from `start` on,
    for `reader` (`person:ID` or `group:@name`), to whom the `deed` of this key has handed it, if one has.
    """

    name: str
    path: str = ""
    paper: str = ""
    reader: str = ""
    text: str = ""
    mime: str = ""
    clip: str = ""
    start: float = 0.0
    seconds: float = 0.0
    deed: str = ""


@dataclass(frozen=True)
class Link:
    """A page of this house that goes with a reply: `path` begins with a slash, the address before it is the channel's to
    add. It opens for the one person whom it was made for, so it goes into their direct chat and nowhere else."""

    label: str
    path: str


@dataclass(frozen=True)
class Reply:
    """What Parley says. `text` alone must make sense where a card cannot be shown (notifications, plain channels).

    `links` are shown where the reader can open them, and nowhere else. `pictures` are shown below the text or the card,
    in order; `files` can be opened where the channel has a way to. With one picture or one file and nothing else a reply is
    that: so a platform that is sent them gets them, as a row each in the ledger of sends.
    """

    text: str
    lang: Literal["zh", "en"]
    card: Card | None = None
    pictures: tuple[Picture, ...] = ()
    files: tuple[File, ...] = ()
    links: tuple[Link, ...] = ()


_message = TypeAdapter(Message)
_reply = TypeAdapter(Reply)
_address = TypeAdapter(Address)


def message_to_json(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = _message.dump_python(message, mode="json")
    return data


def message_from_json(data: dict[str, Any]) -> Message:
    return _message.validate_python(data)


def reply_to_json(reply: Reply) -> dict[str, Any]:
    data: dict[str, Any] = _reply.dump_python(reply, mode="json")
    return data


def reply_from_json(data: dict[str, Any]) -> Reply:
    return _reply.validate_python(data)


def address_to_json(address: Address) -> dict[str, Any]:
    data: dict[str, Any] = _address.dump_python(address, mode="json")
    return data


def address_from_json(data: dict[str, Any]) -> Address:
    return _address.validate_python(data)
