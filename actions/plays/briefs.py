"""The lists a colleague reads: a customer at a glance, a pipeline, the morning's brief; rows for the wording."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from actions.crm.records import Activity, Contact, Contract, Customer, Deal, Employee, Reminder, Ticket
from actions.plays.local_time import today
from actions.plays.told import iso, money, named, sums
from actions.proposal import Json
from actions.situation import Situation

SOON = timedelta(days=7)
_MONTH = re.compile(r"本月|这个?月|当月|this month", re.IGNORECASE)
_QUARTER = re.compile(r"本季|这个?季|this quarter", re.IGNORECASE)
_MINE = re.compile(r"我的|我手上|我这|\bmy\b|\bmine\b", re.IGNORECASE)


def period_of(text: str) -> str | None:
    """The period that closing dates are to fall in: "month", "quarter", or None for all."""
    if _MONTH.search(text):
        return "month"
    return "quarter" if _QUARTER.search(text) else None


def wanted_deals(s: Situation) -> list[Deal]:
    """The open deals asked for, the largest first: by period, by stage, and one's own where "my" is said."""
    deals = [row for row in s.rows.get("pipeline", ()) if isinstance(row, Deal)]
    day = today(s.now, s.speaker)
    period, stage = period_of(s.text), s.slot("stage")
    if period is not None:
        deals = [deal for deal in deals if deal.close_date is not None and _is_in(period, deal.close_date, day)]
    if stage is not None:
        deals = [deal for deal in deals if deal.stage == stage]
    if _MINE.search(s.text) and any(deal.owner_id == s.speaker.person_id for deal in deals):
        deals = [deal for deal in deals if deal.owner_id == s.speaker.person_id]
    return sorted(deals, key=lambda deal: (-deal.amount, deal.id))


def _is_in(period: str, day: date, now: date) -> bool:
    if day.year != now.year:
        return False
    return day.month == now.month if period == "month" else (day.month - 1) // 3 == (now.month - 1) // 3


def deal_row(deal: Deal) -> dict[str, Json]:
    kind = "deal_held" if deal.held else "deal_waiting" if deal.waiting_on else "deal"
    return {
        "row": kind,
        "deal": deal.title,
        "stage": deal.stage,
        "amount": money(deal.amount, deal.currency),
        "close": iso(deal.close_date),
        "waiting_on": deal.waiting_on,
    }


def customer_data(s: Situation, customer: Customer) -> dict[str, Json]:
    """What stands on the first screen about a customer."""
    owners = {row.id: named(row, s.lang) for row in s.rows.get("team", ()) if isinstance(row, Employee)}
    contacts = [row for row in s.rows.get("contacts", ()) if isinstance(row, Contact)]
    contact = next((row for row in contacts if row.is_primary), contacts[0] if contacts else None)
    open_deals = [row for row in s.rows.get("deals", ()) if isinstance(row, Deal) and row.stage not in ("won", "lost")]
    tickets = [row for row in s.rows.get("tickets", ()) if isinstance(row, Ticket) and row.state != "closed"]
    return {
        "customer": named(customer, s.lang),
        "tier": customer.tier or None,
        "region": customer.region or None,
        "owner": owners.get(customer.owner_id or ""),
        "contact": named(contact, s.lang) if contact else None,
        "title": contact.title or None if contact else None,
        "phone": contact.phone if contact else None,
        "deals": len(open_deals) or None,
        "sums": sums((deal.amount, deal.currency) for deal in open_deals) or None,
        "tickets": len(tickets) or None,
    }


def customer_rows(s: Situation) -> Iterator[dict[str, Json]]:
    """Open deals, what happened last, contracts; in the order a rep before a visit would want them."""
    for deal in s.rows.get("deals", ()):
        if isinstance(deal, Deal) and deal.stage not in ("won", "lost"):
            yield deal_row(deal)
    for activity in s.rows.get("activities", ()):
        if isinstance(activity, Activity):
            yield {"row": "activity", "at": iso(activity.at), "kind": activity.kind, "text": _short(activity.text)}
    for ticket in s.rows.get("tickets", ()):
        if isinstance(ticket, Ticket) and ticket.state != "closed":
            yield {"row": f"ticket_{ticket.state}", "ticket": ticket.id, "subject": ticket.subject, "kind": ticket.kind}
    for contract in s.rows.get("contracts", ()):
        if isinstance(contract, Contract) and contract.state == "active":
            yield _contract_row(contract, None)


def morning_rows(s: Situation) -> Iterator[dict[str, Json]]:
    """Promises due today, what is late, deals about to close, contracts about to end."""
    day = today(s.now, s.speaker)
    names = {row.id: named(row, s.lang) for row in s.rows.get("visible_customers", ()) if isinstance(row, Customer)}
    reminders = [row for row in s.rows.get("reminders", ()) if isinstance(row, Reminder)]
    for reminder in sorted(reminders, key=lambda row: row.due_at):
        if reminder.due_at < s.now + timedelta(days=1):
            yield {"row": "reminder", "at": iso(reminder.due_at), "text": _short(reminder.text)}
    tickets = [row for row in s.rows.get("open_tickets", ()) if isinstance(row, Ticket)]
    for ticket in sorted(tickets, key=lambda row: iso(row.due_at) or "9"):
        is_late = ticket.due_at is not None and ticket.due_at < s.now
        yield {
            "row": "overdue" if is_late else "open_ticket",
            "ticket": ticket.id,
            "subject": ticket.subject,
            "kind": ticket.kind,
            "due": iso(ticket.due_at),
            "customer": names.get(ticket.customer_id or ""),
        }
    deals = [row for row in s.rows.get("pipeline", ()) if isinstance(row, Deal) and row.close_date is not None]
    for deal in sorted(deals, key=lambda row: row.close_date or day):
        if deal.close_date is not None and deal.close_date <= day + SOON:
            yield {**deal_row(deal), "row": "closing_late" if deal.close_date < day else "closing"}
    contracts = [row for row in s.rows.get("renewals", ()) if isinstance(row, Contract)]
    for contract in sorted(contracts, key=lambda row: row.ends or day)[:5]:
        yield _contract_row(contract, names.get(contract.customer_id))


def _contract_row(contract: Contract, customer: str | None) -> dict[str, Json]:
    return {"row": "contract_ends", "contract": contract.title, "ends": iso(contract.ends), "customer": customer}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
