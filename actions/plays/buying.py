"""Buying signals: a customer moves towards an order, in their own words or in a colleague's report; steps: plays.yaml."""

from decimal import Decimal

from actions.plays.heard import heard, with_alternative
from actions.plays.meant import the_product
from actions.plays.play import Result
from actions.plays.said import from_passages, is_customer
from actions.plays.steps import the_renewal
from actions.plays.told import exact, iso, money, named
from actions.proposal import Json
from actions.situation import Situation


def quote_request(s: Situation) -> Result:
    return heard(s, data=_list_price(s), of_one_deal=True)


def discount_request(s: Situation) -> Result:
    return heard(s, data=with_alternative(s), of_one_deal=exact(s.slot("percent")) is not None)


def demo_request(s: Situation) -> Result:
    return heard(s)


def proposal_request(s: Situation) -> Result:
    return heard(s)


def delivery_inquiry(s: Situation) -> Result:
    return from_passages(s) if is_customer(s) else heard(s)


def product_question(s: Situation) -> Result:
    return from_passages(s) if is_customer(s) else heard(s, data=_list_price(s))


def contract_request(s: Situation) -> Result:
    return heard(s, of_one_deal=True)


def commitment(s: Situation) -> Result:
    """A yes in words is not a signature: the deal moves to negotiation, and from there its contract to legal."""
    return heard(s, of_one_deal=True)


def renewal(s: Situation) -> Result:
    contract = the_renewal(s)
    told: dict[str, Json] = {} if contract is None else {"contract": contract.title, "ends": iso(contract.ends)}
    return heard(s, data=told)


def _list_price(s: Situation) -> dict[str, Json]:
    product = the_product(s)
    if product is None or product.price <= Decimal(0):
        return {}
    dollars = product.price_usd if s.lang == "en" else None
    price = money(dollars, "USD") if dollars is not None else money(product.price, product.currency)
    return {"product": named(product, s.lang), "list_price": price}
