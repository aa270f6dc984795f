"""gather: asks the world what belongs to these words: which customer and deal are meant, which rows and passages help.

Everything that goes into a Situation has been asked for on behalf of the speaker: what they may not see is not in it.
This is the one place that reads customer records to talk about them, so the consent gate will stand here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, or_, select

from actions.crm.records import KINDS as _RECORD
from actions.crm.records import OPEN_STAGES, Contact, Customer, Deal, Lead, Speaker
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
    LeadRow,
    ProductRow,
    ReminderRow,
    TicketRow,
)
from actions.plays.play import QuietCustomer
from actions.proposal import Option
from actions.situation import Situation
from actions.world import World
from intents.understanding import Understanding
from retrieval.passage import Passage

RENEWAL_WINDOW = timedelta(days=90)
"""Contracts that end within this count as coming up for renewal."""

_LATEST = 5
_MOST_OPTIONS = 5
_MOST_ROWS = 200


@dataclass(frozen=True)
class Asked:
    """What there is to work on: the words as understood, who said them, and what the conversation was about before.

    `candidates` gives the canonical names a mention can stand for. `customer_id`, `deal_id`, `lead_id` are the
    conversation's subject. `needs` comes from the play.
    """

    key: str
    text: str
    speaker: Speaker
    understanding: Understanding
    now: datetime
    lang: str
    needs: frozenset[str]
    candidates: Callable[[str], tuple[str, ...]]
    answers: Mapping[str, Any] = field(default_factory=dict)
    customer_id: str | None = None
    deal_id: str | None = None
    lead_id: str | None = None


@dataclass(frozen=True)
class _Meant:
    """Who and what is meant, as far as it can be told."""

    customer: Customer | None = None
    deal: Deal | None = None
    contact: Contact | None = None
    lead: Lead | None = None
    choose: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    unknown: str | None = None
    not_yours: str | None = None


async def gather(tx: Tx, asked: Asked, world: World) -> Situation:
    """Everything a play may look at, read in one transaction."""
    meant = await _meant(tx, asked)
    rows = {need: await _ROWS[need](tx, asked, meant) for need in sorted(asked.needs) if need in _ROWS}
    return Situation(
        key=asked.key,
        text=asked.text,
        speaker=asked.speaker,
        understanding=asked.understanding,
        now=asked.now,
        lang=asked.lang,
        customer=meant.customer,
        deal=meant.deal,
        contact=meant.contact,
        lead=meant.lead,
        choose=meant.choose,
        unknown=meant.unknown,
        not_yours=meant.not_yours,
        passages=_passages(asked, world),
        rows=rows,
        answers=asked.answers,
    )


def may_see(speaker: Speaker, owner_id: str | None, customer_id: str | None) -> bool:
    """Whether a record of this owner and customer is the speaker's to look at. What nobody owns, any colleague may see."""
    if not speaker.is_staff:
        return customer_id is not None and customer_id == speaker.customer_id
    return owner_id is None or owner_id == speaker.person_id or owner_id in speaker.team


def _visible(speaker: Speaker, owner: Any, customer: Any) -> ColumnElement[bool]:
    """The same rule as a condition."""
    if not speaker.is_staff:
        return customer == speaker.customer_id if speaker.customer_id and customer is not None else false()
    return or_(owner.is_(None), owner.in_([speaker.person_id, *speaker.team]))


# --- who and what is meant ------------------------------------------------------------------------------------------


async def _meant(tx: Tx, asked: Asked) -> _Meant:
    if not asked.speaker.is_staff:
        customer = await _one(tx, Customer, CustomerRow, asked.speaker.customer_id)
        contact = await _one(tx, Contact, ContactRow, asked.speaker.person_id)
        return await _with_deal(tx, asked, _Meant(customer=customer, contact=contact))
    if (deal_id := asked.answers.get("deal")) is not None:
        deal = await _one(tx, Deal, DealRow, str(deal_id))
        customer = await _one(tx, Customer, CustomerRow, deal.customer_id) if deal else None
        return _own_only(asked, _Meant(customer=customer, deal=deal))
    if (lead_id := asked.answers.get("lead")) is not None:
        return _Meant(lead=await _one(tx, Lead, LeadRow, str(lead_id)))
    return await _with_deal(tx, asked, await _customer_meant(tx, asked))


async def _customer_meant(tx: Tx, asked: Asked) -> _Meant:
    if (customer_id := asked.answers.get("customer")) is not None:
        return _own_only(asked, _Meant(customer=await _one(tx, Customer, CustomerRow, str(customer_id))))
    mention, names = _company_mention(asked)
    if mention is not None:
        return await _by_name(tx, asked, mention, names)
    person = await _contact_meant(tx, asked)
    if person is not None:
        customer = await _one(tx, Customer, CustomerRow, person.customer_id)
        found = _own_only(asked, _Meant(customer=customer, contact=person))
        if found.customer is not None:
            return found
    lead = await _one(tx, Lead, LeadRow, asked.lead_id)
    customer = await _one(tx, Customer, CustomerRow, asked.customer_id)
    if customer is not None and not may_see(asked.speaker, customer.owner_id, customer.id):
        customer = None
    return _Meant(customer=customer, lead=lead)


def _company_mention(asked: Asked) -> tuple[str | None, tuple[str, ...]]:
    """The company spoken of and the known names it can stand for: the answer to a question first, then the text."""
    given = asked.answers.get("company")
    if isinstance(given, str):
        return given, asked.candidates(given)
    mentions = [slot for slot in asked.understanding.slots if slot.type == "company"]
    for slot in mentions:
        names = asked.candidates(slot.text)
        if names:
            return slot.text, names
    return (mentions[0].text, ()) if mentions else (None, ())


async def _by_name(tx: Tx, asked: Asked, mention: str, names: tuple[str, ...]) -> _Meant:
    if not names:
        return _Meant(unknown=mention)
    customers = [
        Customer(**row._mapping)
        for row in await tx.execute(select(CustomerRow.__table__).where(CustomerRow.name.in_(names)).limit(50))
    ]
    visible = [c for c in customers if may_see(asked.speaker, c.owner_id, c.id)]
    if len(visible) == 1:
        return _Meant(customer=visible[0])
    if len(visible) > 1:
        known = next((c for c in visible if c.id == asked.customer_id), None)
        if known is not None:
            return _Meant(customer=known)
        options = tuple(Option(_title(c, asked.lang), c.id) for c in visible[:_MOST_OPTIONS])
        return _Meant(choose={"customer": options})
    if customers:
        return _Meant(not_yours=customers[0].id)
    leads = await _rows(tx, Lead, select(LeadRow.__table__).where(LeadRow.company.in_(names)).limit(_MOST_OPTIONS))
    seen = [lead for lead in leads if may_see(asked.speaker, lead.owner_id, None)]
    if len(seen) == 1:
        return _Meant(lead=seen[0])
    if seen:
        return _Meant(choose={"lead": tuple(Option(f"{lead.company} {lead.person}".strip(), lead.id) for lead in seen)})
    return _Meant(unknown=mention)


async def _contact_meant(tx: Tx, asked: Asked) -> Contact | None:
    names = [str(slot.value) for slot in asked.understanding.slots if slot.type == "person"]
    if not names:
        return None
    statement = (
        select(ContactRow.__table__)
        .join(CustomerRow, CustomerRow.id == ContactRow.customer_id)
        .where(or_(ContactRow.name.in_(names), ContactRow.name_en.in_(names)))
        .where(_visible(asked.speaker, CustomerRow.owner_id, CustomerRow.id))
        .limit(2)
    )
    found = await _rows(tx, Contact, statement)
    return found[0] if len(found) == 1 else None


def _own_only(asked: Asked, meant: _Meant) -> _Meant:
    customer = meant.customer
    if customer is None:
        return _Meant()
    owner_id = meant.deal.owner_id if meant.deal else customer.owner_id
    if may_see(asked.speaker, owner_id, customer.id) or may_see(asked.speaker, customer.owner_id, customer.id):
        return meant
    return _Meant(not_yours=customer.id)


async def _with_deal(tx: Tx, asked: Asked, meant: _Meant) -> _Meant:
    """Adds the deal meant: "that deal" if it is this customer's, else the only open one, else options."""
    if meant.choose or meant.not_yours or (meant.customer is None and asked.deal_id is None):
        return meant
    if meant.customer is None:
        deal = await _one(tx, Deal, DealRow, asked.deal_id)
        if deal is None or meant.unknown or meant.lead:
            return meant
        customer = await _one(tx, Customer, CustomerRow, deal.customer_id)
        return _own_only(asked, _Meant(customer=customer, deal=deal))
    deals = await _rows(
        tx, Deal, select(DealRow.__table__).where(DealRow.customer_id == meant.customer.id).order_by(DealRow.id)
    )
    open_ = [deal for deal in deals if deal.stage in OPEN_STAGES]
    narrowed = _narrow(asked, open_) or open_
    current = next((deal for deal in narrowed if deal.id == asked.deal_id), None)
    if current is None and asked.deal_id and not open_:
        current = next((deal for deal in deals if deal.id == asked.deal_id), None)
    chosen = current or (narrowed[0] if len(narrowed) == 1 else None)
    if chosen is not None:
        return _Meant(meant.customer, chosen, meant.contact)
    options = tuple(Option(deal.title, deal.id) for deal in narrowed[:_MOST_OPTIONS])
    return _Meant(meant.customer, None, meant.contact, choose={"deal": options} if options else {})


def _narrow(asked: Asked, deals: Sequence[Deal]) -> list[Deal]:
    """Deals whose product or title is named in the words."""
    words = [str(slot.value) for slot in asked.understanding.slots if slot.type == "product"]
    words += [slot.text for slot in asked.understanding.slots if slot.type == "product"]
    return [deal for deal in deals if any(word.lower() in deal.title.lower() for word in words)]


def _title(customer: Customer, lang: str) -> str:
    return customer.name_en if lang == "en" and customer.name_en else customer.name


# --- rows a play asks for ---------------------------------------------------------------------------------------------


async def _one(tx: Tx, record: type[Any], table: Any, record_id: str | None) -> Any:
    if record_id is None:
        return None
    row = (await tx.execute(_by_id(table), {"this": record_id})).first()
    return None if row is None else record(**row._mapping)


@cache
def _by_id(table: Any) -> Select[Any]:
    """Made once: making a statement costs more than carrying it out."""
    return select(table.__table__).where(table.id == bindparam("this"))


async def _rows(tx: Tx, record: type[Any], statement: Select[Any]) -> list[Any]:
    return [record(**row._mapping) for row in await tx.execute(statement)]


async def _deals(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    if meant.customer is None:
        return ()
    statement = select(DealRow.__table__).where(DealRow.customer_id == meant.customer.id).order_by(DealRow.id.desc())
    return tuple(await _rows(tx, Deal, statement))


async def _contacts(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    if meant.customer is None:
        return ()
    statement = (
        select(ContactRow.__table__)
        .where(ContactRow.customer_id == meant.customer.id)
        .order_by(ContactRow.is_primary.desc(), ContactRow.id)
    )
    return tuple(await _rows(tx, Contact, statement))


async def _of_customer(tx: Tx, meant: _Meant, kind: str, table: Any, order: Any, limit: int) -> tuple[Any, ...]:
    if meant.customer is None:
        return ()
    statement = select(table.__table__).where(table.customer_id == meant.customer.id).order_by(order).limit(limit)
    return tuple(await _rows(tx, _RECORD[kind], statement))


async def _tickets(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    return await _of_customer(tx, meant, "ticket", TicketRow, TicketRow.opened_at.desc(), 20)


async def _activities(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    return await _of_customer(tx, meant, "activity", ActivityRow, ActivityRow.at.desc(), _LATEST)


async def _contracts(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    return await _of_customer(tx, meant, "contract", ContractRow, ContractRow.ends, 20)


async def _pipeline(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    statement = (
        select(DealRow.__table__)
        .where(DealRow.stage.in_(OPEN_STAGES), _visible(asked.speaker, DealRow.owner_id, DealRow.customer_id))
        .order_by(DealRow.amount.desc())
        .limit(_MOST_ROWS)
    )
    return tuple(await _rows(tx, Deal, statement))


async def _leads(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    if not asked.speaker.is_staff:
        return ()
    statement = (
        select(LeadRow.__table__)
        .where(LeadRow.state.in_(("new", "working")), _visible(asked.speaker, LeadRow.owner_id, None))
        .order_by(LeadRow.created_at.desc(), LeadRow.id)
        .limit(_MOST_ROWS)
    )
    return tuple(await _rows(tx, Lead, statement))


async def _team(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    return tuple(await _rows(tx, _RECORD["employee"], select(EmployeeRow.__table__).order_by(EmployeeRow.id)))


async def _owner(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    customer = meant.customer
    if customer is None and meant.not_yours:
        customer = await _one(tx, Customer, CustomerRow, meant.not_yours)
    owner = await _one(tx, _RECORD["employee"], EmployeeRow, customer.owner_id) if customer else None
    return () if owner is None else (owner,)


async def _products(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    return tuple(await _rows(tx, _RECORD["product"], select(ProductRow.__table__).order_by(ProductRow.id)))


async def _battle_facts(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    return tuple(await _rows(tx, _RECORD["battle_fact"], select(BattleFactRow.__table__).order_by(BattleFactRow.id)))


async def _reminders(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    statement = (
        select(ReminderRow.__table__)
        .where(ReminderRow.person_id == asked.speaker.person_id, ReminderRow.state == "waiting")
        .order_by(ReminderRow.due_at)
    )
    return tuple(await _rows(tx, _RECORD["reminder"], statement))


async def _open_tickets(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    statement = (
        select(TicketRow.__table__)
        .outerjoin(CustomerRow, CustomerRow.id == TicketRow.customer_id)
        .where(TicketRow.state != "closed")
        .where(
            or_(
                _visible(asked.speaker, CustomerRow.owner_id, TicketRow.customer_id),
                TicketRow.taken_by == asked.speaker.person_id,
                # what nobody's customer raised, managers see
                TicketRow.customer_id.is_(None) if asked.speaker.role in ("manager", "director") else false(),
            )
        )
        .order_by(TicketRow.due_at, TicketRow.opened_at)
        .limit(_MOST_ROWS)
    )
    return tuple(await _rows(tx, _RECORD["ticket"], statement))


async def _visible_customers(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    statement = (
        select(CustomerRow.__table__)
        .where(_visible(asked.speaker, CustomerRow.owner_id, CustomerRow.id))
        .order_by(CustomerRow.id)
    )
    return tuple(await _rows(tx, Customer, statement))


async def _quiet_customers(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    latest = (
        select(ActivityRow.customer_id, func.max(ActivityRow.at).label("at")).group_by(ActivityRow.customer_id).subquery()
    )
    statement = select(ActivityRow.__table__).join(
        latest, and_(latest.c.customer_id == ActivityRow.customer_id, latest.c.at == ActivityRow.at)
    )
    last = {activity.customer_id: activity for activity in await _rows(tx, _RECORD["activity"], statement)}
    quiet = []
    for customer in await _visible_customers(tx, asked, meant):
        activity = last.get(customer.id)
        since = activity.at if activity else customer.created_at
        if since is not None:
            quiet.append(QuietCustomer(customer, max((asked.now - since).days, 0), activity))
    return tuple(sorted(quiet, key=lambda row: -row.days))


async def _renewals(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    today = asked.now.date()
    statement = (
        select(ContractRow.__table__)
        .join(CustomerRow, CustomerRow.id == ContractRow.customer_id)
        .where(ContractRow.state == "active", ContractRow.ends >= today, ContractRow.ends <= today + RENEWAL_WINDOW)
        .where(_visible(asked.speaker, CustomerRow.owner_id, ContractRow.customer_id))
        .order_by(ContractRow.ends)
    )
    return tuple(await _rows(tx, _RECORD["contract"], statement))


async def _busy(tx: Tx, asked: Asked, meant: _Meant) -> tuple[Any, ...]:
    statement = select(BusyRow.__table__).where(BusyRow.ends >= asked.now).order_by(BusyRow.starts).limit(_MOST_ROWS)
    return tuple(await _rows(tx, _RECORD["busy"], statement))


_ROWS = {
    "deals": _deals,
    "contacts": _contacts,
    "tickets": _tickets,
    "activities": _activities,
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
}


# --- passages -----------------------------------------------------------------------------------------------------------


def _passages(asked: Asked, world: World) -> tuple[Passage, ...]:
    """What company knowledge says about these words, for this reader; small talk and orders to the CRM need none."""
    intent, audience = asked.understanding.intent, _audience(asked.speaker)
    family = intent.partition(".")[0]
    if family in ("chat", "approval", "escalation", "flow", "report") or intent == "out_of_scope":
        return ()
    hits = world.search(asked.text, audience=audience, lang=asked.lang, intent=intent, k=3)
    if family in ("objection", "buying", "status"):
        return _distinct(_on_a_customers_words(asked, world, [hit.passage for hit in hits]))
    return _distinct(hit.passage for hit in hits if family != "crm" or intent in hit.passage.intents)


def _on_a_customers_words(asked: Asked, world: World, found: list[Passage]) -> list[Passage]:
    """A colleague is told the house's own handling of these words, whatever else the words occur in; a customer what
    they may read about them."""
    intent, audience = asked.understanding.intent, _audience(asked.speaker)
    if asked.speaker.is_staff:
        found = [passage for passage in found if intent in passage.intents and "customer" not in passage.audience]
    # there is one passage for each of these; the customer's own words need not occur in it
    written = world.passage_for(intent, audience, asked.lang)
    return [*found, written] if written and (asked.speaker.is_staff or not found) else found


def _audience(speaker: Speaker) -> str:
    if not speaker.is_staff:
        return "customer"
    return "manager" if speaker.role in ("manager", "director") else "rep"


def _distinct(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """One language version of each section is enough."""
    seen: set[tuple[str, frozenset[str]]] = set()
    kept = []
    for passage in passages:
        mark = (passage.document, passage.intents)
        if not passage.intents or mark not in seen:
            kept.append(passage)
            seen.add(mark)
    return tuple(kept)
