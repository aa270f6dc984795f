"""Files into WeCom: to a person, into a chat and by a robot; once, renewed when WeCom forgot them, to their reader alone."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.channels.channel import AnswerLost, CannotTell, Refused, TryLater
from bot.channels.files_apart import file_of
from bot.may_hear import Closed
from bot.message import Address, File, Reply
from tests.channels.files_at_hand import (
    CLIP_PIECE,
    INVITATION,
    INVITATION_PIECE,
    MP3,
    PDF,
    QUOTE,
    QUOTE_PIECE,
    SHARED_CLIP_PIECE,
    AtHand,
)
from tests.channels.tencent_house import WeComHouse, wechat_house, wecom_house
from tests.platforms.tencent import Fault

ZHANG = Address("wecom", "zhang")
CHAT = Address("wecom", "chat:deals")
ROBOT = Address("wecom", "robot:robot-key-0001")
UPLOAD, BY_ROBOT = "/cgi-bin/media/upload", "/cgi-bin/webhook/upload_media"
NOT_SENT = "[文件没有发到这里: 报价单-华康-v1.pdf]"


@pytest.fixture
def at_hand() -> AtHand:
    return AtHand()


@pytest.fixture
async def house(at_hand: AtHand) -> AsyncIterator[WeComHouse]:
    async with wecom_house(at_hand) as house:
        yield house


def files(house: WeComHouse, to: Address) -> list[tuple[str, bytes]]:
    return [(shown.file.name, shown.file.content) for shown in house.api.seen_by(to.conversation) if shown.file]


def texts(house: WeComHouse, to: Address) -> list[str]:
    return [shown.text for shown in house.api.seen_by(to.conversation)]


def test_each_file_is_a_piece_behind_the_words(house: WeComHouse) -> None:
    words, *pieces = house.channel.split(Reply("备好了。", "zh", files=(QUOTE, INVITATION)))
    assert words.text == "备好了。"
    assert [file_of(piece) for piece in pieces] == [QUOTE, INVITATION]


async def test_a_paper_goes_to_its_reader_under_its_own_name(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, QUOTE_PIECE)
    assert files(house, ZHANG) == [(QUOTE.name, PDF)]


@pytest.mark.parametrize("to", [ZHANG, CHAT, ROBOT], ids=["person", "chat", "robot"])
async def test_an_invitation_goes_wherever_its_words_go(house: WeComHouse, to: Address) -> None:
    await house.channel.send("k1", to, INVITATION_PIECE)
    assert files(house, to) == [("meeting.ics", INVITATION.text.encode())]


async def test_a_robot_uploads_for_itself_and_once(house: WeComHouse) -> None:
    await house.channel.send("k0", ZHANG, INVITATION_PIECE)
    await house.channel.send("k1", ROBOT, INVITATION_PIECE)
    await house.channel.send("k2", ROBOT, INVITATION_PIECE)
    assert (house.api.calls.count(UPLOAD), house.api.calls.count(BY_ROBOT)) == (1, 1)
    assert len(files(house, ROBOT)) == 2


@pytest.mark.parametrize("to", [CHAT, ROBOT], ids=["chat", "robot"])
async def test_a_paper_does_not_go_to_a_group(house: WeComHouse, at_hand: AtHand, to: Address) -> None:
    await house.channel.send("k1", to, QUOTE_PIECE)
    assert (texts(house, to), house.api.uploaded, at_hand.asked) == ([NOT_SENT], {}, [])


async def test_what_its_reader_may_not_have_any_more_is_not_uploaded_and_they_are_told(
    house: WeComHouse, at_hand: AtHand
) -> None:
    at_hand.papers.clear()
    await house.channel.send("k1", ZHANG, QUOTE_PIECE)
    assert (texts(house, ZHANG), house.api.uploaded) == ([NOT_SENT], {})


@pytest.mark.parametrize(("size", "goes"), [(5, False), (6, True), (20 * 1024 * 1024, True), (20 * 1024 * 1024 + 1, False)])
async def test_what_wecom_takes_is_between_six_bytes_and_20_mb(
    house: WeComHouse, at_hand: AtHand, size: int, goes: bool
) -> None:
    at_hand.papers["Q-1"] = b"x" * size
    await house.channel.send("k1", ZHANG, QUOTE_PIECE)
    assert bool(files(house, ZHANG)) == goes
    assert texts(house, ZHANG) == ([""] if goes else [NOT_SENT])


@pytest.mark.parametrize("to", [ZHANG, CHAT, ROBOT], ids=["person", "chat", "robot"])
async def test_a_file_that_wecom_forgot_goes_up_again(house: WeComHouse, to: Address) -> None:
    await house.channel.send("k1", to, INVITATION_PIECE)
    house.api.forget_media()
    await house.channel.send("k2", to, INVITATION_PIECE)
    assert len(files(house, to)) == 2


async def test_it_goes_up_again_before_its_three_days_are_over(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, QUOTE_PIECE)
    house.clock.move(timedelta(hours=60))
    await house.channel.send("k2", ZHANG, QUOTE_PIECE)
    assert house.api.calls.count(UPLOAD) == 2


async def test_the_same_content_under_another_name_is_another_file(house: WeComHouse, at_hand: AtHand) -> None:
    at_hand.papers["Q-2"] = PDF
    other = File("报价单-海川-v1.pdf", paper="Q-2", reader="E01")
    await house.channel.send("k1", ZHANG, QUOTE_PIECE)
    await house.channel.send("k2", ZHANG, Reply("", "zh", files=(other,)))
    assert [name for name, _ in files(house, ZHANG)] == [QUOTE.name, other.name]


@pytest.mark.parametrize("fault", ["lost", "500 after the deed"])
async def test_a_message_whose_answer_was_lost_is_sent_again_and_shown_once(house: WeComHouse, fault: Fault) -> None:
    house.api.faults.extend([None, fault])  # the upload, the message
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, QUOTE_PIECE)
    assert await house.channel.find("k1", ZHANG, QUOTE_PIECE) is None
    await house.channel.send("k1", ZHANG, QUOTE_PIECE)
    assert (len(files(house, ZHANG)), house.api.repeats) == (1, 1)


async def test_what_a_group_was_sent_and_did_not_confirm_nobody_can_tell(house: WeComHouse) -> None:
    house.api.faults.extend([None, "lost"])
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ROBOT, INVITATION_PIECE)
    with pytest.raises(CannotTell):
        await house.channel.find("k1", ROBOT, INVITATION_PIECE)


@pytest.mark.parametrize("to", [ZHANG, ROBOT], ids=["person", "robot"])
async def test_an_upload_whose_answer_was_lost_has_shown_nobody_anything(house: WeComHouse, to: Address) -> None:
    house.api.faults.append("lost")
    with pytest.raises(TryLater):
        await house.channel.send("k1", to, INVITATION_PIECE)
    await house.channel.send("k1", to, INVITATION_PIECE)
    assert len(files(house, to)) == 1


async def test_a_member_whom_the_application_does_not_reach_has_not_got_it(house: WeComHouse) -> None:
    with pytest.raises(Refused):
        await house.channel.send("k1", Address("wecom", "wang"), QUOTE_PIECE)


async def test_wechat_has_no_message_for_a_file_and_names_it(at_hand: AtHand) -> None:
    async with wechat_house() as house:
        (words,) = house.channel.split(Reply("报价单请查收。", "zh", files=(QUOTE,)))
        assert words.text == "报价单请查收。\n[文件: 报价单-华康-v1.pdf]"


@pytest.mark.parametrize("to", [ZHANG, CHAT, ROBOT], ids=["person", "chat", "robot"])
async def test_a_part_of_a_recording_that_was_shared_with_a_group_goes_there_as_a_file(
    house: WeComHouse, to: Address
) -> None:
    await house.channel.send("k1", to, SHARED_CLIP_PIECE)
    assert files(house, to) == [("华康 3\N{RATIO}12–3\N{RATIO}22.mp3", MP3)]


@pytest.mark.parametrize("to", [CHAT, ROBOT], ids=["chat", "robot"])
async def test_one_that_is_for_a_person_does_not_go_to_a_group(house: WeComHouse, at_hand: AtHand, to: Address) -> None:
    await house.channel.send("k1", ZHANG, CLIP_PIECE)
    assert len(files(house, ZHANG)) == 1
    at_hand.asked.clear()
    await house.channel.send("k2", to, CLIP_PIECE)
    assert (texts(house, to), at_hand.asked) == (["[文件没有发到这里: 华康 3:12–3:22.mp3]"], [])


async def test_sound_that_stays_inside_is_told_of_with_its_reason(house: WeComHouse, at_hand: AtHand) -> None:
    at_hand.sound = Closed("deleted")
    await house.channel.send("k1", CHAT, SHARED_CLIP_PIECE)
    assert (texts(house, CHAT), house.api.uploaded) == (["[录音没有发到这里：华康 3:12–3:22]\n录音已经删除。"], {})
