"""What a breaker has to know of a proposal: the customer's signals, the deal's history, the words that would go out.

`known_of` asks the world; `stops` thinks, and gives decide its findings.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from actions.canonical import digest_of
from actions.commands.papers import SendPaper
from actions.commands.planning import new_id
from actions.commands.roster import COMMANDS, command_to_json
from actions.commands.undo import Undo
from actions.crm.records import OPEN_STAGES, STAGES, Customer, Deal, Firing, Paper, Product, Signal, Ticket
from actions.decide import is_stop, sight_of
from actions.outside.store import Tx
from actions.outside.tables import (
    AuditRow,
    ContactRow,
    ContractRow,
    CustomerRow,
    DealRow,
    EmployeeRow,
    FiringRow,
    ProductRow,
)
from actions.papers.sheet import sheet_from_json, texts
from actions.policy.breakers import Breakers, Evidence, Seen
from actions.policy.policy import Finding, Policy
from actions.proposal import Create, Effect, Notify, Plan, Proposal, Reason, Update
from actions.rows import complaints_of, one, records_of, signals_of

BOOKKEEPING = frozenset(
    {
        "note_signal",
        "end_signals",
        "lift_signal",
        "record_firing",
        "appeal_firing",
        "rule_on_firing",
        "spend_release",
        "tell_owner",
        "report_gap",
        "sign_review",
        "return_review",
        "withdraw_review",
        "tell_overdue",
        "tell_unchased",
        "ask_materials",
        "report_materials",
        "tick_materials",
    }
)
"""Commands that keep or pass on what was said and ask for nothing of the customer: no breaker looks at them."""
_RELEASE_LASTS = timedelta(hours=48)
"""How long a release may be used, so that it stays what it was given for."""
_LOOKS_BACK = timedelta(days=365)
_LEAST_AMOUNT = 10000  # smaller figures are everywhere and tell nothing


@dataclass(frozen=True)
class Change:
    """One change of a deal's field that was carried out."""

    at: datetime
    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Circumstances:
    """What is known about a proposal when breakers look at it. `words` are those that would go to the customer.

    `strange` is what in them belongs to another customer. In a paper (`is_paper`) the figures are those of the price list
    and of what was allowed when it was prepared: they promise nothing more and give nothing away.
    """

    customer: Customer | None = None
    deal: Deal | None = None
    product: Product | None = None
    alternative: Product | None = None
    signals: tuple[Signal, ...] = ()
    complaints: tuple[Ticket, ...] = ()
    history: tuple[Change, ...] = ()
    products: tuple[Product, ...] = ()
    words: str = ""
    is_paper: bool = False
    contacts: bool = False
    strange: str | None = None
    released: tuple[Firing, ...] = ()


# --- asking the world ---------------------------------------------------------------------------------------------------


async def known_of(tx: Tx, proposal: Proposal, now: datetime) -> Circumstances:
    """Everything that breakers may look at for this proposal, in the same transaction as the deed."""
    plan = proposal.plan
    customer_id = next((one.customer_id for one in plan.subjects if one.customer_id), None)
    deal_id = next((one.id for one in plan.subjects if one.kind == "deal"), None)
    deal: Deal | None = await one(tx, Deal, DealRow, deal_id)
    product = await _product(tx, plan, deal)
    is_paper = isinstance(proposal.command, SendPaper)
    words, contacts = (_words_of_paper(proposal), False) if is_paper else await _words_to_customers(tx, plan)
    known = Circumstances(
        customer=await one(tx, Customer, CustomerRow, customer_id),
        deal=deal,
        product=product,
        alternative=await one(tx, Product, ProductRow, product.alternative_id if product else None),
        words=words,
        is_paper=is_paper,
        contacts=contacts or bool(plan.measures.get("contacts", False)),
        history=await _history(tx, deal_id, now) if deal_id else (),
        released=await _released(tx, proposal, now),
    )
    if customer_id is not None:
        known = replace(
            known, signals=await signals_of(tx, customer_id, now), complaints=await complaints_of(tx, customer_id)
        )
    if words:
        products = await records_of(tx, Product, select(ProductRow.__table__))
        known = replace(
            known, strange=await strange_in(tx, words, customer_id, figures=not is_paper), products=tuple(products)
        )
    return known


async def _history(tx: Tx, deal_id: str, now: datetime) -> tuple[Change, ...]:
    """What was changed of the deal, oldest first, as the record of the road has it."""
    statement = (
        select(AuditRow.at, AuditRow.body)
        .where(AuditRow.subject == f"deal:{deal_id}", AuditRow.kind == "change", AuditRow.at >= now - _LOOKS_BACK)
        .order_by(AuditRow.seq)
    )
    rows = (await tx.execute(statement)).all()
    changed = [row for row in rows if row.body.get("effect") == "update"]
    return tuple(Change(row.at, row.body["field"], row.body["old"], row.body["new"]) for row in changed)


async def _released(tx: Tx, proposal: Proposal, now: datetime) -> tuple[Firing, ...]:
    """Releases that this person was given for exactly this command and has not used."""
    statement = select(FiringRow.__table__).where(
        FiringRow.person_id == (proposal.requester.person_id or ""),
        FiringRow.state == "released",
        FiringRow.digest == (digest_of_command(proposal) or None),
        FiringRow.ruled_at > now - _RELEASE_LASTS,
    )
    return tuple(await records_of(tx, Firing, statement))


async def _product(tx: Tx, plan: Plan, deal: Deal | None) -> Product | None:
    """The product that it is about; of several the first for which there is a cheaper one."""
    ids = (_product_id(plan, deal) or "").split("|")
    found: list[Product] = [product for each in ids if (product := await one(tx, Product, ProductRow, each))]
    return next((product for product in found if product.alternative_id), next(iter(found), None))


def _words_of_paper(proposal: Proposal) -> str:
    """What stands in the paper that would go out."""
    assert isinstance(proposal.command, SendPaper)
    paper: Paper | None = proposal.seen.get("paper", proposal.command.paper_id)
    return "\n".join(texts(sheet_from_json(json.loads(paper.content)))) if paper is not None else ""


async def _words_to_customers(tx: Tx, plan: Plan) -> tuple[str, bool]:
    """The words of all notices that go to a contact of a customer; whether any does."""
    to = [(effect.to.removeprefix("person:"), effect) for effect in plan.effects if isinstance(effect, Notify)]
    ids = [person for person, effect in to if effect.to.startswith("person:")]
    if not ids:
        return "", False
    found = set((await tx.execute(select(ContactRow.id).where(ContactRow.id.in_(ids)))).scalars())
    told = [effect for person, effect in to if person in found]
    return "\n".join(word for effect in told for word in _strings(effect.data)), bool(told)


def _strings(data: Any) -> Iterable[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, Sequence):
        for value in data:
            yield from _strings(value)


async def strange_in(tx: Tx, words: str, customer_id: str | None, *, figures: bool = True) -> str | None:
    """What in these words belongs to another customer than this: a name, a phone, an address, a figure of theirs only.

    A name of their own that holds another's (or is like it) is no leak: what is this customer's is taken out first.
    """
    names: dict[bool, list[str]] = {True: [], False: []}
    people: dict[bool, list[str]] = {True: [], False: []}
    customers = select(CustomerRow.id, CustomerRow.name, CustomerRow.name_en, CustomerRow.aliases)
    for row in await tx.execute(customers):
        names[row.id == customer_id] += [row.name, row.name_en, *row.aliases.split("|")]
    contacts = select(ContactRow.customer_id, ContactRow.name, ContactRow.name_en, ContactRow.phone, ContactRow.email)
    reached: dict[bool, list[str]] = {True: [], False: []}
    for person in await tx.execute(contacts):
        people[person.customer_id == customer_id] += [person.name, person.name_en]
        reached[person.customer_id == customer_id] += [address for address in (person.phone, person.email) if address]
    staff = select(EmployeeRow.name, EmployeeRow.name_en, EmployeeRow.phone, EmployeeRow.email)
    for colleague in await tx.execute(staff):
        people[True] += [colleague.name, colleague.name_en]
        reached[True] += [address for address in (colleague.phone, colleague.email) if address]
    own = [*names[True], *people[True]]
    found = strange_name(words, own=own, others=names[False], people=people[False]) or _strange_address(words, reached)
    return found or (await _strange_figure(tx, words, customer_id) if figures else None)


async def _strange_figure(tx: Tx, words: str, customer_id: str | None) -> str | None:
    figures = {amount for amount in _figures(words) if amount >= _LEAST_AMOUNT and amount % 1000}
    if not figures:
        return None
    prices = {price for row in await tx.execute(select(ProductRow.price, ProductRow.price_usd)) for price in row if price}
    owners: dict[Decimal, set[str | None]] = {}
    for table in (DealRow, ContractRow):
        for row in await tx.execute(select(table.customer_id, table.amount).where(table.amount.in_(sorted(figures)))):
            owners.setdefault(row.amount, set()).add(row.customer_id)
    theirs = [amount for amount, who in owners.items() if customer_id not in who and amount not in prices]
    return f"{theirs[0].normalize():,f}" if theirs else None


# --- thinking -----------------------------------------------------------------------------------------------------------


def digest_of_command(proposal: Proposal) -> str:
    """What a release is bound to: exactly this command."""
    command = proposal.command
    if isinstance(command, Undo):
        return digest_of([command.name, command.deed])
    return digest_of(command_to_json(command)) if command.name in COMMANDS else ""


def is_looked_at(proposal: Proposal) -> bool:
    """Whether breakers look at this at all: at what asks something of a customer, or takes such a thing back."""
    command = proposal.command
    if isinstance(command, Undo):
        return command.did not in BOOKKEEPING
    return command.name in COMMANDS and command.name not in BOOKKEEPING


def stops(
    breakers: Breakers, proposal: Proposal, known: Circumstances, policy: Policy, now: datetime
) -> tuple[Finding, ...]:
    """What the breakers say about a proposal; each reason names the firing it will be recorded as. Never raises."""
    if not is_looked_at(proposal):
        return ()
    found = breakers.judge(*_seen(breakers, proposal, known, policy, now))
    return tuple(_with_firing(finding, proposal) for finding in found)


def firing_id(proposal: Proposal, breaker: str) -> str:
    """The same step stopped by the same breaker is the same firing."""
    return new_id("F", f"{proposal.id}:{breaker}")


def rebound(reason: Reason, proposal: Proposal) -> Reason:
    """The reason of a breaker as that of another proposal: its firing is another one; other reasons stay what they are."""
    if not is_stop(reason):
        return reason
    return replace(reason, data={**reason.data, "firing": firing_id(proposal, reason.rule)})


def _with_firing(finding: Finding, proposal: Proposal) -> Finding:
    return replace(finding, reason=rebound(finding.reason, proposal))


def _seen(
    breakers: Breakers, proposal: Proposal, known: Circumstances, policy: Policy, now: datetime
) -> tuple[Seen, Mapping[str, Evidence]]:
    plan, deal = proposal.plan, known.deal
    change = _changed(plan.effects)
    old_amount, old_currency = (deal.amount, deal.currency) if deal else (Decimal(0), "CNY")
    new_amount = _decimal(change.get("amount", old_amount))
    currency = str(change.get("currency", old_currency))
    opened = next((effect.values for effect in plan.effects if isinstance(effect, Create) and effect.kind == "deal"), None)
    if opened is not None:
        new_amount, currency, old_amount = _decimal(opened.get("amount")), str(opened.get("currency", "CNY")), Decimal(0)
    amount_cny = policy.rates.to_cny(float(new_amount), currency) or float(new_amount)
    old_cny = policy.rates.to_cny(float(old_amount), old_currency) or float(old_amount)
    sight = sight_of(proposal, amount_cny, now)
    new_discount, old_discount = _decimal(change.get("discount", 0)), deal.discount if deal else Decimal(0)
    raises_discount = "discount" in change and new_discount > old_discount
    given = _spiral(known.history, now - breakers.spiral)
    kinds = {signal.kind: signal for signal in known.signals}
    freeze_at = max((signal.at for signal in known.signals), default=now)
    promised = breakers.promised(known.words) if known.words else None
    off, off_words = (0.0, None) if known.is_paper else promised_off(known.words, known.product, known.products)
    seen: dict[str, str | float | int | bool] = {
        "command": proposal.command.name,
        "role": proposal.requester.role,
        "region": proposal.requester.region,
        "amount_cny": amount_cny,
        "old_amount_cny": old_cny,
        "raises_amount": deal is not None and opened is None and amount_cny > old_cny,
        "came_down": _came_down(deal, known.history, freeze_at),
        "advances": deal is not None and _advances(deal.stage, change.get("stage")),
        "opens": opened is not None,
        "offers": bool(plan.measures.get("offers", False)),
        "premium": known.alternative is not None,
        "discount": float(sight["discount"]),
        "raises_discount": raises_discount,
        "discounts_lately": len(given) + (1 if raises_discount and _is_larger(new_discount, given) else 0),
        "contacts": known.contacts,
        "promises": promised is not None,
        "promised_off": off,
        "limit": breakers.limit(proposal.requester.role),
        "leaks": known.strange is not None,
        "open_complaints": len(known.complaints),
    }
    for kind in breakers.signals:
        signal = kinds.get(kind.id)
        seen[kind.id] = signal is not None
        seen[f"{kind.id}_days"] = (now - signal.at).days if signal else -1
    asked = new_discount if raises_discount else None
    return seen, _evidence(known, given, asked, {"promises": promised, "promised_off": off_words, "leaks": known.strange})


def _evidence(
    known: Circumstances, given: Sequence[Change], asked: Decimal | None, words: Mapping[str, str | None]
) -> dict[str, Evidence]:
    """The words behind each variable, where there are any."""
    alternative = _alternative(known)
    found = {
        signal.kind: Evidence(signal.words, signal.said_by, signal.at, signal.source, signal.id, alternative)
        for signal in known.signals
    }
    found |= {name: Evidence(text, source="draft") for name, text in words.items() if text}
    if known.complaints:
        ticket = known.complaints[0]
        found["open_complaints"] = Evidence(ticket.text or ticket.subject, ticket.id, ticket.opened_at, "ticket")
    discounts = [*(_decimal(change.new) for change in given), *([asked] if asked is not None else [])]
    steps = " → ".join(f"{one_discount.normalize():f}%" for one_discount in discounts)
    found["discounts_lately"] = Evidence(steps, at=given[-1].at if given else None, source="record", alternative=alternative)
    # what asks for more is no evidence by itself, the history behind it is
    found["raises_discount"] = found["discounts_lately"]
    return found


def _alternative(known: Circumstances) -> dict[str, Any] | None:
    product, cheaper, deal = known.product, known.alternative, known.deal
    if product is None or cheaper is None or deal is None or deal.product_id != product.id or deal.stage not in OPEN_STAGES:
        return None
    return {
        "deal_id": deal.id,
        "product_id": cheaper.id,
        "instead_of": product.id,
        "zh": cheaper.name,
        "en": cheaper.name_en or cheaper.name,
    }


def _changed(effects: Sequence[Effect]) -> dict[str, Any]:
    return {one.field: one.new for one in effects if isinstance(one, Update) and one.kind == "deal"}


def _product_id(plan: Plan, deal: Deal | None) -> str | None:
    opened = next((effect.values for effect in plan.effects if isinstance(effect, Create) and effect.kind == "deal"), {})
    measured = str(plan.measures.get("product_id", "")) or None
    changed: str | None = _changed(plan.effects).get("product_id")
    return changed or opened.get("product_id") or measured or (deal.product_id if deal else None)


def _advances(old: str, new: Any) -> bool:
    """To a later open stage: a deal that is won or lost asks nothing more of the customer."""
    return new in OPEN_STAGES and old in STAGES and STAGES.index(new) > STAGES.index(old)


def _came_down(deal: Deal | None, history: Sequence[Change], since: datetime) -> bool:
    """Whether the deal is worth less now than it was then: what was lowered and raised again has not come down."""
    changes = [change for change in history if change.field == "amount" and change.at >= since]
    return deal is not None and bool(changes) and deal.amount < _decimal(changes[0].old)


def _spiral(history: Sequence[Change], since: datetime) -> list[Change]:
    """The discounts given since then, each larger than the one before; one that was undone does not count."""
    given: list[Change] = []
    for change in history:
        if change.field != "discount" or change.at < since:
            continue
        if given and (change.old, change.new) == (given[-1].new, given[-1].old):
            given.pop()
        elif _decimal(change.new) > max((_decimal(one.new) for one in given), default=_decimal(change.old)):
            given.append(change)
    return given


def _is_larger(discount: Decimal, given: Sequence[Change]) -> bool:
    return not given or discount > _decimal(given[-1].new)


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)


# --- words that go out --------------------------------------------------------------------------------------------------

_FIGURE = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(万|千|k\b)?", re.IGNORECASE)
_TIMES = {"万": 10000, "千": 1000, "k": 1000}
_OFF = re.compile(
    r"(?P<fold>[一二三四五六七八九\d](?:\.?[\d一二三四五六七八九])?)\s*折(?!扣)"
    r"|(?:便宜|优惠|让利|让价|降价?|减|折扣)[^。，,\d]{0,4}(?P<less>\d+(?:\.\d+)?)\s*%"
    r"|(?P<off>\d+(?:\.\d+)?)\s*%\s*(?:off|discount|cheaper|less)|(?P<half>half (?:the )?price|半价)",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"(?:只要|仅需|一口价|单价|报价|价格|算您|给您|for (?:just|only)|price (?:of|is)|at (?:just|only))"
    r"[^。，,.\d]{0,8}[¥$€￥]?\s*(?P<figure>\d[\d,]*(?:\.\d+)?)\s*(?P<times>万|千|k\b)?(?!\s*[%折])",
    re.IGNORECASE,
)
_DIGITS = {digit: str(number) for number, digit in enumerate("零一二三四五六七八九")}


def promised_off(words: str, product: Product | None, products: Sequence[Product]) -> tuple[float, str | None]:
    """How many percent off the list price these words promise, in percent or by a price, and the words that do."""
    most, text = 0.0, None
    for found in _OFF.finditer(words):
        off = _percent_off(found)
        if off > most:
            most, text = off, found.group(0)
    spoken_of = next((one for one in products if any(name in words for name in _called(one))), product)
    if spoken_of is None:
        return most, text
    for found in _PRICE.finditer(words):
        figure = _times(found["figure"], found["times"])
        is_dollars = spoken_of.price_usd is not None and "$" in found.group(0)
        price = spoken_of.price_usd if is_dollars and spoken_of.price_usd else spoken_of.price
        # far below the list it is a part of the price: a deposit, a rate
        if price and price * Decimal("0.3") < figure < price:
            off = float((price - figure) / price * 100)
            if off > most:
                most, text = off, found.group(0)
    return most, text


def _percent_off(found: re.Match[str]) -> float:
    if found["half"]:
        return 50.0
    if found["fold"]:
        digits = "".join(_DIGITS.get(one, one) for one in found["fold"] if one != ".")
        return 100.0 - float(digits) * (10.0 if len(digits) == 1 else 1.0)
    return float(found["less"] or found["off"])


def _called(product: Product) -> list[str]:
    return [name for name in (product.name, product.name_en, *product.aliases.split("|")) if name]


def _figures(words: str) -> list[Decimal]:
    return [_times(found[1], found[2]) for found in _FIGURE.finditer(words)]


def _times(figure: str, times: str | None) -> Decimal:
    return Decimal(figure.replace(",", "")) * _TIMES.get((times or "").lower(), 1)


_TITLED = "总|经理|主任|先生|女士|老师|院长|科长|处长|主管|的电话|的手机|的邮箱"


def plain(text: str) -> str:
    """Text as names are compared: one width, one case, without spaces and signs."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def strange_name(words: str, *, own: Sequence[str], others: Sequence[str], people: Sequence[str] = ()) -> str | None:
    """A name of another customer in these words, or of one of their people; this customer's own names do not count.

    The longest names are looked for first: one of another that begins like this customer's is that other's, and the other
    way round. A person's name of two characters may be a word as well: it counts with what people are called by.
    """
    mine, persons = {plain(name) for name in own}, set(people)
    names = {name: plain(name) for name in (*own, *others, *persons)}
    text, rest = unicodedata.normalize("NFKC", words).casefold(), plain(words)
    for name, short in sorted(names.items(), key=lambda named: (-len(named[1]), named[1] not in mine)):
        if len(short) < 2 or short not in rest:
            continue
        if short in mine:
            rest = rest.replace(short, "\n")
        elif _is_meant(name, short, text, rest, is_person=name in persons):
            return name
    return None


def _is_meant(name: str, short: str, text: str, rest: str, *, is_person: bool) -> bool:
    if not short.isascii():
        return not is_person or len(short) > 2 or re.search(rf"{re.escape(short)}(?:{_TITLED})", rest) is not None
    # Latin letters: whole words only, and nothing as short as "Ed"
    spelt = r"\s+".join(re.escape(word) for word in unicodedata.normalize("NFKC", name).casefold().split())
    return len(short) > 3 and re.search(rf"(?<![0-9a-z]){spelt}(?![0-9a-z])", text) is not None


def _strange_address(words: str, reached: Mapping[bool, Sequence[str]]) -> str | None:
    digits, text = re.sub(r"\D", "", words), words.casefold()
    own = {one.casefold() for one in reached[True]}
    for one_address in reached[False]:
        if one_address.casefold() in own:
            continue
        if "@" in one_address:
            if one_address.casefold() in text:
                return one_address
        elif len(bare := re.sub(r"\D", "", one_address)) >= 8 and (bare in digits or bare.removeprefix("86") in digits):
            return one_address
    return None
