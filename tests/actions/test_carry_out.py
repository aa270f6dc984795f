"""The only door out: each deed once, whole or not at all, with its record."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import event, select

from actions import audit
from actions.carry_out import carry_out, timers
from actions.commands.crm import (
    AssignLeads,
    CancelReminder,
    CreateDeal,
    CreateLead,
    ExportCustomers,
    HoldDeal,
    SetReminder,
    UpdateAmount,
    UpdateStage,
)
from actions.commands.service import OpenTicket, TakeTicket
from actions.crm import own
from actions.decide import decide
from actions.outside.tables import DeedRow, ProposalRow, TimerRow
from actions.proposal import Decision, Notify, Reason, Redraw
from tests.actions.house import CHAT, DIRECTOR, LEGAL, MANAGER, NOW, OTHER_REP, POLICY, REP, FakeWorld, proposed

RUN = Decision("run", ())


async def timer_states(world: FakeWorld) -> dict[str, str]:
    async with world.store.read() as tx:
        return {row.key: row.state for row in await tx.execute(select(TimerRow.key, TimerRow.state))}


async def is_sound(world: FakeWorld) -> bool:
    async with world.store.read() as tx:
        return (await audit.verify(tx)).is_sound


# --- doing --------------------------------------------------------------------------------------------------------------


async def test_a_deed_changes_the_record_and_is_on_record(world: FakeWorld) -> None:
    outcome = await world.ask(UpdateStage("D001", "negotiation"), REP)
    assert (outcome.kind, outcome.deed) == ("done", outcome.proposal.id)
    deal = await world.record("deal", "D001")
    assert (deal.stage, deal.stage_since) == ("negotiation", NOW)
    assert await world.audited() == ["proposal", "decision", "deed_begin", "change", "change", "deed_done"]
    assert await is_sound(world)


async def test_the_same_deed_again_is_not_done_again(world: FakeWorld) -> None:
    await world.ask(CreateLead("新公司"), REP)
    again = await world.ask(CreateLead("新公司"), REP)
    assert again.kind == "already"
    async with world.store.read() as tx:
        assert len(await own.find(tx, "lead", where={"company": "新公司"})) == 1
    assert (await world.audited()).count("deed_done") == 1


async def test_pressing_three_times_at_once_does_it_once(world: FakeWorld) -> None:
    proposal = await world.propose(AssignLeads(("L001",), "E02"), DIRECTOR)
    outcomes = await asyncio.gather(*(carry_out(world, proposal, RUN, conversation=CHAT) for _ in range(3)))
    assert sorted(outcome.kind for outcome in outcomes) == ["already", "already", "done"]
    assert [notice.to for _, notice in world.told if isinstance(notice, Notify)] == ["person:E02"]
    assert (await world.audited()).count("change") == 2


async def test_notices_carry_a_key_that_makes_them_happen_once(world: FakeWorld) -> None:
    outcome = await world.ask(OpenTicket("fault", "s", "t", "C001", "K001"), MANAGER)
    assert [key for key, _ in world.told] == [f"{outcome.deed}:1", f"{outcome.deed}:2"]


async def test_every_copy_of_a_ticket_is_redrawn_when_it_is_taken(world: FakeWorld) -> None:
    await world.ask(TakeTicket("T001"), MANAGER)
    assert [notice.view_of for _, notice in world.told if isinstance(notice, Redraw)] == ["ticket:T001"]
    assert (await world.record("ticket", "T001")).taken_by == "E11"


async def test_a_reminder_sets_a_timer_and_cancelling_it_stops_it(world: FakeWorld) -> None:
    due = NOW + timedelta(days=1)
    outcome = await world.ask(SetReminder("回访", due), REP)
    (key,) = timers(outcome)
    async with world.store.read() as tx:
        row = (await tx.execute(select(TimerRow.__table__).where(TimerRow.key == key))).mappings().one()
    assert (row["kind"], row["due_at"], row["state"]) == ("reminder", due, "waiting")
    await world.ask(CancelReminder(row["data"]["reminder"]), REP, key="web:2")
    assert await timer_states(world) == {key: "cancelled"}


async def test_a_simple_deed_takes_at_most_ten_statements(world: FakeWorld) -> None:
    await world.ask(HoldDeal("D002"), OTHER_REP)
    proposal = await world.propose(UpdateStage("D001", "negotiation"), REP)
    statements: list[str] = []
    async with world.store.write() as tx:
        event.listen(tx.sync_connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        await carry_out(world, proposal, RUN, conversation=CHAT, tx=tx)
    assert len(statements) <= 10


# --- not doing ----------------------------------------------------------------------------------------------------------


async def test_a_refusal_leaves_a_trace_and_changes_nothing(world: FakeWorld) -> None:
    outcome = await world.ask(UpdateStage("D001", "won"), OTHER_REP)
    assert (outcome.kind, outcome.decision.reasons[0].rule) == ("refused", "ownership")
    assert (await world.record("deal", "D001")).stage == "proposal"
    assert await world.audited() == ["proposal", "decision", "refusal"]


async def test_a_plan_with_a_problem_is_impossible_even_if_decided_otherwise(world: FakeWorld) -> None:
    proposal = proposed(HoldDeal("D003"), REP)
    assert (await carry_out(world, proposal, RUN, conversation=CHAT)).kind == "impossible"
    assert (await world.ask(HoldDeal("D003"), REP)).kind == "impossible"


async def test_who_may_not_touch_a_record_is_not_told_what_is_wrong_with_it(world: FakeWorld) -> None:
    assert (await world.ask(HoldDeal("D003"), OTHER_REP)).kind == "refused"


async def test_a_record_that_changed_since_the_plan_makes_it_stale_and_shows_the_fresh_one(world: FakeWorld) -> None:
    slow = await world.propose(UpdateStage("D001", "won"), REP)
    await world.ask(UpdateStage("D001", "negotiation"), MANAGER, key="web:2")
    outcome = await carry_out(world, slow, RUN, conversation=CHAT)
    assert outcome.kind == "stale"
    assert outcome.proposal.plan.effects[0].old == "negotiation"  # type: ignore[union-attr]
    assert outcome.proposal.digest != slow.digest
    assert (await world.record("deal", "D001")).stage == "negotiation"
    assert (await world.audited())[-1] == "deed_failed"


async def test_a_stale_deed_leaves_nothing_half_done(world: FakeWorld) -> None:
    both = await world.propose(AssignLeads(("L001", "L002"), "E02"), MANAGER)
    await world.ask(AssignLeads(("L002",), "E11"), MANAGER, key="web:2")
    assert (await carry_out(world, both, RUN, conversation=CHAT)).kind == "stale"
    assert (await world.record("lead", "L001")).owner_id is None
    async with world.store.read() as tx:
        assert (await tx.execute(select(DeedRow.key).where(DeedRow.key == both.id))).first() is None


async def test_what_breaks_in_the_middle_is_a_failed_outcome_with_nothing_changed(world: FakeWorld) -> None:
    world.break_on.append(RuntimeError("the ledger is broken"))
    outcome = await world.ask(OpenTicket("fault", "s", "t", "C001"), MANAGER)
    assert outcome.kind == "failed"
    async with world.store.read() as tx:
        assert await own.find(tx, "ticket", where={"subject": "s"}) == []
    assert await world.audited() == ["proposal", "decision", "deed_failed"]
    assert (await world.ask(OpenTicket("fault", "s", "t", "C001"), MANAGER)).kind == "done"


async def test_within_a_larger_transaction_a_failed_deed_leaves_the_rest_alone(world: FakeWorld) -> None:
    stale = await world.propose(UpdateStage("D001", "won"), REP)
    async with world.store.write() as tx:
        await own.update(tx, "deal", "D001", {"stage": ("proposal", "lost")})
        assert (await carry_out(world, stale, RUN, conversation=CHAT, tx=tx)).kind == "stale"
        good = await carry_out(world, proposed(HoldDeal("D002"), OTHER_REP), RUN, conversation=CHAT, tx=tx)
    assert good.kind == "done"
    assert (await world.record("deal", "D001")).stage == "lost"
    assert (await world.record("deal", "D002")).held


async def test_a_larger_transaction_that_is_rolled_back_takes_the_deed_with_it(world: FakeWorld) -> None:
    proposal = await world.propose(HoldDeal("D001"), REP)
    with pytest.raises(InterruptedError):
        async with world.store.write() as tx:
            assert (await carry_out(world, proposal, RUN, conversation=CHAT, tx=tx)).kind == "done"
            raise InterruptedError
    assert not (await world.record("deal", "D001")).held
    assert (await carry_out(world, proposal, RUN, conversation=CHAT)).kind == "done"


# --- waiting ------------------------------------------------------------------------------------------------------------


async def test_what_needs_a_person_is_parked_with_a_timer_and_changes_nothing(world: FakeWorld) -> None:
    outcome = await world.ask(UpdateAmount("D001", Decimal(600000)), REP)
    assert outcome.kind == "waiting"
    assert (await world.record("deal", "D001")).amount == Decimal(480000)
    async with world.store.read() as tx:
        row = (await tx.execute(select(ProposalRow.__table__))).mappings().one()
    assert (row["state"], row["requester_id"], row["digest"]) == ("pending", "E01", outcome.proposal.digest)
    assert row["expires_at"] == NOW + timedelta(hours=24)
    assert await timer_states(world) == dict.fromkeys(timers(outcome), "waiting")
    assert await world.audited() == ["proposal", "decision"]


async def test_parking_the_same_proposal_again_keeps_the_first(world: FakeWorld) -> None:
    await world.ask(UpdateAmount("D001", Decimal(600000)), REP)
    world.clock.pass_time(hours=1)
    again = await world.ask(UpdateAmount("D001", Decimal(600000)), REP)
    assert (again.kind, again.data["expires_at"]) == ("waiting", (NOW + timedelta(hours=24)).isoformat())
    assert await world.audited() == ["proposal", "decision"]


async def test_a_yes_from_someone_who_may_not_give_it_parks_like_none(world: FakeWorld) -> None:
    proposal = await world.propose(UpdateAmount("D001", Decimal(600000)), REP)
    decision = decide(proposal, POLICY, NOW)
    assert (await carry_out(world, proposal, decision, conversation=CHAT, decided_by=LEGAL)).kind == "waiting"


async def test_a_yes_that_is_given_along_lets_it_happen(world: FakeWorld) -> None:
    proposal = await world.propose(UpdateAmount("D001", Decimal(600000)), REP)
    decision = decide(proposal, POLICY, NOW)
    outcome = await carry_out(world, proposal, decision, conversation=CHAT, decided_by=MANAGER)
    assert (outcome.kind, outcome.decided_by) == ("done", "E11")


# --- files --------------------------------------------------------------------------------------------------------------


async def test_an_export_is_written_whole_into_the_homes_exports(world: FakeWorld) -> None:
    outcome = await world.ask(ExportCustomers(("C001", "C002"), "", "样例收件人"), DIRECTOR)
    file = world.home / "exports" / str(outcome.data["file"])
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("id,name,name_en")
    assert [line.split(",")[0] for line in lines[1:]] == ["C001", "C002"]
    assert list(file.parent.iterdir()) == [file]


async def test_an_export_that_is_not_done_leaves_no_file(world: FakeWorld, tmp_path: Path) -> None:
    proposal = await world.propose(ExportCustomers(("C001",), "", "x"), DIRECTOR)
    async with world.store.write() as tx:
        await own.remove(tx, "customer", "C001")
    assert (await carry_out(world, proposal, RUN, conversation=CHAT)).kind == "stale"
    assert not list(tmp_path.glob("exports/*"))


async def test_a_refused_decision_stays_refused_whoever_says_yes(world: FakeWorld) -> None:
    proposal = await world.propose(HoldDeal("D001"), REP)
    refused = Decision("refuse", (Reason("discount_limit", "refuse"),))
    assert (await carry_out(world, proposal, refused, conversation=CHAT, decided_by=DIRECTOR)).kind == "refused"


async def test_a_new_deal_that_cannot_be_stored_fails_honestly(world: FakeWorld) -> None:
    proposal = await world.propose(CreateDeal("C001", "新单", Decimal(1)), REP)
    async with world.store.write() as tx:
        taken = {"customer_id": "C001", "title": "t", "stage": "lead", "amount": "1"}
        await own.create(tx, "deal", proposal.plan.effects[0].id, taken)  # type: ignore[union-attr]
    assert (await carry_out(world, proposal, RUN, conversation=CHAT)).kind == "failed"
    assert await is_sound(world)
