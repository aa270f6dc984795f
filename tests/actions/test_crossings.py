"""Whose data has left: counted from what really happened, each person once a year, all of it in the deed's transaction."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from actions.carry_out import carry_out, confirm
from actions.commands.crm import ExportCustomers
from actions.crm import own
from actions.crm.crossings import counted
from actions.crm.records import Crossings, Customer
from actions.decide import decide
from actions.outside.tables import CrossingRow, CustomerRow
from actions.policy.policy import Policy, Rule
from actions.proposal import Outcome, Proposal
from tests.actions.house import CHAT, DIRECTOR, LEGAL, NOW, POLICY, SECOND_DIRECTOR, FakeWorld


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


# --- the count goes on while a question waits -----------------------------------------------------------------------------


async def asked_for(world: FakeWorld, customer: str, key: str, policy: Policy = POLICY) -> Proposal:
    proposal = await world.propose(ExportCustomers((customer,), "SG", "样例收件人"), DIRECTOR, key)
    asked = await carry_out(world, proposal, decide(proposal, policy, world.now()), conversation=CHAT)
    assert asked.kind == "waiting"
    return proposal


async def yes_to(world: FakeWorld, proposal: Proposal, policy: Policy = POLICY) -> Outcome:
    outcome = await confirm(world, proposal.id, proposal.digest, LEGAL, True, CHAT, policy=policy)
    assert outcome is not None
    return outcome


async def others_leave(world: FakeWorld, count: int, *, is_sensitive: bool = False) -> None:
    rows = [
        {"year": 2026, "destination": "US", "person": f"contact:X{n}", "is_sensitive": is_sensitive, "deed": "d", "at": NOW}
        for n in range(count)
    ]
    async with world.store.write() as tx:
        for start in range(0, count, 4000):
            await tx.execute(insert(CrossingRow), rows[start : start + 4000])


@pytest.mark.parametrize(
    ("sensitive", "rule"), [(1, "border_filing"), (9_999, "border_filing"), (10_000, "border_assessment")]
)
async def test_a_step_that_the_count_passed_meanwhile_is_shown_and_not_done(
    world: FakeWorld, sensitive: int, rule: str
) -> None:
    waiting = await asked_for(world, "C002", "web:1")
    await others_leave(world, sensitive, is_sensitive=True)
    outcome = await yes_to(world, waiting)
    assert (outcome.kind, [one["rule"] for one in outcome.data["severer"]]) == ("stale", [rule])
    assert (await gone(world))[0] == sensitive


async def test_two_that_wait_at_the_step_do_not_both_pass_it_on_one_look(world: FakeWorld) -> None:
    await others_leave(world, 99_998)
    first, second = await asked_for(world, "C001", "web:1"), await asked_for(world, "C002", "web:2")
    assert (await yes_to(world, first)).kind == "done"
    late = await yes_to(world, second)
    assert (late.kind, [one["rule"] for one in late.data["severer"]]) == ("stale", ["border_filing"])


async def test_a_count_that_stays_within_its_step_holds_nobody_up(world: FakeWorld) -> None:
    first, second = await asked_for(world, "C001", "web:1"), await asked_for(world, "C002", "web:2")
    assert [(await yes_to(world, one)).kind for one in (first, second)] == ["done", "done"]


async def test_what_another_rule_says_at_the_hour_of_the_yes_is_no_new_question(world: FakeWorld) -> None:
    waiting = await asked_for(world, "C001", "web:1")
    world.clock.pass_time(hours=12)  # a question of the evening is still the question of the morning
    assert (await yes_to(world, waiting)).kind == "done"


async def test_a_policy_that_refuses_it_by_now_is_told_as_such(world: FakeWorld) -> None:
    waiting = await asked_for(world, "C001", "web:1")
    stricter = replace(POLICY, rules=tuple(_refusing(rule) for rule in POLICY.rules))
    outcome = await yes_to(world, waiting, stricter)
    assert (outcome.kind, outcome.data["severer"][0]["verdict"]) == ("stale", "refuse")


def _refusing(rule: Rule) -> Rule:
    return replace(rule, verdict="refuse") if rule.id == "cross_border" else rule
