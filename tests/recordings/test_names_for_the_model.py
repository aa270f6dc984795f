"""The names that may come up reach the model that hears a call, the likeliest first; a model that takes none gets none."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from actions.outside.tables import EmployeeRow
from bot.app import Minds
from bot.settings import Settings
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import CALL, tapped
from tests.recordings.test_first_words import long_call
from tests.recordings.test_listened_to import house_with
from tests.voice.parrot import Parrot
from voice.profile import LARGE

OF_ANHE = "录音_12655500057.m4a"


async def names(house: HouseUnderTest, listener: FakeListener, who: str, name: str) -> tuple[str, ...]:
    await house.send_recording(who, f"{CALL}{name}", name)
    await tapped(house, who, "客户在通话里同意了")
    assert len(set(listener.names)) == 1, "the same for opening and for every piece"
    return listener.names[0]


async def test_own_customers_come_first_then_products_then_people(house: HouseUnderTest, listener: FakeListener) -> None:
    given = await names(house, listener, "E01", "call.m4a")
    places = [given.index(name) for name in ("华康", "睿护M8", "王建平")]
    assert places == sorted(places)
    assert given.index("王建平") < given.index("周凯")
    assert "海川科技" not in given, "another's customer"
    assert not any("有限公司" in name for name in given), "nobody says that"


async def test_with_whom_it_is_comes_before_everybody_else(house: HouseUnderTest, listener: FakeListener) -> None:
    given = await names(house, listener, "E01", OF_ANHE)
    assert given[0] == "安和医院" and given.index("谭永康") < given.index("华康")


async def test_the_houses_own_words_are_among_them(house: HouseUnderTest, listener: FakeListener) -> None:
    (house.home / "words.yaml").write_text("products: {睿护 M8 重症监护系统: [小白盒]}\n", encoding="utf-8")
    assert "小白盒" in await names(house, listener, "E01", "call.m4a")


async def test_who_has_left_is_not(house: HouseUnderTest, listener: FakeListener) -> None:
    async with house.store.write() as tx:
        await tx.execute(update(EmployeeRow).where(EmployeeRow.id == "E02").values(has_left=True, name="走了的人"))
    assert "走了的人" not in await names(house, listener, "E01", "call.m4a")


@pytest.mark.parametrize("takes", [True, False])
async def test_they_reach_a_model_that_takes_them_and_no_other(
    settings: Settings, minds: Minds, sample_sqlite_url: str, takes: bool
) -> None:
    parrot = Parrot(["您好"], replace(LARGE, hotwords=takes))
    async with house_with(settings, minds, sample_sqlite_url, parrot) as house:
        await house.send_recording("E01", long_call(3).getvalue(), "call.wav")
        await tapped(house, "E01", "客户在通话里同意了")
    assert parrot.asked, "the first words as well as the turns"
    given = [bias for bias, _, _ in parrot.asked]
    assert all(bias == () or "华康" in bias for bias in given), "none while it is not known what is spoken"
    assert any(given) == takes
