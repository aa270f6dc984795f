"""Pictures into WeCom: uploaded once and used again, renewed when WeCom forgot them, shown once, never in the words' way."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import AnswerLost, CannotTell, Refused, SendError, TryLater
from bot.channels.pictures import picture_of
from bot.message import Address, Picture, Reply
from tests.channels.tencent_house import WeComHouse, lose_patience, wecom_house
from tests.platforms.tencent import Fault

ZHANG = Address("wecom", "zhang")
CHAT = Address("wecom", "chat:deals")
ROBOT = Address("wecom", "robot:robot-key-0001")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(200))
UPLOAD = "/cgi-bin/media/upload"


@pytest.fixture
async def house() -> AsyncIterator[WeComHouse]:
    async with wecom_house() as house:
        yield house


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    path = tmp_path / "复位.png"
    path.write_bytes(PNG)
    return Picture(str(path), "复位键")


@pytest.fixture
def piece(picture: Picture) -> Reply:
    return Reply("", "zh", pictures=(picture,))


def images(house: WeComHouse, to: Address) -> list[bytes]:
    return [shown.image for shown in house.api.seen_by(to.conversation) if shown.kind == "image"]


# what becomes a picture


def test_the_words_name_a_picture_which_has_no_caption_here_and_the_picture_follows(
    house: WeComHouse, picture: Picture
) -> None:
    words, shown = house.channel.split(Reply("先关电源。", "zh", pictures=(picture,)))
    assert words.text == "先关电源。\n[图: 复位键]"
    assert picture_of(shown) == picture


@pytest.mark.parametrize("content", [b"GIF89a" + bytes(60), b"RIFF\x00\x00\x00\x00WEBP", b"text", PNG.ljust(2_200_000)])
def test_what_wecom_does_not_show_is_only_named(house: WeComHouse, picture: Picture, content: bytes) -> None:
    Path(picture.path).write_bytes(content)
    (words,) = house.channel.split(Reply("先关电源。", "zh", pictures=(picture,)))
    assert words.text == "先关电源。\n[图: 复位键]"


def test_a_reply_brings_three_pictures_at_most(house: WeComHouse, picture: Picture) -> None:
    pieces = house.channel.split(Reply("看图", "zh", pictures=(picture,) * 5))
    assert [picture_of(piece) is not None for piece in pieces] == [False, True, True, True]


# each place gets it in its own way


@pytest.mark.parametrize("content", [PNG, JPEG])
@pytest.mark.parametrize("to", [ZHANG, CHAT, ROBOT], ids=["person", "chat", "robot"])
async def test_a_picture_is_shown_to_a_person_in_a_chat_and_by_a_robot(
    house: WeComHouse, to: Address, content: bytes, piece: Reply, picture: Picture
) -> None:
    Path(picture.path).write_bytes(content)
    await house.channel.send("k1", to, piece)
    assert images(house, to) == [content]


async def test_the_largest_picture_is_shown_everywhere(house: WeComHouse, piece: Reply, picture: Picture) -> None:
    content = PNG.ljust(2 * 1024 * 1024, b"\0")
    Path(picture.path).write_bytes(content)
    for to in (ZHANG, CHAT, ROBOT):
        await house.channel.send(f"k:{to.conversation}", to, piece)
        assert images(house, to) == [content]


async def test_it_goes_up_under_an_ascii_name(house: WeComHouse, piece: Reply) -> None:
    await house.channel.send("k1", ZHANG, piece)
    (uploaded,) = house.api.uploaded.values()
    assert uploaded.name.isascii()
    assert uploaded.name.endswith(".png")


async def test_a_picture_goes_up_once_for_everybody(house: WeComHouse, piece: Reply) -> None:
    await house.channel.send("k1", ZHANG, piece)
    await house.channel.send("k2", Address("wecom", "li"), piece)
    await house.channel.send("k3", CHAT, piece)
    assert house.api.calls.count(UPLOAD) == 1


async def test_it_goes_up_again_before_its_three_days_are_over(house: WeComHouse, piece: Reply) -> None:
    await house.channel.send("k1", ZHANG, piece)
    house.clock.move(timedelta(hours=60))
    await house.channel.send("k2", ZHANG, piece)
    assert house.api.calls.count(UPLOAD) == 2


@pytest.mark.parametrize("to", [ZHANG, CHAT], ids=["person", "chat"])
async def test_a_picture_that_wecom_forgot_goes_up_again(house: WeComHouse, to: Address, piece: Reply) -> None:
    await house.channel.send("k1", to, piece)
    house.api.forget_media()
    await house.channel.send("k2", to, piece)
    assert images(house, to) == [PNG, PNG]
    assert house.api.calls.count(UPLOAD) == 2


async def test_a_token_that_ends_meanwhile_is_renewed_for_an_upload(house: WeComHouse, piece: Reply) -> None:
    assert await house.channel.check() is None
    house.api.faults.append("token expired")
    await house.channel.send("k1", ZHANG, piece)
    assert images(house, ZHANG) == [PNG]


async def test_a_picture_whose_file_is_gone_by_now_is_refused_for_its_words_are_there(
    house: WeComHouse, piece: Reply, picture: Picture
) -> None:
    Path(picture.path).unlink()
    with pytest.raises(Refused, match="gone"):
        await house.channel.send("k1", ZHANG, piece)


@pytest.mark.parametrize("user", ["nobody", "wang"])
async def test_who_cannot_be_reached_is_sent_no_picture(house: WeComHouse, user: str, piece: Reply) -> None:
    with pytest.raises(Refused):
        await house.channel.send("k1", Address("wecom", user), piece)


# how it ended


@pytest.mark.parametrize("fault", ["429", "500", "500 after the deed", "503", "busy", "lost", "lost on the way", "not JSON"])
async def test_an_upload_that_failed_has_shown_nothing_and_is_done_again(
    house: WeComHouse, piece: Reply, fault: Fault
) -> None:
    assert await house.channel.check() is None
    house.api.faults.append(fault)
    with pytest.raises(TryLater):
        await house.channel.send("k1", ZHANG, piece)
    assert house.api.shown == []
    await house.channel.send("k1", ZHANG, piece)
    assert images(house, ZHANG) == [PNG]


async def test_an_upload_that_is_never_answered_is_tried_later(house: WeComHouse, piece: Reply) -> None:
    assert await house.channel.check() is None
    lose_patience(house.channel)
    house.api.faults.append("slow")
    with pytest.raises(TryLater):
        await house.channel.send("k1", ZHANG, piece)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("429", TryLater), ("busy", TryLater), ("500", AnswerLost), ("500 after the deed", AnswerLost), ("lost", AnswerLost)],
)
@pytest.mark.parametrize("to", [ZHANG, CHAT, ROBOT], ids=["person", "chat", "robot"])
async def test_each_fault_of_the_send_is_told_as_what_it_is(
    house: WeComHouse, to: Address, piece: Reply, fault: Fault, outcome: type[SendError]
) -> None:
    await house.channel.send("k0", CHAT, piece)  # it lies there already, so the fault meets the send itself
    house.api.faults.append(fault)
    with pytest.raises(outcome):
        await house.channel.send("k1", to, piece)


# never twice


@pytest.mark.parametrize("fault", ["500 after the deed", "lost", "lost on the way"])
async def test_after_a_lost_answer_find_says_send_again_and_the_person_sees_one(
    house: WeComHouse, piece: Reply, fault: Fault
) -> None:
    house.api.faults.extend([None, fault])
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, piece)
    assert await house.channel.find("k1", ZHANG, piece) is None
    await house.channel.send("k1", ZHANG, piece)
    assert images(house, ZHANG) == [PNG]


async def test_the_second_try_uses_the_same_media_id_though_the_picture_has_gone_up_anew(
    house: WeComHouse, piece: Reply
) -> None:
    house.api.faults.extend([None, "500 after the deed"])
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, piece)
    kept = [key for key in house.memory._kept if key.startswith("wecom:media:")]
    for key in kept:
        await house.memory.delete(key)
    await house.channel.send("k9", CHAT, piece)
    await house.channel.send("k1", ZHANG, piece)
    assert images(house, ZHANG) == [PNG]
    assert house.api.repeats == 1


async def test_a_second_try_whose_media_id_is_gone_is_left_as_unknown_and_not_shown_twice(
    house: WeComHouse, piece: Reply
) -> None:
    house.api.faults.extend([None, "500 after the deed"])
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, piece)
    house.api.forget_media()
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, piece)
    with pytest.raises(CannotTell):
        await house.channel.find("k1", ZHANG, piece)
    assert images(house, ZHANG) == [PNG]


async def test_the_same_picture_meant_twice_is_shown_twice(house: WeComHouse, piece: Reply) -> None:
    await house.channel.send("k1", ZHANG, piece)
    await house.channel.send("k2", ZHANG, piece)
    assert images(house, ZHANG) == [PNG, PNG]


@pytest.mark.parametrize("to", [CHAT, ROBOT], ids=["chat", "robot"])
async def test_nobody_can_tell_whether_a_picture_arrived_in_a_group(house: WeComHouse, to: Address, piece: Reply) -> None:
    with pytest.raises(CannotTell):
        await house.channel.find("k1", to, piece)


async def test_pictures_count_among_what_a_minute_takes(house: WeComHouse, piece: Reply) -> None:
    for number in range(20):
        await house.channel.send(f"k{number}", ROBOT, piece)
    with pytest.raises(TryLater):
        await house.channel.send("k20", ROBOT, Reply("你好", "zh"))
