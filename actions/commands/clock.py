"""What the clock does on someone's behalf: a promise that came due is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from actions.commands.planning import SALES, not_found, problem
from actions.crm.records import Speaker
from actions.proposal import Facts, Notify, Plan, Subject, Update


@dataclass(frozen=True)
class DeliverReminder:
    """Tell a person what they wanted to be reminded of, once."""

    reminder_id: str

    name: ClassVar[str] = "deliver_reminder"
    roles: ClassVar[frozenset[str]] = SALES | {"consultant", "legal"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("reminder", self.reminder_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        reminder = facts.get("reminder", self.reminder_id)
        if reminder is None:
            return not_found("reminder", self.reminder_id)
        subject = Subject("reminder", reminder.id, reminder.text[:40], reminder.customer_id, reminder.person_id)
        if reminder.state != "waiting":
            return problem("not_waiting", subject)
        customer = facts.get("customer", reminder.customer_id)
        told = {"text": reminder.text, "customer": customer.name if customer else "", "deal_id": reminder.deal_id}
        return Plan(
            effects=(
                Update("reminder", reminder.id, "state", "waiting", "sent"),
                Notify(f"person:{reminder.person_id}", "reminder", told),
            ),
            subjects=(subject,),
        )
