"""A house with a model that hears what a test file says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Minds
from bot.settings import Settings, load_settings
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest, open_house


@pytest.fixture
def listener() -> FakeListener:
    return FakeListener()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None).model_copy(update={"home": tmp_path / "home"})


@pytest.fixture
async def house(
    settings: Settings, minds: Minds, sample_sqlite_url: str, listener: FakeListener
) -> AsyncIterator[HouseUnderTest]:
    async with open_house(settings, minds, sample_sqlite_url, listener) as house:
        yield house
