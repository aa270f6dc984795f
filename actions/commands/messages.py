"""What a colleague writes to a customer through Parley; plans only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from actions.commands.planning import (
    SALES,
    about_contact,
    about_customer,
    first_missing,
    is_text,
    named,
    new_id,
    problem,
    stamp,
)
from actions.crm.records import Contact, Customer, Speaker
from actions.proposal import Create, Facts, Json, Notify, Plan


@dataclass(frozen=True)
class MessageCustomer:
    """Send a customer's contact these words, and keep them with the customer as a chat activity.

    What goes out cannot be taken back, so there is no inverse.
    """

    customer_id: str
    contact_id: str
    text: str

    name: ClassVar[str] = "message_customer"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("contact", self.contact_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        customer: Customer = facts.get("customer", self.customer_id)
        contact: Contact = facts.get("contact", self.contact_id)
        if contact.customer_id != customer.id:
            return problem("wrong_customer", about_customer(customer), contact=contact.id)
        if not is_text(self.text):
            return problem("no_text", about_customer(customer), field="text")
        values: dict[str, Json] = {
            "kind": "chat",
            "text": self.text.strip(),
            "at": stamp(now),
            "customer_id": customer.id,
            "by_id": speaker.person_id,
        }
        told = {"text": self.text.strip(), "by": speaker.name, "by_en": speaker.called("en")}
        return Plan(
            effects=(
                Create("activity", new_id("A", key), values),
                Notify(f"person:{contact.id}", "message_from_colleague", told),
            ),
            subjects=(about_customer(customer), about_contact(contact, facts)),
            measures={"contacts": True, "outward": True},
            data={"contact": contact.name},
        )
