"""Pictures into Slack: shared once where the conversation is, found again by their names, and words where they cannot be."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import AnswerLost, CannotTell, Refused, TryLater
from bot.channels.pictures import picture_of
from bot.channels.slack_uploads import stem_of
from bot.message import Address, Picture, Reply
from tests.channels.slack_house import House, slack_house
from tests.platforms.slack import SCOPES, AnswerCut, Broken, BrokenAfter, Fault, Limited, Says, Silent

ROOM = Address("slack", "C0GENERAL")
THREAD = Address("slack", "C0GENERAL", thread="1790000000.000100")
PERSON = Address("slack", "U0REP")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
SHARE = "files.completeUploadExternal"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with slack_house() as house:
        yield house


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    path = tmp_path / "复位.png"
    path.write_bytes(PNG)
    return Picture(str(path), "复位键是\n左起第一个")


@pytest.fixture
def piece(picture: Picture) -> Reply:
    return Reply("", "zh", pictures=(picture,))


# ---- what becomes a picture


def test_a_picture_is_a_piece_behind_the_words_which_do_not_name_it(house: House, picture: Picture) -> None:
    words, shown = house.channel.split(Reply("先关电源。", "zh", pictures=(picture,)))
    assert words == Reply("先关电源。", "zh")
    assert picture_of(shown) == picture


@pytest.mark.parametrize("content", [b"", b"no picture", PNG.ljust(2 * 1024 * 1024 + 1)])
def test_what_cannot_be_shown_is_named_in_the_words(house: House, picture: Picture, content: bytes) -> None:
    Path(picture.path).write_bytes(content)
    (words,) = house.channel.split(Reply("先关电源。", "zh", pictures=(picture,)))
    assert words.text == "先关电源。\n[图: 复位键是 左起第一个]"


# ---- sharing


@pytest.mark.parametrize(("to", "room"), [(ROOM, "C0GENERAL"), (THREAD, "C0GENERAL"), (PERSON, "D0REP")])
async def test_a_picture_is_shared_where_the_conversation_is(house: House, to: Address, room: str, piece: Reply) -> None:
    sent = await house.channel.send("k-1", to, piece)
    (message,) = house.platform.posted
    assert message.picture is not None
    assert (message.channel, message.thread_ts, sent.ref) == (room, to.thread, message.picture.id)
    assert (message.picture.content, message.picture.title) == (PNG, "复位键是 左起第一个")


async def test_the_file_is_named_after_the_key_of_the_ledger_and_not_after_ours(house: House, piece: Reply) -> None:
    await house.channel.send("slack:Ev1/picture/1", ROOM, piece)
    (upload,) = house.platform.uploads.values()
    assert upload.name == stem_of("slack:Ev1/picture/1") + ".png"
    assert upload.name.isascii()


async def test_no_description_is_sent_with_it_because_slack_then_shares_nothing(house: House, piece: Reply) -> None:
    await house.channel.send("k-1", ROOM, piece)
    assert [upload.alt for upload in house.platform.uploads.values()] == [""]
    assert len(house.platform.posted) == 1


async def test_a_thread_with_nothing_but_a_picture_of_parleys_is_listened_to(house: House, piece: Reply) -> None:
    await house.channel.send("k-1", THREAD, piece)
    assert await house.channel._threads.is_ours(THREAD)


# ---- words in its place


async def test_a_picture_for_one_person_only_is_named_to_them(house: House, piece: Reply) -> None:
    await house.channel.send("k-1", Address("slack", "C0GENERAL", private_to="U0REP"), piece)
    (message,) = house.platform.posted
    assert (message.seen_by, message.text) == ("U0REP", "[图: 复位键是 左起第一个]")


async def test_a_picture_whose_file_is_gone_by_now_is_named(house: House, piece: Reply, picture: Picture) -> None:
    Path(picture.path).unlink()
    await house.channel.send("k-1", ROOM, piece)
    assert [message.text for message in house.platform.posted] == ["[图: 复位键是 左起第一个]"]


async def test_an_app_that_was_not_installed_anew_names_its_pictures_and_the_check_says_what_is_missing(
    house: House, piece: Reply
) -> None:
    house.platform.scopes = SCOPES.replace("files:write,", "")
    await house.channel.send("k-1", ROOM, piece)
    assert [message.text for message in house.platform.posted] == ["[图: 复位键是 左起第一个]"]
    assert "files:write" in str(await house.channel.check())


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", SHARE])
@pytest.mark.parametrize("word", ["file_uploads_disabled", "file_type_not_allowed", "a_word_of_tomorrow"])
async def test_a_picture_that_slack_refuses_is_named(house: House, piece: Reply, method: str, word: str) -> None:
    house.platform.fail(method, Says(word))
    await house.channel.send("k-1", ROOM, piece)
    assert [message.text for message in house.platform.posted] == ["[图: 复位键是 左起第一个]"]


async def test_a_place_that_does_not_take_messages_refuses_pictures_too(house: House, piece: Reply) -> None:
    with pytest.raises(Refused):
        await house.channel.send("k-1", Address("slack", "C0ARCHIVE"), piece)


# ---- how a share ends


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "upload"])
@pytest.mark.parametrize("fault", [Limited(), Broken(500), Broken(503), BrokenAfter(500)])
async def test_before_the_share_nothing_is_shown_so_that_everything_is_done_again(
    house: House, piece: Reply, method: str, fault: Fault
) -> None:
    house.platform.fail(method, fault)
    with pytest.raises(TryLater):
        await house.channel.send("k-1", ROOM, piece)
    await house.channel.send("k-1", ROOM, piece)
    assert len(house.platform.posted) == 1


async def test_an_upload_whose_answer_was_cut_off_is_done_again(house: House, piece: Reply) -> None:
    house.platform.fail("upload", AnswerCut())
    with pytest.raises(TryLater):
        await house.channel.send("k-1", ROOM, piece)
    await house.channel.send("k-1", ROOM, piece)
    assert len(house.platform.posted) == 1


@pytest.mark.parametrize("to", [ROOM, THREAD, PERSON])
@pytest.mark.parametrize("fault", [BrokenAfter(500), AnswerCut()])
async def test_a_share_whose_answer_was_lost_is_found_by_the_name_of_its_file(
    house: House, to: Address, piece: Reply, fault: Fault
) -> None:
    await house.channel.send("k-0", to, piece)
    house.platform.fail(SHARE, fault)
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", to, piece)
    found = await house.channel.find("k-1", to, piece)
    shown = house.platform.posted[-1].picture
    assert found is not None
    assert shown is not None
    assert found.ref == shown.id


async def test_a_share_whose_answer_does_not_come_is_found_too(piece: Reply) -> None:
    async with slack_house(patience=timedelta(milliseconds=200)) as house:
        house.platform.fail(SHARE, Silent())
        with pytest.raises(AnswerLost):
            await house.channel.send("k-1", ROOM, piece)
        assert await house.channel.find("k-1", ROOM, piece) is not None


async def test_a_share_that_was_never_carried_out_is_certainly_not_there(house: House, piece: Reply) -> None:
    await house.channel.send("k-0", ROOM, piece)
    house.platform.fail(SHARE, Broken(500))
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", ROOM, piece)
    assert await house.channel.find("k-1", ROOM, piece) is None


async def test_a_share_that_slack_carries_out_later_is_waited_for_and_not_made_twice(house: House, piece: Reply) -> None:
    house.platform.shares_at_once = False
    house.platform.fail(SHARE, BrokenAfter(500))
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", ROOM, piece)
    with pytest.raises(TryLater, match="not shown yet"):
        await house.channel.find("k-1", ROOM, piece)
    house.platform.finish_sharing()
    assert await house.channel.find("k-1", ROOM, piece) is not None


async def test_the_words_in_place_of_a_picture_are_found_as_any_words_are(
    house: House, piece: Reply, picture: Picture
) -> None:
    Path(picture.path).unlink()
    house.platform.fail("chat.postMessage", AnswerCut())
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", ROOM, piece)
    assert await house.channel.find("k-1", ROOM, piece) is not None


async def test_where_slack_does_not_name_files_nobody_can_tell(house: House, piece: Reply) -> None:
    house.platform.names_files = False
    house.platform.fail(SHARE, AnswerCut())
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", ROOM, piece)
    with pytest.raises(CannotTell):
        await house.channel.find("k-1", ROOM, piece)


async def test_where_slack_does_not_list_files_nobody_can_tell(house: House, piece: Reply) -> None:
    house.platform.fail(SHARE, Broken(500))
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", ROOM, piece)
    house.platform.fail("files.list", Says("missing_scope"))
    with pytest.raises(CannotTell):
        await house.channel.find("k-1", ROOM, piece)
