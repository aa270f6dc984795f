"""The page of a call at `/console/calls/{token}`: its report for phone and desk, with every second a tap away.

A link opens it, made for one person; whether they may read this call is asked again each time. Reading works without
scripts. What is done here goes the road that messages go: a press is that person's message in the chat where they sent it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

import yaml
from fastapi import APIRouter, Form, Header, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import select

from actions.commands.clips import LONGEST_CLIP, Part
from actions.commands.corrections import CorrectCall
from actions.commands.planning import MAX_TEXT
from actions.crm import own, people
from actions.crm.records import Corrected, Recording, Speaker
from actions.outside.store import Store, Tx
from actions.outside.tables import ButtonRow, RecordingArrivalRow, SendRow
from actions.proposal import Plan
from bot.call_corrections import CallCorrections, Wish
from bot.call_opening import CallOpener, voice_for
from bot.call_sheet import CallSheet, SheetMood
from bot.channels.channel import Accept
from bot.channels.ranges import answer_in_part
from bot.clips import Clips
from bot.kept_recordings import may_read
from bot.may_hear import Closed
from bot.message import Button, Message, message_from_json, reply_from_json
from bot.outbox import target_of
from bot.pages.call_links import PATH, CallLinks
from bot.phrase_clips import why_closed
from bot.phrase_recordings import clock
from bot.unheard import tell_in_chat
from bot.wording.changes import shortened
from bot.wording.fill import Voice
from bot.wording.moments import when
from voice.clip import MIME

_HERE = Path(__file__).parent
_SAY = yaml.safe_load((_HERE / "call.yaml").read_text(encoding="utf-8"))
_templates = Environment(
    loader=FileSystemLoader(_HERE), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)
_ELSEWHERE = frozenset({"transcript", "more", "correct", "correct_call"})
"""Buttons of the card that show in the chat what stands on the page anyway."""
_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_TALL, _TOP, _BOTTOM = 148, 40, 124
"""Pixels of the waveform: all of it, and where its bars may reach."""
_TELLING, _SHOWN_OF_A_SPEAKER = 8, 24
"""Characters of a sentence that says more than hello, and of what is shown of it."""
_WITHOUT_ZEROS = "^[^\x00]*$"
"""PostgreSQL keeps no zero characters."""
_PIECE = 30
"""Seconds that are played at once; the script asks for the next piece by itself."""
_SHUT = {"not_allowed": 403, "no_basis": 403, "deleted": 410, "gone": 410, "outside": 404}
"""What HTTP says where sound stays inside; a recording that cannot be played at all is 422."""
_LETTERS = "ABCDEFGH"
_FLAG_WIDE = 16.0
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


class CallPages:
    """The page and what is done on it. What is put right is decided and carried out like everything else."""

    def __init__(
        self,
        store: Store,
        opener: CallOpener,
        links: CallLinks,
        corrections: CallCorrections,
        clips: Clips,
        accept: Accept,
    ) -> None:
        self._store = store
        self._opener = opener
        self._links = links
        self._corrections = corrections
        self._clips = clips
        self._accept = accept

    def router(self) -> APIRouter:
        router = APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)
        router.add_api_route("/{token}", self.look, methods=["GET"])
        router.add_api_route("/{token}/sound", self.sound, methods=["GET"])
        router.add_api_route("/{token}/press", self.press, methods=["POST"])
        router.add_api_route("/{token}/correct", self.correct, methods=["POST"])
        return router

    async def look(
        self, request: Request, token: str, lang: str | None = None, edit: int | None = None, said: str = ""
    ) -> Response:
        """The page; `edit` opens a turn for correcting, `said` names what is told above."""
        try:
            return await self._page(await self._reader(request, token, lang), token, edit=edit, said=said)
        except _NotShown as no:
            return _told(no)

    async def sound(
        self,
        request: Request,
        token: str,
        at: Annotated[float, Query(ge=0)],
        seconds: Annotated[float, Query(alias="for", gt=0, le=LONGEST_CLIP)] = _PIECE,
        range: Annotated[str | None, Header()] = None,
        lang: str | None = None,
    ) -> Response:
        """A piece of the recording as MP3, through the gate and on record; or the sentence why not."""
        try:
            reader = await self._reader(request, token, lang)
        except _NotShown as no:
            return PlainTextResponse(_SAY[no.lang]["told"][no.key], no.status, headers=_HEADERS)
        part = Part(reader.recording.id, round(at, 3), round(seconds, 3))
        to = f"person:{reader.person.person_id}"
        content = await self._clips.hand_out(part, to) if part.is_possible else Closed("outside")
        if isinstance(content, Closed):
            why, status = why_closed(content.reason, reader.voice), _SHUT.get(content.reason, 422)
            return PlainTextResponse(why, status, headers=_HEADERS)
        return answer_in_part(content, MIME, _HEADERS, range)

    async def press(
        self,
        request: Request,
        token: str,
        button: Annotated[str, Form(max_length=64)],
        lang: str | None = None,
    ) -> Response:
        """A button of the card, pressed here: it is pressed in the chat, and the answer comes there."""
        try:
            _demand_same_site(request, lang)
            reader = await self._reader(request, token, lang)
            async with self._store.read() as tx:
                offered = [one.token for one in await _next_actions(tx, reader)]
                came = await _came_with(tx, reader)
            if button not in offered or came is None:
                return await self._page(reader, token, said="not_offered", status=409)
        except _NotShown as no:
            return _told(no)
        key, at = f"page:{uuid4().hex}", self._opener.now()
        await self._accept(
            replace(came, key=key, text="", press=button, sent_at=at, handle=None, spoken=None, was_cut=False)
        )
        return _back(token, lang, "in_chat", "next")

    async def correct(
        self,
        request: Request,
        token: str,
        what: Annotated[Corrected, Form()],
        value: Annotated[str, Form(max_length=MAX_TEXT, pattern=_WITHOUT_ZEROS)] = "",
        place: Annotated[int | None, Form(ge=0)] = None,
        upon: Annotated[str, Form(max_length=64)] = "",
        sure: Annotated[bool, Form()] = False,
        lang: str | None = None,
    ) -> Response:
        """Something is put right; where more hangs on it, that is shown first and `sure` says so. `upon` is the correction
        that was the latest when the page was shown."""
        try:
            _demand_same_site(request, lang)
            reader = await self._reader(request, token, lang)
            wish = Wish(what, value, place)
            planned = await self._corrections.planned(reader.recording.id, wish, reader.person)
            wrong = "refused" if planned is None else _why_not(*planned, upon)
            if planned is None or wrong is not None:
                return await self._page(reader, token, edit=place, said=wrong or "", status=409)
            if planned[0].revised is not None and not sure:
                asks = {"wish": wish, "upon": upon, "follows": _follows(planned[1].data, reader)}
                return await self._page(reader, token, asks=asks)
            said = await self._put_right(reader, wish, upon)
            if said is not None:
                return await self._page(reader, token, edit=place, said=said, status=403)
        except _NotShown as no:
            return _told(no)
        return _back(token, lang, "corrected", "transcript" if place is None else f"t-{place}")

    async def _put_right(self, reader: _Reader, wish: Wish, upon: str) -> str | None:
        """Do it, once however often the form is sent. The key of the sentence that says why it was not done."""
        digest = sha256(f"{upon}\n{wish.what}\n{wish.place}\n{wish.value}".encode()).hexdigest()[:32]
        call = reader.recording.id
        cause = f"page:{call}:{reader.person.person_id}:{digest}"
        outcome = await self._corrections.correct(call, wish, reader.person, cause, f"page:{call}")
        if outcome is not None and outcome.kind in ("done", "already"):
            return None
        return "waits" if outcome is not None and outcome.kind == "waiting" else "refused"

    async def _reader(self, request: Request, token: str, lang: str | None) -> _Reader:
        """Who it is, as they stand now. Raises _NotShown."""
        guess, signed = _guess(request, lang), self._links.read(token)
        if signed is None:
            raise _NotShown(404, "no_link", guess)
        async with self._store.read() as tx:
            person = await people.speaker_of(tx, signed.person)
            recording = await own.get(tx, "recording", signed.thing)
            if not isinstance(recording, Recording):
                raise _NotShown(410, "deleted", guess)
            if person is None or not person.is_staff or not await may_read(tx, recording, person):
                raise _NotShown(403, "not_yours", guess)
        return _Reader(recording, person, voice_for(person, lang, self._opener.now()))

    async def _page(
        self,
        reader: _Reader,
        token: str,
        *,
        edit: int | None = None,
        said: str = "",
        status: int = 200,
        asks: Mapping[str, Any] | None = None,
    ) -> HTMLResponse:
        """Raises _NotShown where there is no report."""
        is_heard = reader.recording.state not in ("queued", "running")
        sheet = await self._opener.sheet(reader.recording, reader.voice) if is_heard else None
        if sheet is None:
            raise _without_report(reader)
        async with self._store.read() as tx:
            buttons = await _next_actions(tx, reader)
        shown = _shown(reader, sheet, token, buttons)
        told = _SAY[reader.voice.lang]["said"].get(said, "")
        html = _templates.get_template("call.html").render(**shown, edit=edit, said=told, asks=asks)
        return HTMLResponse(html, status, headers=_HEADERS)


def _why_not(command: CorrectCall, plan: Plan, upon: str) -> str | None:
    """Why something cannot be put right, as the key of its sentence. What was put right since the page was shown is to be
    seen first."""
    return "corrected_meanwhile" if command.upon != upon else plan.problem


def _follows(data: Mapping[str, Any], reader: _Reader) -> list[str]:
    """What else changes of what was written to the CRM, a sentence each."""
    say, voice = _SAY[reader.voice.lang], reader.voice
    told = []
    for name, sentence in say["follows"].items():
        found = [str(one) for one in data.get(name) or ()]
        if name.startswith("signals_"):
            shown = [voice.word("signal", one) for one in found]
        else:
            shown = [when(datetime.fromisoformat(one), voice.lang, voice.zone) for one in found]
        if shown:
            told.append(sentence.replace("{what}", voice.join(shown)))
    return told or [say["follows_text"]]


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
    view = f"transcript:{reader.recording.id}"
    cards = select(SendRow.key, SendRow.reply).where(SendRow.target == target_of(came.address), SendRow.card == view)
    first = (await tx.execute(cards.order_by(SendRow.id.desc()).limit(1))).first()
    if first is None:
        return []
    redrawn = select(SendRow.reply).where(SendRow.redraws == first.key).order_by(SendRow.id.desc()).limit(1)
    card = reply_from_json(await tx.scalar(redrawn) or first.reply).card
    if card is None:
        return []
    tokens = [one.token for one in card.buttons]
    actions = await tx.execute(select(ButtonRow.token, ButtonRow.action).where(ButtonRow.token.in_(tokens)))
    is_for = {row.token: row.action for row in actions}
    return [one for one in card.buttons if is_for.get(one.token, "more") not in _ELSEWHERE]


# --- what is shown --------------------------------------------------------------------------------------------------------


def _shown(reader: _Reader, sheet: CallSheet, token: str, buttons: Sequence[Button]) -> dict[str, Any]:
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
        "types": say["types"],
        "can_correct": sheet.state == "done",
        "first_words": _first_words(sheet),
        "whose": _whose(sheet, say),
        "other_lang": "en" if lang == "zh" else "zh",
    }


def _first_words(sheet: CallSheet) -> dict[str, str]:
    """By what a speaker is told apart: the first words that are more than a greeting, else the first."""
    found: dict[str, str] = {}
    for speaker in sheet.speakers:
        said = [turn.text for turn in sheet.turns if turn.speaker == speaker]
        longer = next((text for text in said if len(text) >= _TELLING), said[0] if said else "")
        found[speaker] = shortened(longer, _SHOWN_OF_A_SPEAKER)
    return found


def _whose(sheet: CallSheet, say: Mapping[str, Any]) -> list[dict[str, str]]:
    """Whom a turn can be given to: who speaks in the call, and one who was not told apart."""
    called = {turn.speaker: turn.who for turn in sheet.turns}
    another = next((name for name in _LETTERS if name not in called), "")
    known = [{"speaker": name, "who": who if who == name else f"{who} ({name})"} for name, who in called.items()]
    return [*known, {"speaker": another, "who": say["other_speaker"]}] if another else known


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
