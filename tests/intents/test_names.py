"""Known names: the longest mention wins, short forms are understood, and what fits two stays open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.names import KnownName, Names

NAMES = Names(
    [
        KnownName("company", "华康医疗科技有限公司"),
        KnownName("company", "华康食品有限公司"),
        KnownName("company", "苏州恒远精密机械有限公司", ("恒远",)),
        KnownName("company", "Acme Medical Ltd"),
        KnownName("company", "Target Group"),
        KnownName("person", "李敏", value="Li Min"),
        KnownName("person", "Jane Hale"),
        KnownName("product", "X200 监护仪", ("X200",)),
        KnownName("stage", "复购", value="won"),
    ]
)


def values(text: str) -> list[tuple[str, ...]]:
    return [mention.values for mention in NAMES.find(text)]


def test_a_full_name_means_its_company() -> None:
    assert values("查一下华康医疗科技有限公司的情况") == [("华康医疗科技有限公司",)]


def test_a_short_form_that_fits_one_means_that_one() -> None:
    assert values("华康医疗那单") == [("华康医疗科技有限公司",)]


def test_a_short_form_that_fits_two_keeps_both_discoverable() -> None:
    assert NAMES.candidates("华康") == ("华康医疗科技有限公司", "华康食品有限公司")
    [mention] = NAMES.find("给华康打电话")
    assert (mention.text, mention.start, mention.values) == ("华康", 1, NAMES.candidates("华康"))


def test_an_alias_and_a_name_without_its_town_mean_the_company() -> None:
    assert values("恒远和恒远精密机械") == [("苏州恒远精密机械有限公司",)] * 2


def test_english_names_stand_at_word_borders_in_any_case() -> None:
    assert values("pull up ACME MEDICAL, please") == [("Acme Medical Ltd",)]
    assert values("pull up Acme's account") == [("Acme Medical Ltd",)]
    assert values("Pull up acme") == [("Acme Medical Ltd",)]
    assert values("the Acmeology report") == []


def test_a_common_word_is_no_company_unless_written_as_one() -> None:
    assert values("We missed our target for May") == []
    assert values("Call Target for me") == [("Target Group",)]


def test_people_products_and_stages_come_with_their_canonical_value() -> None:
    mentions = NAMES.find("李敏要两台X200,Hale 说是复购")
    assert [(mention.kind, mention.values) for mention in mentions] == [
        ("person", ("Li Min",)),
        ("product", ("X200 监护仪",)),
        ("person", ("Jane Hale",)),
        ("stage", ("won",)),
    ]


def test_full_width_writing_is_found_at_its_own_place() -> None:
    [mention] = NAMES.find("看看Ｘ２００吧")
    assert (mention.text, mention.start) == ("Ｘ２００", 2)


@pytest.mark.parametrize("mention", ["", "无名", "x"])
def test_nobody_is_found_under_an_unknown_name(mention: str) -> None:
    assert NAMES.candidates(mention) == ()
    assert Names.empty().find(mention) == []


@given(st.text(alphabet=st.characters(), max_size=80))
def test_mentions_are_substrings_and_do_not_overlap(text: str) -> None:
    behind = 0
    for mention in NAMES.find(f"{text}华康{text}"):
        assert mention.start >= behind
        assert f"{text}华康{text}"[mention.start : mention.end] == mention.text
        behind = mention.end
