"""A migrated store for each test: SQLite always, PostgreSQL too where PARLEY_TEST_DATABASE_URL names a database."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from actions.outside.store import Store
from tests.actions.house import FakeWorld, furnish

POSTGRES = os.environ.get("PARLEY_TEST_DATABASE_URL")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, because migrating for every test would take most of their time."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"

    async def migrate() -> None:
        store = Store(f"sqlite:///{path}")
        await store.migrate()
        async with store.read() as tx:
            await tx.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        await store.close()

    asyncio.run(migrate())
    return path


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
async def store(request: pytest.FixtureRequest, empty_home: Path, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        shutil.copy(empty_home, tmp_path / "parley.db")
        store = Store(f"sqlite:///{tmp_path / 'parley.db'}")
        yield store
        await store.close()
        return
    assert POSTGRES is not None
    schema = f"test_{uuid4().hex}"
    whole = Store(POSTGRES)
    async with whole.write() as tx:
        await tx.execute(text(f"create schema {schema}"))
    store = Store(f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options=-csearch_path%3D{schema}")
    await store.migrate()
    yield store
    await store.close()
    async with whole.write() as tx:
        await tx.execute(text(f"drop schema {schema} cascade"))
    await whole.close()


@pytest.fixture
async def world(store: Store, tmp_path: Path) -> FakeWorld:
    """A furnished house: two reps, their managers, a director, legal, and a few customers' records."""
    await furnish(store)
    return FakeWorld(store, tmp_path)
