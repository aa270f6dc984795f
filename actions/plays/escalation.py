"""Escalations: who takes which ticket, and which are still open, with their clocks."""

import re
from datetime import datetime

from actions.commands.service import CloseTicket, TakeTicket
from actions.crm.records import Customer, Employee, Ticket
from actions.plays.play import Result
from actions.plays.told import iso, named
from actions.proposal import Answer, Ask, Json, Option
from actions.situation import Situation

MOST_OPTIONS = 4
# "I will get it fixed" takes a ticket, "it is fixed" closes it
_HANDLED = re.compile(
    r"处理(?:完|好)了|(?:已经?|都)处理|解决了|搞定了|闭环了|办结了|关单|关掉"
    r"|^\s*(?:done|resolved|handled|sorted|fixed|closed)\b"
    r"|(?:\bis|'s|\bare|\ball|\balready|\bbeen|\bgot it) (?:now )?(?:done|resolved|handled|sorted|fixed|closed)\b"
    r"|\bclose (?:it|this|that|the ticket)\b",
    re.IGNORECASE,
)


def take(s: Situation) -> Result:
    is_handled = _HANDLED.search(s.text) is not None
    tickets = _answerable(s, is_handled)
    chosen = str(s.answers.get("ticket", ""))
    named_here = [row for row in tickets if row.id == chosen or row.id in s.text]
    if not named_here and s.customer is not None:
        named_here = [row for row in tickets if row.customer_id == s.customer.id]
    candidates = named_here or tickets
    if not candidates:
        return Answer("nothing_to_close" if is_handled else "nothing_to_take", says=("escalations",))
    if len(candidates) > 1:
        options = tuple(Option(row.subject, row.id) for row in candidates[:MOST_OPTIONS])
        return Ask("ticket", "which_ticket", {"count": len(candidates)}, options)
    ticket = candidates[0]
    return CloseTicket(ticket_id=ticket.id) if is_handled else TakeTicket(ticket_id=ticket.id)


def status(s: Situation) -> Result:
    tickets = _open(s)
    if not tickets:
        return Answer("no_escalations", says=("brief",))
    names = _names(s)
    rows = tuple(_row(row, s.now, names) for row in tickets)
    overdue = sum(1 for row in tickets if row.due_at is not None and row.due_at < s.now)
    free = [row for row in tickets if row.state == "open"]
    offers = (TakeTicket(ticket_id=free[0].id),) if free else ()
    return Answer("escalations", {"count": len(tickets), "overdue": overdue or None}, rows=rows, offers=offers)


def _open(s: Situation) -> list[Ticket]:
    tickets = [row for row in s.rows.get("open_tickets", ()) if isinstance(row, Ticket) and row.state != "closed"]
    return sorted(tickets, key=lambda row: (iso(row.due_at) or "9", row.id))


def _answerable(s: Situation, is_handled: bool) -> list[Ticket]:
    """Those nobody has taken; or, when the work is done, those the speaker took."""
    if is_handled:
        return [row for row in _open(s) if row.taken_by == s.speaker.person_id]
    return [row for row in _open(s) if row.state == "open"]


def _names(s: Situation) -> dict[str, str]:
    rows = (*s.rows.get("team", ()), *s.rows.get("visible_customers", ()))
    return {row.id: named(row, s.lang) for row in rows if isinstance(row, Employee | Customer)}


def _row(ticket: Ticket, now: datetime, names: dict[str, str]) -> dict[str, Json]:
    is_overdue = ticket.due_at is not None and ticket.due_at < now
    return {
        "row": "overdue" if is_overdue else "open_ticket",
        "ticket": ticket.id,
        "kind": ticket.kind,
        "customer": names.get(ticket.customer_id or ""),
        "subject": ticket.subject,
        "due": iso(ticket.due_at),
        "taken_by": names.get(ticket.taken_by or ""),
    }
