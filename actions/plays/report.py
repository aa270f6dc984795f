"""Reports over many customers: who is going cold, and why."""

from actions.commands.crm import SetReminder
from actions.plays.local_time import work_morning_in
from actions.plays.meant import is_named
from actions.plays.play import QuietCustomer, Result
from actions.plays.told import iso, named
from actions.proposal import Answer, Json
from actions.situation import Situation

COOLING_DAYS = 45
"""Half a quarter without a word; the handbook's visit rhythm for an active customer is monthly."""


def value_decay(s: Situation) -> Result:
    everyone = [row for row in s.rows.get("quiet_customers", ()) if isinstance(row, QuietCustomer)]
    if s.customer is not None and is_named(s):
        meant = [row for row in everyone if row.customer.id == s.customer.id]
        if meant and meant[0].days < COOLING_DAYS:
            return Answer("still_warm", _row(meant[0], s.lang), says=("value_decay",))
        everyone = meant or everyone
    cooling = sorted((row for row in everyone if row.days >= COOLING_DAYS), key=lambda row: -row.days)
    if not cooling:
        return Answer("nobody_cooling", {"days": COOLING_DAYS}, says=("open_deals",))
    first = cooling[0].customer
    call = SetReminder(text=named(first, s.lang), due_at=work_morning_in(1, s.now, s.speaker), customer_id=first.id)
    rows = tuple(_row(row, s.lang) for row in cooling)
    return Answer("cooling", {"count": len(cooling), "days": COOLING_DAYS}, rows=rows, offers=(call,))


def _row(quiet: QuietCustomer, lang: str) -> dict[str, Json]:
    intent = quiet.last.intent if quiet.last and quiet.last.intent and quiet.last.intent.startswith("objection.") else None
    return {
        "row": "cooling" if intent is None else "cooling_after",
        "customer": named(quiet.customer, lang),
        "days": quiet.days,
        "tier": quiet.customer.tier or None,
        "last": iso(quiet.last.at) if quiet.last else None,
        "intent": intent,
    }
