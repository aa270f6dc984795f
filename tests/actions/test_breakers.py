"""Breakers as data: read strictly, judged totally, never milder for one more; what words show, promise and give away."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.circumstances import BOOKKEEPING, Change, Circumstances, stops
from actions.commands.crm import CreateDeal, HoldDeal, UpdateAmount, UpdateStage
from actions.commands.messages import MessageCustomer
from actions.commands.stops import SpendRelease
from actions.crm.records import Product, Signal, Ticket
from actions.decide import answered, decide, still_needed
from actions.policy.breakers import SHIPPED_BREAKERS, VARIABLES, Breaker, Breakers, shown_in
from actions.policy.expression import BOOL, Compiler
from actions.proposal import SEVERITY, Command, Proposal, Yes
from actions.words_to_customers import promised_off, strange_name
from tests.actions.any_command import commands
from tests.actions.house import EVERYONE, FACTS, MANAGER, NOW, POLICY, REP, proposed

BREAKERS = Breakers.load()
DEAL = FACTS.get("deal", "D001")
PRODUCT = Product("P01", "样例监护仪", "Sample Monitor", aliases="M8", price=Decimal(500000), price_usd=Decimal(70000))
CHEAPER = Product("P02", "样例监护仪 小", price=Decimal(200000))
FREEZE = Signal("S-1", "C001", "budget_freeze", "今年预算冻结了", "样例联系人", NOW - timedelta(days=3), deal_id="D001")
KNOWN = Circumstances(deal=DEAL, product=PRODUCT, alternative=CHEAPER)
FROZEN = replace(KNOWN, signals=(FREEZE,))


def fired(command: Command, known: Circumstances, breakers: Breakers = BREAKERS) -> list[str]:
    return [finding.reason.rule for finding in stops(breakers, proposed(command, REP), known, POLICY, NOW)]


# --- the shipped breakers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "known", "expected"),
    [
        (UpdateAmount("D001", Decimal(490000)), FROZEN, ["frozen_budget"]),
        (UpdateAmount("D001", Decimal(470000)), FROZEN, []),
        (UpdateAmount("D001", Decimal(490000)), KNOWN, []),
        (UpdateAmount("D001", Decimal(480000), currency="USD"), FROZEN, ["frozen_budget"]),
        (UpdateStage("D001", "negotiation"), FROZEN, ["frozen_budget"]),
        (UpdateStage("D001", "negotiation"), replace(FROZEN, alternative=None), []),
        (UpdateStage("D001", "qualified"), FROZEN, []),
        (UpdateStage("D001", "won"), FROZEN, []),
        (UpdateStage("D001", "lost"), FROZEN, []),
        (HoldDeal("D001"), FROZEN, []),
        (CreateDeal("C001", "新单", Decimal(1)), replace(FROZEN, deal=None), ["frozen_budget"]),
        (
            UpdateAmount("D001", Decimal(490000)),
            replace(KNOWN, complaints=(Ticket("T9", "complaint", "迟到"),)),
            ["complaint_first"],
        ),
    ],
    ids=repr,
)
def test_which_steps_the_shipped_breakers_stop(command: Command, known: Circumstances, expected: list[str]) -> None:
    assert fired(command, known) == expected


def test_a_deal_that_has_come_down_since_the_freeze_may_go_on() -> None:
    since = Change(NOW - timedelta(days=1), "amount", "500000", "480000")
    before = Change(NOW - timedelta(days=5), "amount", "500000", "480000")
    down_and_up = (Change(since.at, "amount", "480000", "250000"), Change(since.at, "amount", "250000", "480000"))
    assert fired(UpdateStage("D001", "negotiation"), replace(FROZEN, history=down_and_up)) == ["frozen_budget"]
    assert fired(UpdateStage("D001", "negotiation"), replace(FROZEN, history=(since,))) == []
    assert fired(UpdateStage("D001", "negotiation"), replace(FROZEN, history=(before,))) == ["frozen_budget"]


def _discounts(*pairs: tuple[str, str], days: int = 1) -> Circumstances:
    return replace(KNOWN, history=tuple(Change(NOW - timedelta(days=days), "discount", old, new) for old, new in pairs))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (_discounts(("0", "2"), ("2", "4")), ["discount_spiral"]),
        (_discounts(("0", "2"), ("2", "4"), ("4", "3")), ["discount_spiral"]),
        (_discounts(("0", "2")), []),
        (_discounts(("0", "2"), ("2", "4"), ("4", "2")), []),
        (_discounts(("0", "6"), ("6", "7")), []),
        (_discounts(("0", "2"), ("2", "4"), days=31), []),
    ],
    ids=["third", "third after a step back", "second", "one undone", "not larger", "long ago"],
)
def test_the_third_discount_each_larger_within_the_days_stops(known: Circumstances, expected: list[str]) -> None:
    assert fired(UpdateAmount("D001", discount=Decimal(5)), known) == expected


def test_the_reason_carries_the_words_who_said_them_and_the_way_on() -> None:
    (finding,) = stops(BREAKERS, proposed(UpdateAmount("D001", Decimal(490000)), REP), FROZEN, POLICY, NOW)
    data = finding.reason.data
    assert (data["words"], data["who"], data["at"]) == ("今年预算冻结了", "样例联系人", FREEZE.at.isoformat())
    assert data["signal"] == "S-1" and data["roles"] == ["director", "manager"]
    assert data["alternative"]["product_id"] == "P02"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("M8 终身免费维护", ["forbidden_promise"]),
        ("service is free for life", ["forbidden_promise"]),
        ("下周一定到货", ["forbidden_promise"]),
        ("我们不能保证下周到货", []),
        ("不是终身免费，第二年起收费", []),
        ("可以无条件退款", ["forbidden_promise"]),
        ("M8 给您打七折", ["price_below_limit"]),
        ("M8 给您打九折", []),
        ("M8 一口价30万", ["price_below_limit"]),
        ("M8 报价 46 万", []),
        ("M8 首付 5 万就行", []),
        ("下午三点我到您那里", []),
    ],
)
def test_what_may_not_be_promised_to_a_customer(text: str, expected: list[str]) -> None:
    known = replace(KNOWN, words=text, contacts=True, products=(PRODUCT,))
    assert fired(MessageCustomer("C001", "K001", text), known) == expected


def test_a_manager_may_promise_what_a_rep_may_not() -> None:
    known = replace(KNOWN, words="M8 给您打七五折", contacts=True, products=(PRODUCT,))
    by_manager = stops(BREAKERS, proposed(MessageCustomer("C001", "K001", "x"), MANAGER), known, POLICY, NOW)
    assert by_manager == () and fired(MessageCustomer("C001", "K001", "x"), known) == ["price_below_limit"]


@pytest.mark.parametrize(
    ("words", "off"),
    [
        ("打五折", 50),
        ("8.5折", 15),
        ("八五折", 15),
        ("优惠20%", 20),
        ("30% off", 30),
        ("半价", 50),
        ("打折扣", 0),
        ("100%满意", 0),
    ],
)
def test_how_much_off_words_promise(words: str, off: float) -> None:
    assert promised_off(words, None, ())[0] == pytest.approx(off)


# --- another customer's data ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("海川精密机械也买了", "海川精密机械"),
        ("海川科技的货下周到", None),
        ("海川的货下周到", None),
        ("Merlion  HEALTH took it", "Merlion Health"),
        ("the merlionhealthy diet", None),
        ("Ｍｅｒｌｉｏｎ Health", "Merlion Health"),
        ("赶在高峰之前发货", None),
        ("高峰总那边也在用", "高峰"),
    ],
)
def test_names_of_others_are_found_and_names_like_ones_own_are_not(words: str, found: str | None) -> None:
    own, others = ["海川科技有限公司", "海川科技", "海川"], ["海川精密机械", "Merlion Health", "海川"]
    assert strange_name(words, own=own, others=others, people=["高峰"]) == found


# --- what words show ------------------------------------------------------------------------------------------------------

_READ = {"objection.budget_freeze": 0.9}


@pytest.mark.parametrize(
    ("text", "intents", "by_customer", "shown"),
    [
        ("预算冻结了", _READ, True, [("budget_freeze", False)]),
        ("今年不会再批新项目", {}, True, [("budget_freeze", False)]),
        ("不是没有预算，是没时间", {}, True, []),
        ("预算批下来了", _READ, False, [("budget_freeze", True)]),
        ("预算批下来了吗？", {}, True, []),
        ("等预算批下来再说", {}, True, []),
        ("预算还没批下来", _READ, True, [("budget_freeze", False)]),
        ("the budget has been approved", _READ, True, [("budget_freeze", True)]),
        ("our budget is not approved yet", _READ, True, [("budget_freeze", False)]),
        ("Is the budget approved? It was approved? Not sure", {}, True, []),
        ("请不要再联系我们了", {}, True, [("do_not_contact", False)]),
        ("leave us alone", {}, True, [("do_not_contact", False)]),
        ("可以再联系我们", {}, True, [("do_not_contact", True)]),
        ("可以再联系他们了", {}, False, []),
        ("你好", {}, True, []),
    ],
)
def test_what_words_show_and_end(
    text: str, intents: dict[str, float], by_customer: bool, shown: list[tuple[str, bool]]
) -> None:
    assert [(one.kind, one.is_over) for one in shown_in(BREAKERS, text, intents, by_customer=by_customer)] == shown


@given(st.text(max_size=200), st.booleans())
def test_reading_signals_and_promises_never_raises(text: str, by_customer: bool) -> None:
    shown_in(BREAKERS, text, {}, by_customer=by_customer)
    BREAKERS.promised(text)
    assert 0 <= promised_off(text, PRODUCT, (PRODUCT,))[0] <= 10**6
    strange_name(text, own=["海川"], others=["Merlion Health"], people=["高峰"])


# --- laws -----------------------------------------------------------------------------------------------------------------

_TYPES = {**VARIABLES, "budget_freeze": BOOL}
_WHENS = st.sampled_from(
    [
        "true",
        "false",
        "budget_freeze",
        "raises_amount",
        "amount_cny > 1.0",
        "discounts_lately / 0 > 1",
        "1 / open_complaints > 0",
    ]
)


@st.composite
def _breakers(draw: st.DrawFn) -> Breaker:
    when = Compiler(_TYPES).condition(draw(_WHENS))
    release = frozenset({draw(st.sampled_from(["manager", "director", "legal"]))})
    verdict = draw(st.sampled_from(["confirm", "refuse"]))
    seen = tuple(name for name in _TYPES if when.mentions(name))
    return Breaker("further", {"zh": "停", "en": "stop"}, when, verdict, release, timedelta(hours=5), False, seen)


@given(commands(), st.sampled_from(EVERYONE), _breakers(), st.sampled_from([KNOWN, FROZEN, Circumstances()]))
def test_one_breaker_more_never_makes_a_decision_milder(
    command: Command, by: Any, more: Breaker, known: Circumstances
) -> None:
    proposal = proposed(command, by)
    with_more = replace(BREAKERS, breakers=(*BREAKERS.breakers, more))
    before = decide(proposal, POLICY, NOW, stops(BREAKERS, proposal, known, POLICY, NOW))
    after = decide(proposal, POLICY, NOW, stops(with_more, proposal, known, POLICY, NOW))
    without = decide(proposal, POLICY, NOW)
    assert SEVERITY[without.verdict] <= SEVERITY[before.verdict] <= SEVERITY[after.verdict]
    if before.verdict == after.verdict == "confirm":
        assert after.expires_in <= before.expires_in
        assert before.asks_requester or not after.asks_requester
        for person in EVERYONE:
            said = Yes(person.person_id or "", NOW, answered(proposal, after, person))
            if not before.asks_requester and not still_needed(after, [said]):
                assert not still_needed(before, [said])


def test_a_breaker_that_cannot_be_evaluated_asks_a_person_even_where_it_would_refuse() -> None:
    when = Compiler(_TYPES).condition("1 / open_complaints > 0")
    broken = Breaker(
        "odd", {"zh": "停", "en": "stop"}, when, "refuse", frozenset({"director"}), timedelta(hours=1), False, ()
    )
    proposal = proposed(HoldDeal("D001"), REP)
    found = stops(replace(BREAKERS, breakers=(broken,)), proposal, KNOWN, POLICY, NOW)
    decision = decide(proposal, POLICY, NOW, found)
    assert (decision.verdict, decision.roles) == ("confirm", {"director"})
    assert decision.reasons[0].data["is_broken"] is True


def test_whoever_may_not_do_it_at_all_is_not_told_what_the_customer_has_shown() -> None:
    other = next(one for one in EVERYONE if one.person_id == "E05")
    proposal: Proposal = proposed(UpdateAmount("D001", Decimal(490000)), other)
    decision = decide(proposal, POLICY, NOW, stops(BREAKERS, proposal, FROZEN, POLICY, NOW))
    assert decision.verdict == "refuse"
    assert not any("breaker" in reason.data for reason in decision.reasons)


def test_keeping_and_ruling_is_never_stopped_itself() -> None:
    everything = replace(
        BREAKERS, breakers=tuple(replace(one, when=Compiler({}).condition("true")) for one in BREAKERS.breakers)
    )
    assert {"note_signal", "record_firing", "rule_on_firing", "appeal_firing", "tell_owner"} <= BOOKKEEPING
    assert stops(everything, proposed(SpendRelease("F-1", "P-1"), REP), FROZEN, POLICY, NOW) == ()


# --- the file -------------------------------------------------------------------------------------------------------------

_GOOD = """signals:
  - id: freeze
    says: {zh: 冻结, en: frozen}
    words: [冻结]
    lift_roles: [manager]
breakers:
  - id: stop
    says: {zh: 停, en: stop}
    when: freeze && raises_amount
    verdict: confirm
    release: [manager]
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("freeze && raises", "frezee && raises", "9: breaker stop: undeclared reference to 'frezee'"),
        ("freeze && raises_amount", "freeze && amount_cny > 5", "9: breaker stop: "),
        ("freeze && raises_amount", "amount_cny", "9: breaker stop: an expression must be true or false, not double"),
        ("verdict: confirm", "verdict: run", "10: breaker stop: verdict is confirm or refuse"),
        ("release: [manager]", "release: [rep]", "11: breaker stop: release may name director, legal, manager"),
        ("release: [manager]", "release: []", "11: breaker stop: release may name"),
        ("release: [manager]", "release: [manager]\n    hours: 0", "12: breaker stop: hours is more than 0"),
        ("release: [manager]", "releases: [manager]", "11: breaker stop: there is no such key as releases"),
        ("words: [冻结]", 'words: ["("]', "4: signal freeze: words has a phrase that cannot be read: ("),
        ("id: freeze", "id: command", "2: signal command: this name is taken"),
        ("{zh: 停, en: stop}", "停", "8: breaker stop: says is one sentence in zh and one in en"),
        ("breakers:", "breaker:", "6: there is no such part as breaker"),
        ("signals:", "limits: {boss: 3.0}\nsignals:", "1: limits give percents from 0 to 100"),
        ("signals:", "spiral_days: 0\nsignals:", "1: spiral_days is a whole number of days"),
        ("signals:", "signals: [", "not valid YAML"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    file = tmp_path / "breakers.yaml"
    file.write_text(_GOOD, encoding="utf-8")
    assert [one.id for one in Breakers.load(file).breakers] == ["stop"]
    file.write_text(_GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError) as error:
        Breakers.load(file)
    assert problem in str(error.value)
    assert str(error.value).startswith(str(file))


def test_a_breaker_that_is_there_twice_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "breakers.yaml"
    file.write_text(_GOOD + _GOOD[_GOOD.index("  - id: stop") :], encoding="utf-8")
    with pytest.raises(ValueError, match="breaker stop: this id is there twice"):
        Breakers.load(file)


def test_breakers_stand_beside_the_policy_or_are_the_shipped_ones(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    assert Breakers.beside(policy).version == Breakers.load(SHIPPED_BREAKERS).version
    (tmp_path / "breakers.yaml").write_text(_GOOD, encoding="utf-8")
    assert [one.id for one in Breakers.beside(policy).breakers] == ["stop"]


@given(st.text(max_size=300))
def test_any_text_is_read_or_told_what_is_wrong(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        Breakers.load(file)
    except ValueError as error:
        assert str(file) in str(error)
