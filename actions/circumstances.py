"""What a breaker has to know of a proposal: the customer's signals, the deal's history, the words that would go out.

`known_of` asks the world; `stops` thinks, and gives decide its findings.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from actions.canonical import digest_of
from actions.commands.papers import PreparePaper, SendPaper, paper_made_by
from actions.commands.planning import new_id
from actions.commands.roster import COMMANDS, command_to_json
from actions.commands.undo import Undo
from actions.crm.records import OPEN_STAGES, STAGES, Customer, Deal, Firing, Paper, Product, Signal, Ticket, place_of
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
from actions.words_to_customers import figures_in, promised_off, strange_address, strange_name

BOOKKEEPING = frozenset(
    {
        "note_signal",
        "end_signals",
        "lift_signal",
        "record_firing",
        "appeal_firing",
        "rule_on_firing",
        "spend_release",
        "end_firing",
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
        "correct_call",
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

    `strange` is what in them belongs to another customer. `released` are the releases that this step may go on by. In a
    paper (`is_paper`) the figures are those of the price list and of what was allowed when it was prepared: they promise
    nothing more and give nothing away.
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
    """Releases that this person was given for exactly this command and has not used, or for making what is sent by it."""
    theirs = select(FiringRow.__table__).where(
        FiringRow.person_id == (proposal.requester.person_id or ""), FiringRow.ruled_at > now - _RELEASE_LASTS
    )
    given = theirs.where(FiringRow.state == "released", FiringRow.digest == (digest_of_command(proposal) or None))
    found: list[Firing] = await records_of(tx, Firing, given)
    made_by = theirs.where(FiringRow.state == "used", FiringRow.deed == PreparePaper.name)
    if isinstance(proposal.command, SendPaper):
        found += [firing for firing in await records_of(tx, Firing, made_by) if _goes_with(firing, proposal)]
    return tuple(found)


def _goes_with(firing: Firing, proposal: Proposal) -> bool:
    """Whether the release of a paper's making holds for this sending: of that very paper, to whom it is made out.

    A paper never changes, and the sending names it by its digest. By hand it goes to whoever stands in it.
    """
    command = proposal.command
    assert isinstance(command, SendPaper)
    paper: Paper | None = proposal.seen.get("paper", command.paper_id)
    if paper is None or paper.digest != command.digest or command.contact_id not in (None, paper.contact_id):
        return False
    return paper.id == paper_made_by(firing.proposal_id, paper.kind)


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
    found = strange_name(words, own=own, others=names[False], people=people[False]) or strange_address(words, reached)
    return found or (await _strange_figure(tx, words, customer_id) if figures else None)


async def _strange_figure(tx: Tx, words: str, customer_id: str | None) -> str | None:
    figures = {amount for amount in figures_in(words) if amount >= _LEAST_AMOUNT and amount % 1000}
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


def released_by(known: Circumstances, reason: Reason) -> Firing | None:
    """The release by which a step goes on that this breaker stops, or None.

    One that goes with a paper to its sending holds on the evidence that it was given on: of what the customer has shown
    since then whoever released it knew nothing.
    """
    by_same = (firing for firing in known.released if firing.breaker == reason.rule)
    evidence = (reason.data.get("signal"), reason.data.get("words"))
    return next((one for one in by_same if one.state == "released" or (one.signal_id, one.words) == evidence), None)


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
        signal.kind: Evidence(signal.words, signal.said_by, signal.at, place_of(signal), signal.id, alternative)
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
