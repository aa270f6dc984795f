"""The HTTP API for what people put right in a call: list it, and put something right on somebody's behalf."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from pydantic import BaseModel, Field

from actions.commands.planning import MAX_TEXT
from actions.crm import own, people
from actions.crm.call_file import corrections_of, heard_turns
from actions.crm.records import CallCorrection, Corrected, Recording, Speaker
from actions.outside.store import Store, Tx
from actions.proposal import Outcome
from bot.call_corrections import CallCorrections, Wish
from bot.channels.api import Name
from bot.door import ApiDoor
from bot.kept_recordings import may_read
from voice.transcript import Turn


class CorrectionOut(BaseModel):
    """Something that was put right. `place` is the turn, counted from 0, None where it is about who the customer is; `heard`
    is what the model heard there (of a speaker: whom)."""

    id: str
    number: int
    what: Corrected
    place: int | None
    value: str
    heard: str | None
    by_id: str | None
    at: datetime


class CorrectionIn(BaseModel):
    """`text` of the turn at `place` (counted from 0), the `speaker` of it, or who is the `customer` ("": nobody knows)."""

    what: Corrected
    place: Annotated[int | None, Field(ge=0)] = None
    value: Annotated[str, Field(max_length=MAX_TEXT)] = ""


class CorrectionMade(BaseModel):
    """What became of it. `changes` says what else follows, of what was written to the CRM."""

    outcome: Literal["done", "already", "planned"]
    deed: str | None
    changes: dict[str, Any]


def corrections_routes(store: Store, door: ApiDoor, corrections: CallCorrections) -> APIRouter:
    """`/api/calls/{id}/corrections`."""
    router = APIRouter(prefix="/api", dependencies=[Depends(door)], tags=["calls"])

    @router.get("/calls/{call}/corrections")
    async def list_corrections(call: Name) -> list[CorrectionOut]:
        """Everything that was put right in a recording, the first first; what is undone is not among it."""
        async with store.read() as tx:
            await _recording(tx, call)
            heard = await heard_turns(tx, call)
            found = await corrections_of(tx, call)
        return [_out(one, heard) for one in found]

    @router.post("/calls/{call}/corrections")
    async def correct(
        call: Name,
        wish: CorrectionIn,
        person: Annotated[Name, Query(description="On whose behalf: an employee's id.")],
        preview: Annotated[bool, Query(description="Only say what would change.")] = False,
        idempotency_key: Annotated[str | None, Header(max_length=100)] = None,
    ) -> CorrectionMade:
        """Put something right. 403 where this person may not, 409 where it cannot be put right as things stand."""
        speaker = await _speaker(store, call, person)
        wanted = Wish(wish.what, wish.value, wish.place)
        if preview:
            planned = await corrections.planned(call, wanted, speaker)
            if planned is None:
                raise HTTPException(403, "This person may not read this recording.")
            if planned[1].problem is not None:
                raise HTTPException(409, _PROBLEMS.get(planned[1].problem, "This cannot be put right as things stand."))
            return CorrectionMade(outcome="planned", deed=None, changes=_changes(planned[1].data))
        latest = await _latest(store, call)
        cause = f"correct:{call}:{person}:{idempotency_key or latest}"
        outcome = await corrections.correct(call, wanted, speaker, cause, f"api:{person}")
        return _told(outcome)

    return router


_PROBLEMS = {
    "recording_deleted": "This recording has been deleted.",
    "not_heard_yet": "This recording is not heard to its end.",
    "corrected_meanwhile": "Something was put right meanwhile; look at it as it is now.",
    "no_such_turn": "There is no such turn.",
    "no_such_speaker": "There is no such speaker.",
    "no_words": "There are no words to put there.",
    "nothing_to_correct": "That is how it stands already.",
}


def _told(outcome: Outcome | None) -> CorrectionMade:
    if outcome is None or outcome.kind in ("refused", "waiting"):
        raise HTTPException(403, "This person may not put this right.")
    if outcome.kind not in ("done", "already"):
        raise HTTPException(409, _PROBLEMS.get(outcome.proposal.plan.problem or "", "This cannot be put right now."))
    return CorrectionMade(outcome=outcome.kind, deed=outcome.deed, changes=_changes(outcome.proposal.plan.data))


def _changes(data: Any) -> dict[str, Any]:
    return {name: data[name] for name in sorted(data) if name.startswith(("signals_", "reminders_"))}


def _out(one: CallCorrection, heard: tuple[Turn, ...]) -> CorrectionOut:
    turn = heard[one.place] if one.place is not None and one.place < len(heard) else None
    was = None if turn is None else turn.text if one.what == "text" else turn.speaker
    same = {name: getattr(one, name) for name in CorrectionOut.model_fields if hasattr(one, name)}
    return CorrectionOut(**same, heard=was)


async def _speaker(store: Store, call: str, person: str) -> Speaker:
    async with store.read() as tx:
        recording = await _recording(tx, call)
        speaker = await people.speaker_of(tx, person)
        if speaker is None:
            raise HTTPException(422, "There is no such person.")
        if not await may_read(tx, recording, speaker):
            raise HTTPException(403, "This person may not read this recording.")
        if recording.state == "deleted":
            raise HTTPException(409, _PROBLEMS["recording_deleted"])
    return speaker


async def _latest(store: Store, call: str) -> str:
    async with store.read() as tx:
        found = await corrections_of(tx, call)
    return found[-1].id if found else ""


async def _recording(tx: Tx, call: str) -> Recording:
    recording = await own.get(tx, "recording", call)
    if not isinstance(recording, Recording):
        raise HTTPException(404, "There is no such recording.")
    return recording
