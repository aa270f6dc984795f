"""The built-in CRM: rows of the store to frozen records and back, exact and optimistic; gather reads here, carry_out writes.

A value crosses this door in two shapes: typed, in a record, and as JSON, in an effect or an import; `coerce` and
`to_json` are the two directions, decided by the record's own type hints.
"""

import types
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sqlalchemy import ColumnElement, Select, delete, insert, literal, select, union_all
from sqlalchemy import Table as SqlTable
from sqlalchemy import update as sql_update

from actions.crm.call_file import call_file_of
from actions.crm.crossings import counted
from actions.crm.desk import desk_of
from actions.crm.diary import diary_of
from actions.crm.records import KINDS, Customer, Record
from actions.outside import tables
from actions.outside.store import Tx
from actions.proposal import Facts, Json

_MODELS: dict[str, type[tables.Table]] = {
    "employee": tables.EmployeeRow,
    "customer": tables.CustomerRow,
    "contact": tables.ContactRow,
    "lead": tables.LeadRow,
    "deal": tables.DealRow,
    "product": tables.ProductRow,
    "battle_fact": tables.BattleFactRow,
    "paper": tables.PaperRow,
    "ticket": tables.TicketRow,
    "contract": tables.ContractRow,
    "activity": tables.ActivityRow,
    "reminder": tables.ReminderRow,
    "busy": tables.BusyRow,
    "signal": tables.SignalRow,
    "firing": tables.FiringRow,
    "booking": tables.BookingRow,
    "review": tables.ReviewRow,
    "review_item": tables.ReviewItemRow,
    "material": tables.MaterialRow,
    "recording": tables.RecordingRow,
    "dispatch": tables.DispatchRow,
    "dispatch_template": tables.DispatchTemplateRow,
    "call_correction": tables.CallCorrectionRow,
}

_REFERRERS: dict[str, tuple[tuple[str, str], ...]] = {
    "customer": tuple(
        (kind, "customer_id")
        for kind in (
            "contact",
            "deal",
            "paper",
            "ticket",
            "contract",
            "activity",
            "reminder",
            "booking",
            "signal",
            "firing",
            "review",
            "material",
            "recording",
        )
    ),
    "deal": tuple(
        (kind, "deal_id") for kind in ("activity", "reminder", "contract", "paper", "booking", "review", "recording")
    ),
    "lead": (("activity", "lead_id"),),
    "contact": (("ticket", "contact_id"), ("paper", "contact_id"), ("material", "contact_id")),
    "paper": (("paper", "replaces_id"), ("review", "paper_id")),
    "review": (("review_item", "review_id"), ("material", "review_id")),
}
"""Which fields point at a record of this kind: while one does, the record cannot be taken away."""

MAX_MONEY = Decimal(10) ** 15
"""Amounts are kept as hundredths in 64 bits; this leaves two digits of room."""


# --- reading -------------------------------------------------------------------------------------------------------------


async def get(tx: Tx, kind: str, record_id: str) -> Record | None:
    found = await find(tx, kind, where={"id": record_id}, limit=1)
    return found[0] if found else None


async def get_many(tx: Tx, wanted: Iterable[tuple[str, str]]) -> Facts:
    """The records asked for, together with the customers they belong to; one statement a kind, one more for those.

    `("diary", …)`, `("desk", …)` and `("call_file", …)` are read together by the files of those names.
    `("crossings", COUNTRY)` asks what has left for that country, counted with the customers asked for.
    The customers come along because whose a deal, ticket or contact is decides who may touch it. Ids that name nothing
    are simply absent.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    for kind, record_id in wanted:
        ids[kind].add(record_id)
    customers = ids.pop("customer", set())
    destinations = ids.pop("crossings", set())
    records: dict[tuple[str, str], Record] = {
        ("diary", key): await diary_of(tx, key) for key in sorted(ids.pop("diary", ()))
    }
    records |= {("desk", key): await desk_of(tx, key) for key in sorted(ids.pop("desk", ()))}
    records |= {("call_file", key): await call_file_of(tx, key) for key in sorted(ids.pop("call_file", ()))}
    for kind in sorted(ids):
        for record in await by_ids(tx, kind, sorted(ids[kind])):
            records[kind, record.id] = record
            owner = getattr(record, "customer_id", None)
            if owner is not None:
                customers.add(owner)
    for record in await by_ids(tx, "customer", sorted(customers)):
        records["customer", record.id] = record
    leaving = [record for record in records.values() if isinstance(record, Customer)]
    crossings = [await counted(tx, destination, leaving) for destination in sorted(destinations)[:1]]
    return Facts(records, *crossings)


async def by_ids(tx: Tx, kind: str, ids: Sequence[str]) -> list[Record]:
    """The records with these ids that exist, in pieces that every database takes in one statement."""
    pieces = [ids[start : start + 1000] for start in range(0, len(ids), 1000)]
    return [record for piece in pieces for record in await find(tx, kind, where={"id": list(piece)})]


async def find(
    tx: Tx,
    kind: str,
    *,
    where: Mapping[str, Json] | None = None,
    order: Sequence[str] = ("id",),
    limit: int | None = None,
) -> list[Record]:
    """Records of a kind. `where` compares fields with a value, with any of a list, or with None for "not set".

    `order` names fields, `-field` for descending. KeyError on an unknown kind, ValueError on an unknown field or a value
    that does not fit it.
    """
    table = table_of(kind)
    query: Select[Any] = select(table)
    for field, value in (where or {}).items():
        query = query.where(_matches(kind, field, value))
    for field in order:
        column = table.c[_known(kind, field.removeprefix("-"))]
        query = query.order_by(column.desc() if field.startswith("-") else column.asc())
    if limit is not None:
        query = query.limit(limit)
    make = KINDS[kind]
    return [make(**row) for row in (await tx.execute(query)).mappings()]


async def is_referred_to(tx: Tx, kind: str, record_id: str) -> bool:
    """Whether another record points at this one, so that taking it away would leave a loose end."""
    looks = [
        select(literal(1)).select_from(table_of(other)).where(table_of(other).c[field] == record_id).limit(1)
        for other, field in _REFERRERS.get(kind, ())
    ]
    if not looks:
        return False
    return (await tx.execute(union_all(*(look.subquery().select() for look in looks)))).first() is not None


# --- writing -------------------------------------------------------------------------------------------------------------


async def create(tx: Tx, kind: str, record_id: str, values: Mapping[str, Json]) -> None:
    """Add a record; fields not given take the record's defaults. ValueError where a value does not fit its field."""
    record = KINDS[kind](id=record_id, **{field: coerce(kind, field, value) for field, value in values.items()})
    await tx.execute(insert(table_of(kind)).values({field.name: getattr(record, field.name) for field in fields(record)}))


async def update(tx: Tx, kind: str, record_id: str, changes: Mapping[str, tuple[Json, Json]]) -> bool:
    """Change fields of one record, each `(old, new)`, in one statement.

    False, and nothing changed, when the record is gone or one of the fields does not hold its `old` any more.
    """
    table = table_of(kind)
    statement = sql_update(table).where(table.c.id == record_id)
    for field, (old, _) in changes.items():
        statement = statement.where(_matches(kind, field, old))
    done = await tx.execute(statement.values({field: coerce(kind, field, new) for field, (_, new) in changes.items()}))
    return done.rowcount == 1


async def remove(tx: Tx, kind: str, record_id: str) -> bool:
    """Take a record away; False if there was none."""
    table = table_of(kind)
    return (await tx.execute(delete(table).where(table.c.id == record_id))).rowcount == 1


def table_of(kind: str) -> SqlTable:
    table = _MODELS[kind].__table__
    assert isinstance(table, SqlTable)
    return table


def _matches(kind: str, field: str, value: Json) -> ColumnElement[bool]:
    column = table_of(kind).c[_known(kind, field)]
    if isinstance(value, list | tuple | set | frozenset):
        return column.in_([coerce(kind, field, one) for one in value])
    typed = coerce(kind, field, value) if value is not None else None
    return column.is_(None) if typed is None else column == typed


# --- typed and JSON ----------------------------------------------------------------------------------------------------


def coerce(kind: str, field: str, value: Json) -> Any:
    """The value as the field's own type: text becomes Decimal, time or date where the record says so.

    Raises ValueError with a plain sentence when the field is unknown or the value does not fit.
    """
    wanted, choices, is_optional = _shape(kind, _known(kind, field))
    if value is None:
        if is_optional:
            return None
        raise ValueError(f"{kind}.{field} cannot be empty")
    try:
        typed = _READERS[wanted](value)
    except (TypeError, ValueError, InvalidOperation) as error:
        raise ValueError(f"{kind}.{field} does not take this value") from error
    if choices and typed not in choices:
        raise ValueError(f"{kind}.{field} is one of {', '.join(choices)}")
    return typed


def to_json(record: Record) -> dict[str, Json]:
    """Every field by name, in the shape that `coerce` takes back."""
    return {field.name: json_value(getattr(record, field.name)) for field in fields(record)}


def json_value(value: Any) -> Json:
    """One typed value as JSON: amounts as plain decimal text without needless zeros, times in UTC."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


def _known(kind: str, field: str) -> str:
    if field not in _hints(kind):
        raise ValueError(f"a {kind} has no field {field}")
    return field


@cache
def _hints(kind: str) -> dict[str, Any]:
    return get_type_hints(KINDS[kind])


@cache
def _shape(kind: str, field: str) -> tuple[type, tuple[str, ...], bool]:
    hint = _hints(kind)[field]
    is_optional = False
    if get_origin(hint) in (Union, types.UnionType):
        is_optional = True
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is Literal:
        return str, get_args(hint), is_optional
    return hint, (), is_optional


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _truth(value: Json) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _count(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value


def _money(value: Json) -> Decimal:
    if isinstance(value, bool):
        raise TypeError("not a number")
    amount = Decimal(str(value))
    if not amount.is_finite() or abs(amount) > MAX_MONEY:
        raise ValueError("not an amount that can be kept")
    return amount.quantize(Decimal("0.01"))


def _moment(value: Json) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(UTC)


def _day(value: Json) -> date:
    return value if isinstance(value, date) and not isinstance(value, datetime) else date.fromisoformat(_text(value))


_READERS: dict[type, Any] = {str: _text, bool: _truth, int: _count, Decimal: _money, datetime: _moment, date: _day}
