"""write: what a paper says, from the records and cited passages it was given and from nothing else; thinks, touches nothing.

A paper for a customer holds that customer's data, our products and prices, and words that customers may read anyway: no
note of ours, no forecast, nothing of another customer.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from actions.crm.records import BattleFact, Contact, Contract, Customer, Employee, Product
from actions.papers.compare import competitors_of, table_of
from actions.papers.sheet import (
    Block,
    Cell,
    Citation,
    Details,
    Grid,
    Heading,
    Language,
    PaperKind,
    Paragraph,
    Points,
    Sheet,
    Total,
)
from actions.papers.sums import QuoteSums
from actions.papers.words import day, money, percent, say

VALID_FOR = timedelta(days=30)
"""How long a quotation holds, as the buying guide tells customers."""

# of the guide to asking for a quotation, what still matters on the quotation itself
_OF_PRICES = re.compile(r"税|\btax", re.IGNORECASE)


@dataclass(frozen=True)
class Cited:
    """Words of a company document that customers may read, and where they stand. `customer` is whose data they hold."""

    text: str
    title: str
    section: str
    version: str
    intents: tuple[str, ...] = ()
    customer: str = ""


@dataclass(frozen=True)
class Material:
    """Everything that a paper may speak of. `currency` is what it reckons in; `products` go with the lines of `sums`."""

    kind: PaperKind
    lang: Language
    day: date
    number: str
    version: int
    valid_until: date
    currency: str
    customer: Customer | None = None
    contact: Contact | None = None
    seller: Employee | None = None
    products: tuple[Product, ...] = ()
    sums: QuoteSums | None = None
    discount: Decimal = Decimal(0)
    alternative: Product | None = None
    facts: tuple[BattleFact, ...] = ()
    contracts: tuple[Contract, ...] = ()
    references: tuple[Customer, ...] = ()
    cited: tuple[Cited, ...] = ()
    wished: date | None = None


def write(material: Material) -> Sheet:
    """The sheet of a paper."""
    lang = material.lang
    title = say(f"title_{material.kind}", lang)
    foot = say("foot", lang, title=title, number=material.number, version=material.version, day=day(material.day, lang))
    blocks: dict[PaperKind, Iterator[Block]] = {
        "quote": _quote(material),
        "value_summary": _summary(material),
        "one_page": _summary(material),
        "proposal": _proposal(material),
        "contract_request": _contract_request(material),
        "demo_agenda": _demo_agenda(material),
        "comparison": _comparison(material),
        "references": _references(material),
    }
    return Sheet(material.kind, lang, material.day, title, _subtitle(material), tuple(blocks[material.kind]), foot)


def price_of(product: Product, currency: str) -> Decimal | None:
    """What one costs in this currency, where the price list says so."""
    if currency == product.currency and product.price > 0:
        return product.price
    return product.price_usd if currency == "USD" and product.price_usd and product.price_usd > 0 else None


def name_of(record: Customer | Contact | Employee | Product, lang: Language) -> str:
    """Its name in the paper's language, where it has one."""
    return (record.name_en or record.name) if lang == "en" else (record.name or record.name_en)


# --- the kinds -----------------------------------------------------------------------------------------------------------


def _quote(m: Material) -> Iterator[Block]:
    yield _heads(m, with_validity=True)
    yield from _priced(m)
    yield Paragraph(_prices_from(m))
    of_prices = tuple(
        Citation("\n".join(lines), one.source)
        for one in _citations(m, ("buying.quote_request",))
        # what the guide says holds for the usual validity only
        if m.valid_until - m.day == VALID_FOR
        and (lines := [line for line in one.text.split("\n") if _OF_PRICES.search(line)])
    )
    further = _citations(m, ("buying.delivery_inquiry", "buying.contract_request"))
    if of_prices or further:
        yield Heading(say("heading_conditions", m.lang))
        yield from (*of_prices, *further)


def _summary(m: Material) -> Iterator[Block]:
    """What it is, what it costs, and the other way: on one page, for whoever decides and has little time."""
    yield _heads(m, with_validity=m.sums is not None)
    yield Heading(say("heading_what", m.lang))
    yield Points(tuple(_described(product, m.lang) for product in m.products))
    if m.contracts:
        yield Heading(say("heading_running", m.lang))
        yield Points(tuple(_running(contract, m.lang) for contract in m.contracts[:3]))
    if m.sums is not None:
        yield Heading(say("heading_cost", m.lang))
        yield _total(m, m.sums)
        yield Paragraph(_prices_from(m))
    yield from _alternative(m)
    if m.kind == "one_page":
        yield from _conditions(m, ("buying.delivery_inquiry",))
    if m.seller is not None:
        yield Heading(say("heading_next", m.lang))
        yield Paragraph(say("next_decide", m.lang, contact=name_of(m.seller, m.lang)))


def _proposal(m: Material) -> Iterator[Block]:
    yield _heads(m, with_validity=m.sums is not None)
    yield Heading(say("heading_solution", m.lang))
    yield Points(tuple(_described(product, m.lang) for product in m.products))
    if m.sums is not None:
        yield Heading(say("heading_price", m.lang))
        yield from _priced(m)
        yield Paragraph(_prices_from(m))
    yield from _alternative(m)
    delivery = _citations(m, ("buying.delivery_inquiry",))
    if delivery:
        yield Heading(say("heading_delivery", m.lang))
        yield from delivery
    terms = _citations(m, ("buying.contract_request",))
    if terms:
        yield Heading(say("heading_terms", m.lang))
        yield from terms
    yield Heading(say("heading_next", m.lang))
    yield Paragraph(say("next_proposal", m.lang))


def _contract_request(m: Material) -> Iterator[Block]:
    customer, lang = m.customer, m.lang
    yield Paragraph(say("please_check", lang))
    yield _heads(m, with_validity=False)
    if customer is not None:
        yield Heading(say("heading_parties", lang))
        held = (
            ("details_party", customer.name),
            ("details_invoice_title", customer.invoice_title),
            ("details_tax_id", customer.tax_id),
            ("details_address", customer.address),
            ("details_delivery", customer.delivery_address),
            ("details_billing", customer.billing_address),
            ("details_phone", customer.phone),
        )
        yield Details(tuple((say(key, lang), value or f"（{say('to_fill_in', lang)}）") for key, value in held))
        missing = [say(key, lang) for key, value in held if not value]
        yield Heading(say("heading_missing", lang))
        between = "、" if lang == "zh" else ", "
        said = say("missing", lang, fields=between.join(missing)) if missing else say("nothing_missing", lang)
        yield Paragraph(said)
    if m.sums is not None:
        yield Heading(say("heading_order", lang))
        yield from _priced(m)
    yield from _conditions(m, ("buying.contract_request",))


def _demo_agenda(m: Material) -> Iterator[Block]:
    lang = m.lang
    yield _heads(m, with_validity=False)
    shown = [say("agenda_show", lang, product=_described(product, lang)) for product in m.products]
    if m.alternative is not None:
        shown.append(say("agenda_show_alternative", lang, product=_described(m.alternative, lang)))
    yield Heading(say("heading_agenda", lang))
    yield Points((say("agenda_welcome", lang), *shown, say("agenda_questions", lang), say("agenda_next", lang)))
    yield from _conditions(m, ("buying.demo_request",))


def _comparison(m: Material) -> Iterator[Block]:
    product = m.products[0] if m.products else None
    yield table_of(m.facts, product, m.lang, m.currency, m.day)
    yield Paragraph(say("comparison_note", m.lang))


def _references(m: Material) -> Iterator[Block]:
    """Who agreed to be named, by name, trade and region: nothing else of theirs is another customer's business."""
    yield _heads(m, with_validity=False)
    yield Heading(say("heading_references", m.lang))
    between = "，" if m.lang == "zh" else ", "
    theirs = ([name_of(one, m.lang), one.industry, one.region if m.lang == "zh" else one.country] for one in m.references)
    yield Points(tuple(between.join(part for part in parts if part) for parts in theirs))
    yield Paragraph(say("references_note", m.lang))
    if m.seller is not None:
        yield Heading(say("heading_next", m.lang))
        yield Paragraph(say("next_references", m.lang, contact=name_of(m.seller, m.lang)))


# --- pieces --------------------------------------------------------------------------------------------------------------


def _subtitle(m: Material) -> str:
    if m.kind == "comparison":
        between = "、" if m.lang == "zh" else ", "
        names = [table for table in table_of(m.facts, None, m.lang, m.currency, m.day).head[2:]]
        return say("comparison_of", m.lang, names=between.join(names)) if competitors_of(m.facts) else ""
    return say("for_customer", m.lang, customer=name_of(m.customer, m.lang)) if m.customer is not None else ""


def _heads(m: Material, *, with_validity: bool) -> Details:
    contact = name_of(m.contact, m.lang) if m.contact else None
    if contact and m.contact and m.contact.title and m.lang == "zh":
        contact = f"{contact}（{m.contact.title}）"
    rows = (
        ("details_contact", contact),
        ("details_number", m.number),
        ("details_day", day(m.day, m.lang)),
        ("details_valid", day(m.valid_until, m.lang) if with_validity else None),
        ("details_date_wished", day(m.wished, m.lang) if m.wished else None),
        ("details_by", _reached(m.seller, m.lang) if m.seller else None),
    )
    return Details(tuple((say(key, m.lang), value) for key, value in rows if value))


def _reached(seller: Employee, lang: Language) -> str:
    return "  ".join(part for part in (name_of(seller, lang), seller.phone, seller.email) if part)


def _priced(m: Material) -> Iterator[Block]:
    if m.sums is None:
        return
    has_units = m.lang == "zh" and any(product.unit for product in m.products)
    head = [say("column_product", m.lang), say("column_quantity", m.lang), say("column_price", m.lang)]
    rows = [
        (
            Cell(name_of(product, m.lang)),
            Cell(f"{line.quantity}{f' {product.unit}' if has_units and product.unit else ''}"),
            Cell(money(line.price, m.currency)),
            Cell(money(line.amount, m.currency)),
        )
        for product, line in zip(m.products, m.sums.lines, strict=True)
    ]
    yield Grid((*head, say("column_amount", m.lang)), tuple(rows), (9, 3, 6, 6), numbers=(1, 2, 3))
    yield _total(m, m.sums)


def _total(m: Material, sums: QuoteSums) -> Total:
    rows = [(say("listed", m.lang), money(sums.listed, m.currency))]
    if m.discount:
        rows.append((say("less", m.lang, discount=percent(m.discount)), f"- {money(sums.off, m.currency)}"))
    return Total((*rows, (say("total", m.lang), money(sums.total, m.currency))))


def _prices_from(m: Material) -> str:
    """Where the prices are from, with the oldest date of those used."""
    days = [product.priced_on for product in m.products]
    known = [at for at in days if at is not None]
    if len(known) != len(days) or not known:
        return say("prices_undated", m.lang)
    return say("prices_from", m.lang, day=day(min(known), m.lang))


def _described(product: Product, lang: Language) -> str:
    description = (product.description_en or product.description) if lang == "en" else product.description
    name = name_of(product, lang)
    return say("what_it_is", lang, product=name, description=description) if description else name


def _alternative(m: Material) -> Iterator[Block]:
    other = m.alternative
    price = price_of(other, m.currency) if other is not None else None
    if other is None or price is None:
        return
    yield Heading(say("heading_alternative", m.lang))
    described = (other.description_en or other.description) if m.lang == "en" else other.description
    yield Paragraph(
        say(
            "alternative",
            m.lang,
            product=name_of(other, m.lang),
            description=described,
            price=money(price, m.currency),
            unit=other.unit,
        )
    )
    ours = price_of(m.products[0], m.currency) if len(m.products) == 1 else None
    if ours is not None and ours > price:
        is_alike = other.unit == m.products[0].unit and bool(other.unit)
        key = "difference" if is_alike else "difference_plain"
        yield Paragraph(say(key, m.lang, difference=money(ours - price, m.currency), unit=other.unit))


def _running(contract: Contract, lang: Language) -> str:
    if contract.ends is None:
        return say("running_open", lang, title=contract.title)
    return say("running", lang, title=contract.title, ends=day(contract.ends, lang))


def _conditions(m: Material, intents: Sequence[str]) -> Iterator[Block]:
    found = _citations(m, intents)
    if found:
        yield Heading(say("heading_conditions", m.lang))
        yield from found


def _citations(m: Material, intents: Sequence[str]) -> tuple[Citation, ...]:
    """What the documents for customers say on these matters, in this order, each once."""
    chosen = dict.fromkeys(one for intent in intents for one in m.cited if intent in one.intents)
    return tuple(
        Citation(
            one.text,
            say("source_of", m.lang, title=one.title, section=one.section, version=one.version),
        )
        for one in chosen
    )
