"""Who may do what, when a person is asked and whom, and that no further check ever makes it milder."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commands.crm import (
    AssignLeads,
    CreateDeal,
    ExportCustomers,
    HoldDeal,
    LogActivity,
    MarkLead,
    SetReminder,
    UpdateAmount,
    UpdateStage,
)
from actions.commands.data import RequestData, UpdateAddress, UpdateCompany, UpdateContact
from actions.commands.reviews import SubmitApproval
from actions.commands.service import OpenTicket, TakeTicket, TellOwner
from actions.crm.records import Speaker
from actions.decide import answered, combine, decide, may_confirm, needs_of, still_needed
from actions.policy.policy import Finding
from actions.proposal import SEVERITY, Command, Confirmers, Decision, Plan, Proposal, Reason, Yes
from tests.actions.any_command import commands
from tests.actions.house import (
    CONSULTANT,
    CUSTOMER,
    DIRECTOR,
    EVERYONE,
    GUEST,
    LEGAL,
    MANAGER,
    NOW,
    OTHER_MANAGER,
    OTHER_REP,
    POLICY,
    REP,
    SECOND_DIRECTOR,
    WORDS,
    proposed,
)


def decided(command: Command, speaker: Speaker) -> Decision:
    return decide(proposed(command, speaker), POLICY, NOW)


def rules(decision: Decision) -> list[str]:
    return [reason.rule for reason in decision.reasons]


def confirmers(command: Command, speaker: Speaker) -> list[Speaker]:
    proposal = proposed(command, speaker)
    decision = decide(proposal, POLICY, NOW)
    assert decision.verdict == "confirm"
    return [person for person in EVERYONE if may_confirm(proposal, decision, person)]


# --- permission ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("speaker", "command", "verdict"),
    [
        (REP, UpdateStage("D001", "negotiation"), "run"),
        (REP, UpdateStage("D002", "won"), "refuse"),
        (OTHER_REP, UpdateStage("D001", "negotiation"), "refuse"),
        (MANAGER, UpdateStage("D001", "negotiation"), "run"),
        (OTHER_MANAGER, UpdateStage("D001", "negotiation"), "refuse"),
        (DIRECTOR, UpdateStage("D001", "negotiation"), "run"),
        (CONSULTANT, UpdateStage("D001", "negotiation"), "refuse"),
        (LEGAL, UpdateStage("D001", "negotiation"), "refuse"),
        (CUSTOMER, UpdateStage("D001", "negotiation"), "refuse"),
        (GUEST, UpdateStage("D001", "negotiation"), "refuse"),
        (REP, MarkLead("L001", "working"), "run"),
        (REP, MarkLead("L003", "working"), "refuse"),
        (OTHER_MANAGER, MarkLead("L001", "working"), "run"),
        (REP, CreateDeal("C001", "新单", Decimal(1)), "run"),
        (REP, CreateDeal("C002", "新单", Decimal(1)), "refuse"),
        (REP, CreateDeal("C003", "新单", Decimal(1)), "refuse"),
        (MANAGER, CreateDeal("C003", "新单", Decimal(1)), "run"),
        (REP, LogActivity("note", "给自己"), "run"),
        (REP, SetReminder("给自己", NOW + timedelta(hours=1)), "run"),
        (REP, SetReminder("别人的客户", NOW + timedelta(hours=1), customer_id="C002"), "refuse"),
        (REP, TakeTicket("T001"), "run"),
        (OTHER_REP, TakeTicket("T001"), "refuse"),
        (MANAGER, TakeTicket("T001"), "run"),
        (CUSTOMER, TakeTicket("T001"), "refuse"),
        (CUSTOMER, UpdateAddress("C001", "address", "新路"), "run"),
        (CUSTOMER, UpdateAddress("C002", "address", "新路"), "refuse"),
        (CUSTOMER, UpdateContact("K001", "C001", phone="+8610000000003"), "run"),
        (CUSTOMER, UpdateContact("K002", "C002", phone="+8610000000003"), "refuse"),
        (CUSTOMER, OpenTicket("fault", "s", "t", "C001", "K001"), "run"),
        (CUSTOMER, OpenTicket("fault", "s", "t", "C002"), "refuse"),
        (CUSTOMER, OpenTicket("handoff", "s", "t"), "refuse"),
        (CUSTOMER, TellOwner("C001", "buying.quote", "t", "K001"), "run"),
        (CUSTOMER, RequestData("C001", "K001", "view", "t"), "run"),
        (replace(CUSTOMER, customer_id=None), UpdateAddress("C001", "address", "新路"), "refuse"),
        (replace(CUSTOMER, customer_id=None), OpenTicket("handoff", "s", "t"), "run"),
        (GUEST, OpenTicket("handoff", "s", "t"), "run"),
        (GUEST, OpenTicket("handoff", "s", "t", "C001"), "refuse"),
        (GUEST, TellOwner("C001", "buying.quote", "t"), "refuse"),
        (REP, AssignLeads(("L001",), "E01"), "run"),
        (REP, AssignLeads(("L001",), "E02"), "refuse"),
        (REP, AssignLeads(("L002",), "E02"), "run"),
        (REP, AssignLeads(("L003",), "E01"), "refuse"),
        (MANAGER, AssignLeads(("L001",), "E02"), "run"),
        (MANAGER, AssignLeads(("L001",), "E05"), "refuse"),
        (DIRECTOR, AssignLeads(("L001",), "E05"), "run"),
    ],
    ids=lambda value: value.role if isinstance(value, Speaker) else repr(value),
)
def test_who_may_do_what(speaker: Speaker, command: Command, verdict: str) -> None:
    assert decided(command, speaker).verdict == verdict


def test_a_problem_of_the_plan_refuses_with_what_it_is() -> None:
    decision = decided(HoldDeal("D404"), REP)
    assert decision.verdict == "refuse"
    assert decision.reasons[0].data == {"problem": "not_found", "kind": "deal", "id": "D404"}


# --- when a person is asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (UpdateAmount("D001", Decimal(500000)), []),
        (UpdateAmount("D001", Decimal("500000.01")), ["contract_value"]),
        (UpdateAmount("D001", currency="USD"), ["contract_value"]),
        (UpdateAmount("D004", Decimal(800000)), []),
        (UpdateAmount("D005", Decimal(80000)), ["contract_value"]),
        (UpdateAmount("D001", Decimal(490000), currency="XAU"), ["unknown_currency"]),
        (CreateDeal("C001", "大单", Decimal(2000000)), ["contract_value"]),
        (SubmitApproval("D004", "合同"), ["contract_value"]),
        (SubmitApproval("D001", "合同"), []),
        (UpdateAmount("D001", discount=Decimal(12)), ["own_limit"]),
        (UpdateAmount("D001", discount=Decimal(16)), ["discount"]),
        (UpdateAmount("D001", Decimal(600000), discount=Decimal(16)), ["contract_value", "discount"]),
        (UpdateAmount("D001", discount=Decimal(31)), ["discount_limit", "discount"]),
        (ExportCustomers(("C001",), "SG", "x"), ["cross_border", "border_exempt"]),
        (ExportCustomers(("C001",), "", "x"), []),
        (UpdateCompany("C001", tax_id="91310000SAMPLE0009"), ["legal_data"]),
    ],
    ids=repr,
)
def test_the_policys_reasons_are_told_severest_first(command: Command, expected: list[str]) -> None:
    assert rules(decided(command, REP)) == expected


def test_more_than_twenty_records_at_once_ask() -> None:
    proposal = proposed(HoldDeal("D001"), REP)
    many = replace(proposal, plan=replace(proposal.plan, measures={"records": 21.0}))
    assert rules(decide(many, POLICY, NOW)) == ["many_records"]


def test_an_unsure_reading_is_confirmed_by_who_said_it() -> None:
    unsure = replace(WORDS, confidence=0.4)
    proposal = proposed(HoldDeal("D001"), REP, unsure)
    decision = decide(proposal, POLICY, NOW)
    assert (decision.verdict, decision.expires_in) == ("confirm", timedelta(hours=4))
    assert [person for person in EVERYONE if may_confirm(proposal, decision, person)] == [REP]


def test_a_pressed_button_is_never_unsure() -> None:
    pressed = replace(WORDS, intent="", confidence=0.0)
    assert decide(proposed(HoldDeal("D001"), REP, pressed), POLICY, NOW).verdict == "run"


# --- who may confirm ----------------------------------------------------------------------------------------------------


def test_a_reps_large_contract_is_confirmed_by_their_manager_or_a_director() -> None:
    assert confirmers(UpdateAmount("D001", Decimal(600000)), REP) == [MANAGER, DIRECTOR, SECOND_DIRECTOR]


def test_a_managers_own_goes_up_to_a_director() -> None:
    assert confirmers(UpdateAmount("D001", Decimal(600000)), MANAGER) == [DIRECTOR, SECOND_DIRECTOR]


def test_a_directors_own_goes_to_another_director_or_legal() -> None:
    assert confirmers(UpdateAmount("D001", Decimal(600000)), DIRECTOR) == [SECOND_DIRECTOR, LEGAL]


def test_what_crosses_a_border_is_confirmed_by_a_director_or_legal() -> None:
    assert confirmers(ExportCustomers(("C001",), "SG", "x"), REP) == [DIRECTOR, SECOND_DIRECTOR, LEGAL]


def test_a_customers_legal_data_is_confirmed_by_the_manager_of_the_rep_who_looks_after_them() -> None:
    assert confirmers(UpdateCompany("C001", tax_id="1"), CUSTOMER) == [MANAGER, DIRECTOR, SECOND_DIRECTOR]


def test_nobody_confirms_what_runs_or_is_refused() -> None:
    for command in (HoldDeal("D001"), UpdateAmount("D001", discount=Decimal(40))):
        proposal = proposed(command, REP)
        decision = decide(proposal, POLICY, NOW)
        assert not any(may_confirm(proposal, decision, person) for person in EVERYONE)


def asking(rule: str, *roles: str, not_requester: bool = True, people: tuple[str, ...] = (), needed: int = 1) -> Finding:
    return Finding(Reason(rule, "confirm"), Confirmers(frozenset(roles), not_requester, frozenset(people), needed))


def test_every_rule_that_asks_gets_its_own_yes() -> None:
    needs = needs_of([asking("money", "manager"), asking("border", "legal")])
    assert [(need.rules, need.confirmers.roles) for need in needs] == [(("money",), {"manager"}), (("border",), {"legal"})]


def test_rules_that_ask_the_same_people_share_one_yes() -> None:
    (need,) = needs_of([asking("money", "manager"), asking("discount", "manager")])
    assert need.rules == ("money", "discount")


def test_one_yes_counts_for_every_rule_that_the_person_serves() -> None:
    proposal = proposed(UpdateAmount("D001", Decimal(600000)), REP)
    decision = combine([asking("money", "manager", "director"), asking("border", "director", "legal")], "")
    assert answered(proposal, decision, MANAGER) == ("money",)
    assert answered(proposal, decision, LEGAL) == ("border",)
    assert answered(proposal, decision, DIRECTOR) == ("money", "border")
    assert still_needed(decision, [Yes("E20", NOW, ("money", "border"))]) == ()
    (left,) = still_needed(decision, [Yes("E11", NOW, ("money",))])
    assert left.rules == ("border",)


def test_who_is_named_may_say_yes_beside_the_offices() -> None:
    proposal = proposed(UpdateAmount("D001", Decimal(600000)), REP)
    decision = combine([asking("money", "director", people=("E31",))], "")
    assert [one for one in EVERYONE if may_confirm(proposal, decision, one)] == [DIRECTOR, SECOND_DIRECTOR, CONSULTANT]


def test_one_person_counts_once_however_often_they_say_yes() -> None:
    decision = combine([asking("money", "director", needed=2)], "")
    twice = [Yes("E20", NOW, ("money",)), Yes("E20", NOW, ("money",))]
    assert [need.confirmers.needed for need in still_needed(decision, twice)] == [1]
    assert still_needed(decision, [*twice, Yes("E21", NOW, ("money",))]) == ()


def test_another_persons_look_makes_ones_own_superfluous() -> None:
    myself = asking("unsure", not_requester=False)
    assert [need.confirmers.not_requester for need in needs_of([myself, myself])] == [False]
    (need,) = needs_of([myself, asking("border", "legal")])
    assert need.confirmers == Confirmers(frozenset({"legal"}))


def test_a_rule_that_names_nobody_asks_a_director() -> None:
    assert needs_of([asking("odd")])[0].confirmers.roles == {"director"}


# --- laws ---------------------------------------------------------------------------------------------------------------

OFFICES = st.frozensets(st.sampled_from(["manager", "director", "legal"]), min_size=1)
FINDINGS = st.builds(
    Finding,
    st.builds(Reason, st.sampled_from(["a", "b", "c"]), st.sampled_from(["run", "confirm", "refuse"])),
    st.builds(Confirmers, OFFICES, st.booleans(), st.frozensets(st.sampled_from(["E01", "E31"])), st.integers(1, 3)),
    st.integers(1, 100).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(["wait", "escalate", "refuse"]),
)


SOMEBODY = st.sampled_from([one for one in EVERYONE if one.is_staff])


@given(st.lists(FINDINGS), FINDINGS)
def test_one_check_more_never_makes_a_decision_milder(findings: list[Finding], further: Finding) -> None:
    before, after = combine(findings, ""), combine([*findings, further], "")
    assert SEVERITY[after.verdict] >= SEVERITY[before.verdict]
    assert after.verdict == max((finding.reason.verdict for finding in [*findings, further]), key=SEVERITY.__getitem__)
    assert len(after.reasons) == len(findings) + 1
    asks = [one for one in [*findings, further] if one.reason.verdict == "confirm"]
    assert all(after.expires_in <= one.expires_in for one in asks)


@given(
    st.lists(FINDINGS, unique_by=lambda one: one.reason.rule),
    FINDINGS.map(lambda one: replace(one, reason=replace(one.reason, rule="d"))),
    st.lists(SOMEBODY, unique=True, max_size=4),
)
def test_yeses_enough_for_more_rules_are_enough_for_fewer(
    findings: list[Finding], further: Finding, said: list[Speaker]
) -> None:
    """Of the rules that need somebody else than the requester alone: one's own look falls away beside them.

    A rule asks once: a yes is kept by the rules' names.
    """
    findings = [one for one in findings if one.confirmers.not_requester or one.confirmers.needed > 1]
    proposal = proposed(UpdateAmount("D001", Decimal(600000)), REP)
    before, after = combine(findings, ""), combine([*findings, further], "")
    if before.verdict == after.verdict == "confirm" and _is_enough(proposal, after, said):
        assert _is_enough(proposal, before, said)


@given(st.lists(FINDINGS, min_size=1), st.lists(SOMEBODY, max_size=5), SOMEBODY)
def test_one_yes_more_never_leaves_more_open(findings: list[Finding], said: list[Speaker], further: Speaker) -> None:
    proposal = proposed(UpdateAmount("D001", Decimal(600000)), REP)
    decision = combine(findings, "")
    if not _is_enough(proposal, decision, [*said, further]):
        assert not _is_enough(proposal, decision, said)


def _is_enough(proposal: Proposal, decision: Decision, said: list[Speaker]) -> bool:
    yeses = [Yes(one.person_id or "", NOW, answered(proposal, decision, one)) for one in said]
    return still_needed(decision, yeses) == ()


@given(st.lists(FINDINGS, min_size=1))
def test_a_question_always_has_someone_to_answer_it(findings: list[Finding]) -> None:
    decision = combine(findings, "")
    assert decision.verdict != "confirm" or decision.needs
    for need in decision.needs:
        assert need.confirmers.roles or need.confirmers.people or not need.confirmers.not_requester


@given(commands(), st.sampled_from(EVERYONE))
def test_deciding_never_raises_and_only_refuses_with_a_reason(command: Command, speaker: Speaker) -> None:
    decision = decided(command, speaker)
    assert decision.verdict == "run" or decision.reasons
    assert decision.policy == POLICY.version


@given(
    st.dictionaries(
        st.sampled_from(["amount_cny", "amount", "currency", "discount", "records", "contract", "destination", "new_owner"]),
        st.floats() | st.booleans() | st.text(),
    ),
    st.sampled_from(EVERYONE),
    st.text(),
)
def test_deciding_never_raises_whatever_is_measured(measures: dict[str, float | bool | str], by: Speaker, zone: str) -> None:
    proposal = replace(proposed(HoldDeal("D001"), replace(by, zone=zone)), plan=Plan(measures=measures))
    assert decide(proposal, POLICY, NOW).verdict in SEVERITY


def test_a_measure_that_is_no_number_is_never_judged_mildly() -> None:
    proposal = replace(proposed(HoldDeal("D001"), REP), plan=Plan(measures={"discount": float("nan")}))
    assert decide(proposal, POLICY, NOW).verdict == "refuse"
