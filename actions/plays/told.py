"""How records are told in an Answer: plain values that the wording can fill in, in the asker's language."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from actions.crm.records import Contact, Customer, Deal, Employee, Product
from actions.proposal import Json, Subject


def money(amount: Decimal, currency: str) -> Json:
    return {"amount": str(amount), "currency": currency}


def sums(amounts: Iterable[tuple[Decimal, str]]) -> list[Json]:
    """One sum for each currency, the largest first: different money is never added up."""
    totals: dict[str, Decimal] = {}
    for amount, currency in amounts:
        totals[currency] = totals.get(currency, Decimal(0)) + amount
    return [money(total, currency) for currency, total in sorted(totals.items(), key=lambda item: -item[1])]


def iso(at: date | datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def named(record: Customer | Contact | Employee | Product, lang: str) -> str:
    """The name in the asker's language where the record has one."""
    return (record.name_en or record.name) if lang == "en" else (record.name or record.name_en)


def deal_data(deal: Deal) -> dict[str, Json]:
    amount = money(deal.amount, deal.currency)
    return {"deal": deal.title, "stage": deal.stage, "amount": amount, "close": iso(deal.close_date)}


def deal_subject(deal: Deal) -> Subject:
    return Subject("deal", deal.id, deal.title, deal.customer_id, deal.owner_id)


def customer_subject(customer: Customer, lang: str) -> Subject:
    return Subject("customer", customer.id, named(customer, lang), customer.id, customer.owner_id)


def exact(value: Any) -> Decimal | None:
    """An exact number from a slot's value or an answer; None where there is none."""
    try:
        number = Decimal(str(value).replace(",", "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def amount_of(value: Any) -> tuple[Decimal, str | None] | None:
    """The amount and currency of an amount slot or of a bare number given as an answer."""
    if isinstance(value, dict):
        number = exact(value.get("amount"))
        currency = value.get("currency")
        return None if number is None else (number, str(currency) if currency else None)
    number = exact(value)
    return None if number is None else (number, None)
