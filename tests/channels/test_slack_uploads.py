"""Files into Slack: behind the words, to their reader alone, once, and told of where they do not go out."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.channel import AnswerLost, TryLater
from bot.channels.files_apart import file_of
from bot.channels.slack_uploads import MOST_FILE_BYTES, stem_of
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
from tests.channels.slack_house import House, slack_house
from tests.platforms.slack import AnswerCut, Broken, BrokenAfter, Fault, Says

ROOM = Address("slack", "C0GENERAL")
PERSON = Address("slack", "U0REP")
SHARE = "files.completeUploadExternal"
NOT_SENT = "[文件没有发到这里: 报价单-华康-v1.pdf]"


@pytest.fixture
def at_hand() -> AtHand:
    return AtHand()


@pytest.fixture
async def house(at_hand: AtHand) -> AsyncIterator[House]:
    async with slack_house(open_file=at_hand) as house:
        yield house


def test_each_file_is_a_piece_behind_the_words_which_do_not_name_it(house: House) -> None:
    words, *files = house.channel.split(Reply("备好了。", "zh", files=(QUOTE, INVITATION)))
    assert words == Reply("备好了。", "zh")
    assert [file_of(piece) for piece in files] == [QUOTE, INVITATION]


async def test_a_paper_goes_to_its_reader_under_its_own_name(house: House) -> None:
    sent = await house.channel.send("k-1", PERSON, QUOTE_PIECE)
    (message,) = house.platform.posted
    assert message.picture is not None
    assert (message.channel, message.picture.content, message.picture.title) == ("D0REP", PDF, QUOTE.name)
    assert message.picture.name == f"报价单-华康-v1-{stem_of('k-1')}.pdf"
    assert sent.ref == message.picture.id


async def test_an_invitation_goes_wherever_its_words_go(house: House) -> None:
    await house.channel.send("k-1", ROOM, INVITATION_PIECE)
    (message,) = house.platform.posted
    assert message.picture is not None
    assert message.picture.content == INVITATION.text.encode()


async def test_a_paper_does_not_go_into_a_channel_where_others_read(house: House, at_hand: AtHand) -> None:
    await house.channel.send("k-1", ROOM, QUOTE_PIECE)
    assert [message.text for message in house.platform.posted] == [NOT_SENT]
    assert (house.platform.uploads, at_hand.asked) == ({}, [])


async def test_what_its_reader_may_not_have_any_more_is_not_uploaded_and_they_are_told(
    house: House, at_hand: AtHand
) -> None:
    at_hand.papers.clear()
    await house.channel.send("k-1", PERSON, QUOTE_PIECE)
    assert [message.text for message in house.platform.posted] == [NOT_SENT]
    assert house.platform.uploads == {}


@pytest.mark.parametrize("content", [b"", b"x" * (MOST_FILE_BYTES + 1)], ids=["empty", "too large"])
async def test_what_has_no_size_to_be_sent_is_told_of(house: House, at_hand: AtHand, content: bytes) -> None:
    at_hand.papers["Q-1"] = content
    await house.channel.send("k-1", PERSON, QUOTE_PIECE)
    assert [message.text for message in house.platform.posted] == [NOT_SENT]


async def test_a_file_for_one_person_in_a_room_is_told_of_as_slack_shows_nobody_a_file_alone(house: House) -> None:
    await house.channel.send("k-1", Address("slack", "C0GENERAL", private_to="U0REP"), INVITATION_PIECE)
    (message,) = house.platform.posted
    assert (message.seen_by, message.text) == ("U0REP", "[file not sent here: meeting.ics]")


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", SHARE])
async def test_a_file_that_slack_refuses_is_told_of(house: House, method: str) -> None:
    house.platform.fail(method, Says("file_uploads_disabled"))
    await house.channel.send("k-1", PERSON, QUOTE_PIECE)
    assert [message.text for message in house.platform.posted] == [NOT_SENT]


@pytest.mark.parametrize("fault", [Broken(500), BrokenAfter(500)])
async def test_before_the_share_nothing_is_shown_so_that_all_is_done_again(house: House, fault: Fault) -> None:
    house.platform.fail("upload", fault)
    with pytest.raises(TryLater):
        await house.channel.send("k-1", PERSON, QUOTE_PIECE)
    await house.channel.send("k-1", PERSON, QUOTE_PIECE)
    assert len(house.platform.posted) == 1


@pytest.mark.parametrize("fault", [BrokenAfter(500), AnswerCut()])
async def test_a_share_whose_answer_was_lost_is_found_by_the_end_of_its_files_name(house: House, fault: Fault) -> None:
    await house.channel.send("k-0", PERSON, QUOTE_PIECE)
    house.platform.fail(SHARE, fault)
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", PERSON, QUOTE_PIECE)
    found = await house.channel.find("k-1", PERSON, QUOTE_PIECE)
    shown = house.platform.posted[-1].picture
    assert found is not None
    assert shown is not None
    assert found.ref == shown.id


async def test_a_share_that_was_never_carried_out_is_certainly_not_there(house: House) -> None:
    house.platform.fail(SHARE, Broken(500))
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", PERSON, QUOTE_PIECE)
    assert await house.channel.find("k-1", PERSON, QUOTE_PIECE) is None


async def test_a_name_that_no_disk_takes_becomes_one_that_it_does(house: House) -> None:
    await house.channel.send("k-1", PERSON, Reply("", "en", files=(File('a/"b"\n?.ics', text="x" * 9),)))
    (upload,) = house.platform.uploads.values()
    assert upload.name == f"a b-{stem_of('k-1')}.ics"


@pytest.mark.parametrize(("to", "piece"), [(ROOM, SHARED_CLIP_PIECE), (PERSON, CLIP_PIECE)], ids=["group", "person"])
async def test_a_part_of_a_recording_is_a_file_that_slack_plays(house: House, to: Address, piece: Reply) -> None:
    await house.channel.send("k-1", to, piece)
    (message,) = house.platform.posted
    assert message.picture is not None
    assert (message.picture.content, message.picture.title) == (MP3, "华康 3\N{RATIO}12–3\N{RATIO}22.mp3")
    assert message.picture.name.endswith(".mp3")


async def test_one_that_is_for_a_person_does_not_go_into_a_channel(house: House, at_hand: AtHand) -> None:
    await house.channel.send("k-1", ROOM, CLIP_PIECE)
    assert [message.text for message in house.platform.posted] == ["[文件没有发到这里: 华康 3:12–3:22.mp3]"]
    assert (house.platform.uploads, at_hand.asked) == ({}, [])


async def test_sound_that_stays_inside_is_told_of_with_its_reason(house: House, at_hand: AtHand) -> None:
    at_hand.sound = Closed("not_allowed")
    await house.channel.send("k-1", ROOM, SHARED_CLIP_PIECE)
    assert [message.text for message in house.platform.posted] == [
        "[录音没有发到这里：华康 3:12–3:22]\n按规则，这里不能听。"
    ]
    assert house.platform.uploads == {}
