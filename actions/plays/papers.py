"""The papers that a play offers to prepare: who they are for, what they hold, in the customer's own language."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from actions.commands.papers import PaperLine, PreparePaper
from actions.crm.records import BattleFact, Contact, Contract, Customer, Deal, Product
from actions.papers.sheet import PaperKind
from actions.papers.sums import MOST_QUANTITY, quantity_meant
from actions.papers.write import Cited, price_of
from actions.plays.local_time import moment, today
from actions.plays.meant import the_alternative, the_product
from actions.plays.play import Reference
from actions.plays.said import is_customer
from actions.plays.told import exact
from actions.situation import Situation
from retrieval.passage import Passage

_NEEDS_A_PRODUCT: frozenset[PaperKind] = frozenset({"quote", "contract_request", "value_summary", "one_page"})
_WITH_ALTERNATIVE: frozenset[PaperKind] = frozenset({"value_summary", "demo_agenda", "proposal"})
_RUNNING = 3
"""Contracts mentioned in a summary."""


def prepare(s: Situation, kind: PaperKind) -> tuple[PreparePaper, ...]:
    """The offer to prepare a paper of this kind; nothing where it is not known for whom, or there is nothing to put in."""
    customer = s.customer
    if is_customer(s) or customer is None or s.not_yours is not None or s.choose.get("deal"):
        return ()
    product = the_product(s)
    if product is None and kind in _NEEDS_A_PRODUCT:
        return ()
    contact = _contact(s)
    cheaper = the_alternative(s) if kind in _WITH_ALTERNATIVE else None
    is_priced = product is not None and price_of(product, _currency(s, product)) is not None
    if kind in ("quote", "contract_request") and not is_priced:
        return ()
    return (
        PreparePaper(
            kind=kind,
            day=today(s.now, s.speaker),
            lang=_language(s, contact),
            customer_id=customer.id,
            deal_id=s.deal.id if s.deal else None,
            contact_id=contact.id if contact else None,
            seller_id=customer.owner_id or s.speaker.person_id,
            lines=(PaperLine(product.id, _quantity(s, product)),) if product else (),
            alternative_id=cheaper.id if cheaper else None,
            contract_ids=_running(s) if kind == "one_page" else (),
            cited=_for_customer(s, _language(s, contact)),
            wished=_wished(s) if kind == "demo_agenda" else None,
            currency=_currency(s, product) if product else None,
        ),
    )


def comparison(s: Situation, facts: Sequence[BattleFact]) -> PreparePaper:
    """The comparison as a picture and as files; for the customer spoken of, if one is."""
    is_for = s.customer if s.customer is not None and s.not_yours is None and not is_customer(s) else None
    contact = _contact(s) if is_for else None
    product = the_product(s)
    return PreparePaper(
        kind="comparison",
        day=today(s.now, s.speaker),
        lang=_language(s, contact) if is_for else "en" if s.lang == "en" else "zh",
        customer_id=is_for.id if is_for else None,
        deal_id=s.deal.id if s.deal and is_for else None,
        contact_id=contact.id if contact else None,
        lines=(PaperLine(product.id),) if product else (),
        fact_ids=tuple(fact.id for fact in facts),
        currency=_currency(s, product) if product else None,
    )


def references(s: Situation, most: int) -> tuple[PreparePaper, tuple[Customer, ...], bool] | None:
    """The page of customers who agreed to be named, who they are, and whether they are of the same trade; else they have
    the same product. Those of the same region go first. None where there is nobody to name, or nobody to name them to."""
    customer, product = s.customer, the_product(s)
    if is_customer(s) or customer is None or s.not_yours is not None or s.choose.get("deal"):
        return None
    known = [row for row in s.rows.get("references", ()) if isinstance(row, Reference)]
    known = [one for one in known if one.customer.is_reference and one.customer.id != customer.id]
    trade = customer.industry.casefold()
    of_trade = [one.customer for one in known if trade and one.customer.industry.casefold() == trade]
    users = [one.customer for one in known if product is not None and product.id in one.products]
    found = sorted(
        of_trade or users, key=lambda one: (one.region != customer.region, one.country != customer.country, one.id)
    )
    if not found:
        return None
    contact, theirs = _contact(s), tuple(found[:most])
    paper = PreparePaper(
        kind="references",
        day=today(s.now, s.speaker),
        lang=_language(s, contact),
        customer_id=customer.id,
        deal_id=s.deal.id if s.deal else None,
        contact_id=contact.id if contact else None,
        seller_id=customer.owner_id or s.speaker.person_id,
        reference_ids=tuple(one.id for one in theirs),
    )
    return paper, theirs, bool(of_trade)


def _contact(s: Situation) -> Contact | None:
    contacts = [row for row in s.rows.get("contacts", ()) if isinstance(row, Contact)]
    if s.contact is not None:
        return s.contact
    return next((row for row in contacts if row.is_primary), contacts[0] if contacts else None)


def _language(s: Situation, contact: Contact | None) -> Literal["zh", "en"]:
    lang = contact.lang if contact else s.customer.lang if s.customer else s.lang
    return "en" if lang == "en" else "zh"


def _currency(s: Situation, product: Product) -> str:
    """The deal's currency where the list has a price in it; else what the product is listed in."""
    wanted = s.deal.currency if s.deal else _latest_currency(s.rows.get("deals", ()))
    return wanted if wanted and price_of(product, wanted) is not None else product.currency


def _latest_currency(rows: Iterable[object]) -> str | None:
    return next((row.currency for row in rows if isinstance(row, Deal)), None)


def _quantity(s: Situation, product: Product) -> int:
    """As said; else as many as the deal's amount comes out for; else one."""
    said = exact(s.slot("quantity"))
    if said is not None and said == said.to_integral_value() and 1 <= said <= MOST_QUANTITY:
        return int(said)
    price = price_of(product, s.deal.currency) if s.deal else None
    if s.deal is None or price is None or s.deal.product_id != product.id:
        return 1
    return quantity_meant(s.deal.amount, price, s.deal.discount)


def _running(s: Situation) -> tuple[str, ...]:
    rows = (row for row in s.rows.get("contracts", ()) if isinstance(row, Contract) and row.state == "active")
    return tuple(row.id for row in rows)[:_RUNNING]


def _wished(s: Situation) -> date | None:
    at = moment(s.slot("date"), s.now, s.speaker)
    return None if at is None or at <= s.now else at.date()


def _for_customer(s: Situation, lang: str) -> tuple[Cited, ...]:
    """What this customer may read in the company's documents, in their language."""
    rows = (row for row in s.rows.get("for_customer", ()) if isinstance(row, Passage))
    return tuple(
        Cited(row.text.strip(), row.title, row.section, row.version, tuple(sorted(row.intents)), row.customer)
        for row in rows
        if row.lang == lang and "customer" in row.audience
    )
