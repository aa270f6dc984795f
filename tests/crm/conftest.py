"""The sample company as it looks when loaded on one day, copied for each test."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from actions.crm.sample_company import load_sample
from actions.outside.store import Store

TODAY = date(2026, 3, 11)  # a Wednesday


@pytest.fixture(scope="session")
def sample_home(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    shutil.copy(migrated, path)

    async def fill() -> None:
        store = Store(f"sqlite:///{path}")
        await load_sample(store, TODAY)
        await store.close()

    asyncio.run(fill())
    return path


@pytest.fixture
async def sample(sample_home: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """The sample company as it looks when loaded on TODAY."""
    shutil.copy(sample_home, tmp_path / "sample.db")
    store = Store(f"sqlite:///{tmp_path / 'sample.db'}")
    yield store
    await store.close()
