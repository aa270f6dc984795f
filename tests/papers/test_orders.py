"""What an order for a paper comes to: what is in it, whose it is, what the policy hears, and what it must not hold."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commands.papers import DiscardPaper, MarkPaperSent, PaperLine, PreparePaper, SendPaper, from_recipe
from actions.crm.records import Contact, Customer, Deal, Paper, Product
from actions.decide import decide
from actions.draft import draft
from actions.papers.sheet import sheet_from_json, texts
from actions.papers.write import Cited
from actions.policy.policy import Policy
from actions.proposal import Basis, Create, Facts, Notify, Plan, Update
from tests.papers.conftest import DAY, NOW, REP, order
from tests.papers.test_printed import KINDS

POLICY = Policy.load()


def planned(command: Any, facts: Facts) -> Plan:
    plan: Plan = command.plan(facts, REP, "key", NOW)
    return plan


def made(command: PreparePaper, facts: Facts) -> Paper:
    """The paper that this order makes."""
    plan = planned(command, facts)
    assert plan.problem is None, plan.problem
    create = next(effect for effect in plan.effects if isinstance(effect, Create) and effect.kind == "paper")
    values = dict(create.values)
    for name in ("amount", "discount"):
        values[name] = None if values[name] is None else Decimal(values[name])
    values["valid_until"] = date.fromisoformat(values["valid_until"]) if values["valid_until"] else None
    return Paper(id=create.id, **{**values, "created_at": NOW})


def with_paper(facts: Facts, paper: Paper) -> Facts:
    return Facts({**facts.records, ("paper", paper.id): paper})


def words_of(paper: Paper) -> str:
    return "\n".join(texts(sheet_from_json(json.loads(paper.content))))


# --- quotations ------------------------------------------------------------------------------------------------------------


def test_a_quotation_says_what_it_costs_in_the_deals_money_and_until_when(facts: Facts) -> None:
    quote = made(order(), facts)
    assert (quote.amount, quote.currency, quote.discount) == (Decimal("480000"), "CNY", Decimal(4))
    assert quote.valid_until == DAY + timedelta(days=30)
    for words in (
        "CNY 500,000.00",
        "- CNY 20,000.00",
        "CNY 480,000.00",
        "华康医疗科技有限公司",
        "2026年12月25日",
        "《采购指南》",
    ):
        assert words in words_of(quote)


def test_in_dollars_the_price_lists_own_dollars_count(facts: Facts) -> None:
    assert made(order(currency="USD", discount=Decimal(0)), facts).amount == Decimal("69500")


def test_without_a_price_in_this_money_nothing_is_quoted(facts: Facts) -> None:
    assert planned(order(currency="EUR"), facts).problem == "no_price_in"


@pytest.mark.parametrize(
    ("given_", "problem"),
    [
        ({"lines": ()}, "paper_needs_product"),
        ({"lines": (PaperLine("P01", 0),)}, "bad_quantity"),
        ({"lines": (PaperLine("P01", 10**7),)}, "bad_quantity"),
        ({"discount": Decimal("100.5")}, "bad_discount"),
        ({"discount": Decimal("NaN")}, "bad_discount"),
        ({"valid_days": 0}, "bad_validity"),
        ({"valid_days": 4000}, "bad_validity"),
        ({"lines": (PaperLine("P99"),)}, "not_found"),
        ({"customer_id": "C999"}, "not_found"),
        ({"customer_id": None, "deal_id": None, "contact_id": None}, "paper_for_nobody"),
    ],
)
def test_what_cannot_be_quoted_is_said(facts: Facts, given_: dict[str, Any], problem: str) -> None:
    assert planned(order(**given_), facts).problem == problem


@given(
    st.lists(st.tuples(st.sampled_from(["A", "B"]), st.integers(1, 999)), min_size=1, max_size=5),
    st.decimals(0, 100, places=2),
)
def test_the_total_of_the_paper_is_the_sum_of_what_stands_on_it(lines: list[tuple[str, int]], discount: Decimal) -> None:
    products = {"A": Product("A", "甲", price=Decimal("19.99")), "B": Product("B", "乙", price=Decimal("0.01"))}
    customer = Customer("C", "客户", owner_id="E01")
    held: dict[tuple[str, str], Any] = {("product", name): product for name, product in products.items()}
    command = PreparePaper(
        "quote", DAY, customer_id="C", lines=tuple(PaperLine(*line) for line in lines), discount=discount, currency="CNY"
    )
    quote = made(command, Facts({**held, ("customer", "C"): customer}))
    listed = sum((products[name].price * quantity for name, quantity in lines), Decimal(0))
    assert quote.amount is not None
    assert abs(quote.amount - listed * (100 - discount) / 100) <= Decimal("0.005")
    assert f"CNY {quote.amount:,.2f}" in words_of(quote)


# --- what the policy hears -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("discount", "verdict", "rule"),
    [
        ("4", "run", None),
        ("8", "run", None),
        ("12", "run", "own_limit"),
        ("20", "confirm", "discount"),
        ("40", "refuse", "discount_limit"),
    ],
)
def test_another_discount_is_judged_like_any_discount(facts: Facts, discount: str, verdict: str, rule: str | None) -> None:
    proposal = draft(order(discount=Decimal(discount)), facts, REP, Basis(), "key", NOW)
    decision = decide(proposal, POLICY, NOW)
    assert decision.verdict == verdict
    assert rule is None or rule in [reason.rule for reason in decision.reasons]


def test_the_discount_that_the_deal_was_given_is_not_asked_for_again(facts: Facts) -> None:
    allowed = Facts({**facts.records, ("deal", "D001"): replace(facts.get("deal", "D001"), discount=Decimal(25))})
    assert decide(draft(order(), allowed, REP, Basis(), "key", NOW), POLICY, NOW).verdict == "run"


def test_a_rep_makes_no_paper_for_a_colleagues_customer(facts: Facts) -> None:
    theirs = order(customer_id="C002", deal_id="D002", contact_id="K002")
    decision = decide(draft(theirs, facts, REP, Basis(), "key", NOW), POLICY, NOW)
    assert (decision.verdict, decision.reasons[0].rule) == ("refuse", "ownership")


def test_sending_more_than_the_deal_was_allowed_at_is_a_contract(facts: Facts) -> None:
    dear = made(order(lines=(PaperLine("P01", 3),)), facts)
    send = SendPaper(dear.id, dear.digest, DAY, "K001", "D001")
    decision = decide(draft(send, with_paper(facts, dear), REP, Basis(), "key", NOW), POLICY, NOW)
    assert (decision.verdict, decision.reasons[0].rule) == ("confirm", "contract_value")


def test_sending_company_details_waits_for_the_manager(facts: Facts) -> None:
    sheet = made(order("contract_request"), facts)
    send = SendPaper(sheet.id, sheet.digest, DAY, "K001", "D001")
    decision = decide(draft(send, with_paper(facts, sheet), REP, Basis(), "key", NOW), POLICY, NOW)
    assert (decision.verdict, decision.reasons[0].rule) == ("confirm", "legal_data")


# --- whose data ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_no_paper_holds_anything_of_another_customer(facts: Facts, kind: str) -> None:
    words = words_of(made(order(kind, alternative_id="P02", contract_ids=("CT01",)), facts))
    for (what, _), record in facts.records.items():
        if what == "customer" and record.id != "C001":
            assert isinstance(record, Customer)
            assert record.name not in words
            assert not record.tax_id or record.tax_id not in words
        if isinstance(record, Contact) and record.customer_id != "C001":
            assert record.email is None or record.email not in words
        if isinstance(record, Deal) and record.customer_id != "C001":
            assert record.title not in words


@pytest.mark.parametrize("kind", KINDS)
def test_a_paper_tells_nothing_that_is_ours_alone(facts: Facts, kind: str) -> None:
    words = words_of(made(order(kind, alternative_id="P02"), facts))
    deal: Deal = facts.get("deal", "D001")
    customer: Customer = facts.get("customer", "C001")
    assert deal.close_date is not None
    assert customer.bank
    for secret in (customer.bank, deal.close_date.isoformat(), f"{deal.close_date.month}月{deal.close_date.day}日"):
        assert secret not in words


@pytest.mark.parametrize(
    "strange",
    [
        {"deal_id": "D002"},
        {"contact_id": "K002"},
        {"contract_ids": ("CT02",)},
        {"cited": (Cited("x", "y", "z", "1", ("buying.delivery_inquiry",), customer="C002"),)},
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_belongs_to_another_customer_is_turned_away(facts: Facts, kind: str, strange: dict[str, Any]) -> None:
    assert planned(order(kind, **strange), facts).problem == "wrong_customer"


# --- versions, sending, putting away -----------------------------------------------------------------------------------


def test_a_new_version_takes_the_place_of_the_old_one_and_can_be_taken_back(facts: Facts) -> None:
    first = made(order(), facts)
    again = replace(from_recipe(first), discount=Decimal(8), replaces=first.id, version=2)
    plan = planned(again, with_paper(facts, first))
    assert Update("paper", first.id, "state", "draft", "replaced") in plan.effects
    assert plan.inverse is not None
    assert Update("paper", first.id, "state", "replaced", "draft") in plan.inverse
    second = made(again, with_paper(facts, first))
    assert (second.version, second.amount) == (2, Decimal("460000"))
    assert second.digest != first.digest


@pytest.mark.parametrize("state", ["sent", "replaced", "discarded"])
def test_what_has_ended_is_neither_sent_changed_nor_discarded(facts: Facts, state: Any) -> None:
    paper = replace(made(order(), facts), state=state)
    held = with_paper(facts, paper)
    again = replace(from_recipe(paper), replaces=paper.id, version=2)
    for command in (
        SendPaper(paper.id, paper.digest, DAY, "K001", "D001"),
        DiscardPaper(paper.id),
        MarkPaperSent(paper.id),
        again,
    ):
        assert planned(command, held).problem == "paper_closed"


def test_only_what_was_looked_at_is_sent(facts: Facts) -> None:
    paper = made(order(), facts)
    other = SendPaper(paper.id, "0" * 64, DAY, "K001", "D001")
    assert planned(other, with_paper(facts, paper)).problem == "paper_changed"


def test_a_quotation_that_ran_out_is_not_sent(facts: Facts) -> None:
    paper = made(order(), facts)
    held = with_paper(facts, paper)
    assert paper.valid_until is not None
    on_the_last_day = SendPaper(paper.id, paper.digest, paper.valid_until, "K001", "D001")
    assert planned(on_the_last_day, held).problem is None
    assert planned(replace(on_the_last_day, day=paper.valid_until + timedelta(days=1)), held).problem == "paper_expired"


def test_it_is_sent_to_the_customers_own_contact_and_to_nobody_else(facts: Facts) -> None:
    paper = made(order(), facts)
    held = with_paper(facts, paper)
    assert planned(SendPaper(paper.id, paper.digest, DAY, "K002", "D001"), held).problem == "wrong_customer"
    plan = planned(SendPaper(paper.id, paper.digest, DAY, "K001", "D001"), held)
    assert [effect.to for effect in plan.effects if isinstance(effect, Notify)] == ["person:K001"]
    assert Update("paper", paper.id, "state", "draft", "sent") in plan.effects
    assert plan.inverse is None  # what a customer has read cannot be taken back


def test_where_nobody_can_be_reached_it_is_released_and_nobody_is_told(facts: Facts) -> None:
    paper = made(order(), facts)
    plan = planned(SendPaper(paper.id, paper.digest, DAY, None, "D001"), with_paper(facts, paper))
    assert Update("paper", paper.id, "state", "draft", "approved") in plan.effects
    assert not [effect for effect in plan.effects if isinstance(effect, Notify)]
    sent = planned(MarkPaperSent(paper.id, "D001"), with_paper(facts, replace(paper, state="approved")))
    assert Update("paper", paper.id, "state", "approved", "sent") in sent.effects


def test_a_paper_is_not_marked_as_sent_before_somebody_released_it(facts: Facts) -> None:
    paper = made(order(), facts)
    assert planned(MarkPaperSent(paper.id, "D001"), with_paper(facts, paper)).problem == "paper_closed"


def test_a_deal_that_is_not_the_papers_own_opens_nothing(facts: Facts) -> None:
    theirs = replace(made(order(), facts), customer_id="C002", deal_id="D002", contact_id="K002")
    plan = planned(DiscardPaper(theirs.id, "D001"), with_paper(facts, theirs))
    assert [subject.customer_id for subject in plan.subjects] == ["C002"]


def test_the_same_order_makes_the_same_paper_whenever_it_is_planned(facts: Facts) -> None:
    later = draft(order(), facts, REP, Basis(), "key", NOW + timedelta(hours=20))
    assert draft(order(), facts, REP, Basis(), "key", NOW).digest == later.digest
