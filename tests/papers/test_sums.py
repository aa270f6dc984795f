"""What a quotation comes to: exact, whatever is ordered at whatever discount."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.papers.sums import MOST_QUANTITY, quantity_meant, sums_of

_PRICES = st.decimals(0, 10**8, places=2)
_DISCOUNTS = st.decimals(0, 100, places=2)
_LINES = st.lists(st.tuples(st.integers(1, 10_000), _PRICES), min_size=1, max_size=12)


@given(_LINES, _DISCOUNTS)
def test_list_price_less_discount_is_the_total_to_the_cent(lines: list[tuple[int, Decimal]], discount: Decimal) -> None:
    sums = sums_of(lines, discount)
    assert sums.listed == sum(line.amount for line in sums.lines) == sum(quantity * price for quantity, price in lines)
    assert sums.listed - sums.off == sums.total
    assert abs(sums.off - sums.listed * discount / 100) <= Decimal("0.005")
    assert all(-amount.as_tuple().exponent == 2 for amount in (sums.listed, sums.off, sums.total))
    assert 0 <= sums.total <= sums.listed


@given(_LINES, _DISCOUNTS, _DISCOUNTS)
def test_a_larger_discount_never_costs_more(lines: list[tuple[int, Decimal]], one: Decimal, other: Decimal) -> None:
    small, large = sorted((one, other))
    assert sums_of(lines, large).total <= sums_of(lines, small).total


def test_half_a_cent_goes_up() -> None:
    assert sums_of([(1, Decimal("0.10"))], Decimal(5)).off == Decimal("0.01")


@pytest.mark.parametrize(
    ("lines", "discount"),
    [([(0, Decimal(1))], "0"), ([(1, Decimal(-1))], "0"), ([(1, Decimal(1))], "100.01"), ([(1, Decimal(1))], "-1")],
)
def test_what_nobody_can_order_is_refused(lines: list[tuple[int, Decimal]], discount: str) -> None:
    with pytest.raises(ValueError, match="a "):
        sums_of(lines, Decimal(discount))


@given(st.integers(1, 500), st.decimals(1, 10**6, places=2), st.integers(0, 99))
def test_the_quantity_of_a_deal_is_what_its_amount_comes_out_for(quantity: int, price: Decimal, discount: int) -> None:
    each = price * (100 - discount) / 100
    assert quantity_meant(each * quantity, price, Decimal(discount)) == quantity


@given(st.decimals(0, 10**9, places=2), st.decimals(0, 10**6, places=2), st.decimals(0, 100, places=2))
def test_where_it_does_not_come_out_it_is_one(amount: Decimal, price: Decimal, discount: Decimal) -> None:
    assert 1 <= quantity_meant(amount, price, discount) <= MOST_QUANTITY
