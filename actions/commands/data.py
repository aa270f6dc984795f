"""What changes in a customer's own data, and what a customer asks for about it; plans only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from actions.commands.planning import (
    SALES,
    Changes,
    about_contact,
    about_customer,
    changes,
    first_missing,
    is_text,
    named,
    new_id,
    not_found,
    problem,
)
from actions.commands.service import ticket_opened
from actions.crm.own import json_value
from actions.crm.records import Contact, Customer, Speaker, Ticket
from actions.proposal import Create, Effect, Facts, Json, Notify, Plan, Remove, Subject

WhichAddress = Literal["address", "delivery_address", "billing_address"]
DataRequest = Literal["export", "delete", "revoke", "grant", "view"]


@dataclass(frozen=True)
class UpdateContact:
    """Correct a person at a customer; without `contact_id` but with the person's name, add one."""

    contact_id: str | None
    customer_id: str
    person: str | None = None
    phone: str | None = None
    email: str | None = None

    name: ClassVar[str] = "update_contact"
    roles: ClassVar[frozenset[str]] = SALES | {"customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("contact", self.contact_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        customer: Customer = facts.get("customer", self.customer_id)
        contact: Contact | None = facts.get("contact", self.contact_id)
        given = {"name": self.person, "phone": self.phone, "email": self.email}
        wanted = {field: value.strip() for field, value in given.items() if value is not None and is_text(value)}
        if not wanted:
            return problem("nothing_given", about_customer(customer), kind="contact")
        if contact is None:
            return self._added(customer, wanted, speaker, key)
        if contact.customer_id != customer.id:
            return problem("wrong_customer", about_customer(customer), contact=contact.id)
        change = changes("contact", contact, wanted)
        # the customer first: whose company it is decides who may confirm
        return _changed(customer, change, speaker, about_contact(contact, facts))

    def _added(self, customer: Customer, wanted: dict[str, str], speaker: Speaker, key: str) -> Plan:
        if "name" not in wanted:
            return problem("no_text", about_customer(customer), field="person")
        contact_id = new_id("K", key)
        values: dict[str, Json] = {"customer_id": customer.id, "lang": customer.lang, **wanted}
        subject = Subject("contact", contact_id, wanted["name"], customer.id, customer.owner_id)
        given = {"person" if field == "name" else field: value for field, value in wanted.items()}
        fields: list[Json] = [{"field": field, "old": None, "new": value} for field, value in given.items()]
        effects: tuple[Effect, ...] = (Create("contact", contact_id, values), *_told_owner(customer, fields, speaker))
        return Plan(effects, (about_customer(customer), subject), inverse=(Remove("contact", contact_id),))


@dataclass(frozen=True)
class UpdateAddress:
    """Change one of a customer's three addresses."""

    customer_id: str
    which: WhichAddress
    address: str

    name: ClassVar[str] = "update_address"
    roles: ClassVar[frozenset[str]] = SALES | {"customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("customer", self.customer_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        customer: Customer | None = facts.get("customer", self.customer_id)
        if customer is None:
            return not_found("customer", self.customer_id)
        if not is_text(self.address):
            return problem("no_text", about_customer(customer), field=self.which)
        return _changed(customer, changes("customer", customer, {self.which: self.address.strip()}), speaker)


@dataclass(frozen=True)
class UpdateCompany:
    """Change what a customer is in law: company name, tax id, bank, invoice title. The policy asks a person first."""

    customer_id: str
    company: str | None = None
    tax_id: str | None = None
    bank: str | None = None
    invoice_title: str | None = None

    name: ClassVar[str] = "update_company"
    roles: ClassVar[frozenset[str]] = SALES | {"customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("customer", self.customer_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        customer: Customer | None = facts.get("customer", self.customer_id)
        if customer is None:
            return not_found("customer", self.customer_id)
        given = {"name": self.company, "tax_id": self.tax_id, "bank": self.bank, "invoice_title": self.invoice_title}
        wanted = {field: value.strip() for field, value in given.items() if value is not None and is_text(value)}
        if not wanted:
            return problem("nothing_given", about_customer(customer), kind="customer")
        return _changed(customer, changes("customer", customer, wanted), speaker, legal_data=True)


@dataclass(frozen=True)
class RequestData:
    """A customer asks for their data, its deletion, or changes what they allow; people see to it as a ticket."""

    customer_id: str
    contact_id: str | None
    what: DataRequest
    text: str

    name: ClassVar[str] = "request_data"
    roles: ClassVar[frozenset[str]] = SALES | {"customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("contact", self.contact_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        ticket = Ticket(
            id=new_id("T", key),
            kind="data_request",
            subject=self.what,
            text=self.text,
            customer_id=self.customer_id,
            contact_id=self.contact_id,
        )
        return ticket_opened(ticket, facts, speaker, now)


def _changed(customer: Customer, change: Changes, speaker: Speaker, *further: Subject, legal_data: bool = False) -> Plan:
    """A change of customer data."""
    subjects = (about_customer(customer), *further)
    if not change.updates:
        return problem("unchanged", *subjects, kind="customer")
    fields: list[Json] = [{"field": one.field, "old": one.old, "new": one.new} for one in change.updates]
    return Plan(
        effects=(*change.updates, *_told_owner(customer, fields, speaker)),
        subjects=subjects,
        measures={"legal_data": True} if legal_data else {},
        inverse=change.inverse,
        data={"customer": json_value(customer.name)},
    )


def _told_owner(customer: Customer, fields: list[Json], speaker: Speaker) -> tuple[Notify, ...]:
    """When customers change their data themselves, the rep who looks after them hears of it."""
    if speaker.role != "customer" or not customer.owner_id:
        return ()
    told = {"customer": customer.name, "customer_id": customer.id, "contact": speaker.name, "changes": fields}
    return (Notify(f"person:{customer.owner_id}", "customer_changed", told),)
