"""What the specifications of the API stand on: the application over the sample company, and its log."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app import Minds
from tests.api.served import Served, serving, settings_from


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the house's own log says during the test, before anything is left out of it."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
async def served(tmp_path: Path, minds: Minds, sample_home: Path) -> AsyncIterator[Served]:
    async with serving(settings_from(tmp_path), minds, sample_home) as served:
        yield served
