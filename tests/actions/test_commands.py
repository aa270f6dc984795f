"""What each command plans: exactly old -> new, what it measures, whom it tells, and why it cannot."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from actions.commands.crm import (
    AssignLeads,
    CancelReminder,
    CreateDeal,
    CreateLead,
    ExportCustomers,
    HoldDeal,
    LogActivity,
    MarkLead,
    ReleaseDeal,
    SetReminder,
    SetWaiting,
    UpdateAmount,
    UpdateStage,
)
from actions.commands.data import RequestData, UpdateAddress, UpdateCompany, UpdateContact
from actions.commands.reviews import SubmitApproval
from actions.commands.service import CloseTicket, OpenTicket, Severity, TakeTicket, TellOwner
from actions.crm.records import Speaker
from actions.proposal import (
    Command,
    Create,
    Facts,
    Notify,
    Plan,
    Redraw,
    Remove,
    Schedule,
    Unschedule,
    Update,
    WriteFile,
)
from tests.actions.house import CUSTOMER, DIRECTOR, FACTS, GUEST, MANAGER, NOW, OTHER_REP, REP

KEY = "P-1"


def plan(command: Command, speaker: Speaker = REP, facts: Facts = FACTS) -> Plan:
    return command.plan(facts, speaker, KEY, NOW)


def updates(made: Plan) -> dict[str, tuple[Any, Any]]:
    return {one.field: (one.old, one.new) for one in made.effects if isinstance(one, Update)}


def notices(made: Plan) -> list[Notify]:
    return [one for one in made.effects if isinstance(one, Notify)]


def facts_with(kind: str, record_id: str, **changed: Any) -> Facts:
    return Facts({**FACTS.records, (kind, record_id): replace(FACTS.get(kind, record_id), **changed)})


# --- deals --------------------------------------------------------------------------------------------------------------


def test_a_stage_moves_from_what_it_is_to_what_is_asked_and_since_now() -> None:
    made = plan(UpdateStage("D001", "negotiation"))
    assert updates(made) == {"stage": ("proposal", "negotiation"), "stage_since": (None, NOW.isoformat())}
    assert [(one.kind, one.id, one.owner_id) for one in made.subjects] == [("deal", "D001", "E01")]


def test_a_won_deal_notifies_nobody() -> None:
    assert notices(plan(UpdateStage("D001", "won"))) == []


def test_the_inverse_of_a_change_puts_the_old_value_back() -> None:
    made = plan(UpdateStage("D001", "lost"))
    assert made.inverse is not None
    assert Update("deal", "D001", "stage", old="lost", new="proposal") in made.inverse


def test_a_lost_deal_can_be_opened_again() -> None:
    assert updates(plan(UpdateStage("D003", "negotiation")))["stage"] == ("won", "negotiation")


def test_only_what_differs_of_an_amount_changes() -> None:
    made = plan(UpdateAmount("D001", amount=Decimal("500000.00"), currency="CNY", discount=Decimal("12.5")))
    assert updates(made) == {"amount": ("480000", "500000"), "discount": ("0", "12.5")}


def test_a_raised_amount_counts_as_a_contract_of_that_size() -> None:
    assert plan(UpdateAmount("D001", amount=Decimal(600000))).measures == {
        "amount": 600000.0,
        "currency": "CNY",
        "contract": True,
    }


def test_a_lowered_amount_is_no_contract() -> None:
    assert "contract" not in plan(UpdateAmount("D004", amount=Decimal(700000))).measures


def test_the_same_figure_in_another_currency_counts_as_a_contract() -> None:
    assert plan(UpdateAmount("D001", currency="USD")).measures["contract"] is True


def test_only_a_higher_discount_is_measured() -> None:
    facts = facts_with("deal", "D001", discount=Decimal(20))
    assert plan(UpdateAmount("D001", discount=Decimal(25)), facts=facts).measures["discount"] == 25.0
    assert "discount" not in plan(UpdateAmount("D001", discount=Decimal(18)), facts=facts).measures


def test_a_deal_is_held_and_released() -> None:
    assert updates(plan(HoldDeal("D001"))) == {"held": (False, True)}
    assert updates(plan(ReleaseDeal("D001"), facts=facts_with("deal", "D001", held=True))) == {"held": (True, False)}


def test_a_deal_waits_on_something_and_then_on_nothing() -> None:
    assert updates(plan(SetWaiting("D001", "materials"))) == {"waiting_on": (None, "materials")}
    waiting = facts_with("deal", "D001", waiting_on="legal")
    assert updates(plan(SetWaiting("D001", None), facts=waiting)) == {"waiting_on": ("legal", None)}


def test_a_new_deal_belongs_to_who_owns_the_customer() -> None:
    made = plan(CreateDeal("C002", "新单", Decimal("1000.50"), product_id="P01"), DIRECTOR)
    (created,) = made.effects
    assert isinstance(created, Create)
    assert (created.values["owner_id"], created.values["amount"]) == ("E05", "1000.5")
    assert made.inverse == (Remove("deal", created.id),)
    assert made.measures == {"amount": 1000.5, "currency": "CNY", "contract": True}


def test_a_new_deal_with_a_customer_of_nobody_belongs_to_who_made_it() -> None:
    (created,) = plan(CreateDeal("C003", "新单", Decimal(1)), MANAGER).effects
    assert isinstance(created, Create)
    assert created.values["owner_id"] == "E11"


def test_submitting_for_approval_tells_legal_and_the_deal_waits_on_them() -> None:
    made = plan(SubmitApproval("D001", "付款条款"))
    assert updates(made) == {"waiting_on": (None, "legal")}
    (notice,) = notices(made)
    assert (notice.to, notice.topic, notice.data["what"]) == ("group:@legal", "approval_submitted", "付款条款")
    assert made.measures["contract"] is True
    assert made.inverse is None


# --- leads --------------------------------------------------------------------------------------------------------------


def test_a_reps_new_lead_is_theirs_and_a_managers_goes_into_the_pool() -> None:
    owners = [plan(CreateLead("新公司", phone="+8610000000009"), speaker).subjects[0].owner_id for speaker in (REP, MANAGER)]
    assert owners == ["E01", None]


def test_a_lead_is_marked() -> None:
    assert updates(plan(MarkLead("L002", "invalid"))) == {"state": ("new", "invalid")}


def test_assigned_leads_change_hands_and_their_new_owner_is_told_once() -> None:
    made = plan(AssignLeads(("L001", "L003", "L001"), "E02"), DIRECTOR)
    assert [(one.id, one.old, one.new) for one in made.effects if isinstance(one, Update)] == [
        ("L001", None, "E02"),
        ("L003", "E05", "E02"),
    ]
    (notice,) = notices(made)
    assert (notice.to, notice.topic, notice.data["count"]) == ("person:E02", "lead_assigned", 2)
    assert made.measures == {"records": 2.0, "new_owner": "E02"}


def test_who_takes_a_lead_themselves_is_not_told() -> None:
    assert notices(plan(AssignLeads(("L001",), "E01"))) == []


def test_a_lead_that_is_theirs_already_is_left_alone() -> None:
    assert plan(AssignLeads(("L001", "L002"), "E01")).measures["records"] == 1.0


# --- notes and promises -------------------------------------------------------------------------------------------------


def test_an_activity_on_a_deal_is_also_one_of_its_customer() -> None:
    (created,) = plan(LogActivity("call", " 客户说再考虑 ", deal_id="D001", intent="objection.thinking")).effects
    assert isinstance(created, Create)
    assert (created.values["customer_id"], created.values["by_id"]) == ("C001", "E01")
    assert created.values["text"] == "客户说再考虑"


def test_a_reminder_is_a_record_and_a_timer() -> None:
    due = NOW + timedelta(days=2)
    made = plan(SetReminder("回访", due, deal_id="D001"))
    created, scheduled = made.effects
    assert isinstance(created, Create)
    assert isinstance(scheduled, Schedule)
    assert (created.values["person_id"], created.values["customer_id"]) == ("E01", "C001")
    assert (scheduled.kind, scheduled.due_at, scheduled.data) == ("reminder", due, {"reminder": created.id})
    assert made.inverse == (Unschedule(scheduled.key), Remove("reminder", created.id))


def test_cancelling_a_reminder_stops_its_timer_and_can_be_taken_back() -> None:
    made = plan(CancelReminder("R001"))
    assert updates(made) == {"state": ("waiting", "cancelled")}
    assert Unschedule("reminder:R001") in made.effects
    assert made.inverse is not None
    assert [type(one) for one in made.inverse] == [Update, Schedule]


# --- taking records out -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("destination", "crosses"), [("", False), ("CN", False), (" cn ", False), ("SG", True), ("us", True)]
)
def test_records_that_go_to_another_country_cross_a_border(destination: str, crosses: bool) -> None:
    made = plan(ExportCustomers(("C001", "C002"), destination, "样例收件人"), DIRECTOR)
    assert made.measures["crosses_border"] is crosses
    assert made.measures["records"] == 2.0
    assert [type(one) for one in made.effects] == [WriteFile]
    assert made.inverse is None


# --- service ------------------------------------------------------------------------------------------------------------


def test_a_ticket_is_raised_in_the_managers_group_with_a_card_that_lets_it_be_taken() -> None:
    made = plan(OpenTicket("fault", "开不了机", "全文", "C001", "K001", "high"), CUSTOMER)
    created, group, owner = made.effects
    assert isinstance(created, Create)
    assert isinstance(group, Notify)
    assert isinstance(owner, Notify)
    assert (group.to, group.topic, group.view_of) == ("group:@managers", "ticket_raised", f"ticket:{created.id}")
    assert group.offers == (TakeTicket(created.id),)
    assert group.data["customer"] == "华康医疗"
    assert (owner.to, owner.view_of) == ("person:E01", group.view_of)


def test_a_ticket_is_answered_the_sooner_the_more_it_matters() -> None:
    severities: tuple[Severity, ...] = ("high", "normal", "low")
    due = [plan(OpenTicket("fault", "s", "t", "C001", severity=severity)).data["due_at"] for severity in severities]
    assert due == sorted(due)
    assert len(set(due)) == 3


def test_a_rep_who_opens_a_ticket_for_their_own_customer_is_not_told_of_it() -> None:
    assert [notice.to for notice in notices(plan(OpenTicket("fault", "s", "t", "C001")))] == ["group:@managers"]


def test_someone_nobody_knows_can_ask_for_a_person() -> None:
    made = plan(OpenTicket("handoff", "转人工", "有人吗"), GUEST)
    assert [notice.to for notice in notices(made)] == ["group:@managers"]
    assert "guest" in OpenTicket.roles


def test_a_taken_ticket_shows_who_has_it_on_every_copy_and_its_owner_hears() -> None:
    made = plan(TakeTicket("T001"), MANAGER)
    assert updates(made) == {"state": ("open", "taken"), "taken_by": (None, "E11")}
    (redraw,) = [one for one in made.effects if isinstance(one, Redraw)]
    assert (redraw.view_of, redraw.topic, redraw.data["by"]) == ("ticket:T001", "ticket_taken", "样例经理")
    assert [notice.to for notice in notices(made)] == ["person:E01"]


def test_a_closed_ticket_is_redrawn() -> None:
    made = plan(CloseTicket("T002"), OTHER_REP)
    assert updates(made)["state"] == ("taken", "closed")
    assert updates(made)["closed_at"] == (None, NOW.isoformat())
    assert [one.topic for one in made.effects if isinstance(one, Redraw)] == ["ticket_closed"]


def test_a_customers_words_reach_the_owner_and_stay_with_the_customer() -> None:
    created, notice = plan(TellOwner("C001", "buying.quote", "报个价", "K001"), CUSTOMER).effects
    assert isinstance(created, Create)
    assert isinstance(notice, Notify)
    assert (created.values["kind"], created.values["customer_id"]) == ("chat", "C001")
    assert (notice.to, notice.topic, notice.data["text"]) == ("person:E01", "customer_said", "报个价")


def test_the_words_of_a_customer_whom_nobody_owns_reach_the_managers() -> None:
    assert [notice.to for notice in notices(plan(TellOwner("C003", "buying.quote", "报个价")))] == ["group:@managers"]


# --- customers' data ----------------------------------------------------------------------------------------------------


def test_an_address_changes_from_old_to_new_and_the_owner_hears_when_the_customer_did_it() -> None:
    made = plan(UpdateAddress("C001", "address", "新路 9 号"), CUSTOMER)
    assert updates(made) == {"address": ("旧路 1 号", "新路 9 号")}
    assert [(notice.to, notice.topic) for notice in notices(made)] == [("person:E01", "customer_changed")]
    assert notices(plan(UpdateAddress("C001", "address", "新路 9 号"), REP)) == []


def test_a_contact_is_corrected() -> None:
    made = plan(UpdateContact("K001", "C001", phone="+8610000000002"))
    assert updates(made) == {"phone": ("+8610000000001", "+8610000000002")}


def test_a_name_without_a_contact_adds_one() -> None:
    (created,) = plan(UpdateContact(None, "C001", person="样例新人", email="new@example.com")).effects
    assert isinstance(created, Create)
    assert (created.kind, created.values["name"], created.values["customer_id"]) == ("contact", "样例新人", "C001")


def test_what_a_company_is_in_law_is_measured_as_legal_data() -> None:
    made = plan(UpdateCompany("C001", company="华康新名", tax_id="91310000SAMPLE0002"), CUSTOMER)
    assert made.measures == {"legal_data": True}
    assert updates(made)["name"] == ("华康医疗", "华康新名")


@pytest.mark.parametrize("what", ["export", "delete", "revoke", "grant", "view"])
def test_a_request_about_data_becomes_a_ticket_for_people(what: Any) -> None:
    created, *_ = plan(RequestData("C001", "K001", what, "请删除"), CUSTOMER).effects
    assert isinstance(created, Create)
    assert (created.kind, created.values["kind"], created.values["subject"]) == ("ticket", "data_request", what)


# --- what cannot be done ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (UpdateStage("D404", "won"), "not_found"),
        (UpdateAmount("D404", Decimal(1)), "not_found"),
        (HoldDeal("D404"), "not_found"),
        (CreateDeal("C404", "t", Decimal(1)), "not_found"),
        (CreateDeal("C001", "t", Decimal(1), product_id="P404"), "not_found"),
        (SubmitApproval("D404", ""), "not_found"),
        (CreateLead("c", product_id="P404"), "not_found"),
        (MarkLead("L404", "invalid"), "not_found"),
        (AssignLeads(("L001", "L404"), "E02"), "not_all"),
        (AssignLeads(("L001",), "E404"), "not_found"),
        (LogActivity("note", "t", deal_id="D404"), "not_found"),
        (SetReminder("t", NOW + timedelta(hours=1), customer_id="C404"), "not_found"),
        (CancelReminder("R404"), "not_found"),
        (ExportCustomers(("C404",), "", "x"), "not_found"),
        (OpenTicket("fault", "s", "t", "C404"), "not_found"),
        (TakeTicket("T404"), "not_found"),
        (CloseTicket("T404"), "not_found"),
        (TellOwner("C404", "i", "t"), "not_found"),
        (UpdateContact("K404", "C001", phone="1"), "not_found"),
        (UpdateAddress("C404", "address", "a"), "not_found"),
        (UpdateCompany("C404", tax_id="1"), "not_found"),
        (RequestData("C404", None, "view", "t"), "not_found"),
        (UpdateStage("D001", "proposal"), "unchanged"),
        (UpdateAmount("D001", Decimal(480000)), "unchanged"),
        (UpdateAmount("D001"), "unchanged"),
        (ReleaseDeal("D001"), "unchanged"),
        (MarkLead("L001", "new"), "unchanged"),
        (AssignLeads(("L002",), "E01"), "unchanged"),
        (CancelReminder("R002"), "unchanged"),
        (CloseTicket("T003"), "unchanged"),
        (UpdateAddress("C001", "address", " 旧路 1 号 "), "unchanged"),
        (UpdateAmount("D003", Decimal(1)), "closed"),
        (HoldDeal("D003"), "closed"),
        (SetWaiting("D003", "legal"), "closed"),
        (SubmitApproval("D003", "x"), "closed"),
        (UpdateAmount("D001", Decimal(-1)), "bad_amount"),
        (UpdateAmount("D001", Decimal("NaN")), "bad_amount"),
        (CreateDeal("C001", "t", Decimal("1e40")), "bad_amount"),
        (UpdateAmount("D001", discount=Decimal(101)), "bad_discount"),
        (UpdateAmount("D001", discount=Decimal("Infinity")), "bad_discount"),
        (UpdateAmount("D001", currency="yuan"), "bad_currency"),
        (CreateDeal("C001", " ", Decimal(1)), "no_text"),
        (CreateLead(""), "no_text"),
        (LogActivity("note", "  "), "no_text"),
        (SetReminder("t", NOW), "past"),
        (AssignLeads((), "E02"), "nothing_chosen"),
        (ExportCustomers((), "", "x"), "nothing_chosen"),
        (AssignLeads(("L001",), "E40"), "not_sales"),
        (TakeTicket("T002"), "already_taken"),
        (TakeTicket("T003"), "ticket_closed"),
        (OpenTicket("fault", "s", "t", "C001", "K002"), "wrong_customer"),
        (TellOwner("C001", "i", "t", "K002"), "wrong_customer"),
        (UpdateContact("K002", "C001", phone="1"), "wrong_customer"),
        (UpdateContact("K001", "C001"), "nothing_given"),
        (UpdateContact(None, "C001", phone="1"), "no_text"),
        (UpdateCompany("C001"), "nothing_given"),
    ],
    ids=repr,
)
def test_what_cannot_be_done_is_a_problem_without_effects(command: Command, problem: str) -> None:
    made = plan(command)
    assert (made.problem, made.effects, made.inverse) == (problem, (), None)


def test_planning_the_same_deed_twice_would_make_the_same_record() -> None:
    command = CreateLead("新公司")
    assert plan(command) == plan(command)
    assert plan(command).effects != command.plan(FACTS, REP, "P-2", NOW).effects
