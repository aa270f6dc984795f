"""Whose data has left for which country, by calendar year: counted before an act, noted when it has really happened.

People are the contacts known at the customers that leave; a customer without a known contact counts as one person. Data
counts as sensitive where a bank account is in it: whether it is a company's or its owner's cannot be told from here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from actions.crm.records import Crossings, Customer, Tally
from actions.outside.store import Tx
from actions.outside.tables import ContactRow, CrossingRow

HOUSE_COUNTRY = "CN"
"""Where the house keeps its records: what leaves for another country crosses a border."""
HOUSE_ZONE = ZoneInfo("Asia/Shanghai")
"""By whose clock the year of the count begins."""
_PIECE = 1000


def house_year(now: datetime) -> int:
    return now.astimezone(HOUSE_ZONE).year


async def counted(tx: Tx, destination: str, customers: Sequence[Customer]) -> Crossings:
    """What has left for a country, in the latest two years of the count, and who would leave with these customers."""
    people = await _people(tx, customers)
    sensitive = frozenset(person for person, is_sensitive in people.items() if is_sensitive)
    row, here = CrossingRow, CrossingRow.destination == destination
    latest = (await tx.execute(select(func.max(row.year)))).scalar_one_or_none()
    if latest is None:
        return Crossings(destination, frozenset(people), sensitive, {})
    totals = await tx.execute(
        select(
            row.year,
            func.count(row.person.distinct()),
            func.count(case((row.is_sensitive, row.person)).distinct()),
            func.count(case((here, row.person)).distinct()),
        )
        .where(row.year >= latest - 1)
        .group_by(row.year)
    )
    known: dict[int, set[tuple[str, bool, bool]]] = {}
    for piece in _pieces(sorted(people)):
        query = select(row.year, row.person, row.is_sensitive, row.destination)
        for one in await tx.execute(query.where(row.year >= latest - 1, row.person.in_(piece))):
            known.setdefault(one.year, set()).add((one.person, one.is_sensitive, one.destination == destination))
    years = {}
    for year, people_then, sensitive_then, here_then in totals:
        among = known.get(year, set())
        years[year] = Tally(
            people_then,
            sensitive_then,
            here_then,
            frozenset(person for person, _, _ in among),
            frozenset(person for person, is_sensitive, _ in among if is_sensitive),
            frozenset(person for person, _, is_here in among if is_here),
        )
    return Crossings(destination, frozenset(people), sensitive, years)


async def note_crossings(tx: Tx, destination: str, customers: Sequence[Customer], now: datetime, deed: str) -> None:
    """Count the people of these customers as gone to this country, if to any; part of the deed's own transaction."""
    if not destination:
        return
    people = await _people(tx, customers)
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    about = {"year": house_year(now), "destination": destination, "at": now, "deed": deed}
    for piece in _pieces(sorted(people)):
        rows = [{**about, "person": person, "is_sensitive": people[person]} for person in piece]
        statement = dialect.insert(CrossingRow)
        # what was once sensitive stays so
        again = {"is_sensitive": CrossingRow.is_sensitive | statement.excluded.is_sensitive}
        keys = ["year", "destination", "person"]
        await tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=again), rows)


async def _people(tx: Tx, customers: Sequence[Customer]) -> Mapping[str, bool]:
    """The people known at these customers, and whether sensitive data about them is in their customer's record."""
    found: dict[str, bool] = {}
    by_id = {customer.id: customer for customer in customers}
    without = set(by_id)
    for piece in _pieces(sorted(by_id)):
        query = select(ContactRow.id, ContactRow.customer_id).where(ContactRow.customer_id.in_(piece))
        for contact_id, customer_id in await tx.execute(query):
            without.discard(customer_id)
            found[f"contact:{contact_id}"] = bool(by_id[customer_id].bank)
    return found | {f"customer:{one}": bool(by_id[one].bank) for one in without}


def _pieces(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _PIECE] for start in range(0, len(ids), _PIECE))
