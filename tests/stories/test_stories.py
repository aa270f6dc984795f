"""Every conversation written down in this folder, played against a whole house."""

from pathlib import Path
from typing import Any

import pytest

from tests.house_under_test import HouseUnderTest
from tests.stories.story import Story, read_stories
from tests.stories.teller import Teller


def _tellings() -> list[Any]:
    return [
        pytest.param(story, database, id=f"{story.file}: {story.title} ({database})")
        for story in read_stories(Path(__file__).parent)
        for database in story.databases
    ]


@pytest.mark.parametrize(("story", "sample_url"), _tellings(), indirect=["sample_url"])
async def test_the_conversation_goes_as_written(story: Story, house: HouseUnderTest) -> None:
    difference = await Teller(house).tell(story)
    if difference is not None:
        pytest.fail(difference, pytrace=False)
