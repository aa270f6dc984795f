"""What a rule can look at: every field of the records, typed, so that a mistake is found when the file is loaded."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from actions.commands.crm import AssignLeads, CreateLead, ExportCustomers, HoldDeal, UpdateAmount
from actions.commands.service import CloseTicket
from actions.crm.records import Crossings, Deal, Speaker, Tally
from actions.decide import decide, sight_of
from actions.policy.fields import RECORDS, sight_from_json, sight_to_json, types_of
from actions.policy.policy import Policy
from actions.proposal import Command, Facts, Notify
from tests.actions.house import CROSSINGS, CUSTOMER, DIRECTOR, FACTS, MANAGER, NOW, POLICY, REP, proposed


def policy(tmp_path: Path, when: str) -> Policy:
    (tmp_path / "policy.yaml").write_text(f"rules:\n  - id: one\n    when: {when}\n    verdict: refuse\n", encoding="utf-8")
    return Policy.load(tmp_path / "policy.yaml")


def rules(tmp_path: Path, when: str, command: Command, by: Speaker = REP) -> list[str]:
    return [reason.rule for reason in decide(proposed(command, by), policy(tmp_path, when), NOW).reasons]


@pytest.mark.parametrize("kind", RECORDS)
def test_every_field_of_a_record_has_its_name_in_rules(kind: str) -> None:
    assert {f"{kind}.{field.name}" for field in fields(RECORDS[kind])} <= types_of().keys()
    assert f"has_{kind}" in types_of()


@pytest.mark.parametrize(
    "when",
    [
        "has_deal && deal.amount > 400000.0",
        "has_deal && deal.stage == 'proposal' && !deal.held",
        "has_customer && customer.tax_id.startsWith('9131')",
        "!deal.has_close_date || deal.close_date < now + duration('72h')",
        "deal.has_product_id && deal.product_id == 'P01'",
        "speaker.is_staff && speaker.role == 'rep' && !('E02' in speaker.team)",
        "command.name == 'update_amount' && command.amount > 9.0",
        "command.has_amount && !command.has_currency",
        "now > timestamp('2026-01-01T00:00:00Z')",
    ],
)
def test_a_rule_about_the_records_holds_for_the_act_at_hand(tmp_path: Path, when: str) -> None:
    assert rules(tmp_path, f'"{when}"', UpdateAmount("D001", Decimal(10))) == ["one"]


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("deal.amuont > 1.0", "undeclared reference to 'deal.amuont'; perhaps deal.amount"),
        ("deal.amount > 1", "write a double with a point"),
        ("deal.held == 'yes'", "no matching overload"),
        ("deal.stage == 'negotation'", "deal.stage is never 'negotation'; it is one of lead, lost, negotiation"),
        ("role in ['rep', 'boss']", "role is never 'boss'"),
        ("command == 'update_amont'", "command is never 'update_amont'"),
        ("customer.close_date < now", "undeclared reference to 'customer.close_date'"),
        ("deal.close_date < '2026-01-01'", "no matching overload"),
        ("command.amuont > 1.0", "undeclared reference to 'command.amuont'"),
    ],
)
def test_a_misspelt_field_a_wrong_type_or_a_value_that_never_is_names_file_line_and_rule(
    tmp_path: Path, when: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=r"policy\.yaml:3: rule one: ") as error:
        policy(tmp_path, f'"{when}"')
    assert problem in str(error.value)


def test_a_record_that_is_not_there_asks_a_person_unless_the_rule_asks_first(tmp_path: Path) -> None:
    lead = CreateLead("样例公司")
    assert rules(tmp_path, "deal.amount > 1.0", lead) == ["policy_error"]
    assert rules(tmp_path, "has_deal && deal.amount > 1.0", lead) == []


def test_an_empty_field_asks_a_person_unless_the_rule_asks_first(tmp_path: Path) -> None:
    assert rules(tmp_path, "deal.close_date < now", HoldDeal("D001")) == ["policy_error"]
    assert rules(tmp_path, "deal.has_close_date && deal.close_date < now", HoldDeal("D001")) == []
    assert rules(tmp_path, "customer.bank == ''", HoldDeal("D001")) == ["one"]


def test_a_day_is_its_first_moment_in_utc(tmp_path: Path) -> None:
    deal = Deal("D009", "C001", "样例", "proposal", Decimal(1), owner_id="E01", close_date=date(2026, 3, 2))
    proposal = replace(proposed(HoldDeal("D001"), REP), seen=Facts({("deal", "D001"): deal}))
    assert sight_of(proposal, 0.0, NOW)["deal.close_date"] == datetime(2026, 3, 2, tzinfo=UTC)


def test_the_customer_of_a_deal_or_a_ticket_is_the_customer(tmp_path: Path) -> None:
    for command in (HoldDeal("D001"), CloseTicket("T001")):
        assert rules(tmp_path, "\"has_customer && customer.id == 'C001'\"", command) == ["one"]


def test_of_several_records_one_is_enough(tmp_path: Path) -> None:
    command = AssignLeads(("L001", "L002"), "E02")
    assert rules(tmp_path, "\"has_lead && lead.company == '一号线索'\"", command, MANAGER) == ["one"]
    assert rules(tmp_path, "\"has_lead && lead.company == '五号线索'\"", command, MANAGER) == []


def test_what_is_written_to_a_contact_goes_outside() -> None:
    proposal = proposed(HoldDeal("D001"), REP)
    assert not sight_of(proposal, 0.0, NOW)["outward"]
    told = replace(proposal.plan, effects=(Notify("person:K001", "anything", {}),))
    assert sight_of(replace(proposal, plan=told), 0.0, NOW)["outward"]
    measured = replace(proposal.plan, measures={"outward": True})
    assert sight_of(replace(proposal, plan=measured), 0.0, NOW)["outward"]


def test_what_reaches_a_customer_by_night_waits_and_what_customers_ask_for_does_not() -> None:
    night = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    by_rep, by_customer = (proposed(HoldDeal("D001"), one) for one in (REP, CUSTOMER))
    outward = {"outward": True}
    rep = replace(by_rep, plan=replace(by_rep.plan, measures=outward))
    customer = replace(by_customer, plan=replace(by_customer.plan, measures=outward))
    assert {one.rule for one in decide(rep, POLICY, night).reasons} == {"off_hours", "quiet_hours"}
    assert {one.rule for one in decide(customer, POLICY, night).reasons} & {"off_hours", "quiet_hours"} == set()
    assert decide(by_rep, POLICY, night).verdict == "run"


def test_the_policy_sees_the_years_count_with_the_act_counted_in() -> None:
    years = {2026: Tally(99_998, 3, 40, known=frozenset({"contact:K001"}), known_here=frozenset())}
    facts = replace(FACTS, crossings=replace(CROSSINGS, people=frozenset({"contact:K001", "contact:K002"}), years=years))
    plan = ExportCustomers(("C001", "C002"), "SG", "x").plan(facts, DIRECTOR, "k", NOW)
    assert plan.measures["people_year"] == 99_999.0
    assert plan.measures["people_destination"] == 42.0
    assert plan.measures["sensitive_year"] == 3.0


@pytest.mark.parametrize(
    "command", [UpdateAmount("D001", Decimal(10)), ExportCustomers(("C001",), "SG", "x"), CloseTicket("T001")]
)
def test_what_a_policy_saw_can_be_kept_and_judged_again(command: Command) -> None:
    sight = sight_of(proposed(command, REP), 600000.0, NOW, POLICY) | {"discount": float("inf")}
    kept = json.loads(json.dumps(sight_to_json(sight)))
    assert sight_from_json(kept) == sight
    assert POLICY.judge(sight_from_json(kept)) == POLICY.judge(sight)


def test_what_does_not_fit_any_more_is_left_out() -> None:
    assert sight_from_json({"now": "once", "amount_cny": "much", "role": "rep"}) == {"role": "rep"}


def test_a_new_year_counts_from_nothing_by_the_houses_clock() -> None:
    years = {2025: Tally(500, 0, 500)}
    crossings = Crossings("SG", frozenset({"contact:K001"}), frozenset(), years)
    facts = replace(FACTS, crossings=crossings)
    command = ExportCustomers(("C001",), "SG", "x")
    before, after = datetime(2025, 12, 31, 15, 59, tzinfo=UTC), datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
    assert command.plan(facts, DIRECTOR, "k", before).measures["people_year"] == 501.0
    assert command.plan(facts, DIRECTOR, "k", after).measures["people_year"] == 1.0
