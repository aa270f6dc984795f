"""The group where a call's card goes has removed Parley, or whoever was to act has left: it is somebody's all the same."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from actions.crm import own, people
from actions.outside.tables import CustomerRow, EmployeeRow, IdentityRow
from tests.doors.house_with_doors import (
    MANAGERS,
    SLACK_USERS,
    HouseWithDoors,
    OpenHouse,
    Plan,
    buttons_of,
    words_of,
)
from tests.fakes import FakeListener
from tests.platforms.slack import BOT, File, Posted
from tests.recordings.called import FAULT

A_WHILE = timedelta(minutes=1)


@pytest.fixture
async def doors(open_house: OpenHouse) -> AsyncIterator[HouseWithDoors]:
    async with open_house(Plan(listener=FakeListener())) as doors:
        await doors.bind("slack", SLACK_USERS)
        await doors.no_chat_for_managers()
        async with doors.house.store.write() as tx:
            for channel in people.CHANNELS:
                await people.unbind_group(tx, "@service", channel)
            await people.bind_group(tx, "@service", "slack", MANAGERS)
        yield doors


async def called(doors: HouseWithDoors, words: str = FAULT, customer: str = "C001") -> None:
    """A rep sends an angry customer's call and says on what basis it may be listened to."""
    file = File(words.encode(), "audio/mpeg")
    url = doors.slack.platform.share("call.mp3", file)
    described = {"name": "call.mp3", "mimetype": file.mime, "size": len(file.content), "url_private": url}
    await doors.slack.deliver(doors.slack.direct("", subtype="file_share", files=[described]))
    await doors.settle(A_WHILE)
    ((recording, _),) = (await doors.records("recording")).items()
    async with doors.house.store.write() as tx:
        assert await own.update(tx, "recording", recording, {"customer_id": (None, customer)})
    await doors.slack.press(doors.slack.last_in("D0REP"), "客户在通话里同意了")
    await doors.settle(A_WHILE)
    await doors.house.listening.rest()
    await doors.settle(A_WHILE)


def cards_in_slack(doors: HouseWithDoors) -> dict[str, Posted]:
    """The cards that ask somebody to take the ticket, by where they were posted."""
    return {one.channel: one for one in doors.slack.platform.posted if "我来处理" in buttons_of(one)}


async def test_a_group_that_removed_parley_gets_its_card_member_by_member(doors: HouseWithDoors) -> None:
    doors.slack.platform.rooms[MANAGERS].members.discard(BOT)
    await called(doors)
    cards = cards_in_slack(doors)
    assert set(cards) == {"D0BOSS", "D0SOUTH"}
    told = words_of(cards["D0BOSS"])
    assert "这条没能送进群里" in told and "你们服务太差了我要投诉" in told
    await doors.slack.press(cards["D0BOSS"], "我来处理", user="U0BOSS")
    await doors.settle(A_WHILE)
    (ticket,) = [one for one in (await doors.records("ticket")).values() if one["recording_id"]]
    assert ticket["taken_by"] == "E11"
    assert "我来处理" not in buttons_of(cards["D0SOUTH"])


@pytest.mark.parametrize("why", ["has left", "is nobody", "is on no channel"])
async def test_what_only_one_who_is_not_reached_was_to_do_is_the_managers(doors: HouseWithDoors, why: str) -> None:
    async with doors.house.store.write() as tx:
        if why == "has left":
            await tx.execute(update(EmployeeRow).where(EmployeeRow.id == "E02").values(has_left=True))
        elif why == "is nobody":
            await tx.execute(update(CustomerRow).where(CustomerRow.id == "C002").values(owner_id="E99"))
        else:
            await tx.execute(delete(IdentityRow).where(IdentityRow.person_id == "E02"))
        await people.unbind_group(tx, "@service", "slack")
        await people.bind_group(tx, "@managers", "slack", MANAGERS)
    await called(doors, "销售: 您好\n客户: 你们服务太差了我要投诉\n销售: 抱歉", customer="C002")
    (ticket,) = [one for one in (await doors.records("ticket")).values() if one["recording_id"]]
    assert ticket["line"] == "owner"
    assert set(cards_in_slack(doors)) == {MANAGERS}
