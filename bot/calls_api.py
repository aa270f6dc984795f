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
from bot.kept_recordings import RecordingShelf, may_read, turns_of

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


class CallRead(CallOut):
    """A recording with what was heard so far."""

    turns: list[TurnOut]


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
        out = [TurnOut(**{name: getattr(turn, name) for name in TurnOut.model_fields}) for turn in turns]
        return CallRead(**_out(recording, shelf.rules).model_dump(), turns=out)

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
