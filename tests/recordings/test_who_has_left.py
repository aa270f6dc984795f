"""Somebody leaves between a call's card and its buttons: nothing more is told, shown, played or passed on to them."""

from sqlalchemy import update

from actions.outside.tables import EmployeeRow
from bot.message import Button
from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import CALL, button, only_recording, text_of


async def leaves(house: HouseUnderTest, who: str = "E01") -> None:
    async with house.store.write() as tx:
        await tx.execute(update(EmployeeRow).where(EmployeeRow.id == who).values(has_left=True))


async def heard_by_the_rep(house: HouseUnderTest) -> list[Button]:
    """A call is listened to; every button that its report and the card behind it show."""
    await house.send_recording("E01", CALL)
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    await house.listened()
    await house.press("E01", button(house, "E01", "更多"))
    return house.buttons("E01")


async def test_who_left_while_it_was_listened_to_is_not_told_what_was_said(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    await house.send_recording("E02", CALL, "the same.m4a")
    async with house.store.write() as tx:
        await tx.execute(update(EmployeeRow).where(EmployeeRow.id == "E01").values(has_left=True))
    news = [*await house.press("E02", button(house, "E02", "开头已告知会录音")), *await house.listened()]
    told = {place: text_of([one for one in news if one.conversation == place]) for place in ("E01", "E02")}
    assert "你们的报价比别家贵" in told["E02"]
    assert "你们的报价比别家贵" not in told["E01"]
    assert (await only_recording(house))["state"] == "done"


async def test_no_button_of_a_card_from_before_shows_or_does_anything(house: HouseUnderTest) -> None:
    before = await heard_by_the_rep(house)
    assert {"全部", "概要", "改一处", "写进 CRM", "删除录音", "▶ 0:20"} <= {one.label for one in before}
    await leaves(house)
    for one in before:
        told = await house.press("E01", one)
        assert "报价" not in text_of(told) and "华康" not in text_of(told), one.label
        assert [reply.reply.files for reply in told if reply.reply.files] == [], one.label
    assert (await only_recording(house))["state"] == "done"


async def test_nothing_is_put_right_or_played_by_a_word_either(house: HouseUnderTest) -> None:
    await heard_by_the_rep(house)
    await leaves(house)
    for words in ("播放0:20", "0:20 预算只有二十万", "全部"):
        assert "报价" not in text_of(await house.say("E01", words))
