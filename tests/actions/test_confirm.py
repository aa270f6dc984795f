"""A person's yes or no: once, by someone allowed, in time, to exactly what was shown."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from actions.carry_out import confirm, expire, last_deed, undo
from actions.commands.crm import HoldDeal, UpdateAmount, UpdateStage
from actions.commands.data import UpdateCompany
from actions.commands.reviews import SubmitApproval
from actions.crm import own
from actions.crm.records import Speaker
from actions.outside.tables import ProposalRow, TimerRow
from actions.proposal import Outcome
from tests.actions.house import (
    CUSTOMER,
    DIRECTOR,
    LEGAL,
    MANAGER,
    OTHER_MANAGER,
    OTHER_REP,
    POLICY,
    REP,
    WORDS,
    FakeWorld,
)

CHAT = "web:managers"


@pytest.fixture
async def waiting(world: FakeWorld) -> Outcome:
    outcome = await world.ask(UpdateAmount("D001", Decimal(600000)), REP)
    assert outcome.kind == "waiting"
    return outcome


async def answer(world: FakeWorld, waiting: Outcome, person: Speaker, *, yes: bool = True, digest: str = "") -> Outcome:
    outcome = await confirm(world, waiting.proposal.id, digest or waiting.proposal.digest, person, yes, CHAT)
    assert outcome is not None
    return outcome


async def state(world: FakeWorld) -> tuple[str, str | None]:
    async with world.store.read() as tx:
        row = (await tx.execute(select(ProposalRow.state, ProposalRow.decided_by))).one()
    return row.state, row.decided_by


async def amount(world: FakeWorld) -> Decimal:
    return (await world.record("deal", "D001")).amount  # type: ignore[no-any-return]


async def test_a_managers_yes_does_it_and_stops_the_clock(world: FakeWorld, waiting: Outcome) -> None:
    outcome = await answer(world, waiting, MANAGER)
    assert (outcome.kind, outcome.decided_by) == ("done", "E11")
    assert await amount(world) == Decimal(600000)
    assert await state(world) == ("done", "E11")
    assert (await world.audited())[2:] == ["confirmation", "deed_begin", "change", "deed_done"]
    async with world.store.read() as tx:
        assert (await tx.execute(select(TimerRow.state))).scalars().all() == ["cancelled"]


async def test_a_no_ends_it_and_changes_nothing(world: FakeWorld, waiting: Outcome) -> None:
    outcome = await answer(world, waiting, MANAGER, yes=False)
    assert (outcome.kind, outcome.decided_by, outcome.data["is_withdrawn"]) == ("rejected", "E11", False)
    assert await state(world) == ("rejected", "E11")
    assert await amount(world) == Decimal(480000)


async def test_the_requester_may_withdraw_but_not_say_yes(world: FakeWorld, waiting: Outcome) -> None:
    assert (await answer(world, waiting, REP)).kind == "refused"
    withdrawn = await answer(world, waiting, REP, yes=False)
    assert (withdrawn.kind, withdrawn.data["is_withdrawn"]) == ("rejected", True)


@pytest.mark.parametrize("person", [OTHER_REP, OTHER_MANAGER, LEGAL, CUSTOMER], ids=lambda person: person.person_id)
@pytest.mark.parametrize("yes", [True, False])
async def test_nobody_else_decides(world: FakeWorld, waiting: Outcome, person: Speaker, yes: bool) -> None:
    outcome = await answer(world, waiting, person, yes=yes)
    assert (outcome.kind, outcome.decision.reasons[0].rule) == ("refused", "may_not_confirm")
    assert await state(world) == ("pending", None)
    assert (await world.audited())[-1] == "refusal"


async def test_three_yeses_at_once_do_it_once(world: FakeWorld, waiting: Outcome) -> None:
    outcomes = await asyncio.gather(*(answer(world, waiting, person) for person in (MANAGER, DIRECTOR, MANAGER)))
    assert sorted(outcome.kind for outcome in outcomes) == ["already", "already", "done"]
    assert (await world.audited()).count("deed_done") == 1


async def test_of_a_yes_and_a_no_at_once_only_the_first_counts(world: FakeWorld, waiting: Outcome) -> None:
    outcomes = await asyncio.gather(answer(world, waiting, MANAGER), answer(world, waiting, DIRECTOR, yes=False))
    kinds = {outcome.kind for outcome in outcomes}
    assert kinds in ({"done", "already"}, {"rejected", "already"})
    assert (await amount(world) == Decimal(600000)) is ("done" in kinds)


async def test_who_comes_later_learns_who_decided(world: FakeWorld, waiting: Outcome) -> None:
    await answer(world, waiting, MANAGER, yes=False)
    late = await answer(world, waiting, DIRECTOR)
    assert (late.kind, late.decided_by, late.data["state"]) == ("already", "E11", "rejected")


async def test_a_yes_to_other_arguments_is_none(world: FakeWorld, waiting: Outcome) -> None:
    outcome = await answer(world, waiting, MANAGER, digest="another")
    assert (outcome.kind, outcome.data["reason"]) == ("refused", "wrong_digest")
    assert await amount(world) == Decimal(480000)


async def test_a_yes_to_nothing_is_nothing(world: FakeWorld) -> None:
    assert await confirm(world, "P-404", "x", MANAGER, True, CHAT) is None


async def test_a_yes_after_its_time_comes_too_late(world: FakeWorld, waiting: Outcome) -> None:
    world.clock.pass_time(hours=24)
    assert (await answer(world, waiting, MANAGER)).kind == "expired"
    assert await state(world) == ("expired", None)
    assert (await answer(world, waiting, MANAGER)).kind == "expired"
    assert await amount(world) == Decimal(480000)


async def test_a_minute_before_its_time_a_yes_still_counts(world: FakeWorld, waiting: Outcome) -> None:
    world.clock.pass_time(hours=23, minutes=59)
    assert (await answer(world, waiting, MANAGER)).kind == "done"


async def test_a_record_that_changed_in_the_meantime_makes_the_yes_stale(world: FakeWorld, waiting: Outcome) -> None:
    async with world.store.write() as tx:
        await own.update(tx, "deal", "D001", {"amount": ("480000", "450000")})
    outcome = await answer(world, waiting, MANAGER)
    assert outcome.kind == "stale"
    assert outcome.proposal.plan.effects[0].old == "450000"  # type: ignore[union-attr]
    assert outcome.proposal.id == waiting.proposal.id
    assert await amount(world) == Decimal(450000)
    assert await state(world) == ("stale", "E11")


async def test_what_does_not_touch_the_deed_does_not_make_it_stale(world: FakeWorld, waiting: Outcome) -> None:
    await world.ask(HoldDeal("D001"), REP, key="web:2")
    assert (await answer(world, waiting, MANAGER)).kind == "done"


async def test_a_deal_that_has_grown_since_is_not_what_was_shown(world: FakeWorld) -> None:
    waiting = await world.ask(SubmitApproval("D004", "合同"), REP)
    async with world.store.write() as tx:
        await own.update(tx, "deal", "D004", {"amount": ("900000", "5000000")})
    assert (await answer(world, waiting, MANAGER)).kind == "stale"


async def test_what_changed_hands_is_no_longer_the_requesters_to_change(world: FakeWorld, waiting: Outcome) -> None:
    async with world.store.write() as tx:
        await own.update(tx, "deal", "D001", {"owner_id": ("E01", "E05")})
    assert (await answer(world, waiting, DIRECTOR)).kind == "stale"


async def test_a_deed_is_dated_by_the_yes_not_by_the_question(world: FakeWorld) -> None:
    unsure = replace(WORDS, confidence=0.4)
    waiting = await world.ask(UpdateStage("D001", "negotiation"), REP, basis=unsure)
    world.clock.pass_time(hours=2)
    assert (await answer(world, waiting, REP)).kind == "done"
    assert (await world.record("deal", "D001")).stage_since == world.now()


async def test_a_yes_that_breaks_ends_the_proposal_and_changes_nothing(world: FakeWorld) -> None:
    waiting = await world.ask(UpdateCompany("C001", tax_id="91310000SAMPLE0009"), CUSTOMER)
    world.break_on.append(RuntimeError("the ledger is broken"))
    assert (await answer(world, waiting, MANAGER)).kind == "failed"
    assert await state(world) == ("failed", "E11")
    assert (await world.record("customer", "C001")).tax_id == "91310000SAMPLE0001"


async def test_a_customers_legal_data_changes_by_their_managers_yes(world: FakeWorld) -> None:
    waiting = await world.ask(UpdateCompany("C001", tax_id="91310000SAMPLE0009"), CUSTOMER)
    assert (waiting.kind, (await answer(world, waiting, MANAGER)).kind) == ("waiting", "done")
    assert (await world.record("customer", "C001")).tax_id == "91310000SAMPLE0009"


async def test_the_requester_can_take_back_what_was_confirmed_where_they_asked(world: FakeWorld, waiting: Outcome) -> None:
    done = await answer(world, waiting, MANAGER)
    async with world.store.read() as tx:
        deed = await last_deed(tx, "E01", "web:E01")
    assert deed == done.deed
    assert deed is not None
    asked = await undo(world, deed, REP, "web:E01", POLICY)
    assert (asked.kind, asked.decision.reasons[0].rule, asked.decision.roles) == (
        "waiting",
        "undo_confirmed",
        {"manager", "director"},
    )
    assert await amount(world) == Decimal(600000)
    assert (await answer(world, asked, MANAGER)).kind == "done"
    assert await amount(world) == Decimal(480000)


async def test_within_a_larger_transaction_an_answer_is_part_of_it(world: FakeWorld, waiting: Outcome) -> None:
    with pytest.raises(InterruptedError):
        async with world.store.write() as tx:
            outcome = await confirm(world, waiting.proposal.id, waiting.proposal.digest, MANAGER, True, CHAT, tx=tx)
            assert outcome is not None
            assert outcome.kind == "done"
            raise InterruptedError
    assert await state(world) == ("pending", None)


# --- running out --------------------------------------------------------------------------------------------------------


async def test_a_proposal_runs_out_only_when_its_time_has_come(world: FakeWorld, waiting: Outcome) -> None:
    assert await expire(world, waiting.proposal.id) is None
    world.clock.pass_time(hours=24)
    outcome = await expire(world, waiting.proposal.id)
    assert outcome is not None
    assert (outcome.kind, await state(world)) == ("expired", ("expired", None))
    assert (await world.audited())[-1] == "timer"


async def test_what_was_answered_never_runs_out(world: FakeWorld, waiting: Outcome) -> None:
    await answer(world, waiting, MANAGER)
    world.clock.pass_time(hours=25)
    assert await expire(world, waiting.proposal.id) is None
    assert await state(world) == ("done", "E11")


async def test_the_clock_and_a_late_yes_agree_on_one_end(world: FakeWorld, waiting: Outcome) -> None:
    world.clock.pass_time(hours=24)
    expired, late = await asyncio.gather(expire(world, waiting.proposal.id), answer(world, waiting, MANAGER))
    assert late.kind == "expired"
    assert expired is None or expired.kind == "expired"
    assert (await world.audited()).count("timer") == 1


async def test_a_short_question_ends_soon(world: FakeWorld) -> None:
    waiting = await world.ask(HoldDeal("D001"), REP, basis=replace(WORDS, confidence=0.4))
    assert waiting.decision.expires_in == timedelta(hours=4)
