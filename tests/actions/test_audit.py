"""The record is one chain: whatever is changed, taken out, moved, cut off or added is found, and where."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, event, insert, select, update
from typer.testing import CliRunner

from actions import audit
from actions.audit import Entry, Verdict
from actions.audit_commands import audit_cli
from actions.canonical import canonical, digest_of
from actions.outside.store import Store, Tx
from actions.outside.tables import AuditHeadRow, AuditRow
from tests.actions.house import NOW

ENTRIES = tuple(Entry("change", "E01", f"deal:D{number}", {"new": number, "文": "字"}) for number in range(5))


async def write(store: Store, *entries: Entry) -> None:
    async with store.write() as tx:
        await audit.append(tx, NOW, *entries)


async def verdict(store: Store) -> Verdict:
    async with store.read() as tx:
        return await audit.verify(tx)


async def test_an_empty_record_is_sound(store: Store) -> None:
    assert await verdict(store) == Verdict(0, audit.BEGINNING)


async def test_a_chain_written_in_pieces_is_one_chain(store: Store) -> None:
    await write(store, *ENTRIES[:2])
    await write(store)
    await write(store, *ENTRIES[2:])
    found = await verdict(store)
    assert (found.is_sound, found.entries) == (True, 5)


async def test_entries_stand_as_they_were_given(store: Store) -> None:
    await write(store, *ENTRIES)
    async with store.read() as tx:
        lines = [line async for line in audit.rows_of(tx)]
    assert [(line.seq, line.subject, line.body) for line in lines] == [
        (seq, entry.subject, entry.body) for seq, entry in enumerate(ENTRIES, start=1)
    ]
    assert lines[0].at == NOW


async def _rewrite(tx: Tx, which: int, **values: Any) -> None:
    await tx.execute(update(AuditRow).where(AuditRow.seq == which).values(**values))


async def _swap(tx: Tx) -> None:
    await _rewrite(tx, 2, seq=99)
    await _rewrite(tx, 3, seq=2)
    await _rewrite(tx, 99, seq=3)


async def _add(tx: Tx) -> None:
    last = (await tx.execute(select(AuditRow.__table__).where(AuditRow.seq == 5))).mappings().one()
    await tx.execute(insert(AuditRow).values({**last, "seq": 6, "previous": last["hash"]}))


@pytest.mark.parametrize(
    ("tamper", "broken_at", "wrong"),
    [
        (lambda tx: _rewrite(tx, 3, body={"new": 1000}), 3, "changed"),
        (lambda tx: _rewrite(tx, 3, actor="E02"), 3, "changed"),
        (lambda tx: _rewrite(tx, 3, subject=None), 3, "changed"),
        (lambda tx: _rewrite(tx, 3, kind="timer"), 3, "changed"),
        (lambda tx: _rewrite(tx, 3, at=NOW + timedelta(microseconds=1)), 3, "changed"),
        (lambda tx: _rewrite(tx, 3, hash="f" * 64), 3, "changed"),
        (lambda tx: tx.execute(delete(AuditRow).where(AuditRow.seq == 1)), 1, "missing"),
        (lambda tx: tx.execute(delete(AuditRow).where(AuditRow.seq == 3)), 3, "missing"),
        (lambda tx: tx.execute(delete(AuditRow).where(AuditRow.seq >= 4)), 4, "cut"),
        (lambda tx: tx.execute(delete(AuditRow)), 1, "cut"),
        (lambda tx: _rewrite(tx, 1, seq=0), 1, "added"),
        (_swap, 2, "reordered"),
        (_add, 6, "added"),
        (lambda tx: tx.execute(delete(AuditHeadRow)), 1, "added"),
        (lambda tx: tx.execute(update(AuditHeadRow).values(hash="f" * 64)), 5, "changed"),
    ],
)
async def test_tampering_is_found_where_it_begins(
    store: Store, tamper: Callable[[Tx], Any], broken_at: int, wrong: str
) -> None:
    await write(store, *ENTRIES)
    async with store.write() as tx:
        await tamper(tx)
    found = await verdict(store)
    assert (found.is_sound, found.broken_at, found.wrong) == (False, broken_at, wrong)


async def test_a_long_chain_is_read_in_batches_and_tells_how_far_it_is(store: Store) -> None:
    await write(store, *(Entry("message", None, None, {"n": number}) for number in range(audit.BATCH * 2 + 1)))
    seen: list[tuple[int, int]] = []
    async with store.read() as tx:
        found = await audit.verify(tx, lambda read, total: seen.append((read, total)))
    assert (found.is_sound, found.entries) == (True, audit.BATCH * 2 + 1)
    assert seen == [(audit.BATCH, found.entries), (audit.BATCH * 2, found.entries)]


async def test_appending_at_once_from_many_sides_still_makes_one_chain(store: Store) -> None:
    await asyncio.gather(*(write(store, *ENTRIES) for _ in range(6)))
    found = await verdict(store)
    assert (found.is_sound, found.entries) == (True, 30)


async def test_any_number_of_entries_takes_three_statements(store: Store) -> None:
    await write(store, *ENTRIES)
    statements: list[str] = []
    async with store.write() as tx:
        event.listen(tx.sync_connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        await audit.append(tx, NOW, *ENTRIES)
    assert len(statements) == 3


async def test_text_that_no_file_could_hold_is_kept_and_hashed(store: Store) -> None:
    await write(store, Entry("message", None, None, {"text": "half \ud800 a character, \u0000"}))
    assert (await verdict(store)).is_sound


# --- canonical JSON -----------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_a_value_has_the_same_hash_after_it_was_stored(value: Any) -> None:
    assert digest_of(json.loads(json.dumps(value))) == digest_of(value)


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


# --- parley audit -------------------------------------------------------------------------------------------------------


def _run(path: Path, *arguments: str, entries: tuple[Entry, ...] = ENTRIES, cut: bool = False) -> Any:
    def open_store() -> Store:
        return Store(f"sqlite:///{path / 'audit.db'}")

    async def fill() -> None:
        store = open_store()
        await store.migrate()
        await write(store, *entries)
        if cut:
            async with store.write() as tx:
                await tx.execute(delete(AuditRow).where(AuditRow.seq > 2))
        await store.close()

    asyncio.run(fill())
    return CliRunner().invoke(audit_cli(open_store), list(arguments))


def test_verify_says_that_the_record_is_sound(tmp_path: Path) -> None:
    result = _run(tmp_path, "verify")
    assert result.exit_code == 0
    assert "sound: 5 entries" in result.stdout


def test_verify_fails_and_names_the_first_broken_entry(tmp_path: Path) -> None:
    result = _run(tmp_path, "verify", cut=True)
    assert result.exit_code == 1
    assert "entry 3 and everything after it were cut off" in result.stderr


def test_export_writes_one_json_object_a_line(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    assert _run(tmp_path, "export", str(file)).exit_code == 0
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0]["body"] == {"new": 0, "文": "字"}


def test_export_without_a_file_writes_to_standard_output(tmp_path: Path) -> None:
    half = Entry("message", None, None, {"text": "half \ud800 a character"})
    result = _run(tmp_path, "export", entries=(half,))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["seq"] == 1


def test_export_to_where_nothing_can_be_written_fails_in_one_line(tmp_path: Path) -> None:
    result = _run(tmp_path, "export", str(tmp_path / "no" / "such" / "folder.jsonl"))
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
