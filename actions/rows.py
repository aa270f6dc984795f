"""The rows that plays ask gather for: each need of the roster is one question to the store, on the speaker's behalf.

What the speaker may not see is in no answer: the rule stands here once as a test (`may_see`) and once as a condition
(`visible`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, or_, select

from actions.commands.reviews import SubmitApproval
from actions.crm.desk import desk_of
from actions.crm.diary import diary_since
from actions.crm.records import KINDS as _RECORD
from actions.crm.records import OPEN_STAGES, Contact, Customer, Deal, Desk, Lead, Paper, Signal, Speaker, Ticket
from actions.outside.store import Tx
from actions.outside.tables import (
    ActivityRow,
    BattleFactRow,
    BusyRow,
    ContactRow,
    ContractRow,
    CustomerRow,
    DealRow,
    EmployeeRow,
    FiringRow,
    LeadRow,
    PaperRow,
    ProductRow,
    ProposalRow,
    RecordingRow,
    ReminderRow,
    ReviewRow,
    SignalRow,
    TicketRow,
)
from actions.plays.play import QuietCustomer, Reference, Requested
from actions.policy.reviews import OFFICES
from actions.proposal_json import decision_from_json, proposal_from_json
from actions.signing import Signing

RENEWAL_WINDOW = timedelta(days=90)
"""Contracts that end within this count as coming up for renewal."""

_LATEST = 5
_MOST_ROWS = 200
_MOST_FIRINGS = 50
_MOST_REVIEWS = 12
_REVIEW_LASTS = timedelta(days=60)
"""How long a review that is settled is still told of."""


@dataclass(frozen=True)
class OnBehalf:
    """For whom rows are asked, when, and about which customer; `not_yours` is a customer the speaker may only hear of."""

    speaker: Speaker
    now: datetime
    customer: Customer | None = None
    not_yours: str | None = None


def may_see(speaker: Speaker, owner_id: str | None, customer_id: str | None) -> bool:
    """Whether a record of this owner and customer is the speaker's to look at. What nobody owns, any colleague may see."""
    if not speaker.is_staff:
        return customer_id is not None and customer_id == speaker.customer_id
    return owner_id is None or owner_id == speaker.person_id or owner_id in speaker.team


def visible(speaker: Speaker, owner: Any, customer: Any) -> ColumnElement[bool]:
    """The same rule as a condition."""
    if not speaker.is_staff:
        return customer == speaker.customer_id if speaker.customer_id and customer is not None else false()
    return or_(owner.is_(None), owner.in_([speaker.person_id, *speaker.team]))


async def one(tx: Tx, record: type[Any], table: Any, record_id: str | None) -> Any:
    if record_id is None:
        return None
    row = (await tx.execute(_by_id(table), {"this": record_id})).first()
    return None if row is None else record(**row._mapping)


@cache
def _by_id(table: Any) -> Select[Any]:
    """Made once: making a statement costs more than carrying it out."""
    return select(table.__table__).where(table.id == bindparam("this"))


async def records_of(tx: Tx, record: type[Any], statement: Select[Any]) -> list[Any]:
    return [record(**row._mapping) for row in await tx.execute(statement)]


async def _deals(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    if who.customer is None:
        return ()
    statement = select(DealRow.__table__).where(DealRow.customer_id == who.customer.id).order_by(DealRow.id.desc())
    return tuple(await records_of(tx, Deal, statement))


async def _contacts(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    if who.customer is None:
        return ()
    statement = (
        select(ContactRow.__table__)
        .where(ContactRow.customer_id == who.customer.id)
        .order_by(ContactRow.is_primary.desc(), ContactRow.id)
    )
    return tuple(await records_of(tx, Contact, statement))


async def _of_customer(tx: Tx, who: OnBehalf, kind: str, table: Any, order: Any, limit: int) -> tuple[Any, ...]:
    if who.customer is None:
        return ()
    statement = select(table.__table__).where(table.customer_id == who.customer.id).order_by(order).limit(limit)
    return tuple(await records_of(tx, _RECORD[kind], statement))


async def _tickets(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    return await _of_customer(tx, who, "ticket", TicketRow, TicketRow.opened_at.desc(), 20)


async def _activities(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    return await _of_customer(tx, who, "activity", ActivityRow, ActivityRow.at.desc(), _LATEST)


async def _recordings(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    """The customer's calls that were listened to and that this speaker may know of, the latest first."""
    found = await _of_customer(tx, who, "recording", RecordingRow, RecordingRow.created_at.desc(), _LATEST)
    theirs = {who.speaker.person_id, *who.speaker.team}
    is_director = who.speaker.role == "director"
    return tuple(one for one in found if one.state == "done" and not one.is_message and (is_director or one.by_id in theirs))


async def _contracts(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    return await _of_customer(tx, who, "contract", ContractRow, ContractRow.ends, 20)


async def _pipeline(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    statement = (
        select(DealRow.__table__)
        .where(DealRow.stage.in_(OPEN_STAGES), visible(who.speaker, DealRow.owner_id, DealRow.customer_id))
        .order_by(DealRow.amount.desc())
        .limit(_MOST_ROWS)
    )
    return tuple(await records_of(tx, Deal, statement))


async def _leads(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    if not who.speaker.is_staff:
        return ()
    statement = (
        select(LeadRow.__table__)
        .where(LeadRow.state.in_(("new", "working")), visible(who.speaker, LeadRow.owner_id, None))
        .order_by(LeadRow.created_at.desc(), LeadRow.id)
        .limit(_MOST_ROWS)
    )
    return tuple(await records_of(tx, Lead, statement))


async def _team(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    return tuple(await records_of(tx, _RECORD["employee"], select(EmployeeRow.__table__).order_by(EmployeeRow.id)))


async def _owner(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    customer = who.customer
    if customer is None and who.not_yours:
        customer = await one(tx, Customer, CustomerRow, who.not_yours)
    owner = await one(tx, _RECORD["employee"], EmployeeRow, customer.owner_id) if customer else None
    return () if owner is None else (owner,)


async def _products(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    return tuple(await records_of(tx, _RECORD["product"], select(ProductRow.__table__).order_by(ProductRow.id)))


async def _battle_facts(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    return tuple(await records_of(tx, _RECORD["battle_fact"], select(BattleFactRow.__table__).order_by(BattleFactRow.id)))


async def _reminders(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    statement = (
        select(ReminderRow.__table__)
        .where(ReminderRow.person_id == who.speaker.person_id, ReminderRow.state == "waiting")
        .order_by(ReminderRow.due_at)
    )
    return tuple(await records_of(tx, _RECORD["reminder"], statement))


async def _open_tickets(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    statement = (
        select(TicketRow.__table__)
        .outerjoin(CustomerRow, CustomerRow.id == TicketRow.customer_id)
        .where(TicketRow.state != "closed")
        .where(
            or_(
                visible(who.speaker, CustomerRow.owner_id, TicketRow.customer_id),
                TicketRow.taken_by == who.speaker.person_id,
                # what nobody's customer raised, managers see
                TicketRow.customer_id.is_(None) if who.speaker.role in ("manager", "director") else false(),
            )
        )
        .order_by(TicketRow.due_at, TicketRow.opened_at)
        .limit(_MOST_ROWS)
    )
    return tuple(await records_of(tx, _RECORD["ticket"], statement))


async def _visible_customers(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    statement = (
        select(CustomerRow.__table__)
        .where(visible(who.speaker, CustomerRow.owner_id, CustomerRow.id))
        .order_by(CustomerRow.id)
    )
    return tuple(await records_of(tx, Customer, statement))


async def _quiet_customers(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    latest = (
        select(ActivityRow.customer_id, func.max(ActivityRow.at).label("at")).group_by(ActivityRow.customer_id).subquery()
    )
    statement = select(ActivityRow.__table__).join(
        latest, and_(latest.c.customer_id == ActivityRow.customer_id, latest.c.at == ActivityRow.at)
    )
    last = {activity.customer_id: activity for activity in await records_of(tx, _RECORD["activity"], statement)}
    quiet = []
    for customer in await _visible_customers(tx, who):
        activity = last.get(customer.id)
        since = activity.at if activity else customer.created_at
        if since is not None:
            quiet.append(QuietCustomer(customer, max((who.now - since).days, 0), activity))
    return tuple(sorted(quiet, key=lambda row: -row.days))


async def _renewals(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    today = who.now.date()
    statement = (
        select(ContractRow.__table__)
        .join(CustomerRow, CustomerRow.id == ContractRow.customer_id)
        .where(ContractRow.state == "active", ContractRow.ends >= today, ContractRow.ends <= today + RENEWAL_WINDOW)
        .where(visible(who.speaker, CustomerRow.owner_id, ContractRow.customer_id))
        .order_by(ContractRow.ends)
    )
    return tuple(await records_of(tx, _RECORD["contract"], statement))


async def _busy(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    statement = select(BusyRow.__table__).where(BusyRow.ends >= who.now).order_by(BusyRow.starts).limit(_MOST_ROWS)
    return tuple(await records_of(tx, _RECORD["busy"], statement))


async def signals_of(tx: Tx, customer_id: str, now: datetime) -> tuple[Signal, ...]:
    """The customer's signals in force, the latest of each kind, newest first."""
    statement = (
        select(SignalRow.__table__)
        .where(SignalRow.customer_id == customer_id, SignalRow.state == "open")
        .where(or_(SignalRow.until.is_(None), SignalRow.until > now))
        .order_by(SignalRow.at.desc(), SignalRow.id)
    )
    latest: dict[str, Signal] = {}
    for signal in await records_of(tx, Signal, statement):
        latest.setdefault(signal.kind, signal)
    return tuple(latest.values())


async def complaints_of(tx: Tx, customer_id: str) -> tuple[Ticket, ...]:
    """The customer's complaints that are not settled, newest first."""
    statement = (
        select(TicketRow.__table__)
        .where(TicketRow.customer_id == customer_id, TicketRow.kind == "complaint", TicketRow.state != "closed")
        .order_by(TicketRow.opened_at.desc())
    )
    return tuple(await records_of(tx, Ticket, statement))


async def _signals(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    if who.customer is None or not who.speaker.is_staff:
        return ()
    return await signals_of(tx, who.customer.id, who.now)


async def _complaints(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    if who.customer is None or not who.speaker.is_staff:
        return ()
    return await complaints_of(tx, who.customer.id)


async def _firings(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    """The speaker's own stops, newest first; a manager's team's and their customers' too, and those legal may rule on.

    A deputy sees those of the people whom they answer for in place of a manager who left.
    """
    if not who.speaker.is_staff:
        return ()
    mine: ColumnElement[bool] = FiringRow.person_id.in_(
        [who.speaker.person_id, *who.speaker.team, *who.speaker.stands_in_for]
    )
    if who.speaker.role in ("manager", "director"):
        theirs = select(CustomerRow.id).where(CustomerRow.owner_id.in_(who.speaker.team))
        mine = or_(mine, FiringRow.customer_id.in_(theirs))
    if who.speaker.role == "legal":
        mine = or_(mine, FiringRow.roles.contains("legal"))
    statement = select(FiringRow.__table__).where(mine).order_by(FiringRow.at.desc(), FiringRow.id).limit(_MOST_FIRINGS)
    return tuple(await records_of(tx, _RECORD["firing"], statement))


async def _references(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    """The customers of the whole house who agreed to be named, whoever owns them, with what they bought."""
    if not who.speaker.is_staff:
        return ()
    statement = select(CustomerRow.__table__).where(CustomerRow.is_reference).order_by(CustomerRow.id)
    customers = await records_of(tx, Customer, statement.limit(_MOST_ROWS))
    bought: dict[str, set[str]] = {}
    won = select(DealRow.customer_id, DealRow.product_id).where(
        DealRow.customer_id.in_([one.id for one in customers]), DealRow.stage == "won", DealRow.product_id.is_not(None)
    )
    for customer_id, product_id in await tx.execute(won):
        bought.setdefault(customer_id, set()).add(str(product_id))
    return tuple(Reference(one, frozenset(bought.get(one.id, ()))) for one in customers)


async def _diary(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    return (await diary_since(tx, who.now, who.speaker.person_id),)


async def _papers(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    """What was prepared for the customer, newest first, older versions among it."""
    if not who.speaker.is_staff:
        return ()
    if who.customer is None:
        return ()
    theirs = select(PaperRow.__table__).where(PaperRow.customer_id == who.customer.id)
    return tuple(await records_of(tx, Paper, theirs.order_by(PaperRow.created_at.desc(), PaperRow.id).limit(20)))


async def _reviews(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    """The desks of reviews that the speaker asked for, may sign or answers for: the customer's first, then open ones."""
    if not who.speaker.is_staff:
        return ()
    customer_id = who.customer.id if who.customer else who.not_yours
    statement = (
        select(ReviewRow.id)
        .where(ReviewRow.state != "withdrawn")
        .where(or_(ReviewRow.state.in_(("open", "returned")), ReviewRow.asked_at > who.now - _REVIEW_LASTS))
        .order_by(
            (ReviewRow.customer_id == (customer_id or "")).desc(),
            (ReviewRow.state == "signed").asc(),
            ReviewRow.asked_at.desc(),
            ReviewRow.id,
        )
        .limit(_MOST_ROWS)
    )
    found: list[Desk] = []
    for review_id in (await tx.execute(statement)).scalars().all():
        desk = await desk_of(tx, f"review:{review_id}")
        if desk.deal is not None and _may_see_review(who.speaker, desk):
            found.append(desk)
        if len(found) == _MOST_REVIEWS:
            break
    return tuple(found)


async def _requests(tx: Tx, who: OnBehalf) -> tuple[Any, ...]:
    """What the speaker, or their team, asked to have reviewed and somebody must agree to first, newest first."""
    if not who.speaker.is_staff:
        return ()
    statement = (
        select(ProposalRow.proposal, ProposalRow.decision)
        .where(ProposalRow.state == "pending")
        .where(ProposalRow.requester_id.in_([who.speaker.person_id, *who.speaker.team]))
        .order_by(ProposalRow.created_at.desc(), ProposalRow.id)
        .limit(_LATEST)
    )
    found = []
    for row in await tx.execute(statement):
        proposal = proposal_from_json(row.proposal)
        if isinstance(proposal.command, SubmitApproval):
            subject = proposal.plan.subjects[0]
            asked = decision_from_json(row.decision).roles
            roles = tuple(office for office in OFFICES if office in asked)
            data = {"title": subject.title, "kind": proposal.command.kind}
            found.append(Requested(subject.customer_id, roles, data))
    return tuple(found)


def _may_see_review(speaker: Speaker, desk: Desk) -> bool:
    review = desk.reviews[0]
    theirs = {speaker.person_id, *speaker.team}
    owners = {review.asked_by, desk.customer.owner_id if desk.customer else None, review.answered_by}
    return bool(theirs & (owners - {None})) or speaker.role == "director" or Signing(desk, review).may_sign(speaker)


ROWS: Mapping[str, Callable[[Tx, OnBehalf], Awaitable[tuple[Any, ...]]]] = {
    "deals": _deals,
    "contacts": _contacts,
    "tickets": _tickets,
    "activities": _activities,
    "recordings": _recordings,
    "contracts": _contracts,
    "pipeline": _pipeline,
    "leads": _leads,
    "team": _team,
    "owner": _owner,
    "products": _products,
    "battle_facts": _battle_facts,
    "reminders": _reminders,
    "open_tickets": _open_tickets,
    "visible_customers": _visible_customers,
    "quiet_customers": _quiet_customers,
    "renewals": _renewals,
    "busy": _busy,
    "signals": _signals,
    "complaints": _complaints,
    "firings": _firings,
    "diary": _diary,
    "references": _references,
    "papers": _papers,
    "reviews": _reviews,
    "requests": _requests,
}
