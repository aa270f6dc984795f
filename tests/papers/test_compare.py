"""Ours and theirs: every field with source and date, what is old marked, what is unknown called unknown."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from actions.crm.records import BattleFact, Product
from actions.papers.compare import STALE_AFTER, points_of, table_of
from actions.papers.sheet import Language
from actions.papers.words import say
from actions.proposal import Facts
from tests.papers.conftest import DAY


def _facts(facts: Facts, *ids: str) -> list[BattleFact]:
    return [facts.get("battle_fact", one) for one in ids]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_field_has_its_source_and_date_or_says_that_it_has_none(facts: Facts, lang: Language) -> None:
    known = [one for one in facts.records.values() if isinstance(one, BattleFact)]
    product = facts.get("product", "P01")
    two = [fact for fact in known if fact.competitor in sorted({one.competitor for one in known})[:2]]
    for row in table_of(two, product, lang, "CNY", DAY).rows:
        for cell in row[1:]:
            assert cell.note or cell.text == say("no_source", lang)
            assert cell.is_faint == (not cell.note)


def test_our_price_is_the_price_lists_and_theirs_the_battle_cards(facts: Facts) -> None:
    table = table_of(_facts(facts, "B001", "B002"), facts.get("product", "P01"), "zh", "CNY", DAY)
    price = table.rows[0]
    assert [cell.text for cell in price] == ["目录价", "CNY 500,000.00/套（睿护 M8 重症监护系统）", "单价低约 12%,年保另计"]
    assert price[1].note == "产品价格表，2026年10月16日"
    assert price[2].note == "价格对比表(样例)，2026年10月11日"
    assert len(table.rows) == 2  # what the battle card says of our price gives way to the list


def test_a_price_in_dollars_is_told_in_dollars(facts: Facts) -> None:
    point = points_of(_facts(facts, "B001"), facts.get("product", "P01"), "en", "USD")[0]
    assert point.ours is not None
    assert point.ours.text.startswith("USD 69,500.00")


def test_a_price_list_without_a_date_says_so(facts: Facts) -> None:
    undated: Product = replace(facts.get("product", "P01"), priced_on=None)
    assert table_of(_facts(facts, "B001"), undated, "zh", "CNY", DAY).rows[0][1].note == "产品价格表，未注日期"


@pytest.mark.parametrize(("age", "is_stale"), [(STALE_AFTER, False), (STALE_AFTER + timedelta(days=1), True)])
def test_a_fact_grows_old(facts: Facts, age: timedelta, is_stale: bool) -> None:
    fact = replace(facts.get("battle_fact", "B004"), as_of=DAY - age)
    (row,) = table_of([fact], None, "zh", "CNY", DAY).rows
    assert {cell.is_stale for cell in row[1:]} == {is_stale}
    assert ("待核实" in row[1].note) == is_stale


def test_what_they_were_never_heard_to_say_is_not_made_up(facts: Facts) -> None:
    silent = replace(facts.get("battle_fact", "B004"), theirs="  ")
    (row,) = table_of([silent], None, "zh", "CNY", DAY).rows
    assert (row[2].text, row[2].note) == ("没有出处", "")


def test_two_competitors_stand_side_by_side(facts: Facts) -> None:
    table = table_of(_facts(facts, "B004", "B009"), None, "zh", "CNY", DAY)
    assert table.head[2:] == ("Corvex 科维", "Hanlin Systems 瀚林")
    assert [[cell.is_faint for cell in row[2:]] for row in table.rows] == [[False, True], [True, False]]


def test_the_same_point_of_two_competitors_is_one_row() -> None:
    one = BattleFact("1", "A", "", "交货", "delivery", "4 周", "4 weeks", "1 周", "1 week", "s", date(2026, 11, 1))
    other = replace(one, id="2", competitor="B", theirs="3 周")
    (row,) = table_of([one, other], None, "zh", "CNY", DAY).rows
    assert [cell.text for cell in row] == ["交货", "4 周", "1 周", "3 周"]
