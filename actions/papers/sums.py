"""What a quotation comes to: exact to the cent, rounded once and at one place; thinks, touches nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
MOST_QUANTITY = 100_000
"""More of one product than anybody orders at once: a slip of the finger."""


@dataclass(frozen=True)
class LineSum:
    """`price` is the list price of one; `amount` that of all of them."""

    quantity: int
    price: Decimal
    amount: Decimal


@dataclass(frozen=True)
class QuoteSums:
    """The list price of everything, what the discount takes off, and what is left; `listed - off == total` to the cent."""

    lines: tuple[LineSum, ...]
    listed: Decimal
    off: Decimal
    total: Decimal


def sums_of(lines: Sequence[tuple[int, Decimal]], discount: Decimal) -> QuoteSums:
    """The sums of (quantity, list price) lines at a discount in percent.

    The discount is taken from the whole and rounded once, half a cent up; so the lines add up to the list price exactly.
    Raises ValueError on a quantity below one, a price below nothing, or a discount outside 0 to 100.
    """
    if not 0 <= discount <= 100:
        raise ValueError("a discount lies between 0 and 100 percent")
    if any(quantity < 1 or price < 0 for quantity, price in lines):
        raise ValueError("a line has a quantity of at least one and a price of at least nothing")
    counted = tuple(LineSum(quantity, price.quantize(CENT), quantity * price.quantize(CENT)) for quantity, price in lines)
    listed = sum((line.amount for line in counted), Decimal(0)).quantize(CENT)
    off = (listed * discount / 100).quantize(CENT, ROUND_HALF_UP)
    return QuoteSums(counted, listed, off, listed - off)


def quantity_meant(amount: Decimal, price: Decimal, discount: Decimal) -> int:
    """How many of a product a deal of this amount is about: the whole number for which it comes out, else one."""
    each = price * (100 - discount) / 100
    if each <= 0:
        return 1
    count = amount / each
    whole = int(count.to_integral_value())
    return whole if count == whole and 1 <= whole <= MOST_QUANTITY else 1
