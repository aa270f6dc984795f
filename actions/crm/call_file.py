"""A call as it is on file: what was heard, what people put right in it, what was written down of it; read together."""

from pydantic import TypeAdapter
from sqlalchemy import select

from actions.crm.records import Activity, CallCorrection, CallFile, Firing, Signal
from actions.outside.store import Tx
from actions.outside.tables import (
    ActivityRow,
    CallCorrectionRow,
    FiringRow,
    RecordingArrivalRow,
    RecordingPartRow,
    SignalRow,
)
from voice.correct import put_right
from voice.transcript import Turn

_TURNS = TypeAdapter(tuple[Turn, ...])


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
    )


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
