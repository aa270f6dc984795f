"""The HTTP API for recordings: list them, read what was heard, have one deleted with proof."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel

from actions.commands.recordings import DeleteRecording
from actions.crm import own, people
from actions.crm.records import Recording, RecordingState
from actions.outside.store import Store, Tx
from actions.policy.recordings import RecordingRules
from bot.channels.api import Name
from bot.door import ApiDoor
from bot.kept_moods import HeardMood, mood_of
from bot.kept_recordings import RecordingShelf, may_read, turns_of
from voice.customer_mood import sentences_by, words_around
from voice.transcript import Turn

_MOST = 200


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


class EmotionsOut(BaseModel):
    """Probabilities of a stretch of speech; they sum to 1."""

    angry: float
    happy: float
    neutral: float
    sad: float


class MoodSegment(BaseModel):
    """How the customer sounds from `start` to `end`. `emotion` is one of the four or "uncertain"; `confidence`, 0 to 1, says
    how well the voice was heard; `uses_words`: whether what is said had a say."""

    start: float
    end: float
    emotion: str
    sounds_angry: bool
    scores: EmotionsOut
    arousal: float
    confidence: float
    uses_words: bool


class MoodPoint(BaseModel):
    """A point of the smoothed curve."""

    at: float
    scores: EmotionsOut


class MoodPeak(BaseModel):
    """A stretch in which an emotion stands out: strongest at the second `at`, where the customer says these words."""

    emotion: str
    start: float
    end: float
    at: float
    strength: float
    words: str


class MoodOut(BaseModel):
    """How the customer sounds in a call, an estimate; never anybody else. `coverage` is the share of the customer's seconds
    with an answer; `knows_calm`: measured against how they sound when calm; `outline`: loudness of the call, 0 to 1."""

    customer_speaker: str
    model: str
    knows_calm: bool
    coverage: float
    segments: list[MoodSegment]
    curve: list[MoodPoint]
    peaks: list[MoodPeak]
    outline: list[float]


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


def calls_routes(store: Store, door: ApiDoor, shelf: RecordingShelf) -> APIRouter:
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
            if person is not None:
                speaker = await people.speaker_of(tx, person)
                if speaker is None:
                    raise HTTPException(422, "There is no such person.")
                if not await may_read(tx, recording, speaker):
                    raise HTTPException(403, "This person may not read this recording.")
            turns = await turns_of(tx, call)
            heard = await mood_of(tx, call, recording.customer_speaker)
        out = [TurnOut(**{name: getattr(turn, name) for name in TurnOut.model_fields}) for turn in turns]
        return CallRead(**_out(recording, shelf.rules).model_dump(), turns=out, mood=heard and _mood(heard, turns))

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


def _mood(heard: HeardMood, turns: tuple[Turn, ...]) -> MoodOut:
    mood, sentences = heard.mood, sentences_by(heard.customer, turns)
    return MoodOut(
        customer_speaker=heard.customer,
        model=mood.model,
        knows_calm=mood.knows_calm,
        coverage=mood.coverage,
        segments=[
            MoodSegment(
                start=one.start,
                end=one.end,
                emotion=one.emotion,
                sounds_angry=one.sounds_angry,
                scores=EmotionsOut(**one.scores.by_name()),
                arousal=one.scores.arousal,
                confidence=one.confidence,
                uses_words=one.uses_words,
            )
            for one in mood.felt
        ],
        curve=[MoodPoint(at=one.middle, scores=EmotionsOut(**one.curve.by_name())) for one in mood.felt],
        peaks=[
            MoodPeak(
                emotion=one.emotion,
                start=one.start,
                end=one.end,
                at=one.at,
                strength=one.strength,
                words=words_around(sentences, one),
            )
            for one in mood.peaks
        ],
        outline=list(heard.outline),
    )


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
