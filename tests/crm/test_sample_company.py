"""The sample company: as many records as promised, nothing dangling, nothing that could be taken for a real person."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

import intents
from actions.crm import own
from actions.crm.columns import ROW_KINDS
from actions.crm.records import STAGES
from actions.crm.sample_company import load_sample
from actions.outside.store import Store
from actions.outside.tables import CustomerRow, MetaRow, TimerRow
from intents.dictionary import load_dictionary
from tests.crm.conftest import TODAY

# where nobody can be reached: never allotted (86 126, 65 5, 31 99, 353 20 910) or set aside for fiction by the regulator
FICTION = re.compile(r"\+(86126|1617555|447700900|493023125|3363998|655550|319900|4670174|35320910)\d+")


async def _all(store: Store, kind: str) -> list[Any]:
    async with store.read() as tx:
        return list(await own.find(tx, kind))


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("customer", 60),
        ("contact", 150),
        ("lead", 40),
        ("deal", 98),
        ("product", 14),
        ("battle_fact", 24),
        ("ticket", 20),
        ("contract", 30),
        ("employee", 15),
    ],
)
async def test_it_has_as_many_records_as_promised(sample: Store, kind: str, count: int) -> None:
    assert len(await _all(sample, kind)) == count


async def test_people_are_eight_reps_in_two_regions_with_those_who_stand_beside_and_above_them(sample: Store) -> None:
    people = await _all(sample, "employee")
    roles = Counter(person.role for person in people)
    assert roles == {"rep": 8, "manager": 2, "director": 1, "consultant": 3, "legal": 1}
    assert Counter(person.region for person in people if person.role == "rep") == {"华东": 4, "华南": 4}


async def test_the_deal_of_the_demonstration_is_the_only_open_one_of_its_customer(sample: Store) -> None:
    async with sample.read() as tx:
        deals: list[Any] = await own.find(tx, "deal", where={"customer_id": "C001"})
        customer: Any = await own.get(tx, "customer", "C001")
    is_open = [deal for deal in deals if deal.stage not in ("won", "lost")]
    assert [deal.id for deal in is_open] == ["D001"]
    first = is_open[0]
    assert (first.stage, first.amount, first.currency, first.product_id, first.owner_id) == (
        "proposal",
        Decimal(480_000),
        "CNY",
        "P01",
        "E01",
    )
    assert customer.name == "华康医疗科技有限公司"
    assert customer.aliases == "华康|华康医疗|Huakang Medical"


async def test_two_pairs_of_companies_are_easily_confused(sample: Store) -> None:
    names = [customer.name for customer in await _all(sample, "customer")]
    assert len([name for name in names if name.startswith("海川")]) == 2
    assert len([name for name in names if name.startswith("Northwind")]) == 2


async def test_a_third_of_the_customers_are_abroad_and_spoken_to_in_english(sample: Store) -> None:
    customers = await _all(sample, "customer")
    abroad = [customer for customer in customers if customer.country != "CN"]
    assert len(abroad) == 20
    assert {customer.lang for customer in abroad} == {"en"}


async def test_deals_stand_in_all_six_stages_some_held_some_waiting(sample: Store) -> None:
    deals = await _all(sample, "deal")
    assert {deal.stage for deal in deals} == set(STAGES)
    assert len([deal for deal in deals if deal.held]) >= 3
    assert {deal.waiting_on for deal in deals} == {None, "legal", "materials"}
    in_yuan = [deal.amount for deal in deals if deal.currency == "CNY"]
    assert min(in_yuan) >= 30_000
    assert max(in_yuan) == 2_600_000


async def test_twelve_leads_lie_in_the_pool(sample: Store) -> None:
    assert len([lead for lead in await _all(sample, "lead") if lead.owner_id is None]) == 12


async def test_each_competitor_has_eight_facts_with_source_and_date(sample: Store) -> None:
    facts = await _all(sample, "battle_fact")
    assert sorted(Counter(fact.competitor for fact in facts).values()) == [8, 8, 8]
    assert all(fact.source and fact.as_of < TODAY for fact in facts)


async def test_an_alternative_is_always_cheaper(sample: Store) -> None:
    products = {product.id: product for product in await _all(sample, "product")}
    dearer = [one.id for one in products.values() if one.alternative_id and products[one.alternative_id].price >= one.price]
    assert dearer == []


@pytest.mark.parametrize(("least", "most"), [(0, 30), (31, 60), (61, 90)])
async def test_contracts_end_in_each_of_the_next_three_months(sample: Store, least: int, most: int) -> None:
    ends = [(contract.ends - TODAY).days for contract in await _all(sample, "contract") if contract.state == "active"]
    assert len([days for days in ends if least <= days <= most]) >= 3


async def test_half_a_year_of_activities_and_some_customers_cooling(sample: Store) -> None:
    activities = await _all(sample, "activity")
    assert 380 <= len(activities) <= 410
    assert len({activity.text for activity in activities}) == len(activities)
    now = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    assert all(now - timedelta(days=185) < activity.at < now for activity in activities)
    last: dict[str | None, datetime] = {}
    for activity in activities:
        last[activity.customer_id] = max(activity.at, last.get(activity.customer_id, activity.at))
    assert len([at for at in last.values() if now - at > timedelta(days=60)]) >= 8


async def test_what_activities_were_read_as_are_intents_of_the_dictionary(sample: Store) -> None:
    known = load_dictionary(Path(intents.__file__).parent / "dictionary.yaml").intents
    read_as = {activity.intent for activity in await _all(sample, "activity") if activity.intent}
    assert read_as - known.keys() == set()


async def test_consultants_are_busy_on_each_of_the_next_ten_working_days(sample: Store) -> None:
    taken = Counter((busy.employee_id, busy.starts.date()) for busy in await _all(sample, "busy"))
    assert {employee for employee, _ in taken} == {"E31", "E32", "E33"}
    assert {day.weekday() for _, day in taken} <= {0, 1, 2, 3, 4}
    assert all(len({day for who, day in taken if who == one}) == 10 for one in ("E31", "E32", "E33"))


async def test_every_id_points_at_something(sample: Store) -> None:
    async with sample.read() as tx:
        ids = {
            name: set((await tx.execute(select(kind.table.c.id))).scalars())
            for name, kind in ROW_KINDS.items()
            if "id" in kind.columns
        }
        dangling = []
        for name, kind in ROW_KINDS.items():
            for column in kind.columns.values():
                pointed = set((await tx.execute(select(kind.table.c[column.name]))).scalars()) - {None}
                known = set().union(*(ids[target] for target in column.points_at)) if column.points_at else pointed
                dangling += [(name, column.name, one) for one in pointed - known]
    assert dangling == []


async def test_a_contact_on_a_ticket_works_at_its_customer(sample: Store) -> None:
    employer = {contact.id: contact.customer_id for contact in await _all(sample, "contact")}
    tickets = await _all(sample, "ticket")
    assert [one.id for one in tickets if employer[one.contact_id] != one.customer_id] == []


async def test_nobody_real_can_be_reached_by_what_it_holds(sample: Store) -> None:
    people = [one for kind in ("employee", "contact", "lead") for one in await _all(sample, kind)]
    customers = await _all(sample, "customer")
    phones = {one.phone for one in [*people, *customers] if one.phone}
    assert [phone for phone in phones if not FICTION.fullmatch(phone)] == []
    assert [one.email for one in people if one.email and not one.email.endswith(".example.com")] == []


async def test_everybody_has_a_place_on_the_chat_page(sample: Store) -> None:
    async with sample.read() as tx:
        table = ROW_KINDS["identity"].table
        seats = {tuple(row) for row in await tx.execute(select(table.c.channel, table.c.user, table.c.person_id))}
    people = [*await _all(sample, "employee"), *await _all(sample, "contact")]
    assert seats == {("web", person.id, person.id) for person in people}


async def test_its_dates_move_with_the_day_it_is_loaded(store: Store) -> None:
    later = date(2027, 7, 1)
    await load_sample(store, later)
    async with store.read() as tx:
        deal: Any = await own.get(tx, "deal", "D001")
    assert deal.close_date == later + timedelta(days=24)
    assert deal.stage_since.date() == later - timedelta(days=9)


async def test_its_reminders_will_really_arrive(sample: Store) -> None:
    due = {f"reminder:{reminder.id}": reminder.due_at for reminder in await _all(sample, "reminder")}
    async with sample.read() as tx:
        timers = {row.key: row.due_at for row in await tx.execute(select(TimerRow.key, TimerRow.due_at))}
    assert due
    assert timers == due


async def test_it_is_loaded_once(sample: Store) -> None:
    async with sample.write() as tx:
        await own.remove(tx, "deal", "D001")
    assert not await load_sample(sample, TODAY)
    async with sample.read() as tx:
        assert await own.get(tx, "deal", "D001") is None


async def test_a_home_that_holds_customers_is_left_as_it_is(store: Store) -> None:
    async with store.write() as tx:
        await own.create(tx, "customer", "C900", {"name": "自己的客户"})
    assert not await load_sample(store, TODAY)
    async with store.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(CustomerRow))).scalar_one() == 1
        assert (await tx.execute(select(MetaRow.value).where(MetaRow.name == "sample"))).first() is None


async def test_other_small_facts_of_a_home_do_not_keep_the_sample_out(store: Store) -> None:
    async with store.write() as tx:
        await tx.execute(insert(MetaRow).values(name="something", value="else"))
    assert await load_sample(store, TODAY)
