"""What the specifications of the API stand on: the minds loaded once, and the application over the sample company."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app import Minds, load_minds
from bot.settings import load_settings
from tests.api.served import Served, serving, settings_from
from tests.house_under_test import fill_with_sample


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the house's own log says during the test, before anything is left out of it."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture(scope="session")
def minds() -> Minds:
    return asyncio.run(load_minds(load_settings(None)))


@pytest.fixture(scope="session")
def sample_home(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company in a SQLite file, to copy from."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    shutil.copy(migrated, path)
    asyncio.run(fill_with_sample(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def served(tmp_path: Path, minds: Minds, sample_home: Path) -> AsyncIterator[Served]:
    async with serving(settings_from(tmp_path), minds, sample_home) as served:
        yield served
