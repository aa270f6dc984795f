"""An empty store and one with the sample company, copied for each test; PostgreSQL too where the environment names one."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from actions.crm.sample_company import load_sample
from actions.outside.store import Store

POSTGRES = os.environ.get("PARLEY_TEST_DATABASE_URL")
TODAY = date(2026, 3, 11)  # a Wednesday


async def _made(path: Path, *, with_sample: bool) -> None:
    store = Store(f"sqlite:///{path}")
    await store.migrate()
    if with_sample:
        await load_sample(store, TODAY)
    async with store.read() as tx:
        await tx.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    await store.close()


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    asyncio.run(_made(path, with_sample=False))
    return path


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    asyncio.run(_made(path, with_sample=True))
    return path


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
async def store(request: pytest.FixtureRequest, empty_home: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty, migrated store."""
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
async def sample(sample_home: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """The sample company as it looks when loaded on TODAY."""
    shutil.copy(sample_home, tmp_path / "sample.db")
    store = Store(f"sqlite:///{tmp_path / 'sample.db'}")
    yield store
    await store.close()
