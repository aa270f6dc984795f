"""People's time in the store: what takes it, read together, and the quarters of an hour that a booking holds.

`occupy` is what keeps two bookings apart: the table's key decides, on every database, however many ask at once.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from actions.crm.records import Booking, Busy, Contact, Diary, Employee
from actions.hours_in_force import hours_in_force
from actions.outside.store import Tx
from actions.outside.tables import BookingRow, BusyRow, ContactRow, EmployeeRow, TakenQuarterRow, TimerRow

QUARTER = timedelta(minutes=15)
LOOKS_AHEAD = timedelta(days=22)
"""How far behind its first day a diary reaches: two weeks of slots, and the days behind a wish for next week."""
CALENDAR = "calendar"
"""The source of what an employee's own calendar takes of their time."""


async def diary_of(tx: Tx, key: str) -> Diary:
    """The consultants and one person, with what takes their time from a moment on, and the hours of work in force.

    The key is `2026-11-25T02:00:00+00:00|E01`, or the id of a booking: then the moment is the booking's, the person its
    owner, and `contact` the customer's first contact. An unknown booking, or a key that is neither, is an empty diary.
    """
    moment, _, person_id = key.partition("|")
    contact: Contact | None = None
    if person_id:
        try:
            since = datetime.fromisoformat(moment)
        except ValueError:
            return Diary(key)
        ids = [person_id]
    else:
        found = (await tx.execute(select(BookingRow.__table__).where(BookingRow.id == key))).mappings().first()
        if found is None:
            return Diary(key)
        since, ids = found["starts"], [found["owner_id"], found["consultant_id"]]
        contact = await _first_contact(tx, found["customer_id"])
    if since.tzinfo is None or not 1970 <= since.year <= 9000:
        return Diary(key)
    return await _diary(tx, key, since - timedelta(days=1), ids, contact)


async def diary_since(tx: Tx, since: datetime, person_id: str | None) -> Diary:
    """The same for whoever asks now."""
    return await _diary(tx, "", since, [person_id] if person_id else [], None)


async def _diary(tx: Tx, key: str, since: datetime, ids: list[str], contact: Contact | None) -> Diary:
    """Whoever has a meeting with one of them is in it too: to move it, both must have time."""
    until = since + LOOKS_AHEAD
    consultants = select(EmployeeRow.id).where(EmployeeRow.role == "consultant")
    asked = sorted({*ids, *(await tx.execute(consultants)).scalars()})
    theirs = (
        select(BookingRow.__table__)
        .where(or_(BookingRow.consultant_id.in_(asked), BookingRow.owner_id.in_(asked)))
        .where(BookingRow.state != "cancelled", BookingRow.ends > since, BookingRow.starts < until)
        .order_by(BookingRow.starts, BookingRow.id)
    )
    bookings = tuple(Booking(**row._mapping) for row in await tx.execute(theirs))
    known = sorted({*asked, *(one.owner_id for one in bookings), *(one.consultant_id for one in bookings)})
    people = select(EmployeeRow.__table__).where(EmployeeRow.id.in_(known)).order_by(EmployeeRow.id)
    busy = (
        select(BusyRow.__table__)
        .where(BusyRow.employee_id.in_(known), BusyRow.ends > since, BusyRow.starts < until)
        .order_by(BusyRow.starts, BusyRow.id)
    )
    return Diary(
        key,
        tuple(Employee(**row._mapping) for row in await tx.execute(people)),
        tuple(Busy(**row._mapping) for row in await tx.execute(busy)),
        bookings,
        contact,
        await hours_in_force(tx),
    )


async def _first_contact(tx: Tx, customer_id: str | None) -> Contact | None:
    theirs = select(ContactRow.__table__).where(ContactRow.customer_id == customer_id)
    row = (await tx.execute(theirs.order_by(ContactRow.is_primary.desc(), ContactRow.id).limit(1))).first()
    return None if row is None else Contact(**row._mapping)


async def bookings_of(tx: Tx, person_id: str, since: datetime) -> list[Booking]:
    """What somebody has booked or been booked for and that has not ended, the next first."""
    theirs = or_(BookingRow.owner_id == person_id, BookingRow.consultant_id == person_id)
    statement = select(BookingRow.__table__).where(theirs, BookingRow.ends > since, BookingRow.state != "cancelled")
    return [Booking(**row._mapping) for row in await tx.execute(statement.order_by(BookingRow.starts, BookingRow.id))]


def quarters(starts: datetime, ends: datetime) -> Iterator[datetime]:
    """The quarters of an hour that a stretch of time touches, in UTC."""
    at = starts.astimezone(UTC)
    at -= timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    while at < ends:
        yield at
        at += QUARTER


async def occupy(tx: Tx, booking_id: str, people: Iterable[str], starts: datetime, ends: datetime) -> bool:
    """Take these quarters for all of these people. False where one of them is taken: roll back then.

    The rows go in in one order, so that two who want the same never wait for each other in a circle.
    """
    wanted = [
        {"person_id": person_id, "at": at, "booking_id": booking_id}
        for person_id in sorted(set(people))
        for at in quarters(starts, ends)
    ]
    make: Any = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    for row in wanted:
        taken = make(TakenQuarterRow).values(row).on_conflict_do_nothing().returning(TakenQuarterRow.booking_id)
        if (await tx.execute(taken)).first() is None:
            return False
    return True


async def vacate(tx: Tx, booking_id: str) -> None:
    await tx.execute(delete(TakenQuarterRow).where(TakenQuarterRow.booking_id == booking_id))


async def replace_busy(tx: Tx, employee_id: str, spans: Iterable[str]) -> None:
    """What their own calendar takes of somebody's time, in place of what it took before; other stretches stay."""
    await tx.execute(delete(BusyRow).where(BusyRow.employee_id == employee_id, BusyRow.source == CALENDAR))
    rows = [_busy_row(employee_id, span) for span in dict.fromkeys(spans)]
    if rows:
        await tx.execute(insert(BusyRow), rows)


async def spans_of(tx: Tx, employee_id: str) -> tuple[str, ...]:
    """What their calendar takes of somebody's time now, in the form that `replace_busy` takes."""
    theirs = select(BusyRow.starts, BusyRow.ends).where(BusyRow.employee_id == employee_id, BusyRow.source == CALENDAR)
    return tuple(span(row.starts, row.ends) for row in await tx.execute(theirs.order_by(BusyRow.starts)))


async def set_clash_timer(tx: Tx, employee_id: str, now: datetime) -> None:
    """Have the running house look at once which meetings this calendar leaves no room for."""
    make: Any = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    row = {"kind": "calendar_taken", "due_at": now, "data": {"person": employee_id}}
    row |= {"state": "waiting", "lease_until": None, "attempts": 0}
    new = make(TimerRow).values(key=f"calendar:{employee_id}", **row)
    await tx.execute(new.on_conflict_do_update(index_elements=["key"], set_=row))


def span(starts: datetime, ends: datetime) -> str:
    """An ISO 8601 interval in UTC."""
    return f"{starts.astimezone(UTC).isoformat()}/{ends.astimezone(UTC).isoformat()}"


def ends_of(span: str) -> tuple[datetime, datetime]:
    """The two aware moments of an interval, in UTC; ValueError where it is none, or ends before it begins."""
    starts, _, ends = span.partition("/")
    first, last = (datetime.fromisoformat(part) for part in (starts, ends))
    if first.tzinfo is None or last.tzinfo is None or last <= first:
        raise ValueError("not a stretch of time")
    return first.astimezone(UTC), last.astimezone(UTC)


def _busy_row(employee_id: str, span: str) -> dict[str, Any]:
    starts, ends = ends_of(span)
    made = sha256(f"{employee_id}|{span}".encode()).hexdigest()[:16]
    return {"id": f"Y-{made}", "employee_id": employee_id, "starts": starts, "ends": ends, "what": "", "source": CALENDAR}
