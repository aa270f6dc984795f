"""Recordings as platforms hand them out: fetched in pieces, resumed, told when gone; words where they were sent."""

from collections import deque
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.files import LARGEST_RECORDING, place_for
from tests.doors.house_with_doors import (
    CUSTOMER,
    SLACK_USERS,
    WECOM_USERS,
    HouseWithDoors,
    OpenHouse,
    Plan,
    buttons_of,
    labels_of,
    words_of,
    words_on,
)
from tests.fakes import FakeListener
from tests.platforms.slack import SCOPES, File

CALL = "客户: 报价太贵了\n销售: 我们包维保"
A_WHILE = timedelta(minutes=1)


@pytest.fixture
def listener() -> FakeListener:
    return FakeListener()


@pytest.fixture
async def doors(open_house: OpenHouse, listener: FakeListener) -> AsyncIterator[HouseWithDoors]:
    async with open_house(Plan(listener=listener)) as doors:
        await doors.bind("slack", SLACK_USERS)
        await doors.bind("wecom", WECOM_USERS)
        await doors.bind("wechat", {"K001": CUSTOMER})
        yield doors


async def all_told(doors: HouseWithDoors) -> None:
    """Until everything is listened to and told."""
    await doors.settle(A_WHILE)
    await doors.house.listening.rest()
    await doors.settle(A_WHILE)


def said_to(doors: HouseWithDoors, who: str = "zhang") -> str:
    return "\n".join(words_on(shown) for shown in doors.wecom.api.seen_by(who))


# --- WeCom ----------------------------------------------------------------------------------------------------------------


async def test_a_wecom_voice_message_is_resumed_where_it_broke_and_read_as_words(doors: HouseWithDoors) -> None:
    doors.wecom.api.media["m1"] = "我的商机有哪些".encode() + b" " * 200_000
    doors.wecom.api.faults.append("cut off")
    await doors.wecom.server.deliver(doors.wecom.media("voice", "m1"))
    await all_told(doors)
    assert "听到：我的商机有哪些" in said_to(doors)
    assert doors.wecom.api.ranges[1].startswith("bytes=")
    assert doors.kept_files() == []


async def test_a_wecom_file_is_asked_about_listened_to_and_told_in_few_lines(doors: HouseWithDoors) -> None:
    doors.wecom.api.media["f1"] = CALL.encode()
    await doors.wecom.server.deliver(doors.wecom.media("file", "f1", FileName="和华康的通话.m4a"))
    await all_told(doors)
    card = doors.wecom.cards_of("zhang")[-1]
    assert labels_of(card)[0] == "客户在通话里同意了"
    await doors.wecom.press(card, "客户在通话里同意了")
    await all_told(doors)
    told = said_to(doors)
    assert "报价太贵了" in told and "模型：fake-small" in told
    assert told.count("开始听了：") == 1
    assert told.count("听到一半了：") <= 1
    assert await doors.chain_is_sound()


async def test_a_wecom_recording_that_expired_is_told_with_what_to_do(doors: HouseWithDoors) -> None:
    await doors.wecom.server.deliver(doors.wecom.media("voice", "never there"))
    await all_told(doors)
    assert "已经取不到了" in said_to(doors) and "请重新发一次" in said_to(doors)


async def test_what_an_attempt_that_died_had_fetched_is_not_fetched_again(doors: HouseWithDoors) -> None:
    """Its link may be over by now; and the plain file must not stay behind."""
    left = place_for(doors.home, "wecom:7000000001:f1", "通话.m4a")
    left.parent.mkdir(parents=True)
    left.write_text(CALL, encoding="utf-8")
    await doors.wecom.server.deliver(doors.wecom.media("file", "f1", FileName="通话.m4a"))
    await all_told(doors)
    assert labels_of(doors.wecom.cards_of("zhang")[-1])[0] == "客户在通话里同意了"
    assert doors.kept_files() == []


async def test_what_wecom_understood_itself_is_shown_back_first(doors: HouseWithDoors, listener: FakeListener) -> None:
    await doors.wecom.server.deliver(doors.wecom.media("voice", "m1", Recognition="我的商机有哪些"))
    await all_told(doors)
    card = doors.wecom.cards_of("zhang")[-1]
    assert labels_of(card)[:2] == ["对，就是这样", "不对，我打字"]
    assert listener.opened == []
    await doors.wecom.press(card, "对，就是这样")
    await all_told(doors)
    assert "华康" in said_to(doors)


# --- WeChat ---------------------------------------------------------------------------------------------------------------


async def test_a_customers_voice_message_is_read_as_words(doors: HouseWithDoors) -> None:
    doors.wechat.api.media["v1"] = "我要开发票".encode()
    answer = doors.wechat.read(await doors.wechat.deliver(doors.wechat.voice("v1")))
    await all_told(doors)
    assert "听到：我要开发票" in "\n".join([answer, *(text for _, text in doors.wechat.api.said)])


async def test_what_wechat_understood_itself_is_not_acted_upon_before_a_yes(doors: HouseWithDoors) -> None:
    answer = doors.wechat.read(await doors.wechat.deliver(doors.wechat.voice("v1", "我要开发票")))
    await all_told(doors)
    assert "我听到的是" in "\n".join([answer, *(text for _, text in doors.wechat.api.said)])


# --- Slack ----------------------------------------------------------------------------------------------------------------


def shared(doors: HouseWithDoors, file: File, name: str, **more: str) -> dict[str, object]:
    url = doors.slack.platform.share(name, file)
    described = {"name": name, "mimetype": file.mime, "size": len(file.content), "url_private": url, **more}
    return doors.slack.direct("", subtype="file_share", files=[described])


async def test_a_clip_recorded_in_slack_is_read_as_words(doors: HouseWithDoors) -> None:
    clip = File("我的商机有哪些".encode(), "audio/webm")
    await doors.slack.deliver(shared(doors, clip, "clip.webm", subtype="slack_audio"))
    await all_told(doors)
    assert "听到：我的商机有哪些" in words_of(doors.slack.seen_in("D0REP")[0])


async def test_a_file_in_slack_is_told_on_one_card_that_is_edited(doors: HouseWithDoors) -> None:
    content = CALL.encode() + b" " * 50_000
    file = File(content, "audio/mpeg", breaks=deque([10_000]))
    await doors.slack.deliver(shared(doors, file, "call.mp3"))
    await all_told(doors)
    (asked,) = doors.slack.seen_in("D0REP")
    assert list(buttons_of(asked))[-1] == "都不是，删掉"
    await doors.slack.press(asked, "开头已告知会录音")
    await all_told(doors)
    told = [words_of(message) for message in doors.slack.seen_in("D0REP")]
    assert len(told) == 3  # what was asked, how far it is, and the words
    assert "依据已记下" in told[0] and "听完了：call.mp3" in told[1] and "报价太贵了" in told[2]
    assert file.asked[1] is not None


async def test_a_recording_over_the_limit_is_told_with_the_limit(doors: HouseWithDoors) -> None:
    event = shared(doors, File(b"x", "audio/wav"), "long.wav")
    event["event"]["files"][0]["size"] = LARGEST_RECORDING + 1  # type: ignore[index]
    await doors.slack.deliver(event)
    await all_told(doors)
    assert "一次最多 500 MB" in words_of(doors.slack.seen_in("D0REP")[-1])


async def test_the_sign_in_page_in_place_of_a_recording_is_told(doors: HouseWithDoors) -> None:
    doors.slack.platform.scopes = SCOPES.replace("files:read", "")
    await doors.slack.deliver(shared(doors, File(b"x", "audio/wav"), "call.wav"))
    await all_told(doors)
    assert "不是录音本身" in words_of(doors.slack.seen_in("D0REP")[-1])
