"""The written form of a story: what it means, what it refuses, and what a story that goes otherwise tells."""

from datetime import timedelta
from typing import Any

import pytest

from tests.house_under_test import HouseUnderTest
from tests.stories.story import Act, Holds, New, Passes, See, Unreadable, read_story
from tests.stories.teller import Teller


def _story(*turns: dict[str, Any]) -> dict[str, Any]:
    return {"title": "样例", "turns": list(turns)}


def test_a_turn_reads_like_what_happens() -> None:
    story = read_story(
        _story(
            {"E01": "你好", "sees": ["您好"], "buttons": "none"},
            {"E11 in managers presses": "确认"},
            {"managers see": "nothing"},
            {"passes": "25 hours"},
            {"record": {"deal D001": {"stage": "won", "waiting_on": "nothing"}}},
            {"new": {"lead": "0"}},
        ),
        "file",
    )
    assert story.turns == (
        Act("E01", None, None, "你好", sees=("您好",), buttons="none"),
        Act("E11", "managers", "presses", "确认"),
        See("managers", ()),
        Passes(timedelta(hours=25)),
        Holds("deal", "D001", {"stage": "won", "waiting_on": None}),
        New("lead", 0, {}),
    )


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        ({"E01": "你好", "see": ["您好"]}, "unknown: see"),
        ({"E01 shouts": "你好"}, "E01 shouts"),
        ({"passes": "a while"}, "a while"),
        ({"record": {"D001": {"stage": "won"}}}, "D001"),
        ({"audit": "fine"}, "fine"),
        ({"E01 sends": "parcel"}, "parcel"),
        ({"managers see": ["您好"], "lang": "zh"}, "unknown: lang"),
        ({"sees": ["您好"]}, "sees"),
    ],
)
def test_what_the_form_does_not_know_is_named(turn: dict[str, Any], why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read_story(_story(turn), "file")


def test_a_story_itself_has_no_unknown_keys() -> None:
    with pytest.raises(Unreadable, match="author"):
        read_story({**_story(), "author": "?"}, "file")


@pytest.mark.parametrize("sample_url", ["sqlite"], indirect=True)
async def test_a_story_that_goes_otherwise_tells_the_conversation_so_far(house: HouseUnderTest) -> None:
    story = read_story(_story({"E01": "谢谢"}, {"E01": "在吗", "sees": ["再见"]}), "file")
    told = await Teller(house).tell(story)
    assert told is not None
    assert "E01 > 谢谢" in told and "林悦，您好" in told and "✗ “再见” is not to be seen" in told
