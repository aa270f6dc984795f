"""Service: what a customer waits for becomes a ticket that people see; questions are answered."""

import re
from typing import Literal

from actions.commands.service import OpenTicket
from actions.crm.records import OPEN_STAGES, Customer, Deal, Ticket, TicketKind
from actions.plays.meant import the_customer, unclear
from actions.plays.play import Result
from actions.plays.said import STRANGER, from_passages, is_customer
from actions.plays.told import iso, money
from actions.proposal import Answer, Json
from actions.situation import Situation

SUBJECT_LENGTH = 40
_URGENT = re.compile(
    r"太差|忍无可忍|气死|骗子|欺骗|律师|起诉|曝光|媒体|12315|投诉到|立刻|马上|赶紧|紧急|停机|停产|宕机|瘫痪|崩溃|全部|都登不|手术|病人|患者|冒烟|起火|漏电"
    r"|unacceptable|furious|ridiculous|outrageous|scam|lawyer|legal action|\bsue\b|urgent|asap|immediately|outage|is down"
    r"|down again|everyone|production (?:line )?(?:is )?(?:down|stopped)|patient|surgery|smoke|fire",
    re.IGNORECASE,
)


def complaint(s: Situation) -> Result:
    return _ticket(s, "complaint")


def fault(s: Situation) -> Result:
    return _ticket(s, "fault")


def invoice(s: Situation) -> Result:
    return _ticket(s, "invoice")


def refund(s: Situation) -> Result:
    return _ticket(s, "refund")


def cancel(s: Situation) -> Result:
    return _ticket(s, "cancel")


def human_handoff(s: Situation) -> Result:
    """A person is wanted: never answered with a question, whoever asks."""
    return _open(s, "handoff", s.customer.id if s.customer else s.speaker.customer_id, severity="high")


def progress_query(s: Situation) -> Result:
    if not is_customer(s) and s.customer is None and (question := unclear(s)) is not None:
        return question
    tickets = sorted(_tickets(s), key=lambda row: (row.state == "closed", iso(row.due_at) or ""))
    rows = [_ticket_row(row) for row in tickets]
    if not is_customer(s):
        rows += [_deal_row(row) for row in s.rows.get("deals", ()) if isinstance(row, Deal) and row.stage in OPEN_STAGES]
    if not rows:
        return Answer("nothing_in_progress", says=("human",) if is_customer(s) else ("open_deals",))
    return Answer("progress", {"count": len(rows)}, rows=tuple(rows), says=("human",) if is_customer(s) else ())


def how_to(s: Situation) -> Result:
    return from_passages(s)


def severity_of(text: str) -> Literal["normal", "high"]:
    """High where the words are angry or something that people depend on stands still."""
    return "high" if _URGENT.search(text) else "normal"


def _ticket(s: Situation, kind: TicketKind) -> Result:
    if is_customer(s):
        if s.speaker.customer_id is None:
            return STRANGER
        return _open(s, kind, s.speaker.customer_id)
    customer = the_customer(s, "whose_ticket")
    return _open(s, kind, customer.id) if isinstance(customer, Customer) else customer


def _open(
    s: Situation, kind: TicketKind, customer_id: str | None, severity: Literal["normal", "high"] | None = None
) -> OpenTicket:
    by_customer = s.speaker.role == "customer"
    return OpenTicket(
        kind=kind,
        subject=_subject(s.text),
        text=s.text,
        customer_id=customer_id,
        contact_id=s.speaker.person_id if by_customer else s.contact.id if s.contact else None,
        severity=severity or severity_of(s.text),
    )


def _subject(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUBJECT_LENGTH else line[: SUBJECT_LENGTH - 1] + "…"


def _tickets(s: Situation) -> list[Ticket]:
    """Those of the customer meant; a colleague who names none means whatever is open."""
    rows = s.rows.get("tickets", ()) if is_customer(s) or s.customer else s.rows.get("open_tickets", ())
    return [row for row in rows if isinstance(row, Ticket)]


def _ticket_row(ticket: Ticket) -> dict[str, Json]:
    return {
        "row": f"ticket_{ticket.state}",
        "ticket": ticket.id,
        "subject": ticket.subject,
        "kind": ticket.kind,
        "due": iso(ticket.due_at),
        "closed": iso(ticket.closed_at),
    }


def _deal_row(deal: Deal) -> dict[str, Json]:
    return {"row": "deal", "deal": deal.title, "stage": deal.stage, "amount": money(deal.amount, deal.currency)}
