"""The record of the road: an append-only chain of entries, each bound by hash to the one before it.

A head row says where the chain ends, so a cut-off tail is seen too. Whoever can rewrite both the chain and its head can
still hide something: note the head that `verify` reports somewhere else, and compare.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from actions.canonical import digest_of
from actions.crm.own import json_value
from actions.outside.store import Tx
from actions.outside.tables import AuditHeadRow, AuditRow
from actions.proposal import Json

Kind = Literal[
    "message",
    "reading",
    "proposal",
    "decision",
    "confirmation",
    "edit",
    "withdrawal",
    "deed_begin",
    "change",
    "deed_done",
    "deed_failed",
    "send",
    "citation",
    "undo",
    "refusal",
    "timer",
    "policy",
    "erasure",
    "clip",
]
Wrong = Literal["changed", "missing", "reordered", "cut", "added"]
BEGINNING = "0" * 64
"""What the first entry has before it."""
BATCH = 1000
"""Entries read at once while verifying or exporting."""

# made once: every message appends, and making a statement costs more than carrying it out
_ADD = insert(AuditRow)
_LOCK_HEAD = select(AuditHeadRow.seq, AuditHeadRow.hash).where(AuditHeadRow.id == 1).with_for_update()
_MOVE_HEAD = update(AuditHeadRow).where(AuditHeadRow.id == 1).values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `actor` is a person's id, None for the house itself; `subject` names what it is about
    (`proposal:…`, `deal:…`, a message's key)."""

    kind: Kind
    actor: str | None
    subject: str | None
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Whether the chain holds. `entries` were read; `head` is the last hash; otherwise where it breaks and how."""

    entries: int
    head: str
    broken_at: int | None = None
    wrong: Wrong | None = None

    @property
    def is_sound(self) -> bool:
        return self.wrong is None


async def append(tx: Tx, now: datetime, *entries: Entry) -> None:
    """Add entries to the end of the chain, in this order, within the transaction: three statements for any number.

    The head row stays locked until the transaction ends.
    """
    if not entries:
        return
    seq, previous = await _locked_head(tx)
    rows = []
    for entry in entries:
        seq += 1
        body = dict(entry.body)
        previous, before = _hash(previous, seq, now, entry.kind, entry.actor, entry.subject, body), previous
        rows.append(
            {
                "seq": seq,
                "at": now,
                "kind": entry.kind,
                "actor": entry.actor,
                "subject": entry.subject,
                "body": body,
                "previous": before,
                "hash": previous,
            }
        )
    await tx.execute(_ADD, rows)
    await tx.execute(_MOVE_HEAD, {"new_seq": seq, "new_hash": previous})


async def lock(tx: Tx) -> None:
    """Hold the end of the chain from here on. On PostgreSQL a transaction that will append takes this lock before any
    other, so that two of them cannot wait for each other; on SQLite there is only ever one."""
    if tx.dialect.name == "postgresql":
        await _locked_head(tx)


async def verify(tx: Tx, progress: Callable[[int, int], None] | None = None) -> Verdict:
    """Read the whole chain, a batch at a time, and say where it first breaks. `progress` is told (read, total)."""
    head = (await tx.execute(select(AuditHeadRow.seq, AuditHeadRow.hash).where(AuditHeadRow.id == 1))).first()
    total, head_hash = (head.seq, head.hash) if head else (0, BEGINNING)
    read, previous = 0, BEGINNING
    async for row in rows_of(tx):
        wrong = _wrong(row, read + 1, previous, total)
        if wrong is not None:
            return Verdict(read, previous, read + 1, wrong)
        read, previous = row.seq, row.hash
        if progress is not None and read % BATCH == 0:
            progress(read, total)
    if read < total:
        return Verdict(read, previous, read + 1, "cut")
    if previous != head_hash:
        return Verdict(read, previous, read, "changed")
    return Verdict(read, previous)


@dataclass(frozen=True)
class Line:
    """An entry as it stands in the chain."""

    seq: int
    at: datetime
    kind: str
    actor: str | None
    subject: str | None
    body: Mapping[str, Json]
    previous: str
    hash: str

    def to_json(self) -> dict[str, Json]:
        return {**vars(self), "at": json_value(self.at)}


async def rows_of(tx: Tx) -> AsyncIterator[Line]:
    """The chain from its beginning, holding one batch in memory."""
    table = AuditRow.__table__
    last = None
    while True:
        query = select(table).order_by(table.c.seq).limit(BATCH)
        batch = (await tx.execute(query if last is None else query.where(table.c.seq > last))).mappings().all()
        for row in batch:
            yield Line(**row)
        if len(batch) < BATCH:
            return
        last = batch[-1]["seq"]


def _wrong(row: Line, expected: int, previous: str, total: int) -> Wrong | None:
    if row.seq < expected or row.seq > total:  # before the first, or past the end that the head knows
        return "added"
    if row.seq > expected:
        return "missing"
    if row.previous != previous:  # bound to another entry than the one before it: it stood elsewhere
        return "reordered"
    is_intact = row.hash == _hash(row.previous, row.seq, row.at, row.kind, row.actor, row.subject, row.body)
    return None if is_intact else "changed"


def _hash(
    previous: str, seq: int, at: datetime, kind: str, actor: str | None, subject: str | None, body: Mapping[str, Json]
) -> str:
    return digest_of([previous, seq, json_value(at), kind, actor, subject, body])


async def _locked_head(tx: Tx) -> tuple[int, str]:
    """Where the chain ends. PostgreSQL locks the row; on SQLite writers are serial anyway."""
    head = (await tx.execute(_LOCK_HEAD)).first()
    if head is None:  # the very first entry of this home
        dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
        first = {"id": 1, "seq": 0, "hash": BEGINNING}
        await tx.execute(dialect.insert(AuditHeadRow).values(first).on_conflict_do_nothing())
        head = (await tx.execute(_LOCK_HEAD)).one()
    return head.seq, head.hash
