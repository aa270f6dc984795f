"""The page of a call at `/console/calls/{token}`: its report for phone and desk, with every second a tap away.

A link opens it, made for one person; whether they may read this call is asked again each time. Reading works without
scripts. What is done here goes the road that messages go: a press is that person's message in the chat where they sent it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

import yaml
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import select

from actions.crm import own, people
from actions.crm.records import Recording, Speaker
from actions.outside.store import Store, Tx
from actions.outside.tables import ButtonRow, RecordingArrivalRow, SendRow
from bot.call_opening import CallOpener, voice_for
from bot.call_sheet import CallSheet, SheetMood
from bot.channels.channel import Accept
from bot.kept_recordings import may_read
from bot.message import Button, Message, message_from_json, reply_from_json
from bot.outbox import target_of
from bot.pages.call_links import PATH, CallLinks
from bot.phrase_recordings import clock
from bot.unheard import tell_in_chat
from bot.wording.fill import Voice
from bot.wording.moments import when

_HERE = Path(__file__).parent
_SAY = yaml.safe_load((_HERE / "call.yaml").read_text(encoding="utf-8"))
_templates = Environment(
    loader=FileSystemLoader(_HERE), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)
_ELSEWHERE = frozenset({"transcript", "more"})
"""Buttons of the card that show in the chat what stands on the page anyway."""
_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_TALL, _TOP, _BOTTOM = 148, 40, 124
"""Pixels of the waveform: all of it, and where its bars may reach."""
_FLAG_WIDE = 12.0
"""Per cent of a phone's width that the time on a flag takes."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    # the address opens the page: it is told to nobody else, and forms of this page still say where they come from
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True)
class _Reader:
    """Who opened the page of which call, and how it is told to them."""

    recording: Recording
    person: Speaker
    voice: Voice


class _NotShown(Exception):
    """Why the page is not shown: a status and the sentence that says so."""

    def __init__(self, status: int, key: str, lang: str, told: Mapping[str, str] | None = None) -> None:
        super().__init__(key)
        self.status, self.key, self.lang, self.told = status, key, lang, told or {}


def call_pages(store: Store, opener: CallOpener, links: CallLinks, accept: Accept) -> APIRouter:
    """The page's routes."""
    router = APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)

    async def reader_of(request: Request, token: str, lang: str | None) -> _Reader:
        """Raises _NotShown."""
        guess = _guess(request, lang)
        signed = links.read(token)
        if signed is None:
            raise _NotShown(404, "no_link", guess)
        async with store.read() as tx:
            person = await people.speaker_of(tx, signed.person)
            recording = await own.get(tx, "recording", signed.thing)
            if not isinstance(recording, Recording):
                raise _NotShown(410, "deleted", guess)
            if person is None or not person.is_staff or not await may_read(tx, recording, person):
                raise _NotShown(403, "not_yours", guess)
        return _Reader(recording, person, voice_for(person, lang, opener.now()))

    async def page_of(reader: _Reader, token: str, *, edit: int | None, said: str = "", status: int = 200) -> HTMLResponse:
        sheet = await opener.sheet(reader.recording, reader.voice)
        if sheet is None or reader.recording.state in ("queued", "running"):
            raise _without_report(reader)
        async with store.read() as tx:
            buttons = await _next_actions(tx, reader)
        html = _templates.get_template("call.html").render(**_shown(reader, sheet, token, buttons, edit, said))
        return HTMLResponse(html, status, headers=_HEADERS)

    @router.get("/{token}")
    async def page(
        request: Request, token: str, lang: str | None = None, edit: int | None = None, said: str = ""
    ) -> Response:
        try:
            return await page_of(await reader_of(request, token, lang), token, edit=edit, said=said)
        except _NotShown as no:
            return _told(no)

    @router.post("/{token}/press")
    async def press(
        request: Request, token: str, button: Annotated[str, Form(max_length=64)], lang: str | None = None
    ) -> Response:
        try:
            _demand_same_site(request, lang)
            reader = await reader_of(request, token, lang)
            async with store.read() as tx:
                offered = [one.token for one in await _next_actions(tx, reader)]
                came = await _came_with(tx, reader)
            if button not in offered or came is None:
                return await page_of(reader, token, edit=None, said="not_offered", status=409)
        except _NotShown as no:
            return _told(no)
        pressed = replace(
            came,
            key=f"page:{uuid4().hex}",
            text="",
            press=button,
            sent_at=opener.now(),
            handle=None,
            spoken=None,
            was_cut=False,
        )
        await accept(pressed)
        return _back(token, lang, "in_chat", "next")

    return router


def _demand_same_site(request: Request, lang: str | None) -> None:
    """Raises _NotShown for a form that another site sent."""
    headers, guess = request.headers, _guess(request, lang)
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _NotShown(403, "other_site", guess)
    origin = headers.get("origin")
    here = {headers.get("host", ""), headers.get("x-forwarded-host", "").split(",")[0].strip()} - {""}
    if origin is not None and _host_of(origin) not in here:
        raise _NotShown(403, "other_site", guess)


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _back(token: str, lang: str | None, said: str, place: str) -> Response:
    asked = f"&lang={lang}" if lang in _SAY else ""
    return RedirectResponse(f"{PATH}{token}?said={said}{asked}#{place}", 303, headers=_HEADERS)


def _without_report(reader: _Reader) -> _NotShown:
    """Why there is no report: how far it is, or what became of it."""
    recording, lang = reader.recording, reader.voice.lang
    match recording.state:
        case "deleted":
            return _NotShown(410, "deleted", lang)
        case "queued" | "running":
            return _NotShown(202, "listening", lang)
        case "awaiting_basis":
            return _NotShown(409, "no_basis", lang)
        case "failed":
            return _NotShown(409, "failed", lang, {"why": tell_in_chat(recording.reason, reader.voice)})
        case "cancelled":
            return _NotShown(409, "cancelled", lang)
        case _:
            return _NotShown(404, "no_words", lang)


def _told(no: _NotShown) -> HTMLResponse:
    say = _SAY[no.lang]
    headers = {**_HEADERS, "Refresh": "10"} if no.status == 202 else _HEADERS
    html = _templates.get_template("call_told.html").render(
        lang=no.lang, say=say, sentence=say["told"][no.key], why=no.told.get("why", "")
    )
    return HTMLResponse(html, no.status, headers=headers)


# --- next actions ---------------------------------------------------------------------------------------------------------


async def _came_with(tx: Tx, reader: _Reader) -> Message | None:
    """The message with which this person sent the recording: where it was said, and by which user of the channel."""
    mine = (RecordingArrivalRow.recording_id == reader.recording.id, RecordingArrivalRow.asker == reader.person.person_id)
    arrived = select(RecordingArrivalRow.message).where(*mine).order_by(RecordingArrivalRow.at.desc()).limit(1)
    kept = await tx.scalar(arrived)
    return None if kept is None else message_from_json(kept)


async def _next_actions(tx: Tx, reader: _Reader) -> list[Button]:
    """The buttons of the report's card in this person's chat, as it was sent last; none for who was sent no card."""
    came = await _came_with(tx, reader)
    if came is None:
        return []
    sent = (
        select(SendRow.reply)
        .where(SendRow.target == target_of(came.address), SendRow.card == f"transcript:{reader.recording.id}")
        .order_by(SendRow.id.desc())
        .limit(1)
    )
    reply = await tx.scalar(sent)
    card = reply_from_json(reply).card if reply is not None else None
    if card is None:
        return []
    tokens = [one.token for one in card.buttons]
    actions = await tx.execute(select(ButtonRow.token, ButtonRow.action).where(ButtonRow.token.in_(tokens)))
    is_for = {row.token: row.action for row in actions}
    return [one for one in card.buttons if is_for.get(one.token, "more") not in _ELSEWHERE]


# --- what is shown --------------------------------------------------------------------------------------------------------


def _shown(
    reader: _Reader, sheet: CallSheet, token: str, buttons: Sequence[Button], edit: int | None, said: str
) -> dict[str, Any]:
    lang, say = reader.voice.lang, _SAY[reader.voice.lang]
    starts = [(one.start, one.number) for turn in sheet.turns for one in turn.sentences]

    def place(at: float) -> int:
        """The number of the sentence that begins at this second, or last before it."""
        before = [number for start, number in starts if start <= at + 0.01]
        return before[-1] if before else 0

    return {
        "lang": lang,
        "say": say,
        "sheet": sheet,
        "base": PATH + token,
        "when": when(sheet.sent_at, reader.voice.lang, reader.voice.zone),
        "clock": clock,
        "place": place,
        "wave": _wave(sheet.mood, sheet.seconds) if sheet.mood else None,
        "buttons": buttons,
        "edit": edit,
        "said": say["said"].get(said, ""),
        "types": say["types"],
        "other_lang": "en" if lang == "zh" else "zh",
    }


def _wave(mood: SheetMood, seconds: float) -> dict[str, Any]:
    """The waveform in per cent of its width and pixels of its height."""
    middle, half = (_TOP + _BOTTOM) / 2, (_BOTTOM - _TOP) / 2
    wide = 100 / len(mood.bars)
    bars = [
        {
            "x": round(number * wide, 3),
            "bar_x": round(number * wide + wide * 0.14, 3),
            "y": round(middle - max(bar.level * half, 1.0), 1),
            "height": round(2 * max(bar.level * half, 1.0), 1),
            "mood": bar.mood or "others",
            "to": bar.sentence,
        }
        for number, bar in enumerate(mood.bars)
    ]
    return {
        "tall": _TALL,
        "top": _TOP,
        "bottom": _BOTTOM,
        "wide": round(wide, 3),
        "bar_wide": round(wide * 0.72, 3),
        "bars": bars,
        "ticks": _ticks(seconds),
        "flags": _flags(mood, seconds),
        "moods": [one for one in _MOODS if any(bar.mood == one for bar in mood.bars)],
    }


_MOODS = ("angry", "happy", "neutral", "sad", "uncertain")


def _ticks(seconds: float) -> list[dict[str, Any]]:
    step = next((one for one in _STEPS if seconds / one <= 5), _STEPS[-1])
    marks = [float(at) for at in range(0, int(seconds) + 1, step) if at == 0 or seconds - at > step * 0.6]
    ticks = [{"x": round(100 * at / seconds, 2), "text": clock(at), "anchor": "middle"} for at in marks]
    ticks[0]["anchor"] = "start"
    return [*ticks, {"x": 100, "text": clock(seconds), "anchor": "end"}]


def _flags(mood: SheetMood, seconds: float) -> list[dict[str, Any]]:
    """Each peak with its time; where two would overlap the later stands a line lower."""
    flags: list[dict[str, Any]] = []
    for peak in mood.peaks:
        x = 100 * peak.at / seconds
        row = 1 if flags and flags[-1]["row"] == 0 and x - flags[-1]["x"] < _FLAG_WIDE else 0
        anchor = "start" if x < _FLAG_WIDE / 2 else "end" if x > 100 - _FLAG_WIDE / 2 else "middle"
        flags.append(
            {
                "x": round(x, 2),
                "row": row,
                "anchor": anchor,
                "text": clock(peak.at),
                "mood": peak.emotion,
                "to": peak.sentence,
            }
        )
    return flags


def _guess(request: Request, lang: str | None) -> str:
    """The language for who is not known yet: as asked for, else what the browser prefers."""
    if lang is not None and lang in _SAY:
        return lang
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


Cut = Callable[[Recording, float, float], Awaitable[bytes]]
"""The sound of a recording from a second on, for so many seconds, as MP3."""
