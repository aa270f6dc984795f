"""A recording named after a customer's number belongs to that customer: said on the card, taken back by a press."""

import pytest
from sqlalchemy import update

from actions.outside.tables import ContactRow
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import CALL, button, only_recording, tapped, text_of

OF_A_CONTACT = "通话录音_12655500054_20251124.m4a"


@pytest.mark.parametrize("name", [OF_A_CONTACT, "+86 126 5550 0014 2025-11-24 10-33-12.m4a"], ids=["contact", "company"])
async def test_the_number_says_which_customer_and_the_card_says_so(house: HouseUnderTest, name: str) -> None:
    told = text_of(await house.send_recording("E01", CALL, name))
    assert "文件名里是 华康医疗科技有限公司 的号码" in told
    assert (await only_recording(house))["customer_id"] == "C001"
    assert "通话报告：华康医疗科技有限公司" in await tapped(house, "E01", "客户在通话里同意了")
    assert await house.chain_is_sound()


async def test_in_english(house: HouseUnderTest) -> None:
    await house.say("E01", "which deals do I have?")
    told = text_of(await house.send_recording("E01", CALL, OF_A_CONTACT))
    assert "The number in its name is Huakang Medical's" in told


async def test_it_counts_more_than_what_the_conversation_was_about(house: HouseUnderTest) -> None:
    await house.say("E01", "安和医院现在什么情况")
    await house.send_recording("E01", CALL, OF_A_CONTACT)
    recording = await only_recording(house)
    assert (recording["customer_id"], recording["deal_id"]) == ("C001", None)


async def test_where_it_was_somebody_else_a_press_takes_it_back_and_it_is_asked(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL, OF_A_CONTACT)
    await tapped(house, "E01", "客户在通话里同意了")
    assert "将写进 华康医疗" in text_of(await house.press("E01", button(house, "E01", "写进 CRM")))
    told = text_of(await house.press("E01", button(house, "E01", "不是这家")))
    assert "不记在 华康医疗科技有限公司 名下" in told
    assert (await only_recording(house))["customer_id"] is None
    assert "这通电话是跟哪个客户的？" in text_of(await house.press("E01", button(house, "E01", "写进 CRM")))


async def test_what_is_written_down_stays_with_its_customer(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL, OF_A_CONTACT)
    await tapped(house, "E01", "客户在通话里同意了")
    await house.press("E01", button(house, "E01", "写进 CRM"))
    taken_back = button(house, "E01", "不是这家")
    await house.press("E01", button(house, "E01", "写进去"))
    assert "已经写进 CRM 了" in text_of(await house.press("E01", taken_back))
    assert (await only_recording(house))["customer_id"] == "C001"


async def test_a_number_of_two_customers_says_nothing(house: HouseUnderTest) -> None:
    async with house.store.write() as tx:
        await tx.execute(update(ContactRow).where(ContactRow.id == "K004").values(phone="126 5550 0054"))
    assert "号码" not in text_of(await house.send_recording("E01", CALL, OF_A_CONTACT))
    assert (await only_recording(house))["customer_id"] is None


async def test_a_colleagues_customer_is_not_told(house: HouseUnderTest) -> None:
    assert "华康" not in text_of(await house.send_recording("E02", CALL, OF_A_CONTACT))
    assert (await only_recording(house))["customer_id"] is None


async def test_a_voice_message_is_nobodys_call(house: HouseUnderTest, listener: FakeListener) -> None:
    await house.send_recording("E01", "我的商机有哪些", "12655500054.amr", is_spoken=True)
    assert (await only_recording(house))["customer_id"] is None
