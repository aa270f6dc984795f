"""What sales people do to leads, deals, activities and reminders; plans only, nothing here touches the world."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime

from actions.commands.planning import (
    SALES,
    about_customer,
    about_deal,
    about_lead,
    about_own,
    changes,
    first_missing,
    is_money,
    is_text,
    named,
    new_id,
    not_found,
    problem,
    some_gone,
    stamp,
)
from actions.crm.crossings import HOUSE_COUNTRY, house_year
from actions.crm.own import json_value
from actions.crm.records import OPEN_STAGES, Crossings, Customer, Deal, Desk, Employee, Lead, Reminder, Speaker, Stage
from actions.proposal import Create, Facts, Json, Notify, Plan, Remove, Schedule, Subject, Unschedule, WriteFile
from actions.signing import agreed_discount

LeadState = Literal["new", "working", "converted", "invalid", "duplicate"]
ActivityKind = Literal["visit", "call", "mail", "note", "chat"]

# --- deals ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UpdateStage:
    """Move a deal along, or end it as won or lost. A closed deal may be opened again: customers do come back."""

    deal_id: str
    stage: Stage

    name: ClassVar[str] = "update_stage"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("deal", self.deal_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        deal: Deal | None = facts.get("deal", self.deal_id)
        if deal is None:
            return not_found("deal", self.deal_id)
        if deal.stage == self.stage:
            return problem("unchanged", about_deal(deal), field="stage", value=self.stage)
        return _deal_changed(deal, {"stage": self.stage, "stage_since": now})


@dataclass(frozen=True)
class UpdateAmount:
    """Correct what a deal is worth, its currency, or the discount (percent off); whatever is None stays as it is."""

    deal_id: str
    amount: Decimal | None = None
    currency: str | None = None
    discount: Decimal | None = None

    name: ClassVar[str] = "update_amount"
    roles: ClassVar[frozenset[str]] = SALES
    editable: ClassVar[tuple[str, ...]] = ("discount", "amount", "currency")

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("deal", self.deal_id), ("desk", f"deal:{self.deal_id}"))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        deal: Deal | None = facts.get("deal", self.deal_id)
        if deal is None:
            return not_found("deal", self.deal_id)
        if deal.stage not in OPEN_STAGES:
            return problem("closed", about_deal(deal), stage=deal.stage)
        if self.amount is not None and not is_money(self.amount):
            return problem("bad_amount", about_deal(deal))
        if self.discount is not None and not (self.discount.is_finite() and 0 <= self.discount <= 100):
            return problem("bad_discount", about_deal(deal))
        if self.currency is not None and not _is_currency(self.currency):
            return problem("bad_currency", about_deal(deal), currency=self.currency)
        given = {"amount": _cents(self.amount), "currency": self.currency, "discount": _cents(self.discount)}
        plan = _deal_changed(deal, {field: value for field, value in given.items() if value is not None})
        desk: Desk | None = facts.get("desk", f"deal:{self.deal_id}")
        agreed = agreed_discount(desk) if desk is not None and plan.problem is None else None
        return plan if agreed is None else replace(plan, measures={**plan.measures, "discount_agreed": float(agreed)})


@dataclass(frozen=True)
class HoldDeal:
    """Put a deal on hold: nothing is chased while the customer thinks."""

    deal_id: str

    name: ClassVar[str] = "hold_deal"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("deal", self.deal_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        return _open_deal_changed(facts, self.deal_id, {"held": True})


@dataclass(frozen=True)
class ReleaseDeal:
    """Take a deal off hold."""

    deal_id: str

    name: ClassVar[str] = "release_deal"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("deal", self.deal_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        return _open_deal_changed(facts, self.deal_id, {"held": False})


@dataclass(frozen=True)
class SetWaiting:
    """Say what a deal is waiting on, or None when it is free again."""

    deal_id: str
    waiting_on: Literal["legal", "materials"] | None

    name: ClassVar[str] = "set_waiting"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("deal", self.deal_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        return _open_deal_changed(facts, self.deal_id, {"waiting_on": self.waiting_on})


@dataclass(frozen=True)
class CreateDeal:
    """Open a deal with a customer. It belongs to whoever owns the customer, else to the speaker."""

    customer_id: str
    title: str
    amount: Decimal
    currency: str = "CNY"
    product_id: str | None = None

    name: ClassVar[str] = "create_deal"
    roles: ClassVar[frozenset[str]] = SALES
    editable: ClassVar[tuple[str, ...]] = ("amount", "currency")

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("product", self.product_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        customer: Customer = facts.get("customer", self.customer_id)
        if not is_text(self.title):
            return problem("no_text", about_customer(customer), field="title")
        if not is_money(self.amount):
            return problem("bad_amount", about_customer(customer))
        if not _is_currency(self.currency):
            return problem("bad_currency", about_customer(customer), currency=self.currency)
        deal = Deal(
            id=new_id("D", key),
            customer_id=customer.id,
            title=self.title.strip(),
            stage="qualified",
            amount=_cents(self.amount) or Decimal(0),
            currency=self.currency,
            product_id=self.product_id,
            owner_id=customer.owner_id or speaker.person_id,
            created_at=now,
            stage_since=now,
        )
        return Plan(
            effects=(_created("deal", deal),),
            subjects=(about_customer(customer), about_deal(deal)),
            measures={"amount": float(deal.amount), "currency": deal.currency, "contract": True},
            inverse=(Remove("deal", deal.id),),
        )


# --- leads ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CreateLead:
    """Note a company's interest. A rep keeps it; from anyone else it goes into the pool."""

    company: str
    person: str = ""
    phone: str | None = None
    email: str | None = None
    product_id: str | None = None
    source: str = ""
    note: str = ""

    name: ClassVar[str] = "create_lead"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("product", self.product_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        if not is_text(self.company):
            return problem("no_text", field="company")
        lead = Lead(
            id=new_id("L", key),
            company=self.company.strip(),
            person=self.person.strip(),
            phone=self.phone,
            email=self.email,
            source=self.source,
            region=speaker.region,
            product_id=self.product_id,
            owner_id=speaker.person_id if speaker.role == "rep" else None,
            note=self.note,
            created_at=now,
        )
        return Plan((_created("lead", lead),), (about_lead(lead),), inverse=(Remove("lead", lead.id),))


@dataclass(frozen=True)
class MarkLead:
    """Say what became of a lead."""

    lead_id: str
    state: LeadState

    name: ClassVar[str] = "mark_lead"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("lead", self.lead_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        lead: Lead | None = facts.get("lead", self.lead_id)
        if lead is None:
            return not_found("lead", self.lead_id)
        change = changes("lead", lead, {"state": self.state})
        if not change.updates:
            return problem("unchanged", about_lead(lead), field="state", value=self.state)
        return Plan(change.updates, (about_lead(lead),), inverse=change.inverse)


@dataclass(frozen=True)
class AssignLeads:
    """Give leads to someone who sells; they are told. Leads that are theirs already are left alone."""

    lead_ids: tuple[str, ...]
    to_id: str

    name: ClassVar[str] = "assign_leads"
    roles: ClassVar[frozenset[str]] = SALES
    batch: ClassVar[str] = "lead_ids"

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("employee", self.to_id), *(("lead", lead_id) for lead_id in dict.fromkeys(self.lead_ids)))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if not self.lead_ids:
            return problem("nothing_chosen", kind="lead")
        if missing := first_missing(facts, (("employee", self.to_id),)):
            return missing
        if gone := some_gone(facts, self.reads[1:], about_lead):
            return gone
        receiver: Employee = facts.get("employee", self.to_id)
        leads: list[Lead] = [facts.get("lead", lead_id) for lead_id in dict.fromkeys(self.lead_ids)]
        subjects = tuple(about_lead(lead) for lead in leads)
        if receiver.role not in ("rep", "manager"):
            return problem("not_sales", *subjects, person=receiver.name)
        moves = [changes("lead", lead, {"owner_id": receiver.id}) for lead in leads if lead.owner_id != receiver.id]
        if not moves:
            return problem("unchanged", *subjects, field="owner_id", value=receiver.name)
        moved = [lead for lead in leads if lead.owner_id != receiver.id]
        companies = [{"id": lead.id, "company": lead.company} for lead in moved]
        told = {"leads": companies, "count": len(moved), "by": speaker.name}
        notice = () if receiver.id == speaker.person_id else (Notify(f"person:{receiver.id}", "lead_assigned", told),)
        return Plan(
            effects=(*(update for move in moves for update in move.updates), *notice),
            subjects=subjects,
            measures={"records": float(len(moved)), "new_owner": receiver.id},
            inverse=tuple(update for move in reversed(moves) for update in move.inverse),
            data={"to": receiver.name, "count": len(moved)},
        )


# --- notes and promises --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LogActivity:
    """Note something that happened: a visit, a call, a remark; with what it meant, when that was read from words."""

    kind: ActivityKind
    text: str
    customer_id: str | None = None
    deal_id: str | None = None
    lead_id: str | None = None
    intent: str | None = None

    name: ClassVar[str] = "log_activity"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("deal", self.deal_id), ("lead", self.lead_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        record_id = new_id("A", key)
        subjects = _about(facts, self.reads) or (about_own("activity", record_id, self.text[:40], speaker),)
        if not is_text(self.text):
            return problem("no_text", *subjects, field="text")
        values: dict[str, Json] = {
            "kind": self.kind,
            "text": self.text.strip(),
            "at": stamp(now),
            "customer_id": self.customer_id or _customer_of(facts, self.deal_id),
            "deal_id": self.deal_id,
            "lead_id": self.lead_id,
            "by_id": speaker.person_id,
            "intent": self.intent,
        }
        effects = (Create("activity", record_id, values),)
        return Plan(effects, subjects, inverse=(Remove("activity", record_id),))


@dataclass(frozen=True)
class SetReminder:
    """Promise the speaker to come back to them at a time."""

    text: str
    due_at: AwareDatetime
    customer_id: str | None = None
    deal_id: str | None = None

    name: ClassVar[str] = "set_reminder"
    roles: ClassVar[frozenset[str]] = SALES
    editable: ClassVar[tuple[str, ...]] = ("due_at",)

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("deal", self.deal_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        record_id = new_id("R", key)
        subjects = _about(facts, self.reads) or (about_own("reminder", record_id, self.text[:40], speaker),)
        if not is_text(self.text):
            return problem("no_text", *subjects, field="text")
        if self.due_at <= now:
            return problem("past", *subjects, due_at=stamp(self.due_at))
        values: dict[str, Json] = {
            "person_id": speaker.person_id,
            "text": self.text.strip(),
            "due_at": stamp(self.due_at),
            "customer_id": self.customer_id or _customer_of(facts, self.deal_id),
            "deal_id": self.deal_id,
            "created_at": stamp(now),
        }
        return Plan(
            effects=(
                Create("reminder", record_id, values),
                Schedule(reminder_timer(record_id), "reminder", self.due_at, {"reminder": record_id}),
            ),
            subjects=subjects,
            inverse=(Unschedule(reminder_timer(record_id)), Remove("reminder", record_id)),
        )


@dataclass(frozen=True)
class CancelReminder:
    """Take back a promise that has not come due."""

    reminder_id: str

    name: ClassVar[str] = "cancel_reminder"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("reminder", self.reminder_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        reminder: Reminder | None = facts.get("reminder", self.reminder_id)
        if reminder is None:
            return not_found("reminder", self.reminder_id)
        subject = Subject("reminder", reminder.id, reminder.text[:40], owner_id=reminder.person_id)
        if reminder.state != "waiting":
            return problem("unchanged", subject, field="state", value=reminder.state)
        timer = reminder_timer(reminder.id)
        change = changes("reminder", reminder, {"state": "cancelled"})
        again = Schedule(timer, "reminder", reminder.due_at, {"reminder": reminder.id})
        return Plan(
            effects=(*change.updates, Unschedule(timer)),
            subjects=(subject,),
            inverse=(*change.inverse, again),
        )


def reminder_timer(reminder_id: str) -> str:
    """The key of the timer that wakes us for a reminder."""
    return f"reminder:{reminder_id}"


# --- taking records out --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExportCustomers:
    """Write customers to a file for someone. `destination` is where it will go: an ISO country, or empty for inside."""

    customer_ids: tuple[str, ...]
    destination: str
    recipient: str

    name: ClassVar[str] = "export_customers"
    roles: ClassVar[frozenset[str]] = SALES
    batch: ClassVar[str] = "customer_ids"

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (*self._customers, *((("crossings", self._to),) if self._crosses else ()))

    @property
    def _customers(self) -> tuple[tuple[str, str], ...]:
        return tuple(("customer", customer_id) for customer_id in dict.fromkeys(self.customer_ids))

    @property
    def _to(self) -> str:
        return self.destination.strip().upper()

    @property
    def _crosses(self) -> bool:
        return self._to not in ("", HOUSE_COUNTRY)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if not self.customer_ids:
            return problem("nothing_chosen", kind="customer")
        if gone := some_gone(facts, self._customers, about_customer):
            return gone
        customers: list[Customer] = [facts.get(*ref) for ref in self._customers]
        destination, crosses = self._to, self._crosses
        ids = tuple(customer.id for customer in customers)
        file = f"{new_id('customers', key)}.csv"
        return Plan(
            effects=(WriteFile(file, "customer", ids, destination if crosses else ""),),
            subjects=tuple(about_customer(customer) for customer in customers),
            measures={
                "records": float(len(customers)),
                "destination": destination,
                "crosses_border": crosses,
                **people_leaving(facts.crossings if crosses else None, now),
            },
            data={"file": file, "count": len(customers), "recipient": self.recipient, "destination": destination},
        )


def people_leaving(crossings: Crossings | None, now: datetime) -> dict[str, float]:
    """The year's count with this act counted in; without one the policy cannot know it, and asks."""
    if crossings is None:
        return {}
    people, sensitive, here = crossings.reached(house_year(now))
    return {
        "people": float(len(crossings.people)),
        "people_year": float(people),
        "people_destination": float(here),
        "sensitive_year": float(sensitive),
    }


# --- shared by the commands above ----------------------------------------------------------------------------------------


def _open_deal_changed(facts: Facts, deal_id: str, wanted: Mapping[str, Any]) -> Plan:
    deal: Deal | None = facts.get("deal", deal_id)
    if deal is None:
        return not_found("deal", deal_id)
    if deal.stage not in OPEN_STAGES:
        return problem("closed", about_deal(deal), stage=deal.stage)
    return _deal_changed(deal, wanted)


def _deal_changed(deal: Deal, wanted: Mapping[str, Any]) -> Plan:
    """The change, its inverse, and what the policy should know: what it is worth now, and whether it asks for more."""
    change = changes("deal", deal, wanted)
    if not change.updates:
        return problem("unchanged", about_deal(deal), field=next(iter(wanted), ""))
    amount, currency = wanted.get("amount", deal.amount), wanted.get("currency", deal.currency)
    measures: dict[str, float | bool | str] = {"amount": float(amount), "currency": currency}
    # a foreign currency may be worth more at the same figure, so a new currency counts as more
    if amount > deal.amount or currency != deal.currency:
        measures["contract"] = True
    if wanted.get("discount", Decimal(0)) > deal.discount:
        measures["discount"] = float(wanted["discount"])
    return Plan(change.updates, (about_deal(deal),), measures, inverse=change.inverse)


def _created(kind: str, record: Deal | Lead) -> Create:
    values = {field: json_value(value) for field, value in vars(record).items() if field != "id"}
    return Create(kind, record.id, values)


def _about(facts: Facts, refs: tuple[tuple[str, str], ...]) -> tuple[Subject, ...]:
    about: dict[str, Any] = {"customer": about_customer, "deal": about_deal, "lead": about_lead}
    # the deal first: it is what "that deal" will mean
    deal_first = sorted(refs, key=lambda ref: ref[0] != "deal")
    return tuple(about[kind](facts.get(kind, record_id)) for kind, record_id in deal_first)


def _customer_of(facts: Facts, deal_id: str | None) -> str | None:
    deal: Deal | None = facts.get("deal", deal_id)
    return None if deal is None else deal.customer_id


def _cents(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.01"))


def _is_currency(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()
