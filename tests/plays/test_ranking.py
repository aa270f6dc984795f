"""The ranking: the same for the same, a sum of its reasons, never beyond a limit, nothing that cannot be carried out."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commands.crm import SetReminder, UpdateAmount
from actions.commands.papers import PreparePaper
from actions.crm.records import STAGES, Activity, Customer, Signal
from actions.plays.experience import Case, History, Taken, Traits
from actions.plays.play import Reference
from actions.plays.ranking import playbook, ranked_steps
from actions.plays.steps import Means
from actions.proposal import Facts, NextStep
from actions.situation import Situation
from tests.plays import sample_house as house
from tests.plays.sample_house import situation, slot

PLAYED = sorted(playbook().plays)
HOSPITAL = replace(house.HUAKANG, industry="医院")
NEIGHBOUR = Customer("C009", "样例医院", industry="医院", region="华东", is_reference=True)
FAR = replace(NEIGHBOUR, id="C008", name="远方医院", region="华南")
WON = Case(Traits("医院", "华东", "A"), True, frozenset({"consultant"}))


def names(s: Situation) -> list[str]:
    return [step.ranked.step for step in ranked_steps(s)]


def step(s: Situation, name: str) -> NextStep:
    return next(one for one in ranked_steps(s) if one.ranked.step == name)


def heard(intent: str, **rows: Any) -> Situation:
    return situation(intent, customer=HOSPITAL, rows={**house.ROWS, **rows})


def facts() -> Facts:
    records = (
        *(("customer", one) for one in (HOSPITAL, NEIGHBOUR, FAR)),
        *(("product", one) for one in (house.PRODUCT, house.CHEAPER)),
        *(("employee", one) for one in house.TEAM),
        ("deal", house.DEAL),
        ("contact", house.CONTACT),
        ("contract", house.CONTRACT),
        ("battle_fact", house.FACT),
    )
    return Facts({(kind, record.id): record for kind, record in records})


# --- what each objection leads to ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "first_three"),
    [
        ("objection.stall", {"comparison", "consultant", "follow_up"}),
        ("objection.price", {"value_summary", "alternative", "discount"}),
        ("objection.authority", {"one_page", "meeting", "message"}),
        ("objection.timing", {"follow_up", "message", "one_page"}),
        ("buying.quote_request", {"quote", "follow_up"}),
    ],
)
def test_an_objection_leads_to_its_steps(intent: str, first_three: set[str]) -> None:
    assert set(names(situation(intent))[:3]) == first_three


@pytest.mark.parametrize(
    ("intent", "first"),
    [
        ("objection.competitor", "comparison"),
        ("objection.integration", "consultant"),
        ("objection.contract_terms", "legal"),
        ("buying.proposal_request", "proposal"),
        ("buying.contract_request", "contract_paper"),
    ],
)
def test_what_answers_the_words_goes_first(intent: str, first: str) -> None:
    assert names(situation(intent))[0] == first


# --- what is on file, what was done ----------------------------------------------------------------------------------------


def test_without_a_battle_card_no_comparison_is_offered() -> None:
    assert "comparison" in names(situation("objection.stall"))
    assert "comparison" not in names(situation("objection.stall", rows={**house.ROWS, "battle_facts": ()}))


def test_a_competitor_in_the_notes_is_compared_with_when_none_is_named() -> None:
    note = Activity("A9", "chat", "发来科维的宣传页", house.NOW - timedelta(days=2), customer_id="C001")
    s = situation("objection.stall", rows={**house.ROWS, "activities": (note,)})
    command = step(s, "comparison").command
    assert isinstance(command, PreparePaper)
    assert command.fact_ids == ("B01",)


def test_what_was_done_lately_goes_down_and_says_so() -> None:
    lately = History(taken=(Taken("consultant", house.NOW - timedelta(days=3)),))
    long_ago = History(taken=(Taken("consultant", house.NOW - timedelta(days=30)),))
    before, after = heard("objection.stall"), heard("objection.stall", history=(lately,))
    assert (names(before)[0], names(after)[0]) == ("consultant", "comparison")
    against = [(one.key, one.data) for one in step(after, "consultant").ranked.because if one.points < 0]
    assert against == [("lately", {"days": 3})]
    assert names(heard("objection.stall", history=(long_ago,))) == names(before)


def test_without_a_consultant_in_the_house_none_is_offered() -> None:
    assert "consultant" not in names(situation("objection.integration", rows={**house.ROWS, "means": (Means(),)}))


def test_references_are_of_the_same_trade_the_near_ones_first_and_only_who_agreed() -> None:
    silent = replace(NEIGHBOUR, id="C007", name="没同意的医院", is_reference=False)
    rows = (Reference(FAR), Reference(silent), Reference(NEIGHBOUR), Reference(replace(HOSPITAL, is_reference=True)))
    found = step(heard("objection.trust", references=rows), "references")
    assert isinstance(found.command, PreparePaper)
    assert found.command.reference_ids == ("C009", "C008")


def test_a_reference_who_no_longer_agrees_stops_the_list_when_it_is_made() -> None:
    command = step(heard("objection.trust", references=(Reference(NEIGHBOUR),)), "references").command
    assert command is not None
    seen = {**facts().records, ("customer", "C009"): replace(NEIGHBOUR, is_reference=False)}
    assert command.plan(Facts(seen), house.REP, "P-1", house.NOW).problem == "not_a_reference"


def test_without_anybody_of_the_trade_who_has_the_same_product_is_named_else_nobody() -> None:
    factory = Customer("C006", "样例工厂", industry="食品", is_reference=True)
    users = heard("objection.trust", references=(Reference(factory, frozenset({"P01"})),))
    assert step(users, "references").ranked.because[0].key == "users"
    assert "references" not in names(heard("objection.trust", references=(Reference(factory, frozenset({"P09"})),)))


# --- what worked before ----------------------------------------------------------------------------------------------------


def test_wins_after_a_step_move_it_up_and_the_reason_counts_them() -> None:
    won, without = replace(WON, steps=frozenset({"follow_up"})), replace(WON, steps=frozenset())
    cases = (*[won] * 5, *[without] * 2, *[replace(without, is_won=False)] * 3)
    before, after = heard("objection.stall"), heard("objection.stall", history=(History(cases),))
    assert names(before).index("follow_up") > 0
    assert names(after)[0] == "follow_up"
    reason = step(after, "follow_up").ranked.because[0]
    assert (reason.key, reason.data["with_step"], reason.data["won"]) == ("experience", 5, 7)


STALL_STEPS = ("comparison", "consultant", "follow_up", "message")


@given(
    st.lists(
        st.builds(
            Case,
            st.just(WON.traits),
            st.booleans(),
            st.frozensets(st.sampled_from(STALL_STEPS)),
        ),
        max_size=20,
    ),
    st.sampled_from(STALL_STEPS),
)
def test_one_more_win_after_a_step_never_lowers_it(cases: list[Case], name: str) -> None:
    before = heard("objection.stall", history=(History(tuple(cases)),))
    after = heard("objection.stall", history=(History((*cases, replace(WON, steps=frozenset({name})))),))
    assert step(after, name).ranked.score >= step(before, name).ranked.score
    assert names(after).index(name) <= names(before).index(name)


# --- limits ----------------------------------------------------------------------------------------------------------------


@given(
    st.sampled_from(["objection.price", "buying.discount_request"]),
    st.none() | st.decimals(0, 100, places=0),
    st.none() | st.floats(0.5, 99.5),
    st.sampled_from([stage for stage in STAGES if stage not in ("won", "lost")]),
)
def test_no_discount_is_offered_above_what_the_speaker_may_give(
    intent: str, limit: Decimal | None, wanted: float | None, stage: Any
) -> None:
    said = [slot("percent", round(wanted, 1))] if wanted is not None else []
    rows = {**house.ROWS, "means": (Means(limit, 480000.0, has_consultants=True),)}
    s = situation(intent, house.REP, *said, deal=replace(house.DEAL, stage=stage), rows=rows)
    for one in ranked_steps(s):
        if isinstance(one.command, UpdateAmount):
            assert limit is not None and one.command.discount is not None
            assert house.DEAL.discount < one.command.discount <= limit


def test_who_asks_for_more_than_the_limit_is_offered_the_limit_and_told() -> None:
    s = situation("buying.discount_request", house.REP, slot("percent", 20))
    found = step(s, "discount")
    assert found.command == UpdateAmount("D001", discount=Decimal(15))
    assert ("capped", {"limit": "15", "wanted": "20"}) in [(one.key, one.data) for one in found.ranked.because]


def test_a_frozen_budget_gets_no_discount_and_the_cheaper_way_goes_up() -> None:
    frozen = Signal("S1", "C001", "budget_freeze", "预算冻结了", "K001", house.NOW)
    before, after = heard("objection.price"), heard("objection.price", signals=(frozen,))
    assert "discount" in names(before)
    assert "discount" not in names(after)
    assert step(after, "alternative").ranked.score > step(before, "alternative").ranked.score


def test_who_asked_not_to_be_contacted_is_not_followed_up_nor_written_to() -> None:
    alone = Signal("S1", "C001", "do_not_contact", "别再打了", "K001", house.NOW)
    assert {"follow_up", "message", "meeting"} & set(names(heard("objection.authority", signals=(alone,)))) == set()


# --- for every play --------------------------------------------------------------------------------------------------------


SITUATIONS = st.builds(
    lambda intent, lang, stage, days, history, references: situation(
        intent,
        lang=lang,
        customer=HOSPITAL,
        deal=replace(house.DEAL, stage=stage, close_date=house.TODAY + timedelta(days=days)),
        rows={**house.ROWS, "history": (History(taken=tuple(history)),), "references": references},
    ),
    st.sampled_from(PLAYED),
    st.sampled_from(["zh", "en"]),
    st.sampled_from(STAGES),
    st.integers(-30, 120),
    st.lists(st.builds(Taken, st.sampled_from(["comparison", "quote", "legal"]), st.just(house.NOW - timedelta(days=2)))),
    st.sampled_from([(), (Reference(NEIGHBOUR), Reference(FAR))]),
)


@given(SITUATIONS)
def test_the_same_situation_is_ranked_the_same_by_the_sum_of_its_reasons(s: Situation) -> None:
    steps = ranked_steps(s)
    assert steps == ranked_steps(s)
    scores = [one.ranked.score for one in steps]
    assert scores == sorted(scores, reverse=True)
    for one in steps:
        assert one.ranked.score == round(one.ranked.weight + sum(reason.points for reason in one.ranked.because), 2)


@given(SITUATIONS)
def test_whatever_is_offered_can_be_carried_out_now(s: Situation) -> None:
    for one in ranked_steps(s):
        assert (one.command is None) != (one.says is None)
        if one.command is not None:
            desk = replace(house.DESK, deal=s.deal)
            seen = replace(facts(), records={**facts().records, ("deal", "D001"): s.deal, ("desk", desk.id): desk})
            plan = one.command.plan(seen, house.REP, "P-1", house.NOW)
            assert plan.problem is None, (one.ranked.step, plan.problem)


@given(SITUATIONS)
def test_nobody_is_offered_what_their_role_may_not_do(s: Situation) -> None:
    for one in ranked_steps(replace(s, speaker=replace(house.REP, role="consultant"))):
        assert one.command is None or "consultant" in one.command.roles


@given(SITUATIONS)
def test_a_follow_up_always_lies_ahead(s: Situation) -> None:
    due = [one.command.due_at for one in ranked_steps(s) if isinstance(one.command, SetReminder)]
    assert all(at > house.NOW for at in due)


@pytest.mark.parametrize("intent", PLAYED)
def test_nothing_is_ranked_for_a_customer(intent: str) -> None:
    assert ranked_steps(situation(intent, house.CUSTOMER)) == ()
