"""A manual's pictures arrive where people are: in Slack, in WeCom and in WeChat, once each and below the words."""

from datetime import timedelta
from pathlib import Path

import pytest

import retrieval
from tests.doors.house_with_doors import CUSTOMER, SLACK_USERS, WECOM_USERS, HouseWithDoors, words_of
from tests.platforms.slack import BrokenAfter, Limited

PICTURES = Path(retrieval.__file__).parent / "sops" / "pictures"

REP_ASKS = "E-17温度过高怎么办"
VENTS = "通风口在屏幕下方"
VENTS_PICTURE = (PICTURES / "device-vents.png").read_bytes()

CUSTOMER_ASKS = "E-03报警怎么操作复位，步骤是什么"
RESET = "复位键是屏幕右边左起第一个"
RESET_PICTURE = (PICTURES / "device-reset.png").read_bytes()

A_WHILE = timedelta(minutes=2)


@pytest.fixture
async def doors(doors: HouseWithDoors) -> HouseWithDoors:
    await doors.bind("slack", SLACK_USERS)
    await doors.bind("wecom", WECOM_USERS)
    await doors.bind("wechat", {"K001": CUSTOMER})
    return doors


def uploads_in(doors: HouseWithDoors, room: str) -> list[bytes | None]:
    return [message.picture.content for message in doors.slack.seen_in(room) if message.picture]


async def test_in_slack_the_picture_stands_below_the_answer_with_what_it_shows_as_its_title(doors: HouseWithDoors) -> None:
    await doors.slack.say(REP_ASKS)
    await doors.settle(A_WHILE)
    words, shown = doors.slack.seen_in("D0REP")
    assert "通风口没有被挡" in words_of(words)
    assert VENTS not in words_of(words)
    assert shown.picture is not None
    assert (shown.picture.content, shown.picture.title) == (VENTS_PICTURE, VENTS)
    assert {row.state for row in await doors.sends("slack")} == {"sent"}


async def test_a_500_after_slack_took_the_picture_does_not_show_it_twice(doors: HouseWithDoors) -> None:
    doors.slack.platform.fail("files.completeUploadExternal", BrokenAfter(500))
    await doors.slack.say(REP_ASKS)
    await doors.settle(A_WHILE)
    assert uploads_in(doors, "D0REP") == [VENTS_PICTURE]
    assert {row.state for row in await doors.sends("slack")} == {"sent"}


async def test_a_picture_that_slack_holds_up_keeps_the_next_answer_from_nobody(doors: HouseWithDoors) -> None:
    doors.slack.platform.fail("files.getUploadURLExternal", Limited(after=60))
    await doors.slack.say(REP_ASKS)
    await doors.slack.say("帮助")
    await doors.settle(timedelta(seconds=20))
    assert [message.picture for message in doors.slack.seen_in("D0REP")] == [None, None]
    await doors.settle(A_WHILE)
    assert uploads_in(doors, "D0REP") == [VENTS_PICTURE]


async def test_in_wecom_the_picture_follows_the_answer(doors: HouseWithDoors) -> None:
    await doors.wecom.say(REP_ASKS)
    await doors.settle(A_WHILE)
    *words, shown = doors.wecom.api.seen_by("zhang")
    assert (shown.kind, shown.image) == ("image", VENTS_PICTURE)
    assert words
    assert all(each.kind != "image" for each in words)


async def test_in_wechat_the_answer_comes_at_once_the_picture_after_it_and_a_number_still_chooses(
    doors: HouseWithDoors,
) -> None:
    answer = await doors.wechat.answer_to(CUSTOMER_ASKS)
    assert f"[图: {RESET}]" in answer
    await doors.settle(A_WHILE)
    assert doors.wechat.api.seen == [(CUSTOMER, RESET_PICTURE)]
    chosen = next(line for line in answer.splitlines() if "一步一步来" in line)
    step = await doors.wechat.answer_to(chosen.partition(".")[0])
    assert "已经失效" not in step
    assert "1/" in step or "第 1" in step or "第1" in step, step


async def test_a_wechat_account_without_customer_service_messages_is_answered_in_words(doors: HouseWithDoors) -> None:
    doors.wechat.api.has_service = False
    for _ in range(2):
        assert f"[图: {RESET}]" in await doors.wechat.answer_to(CUSTOMER_ASKS)
        await doors.settle(A_WHILE)
    states = [(row.key.rpartition("/")[0].endswith("/picture"), row.state) for row in await doors.sends("wechat")]
    assert states == [(False, "collected"), (True, "gave_up"), (False, "collected")]
