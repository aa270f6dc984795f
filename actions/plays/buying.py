"""Buying signals: a customer moves towards an order, in their own words or in a colleague's report."""

from decimal import Decimal

from actions.commands.crm import CreateDeal, UpdateAmount, UpdateStage
from actions.crm.records import STAGES, Contract, Stage
from actions.plays import papers, reviews
from actions.plays.heard import heard, with_alternative
from actions.plays.meant import the_product
from actions.plays.play import Result
from actions.plays.said import from_passages, is_customer
from actions.plays.told import exact, iso, money, named
from actions.proposal import Command, Json
from actions.situation import Situation


def quote_request(s: Situation) -> Result:
    return heard(s, *papers.prepare(s, "quote"), *_forward(s, "proposal"), again=1, data=_list_price(s), of_one_deal=True)


def discount_request(s: Situation) -> Result:
    wanted = exact(s.slot("percent"))
    grant: tuple[Command, ...] = ()
    if s.deal is not None and wanted is not None and 0 < wanted < 100:
        grant = (UpdateAmount(deal_id=s.deal.id, amount=None, currency=None, discount=wanted), *reviews.submission(s))
    return heard(s, *grant, again=1, data=with_alternative(s), of_one_deal=wanted is not None)


def demo_request(s: Situation) -> Result:
    agenda = papers.prepare(s, "demo_agenda")
    # the consultant's button is the one that must not fall off a small card
    return heard(s, *agenda, again=None if agenda else 1, says=("consultant",))


def proposal_request(s: Situation) -> Result:
    return heard(s, *papers.prepare(s, "proposal"), *_forward(s, "proposal"), again=1)


def delivery_inquiry(s: Situation) -> Result:
    return from_passages(s) if is_customer(s) else heard(s, again=1)


def product_question(s: Situation) -> Result:
    return from_passages(s) if is_customer(s) else heard(s, again=1, data=_list_price(s))


def contract_request(s: Situation) -> Result:
    ahead = _forward(s, "negotiation") or reviews.submission(s)
    return heard(s, *ahead, *papers.prepare(s, "contract_request"), again=1, of_one_deal=True)


def commitment(s: Situation) -> Result:
    """A yes in words is not a signature: the deal moves to negotiation, and from there its contract to legal."""
    ahead = _forward(s, "negotiation") or reviews.submission(s)
    return heard(s, *ahead, again=1, of_one_deal=True)


def renewal(s: Situation) -> Result:
    contract = min(
        (row for row in s.rows.get("contracts", ()) if isinstance(row, Contract) and row.ends is not None),
        key=lambda row: (row.state != "active", row.ends),
        default=None,
    )
    if contract is None:
        return heard(s, again=1)
    told: dict[str, Json] = {"contract": contract.title, "ends": iso(contract.ends)}
    offers: tuple[Command, ...] = ()
    if s.customer is not None and s.deal is None:
        mark = "renewal" if s.lang == "en" else "续约"
        title = f"{named(s.customer, s.lang)} · {mark}"
        offers = (CreateDeal(customer_id=s.customer.id, title=title, amount=contract.amount, currency=contract.currency),)
    return heard(s, *offers, again=1, data=told)


def _forward(s: Situation, stage: Stage) -> tuple[Command, ...]:
    """The move to a later stage; a deal that is there or beyond stays."""
    if s.deal is None or STAGES.index(s.deal.stage) >= STAGES.index(stage):
        return ()
    return (UpdateStage(deal_id=s.deal.id, stage=stage),)


def _list_price(s: Situation) -> dict[str, Json]:
    product = the_product(s)
    if product is None or product.price <= Decimal(0):
        return {}
    dollars = product.price_usd if s.lang == "en" else None
    price = money(dollars, "USD") if dollars is not None else money(product.price, product.currency)
    return {"product": named(product, s.lang), "list_price": price}
