"""The world of judgement and deeds under test, over a migrated store on both databases."""

from pathlib import Path

import pytest

from actions.outside.store import Store
from tests.actions.house import FakeWorld, furnish


@pytest.fixture
async def world(store: Store, tmp_path: Path) -> FakeWorld:
    """A furnished house: two reps, their managers, a director, legal, and a few customers' records."""
    await furnish(store)
    return FakeWorld(store, tmp_path)
