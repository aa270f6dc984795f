"""The chat page at `/`: on a home that holds the sample company, a visitor is each of the three people, side by side.

The rep's and the customer's columns are their direct chats; the manager's shows the managers' group and what is sent to
the manager alone. There is no log-in, so it answers to this machine only and never on a home with real customers.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
import yaml
from fastapi import APIRouter, Depends, Form, Header, HTTPException, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from jinja2 import Environment, FileSystemLoader, select_autoescape

from bot.channels.channel import Accept
from bot.channels.picture_links import PictureLinks, file_answer, picture_answer
from bot.channels.pictures import can_be_shown, named
from bot.channels.web import Line, WebChannel
from bot.door import local_only
from bot.files import FileTooLarge, keep
from bot.message import Address, Attachment, Message
from bot.reply_files import ReplyFiles

log = structlog.get_logger()
_HERE = Path(__file__).parent
_SAY = yaml.safe_load((_HERE / "chat.yaml").read_text())
_templates = Environment(
    loader=FileSystemLoader(_HERE), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)

LONGEST = 20_000
"""Characters of one message that are kept; the person is told when theirs was longer."""


@dataclass(frozen=True)
class PagePerson:
    """Someone a visitor can be. `at` is their region or company."""

    id: str
    name: str
    role: str
    at: str
    zone: str


@dataclass(frozen=True)
class Seat:
    """One column: who sits there and which conversations it shows; the first is the one written into."""

    role: str
    person: PagePerson
    conversations: tuple[str, ...]


def _own(attachment: Attachment, is_spoken: bool) -> Attachment:
    """What was said into the page's microphone is the sender's own voice."""
    return replace(attachment, is_spoken=is_spoken and attachment.kind == "voice")


def chat_page(
    web: WebChannel,
    accept: Accept,
    people: Callable[[], Awaitable[Sequence[PagePerson]]],
    is_sample: Callable[[], Awaitable[bool]],
    now: Callable[[], datetime],
    home: Path,
    opened: ReplyFiles,
) -> APIRouter:
    """The page's routes. `people` lists the sample company's people; `is_sample` says whether this home holds it."""

    async def sample_only() -> None:
        if not await is_sample():
            raise HTTPException(404, "The chat page shows the sample company only; this home holds other data.")

    async def seat(role: str, person_id: str) -> Seat:
        everyone = await people()
        person = next((p for p in everyone if p.id == person_id), None)
        if person is None or _seat_role(person.role) != role:
            raise HTTPException(404, "There is no such person in the sample company.")
        conversations = ("managers", person.id) if role == "manager" else (person.id,)
        return Seat(role, person, conversations)

    links = PictureLinks(home, "transcript")
    router = APIRouter(dependencies=[Depends(local_only), Depends(sample_only)], include_in_schema=False)

    @router.get("/")
    async def page(request: Request, lang: str | None = None) -> HTMLResponse:
        everyone = await people()
        lang = lang if lang in _SAY else _preferred(request.headers.get("accept-language", ""))
        say = _SAY[lang]
        seats = []
        for role, default in (("rep", "E01"), ("manager", "E11"), ("customer", "K001")):
            chosen = [p for p in everyone if _seat_role(p.role) == role]
            if not chosen:
                raise HTTPException(404, "The sample company has nobody in this role.")
            person = next((p for p in chosen if p.id == request.query_params.get(role, default)), chosen[0])
            seats.append({"role": role, "person": person, "people": chosen, **say["seats"][role]})
        html = _templates.get_template("chat.html").render(lang=lang, say=say, seats=seats)
        return HTMLResponse(html, headers=_PAGE_HEADERS)

    @router.get("/chat/stream", response_class=EventSourceResponse)
    async def stream(seat_: Annotated[str, Query(alias="seat")], person: str) -> AsyncIterator[ServerSentEvent]:
        at = await seat(seat_, person)
        names = {p.id: p.name for p in await people()}
        after = await web.last_id()
        history = await web.history(at.conversations)
        # a fresh connection starts from a clean list, so that a reconnect shows nothing twice
        yield ServerSentEvent(raw_data=_from_the_start(history, at, names, links), event="line")
        async for line in web.follow(at.conversations, after, shown={line.id for line in history}):
            yield ServerSentEvent(raw_data=_html(line, at, names, links), event="line", id=str(line.id))

    @router.post("/chat/messages")
    async def say(
        seat_: Annotated[str, Form(alias="seat")],
        person: Annotated[str, Form()],
        text: Annotated[str, Form()] = "",
        files: Annotated[list[UploadFile] | None, Form()] = None,
        spoken: Annotated[bool, Form()] = False,
    ) -> Response:
        at = await seat(seat_, person)
        key = f"web:{uuid4().hex}"
        try:
            sent = [file for file in files or () if file.filename]
            attachments = tuple([_own(await keep(home, f"{key}:{n}", file), spoken) for n, file in enumerate(sent)])
        except FileTooLarge as error:
            raise HTTPException(413, error.sentence) from None
        said = text.strip()
        if not said and not attachments:
            raise HTTPException(422, "Nothing was written.")
        names = [attachment.name for attachment in attachments]
        await web.say(at.conversations[0], f"{key}:said", at.person.id, said[:LONGEST], names)
        await accept(_message(at, key, now(), text=said[:LONGEST], attachments=attachments, was_cut=len(said) > LONGEST))
        return Response(status_code=204)

    @router.post("/chat/press")
    async def press(
        seat_: Annotated[str, Form(alias="seat")],
        person: Annotated[str, Form()],
        conversation: Annotated[str, Form()],
        token: Annotated[str, Form(max_length=64)],
    ) -> Response:
        at = await seat(seat_, person)
        if conversation not in at.conversations:
            raise HTTPException(404, "There is no such conversation here.")
        message = _message(at, f"web:{uuid4().hex}", now(), press=token, conversation=conversation)
        await accept(message)
        return Response(status_code=204)

    return _with_pictures(router, web, links, opened)


def _with_pictures(router: APIRouter, web: WebChannel, links: PictureLinks, opened: ReplyFiles) -> APIRouter:
    @router.get("/chat/pictures/{token}")
    async def picture(token: str) -> Response:
        found = links.read(token)
        if found is None:
            raise HTTPException(404, "There is no such picture.")
        row, place = found
        return await picture_answer(await web.said(row), place)

    @router.get("/chat/files/{token}")
    async def file(token: str, range: Annotated[str | None, Header()] = None) -> Response:
        found = links.read_file(token)
        if found is None:
            raise HTTPException(404, "There is no such file.")
        row, place = found
        return await file_answer(await web.said(row), place, opened, range)

    return router


def _seat_role(role: str) -> str:
    return "manager" if role in ("manager", "director", "legal") else role


def _message(at: Seat, key: str, sent_at: datetime, *, conversation: str | None = None, **what: Any) -> Message:
    conversation = conversation or at.conversations[0]
    return Message(
        key=key,
        address=Address("web", conversation),
        sender=at.person.id,
        sent_at=sent_at,
        in_group=conversation != at.person.id,
        sender_name=at.person.name,
        **{"text": "", **what},
    )


def _pictures(line: Line, links: PictureLinks) -> list[dict[str, str]]:
    """What the page shows of each picture: its address and words, or only the words in its place."""
    if line.reply is None:
        return []
    return [
        {"url": f"/chat/pictures/{links.token(line.told_in, place)}", "alt": picture.alt}
        if can_be_shown(picture)
        else {"url": "", "alt": named(picture, line.reply.lang)}
        for place, picture in enumerate(line.reply.pictures)
    ]


def _files(line: Line, links: PictureLinks) -> list[dict[str, Any]]:
    """The files that go with a reply, each with its address; sound is played where it stands."""
    files = line.reply.files if line.reply else ()
    return [
        {
            "url": f"/chat/files/{links.file_token(line.told_in, place)}",
            "name": one.name,
            "is_sound": bool(one.clip),
            "label": Path(one.name).stem,
        }
        for place, one in enumerate(files)
    ]


def _from_the_start(lines: Sequence[Line], at: Seat, names: dict[str, str], links: PictureLinks) -> str:
    inner = "".join(_html(line, at, names, links) for line in lines)
    return f'<ol id="lines-{at.role}" hx-swap-oob="innerHTML">{inner}</ol>'


def _html(line: Line, at: Seat, names: dict[str, str], links: PictureLinks) -> str:
    replaced = line.replaces or line.key
    return _templates.get_template("line.html").render(
        line=line,
        pictures=_pictures(line, links),
        files=_files(line, links),
        me=at.person.id,
        seat=at.role,
        swap=line.replaces is not None,
        dom_id="l-" + "".join(c if c.isalnum() else "-" for c in replaced) + f"-{at.role}",
        direct=at.role == "manager" and line.conversation == at.person.id,
        sender_name=names.get(line.sender or "", ""),
        clock=line.at.astimezone(ZoneInfo(at.person.zone)).strftime("%H:%M"),
        say=_SAY[line.reply.lang if line.reply else "zh"],
    )


def _preferred(accept_language: str) -> str:
    return "zh" if accept_language.lower().startswith("zh") else "en"


_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
