"""A call as it is on file: what was heard, what people put right in it, what was written down of it; read together."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select

from actions.crm.records import Activity, CallCorrection, CallFile, Firing, Signal
from actions.outside.store import Tx
from actions.outside.tables import (
    ActivityRow,
    CallCorrectionRow,
    DeedRow,
    FiringRow,
    RecordingArrivalRow,
    RecordingPartRow,
    SignalRow,
)
from voice.correct import put_right
from voice.transcript import Turn

_TURNS = TypeAdapter(tuple[Turn, ...])
_LIFT_BY_A_CALL = ("write_call", "correct_call")
"""Commands that lift a customer's earlier signal by what a call says."""


async def call_file_of(tx: Tx, key: str) -> CallFile:
    """The file of a recording; `key` is its id, and behind a `#` that of the activity it was written down as, if it was."""
    recording_id, _, activity_id = key.partition("#")
    heard = await heard_turns(tx, recording_id)
    corrections = await corrections_of(tx, recording_id)
    askers = select(RecordingArrivalRow.asker).where(RecordingArrivalRow.recording_id == recording_id)
    activity = select(ActivityRow.__table__).where(ActivityRow.id == activity_id)
    written = (await tx.execute(activity)).mappings().first() if activity_id else None
    signals = select(SignalRow.__table__).where(SignalRow.source == "call", SignalRow.source_id == recording_id)
    found = tuple(Signal(**row) for row in (await tx.execute(signals.order_by(SignalRow.id))).mappings())
    firings = select(FiringRow.__table__).where(FiringRow.signal_id.in_([one.id for one in found])).order_by(FiringRow.id)
    return CallFile(
        key,
        turns=right(heard, corrections),
        corrections=corrections,
        senders=frozenset((await tx.execute(askers)).scalars()),
        activity=Activity(**written) if written else None,
        signals=found,
        firings=tuple(Firing(**row) for row in (await tx.execute(firings)).mappings()) if found else (),
        lifted=await _lifted_by(tx, recording_id, Activity(**written)) if written else (),
    )


async def _lifted_by(tx: Tx, recording_id: str, activity: Activity) -> tuple[Signal, ...]:
    """The signals of this customer that stand exactly as a deed of this call has lifted them.

    Who lifted one by hand since, or opened it and lifted it again, has left other values: that one is theirs.
    """
    row, deed = SignalRow, DeedRow
    theirs = (row.customer_id == activity.customer_id, row.state == "lifted", row.lifted_at.is_not(None))
    lifted = [Signal(**one) for one in (await tx.execute(select(row.__table__).where(*theirs).order_by(row.id))).mappings()]
    since = min((one.lifted_at for one in lifted if one.lifted_at), default=None)
    if since is None:
        return ()
    done = (deed.command.in_(_LIFT_BY_A_CALL), deed.undone_at.is_(None), deed.at >= since)  # a deed is done after its plan
    set_by_this: set[tuple[str, str, Any]] = set()
    for effects in (await tx.execute(select(deed.effects).where(*done))).scalars():
        if any(_is_of(one, recording_id, activity.id) for one in effects):
            changed = (one for one in effects if one["effect"] == "update" and one["kind"] == "signal")
            set_by_this |= {(one["id"], one["field"], one["new"]) for one in changed}
    at = {(id_, datetime.fromisoformat(new)) for id_, field, new in set_by_this if field == "lifted_at" and new}
    return tuple(
        one
        for one in lifted
        if (one.id, one.lifted_at) in at
        and {(one.id, "lifted_by", one.lifted_by), (one.id, "lifted_words", one.lifted_words)} <= set_by_this
    )


def _is_of(effect: dict[str, Any], recording_id: str, activity_id: str) -> bool:
    """Whether this effect tells that its deed was about the call: it was written down, or put right."""
    if effect["effect"] != "create":
        return False
    if effect["kind"] == "call_correction":
        return bool(effect["values"].get("recording_id") == recording_id)
    return bool(effect["kind"] == "activity" and effect["id"] == activity_id)


async def heard_turns(tx: Tx, recording_id: str) -> tuple[Turn, ...]:
    """What the model heard so far, in order, as it heard it."""
    parts = select(RecordingPartRow.turns).where(RecordingPartRow.recording_id == recording_id)
    kept = (await tx.execute(parts.order_by(RecordingPartRow.number))).scalars()
    return tuple(turn for turns in kept for turn in _TURNS.validate_python(turns))


async def corrections_of(tx: Tx, recording_id: str) -> tuple[CallCorrection, ...]:
    """What people put right in a recording, the first first."""
    row = CallCorrectionRow
    found = select(row.__table__).where(row.recording_id == recording_id).order_by(row.number, row.at, row.id)
    return tuple(CallCorrection(**one) for one in (await tx.execute(found)).mappings())


def right(heard: tuple[Turn, ...], corrections: tuple[CallCorrection, ...]) -> tuple[Turn, ...]:
    """The turns with everything that was put right in them."""
    return put_right(heard, [(one.what, one.place, one.value) for one in corrections])
