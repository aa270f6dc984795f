"""The rows of the queue of recordings: who comes next, in whose hands a recording is and for how long, what is over.

A step is taken with a lease; whoever holds it may change the row, and nobody else. After each step it is the turn of whoever
has waited longest, so that nobody's twenty files keep another's one waiting.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter
from sqlalchemy import delete, func, or_, select, update

from actions.crm import own
from actions.crm.call_file import heard_turns
from actions.crm.records import Recording, RecordingState
from actions.outside.insert_new import insert_new
from actions.outside.store import Store, Tx
from actions.outside.tables import ListeningRow, RecordingPartRow, RecordingRow
from voice.languages import UNKNOWN
from voice.plan import Plan

LEASE = timedelta(seconds=30)
HELD = timedelta(minutes=5)
"""How long a voice message that its conversation waits for is left to it by the lane."""
PLAN = TypeAdapter(Plan)


@dataclass(frozen=True)
class Job:
    """A recording in this worker's hands. `plan` None: not opened yet. `states`: while it is in one, the work is wanted."""

    recording_id: str
    owner: str
    plan: Plan | None
    attempt: int
    is_brief: bool
    states: tuple[RecordingState, ...] = ("queued", "running")


class Gone(Exception):
    """The recording was cancelled or deleted, or the lease passed to another worker."""


class ListeningQueue:
    """The table `listening`. `lease`: how long a step is its worker's without being renewed."""

    def __init__(self, store: Store, now: Callable[[], datetime], lease: timedelta) -> None:
        self._store = store
        self._now = now
        self.lease = lease

    async def line_up(self) -> None:
        """Give what has a basis and is in no queue its place."""
        queued = select(ListeningRow.recording_id).where(ListeningRow.is_over.is_(False))
        async with self._store.write() as tx:
            is_left = or_(RecordingRow.is_message.is_(False), RecordingRow.created_at <= self._now() - HELD)
            found = await tx.execute(
                select(RecordingRow.id).where(
                    RecordingRow.state.in_(("queued", "running")), RecordingRow.id.not_in(queued), is_left
                )
            )
            for recording in await own.by_ids(tx, "recording", list(found.scalars())):
                assert isinstance(recording, Recording)
                await self.add(tx, recording, is_brief=recording.is_message)

    async def add(self, tx: Tx, recording: Recording, *, is_brief: bool, lease_until: datetime | None = None) -> None:
        """Give it a place; one that was stopped goes on where it was, or from its beginning where nothing was understood so
        far: another model may listen now."""
        row = {
            "recording_id": recording.id,
            "asker": recording.by_id or recording.conversation,
            "is_brief": is_brief,
            "queued_at": self._now(),
            "turn": 0,
            "plan": None,
            "owner": "",
            "lease_until": lease_until,
            "attempts": 0,
            "is_over": False,
        }
        if await insert_new(tx, ListeningRow, [row], ListeningRow.recording_id):
            return
        if recording.state in ("queued", "running"):
            again = update(ListeningRow).where(ListeningRow.recording_id == recording.id, ListeningRow.is_over.is_(True))
            values = {"is_over": False, "attempts": 0, "owner": "", "lease_until": lease_until, "queued_at": self._now()}
            is_back = (await tx.execute(again.values(**values))).rowcount == 1
            if is_back and all(turn.lang == UNKNOWN for turn in await heard_turns(tx, recording.id)):
                await tx.execute(delete(RecordingPartRow).where(RecordingPartRow.recording_id == recording.id))
                await tx.execute(update(ListeningRow).where(ListeningRow.recording_id == recording.id).values(plan=None))

    async def reopen(self, tx: Tx, recording_id: str) -> bool:
        """Have one step more done of a recording that is over; False where it never was in the queue."""
        again = update(ListeningRow).where(ListeningRow.recording_id == recording_id)
        values = {"is_over": False, "attempts": 0, "owner": "", "lease_until": None, "queued_at": self._now()}
        return (await tx.execute(again.values(**values))).rowcount == 1

    async def claim(self, is_brief: bool, only: str | None = None) -> Job | datetime | None:
        """The step whose turn it is, now ours; or when there may be one; or nothing to do. `only`: of this recording.

        Nobody holds a step for longer than HELD: a lease that ends later was made by a clock that was ahead.
        """
        now = self._now()
        latest = now + max(HELD, self.lease)
        async with self._store.write() as tx:
            meant = ListeningRow.is_brief.is_(is_brief) if only is None else ListeningRow.recording_id == only
            waiting = select(ListeningRow.__table__).where(ListeningRow.is_over.is_(False), meant)
            rows = (await tx.execute(waiting.with_for_update(skip_locked=True))).all()
            ready = [
                row
                for row in rows
                if row.lease_until is None or not now < row.lease_until <= latest or (only and not row.owner)
            ]
            if not ready:
                return min((row.lease_until for row in rows), default=None)
            turns = select(ListeningRow.asker, func.max(ListeningRow.turn)).group_by(ListeningRow.asker)
            had: dict[str, int] = {row[0]: row[1] for row in (await tx.execute(turns)).all()}
            row = min(ready, key=lambda one: (had[one.asker], one.queued_at, one.recording_id))
            owner = uuid4().hex
            values = {
                "owner": owner,
                "turn": max(had.values()) + 1,
                "attempts": row.attempts + 1,
                "lease_until": now + self.lease,
            }
            await tx.execute(update(ListeningRow).where(ListeningRow.recording_id == row.recording_id).values(**values))
        plan = None if row.plan is None else PLAN.validate_python(row.plan)
        return Job(row.recording_id, owner, plan, row.attempts + 1, row.is_brief)

    async def keep(self, tx: Tx, job: Job, **values: Any) -> None:
        """Change the row while it is still in our hands. Raises Gone where it is not."""
        held = (ListeningRow.recording_id == job.recording_id, ListeningRow.owner == job.owner)
        if (await tx.execute(update(ListeningRow).where(*held).values(**values))).rowcount != 1:
            raise Gone
