"""SQLite runs its statements in place, and still nobody else in this process waits while another one holds the lock."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from actions.outside.sqlite_here import connect
from actions.outside.store import Store
from actions.outside.tables import MetaRow


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    path = tmp_path / "parley.db"
    store = Store(f"sqlite:///{path}")
    await store.migrate()
    await store.close()
    return path


async def test_a_write_waits_for_the_lock_of_another_process_while_others_go_on(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = Store(f"sqlite:///{path}")

    async def write() -> None:
        async with store.write() as tx:
            await tx.execute(MetaRow.__table__.insert().values(name="ours", value="1"))

    writing = asyncio.create_task(write())
    async with store.read() as tx:  # goes on meanwhile, and sees what was there before
        assert (await tx.execute(select(MetaRow.name))).all() == []
    assert not writing.done()
    other.execute("INSERT INTO meta (name, value) VALUES ('theirs', '1')")
    other.execute("COMMIT")
    await writing
    other.close()
    async with store.read() as tx:
        assert set((await tx.execute(select(MetaRow.name))).scalars()) == {"ours", "theirs"}
    await store.close()


async def test_a_snapshot_that_is_too_old_to_write_fails_at_once(path: Path) -> None:
    ours, other = await connect(str(path)), sqlite3.connect(path, isolation_level=None)
    cursor = ours.cursor()
    await cursor.execute("BEGIN")
    await cursor.execute("SELECT * FROM meta")
    await cursor.fetchall()
    other.execute("INSERT INTO meta (name, value) VALUES ('theirs', '1')")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await cursor.execute("INSERT INTO meta (name, value) VALUES ('ours', '1')")
    other.close()
    await ours.close()


async def test_an_error_of_the_statement_itself_comes_as_sqlalchemys(path: Path) -> None:
    store = Store(f"sqlite:///{path}")
    with pytest.raises(IntegrityError):
        async with store.write() as tx:
            await tx.execute(MetaRow.__table__.insert(), [{"name": "twice", "value": "1"}, {"name": "twice", "value": "2"}])
    async with store.read() as tx:
        assert (await tx.execute(select(MetaRow.name))).all() == []
    await store.close()
