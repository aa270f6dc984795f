"""Words written beside a recording say with whom it was; where they only send it along, nothing is asked back."""

import pytest

from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import only_recording, text_of


@pytest.mark.parametrize("text", ["帮我听一下", "分析一下这段录音", "这段帮我听听", "please transcribe this"])
async def test_words_that_only_send_it_along_are_not_asked_about(house: HouseUnderTest, text: str) -> None:
    told = await house.send_recording("E01", "客户: 我们要先试用", text=text)
    assert len(told) == 1 and text_of(told).count("call.m4a") == 1
    assert "不太确定" not in text_of(told) and "not sure" not in text_of(told)


async def test_the_customer_named_beside_it_counts_and_not_the_one_spoken_of_before(house: HouseUnderTest) -> None:
    await house.say("E01", "华康医疗那单怎么样了")
    spoken_of = "C001"
    customers = await house.records("customer")
    other = next(one for key, one in sorted(customers.items()) if one["owner_id"] == "E01" and key != spoken_of)
    await house.send_recording("E01", "客户: 我们要先试用", text=f"{other['name']}的电话")
    assert (await only_recording(house))["customer_id"] == other["id"]
    assert (await only_recording(house))["deal_id"] is None
