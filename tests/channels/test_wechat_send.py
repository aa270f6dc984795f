"""What goes out to WeChat by itself: customer-service messages within their quota, and an honest word about each."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import AnswerLost, CannotTell, Refused, SendError, TryLater, WaitForPerson
from bot.message import Address, Attachment, Button, Card, Reply
from tests.channels.tencent_house import APP_SECRET, WeChatHouse, lose_patience, wechat_house
from tests.platforms.tencent import Fault
from tests.platforms.tencent_callbacks import xml_of

WHO = "oCustomer1"
CUSTOMER = Address("wechat", WHO)
HELLO = Reply("您好", "zh")


@pytest.fixture
async def house() -> AsyncIterator[WeChatHouse]:
    async with wechat_house() as house:
        yield house


async def writes(house: WeChatHouse, number: int = 1) -> None:
    """The customer writes; both the platform and the channel learn of it."""
    house.api.hears(WHO)
    now = int(house.clock().timestamp())
    await house.server.deliver(
        xml_of(ToUserName="gh", FromUserName=WHO, CreateTime=now, MsgType="text", Content="在吗", MsgId=number)
    )


async def clicks(house: WeChatHouse) -> None:
    house.api.hears(WHO, "act")
    now = int(house.clock().timestamp())
    await house.server.deliver(
        xml_of(ToUserName="gh", FromUserName=WHO, CreateTime=now, MsgType="event", Event="CLICK", EventKey="订单")
    )


async def test_a_message_allows_five_answers_and_the_sixth_waits_for_the_person(house: WeChatHouse) -> None:
    await writes(house)
    for number in range(5):
        await house.channel.send(f"k{number}", CUSTOMER, Reply(f"第{number}条", "zh"))
    calls = len(house.api.calls)
    with pytest.raises(WaitForPerson):
        await house.channel.send("k5", CUSTOMER, HELLO)
    assert len(house.api.calls) == calls  # known without asking WeChat
    await writes(house, 2)
    await house.channel.send("k5", CUSTOMER, HELLO)
    assert len(house.api.said) == 6


async def test_after_48_hours_an_answer_waits_for_the_person(house: WeChatHouse) -> None:
    await writes(house)
    house.clock.move(timedelta(hours=48))
    with pytest.raises(WaitForPerson):
        await house.channel.send("k", CUSTOMER, HELLO)


async def test_a_click_allows_three_more_within_a_minute_and_they_are_used_first(house: WeChatHouse) -> None:
    await writes(house)
    await clicks(house)
    for number in range(8):
        await house.channel.send(f"k{number}", CUSTOMER, Reply(f"第{number}条", "zh"))
    with pytest.raises(WaitForPerson):
        await house.channel.send("k8", CUSTOMER, HELLO)


async def test_a_click_alone_is_over_after_a_minute(house: WeChatHouse) -> None:
    await clicks(house)
    await house.channel.send("k0", CUSTOMER, HELLO)
    house.clock.move(timedelta(minutes=1))
    with pytest.raises(WaitForPerson):
        await house.channel.send("k1", CUSTOMER, HELLO)


async def test_without_a_count_wechat_itself_decides(house: WeChatHouse) -> None:
    with pytest.raises(WaitForPerson):
        await house.channel.send("k0", CUSTOMER, HELLO)
    house.api.hears(WHO)
    await house.memory.close()  # a restart forgets the count
    await house.channel.send("k0", CUSTOMER, HELLO)
    assert house.api.said == [(WHO, "您好")]


async def test_what_wechat_did_not_take_spends_nothing(house: WeChatHouse) -> None:
    await writes(house)
    house.api.faults.extend(["busy", "429", "503"])
    for _ in range(3):
        with pytest.raises(TryLater):
            await house.channel.send("k", CUSTOMER, HELLO)
    for number in range(5):
        await house.channel.send(f"k{number}", CUSTOMER, Reply(f"第{number}条", "zh"))
    assert len(house.api.said) == 5


async def test_what_may_have_arrived_is_counted_as_arrived(house: WeChatHouse) -> None:
    await writes(house)
    house.api.faults.append("lost on the way")
    with pytest.raises(AnswerLost):
        await house.channel.send("k", CUSTOMER, HELLO)
    for number in range(4):
        await house.channel.send(f"k{number}", CUSTOMER, Reply(f"第{number}条", "zh"))
    with pytest.raises(WaitForPerson):
        await house.channel.send("k4", CUSTOMER, HELLO)


async def test_who_has_left_cannot_be_reached(house: WeChatHouse) -> None:
    await writes(house)
    house.api.followers.clear()
    with pytest.raises(Refused):
        await house.channel.send("k", CUSTOMER, HELLO)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("429", TryLater),
        ("503", TryLater),
        ("busy", TryLater),
        ("500", AnswerLost),
        ("slow", AnswerLost),
        ("lost on the way", AnswerLost),
        ("lost", AnswerLost),
        ("not JSON", AnswerLost),
    ],
)
async def test_each_fault_is_told_as_what_it_is(house: WeChatHouse, fault: Fault, outcome: type[SendError]) -> None:
    await writes(house)
    assert await house.channel.check() is None  # the token is there, so the fault meets the send itself
    if fault == "slow":
        lose_patience(house.channel)
    house.api.faults.append(fault)
    with pytest.raises(outcome):
        await house.channel.send("k", CUSTOMER, HELLO)


async def test_an_expired_token_is_renewed_once_inside_the_send(house: WeChatHouse) -> None:
    await writes(house)
    house.api.faults.append("token expired")
    await house.channel.send("k", CUSTOMER, HELLO)
    assert (len(house.api.said), house.api.calls.count("/cgi-bin/token")) == (1, 2)


async def test_nobody_can_tell_whether_an_answer_arrived(house: WeChatHouse) -> None:
    with pytest.raises(CannotTell):
        await house.channel.find("k", CUSTOMER, HELLO)


async def test_a_card_that_changes_costs_nothing_of_the_quota(house: WeChatHouse) -> None:
    await writes(house)
    card = Card("已确认 ✓", ("新地址:上海市",), facts=(("原来", "北京"),), buttons=(Button("u", "撤销"),))
    await house.channel.redraw("r/1", CUSTOMER, "", Reply("已确认", "zh", card))
    assert house.api.calls == []


async def test_no_secret_is_ever_logged(house: WeChatHouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await writes(house)
    house.api.token_faults.append("lost")
    with pytest.raises(TryLater):
        await house.channel.send("k", CUSTOMER, HELLO)
    await house.channel.send("k", CUSTOMER, HELLO)
    assert "custom/send" in caplog.text
    assert APP_SECRET not in caplog.text
    assert "token-1" not in caplog.text
    assert "您好" not in caplog.text


async def test_a_video_is_fetched_from_where_wechat_says_it_lies(house: WeChatHouse, tmp_path: Path) -> None:
    house.api.videos["v1"] = b"mp4" * 1000
    path = await house.channel.fetch(Attachment("video", "v1", mime="video/mp4"), tmp_path, 1_000_000)
    assert path.read_bytes() == house.api.videos["v1"]


async def test_a_video_that_is_said_to_lie_elsewhere_is_not_fetched(house: WeChatHouse, tmp_path: Path) -> None:
    house.api.videos["v1"] = b"x"
    house.api.video_host = "http://127.0.0.1:9"
    with pytest.raises(ValueError, match="does not hand the file out"):
        await house.channel.fetch(Attachment("video", "v1"), tmp_path, 1000)


async def test_a_voice_is_fetched(house: WeChatHouse, tmp_path: Path) -> None:
    house.api.media["m1"] = b"#!AMR"
    path = await house.channel.fetch(Attachment("voice", "m1", mime="audio/amr"), tmp_path / "call.amr", 1000)
    assert (path.name, path.read_bytes()) == ("call.amr", b"#!AMR")


async def test_right_settings_pass_the_check(house: WeChatHouse) -> None:
    assert await house.channel.check() is None


@pytest.mark.parametrize(
    ("identity", "secret", "is_trusted", "word"),
    [
        ("wx-other", APP_SECRET, True, "WECHAT_APP_ID"),
        (None, "other", True, "WECHAT_SECRET"),
        (None, APP_SECRET, False, "whitelist"),
    ],
)
async def test_wrong_settings_are_told_with_what_to_do(
    house: WeChatHouse, identity: str | None, secret: str, is_trusted: bool, word: str
) -> None:
    house.api.identity = identity or house.api.identity
    house.api.secret, house.api.is_trusted = secret, is_trusted
    assert word in str(await house.channel.check())
