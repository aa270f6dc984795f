"""What the specifications of understanding share: the shipped reader and a moment to count from."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from intents.understand import Reader

PACKAGE = Path(__file__).parents[2] / "intents"
DICTIONARY = PACKAGE / "dictionary.yaml"
WEDNESDAY_MORNING = datetime(2026, 11, 25, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The shipped model with the shipped dictionary."""
    return Reader.load(PACKAGE / "model", DICTIONARY)
