"""Recordings as they arrive: fetched, sealed, known by what they hold; looked through when their time is over.

The plain file that a platform handed out is gone before anybody is answered. A recording is named after what it holds, so
that the same bytes, whoever sends them and however often, are one recording that is listened to once.
"""

import asyncio
import math
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import func, select

from actions.commands.recordings import HOUSE, DeleteRecording, Why
from actions.crm import own
from actions.crm.call_file import corrections_of, heard_turns, right
from actions.crm.records import Recording, Speaker
from actions.draft import draft
from actions.outside.insert_new import insert_new
from actions.outside.store import Store, Tx
from actions.outside.tables import RecordingArrivalRow, RecordingRow, TicketRow
from actions.policy.recordings import RecordingRules
from actions.proposal import Basis, Command, Outcome, Proposal
from actions.recordings.sealed import FOLDER, SealBroken, SealedReader, seal, sealed_path
from bot.fault import name_fault
from bot.message import Attachment, Message, address_to_json, message_to_json
from voice.transcript import Turn

log = structlog.get_logger(__name__)

Quietly = Callable[[Tx, Proposal, str], Awaitable[Outcome]]
"""Decides a proposal and carries it out, without an answer to anybody."""

TURNS = TypeAdapter(tuple[Turn, ...])
_STRAY_AFTER = timedelta(hours=2)
"""A sealed file that no recording belongs to by then was refused, or its message given up."""
_MOST_AT_ONCE = 50
_JUST_ASKED = timedelta(minutes=15)


@dataclass(frozen=True)
class Arrival:
    """What came with a message: which recording it is, and of how many bytes with which SHA-256."""

    recording_id: str
    digest: str
    size: int


class RecordingShelf:
    """Seals what arrives and deletes what was kept long enough. `secret` is the house's; `rules` those in force."""

    def __init__(
        self,
        store: Store,
        home: Path,
        secret: bytes,
        rules: Callable[[], RecordingRules],
        quietly: Quietly,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._home = home
        self._secret = secret
        self._rules = rules
        self._quietly = quietly
        self._now = now

    @property
    def rules(self) -> RecordingRules:
        """Those in force now."""
        return self._rules()

    # --- arriving ---------------------------------------------------------------------------------------------------

    async def known(self, message: Message, attachment: Attachment) -> Arrival | None:
        """What an earlier attempt at this message has sealed already."""
        key = arrival_key(message, attachment)
        async with self._store.read() as tx:
            row = (await tx.execute(select(RecordingArrivalRow).where(RecordingArrivalRow.key == key))).first()
        return None if row is None else Arrival(row.recording_id, row.digest, row.size)

    async def take_in(self, message: Message, attachment: Attachment, file: Path, speaker: Speaker, lang: str) -> Arrival:
        """Seal the file, write down whose it is, and take the plain file away."""
        digest, size = await asyncio.to_thread(_digest, file)
        async with self._store.read() as tx:
            recording_id = await _id_for(tx, digest)
        target = sealed_path(self._home, recording_id)
        if not await asyncio.to_thread(_opens, target, self._secret, recording_id):
            await asyncio.to_thread(seal, file, target, self._secret, recording_id)
        # what lay here before is as young as if it had come now: it has no record yet that keeps it from being swept away
        at = self._now().timestamp()
        await asyncio.to_thread(os.utime, target, (at, at))
        arrival = Arrival(recording_id, digest, size)
        async with self._store.write() as tx:
            await insert_new(tx, RecordingArrivalRow, [self._row(message, attachment, arrival, speaker, lang)], _KEY)
        await asyncio.to_thread(forget, file)
        return arrival

    def _row(
        self, message: Message, attachment: Attachment, arrival: Arrival, speaker: Speaker, lang: str
    ) -> dict[str, Any]:
        return {
            "key": arrival_key(message, attachment),
            "recording_id": arrival.recording_id,
            "digest": arrival.digest,
            "size": arrival.size,
            "asker": speaker.person_id or f"{message.address.channel}:{message.sender}",
            "address": address_to_json(message.address),
            "lang": lang,
            "message": message_to_json(replace(message, attachments=())),
            "at": self._now(),
            "lines_told": 0,
            "is_told_of_wait": False,
        }

    async def order(self, tx: Tx, command: Command, speaker: Speaker, cause: str, conversation: str) -> Outcome:
        """Have a command decided and carried out, for somebody or for the house itself."""
        facts = await own.get_many(tx, command.reads)
        proposal = draft(command, facts, speaker, Basis(confidence=1.0, message=cause), cause, self._now())
        return await self._quietly(tx, proposal, conversation)

    # --- leaving ----------------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Delete what was kept long enough or never got an answer, and sealed files that belong to nothing."""
        for recording, why in await self._due():
            command = DeleteRecording(recording.id, why, with_words=not self._rules().keeps_transcripts)
            async with self._store.write() as tx:
                outcome = await self.order(tx, command, HOUSE, f"{why}:{recording.id}", f"recording:{recording.id}")
            if outcome.kind not in ("done", "already"):
                log.warning("recording_not_deleted", recording=recording.id, outcome=outcome.kind)
        await self._sweep_strays()

    async def _due(self) -> list[tuple[Recording, Why]]:
        now, rules = self._now(), self._rules()
        async with self._store.read() as tx:
            found = await tx.execute(
                select(RecordingRow.id, RecordingRow.state, RecordingRow.is_message, RecordingRow.created_at)
                .where(RecordingRow.state != "deleted")
                .where(RecordingRow.created_at <= now - min(rules.keep_for, rules.messages_for, rules.unanswered_for))
                .order_by(RecordingRow.created_at)
            )
            due: dict[str, Why] = {}
            for row in found.all():
                kept_for = rules.messages_for if row.is_message else rules.keep_for
                if row.created_at <= now - kept_for:
                    due[row.id] = "kept_long_enough"
                elif row.state == "awaiting_basis" and row.created_at <= now - rules.unanswered_for:
                    due[row.id] = "unanswered"
            records = await own.by_ids(tx, "recording", list(due)[:_MOST_AT_ONCE])
        return [(one, due[one.id]) for one in records if isinstance(one, Recording)]

    async def _sweep_strays(self) -> None:
        files = await asyncio.to_thread(_older_than, self._home / FOLDER, self._now() - _STRAY_AFTER)
        if not files:
            return
        async with self._store.read() as tx:
            records = await own.by_ids(tx, "recording", [file.name.removesuffix(".sealed") for file in files])
        kept = {one.id for one in records if isinstance(one, Recording) and one.state != "deleted"}
        for file in files:
            if file.name.removesuffix(".sealed") not in kept:
                log.warning("stray recording removed", recording=file.name)
                try:
                    await asyncio.to_thread(forget, file)
                except OSError as fault:
                    log.error("stray recording not removed", recording=file.name, error=name_fault(fault))


# --- who may see ----------------------------------------------------------------------------------------------------------


async def may_read(tx: Tx, recording: Recording, person: Speaker) -> bool:
    """Whether somebody may read what was heard: who sent it (the same bytes make it theirs, too), their managers, and who
    has taken its ticket. Who has left is a guest with a name, and reads nothing, their own neither."""
    if person.person_id is None or person.role == "guest":
        return False
    if recording.by_id == person.person_id or (person.is_staff and recording.by_id in person.team):
        return True
    if person.role == "director":
        return True
    has_it = (TicketRow.recording_id == recording.id, TicketRow.taken_by == person.person_id)
    if (await tx.execute(select(TicketRow.id).where(*has_it).limit(1))).first() is not None:
        return True  # whoever calls back must know what was said
    same = (RecordingArrivalRow.recording_id == recording.id, RecordingArrivalRow.asker == person.person_id)
    return (await tx.execute(select(RecordingArrivalRow.key).where(*same).limit(1))).first() is not None


async def turns_of(tx: Tx, recording_id: str) -> tuple[Turn, ...]:
    """Everything that was heard so far, in order, with what people put right in it."""
    return right(await heard_turns(tx, recording_id), await corrections_of(tx, recording_id))


async def stoppable(tx: Tx, conversation: str, person_id: str | None, now: datetime) -> Recording | None:
    """The newest recording of this person's here that "cancel" can mean: one that is queued, listened to, or was just asked
    about. What has waited for its basis for longer is not deleted by a word that may mean something else."""
    if person_id is None:
        return None
    where = {"conversation": conversation, "state": ("awaiting_basis", "queued", "running"), "by_id": person_id}
    for one in await own.find(tx, "recording", where=where, order=("-created_at",), limit=20):
        if isinstance(one, Recording) and (one.state != "awaiting_basis" or one.created_at > now - _JUST_ASKED):
            return one
    return None


def arrival_key(message: Message, attachment: Attachment) -> str:
    """Names one attachment of one message."""
    return f"{message.key}:{sha256(attachment.ref.encode()).hexdigest()[:16]}"


def forget(file: Path) -> None:
    """Take a plain file away, and the folder that was made for it where that is empty now."""
    file.unlink(missing_ok=True)
    if file.parent.parent.name == "files" and file.parent.is_dir() and not any(file.parent.iterdir()):
        file.parent.rmdir()


async def _id_for(tx: Tx, digest: str) -> str:
    """The name of the recording that holds these bytes; what was deleted does not come back under its old name."""
    living = select(RecordingRow.id).where(RecordingRow.digest == digest, RecordingRow.state != "deleted").limit(1)
    known: str | None = await tx.scalar(living)
    if known is not None:
        return known
    before: int = await tx.scalar(select(func.count()).select_from(RecordingRow).where(RecordingRow.digest == digest)) or 0
    return f"REC-{sha256(f'{digest}:{before}'.encode()).hexdigest()[:12]}"


def _opens(sealed: Path, secret: bytes, recording_id: str) -> bool:
    """Whether the sealed file is there and of this secret."""
    try:
        SealedReader(sealed, secret, recording_id).close()
    except (FileNotFoundError, SealBroken):
        return False
    return True


def _digest(file: Path) -> tuple[str, int]:
    digest, size = sha256(), 0
    with file.open("rb") as opened:
        while piece := opened.read(1024 * 1024):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _older_than(folder: Path, moment: datetime) -> Sequence[Path]:
    if not folder.is_dir():
        return ()
    # half-written ones of a process that died while it sealed lie beside them, under names of their own
    found = [*folder.glob("*.sealed"), *folder.glob("*.sealed.*.part")]
    return [file for file in found if _changed_at(file) < moment.timestamp()]


def _changed_at(file: Path) -> float:
    """Never, for one that another process has just taken away."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return math.inf


_KEY = RecordingArrivalRow.key
