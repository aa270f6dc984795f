"""A recording is deleted with its words: the cards that show them say so in their place."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from actions.commands.recordings import DeleteRecording
from actions.crm import people
from tests.doors.house_with_doors import WECOM_USERS, HouseWithDoors, OpenHouse, Plan, labels_of, words_on
from tests.fakes import FakeListener

CALL = "客户: 报价太贵了\n销售: 我们包维保"
A_WHILE = timedelta(minutes=2)


@pytest.fixture
async def doors(open_house: OpenHouse) -> AsyncIterator[HouseWithDoors]:
    async with open_house(Plan(listener=FakeListener())) as doors:
        await doors.bind("wecom", WECOM_USERS)
        yield doors


async def all_told(doors: HouseWithDoors) -> None:
    await doors.settle(A_WHILE)
    await doors.house.listening.rest()
    await doors.settle(A_WHILE)


async def test_the_report_and_its_pages_are_taken_back_without_a_message_more(doors: HouseWithDoors) -> None:
    doors.wecom.api.media["f1"] = CALL.encode()
    await doors.wecom.server.deliver(doors.wecom.media("file", "f1", FileName="通话.m4a"))
    await all_told(doors)
    await doors.wecom.press(doors.wecom.cards_of("zhang")[-1], "客户在通话里同意了")
    await all_told(doors)
    report = doors.wecom.cards_of("zhang")[-1]
    assert "全部" in labels_of(report)
    await doors.wecom.press(report, "全部")
    await all_told(doors)
    before = len(doors.wecom.api.seen_by("zhang"))
    ((recording, _),) = (await doors.records("recording")).items()
    async with doors.house.store.write() as tx:
        rep = await people.speaker_of(tx, "E01")
        assert rep is not None
        await doors.house.recordings.order(tx, DeleteRecording(recording), rep, "d1", "wecom:zhang")
    await all_told(doors)
    seen = doors.wecom.api.seen_by("zhang")
    assert len(seen) == before, "each card is redrawn where it stands"
    gone = [one for one in seen if "录音已删除：通话.m4a" in words_on(one)]
    assert len(gone) == 4, "what was asked, how far it was, the report and its page"
    told_before = ("开始听了：", "听到一半了：")  # lines of a chat, which are no cards, stay what was told
    shown = [words_on(one) for one in seen if not words_on(one).startswith(told_before)]
    assert [words for words in shown if "我们包维保" in words] == []
