"""What the record knows for the ranking of next steps: what followed the same words in finished deals, what was done lately.

A step is known from what it leaves behind: a paper, a consultant's booking, a dated task, a change of the deal by a deed of
ours, or an activity that names it. Nothing of the deals themselves leaves this file but their segment and how they ended.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Executable, Select, func, literal, select

from actions.commands.crm import UpdateAmount
from actions.crm.records import Deal, Speaker
from actions.decide import decide
from actions.draft import draft
from actions.outside.store import Tx
from actions.outside.tables import (
    ActivityRow,
    AuditRow,
    BookingRow,
    CustomerRow,
    DealRow,
    EmployeeRow,
    PaperRow,
    ReminderRow,
)
from actions.plays.experience import Case, History, Taken, Traits
from actions.plays.local_time import today
from actions.plays.steps import Means
from actions.policy.policy import Policy
from actions.proposal import Basis, Facts

MOST_CASES = 2_000
"""The latest finished deals that count."""
LOOKS_BACK = timedelta(days=3 * 365)
"""Deals that ended longer ago say little about how customers buy today."""
LATELY = timedelta(days=90)
"""How far back the steps on one deal are read; plays.yaml says how many of these days count."""

_STEP_OF_PAPER = {"contract_request": "contract_paper"}
_STEP_OF_FIELD = {"waiting_on": "legal", "discount": "discount"}


async def history_of(tx: Tx, intent: str, deal: Deal | None, now: datetime) -> History:
    """Finished deals of the house in which a customer said this, and the latest steps on this deal."""
    taken: tuple[Taken, ...] = ()
    if deal is not None:
        found = await _steps(tx, select(DealRow.id).where(DealRow.id == deal.id), with_tasks=False)
        # an hour that is booked ahead is a step taken already
        taken = tuple(Taken(step, min(at, now)) for _, step, at in found if at >= now - LATELY)
    return History(await _cases(tx, intent, now), taken)


async def means_for(tx: Tx, deal: Deal | None, speaker: Speaker, policy: Policy, now: datetime) -> Means:
    """What the speaker has to act with on this deal."""
    consultants = select(EmployeeRow.id).where(EmployeeRow.role == "consultant", EmployeeRow.has_left.is_(False)).limit(1)
    has_consultants = (await tx.execute(consultants)).first() is not None
    if deal is None:
        return Means(has_consultants=has_consultants)
    amount = policy.rates.to_cny(float(deal.amount), deal.currency, today(now, speaker))
    return Means(own_limit(deal, speaker, policy, now), amount, has_consultants)


def own_limit(deal: Deal, speaker: Speaker, policy: Policy, now: datetime) -> Decimal | None:
    """The largest whole percent off that this person may give on this deal without asking anybody, by the policy in force:
    each one up to it may be given too. None where there is none above what the deal has already."""
    facts = Facts({("deal", deal.id): deal})
    limit: Decimal | None = None
    for percent in range(int(deal.discount) + 1, 101):
        wanted = UpdateAmount(deal_id=deal.id, discount=Decimal(percent))
        proposal = draft(wanted, facts, speaker, Basis(confidence=1.0), "own_limit", now)
        if decide(proposal, policy, now).verdict != "run":
            break
        limit = Decimal(percent)
    return limit


async def _cases(tx: Tx, intent: str, now: datetime) -> tuple[Case, ...]:
    first = func.min(ActivityRow.at).label("said_at")
    statement = (
        select(DealRow.id, DealRow.stage, CustomerRow.industry, CustomerRow.region, CustomerRow.tier, first)
        .join(ActivityRow, ActivityRow.deal_id == DealRow.id)
        .join(CustomerRow, CustomerRow.id == DealRow.customer_id)
        .where(DealRow.stage.in_(("won", "lost")), ActivityRow.intent == intent, ActivityRow.at >= now - LOOKS_BACK)
        .group_by(DealRow.id, DealRow.stage, CustomerRow.industry, CustomerRow.region, CustomerRow.tier)
        .order_by(first.desc(), DealRow.id)
        .limit(MOST_CASES)
    )
    deals = (await tx.execute(statement)).all()
    if not deals:
        return ()
    finished = select(ActivityRow.deal_id).join(DealRow, DealRow.id == ActivityRow.deal_id)
    steps = await _steps(tx, finished.where(DealRow.stage.in_(("won", "lost")), ActivityRow.intent == intent))
    after: dict[str, set[str]] = {}
    said = {row.id: row.said_at for row in deals}
    for deal_id, step, at in steps:
        if deal_id in said and at >= said[deal_id]:
            after.setdefault(deal_id, set()).add(step)
    return tuple(
        Case(Traits(row.industry, row.region, row.tier), row.stage == "won", frozenset(after.get(row.id, ())))
        for row in deals
    )


async def _steps(tx: Tx, deals: Select[Any], *, with_tasks: bool = True) -> list[tuple[str, str, datetime]]:
    """Every step on these deals, in no order: which deal, which step, when.

    A dated task may be about anything: that there is one does not say that these words have been followed up.
    """
    found: list[tuple[str, str, datetime]] = []
    noted = select(ActivityRow.deal_id, ActivityRow.step, ActivityRow.at)
    found += await _rows(tx, noted.where(ActivityRow.deal_id.in_(deals), ActivityRow.step.is_not(None)))
    papers = select(PaperRow.deal_id, PaperRow.kind, PaperRow.created_at)
    for deal_id, kind, at in await _rows(tx, papers.where(PaperRow.deal_id.in_(deals), PaperRow.created_at.is_not(None))):
        found.append((deal_id, _STEP_OF_PAPER.get(kind, kind), at))
    booked = select(BookingRow.deal_id, literal("consultant"), BookingRow.starts)
    found += await _rows(tx, booked.where(BookingRow.deal_id.in_(deals), BookingRow.state == "booked"))
    if not with_tasks:
        return [*found, *await _changes(tx, deals)]
    dated = select(ReminderRow.deal_id, literal("follow_up"), ReminderRow.created_at)
    found += await _rows(tx, dated.where(ReminderRow.deal_id.in_(deals), ReminderRow.created_at.is_not(None)))
    return [*found, *await _changes(tx, deals)]


async def _changes(tx: Tx, deals: Select[Any]) -> list[tuple[str, str, datetime]]:
    """Discounts given and reviews by legal, from the record of deeds."""
    subjects = select(literal("deal:") + DealRow.id).where(DealRow.id.in_(deals))
    statement = select(AuditRow.subject, AuditRow.body, AuditRow.at).where(
        AuditRow.kind == "change", AuditRow.subject.in_(subjects)
    )
    found = []
    for subject, body, at in await _rows(tx, statement):
        step = _STEP_OF_FIELD.get(str(body.get("field")))
        if step == "legal" and body.get("new") != "legal":
            continue
        if step == "discount" and not _rises(body):
            continue
        if step is not None:
            found.append((subject.partition(":")[2], step, at))
    return found


def _rises(change: Any) -> bool:
    return Decimal(str(change.get("new") or 0)) > Decimal(str(change.get("old") or 0))


async def _rows(tx: Tx, statement: Executable) -> list[Any]:
    return list((await tx.execute(statement)).all())
