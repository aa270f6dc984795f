"""What worked before is counted within a segment, held back while there is little of it, and never hurt by a win."""

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from actions.plays.experience import Case, Evidence, Traits, evidence_for

HOSPITAL = Traits("医院", "华东", "A")
FAR = replace(HOSPITAL, region="华南")
FACTORY = Traits("食品", "华东", "C")
WITH, WITHOUT = frozenset({"consultant"}), frozenset({"message"})

CASES = st.lists(
    st.builds(
        Case,
        st.builds(Traits, st.sampled_from(["医院", "食品", ""]), st.sampled_from(["华东", "华南"]), st.sampled_from("AB")),
        st.booleans(),
        st.frozensets(st.sampled_from(["consultant", "message", "comparison"])),
    ),
    max_size=40,
)


def evidence(*cases: Case, step: str = "consultant") -> Evidence | None:
    return evidence_for(step, HOSPITAL, cases, least_cases=5, least_with=3)


def seven_won(traits: Traits) -> list[Case]:
    return [*[Case(traits, True, WITH)] * 5, *[Case(traits, True, WITHOUT)] * 2, *[Case(traits, False, WITHOUT)] * 3]


def test_five_of_seven_won_deals_of_the_segment_speak_for_the_step() -> None:
    found = evidence(*seven_won(HOSPITAL))
    assert found is not None
    assert (found.segment, found.won, found.with_step, found.lost, found.lost_with) == ("industry_region_tier", 7, 5, 3, 0)
    # (5+1)/(5+2) with the step, (2+1)/(5+2) without it
    assert round(found.strength, 4) == round(6 / 7 - 3 / 7, 4)


def test_the_same_cases_of_another_region_speak_as_the_industrys_and_of_another_trade_as_the_houses() -> None:
    far, other = evidence(*seven_won(replace(FAR, tier="B"))), evidence(*seven_won(FACTORY))
    assert far is not None and other is not None
    assert (far.segment, other.segment) == ("industry", "house")
    assert far.strength > other.strength > 0


def test_too_few_cases_or_too_few_with_the_step_say_nothing() -> None:
    assert evidence(*[Case(HOSPITAL, True, WITH)] * 4) is None
    assert evidence(*[Case(HOSPITAL, True, WITH)] * 2, *[Case(HOSPITAL, False, WITHOUT)] * 8) is None


def test_a_step_that_went_with_losing_says_nothing_against_itself() -> None:
    assert evidence(*[Case(HOSPITAL, False, WITH)] * 6, *[Case(HOSPITAL, True, WITHOUT)] * 6) is None


def test_a_customer_whose_trade_is_not_known_is_like_nobody_in_particular() -> None:
    found = evidence_for("consultant", Traits(), seven_won(HOSPITAL), least_cases=5, least_with=3)
    assert found is not None
    assert found.segment == "house"


def test_a_case_names_nobody() -> None:
    assert {field.name for field in fields(Case)} == {"traits", "is_won", "steps"}
    assert {field.name for field in fields(Traits)} == {"industry", "region", "tier"}


@given(
    CASES, st.sampled_from(["consultant", "message"]), st.frozensets(st.sampled_from(["message", "comparison"])), st.data()
)
def test_one_more_win_with_the_step_never_weakens_it(
    cases: list[Case], step: str, beside: frozenset[str], data: st.DataObject
) -> None:
    traits = data.draw(st.sampled_from([HOSPITAL, FAR, FACTORY, Traits()]))
    before = evidence(*cases, step=step)
    after = evidence(*cases, Case(traits, True, beside | {step}), step=step)
    assert (after.strength if after else 0.0) >= (before.strength if before else 0.0)


@given(CASES)
def test_a_strength_is_between_nothing_and_one(cases: list[Case]) -> None:
    found = evidence(*cases)
    assert found is None or 0 < found.strength < 1
