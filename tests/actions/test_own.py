"""The built-in CRM: records and rows are one, values are exact, changes are optimistic."""

from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.crm import own
from actions.crm.records import KINDS, Customer, Deal, Record, Ticket
from actions.outside.store import Store
from tests.actions.house import NOW, RECORDS, FakeWorld


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_and_its_table_have_the_same_fields_in_the_same_order(kind: str) -> None:
    assert [field.name for field in fields(KINDS[kind])] == [column.name for column in own.table_of(kind).columns]


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_may_be_empty_exactly_where_its_column_may(kind: str) -> None:
    hints = get_type_hints(KINDS[kind])
    optional = {name for name, hint in hints.items() if type(None) in get_args(hint)}
    assert optional == {column.name for column in own.table_of(kind).columns if column.nullable}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_record_leaves_out_is_never_a_column_that_must_be_given(kind: str) -> None:
    for field in fields(KINDS[kind]):
        if field.default is not MISSING:
            assert field.default is not None or own.table_of(kind).c[field.name].nullable


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type, as far as the store keeps them exactly."""
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is Union or "|" in str(hint):
        return st.one_of(*(_values(part) for part in get_args(hint)))
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        bool: st.booleans(),
        int: st.integers(-(2**31), 2**31 - 1),
        Decimal: st.decimals(-(10**12), 10**12, places=2),
        datetime: st.datetimes(timezones=st.just(UTC)),
        date: st.dates(),
        type(None): st.none(),
    }
    return by_type[hint]


@st.composite
def _records(draw: st.DrawFn) -> tuple[str, Record]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    values = {name: draw(_values(hint)) for name, hint in get_type_hints(KINDS[kind]).items()}
    return kind, KINDS[kind](**values)


@given(_records())
def test_a_record_comes_back_from_json_as_it_was(kind_and_record: tuple[str, Record]) -> None:
    kind, record = kind_and_record
    back = {field: own.coerce(kind, field, value) for field, value in own.to_json(record).items()}
    assert KINDS[kind](**back) == record


async def test_a_record_comes_back_from_the_store_as_it_was(world: FakeWorld) -> None:
    for kind, record in RECORDS:
        assert await world.record(kind, record.id) == record


async def test_creating_fills_in_the_records_own_defaults(store: Store) -> None:
    async with store.write() as tx:
        await own.create(tx, "deal", "D9", {"customer_id": "C1", "title": "t", "stage": "lead", "amount": "12.5"})
        assert await own.get(tx, "deal", "D9") == Deal("D9", "C1", "t", "lead", Decimal("12.5"))


async def test_a_change_applies_only_while_every_field_holds_its_old_value(world: FakeWorld) -> None:
    async with world.store.write() as tx:
        stale = {"stage": ("proposal", "won"), "amount": ("1", "2")}
        assert not await own.update(tx, "deal", "D001", stale)
        fresh = {"stage": ("proposal", "won"), "amount": ("480000", "500000"), "waiting_on": (None, "legal")}
        assert await own.update(tx, "deal", "D001", fresh)
    deal = await world.record("deal", "D001")
    assert (deal.stage, deal.amount, deal.waiting_on) == ("won", Decimal(500000), "legal")


async def test_removing_says_whether_there_was_something_to_remove(world: FakeWorld) -> None:
    async with world.store.write() as tx:
        assert await own.remove(tx, "lead", "L001")
        assert not await own.remove(tx, "lead", "L001")


async def test_finding_compares_orders_and_limits(world: FakeWorld) -> None:
    async with world.store.read() as tx:
        pool = await own.find(tx, "lead", where={"owner_id": None})
        either = await own.find(tx, "deal", where={"stage": ["won", "negotiation"]}, order=["-amount"], limit=2)
    assert [lead.id for lead in pool] == ["L001"]
    assert [deal.id for deal in either] == ["D004", "D002"]


async def test_finding_by_an_unknown_field_says_so(world: FakeWorld) -> None:
    async with world.store.read() as tx:
        with pytest.raises(ValueError, match="a deal has no field colour"):
            await own.find(tx, "deal", where={"colour": "red"})


async def test_records_are_read_together_with_the_customers_they_belong_to(world: FakeWorld) -> None:
    async with world.store.read() as tx:
        facts = await own.get_many(tx, [("deal", "D002"), ("ticket", "T001"), ("lead", "L404")])
    assert set(facts.records) == {("deal", "D002"), ("ticket", "T001"), ("customer", "C001"), ("customer", "C002")}
    assert isinstance(facts.get("customer", "C002"), Customer)
    assert facts.get("lead", "L404") is None


async def test_more_ids_than_a_statement_takes_are_read_in_pieces(store: Store) -> None:
    ids = [f"L{number:05}" for number in range(2500)]
    async with store.write() as tx:
        for lead_id in ids[:1001]:
            await own.create(tx, "lead", lead_id, {"company": "样例"})
        assert len(await own.by_ids(tx, "lead", ids)) == 1001


@pytest.mark.parametrize(
    ("kind", "field", "value", "typed"),
    [
        ("deal", "amount", "480000", Decimal(480000)),
        ("deal", "amount", 480000.5, Decimal("480000.5")),
        ("deal", "close_date", "2026-03-02", date(2026, 3, 2)),
        ("ticket", "due_at", "2026-03-02T09:30:00+08:00", NOW),
        ("deal", "waiting_on", None, None),
    ],
)
def test_a_json_value_takes_the_type_of_its_field(kind: str, field: str, value: Any, typed: Any) -> None:
    assert own.coerce(kind, field, value) == typed


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("deal", "amount", "lots"),
        ("deal", "amount", "NaN"),
        ("deal", "amount", "1e30"),
        ("deal", "amount", True),
        ("deal", "stage", "half won"),
        ("deal", "held", "yes"),
        ("deal", "title", None),
        ("deal", "title", 7),
        ("ticket", "due_at", "2026-03-02T09:30:00"),
        ("deal", "close_date", "soon"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_fields_name(kind: str, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{kind}.{field}"):
        own.coerce(kind, field, value)


ANYTHING = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)


@given(st.sampled_from(sorted(KINDS)), st.data(), ANYTHING)
def test_any_value_at_all_is_taken_or_refused_plainly(kind: str, data: st.DataObject, value: Any) -> None:
    field = data.draw(st.sampled_from([field.name for field in fields(KINDS[kind])]))
    try:
        own.coerce(kind, field, value)
    except ValueError as error:
        assert str(error).startswith(f"{kind}.{field} ")


async def test_a_record_that_others_point_at_is_known_to_be(world: FakeWorld) -> None:
    async with world.store.read() as tx:
        assert await own.is_referred_to(tx, "customer", "C001")
        assert await own.is_referred_to(tx, "contact", "K001")
        assert not await own.is_referred_to(tx, "contact", "K002")
        assert not await own.is_referred_to(tx, "activity", "A001")


def test_an_amount_is_written_without_needless_zeros() -> None:
    deal = Deal("D", "C", "t", "lead", Decimal("480000.00"), discount=Decimal("7.50"))
    assert (own.to_json(deal)["amount"], own.to_json(deal)["discount"]) == ("480000", "7.5")
    assert own.to_json(Ticket("T", "fault", "s", due_at=NOW))["due_at"] == "2026-03-02T01:30:00+00:00"
