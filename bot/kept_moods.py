"""How a customer sounded in a call, as it is kept: judged once, read by the report, its picture, its page, the dispatch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pydantic import TypeAdapter
from sqlalchemy import delete, select

from actions.outside.store import Tx
from actions.outside.tables import CallMoodRow
from voice.mood import Mood
from voice.transcript import Turn

_MOOD = TypeAdapter(Mood)


@dataclass(frozen=True)
class HeardMood:
    """The mood of the speaker who was the customer, and the outline of the whole call: bars from 0 to 1."""

    customer: str
    mood: Mood
    outline: tuple[float, ...]


async def mood_of(tx: Tx, recording_id: str, customer: str | None) -> HeardMood | None:
    """What is kept of a recording whose customer is this speaker; None where nothing is, or another speaker was judged."""
    row = (await tx.execute(select(CallMoodRow.__table__).where(CallMoodRow.recording_id == recording_id))).first()
    if row is None or row.customer != customer:
        return None
    return HeardMood(row.customer, _MOOD.validate_python(row.mood), tuple(row.outline))


async def is_judged(tx: Tx, recording_id: str, customer: str, turns: Sequence[Turn]) -> bool:
    """Whether what is kept is of this customer, who spoke just then when these turns say so."""
    found = select(CallMoodRow.recording_id).where(CallMoodRow.recording_id == recording_id)
    same = found.where(CallMoodRow.customer == customer, CallMoodRow.spoken == spoken_by(customer, turns))
    return (await tx.execute(same)).first() is not None


def spoken_by(customer: str, turns: Sequence[Turn]) -> str:
    """A digest of when the customer speaks, and when somebody else does."""
    when = [(turn.start, turn.end, turn.speaker == customer) for turn in turns]
    return sha256(repr(when).encode()).hexdigest()


async def keep_mood(tx: Tx, recording_id: str, heard: HeardMood, at: datetime, turns: Sequence[Turn] = ()) -> None:
    """Keep it, in the place of what was kept before; `turns` are those that it was judged by."""
    await tx.execute(delete(CallMoodRow).where(CallMoodRow.recording_id == recording_id))
    row = {
        "recording_id": recording_id,
        "customer": heard.customer,
        "spoken": spoken_by(heard.customer, turns),
        "mood": _MOOD.dump_python(heard.mood, mode="json"),
        "outline": _rounded(heard.outline),
        "at": at,
    }
    await tx.execute(CallMoodRow.__table__.insert().values(**row))  # type: ignore[attr-defined]


def _rounded(outline: Sequence[float]) -> list[float]:
    return [round(bar, 3) for bar in outline]
