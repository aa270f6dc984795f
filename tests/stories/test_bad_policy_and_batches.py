"""A policy that cannot be worked out has a person asked; of a batch that half failed the rest is one press away."""

from pathlib import Path

import pytest

from actions.crm import own
from actions.crm.records import Lead
from bot.app import Minds
from bot.settings import Settings
from tests.house_under_test import HouseUnderTest, open_house
from tests.stories.story import read_story
from tests.stories.teller import Teller

_MANY = 24
"""Leads that wait: more than one may hand out at once without a second yes."""

_DIVIDES = """
rules:
  - id: records_to_people
    when: records / people > 100
    verdict: confirm
    confirmers: {roles: [manager, director], not_requester: true}
    expires_hours: 24
    says: {zh: 一个人名下改得太多, en: Too many records for one person}
"""

_TOLD = {
    "zh": [
        {"E01": "江畔医院那单金额改成99000", "sees": ["算不出来", "等确认"], "lang": "zh"},
        {"record": {"deal D005": {"amount": "98000"}}},
        {"E11 in managers presses": "确认", "sees": ["已确认并执行"]},
        {"record": {"deal D005": {"amount": "99000"}}},
        {"audit": "sound"},
    ],
    "en": [
        {
            "E08": "change the Polderzicht amount to 87000",
            "sees": ["can't be worked out", "Waiting for a yes"],
            "lang": "en",
        },
        {"record": {"deal D057": {"amount": "86940"}}},
        {"E12 in managers presses": "驳回"},
        {"E08 sees": ["Not carried out"]},
        {"record": {"deal D057": {"amount": "86940"}}},
    ],
}


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_where_a_rule_divides_by_zero_a_person_is_asked(
    settings: Settings, minds: Minds, sample_sqlite_url: str, tmp_path: Path, lang: str
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(_DIVIDES, encoding="utf-8")
    async with open_house(settings.model_copy(update={"policy": policy}), minds, sample_sqlite_url) as house:
        await _tell(house, _TOLD[lang])


@pytest.mark.parametrize(
    ("manager", "words", "told", "rest", "done"),
    [
        (
            "E11",
            "把待分配的线索都分给林悦",
            "28条里有1条已经不在了，所以一条都没有动",
            "其余 27 条照办",
            "27 条线索已分给 林悦",
        ),
        (
            "E12",
            "assign the waiting leads to Daniel",
            "1 of 32 are gone, so none was touched",
            "Do the other 31",
            "31 leads go to Daniel Reyes",
        ),
    ],
)
@pytest.mark.parametrize("sample_url", ["sqlite"], indirect=True)
async def test_where_some_of_a_batch_have_gone_none_is_touched_and_the_rest_is_one_press_away(
    house: HouseUnderTest, manager: str, words: str, told: str, rest: str, done: str
) -> None:
    await _with_many_leads(house, "华东" if manager == "E11" else "华南")
    await _tell(house, [{manager: words}])
    async with house.store.write() as tx:
        assert await own.remove(tx, "lead", "L907")
    await _tell(
        house,
        [
            {"E20 in managers presses": "确认"},
            {f"{manager} sees": [told, "L907"]},
            {"record": {"lead L901": {"owner_id": "nothing"}}},
            {f"{manager} presses": rest},
            {"managers see": ["请确认：分配线索"]},
            {"E20 in managers presses": "确认"},
            {f"{manager} sees": [done]},
            {"record": {"lead L901": {"owner_id": "E01" if manager == "E11" else "E08"}}},
            {"audit": "sound"},
        ],
    )


async def _with_many_leads(house: HouseUnderTest, region: str) -> None:
    async with house.store.write() as tx:
        for number in range(_MANY):
            lead = Lead(f"L9{number:02}", f"样例来访 {number}", "", region=region, created_at=house.clock())
            await own.create(tx, "lead", lead.id, {name: value for name, value in own.to_json(lead).items() if name != "id"})


async def _tell(house: HouseUnderTest, turns: list[dict[str, object]]) -> None:
    difference = await Teller(house).tell(read_story({"title": "样例", "turns": turns}, "file"))
    if difference is not None:
        pytest.fail(difference, pytrace=False)
