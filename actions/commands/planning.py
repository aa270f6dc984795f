"""What every command's plan is made of: exact changes with their inverse, ids derived from the key, plain problems."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from actions.crm.own import MAX_MONEY, json_value
from actions.crm.records import Contact, Customer, Deal, Lead, Speaker, Ticket
from actions.proposal import Facts, Json, Plan, Subject, Update

SALES = frozenset({"rep", "manager", "director"})
"""Who may change customer records at all; whose records decide.py checks."""
MAX_TEXT = 4000
"""Longest note, ticket or address kept, in characters: what a phone shows in a few screens."""


def new_id(letter: str, key: str) -> str:
    """The id of a record made by the deed `key`: the same deed twice would make the same record."""
    return f"{letter}-{sha256(f'{letter}:{key}'.encode()).hexdigest()[:10]}"


def problem(name: str, *subjects: Subject, **data: Json) -> Plan:
    """A plan that cannot be carried out, and why (`problem.<name>` in the wording)."""
    titled: dict[str, Json] = {"title": subjects[0].title} if subjects else {}
    return Plan(subjects=subjects, problem=name, data=titled | data)


def not_found(kind: str, record_id: str | None) -> Plan:
    return problem("not_found", kind=kind, id=record_id)


def some_gone(facts: Facts, refs: Sequence[tuple[str, str]], about: Callable[[Any], Subject]) -> Plan | None:
    """The problem of a command over many records of which some are not there: one of one is simply not found."""
    gone = [record_id for kind, record_id in refs if facts.get(kind, record_id) is None]
    if not gone:
        return None
    if len(refs) == 1:
        return not_found(*refs[0])
    found = [about(record) for ref in refs if (record := facts.get(*ref)) is not None]
    return problem("not_all", *found, gone=gone, missing=len(gone), count=len(refs))


@dataclass(frozen=True)
class Changes:
    """Fields of one record as they should become; those that already are so fall away."""

    updates: tuple[Update, ...]

    @property
    def inverse(self) -> tuple[Update, ...]:
        """The same fields back, in reverse order; applies only while nobody has changed them since."""
        return tuple(Update(one.kind, one.id, one.field, old=one.new, new=one.old) for one in reversed(self.updates))


def changes(kind: str, record: Any, wanted: Mapping[str, Any]) -> Changes:
    """What must change so that `record` holds the wanted typed values."""
    pairs = ((field, json_value(getattr(record, field)), json_value(value)) for field, value in wanted.items())
    return Changes(tuple(Update(kind, record.id, field, old, new) for field, old, new in pairs if old != new))


def about_customer(customer: Customer) -> Subject:
    return Subject("customer", customer.id, customer.name, customer_id=customer.id, owner_id=customer.owner_id)


def about_deal(deal: Deal) -> Subject:
    return Subject("deal", deal.id, deal.title, customer_id=deal.customer_id, owner_id=deal.owner_id)


def about_lead(lead: Lead) -> Subject:
    return Subject("lead", lead.id, lead.company, owner_id=lead.owner_id)


def about_ticket(ticket: Ticket, facts: Facts) -> Subject:
    return Subject("ticket", ticket.id, ticket.subject, ticket.customer_id, owner_of(facts, ticket.customer_id))


def about_contact(contact: Contact, facts: Facts) -> Subject:
    return Subject("contact", contact.id, contact.name, contact.customer_id, owner_of(facts, contact.customer_id))


def about_own(kind: str, record_id: str, title: str, speaker: Speaker) -> Subject:
    """Something of the speaker's alone: a note to themselves, a reminder."""
    return Subject(kind, record_id, title, owner_id=speaker.person_id)


def owner_of(facts: Facts, customer_id: str | None) -> str | None:
    customer: Customer | None = facts.get("customer", customer_id)
    return None if customer is None else customer.owner_id


def customer_name(facts: Facts, customer_id: str | None) -> str:
    customer: Customer | None = facts.get("customer", customer_id)
    return "" if customer is None else customer.name


def named(*refs: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    """The references that are given at all, for `reads`."""
    return tuple((kind, record_id) for kind, record_id in refs if record_id is not None)


def first_missing(facts: Facts, refs: tuple[tuple[str, str], ...]) -> Plan | None:
    """The problem that one of these records does not exist, or None."""
    return next((not_found(kind, record_id) for kind, record_id in refs if facts.get(kind, record_id) is None), None)


def is_money(amount: Decimal) -> bool:
    """Whether it can be the worth of a deal: finite, more than nothing, and within what the store keeps."""
    return amount.is_finite() and 0 < amount <= MAX_MONEY


def is_text(text: str) -> bool:
    return 0 < len(text.strip()) <= MAX_TEXT


def stamp(moment: datetime) -> str:
    text: str = json_value(moment)
    return text
