"""Whose data has left: counted from what really happened, each person once a year, all of it in the deed's transaction."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, update

from actions.carry_out import carry_out, confirm
from actions.commands.crm import ExportCustomers
from actions.crm import own
from actions.crm.crossings import counted
from actions.crm.records import Crossings, Customer
from actions.decide import decide
from actions.outside.tables import CrossingRow, CustomerRow
from actions.proposal import Outcome
from tests.actions.house import CHAT, DIRECTOR, LEGAL, POLICY, SECOND_DIRECTOR, FakeWorld


async def sent(world: FakeWorld, *customers: str, to: str = "SG", key: str = "web:1") -> Outcome:
    """An export across a border, with a second person's yes."""
    proposal = await world.propose(ExportCustomers(customers, to, "样例收件人"), DIRECTOR, key)
    decision = decide(proposal, POLICY, world.now())
    asked = await carry_out(world, proposal, decision, conversation=CHAT)
    assert asked.kind == "waiting"
    outcome = await confirm(world, proposal.id, proposal.digest, SECOND_DIRECTOR, True, CHAT)
    assert outcome is not None
    return outcome


async def gone(world: FakeWorld, to: str = "SG", year: int = 2026) -> tuple[int, int, int]:
    async with world.store.read() as tx:
        return (await counted(tx, to, [])).reached(year)


async def test_people_count_once_however_often_and_wherever_their_data_leaves(world: FakeWorld) -> None:
    assert await gone(world) == (0, 0, 0)
    assert (await sent(world, "C001", "C002")).kind == "done"
    assert await gone(world) == (2, 0, 2)
    await sent(world, "C001", key="web:2")
    await sent(world, "C001", to="US", key="web:3")
    assert await gone(world) == (2, 0, 2)
    assert await gone(world, "US") == (2, 0, 1)


async def test_a_customer_without_a_known_contact_counts_as_one(world: FakeWorld) -> None:
    await sent(world, "C003")
    assert await gone(world) == (1, 0, 1)


async def test_a_bank_account_makes_it_sensitive_and_it_stays_so(world: FakeWorld) -> None:
    await sent(world, "C001")
    async with world.store.write() as tx:
        await tx.execute(update(CustomerRow).where(CustomerRow.id == "C001").values(bank="样例银行 0000"))
    await sent(world, "C001", key="web:2")
    assert await gone(world) == (1, 1, 1)
    async with world.store.write() as tx:
        await tx.execute(update(CustomerRow).where(CustomerRow.id == "C001").values(bank=None))
    await sent(world, "C001", key="web:3")
    assert await gone(world) == (1, 1, 1)


async def test_what_was_refused_or_only_asked_is_not_counted(world: FakeWorld) -> None:
    proposal = await world.propose(ExportCustomers(("C001",), "SG", "x"), DIRECTOR)
    await carry_out(world, proposal, decide(proposal, POLICY, world.now()), conversation=CHAT)
    assert await gone(world) == (0, 0, 0)
    await confirm(world, proposal.id, proposal.digest, LEGAL, False, CHAT)
    assert await gone(world) == (0, 0, 0)


async def test_what_stays_in_the_country_is_not_counted(world: FakeWorld) -> None:
    for number, to in enumerate(("", "CN", " cn ")):
        assert (await world.ask(ExportCustomers(("C001",), to, "x"), DIRECTOR, f"web:{number}")).kind == "done"
    async with world.store.read() as tx:
        assert (await tx.execute(select(CrossingRow.person))).all() == []


async def test_the_same_deed_twice_and_two_at_once_count_each_person_once(world: FakeWorld) -> None:
    await asyncio.gather(*(sent(world, "C001", "C002", to=to, key=f"web:{to}") for to in ("SG", "US", "JP")))
    assert (await gone(world))[0] == 2


async def test_a_new_year_begins_at_nothing_and_the_old_one_is_kept(world: FakeWorld) -> None:
    await sent(world, "C001")
    world.clock.now += timedelta(days=365)
    await sent(world, "C002", key="web:2")
    assert await gone(world, year=2026) == (1, 0, 1)
    assert await gone(world, year=2027) == (1, 0, 1)


async def test_the_proposal_tells_the_number_reached_with_it(world: FakeWorld) -> None:
    await sent(world, "C001")
    proposal = await world.propose(ExportCustomers(("C001", "C002"), "SG", "x"), DIRECTOR, "web:2")
    assert proposal.plan.measures["people_year"] == 2.0
    reasons = {reason.rule: reason.data for reason in decide(proposal, POLICY, world.now()).reasons}
    assert reasons["border_exempt"]["people_year"] == 2


async def test_the_count_is_read_with_the_records_of_the_act(world: FakeWorld) -> None:
    async with world.store.read() as tx:
        facts = await own.get_many(tx, ExportCustomers(("C001", "C003"), "SG", "x").reads)
    assert facts.crossings == Crossings("SG", frozenset({"contact:K001", "customer:C003"}), frozenset(), {})
    assert isinstance(facts.get("customer", "C003"), Customer)
