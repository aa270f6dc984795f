"""What the record knows for the ranking: finished deals after the same words, steps from what they left, the own limit."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from actions.commands.crm import UpdateAmount
from actions.commands.reviews import SubmitApproval
from actions.crm import own
from actions.crm.records import Activity, Booking, Customer, Deal, Paper
from actions.decide import decide
from actions.draft import draft
from actions.history import history_of, means_for, own_limit
from actions.outside.store import Store
from actions.plays.experience import Case, Traits
from actions.policy.policy import Policy
from actions.proposal import Basis, Facts
from tests.actions.house import NOW, POLICY, REP, FakeWorld

HOSPITAL = Customer("C900", "样例医院", industry="医院", region="华东", tier="A")
TRAITS = Traits("医院", "华东", "A")
LONG_AGO = NOW - timedelta(days=100)


def won(deal_id: str, stage: Any = "won") -> Deal:
    return Deal(deal_id, "C900", f"样例单 {deal_id}", stage, Decimal(100000), owner_id="E05")


def said(deal_id: str, intent: str = "objection.stall", days: int = 0) -> Activity:
    at = LONG_AGO + timedelta(days=days)
    return Activity(
        f"A-{deal_id}-{intent}-{days}", "call", "说了一句", at, customer_id="C900", deal_id=deal_id, intent=intent
    )


def did(deal_id: str, step: str, days: int = 1) -> Activity:
    at = LONG_AGO + timedelta(days=days)
    return Activity(f"A-{deal_id}-{step}", "mail", "做了一步", at, customer_id="C900", deal_id=deal_id, step=step)


async def keep(store: Store, *records: tuple[str, Any]) -> None:
    async with store.write() as tx:
        for kind, record in records:
            await tx.execute(insert(own.table_of(kind)).values(**vars(record)))


async def test_a_finished_deal_is_a_case_with_the_steps_that_came_after_the_words(world: FakeWorld) -> None:
    paper = Paper(
        "PP9", "value_summary", "价值小结", "0" * 64, "{}", "{}", deal_id="D91", created_at=LONG_AGO + timedelta(days=2)
    )
    starts = LONG_AGO + timedelta(days=3)
    booked = Booking("M9", "E31", "E05", starts, starts + timedelta(hours=1), deal_id="D92", state="booked")
    await keep(
        world.store,
        ("customer", HOSPITAL),
        *(("deal", one) for one in (won("D91"), won("D92", "lost"), won("D93", "proposal"), won("D94"))),
        *(("activity", said(one)) for one in ("D91", "D92", "D93")),
        ("activity", said("D94", "objection.price")),
        ("activity", did("D91", "comparison", days=-1)),
        ("activity", did("D91", "references")),
        ("paper", paper),
        ("booking", booked),
    )
    async with world.store.read() as tx:
        history = await history_of(tx, "objection.stall", None, NOW)
    found = {case.is_won: case for case in history.cases if case.traits == TRAITS}
    assert found[True] == Case(TRAITS, True, frozenset({"references", "value_summary"}))
    assert found[False] == Case(TRAITS, False, frozenset({"consultant"}))
    assert len([case for case in history.cases if case.traits == TRAITS]) == 2


async def test_what_our_own_deeds_changed_is_a_step_taken_lately(world: FakeWorld) -> None:
    async with world.store.read() as tx:
        deal: Any = await own.get(tx, "deal", "D001")
    await world.ask(UpdateAmount("D001", discount=Decimal(5)), REP, "web:1")
    await world.ask(UpdateAmount("D001", discount=Decimal(2)), REP, "web:2")
    await world.ask(SubmitApproval("D001", "预付 50%"), REP, "web:3")
    async with world.store.read() as tx:
        history = await history_of(tx, "objection.price", deal, world.now())
    assert sorted(one.step for one in history.taken) == ["discount", "legal"]


async def test_a_consultant_who_is_merely_held_is_no_step_but_a_booked_hour_ahead_is(world: FakeWorld) -> None:
    starts = NOW + timedelta(days=2)
    ahead = Booking("M1", "E31", "E01", starts, starts + timedelta(hours=1), deal_id="D001", state="booked")
    held = replace(ahead, id="M2", state="held", deal_id="D004")
    await keep(world.store, ("booking", ahead), ("booking", held))
    async with world.store.read() as tx:
        booked = await history_of(tx, "objection.stall", await own.get(tx, "deal", "D001"), NOW)  # type: ignore[arg-type]
        merely = await history_of(tx, "objection.stall", await own.get(tx, "deal", "D004"), NOW)  # type: ignore[arg-type]
    assert [(one.step, one.at) for one in booked.taken] == [("consultant", NOW)]
    assert merely.taken == ()


async def test_the_own_limit_is_the_largest_discount_that_the_policy_lets_through(world: FakeWorld) -> None:
    async with world.store.read() as tx:
        deal: Any = await own.get(tx, "deal", "D001")
    limit = own_limit(deal, REP, POLICY, NOW)
    assert limit == Decimal(15)
    for percent, verdict in ((limit, "run"), (limit + 1, "confirm")):
        wanted = UpdateAmount("D001", discount=percent)
        proposal = draft(wanted, Facts({("deal", "D001"): deal}), REP, Basis(confidence=1.0), "k", NOW)
        assert decide(proposal, POLICY, NOW).verdict == verdict


async def test_the_own_limit_follows_the_policy_in_force_and_ends_at_somebody_elses_deal(
    world: FakeWorld, tmp_path: Path
) -> None:
    async with world.store.read() as tx:
        deal: Any = await own.get(tx, "deal", "D001")
        other: Any = await own.get(tx, "deal", "D002")
    file = tmp_path / "policy.yaml"
    file.write_text(
        """rules:
  - id: dear
    when: discount > 3.0
    verdict: confirm
    confirmers: {roles: [manager], not_requester: true}
    expires_hours: 1
"""
    )
    strict = Policy.load(file)
    assert own_limit(deal, REP, strict, NOW) == Decimal(3)
    assert own_limit(replace(deal, discount=Decimal(15)), REP, POLICY, NOW) is None
    assert own_limit(other, REP, POLICY, NOW) is None


async def test_the_amount_is_told_in_yuan_at_the_rates_of_the_day(world: FakeWorld) -> None:
    async with world.store.read() as tx:
        dollars: Any = await own.get(tx, "deal", "D005")
        means = await means_for(tx, dollars, REP, POLICY, NOW)
        none = await means_for(tx, None, REP, POLICY, NOW)
    assert means.amount_cny is not None and means.amount_cny > 300_000
    assert (none.amount_cny, none.own_limit) == (None, None)
