"""gather: asks the world what belongs to these words: which customer and deal are meant, which rows and passages help.

Everything that goes into a Situation has been asked for on behalf of the speaker: what they may not see is not in it.
This is the one place that reads customer records to talk about them, so the consent gate will stand here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from actions.crm.records import OPEN_STAGES, Contact, Customer, Deal, Lead, Product, Speaker
from actions.history import history_of, means_for
from actions.outside.store import Tx
from actions.outside.tables import (
    BattleFactRow,
    ContactRow,
    CustomerRow,
    DealRow,
    LeadRow,
    ProductRow,
)
from actions.plays.ranking import page_of
from actions.proposal import Option
from actions.readers import WITHOUT_CONSENT, audience_of, setting_of
from actions.rows import ROWS, OnBehalf, may_see, one, records_of, visible
from actions.situation import Situation
from actions.world import World
from intents.dictionary import OUT_OF_SCOPE
from intents.understanding import Understanding
from retrieval.passage import Passage
from retrieval.setting import NEUTRAL, Setting, fit, suits

_MOST_OPTIONS = 5
# characters; what is shorter in a title is a count or a unit
_SHORTEST_OF_A_TITLE = 3
# questions that any passage may answer; to other words of a customer only the passage about them is an answer
_ASKS_FOR_FACTS = ("buying.product_question", "buying.delivery_inquiry")


FOR_CUSTOMER = "for_customer"
"""A need beside those of ROWS: what the customer meant may read of how buying goes, in both languages."""
HISTORY, MEANS = "history", "means"
"""Needs of the ranking of next steps: what worked before and was done lately, and what there is to act with."""
_TOLD_TO_CUSTOMERS = (
    "buying.quote_request",
    "buying.delivery_inquiry",
    "buying.contract_request",
    "buying.demo_request",
)


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
    who = OnBehalf(asked.speaker, asked.now, meant.customer, meant.not_yours)
    rows = {need: await ROWS[need](tx, who) for need in sorted(asked.needs) if need in ROWS}
    if FOR_CUSTOMER in asked.needs and asked.speaker.is_staff and meant.customer is not None and not meant.not_yours:
        rows[FOR_CUSTOMER] = _for_customer(meant.customer, world)
    if HISTORY in asked.needs and asked.speaker.is_staff:
        deal = meant.deal if not meant.not_yours else None
        rows[HISTORY] = (await history_of(tx, asked.understanding.intent, deal, asked.now),)
        rows[MEANS] = (await means_for(tx, deal, asked.speaker, world.policy(), asked.now),)
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
        passages=await _passages(tx, asked, meant, world),
        rows=rows,
        answers=asked.answers,
    )


# --- who and what is meant ------------------------------------------------------------------------------------------


async def _meant(tx: Tx, asked: Asked) -> _Meant:
    if not asked.speaker.is_staff:
        customer = await one(tx, Customer, CustomerRow, asked.speaker.customer_id)
        contact = await one(tx, Contact, ContactRow, asked.speaker.person_id)
        return await _with_deal(tx, asked, _Meant(customer=customer, contact=contact))
    if (deal_id := asked.answers.get("deal")) is not None:
        deal = await one(tx, Deal, DealRow, str(deal_id))
        customer = await one(tx, Customer, CustomerRow, deal.customer_id) if deal else None
        return _own_only(asked, _Meant(customer=customer, deal=deal))
    if (lead_id := asked.answers.get("lead")) is not None:
        return _Meant(lead=await one(tx, Lead, LeadRow, str(lead_id)))
    return await _with_deal(tx, asked, await _customer_meant(tx, asked))


async def _customer_meant(tx: Tx, asked: Asked) -> _Meant:
    if (customer_id := asked.answers.get("customer")) is not None:
        return _own_only(asked, _Meant(customer=await one(tx, Customer, CustomerRow, str(customer_id))))
    mention, names = _company_mention(asked)
    if mention is not None:
        found = await _by_name(tx, asked, mention, names)
        if found.unknown is None or not await _is_competitor(tx, mention):
            return found
    person = await _contact_meant(tx, asked)
    if person is not None:
        customer = await one(tx, Customer, CustomerRow, person.customer_id)
        found = _own_only(asked, _Meant(customer=customer, contact=person))
        if found.customer is not None:
            return found
    lead = await one(tx, Lead, LeadRow, asked.lead_id)
    customer = await one(tx, Customer, CustomerRow, asked.customer_id)
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


async def _is_competitor(tx: Tx, mention: str) -> bool:
    """Whether this company is one that others compare us with: then the words are about somebody else."""
    known = select(BattleFactRow.competitor, BattleFactRow.aliases).distinct()
    names = {name.casefold() for row in await tx.execute(known) for name in (row.competitor, *row.aliases.split("|"))}
    return mention.strip().casefold() in names


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
    leads = await records_of(tx, Lead, select(LeadRow.__table__).where(LeadRow.company.in_(names)).limit(_MOST_OPTIONS))
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
        .where(visible(asked.speaker, CustomerRow.owner_id, CustomerRow.id))
        .limit(2)
    )
    found = await records_of(tx, Contact, statement)
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
        deal = await one(tx, Deal, DealRow, asked.deal_id)
        if deal is None or meant.unknown or meant.lead:
            return meant
        customer = await one(tx, Customer, CustomerRow, deal.customer_id)
        return _own_only(asked, _Meant(customer=customer, deal=deal))
    deals = await records_of(
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
    """Deals whose product is named in the words, else those with most of the words by which their titles differ."""
    words = [str(slot.value) for slot in asked.understanding.slots if slot.type == "product"]
    words += [slot.text for slot in asked.understanding.slots if slot.type == "product"]
    if of_product := [deal for deal in deals if any(word.lower() in deal.title.lower() for word in words)]:
        return of_product
    said = "".join(asked.text.casefold().split())
    titles = [_said_of_a_title(deal.title, said) for deal in deals]
    telling = [found - frozenset.intersection(*titles) for found in titles] if titles else []
    most = max(map(len, telling), default=0)
    return [deal for deal, found in zip(deals, telling, strict=True) if most and len(found) == most]


def _said_of_a_title(title: str, said: str) -> frozenset[str]:
    """The words of a title that stand in what was said: whole, or with their first characters (设备云 for 设备云专业版)."""
    words = (word for word in title.casefold().split() if len(word) >= _SHORTEST_OF_A_TITLE)
    return frozenset(word for word in words if (word if word.isascii() else word[:_SHORTEST_OF_A_TITLE]) in said)


def _title(customer: Customer, lang: str) -> str:
    return customer.name_en if lang == "en" and customer.name_en else customer.name


# --- passages -----------------------------------------------------------------------------------------------------------


async def _setting(tx: Tx, asked: Asked, meant: _Meant) -> Setting:
    """For which team, customer and deal the question is: what may be read, and what was written for just this."""
    facts = {
        "product": await _products(tx, asked, meant),
        "stage": (meant.deal.stage,) if meant.deal else (),
        "industry": (meant.customer.industry,) if meant.customer and meant.customer.industry else (),
    }
    return replace(setting_of(asked.speaker, meant.customer), facts=facts)


async def _products(tx: Tx, asked: Asked, meant: _Meant) -> tuple[str, ...]:
    """All names of the product spoken of, else of the deal's, else of those that the customer has."""
    named = tuple(str(slot.value) for slot in asked.understanding.slots if slot.type == "product")
    if named:
        return named
    if asked.speaker.is_staff and meant.deal is not None:
        wanted = ProductRow.id == meant.deal.product_id
    elif meant.customer is not None:
        bought = select(DealRow.product_id).where(DealRow.customer_id == meant.customer.id, DealRow.stage == "won")
        wanted = ProductRow.id.in_(bought)
    else:
        return ()
    found = await records_of(tx, Product, select(ProductRow.__table__).where(wanted).limit(_MOST_OPTIONS))
    return tuple(
        name for one in found for name in (one.id, one.name, one.name_en, *one.aliases.split("|"), one.category) if name
    )


async def _passages(tx: Tx, asked: Asked, meant: _Meant, world: World) -> tuple[Passage, ...]:
    """What company knowledge says about these words, for this reader; small talk and orders to the CRM need none."""
    intent, audience = _cited(asked.understanding.intent), audience_of(asked.speaker)
    family = intent.partition(".")[0]
    if family in ("chat", "approval", "escalation", "flow", "report"):
        return ()
    setting = await _setting(tx, asked, meant)
    question = asked.understanding.plain or asked.text
    hits = await world.knowledge.search(question, audience=audience, lang=asked.lang, intent=intent, k=3, setting=setting)
    if intent == OUT_OF_SCOPE:  # the company's documents may well know what the dictionary does not
        hits = [hit for hit in hits if hit.is_sure]
    if family in ("objection", "buying", "status"):
        return _distinct(_on_a_customers_words(asked, world, setting, [hit.passage for hit in hits]))
    return _distinct(hit.passage for hit in hits if family != "crm" or intent in hit.passage.intents)


def _for_customer(customer: Customer, world: World) -> tuple[Passage, ...]:
    """What may stand in a paper for this customer: only what they may read themselves, wherever they are."""
    setting = Setting(customer=customer.id, purposes=WITHOUT_CONSENT)
    found = (
        world.knowledge.passage_for(intent, "customer", lang, setting)
        for intent in _TOLD_TO_CUSTOMERS
        for lang in ("zh", "en")
    )
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _on_a_customers_words(asked: Asked, world: World, setting: Setting, found: list[Passage]) -> list[Passage]:
    """A colleague is told the house's own handling of these words, whatever else the words occur in; a customer what
    they may read about them."""
    intent, audience = _cited(asked.understanding.intent), audience_of(asked.speaker)
    if asked.speaker.is_staff:
        found = [passage for passage in found if intent in passage.intents and "customer" not in passage.audience]
        # what was written for another trade says nothing about this one, however many of its words were used
        found = [passage for passage in found if suits(passage, setting)]
    elif intent not in _ASKS_FOR_FACTS:
        found = [passage for passage in found if intent in passage.intents]
    # there is one passage for each of these; the customer's own words need not occur in it
    written = world.knowledge.passage_for(intent, audience, asked.lang, setting)
    if written is None or (found and not asked.speaker.is_staff):
        return found
    # what was written for just this deal goes before what has more of the customer's words
    return [written, *found] if fit(written, setting) > NEUTRAL else [*found, written]


def _cited(intent: str) -> str:
    """The intent whose passage is cited: of one with a play, the one that its play names."""
    page = page_of(intent)
    return page.cites if page is not None else intent


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
