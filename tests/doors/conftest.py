"""All doors open over the sample company, and strict stand-ins of the platforms behind them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from bot.app import Minds
from tests.doors.house_with_doors import HouseWithDoors, OpenHouse, Plan, Platforms, open_doors, open_platforms


@pytest.fixture
def sample_url(request: pytest.FixtureRequest) -> str:
    """A database of this test's own: SQLite, unless it asks for both by ON_BOTH."""
    url: str = request.getfixturevalue(getattr(request, "param", "sample_sqlite_url"))
    return url


@pytest.fixture
async def platforms() -> AsyncIterator[Platforms]:
    async with open_platforms() as platforms:
        yield platforms


@pytest.fixture
def open_house(tmp_path: Path, minds: Minds, sample_url: str, platforms: Platforms) -> OpenHouse:
    """Opens a house by plan; one after the other over the same database is a restart."""

    def opening(plan: Plan) -> AbstractAsyncContextManager[HouseWithDoors]:
        return open_doors(tmp_path / "home", minds, sample_url, platforms, plan)

    return opening


@pytest.fixture
async def doors(open_house: OpenHouse) -> AsyncIterator[HouseWithDoors]:
    async with open_house(Plan()) as doors:
        yield doors
