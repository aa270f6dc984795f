"""Effects onto the world, within one transaction; only carry_out.py calls this, after it has claimed the deed."""

import asyncio
import json
from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite

from actions import audit
from actions.audit import Entry
from actions.crm import diary, own
from actions.crm.crossings import note_crossings
from actions.crm.records import KINDS, Customer, Paper, Recording
from actions.outside.store import Tx
from actions.outside.tables import (
    CallCorrectionRow,
    CallMoodRow,
    DispatchRow,
    ListeningRow,
    RecordingArrivalRow,
    RecordingPartRow,
    TimerRow,
)
from actions.papers.files import print_paper
from actions.papers.sheet import sheet_from_json
from actions.proposal import (
    CountCrossing,
    Create,
    Effect,
    Erase,
    Notify,
    Occupy,
    PrintPaper,
    Redraw,
    Remove,
    ReplaceBusy,
    Schedule,
    TakeIn,
    TakeOut,
    Unschedule,
    Update,
    Vacate,
    WriteFile,
)
from actions.recordings import sealed
from actions.recordings.pictures import erase_pictures
from actions.world import World
from actions.write_file import write_file


class Stale(Exception):
    """A record is no longer what the plan was made from; whoever opened the transaction rolls it back."""


async def apply_effects(world: World, tx: Tx, effects: Sequence[Effect], key: str, files: list[Path]) -> None:
    """Apply the effects in order. `key` makes notices happen once; files written, and folders, are added to `files`.

    Raises Stale where a field does not hold what it should, ValueError where a value does not fit.
    """
    index = 0
    for _, group in groupby(effects, key=_belongs_to):
        run = list(group)
        if isinstance(run[0], Update):
            await _update(tx, [effect for effect in run if isinstance(effect, Update)])
        else:
            for offset, effect in enumerate(run):
                await _apply(world, tx, effect, f"{key}:{index + offset}", files)
        index += len(run)


def _belongs_to(effect: Effect) -> tuple[str, ...]:
    """Neighbouring changes of one record go out as one statement."""
    return (effect.kind, effect.id) if isinstance(effect, Update) else ()


async def _update(tx: Tx, updates: Sequence[Update]) -> None:
    wanted = {one.field: (one.old, one.new) for one in updates}
    if not await own.update(tx, updates[0].kind, updates[0].id, wanted):
        raise Stale


async def _apply(world: World, tx: Tx, effect: Effect, key: str, files: list[Path]) -> None:
    match effect:
        case Create():
            await own.create(tx, effect.kind, effect.id, effect.values)
        case Remove():
            if not await own.remove(tx, effect.kind, effect.id):
                raise Stale
        case Notify() | Redraw():
            await world.announce(tx, key, effect)
        case Schedule() | Unschedule():
            await (_schedule(tx, effect) if isinstance(effect, Schedule) else _unschedule(tx, effect.key))
        case WriteFile():
            files.append(await _write(world, tx, effect, key))
        case CountCrossing():
            leaving = [one for one in await own.by_ids(tx, "customer", effect.ids) if isinstance(one, Customer)]
            await note_crossings(tx, effect.destination, leaving, world.now(), key.rpartition(":")[0])
        case PrintPaper():
            files += await _print_paper(world, tx, effect)
        case TakeIn() | TakeOut():
            files += await _take_document(world, effect)
        case Occupy() | Vacate() | ReplaceBusy():
            await _take_time(tx, effect)
        case Erase():
            await _erase(world, tx, effect)
        case Update():
            await _update(tx, [effect])


async def _take_time(tx: Tx, effect: Occupy | Vacate | ReplaceBusy) -> None:
    match effect:
        case Occupy():
            if not await diary.occupy(tx, effect.booking_id, effect.people, effect.starts, effect.ends):
                raise Stale
        case Vacate():
            await diary.vacate(tx, effect.booking_id)
        case ReplaceBusy():
            await diary.replace_busy(tx, effect.employee_id, effect.spans)


async def _write(world: World, tx: Tx, effect: WriteFile, key: str) -> Path:
    """Write the file; who is in it is counted where it leaves the country."""
    records = await own.by_ids(tx, effect.kind, effect.ids)
    if len(records) != len(set(effect.ids)):
        raise Stale
    leaving = [record for record in records if isinstance(record, Customer)]
    await note_crossings(tx, effect.destination, leaving, world.now(), key.rpartition(":")[0])
    return await asyncio.to_thread(write_file, world.home, effect.name, effect.kind, records)


async def _print_paper(world: World, tx: Tx, effect: PrintPaper) -> list[Path]:
    """Put the files of a paper where they belong, unless they are there; what is new of them."""
    paper = await own.get(tx, "paper", effect.id)
    if not isinstance(paper, Paper) or paper.digest != effect.digest:
        raise Stale
    return await asyncio.to_thread(print_paper, world.home, sheet_from_json(json.loads(paper.content)))


async def _take_document(world: World, effect: TakeIn | TakeOut) -> list[Path]:
    """Make a file part of the documents, or take a version out of them; what is new on the disk."""
    if isinstance(effect, TakeIn):
        return await _take_in(world, effect)
    if not await asyncio.to_thread(world.knowledge.take_out, effect.digest):
        raise Stale
    return []


async def _take_in(world: World, effect: TakeIn) -> list[Path]:
    """Put the document where it belongs; where it stands now, unless it stood there before."""
    file = (world.home / effect.file).resolve()
    if not file.is_relative_to((world.home / "files").resolve()):
        raise ValueError("only what was sent can be taken in")
    if not file.is_file() or await asyncio.to_thread(_digest_of, file) != effect.digest:
        raise Stale
    place = await asyncio.to_thread(
        world.knowledge.take_in,
        file,
        effect.source,
        audience=frozenset(effect.audience),
        owner=effect.owner,
        by=effect.by,
    )
    return [place] if place else []


async def _erase(world: World, tx: Tx, effect: Erase) -> None:
    """The sealed file goes with its key, and the record says so only once it is seen to be gone.

    It goes before the transaction ends: were that rolled back, the sound would be gone and the record know a recording that
    cannot be opened any more, which somebody wanted deleted anyway.
    """
    recording = await own.get(tx, "recording", effect.id)
    if not isinstance(recording, Recording) or recording.digest != effect.digest:
        raise Stale
    await tx.execute(delete(ListeningRow).where(ListeningRow.recording_id == effect.id))
    await tx.execute(delete(RecordingArrivalRow).where(RecordingArrivalRow.recording_id == effect.id))
    moods = pictures = 0
    if effect.with_words:
        await tx.execute(delete(RecordingPartRow).where(RecordingPartRow.recording_id == effect.id))
        await tx.execute(delete(DispatchRow).where(DispatchRow.recording_id == effect.id))
        moods = (await tx.execute(delete(CallMoodRow).where(CallMoodRow.recording_id == effect.id))).rowcount
        pictures = await asyncio.to_thread(erase_pictures, world.home, effect.id)
        await tx.execute(delete(CallCorrectionRow).where(CallCorrectionRow.recording_id == effect.id))
    was_there = await asyncio.to_thread(sealed.erase, world.home, effect.id)
    proof = {
        "recording": effect.id,
        "sha256": effect.digest,
        "size": recording.size,
        "was_there": was_there,
        "key_is_gone": True,
        "words_are_gone": effect.with_words,
        "moods": moods,
        "pictures": pictures,
        "why": recording.deleted_why,
    }
    await audit.append(tx, world.now(), Entry("erasure", None, f"recording:{effect.id}", proof))


def _digest_of(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


async def _schedule(tx: Tx, effect: Schedule) -> None:
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    row = {
        "kind": effect.kind,
        "due_at": effect.due_at,
        "data": dict(effect.data),
        "state": "waiting",
        "lease_until": None,
        "attempts": 0,
    }
    insert = dialect.insert(TimerRow).values(key=effect.key, **row)
    await tx.execute(insert.on_conflict_do_update(index_elements=["key"], set_=row))


async def _unschedule(tx: Tx, key: str) -> None:
    """A timer that has not fired will not."""
    waiting = update(TimerRow).where(TimerRow.key == key, TimerRow.state == "waiting")
    await tx.execute(waiting.values(state="cancelled"))


async def is_as_made(tx: Tx, made: Create) -> bool:
    """Whether a record is still exactly what its Create made it, and nothing points at it yet."""
    values = {field: own.coerce(made.kind, field, value) for field, value in made.values.items()}
    if await own.get(tx, made.kind, made.id) != KINDS[made.kind](id=made.id, **values):
        return False
    return not await own.is_referred_to(tx, made.kind, made.id)
