"""The gate of sound: who may hear which part of which recording. Asked anew whenever sound is handed out, and nowhere else.

To a person of the house the words say what they may hear: who may read a recording may hear it. Everybody else, and every
group, hears a part only by a deed that was decided and names it. Nothing sounds without a basis, or after its deletion.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from actions.commands.clips import Part
from actions.crm import own, people
from actions.crm.records import Recording
from actions.outside.store import Tx
from actions.outside.tables import DeedRow
from bot.kept_recordings import may_read

Shut = Literal["deleted", "no_basis", "not_allowed"]


@dataclass(frozen=True)
class Closed:
    """Why sound stays inside: a reason of the gate, or one for which a recording cannot be played (voice/cannot_hear.py)."""

    reason: str


async def may_hear(tx: Tx, part: Part, to: str, deed: str = "") -> bool:
    """Whether `to` (`person:ID` or `group:@name`) may hear this part now; `deed` is the key of what handed it to them."""
    return await why_not_heard(tx, part, to, deed) is None


async def why_not_heard(tx: Tx, part: Part, to: str, deed: str = "") -> Shut | None:
    """Why `to` may not hear this part now, or None where they may."""
    recording = await own.get(tx, "recording", part.recording)
    if not isinstance(recording, Recording) or recording.state == "deleted":
        return "deleted"
    if recording.basis is None:
        return "no_basis"
    kind, _, name = to.partition(":")
    if kind == "person":
        person = await people.speaker_of(tx, name)
        if person is None or not person.is_staff:  # calls are not for customers, not even their own
            return "not_allowed"
        if await may_read(tx, recording, person):
            return None
    return None if await _was_handed(tx, part, to, deed) else "not_allowed"


async def _was_handed(tx: Tx, part: Part, to: str, deed: str) -> bool:
    """Whether this deed is done and told just these just this part."""
    if not deed:
        return False
    done = select(DeedRow.effects).where(DeedRow.key == deed, DeedRow.undone_at.is_(None))
    effects: list[dict[str, Any]] = await tx.scalar(done) or []
    told = [one for one in effects if one.get("effect") == "notify" and one.get("to") == to]
    return any(Part.of(one["data"]) == part for one in told)
