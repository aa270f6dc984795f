"""The HTTP API for recordings: list them, read what was heard, have one deleted with proof."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Response
from pydantic import BaseModel

from actions.commands.clips import LONGEST_CLIP, Part
from actions.commands.recordings import DeleteRecording
from actions.crm import own, people
from actions.crm.records import Recording, RecordingState, Speaker
from actions.outside.store import Store, Tx
from actions.policy.recordings import RecordingRules
from bot.call_opening import CallOpener, voice_for
from bot.call_sheet import CallSheet
from bot.channels.api import Name
from bot.channels.ranges import answer_in_part
from bot.clips import Clips
from bot.door import ApiDoor
from bot.kept_moods import mood_of
from bot.kept_recordings import RecordingShelf, may_read, turns_of
from bot.may_hear import Closed
from bot.mood_out import MoodOut, mood_out
from bot.phrase_clips import why_closed
from bot.playing import SECONDS
from bot.wording.fill import Voice
from voice.clip import MIME

_MOST = 200
_SOUND: dict[str, Any] = {MIME: {}}
_SHUT = {"not_allowed": 403, "no_basis": 403, "deleted": 410, "gone": 410, "outside": 404}
"""What HTTP says where sound stays inside; a recording that cannot be played at all is 422."""


class CallOut(BaseModel):
    """A recording. `basis` says on what grounds it may be listened to, with who said so and when; `keep_until` is when it is
    deleted by the rules of today. `customer_speaker` is who of the speakers is the customer, as far as that is known."""

    id: str
    name: str
    kind: Literal["recording", "voice_message"]
    state: RecordingState
    size: int
    sha256: str
    created_at: datetime
    by_id: str | None
    channel: str
    conversation: str
    customer_id: str | None
    deal_id: str | None
    basis: str | None
    basis_by: str | None
    basis_at: datetime | None
    seconds: float | None
    two_channels: bool | None
    customer_speaker: str | None
    customer_percent: int | None
    model: str
    reason: str
    keep_until: datetime | None
    deleted_at: datetime | None
    deleted_why: str


class TurnOut(BaseModel):
    """What one speaker said in one go; seconds from the beginning. `certainty` is from 0 to 1. `is_corrected` says that a
    person put it right."""

    start: float
    end: float
    speaker: str
    speaker_is_estimated: bool
    text: str
    lang: str
    certainty: float
    is_corrected: bool


class CallRead(CallOut):
    """A recording with what was heard so far, and how the customer sounds, where it is known who that is."""

    turns: list[TurnOut]
    mood: MoodOut | None


class Deleted(BaseModel):
    """That it is gone: `sha256` and `size` of what it held, as the audit log proves it."""

    id: str
    state: RecordingState
    sha256: str
    size: int
    deleted_at: datetime | None
    deleted_why: str


def calls_routes(store: Store, door: ApiDoor, shelf: RecordingShelf, clips: Clips, opener: CallOpener) -> APIRouter:
    """`/api/calls`."""
    router = APIRouter(prefix="/api", dependencies=[Depends(door)], tags=["calls"])

    @router.get("/calls")
    async def list_calls(
        state: RecordingState | None = None,
        by: Annotated[Name | None, Query(description="Only those that this person sent.")] = None,
        customer: Annotated[Name | None, Query(description="Only those about this customer.")] = None,
    ) -> list[CallOut]:
        """The latest first, at most 200."""
        where = {"state": state, "by_id": by, "customer_id": customer}
        wanted = {field: value for field, value in where.items() if value is not None}
        async with store.read() as tx:
            found = await own.find(tx, "recording", where=wanted, order=("-created_at", "id"), limit=_MOST)
        return [_out(one, shelf.rules) for one in found if isinstance(one, Recording)]

    @router.get("/calls/{call}")
    async def read_call(
        call: Name, person: Annotated[Name | None, Query(description="Read as this person may; else 403.")] = None
    ) -> CallRead:
        """One recording with every turn that was heard."""
        async with store.read() as tx:
            recording = await _recording(tx, call)
            await _reader(tx, recording, person)
            turns = await turns_of(tx, call)
            heard = await mood_of(tx, call, recording.customer_speaker)
        out = [TurnOut(**{name: getattr(turn, name) for name in TurnOut.model_fields}) for turn in turns]
        return CallRead(**_out(recording, shelf.rules).model_dump(), turns=out, mood=heard and mood_out(heard, turns))

    @router.get(
        "/calls/{call}/clip",
        response_class=Response,
        responses={
            200: {"content": {MIME: {}}},
            206: {"description": "The part that `Range` names.", "content": {MIME: {}}},
        },
    )
    async def clip(
        call: Name,
        start: Annotated[float, Query(ge=0, description="Where it begins, in seconds.")],
        person: Annotated[Name, Query(description="Who is to hear it: an employee's id.")],
        seconds: Annotated[float, Query(gt=0, le=LONGEST_CLIP)] = SECONDS,
        range: Annotated[str | None, Header()] = None,
    ) -> Response:
        """A part of a recording as MP3, for somebody who may hear it; it is put on record. 403 where they may not, 404 where
        there is no such moment, 410 where the recording is deleted, 422 where it cannot be played."""
        async with store.read() as tx:
            await _recording(tx, call)
        content = await clips.hand_out(Part(call, round(start, 3), round(seconds, 3)), f"person:{person}")
        if isinstance(content, Closed):
            raise HTTPException(_SHUT.get(content.reason, 422), why_closed(content.reason, Voice("en")))
        return answer_in_part(content, MIME, {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}, range)

    @router.get("/calls/{call}/report")
    async def read_report(
        call: Name,
        person: Annotated[Name | None, Query(description="Read as this person may, in their language and zone.")] = None,
        lang: Annotated[Literal["zh", "en"] | None, Query(description="The language of labels and sentences.")] = None,
    ) -> CallSheet:
        """The report of a call, all that its page shows. 403 where this person may not read it, 409 while nothing is heard,
        410 where its words are deleted."""
        async with store.read() as tx:
            recording = await _recording(tx, call)
            speaker = await _reader(tx, recording, person)
        is_heard = recording.state not in ("queued", "running")
        sheet = await opener.sheet(recording, voice_for(speaker, lang, opener.now())) if is_heard else None
        if sheet is None and recording.state == "deleted":
            raise HTTPException(410, "The words of this recording have been deleted.")
        if sheet is None:
            raise HTTPException(409, f"There is no report of this recording; it is {recording.state}.")
        return sheet

    @router.delete("/calls/{call}")
    async def delete_call(
        call: Name, person: Annotated[Name, Query(description="On whose behalf: an employee's id.")]
    ) -> Deleted:
        """Delete a recording, its key and its words for good. 403 where this person may not, 409 where it is gone."""
        async with store.write() as tx:
            before = await _recording(tx, call)
            speaker = await people.speaker_of(tx, person)
            if speaker is None:
                raise HTTPException(422, "There is no such person.")
            if before.state == "deleted":
                raise HTTPException(409, "It has been deleted before.")
            outcome = await shelf.order(tx, DeleteRecording(call), speaker, f"delete:{call}:{person}", f"api:{person}")
            after = await _recording(tx, call)
        if outcome.kind not in ("done", "already"):
            raise HTTPException(403, "This person may not delete this recording.")
        return Deleted(
            id=after.id,
            state=after.state,
            sha256=after.digest,
            size=after.size,
            deleted_at=after.deleted_at,
            deleted_why=after.deleted_why,
        )

    return router


async def _recording(tx: Tx, call: str) -> Recording:
    recording = await own.get(tx, "recording", call)
    if not isinstance(recording, Recording):
        raise HTTPException(404, "There is no such recording.")
    return recording


async def _reader(tx: Tx, recording: Recording, person: str | None) -> Speaker | None:
    """Who reads, None where nobody is named. Raises HTTPException where there is no such person, or they may not."""
    if person is None:
        return None
    speaker = await people.speaker_of(tx, person)
    if speaker is None:
        raise HTTPException(422, "There is no such person.")
    if not await may_read(tx, recording, speaker):
        raise HTTPException(403, "This person may not read this recording.")
    return speaker


def _out(recording: Recording, rules: RecordingRules) -> CallOut:
    kept_for: timedelta = rules.messages_for if recording.is_message else rules.keep_for
    same = {name: getattr(recording, name) for name in CallOut.model_fields if hasattr(recording, name)}
    return CallOut(
        **same,
        kind="voice_message" if recording.is_message else "recording",
        sha256=recording.digest,
        seconds=None if recording.duration_ms is None else recording.duration_ms / 1000,
        keep_until=None if recording.state == "deleted" else recording.created_at + kept_for,
    )
