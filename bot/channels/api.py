"""The JSON API as a channel: any other front end posts a message and gets the replies in the same response.

Nothing is pushed: replies wait in the ledger until the front end asks again, so a reminder that came due in the meantime
stands among the replies of the next call.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, HTTPException, Response
from pydantic import BaseModel, Field, StringConstraints

from bot.channels.channel import Accept, CannotTell, Pace, Sent
from bot.channels.picture_links import PictureLinks, file_answer, picture_answer
from bot.channels.pictures import can_be_shown, named
from bot.door import ApiDoor
from bot.files import LARGEST, FileTooLarge, kind_of, place_for
from bot.inbox import Inbox
from bot.kept_papers import MIME, mime_of
from bot.message import Address, Attachment, Message, Reply
from bot.outbox import Outbox, Send, target_of
from bot.reply_files import ReplyFiles
from voice.clip import MIME as CLIP_MIME

LONGEST = 20_000
"""Characters of one message that are kept."""

_PATIENCE = timedelta(seconds=30)
"""How long a caller is kept waiting for its replies; what is not ready by then comes with the next call."""


_YEARS = range(1970, 3000)
"""What relative dates are counted from lies in these; reckoning on from it must not leave the calendar."""


_PICTURES: dict[str, dict[str, Any]] = {f"image/{kind}": {} for kind in ("png", "jpeg", "gif", "webp")}

_WITHOUT_ZEROS = "^[^\\x00]*$"  # which PostgreSQL cannot hold

Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_WITHOUT_ZEROS)]
"""What a caller calls something or somebody."""


class ApiAttachment(BaseModel):
    """A file sent along, its bytes in base64."""

    name: str = Field(max_length=200, pattern=_WITHOUT_ZEROS)
    mime: str = Field("", max_length=100, pattern=_WITHOUT_ZEROS)
    data: str
    spoken: bool = Field(False, description="A voice message that the sender has just spoken, to be read as words.")


class ApiMessage(BaseModel):
    """What a front end posts. `sender` is its name for the person (see `parley people bind`), or a person's id."""

    conversation: Name
    sender: Name
    role: str | None = Field(None, pattern="^(rep|manager|customer)$")
    text: str = Field("", max_length=1_000_000)
    sent_at: datetime | None = None
    attachments: list[ApiAttachment] = Field(default_factory=list, max_length=10)


class ApiPress(BaseModel):
    """Who pressed a button, where."""

    conversation: Name
    sender: Name
    role: str | None = Field(None, pattern="^(rep|manager|customer)$")


class ApiButton(BaseModel):
    """A next step: post its id to `/api/actions/{id}`."""

    id: str
    label: str
    style: str


class ApiCard(BaseModel):
    """A reply with shape; `facts` are label-value pairs."""

    title: str
    lines: list[str]
    facts: list[tuple[str, str]]
    quote: str | None
    source: str | None
    note: str | None


class ApiPicture(BaseModel):
    """A picture below the reply: get it at `url`, with the same token as this call; `alt` says what it shows."""

    url: str
    alt: str


class ApiFile(BaseModel):
    """A file that goes with the reply, such as a calendar invitation: get it at `url`, with the same token as this call."""

    url: str
    name: str
    mime: str


class ApiLink(BaseModel):
    """A page that goes with the reply, for its reader alone: `path` on this server, opened in a browser without a token."""

    label: str
    path: str


class ApiReply(BaseModel):
    """One reply; `text` alone makes sense without the card."""

    text: str
    lang: str
    card: ApiCard | None = None
    buttons: list[ApiButton] = Field(default_factory=list)
    pictures: list[ApiPicture] = Field(default_factory=list)
    files: list[ApiFile] = Field(default_factory=list)
    links: list[ApiLink] = Field(default_factory=list)


class ApiReplies(BaseModel):
    """All that waited for this conversation, oldest first."""

    replies: list[ApiReply]


class ApiChannel:
    """Channel protocol for conversations whose replies are fetched, not pushed."""

    name = "api"
    pace = Pace(every=timedelta(0), burst=1000)
    collects = True
    groups_can_press = True
    edits_freely = False

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        return (reply,)

    def router(self) -> APIRouter | None:
        return None  # the routes need the inbox and the outbox: see api_routes

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        raise CannotTell("replies of the API are collected, not sent")

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        raise CannotTell("replies of the API are collected, not sent")

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        raise CannotTell("replies of the API are collected, not sent")

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        """The route has put the file into the home already; `ref` is where."""
        return Path(attachment.ref)

    async def check(self) -> str | None:
        return None


def api_routes(
    accept: Accept, inbox: Inbox, outbox: Outbox, door: ApiDoor, now: Callable[[], datetime], home: Path, files: ReplyFiles
) -> APIRouter:
    """`POST /api/messages`, `POST /api/actions/{button}`, `GET /api/pictures/{token}`, `GET /api/files/{token}`."""
    links = PictureLinks(home, "send")
    router = APIRouter(prefix="/api", dependencies=[Depends(door)], tags=["conversation"])

    async def replies_to(message: Message) -> ApiReplies:
        await accept(message)
        await inbox.wait_done(message.key, _PATIENCE)
        found = await outbox.collect_sends(answers=message.key, target=target_of(message.address))
        return ApiReplies(replies=[await asyncio.to_thread(_shown, send, links) for send in found])

    @router.post("/messages")
    async def say(body: ApiMessage, idempotency_key: Annotated[str | None, Header(max_length=128)] = None) -> ApiReplies:
        """Say something; the answer holds every reply that waits for this conversation.

        Send an `Idempotency-Key` to be able to repeat a call whose answer was lost: it is then heard once.
        """
        key = _key(body.conversation, idempotency_key or uuid4().hex)
        if body.sent_at is not None and body.sent_at.tzinfo is None:
            raise HTTPException(422, "sent_at needs a time zone.")
        if body.sent_at is not None and body.sent_at.year not in _YEARS:
            raise HTTPException(422, f"sent_at must lie between the years {_YEARS[0]} and {_YEARS[-1]}.")
        message = Message(
            key=key,
            address=Address("api", body.conversation),
            sender=body.sender,
            text=body.text[:LONGEST].replace("\0", ""),
            sent_at=body.sent_at or now(),
            attachments=tuple(_kept(home, key, number, one) for number, one in enumerate(body.attachments)),
            claimed_role=body.role,
            was_cut=len(body.text) > LONGEST,
        )
        return await replies_to(message)

    @router.post("/actions/{button}")
    async def press(button: Name, body: ApiPress) -> ApiReplies:
        """Press a button of a card. Pressing it again does nothing twice."""
        message = Message(
            key=_key(body.conversation, uuid4().hex),
            address=Address("api", body.conversation),
            sender=body.sender,
            text="",
            sent_at=now(),
            press=button,
            claimed_role=body.role,
        )
        return await replies_to(message)

    @router.get("/pictures/{token}", response_class=Response, responses={200: {"content": _PICTURES}})
    async def picture(token: str) -> Response:
        """A picture of a reply, as its `url` names it."""
        found = links.read(token)
        if found is None:
            raise HTTPException(404, "There is no such picture.")
        row, place = found
        return await picture_answer(await outbox.said(row), place)

    kinds: dict[str, Any] = {one: {} for one in (*MIME.values(), "text/calendar", CLIP_MIME)}

    @router.get("/files/{token}", response_class=Response, responses={200: {"content": kinds}})
    async def file(token: str, range: Annotated[str | None, Header()] = None) -> Response:
        """A file of a reply, as its `url` names it; a paper's while whoever it was for may see the customer, a clip's while
        they may hear it."""
        found = links.read_file(token)
        if found is None:
            raise HTTPException(404, "There is no such file.")
        row, place = found
        return await file_answer(await outbox.said(row), place, files, range)

    return router


def _key(conversation: str, call: str) -> str:
    """Names one call, the same when it is repeated; short, and without the words a front end puts into its names."""
    return f"api:{sha256(json.dumps([conversation, call]).encode()).hexdigest()[:32]}"


def _kept(home: Path, key: str, number: int, attachment: ApiAttachment) -> Attachment:
    if len(attachment.data) > LARGEST * 4 // 3 + 4:
        raise HTTPException(413, FileTooLarge(attachment.name).sentence)
    try:
        content = base64.b64decode(attachment.data, validate=True)
    except (binascii.Error, ValueError):
        raise HTTPException(422, f"The data of attachment {number + 1} is not base64.") from None
    path = place_for(home, f"{key}:{number}", attachment.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    kind = kind_of(attachment.mime, attachment.name)
    is_spoken = attachment.spoken and kind == "voice"
    return Attachment(kind, str(path), attachment.name, attachment.mime, len(content), is_spoken)


def _shown(send: Send, links: PictureLinks) -> ApiReply:
    """A picture that is gone leaves its name in the text."""
    there = [can_be_shown(picture) for picture in send.reply.pictures]
    names = [named(one, send.reply.lang) for one, is_there in zip(send.reply.pictures, there, strict=True) if not is_there]
    told = _told(replace(send.reply, text="\n".join((send.reply.text, *names))))
    told.pictures = [
        ApiPicture(url=f"/api/pictures/{links.token(send.id, place)}", alt=picture.alt)
        for place, picture in enumerate(send.reply.pictures)
        if there[place]
    ]
    told.files = [
        ApiFile(url=f"/api/files/{links.file_token(send.id, place)}", name=one.name, mime=mime_of(one))
        for place, one in enumerate(send.reply.files)
    ]
    told.links = [ApiLink(label=link.label, path=link.path) for link in send.reply.links]
    return told


def _told(reply: Reply) -> ApiReply:
    card = reply.card
    if card is None:
        return ApiReply(text=reply.text, lang=reply.lang)
    shape: dict[str, Any] = {name: getattr(card, name) for name in ApiCard.model_fields}
    return ApiReply(
        text=reply.text,
        lang=reply.lang,
        card=ApiCard(**{**shape, "lines": list(card.lines), "facts": list(card.facts)}),
        buttons=[ApiButton(id=button.token, label=button.label, style=button.style) for button in card.buttons],
    )
