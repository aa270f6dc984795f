"""A house with the sample company for each telling."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Minds
from bot.settings import Settings, load_settings
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest, open_house


@pytest.fixture
def sample_url(request: pytest.FixtureRequest) -> str:
    """A database of this telling's own; the parameter says which kind."""
    url: str = request.getfixturevalue("sample_sqlite_url" if request.param == "sqlite" else "sample_postgres_url")
    return url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None).model_copy(update={"home": tmp_path / "home"})


@pytest.fixture
async def house(settings: Settings, minds: Minds, sample_url: str) -> AsyncIterator[HouseUnderTest]:
    async with open_house(settings, minds, sample_url, FakeListener()) as house:
        yield house
