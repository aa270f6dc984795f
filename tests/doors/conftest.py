"""What the tests at the doors stand on: the minds loaded once, the sample company copied for each test, all doors open."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Minds, load_minds
from bot.settings import load_settings
from tests.doors.house_with_doors import HouseWithDoors, open_doors
from tests.house_under_test import fill_with_sample


@pytest.fixture(scope="session")
def minds() -> Minds:
    return asyncio.run(load_minds(load_settings(None)))


@pytest.fixture(scope="session")
def sample_database(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company in a SQLite file, to copy from."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    shutil.copy(migrated, path)
    asyncio.run(fill_with_sample(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sample_url(sample_database: Path, tmp_path: Path) -> str:
    shutil.copy(sample_database, tmp_path / "parley.db")
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture
async def doors(tmp_path: Path, minds: Minds, sample_url: str) -> AsyncIterator[HouseWithDoors]:
    async with open_doors(tmp_path / "home", minds, sample_url) as doors:
        yield doors
