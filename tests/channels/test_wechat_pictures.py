"""Pictures into WeChat: customer-service messages behind the words, within the quota, uploaded once and used again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import AnswerLost, CannotTell, Refused, SendError, TryLater, WaitForPerson
from bot.channels.pictures import picture_of
from bot.message import Address, Picture, Reply
from tests.channels.tencent_house import WeChatHouse, wechat_house
from tests.platforms.tencent import Fault
from tests.platforms.tencent_callbacks import xml_of

WHO = "oCustomer1"
CUSTOMER = Address("wechat", WHO)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
UPLOAD = "/cgi-bin/media/upload"


@pytest.fixture
async def house() -> AsyncIterator[WeChatHouse]:
    async with wechat_house() as house:
        yield house


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    path = tmp_path / "复位.png"
    path.write_bytes(PNG)
    return Picture(str(path), "复位键")


@pytest.fixture
def piece(picture: Picture) -> Reply:
    return Reply("", "zh", pictures=(picture,))


async def writes(house: WeChatHouse, number: int = 1) -> None:
    """The customer writes; both the platform and the channel learn of it."""
    house.api.hears(WHO)
    now = int(house.clock().timestamp())
    await house.server.deliver(
        xml_of(ToUserName="gh", FromUserName=WHO, CreateTime=now, MsgType="text", Content="在吗", MsgId=number)
    )


def test_the_words_name_a_picture_and_three_follow_at_most(house: WeChatHouse, picture: Picture) -> None:
    words, *shown = house.channel.split(Reply("先关电源。", "zh", pictures=(picture,) * 4))
    assert words.text == "先关电源。" + "\n[图: 复位键]" * 4
    assert [picture_of(piece) for piece in shown] == [picture] * 3


@pytest.mark.parametrize("content", [b"RIFF\x00\x00\x00\x00WEBP", b"text", PNG.ljust(2_200_000)])
def test_what_wechat_does_not_show_is_only_named(house: WeChatHouse, picture: Picture, content: bytes) -> None:
    Path(picture.path).write_bytes(content)
    (words,) = house.channel.split(Reply("先关电源。", "zh", pictures=(picture,)))
    assert words.text == "先关电源。\n[图: 复位键]"


@pytest.mark.parametrize("content", [PNG, b"\xff\xd8\xff\xe0" + bytes(60), b"GIF89a" + bytes(60)])
async def test_a_picture_is_shown(house: WeChatHouse, piece: Reply, picture: Picture, content: bytes) -> None:
    Path(picture.path).write_bytes(content)
    await writes(house)
    await house.channel.send("k", CUSTOMER, piece)
    assert house.api.seen == [(WHO, content)]


async def test_a_picture_is_one_message_of_the_quota(house: WeChatHouse, piece: Reply) -> None:
    await writes(house)
    for number in range(5):
        await house.channel.send(f"k{number}", CUSTOMER, piece)
    calls = len(house.api.calls)
    with pytest.raises(WaitForPerson):
        await house.channel.send("k5", CUSTOMER, piece)
    assert len(house.api.calls) == calls, "nothing is uploaded that could not be sent"
    await writes(house, 2)
    await house.channel.send("k5", CUSTOMER, piece)
    assert (len(house.api.seen), house.api.calls.count(UPLOAD)) == (6, 1)


async def test_it_goes_up_again_before_its_three_days_are_over(house: WeChatHouse, piece: Reply) -> None:
    await writes(house)
    await house.channel.send("k0", CUSTOMER, piece)
    house.clock.move(timedelta(hours=60))
    await writes(house, 2)
    await house.channel.send("k1", CUSTOMER, piece)
    assert house.api.calls.count(UPLOAD) == 2


async def test_a_picture_that_wechat_forgot_goes_up_again_and_costs_no_message_more(
    house: WeChatHouse, piece: Reply
) -> None:
    await writes(house)
    await house.channel.send("k0", CUSTOMER, piece)
    house.api.forget_media()
    for number in range(1, 5):
        await house.channel.send(f"k{number}", CUSTOMER, piece)
    assert (len(house.api.seen), house.api.calls.count(UPLOAD)) == (5, 2)


@pytest.mark.parametrize("fault", ["429", "500", "500 after the deed", "busy", "lost", "not JSON"])
async def test_an_upload_that_failed_has_shown_nothing_and_is_done_again(
    house: WeChatHouse, piece: Reply, fault: Fault
) -> None:
    await writes(house)
    assert await house.channel.check() is None
    house.api.faults.append(fault)
    with pytest.raises(TryLater):
        await house.channel.send("k", CUSTOMER, piece)
    await house.channel.send("k", CUSTOMER, piece)
    assert house.api.seen == [(WHO, PNG)]


@pytest.mark.parametrize(
    ("fault", "outcome"), [("429", TryLater), ("500 after the deed", AnswerLost), ("lost on the way", AnswerLost)]
)
async def test_each_fault_of_the_send_is_told_as_what_it_is(
    house: WeChatHouse, piece: Reply, fault: Fault, outcome: type[SendError]
) -> None:
    await writes(house)
    house.api.faults.extend([None, fault])
    with pytest.raises(outcome):
        await house.channel.send("k", CUSTOMER, piece)


async def test_nobody_can_tell_whether_a_picture_arrived(house: WeChatHouse, piece: Reply) -> None:
    with pytest.raises(CannotTell):
        await house.channel.find("k", CUSTOMER, piece)


async def test_a_picture_whose_file_is_gone_by_now_is_refused_and_costs_nothing(
    house: WeChatHouse, piece: Reply, picture: Picture
) -> None:
    await writes(house)
    Path(picture.path).unlink()
    with pytest.raises(Refused, match="gone"):
        await house.channel.send("k", CUSTOMER, piece)
    for number in range(5):
        await house.channel.send(f"k{number}", CUSTOMER, Reply(f"第{number}条", "zh"))


async def test_an_account_that_may_send_none_is_not_asked_again(house: WeChatHouse, piece: Reply, picture: Picture) -> None:
    await writes(house)
    house.api.has_service = False
    with pytest.raises(Refused):
        await house.channel.send("k", CUSTOMER, piece)
    (words,) = house.channel.split(Reply("先关电源。", "zh", pictures=(picture,)))
    assert words.text == "先关电源。\n[图: 复位键]"
