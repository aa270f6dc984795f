"""What serving a customer takes: tickets, and a customer's words that reach the owner; plans only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from actions.commands.planning import (
    SALES,
    about_contact,
    about_customer,
    about_ticket,
    changes,
    customer_name,
    first_missing,
    is_text,
    named,
    new_id,
    not_found,
    owner_of,
    problem,
    stamp,
)
from actions.crm.records import Contact, Customer, Speaker, Ticket, TicketKind
from actions.proposal import Create, Effect, Facts, Json, Notify, Plan, Redraw, Subject

Severity = Literal["low", "normal", "high", "urgent"]
ANSWER_WITHIN: dict[Severity, timedelta] = {
    "urgent": timedelta(minutes=30),
    "high": timedelta(hours=1),
    "normal": timedelta(hours=4),
    "low": timedelta(hours=24),
}
"""The house's promise: by when a person must have answered a ticket."""


@dataclass(frozen=True)
class OpenTicket:
    """Raise something a customer waits for in the managers' group, where it can be taken; the owning rep learns of it."""

    kind: TicketKind
    subject: str
    text: str
    customer_id: str | None = None
    contact_id: str | None = None
    severity: Severity = "normal"

    name: ClassVar[str] = "open_ticket"
    # whoever asks for a person gets one, known or not
    roles: ClassVar[frozenset[str]] = SALES | {"customer", "guest"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("contact", self.contact_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        if not is_text(self.subject):
            return problem("no_text", field="subject")
        ticket = Ticket(
            id=new_id("T", key),
            kind=self.kind,
            subject=self.subject.strip(),
            text=self.text,
            customer_id=self.customer_id,
            contact_id=self.contact_id,
            severity=self.severity,
        )
        return ticket_opened(ticket, facts, speaker, now)


@dataclass(frozen=True)
class TakeTicket:
    """The speaker will see to a ticket; every copy of its card shows who has it."""

    ticket_id: str

    name: ClassVar[str] = "take_ticket"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("ticket", self.ticket_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        ticket: Ticket | None = facts.get("ticket", self.ticket_id)
        if ticket is None:
            return not_found("ticket", self.ticket_id)
        subject = about_ticket(ticket, facts)
        if ticket.state == "closed":
            return problem("ticket_closed", subject, ticket=ticket.id, subject=ticket.subject)
        if ticket.state == "taken":
            name = "unchanged" if ticket.taken_by == speaker.person_id else "already_taken"
            return problem(name, subject, ticket=ticket.id, by=ticket.taken_by, field="state", value=ticket.state)
        change = changes("ticket", ticket, {"state": "taken", "taken_by": speaker.person_id})
        told = _card(ticket, facts, speaker, state="taken")
        tell: tuple[Effect, ...] = ()
        if subject.owner_id not in (None, speaker.person_id):
            tell = (Notify(f"person:{subject.owner_id}", "ticket_taken", told),)
        return Plan(
            effects=(*change.updates, Redraw(f"ticket:{ticket.id}", "ticket_taken", told), *tell),
            subjects=(subject,),
            inverse=(
                *change.inverse,
                Redraw(f"ticket:{ticket.id}", "ticket_raised", _card(ticket, facts, speaker, state="open")),
            ),
        )


@dataclass(frozen=True)
class CloseTicket:
    """What the customer waited for is settled."""

    ticket_id: str

    name: ClassVar[str] = "close_ticket"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("ticket", self.ticket_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        ticket: Ticket | None = facts.get("ticket", self.ticket_id)
        if ticket is None:
            return not_found("ticket", self.ticket_id)
        subject = about_ticket(ticket, facts)
        if ticket.state == "closed":
            return problem("unchanged", subject, ticket=ticket.id, field="state", value="closed")
        change = changes("ticket", ticket, {"state": "closed", "closed_at": now})
        was = "ticket_taken" if ticket.state == "taken" else "ticket_raised"
        return Plan(
            effects=(
                *change.updates,
                Redraw(f"ticket:{ticket.id}", "ticket_closed", _card(ticket, facts, speaker, state="closed")),
            ),
            subjects=(subject,),
            inverse=(
                *change.inverse,
                Redraw(f"ticket:{ticket.id}", was, _card(ticket, facts, speaker, state=ticket.state)),
            ),
        )


@dataclass(frozen=True)
class TellOwner:
    """A customer's words reach the rep who looks after them, and stay with the customer as a chat activity."""

    customer_id: str
    intent: str
    text: str
    contact_id: str | None = None

    name: ClassVar[str] = "tell_owner"
    roles: ClassVar[frozenset[str]] = SALES | {"customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("contact", self.contact_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        customer: Customer = facts.get("customer", self.customer_id)
        contact: Contact | None = facts.get("contact", self.contact_id)
        if contact is not None and contact.customer_id != customer.id:
            return problem("wrong_customer", about_customer(customer), contact=contact.id)
        values: dict[str, Json] = {
            "kind": "chat",
            "text": self.text,
            "at": stamp(now),
            "customer_id": customer.id,
            "by_id": speaker.person_id,
            "intent": self.intent,
        }
        told = {
            "customer": customer.name,
            "customer_id": customer.id,
            "contact": contact.name if contact else speaker.name,
            "text": self.text,
            "intent": self.intent,
        }
        # nobody looks after this customer yet: the managers decide who does
        to = f"person:{customer.owner_id}" if customer.owner_id else "group:@managers"
        subjects = (about_customer(customer), *((about_contact(contact, facts),) if contact else ()))
        return Plan((Create("activity", new_id("A", key), values), Notify(to, "customer_said", told)), subjects)


def ticket_opened(ticket: Ticket, facts: Facts, speaker: Speaker, now: datetime) -> Plan:
    """The plan that opens this ticket (id, words and severity given) and raises it where people will see it."""
    contact: Contact | None = facts.get("contact", ticket.contact_id)
    customer_id = ticket.customer_id or (contact.customer_id if contact else None)
    owner_id = owner_of(facts, customer_id)
    if contact is not None and contact.customer_id != customer_id:
        subject = Subject("contact", contact.id, contact.name, contact.customer_id)
        return problem("wrong_customer", subject, contact=contact.id)
    due_at = stamp(now + ANSWER_WITHIN[ticket.severity])
    values: dict[str, Json] = {
        "kind": ticket.kind,
        "subject": ticket.subject,
        "text": ticket.text,
        "customer_id": customer_id,
        "contact_id": ticket.contact_id,
        "severity": ticket.severity,
        "opened_by": speaker.person_id,
        "opened_at": stamp(now),
        "due_at": due_at,
    }
    told = {**_card(ticket, facts, speaker, state="open"), "customer": customer_name(facts, customer_id), "due_at": due_at}
    card, offers = f"ticket:{ticket.id}", (TakeTicket(ticket.id),)
    effects: list[Effect] = [
        Create("ticket", ticket.id, values),
        Notify("group:@managers", "ticket_raised", told, view_of=card, offers=offers),
    ]
    if owner_id not in (None, speaker.person_id):
        effects.append(Notify(f"person:{owner_id}", "ticket_raised", told, view_of=card, offers=offers))
    subject = Subject("ticket", ticket.id, ticket.subject, customer_id, owner_id)
    return Plan(tuple(effects), (subject,), data={"ticket": ticket.id, "due_at": due_at})


def _card(ticket: Ticket, facts: Facts, speaker: Speaker, *, state: str) -> dict[str, Json]:
    contact: Contact | None = facts.get("contact", ticket.contact_id)
    card: dict[str, Json] = {
        "ticket": ticket.id,
        "kind": ticket.kind,
        "severity": ticket.severity,
        "subject": ticket.subject,
        "text": ticket.text,
        "customer": customer_name(facts, ticket.customer_id),
        "contact": contact.name if contact else "",
        "state": state,
        "by": speaker.name,
    }
    if ticket.recording_id is not None:
        card["recording"] = ticket.recording_id
    if ticket.due_at is not None:
        card["due_at"] = stamp(ticket.due_at)
    return card
