"""Messages that no story can write down, far too long or strange in their characters: answered, and nothing broken."""

import pytest

from tests.house_under_test import HouseUnderTest

pytestmark = pytest.mark.parametrize("sample_url", ["sqlite"], indirect=True)


async def test_of_200_kilobytes_the_first_part_is_read_and_the_person_is_told(house: HouseUnderTest) -> None:
    arrived = await house.say("E01", "我的商机有哪些？" + "啊" * 70_000)
    assert "太长" in arrived[0].reply.text
    assert await house.chain_is_sound()


@pytest.mark.parametrize(
    "text",
    [
        "\u0000\u0001\u0002",
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") * 500,
        "\u202e华康医疗\u202c \u200f那单",
        "a\u0301" * 3000,
        "'; drop table customer; --",
        "{title} {amount:money} %s %(x)s",
        "<script>alert(1)</script>",
        "\n" * 5000 + "。",
        "9" * 4000,
    ],
    ids=["control characters", "emoji", "direction marks", "combining", "sql", "templates", "html", "lines", "digits"],
)
async def test_strange_characters_are_answered_and_change_nothing(house: HouseUnderTest, text: str) -> None:
    before = await house.records("deal")
    arrived = await house.say("E01", text)
    assert [one.conversation for one in arrived] == ["E01"] * len(arrived)
    assert arrived
    assert await house.records("deal") == before
    assert await house.chain_is_sound()
