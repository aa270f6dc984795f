"""Several rules, several people: each gets its yes, once, by whoever serves it; one no ends it; races leave one result."""

import asyncio
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from actions.approvers import policy_gaps, read_staff
from actions.carry_out import carry_out, confirm, edit, expire, undo
from actions.commands.crm import AssignLeads, ExportCustomers, UpdateAmount
from actions.commands.reviews import SubmitApproval
from actions.crm import own
from actions.crm.records import Employee, Speaker
from actions.decide import decide
from actions.outside.store import Store
from actions.outside.tables import DeedRow, EmployeeRow, ProposalRow, TimerRow
from actions.policy.policy import Policy
from actions.proposal import Command, Outcome
from tests.actions.house import (
    DIRECTOR,
    LEGAL,
    MANAGER,
    OTHER_MANAGER,
    POLICY,
    REP,
    SECOND_DIRECTOR,
    FakeWorld,
)

CHAT = "web:managers"
RAISE = UpdateAmount("D001", Decimal(600000))


@pytest.fixture
async def world(world: FakeWorld) -> FakeWorld:
    """The sample house with everyone who may be asked on the books."""
    more = (
        Employee("E12", "样例经理二", "", "manager", "华南", deputy_id="E11"),
        Employee("E20", "样例总监", "", "director", ""),
        Employee("E21", "样例总监二", "", "director", ""),
        Employee("E31", "样例顾问", "", "consultant", "", manager_id="E20"),
    )
    async with world.store.write() as tx:
        for one in more:
            await tx.execute(insert(EmployeeRow).values({field.name: getattr(one, field.name) for field in fields(one)}))
    return world


def policy_of(tmp_path: Path, *rules: str) -> Policy:
    """A policy whose rules ask whenever a contract grows; each rule is its confirmers and whatever else it says."""
    path = tmp_path / "policy.yaml"
    lines = [
        f"  - id: rule_{number}\n    when: contract\n    verdict: confirm\n    confirmers: {rule}\n"
        for number, rule in enumerate(rules)
    ]
    path.write_text("rules:\n" + "".join(lines), encoding="utf-8")
    return Policy.load(path)


async def ask(world: FakeWorld, policy: Policy, command: Command = RAISE, by: Speaker = REP, key: str = "web:1") -> Outcome:
    proposal = await world.propose(command, by, key)
    where = {"channel": "web", "conversation": by.person_id, "thread": None, "private_to": None}
    decision = decide(proposal, policy, world.now())
    return await carry_out(world, proposal, decision, conversation=f"web:{by.person_id}", address=where)


async def answer(world: FakeWorld, waiting: Outcome, person: Speaker, *, yes: bool = True) -> Outcome:
    outcome = await confirm(world, waiting.proposal.id, waiting.proposal.digest, person, yes, CHAT)
    assert outcome is not None
    return outcome


async def state(world: FakeWorld, proposal_id: str) -> str:
    async with world.store.read() as tx:
        return str(await tx.scalar(select(ProposalRow.state).where(ProposalRow.id == proposal_id)))


async def amount(world: FakeWorld) -> Decimal:
    return (await world.record("deal", "D001")).amount  # type: ignore[no-any-return]


async def leaves(world: FakeWorld, person_id: str, **values: str) -> None:
    async with world.store.write() as tx:
        gone = update(EmployeeRow).where(EmployeeRow.id == person_id).values(has_left=True, **values)
        await tx.execute(gone)


# --- each rule its yes --------------------------------------------------------------------------------------------------


async def test_a_yes_for_one_rule_is_kept_until_the_other_has_its_own(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [manager]}", "{roles: [legal]}"))
    assert (await answer(world, waiting, LEGAL)).kind == "partial"
    assert await amount(world) == Decimal(480000)
    done = await answer(world, waiting, MANAGER)
    assert (done.kind, done.decided_by, await amount(world)) == ("done", "E11", Decimal(600000))
    assert (await world.audited()).count("confirmation") == 2


async def test_one_who_serves_both_rules_is_enough(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [manager]}", "{roles: [director, legal]}"))
    assert (await answer(world, waiting, DIRECTOR)).kind == "done"


async def test_two_of_several_are_two_people(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [director], people: [E31], needed: 2}"))
    assert (await answer(world, waiting, DIRECTOR)).kind == "partial"
    again = await answer(world, waiting, DIRECTOR)
    assert (again.kind, again.data["is_again"]) == ("partial", True)
    assert (await answer(world, waiting, MANAGER)).kind == "refused"
    assert (await answer(world, waiting, Speaker("E31", "consultant", "样例顾问"))).kind == "done"


@pytest.mark.parametrize("by", [DIRECTOR, REP], ids=["another", "the requester"])
async def test_one_no_ends_what_others_agreed_to(world: FakeWorld, tmp_path: Path, by: Speaker) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [manager]}", "{roles: [legal]}"))
    await answer(world, waiting, LEGAL)
    assert (await answer(world, waiting, by, yes=False)).kind == ("rejected" if by in (DIRECTOR, REP) else "")
    late = await answer(world, waiting, MANAGER)
    assert (late.kind, late.data["state"], await amount(world)) == ("already", "rejected", Decimal(480000))


async def test_a_record_that_changed_makes_the_first_yes_stale_already(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [manager]}", "{roles: [legal]}"))
    async with world.store.write() as tx:
        await own.update(tx, "deal", "D001", {"amount": ("480000", "450000")})
    assert (await answer(world, waiting, LEGAL)).kind == "stale"


async def test_two_yeses_at_once_from_two_processes_are_both_kept_and_it_is_done_once(
    world: FakeWorld, tmp_path: Path, database_url: str
) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [manager]}", "{roles: [legal]}"))
    others = [FakeWorld(Store(database_url), tmp_path) for _ in range(4)]
    said = zip(others, (MANAGER, LEGAL, MANAGER, LEGAL), strict=True)
    outcomes = await asyncio.gather(*(answer(one, waiting, person) for one, person in said))
    for one in others:
        await one.store.close()
    kinds = [outcome.kind for outcome in outcomes]
    assert kinds.count("done") == 1
    assert set(kinds) <= {"done", "partial", "already"}
    assert await amount(world) == Decimal(600000)
    assert (await world.audited()).count("deed_done") == 1


# --- who is not here any more -------------------------------------------------------------------------------------------


async def test_for_one_who_left_their_deputy_is_asked_and_the_requester_learns_it(world: FakeWorld, tmp_path: Path) -> None:
    await leaves(world, "E12")
    waiting = await ask(world, policy_of(tmp_path, "{people: [E12]}"))
    assert waiting.data["stand_ins"] == [{"gone": "E12", "person": "E11", "office": None}]
    assert (await answer(world, waiting, OTHER_MANAGER)).kind == "refused"
    assert (await answer(world, waiting, MANAGER)).kind == "done"


async def test_who_leaves_while_it_waits_is_replaced_too(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{people: [E31]}"))
    await leaves(world, "E31")
    assert (await answer(world, waiting, DIRECTOR)).kind == "done"


async def test_for_one_whom_nobody_knows_the_directors_are_asked(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{people: [E99]}"))
    assert waiting.data["stand_ins"] == [{"gone": "E99", "person": None, "office": "director"}]
    assert (await answer(world, waiting, SECOND_DIRECTOR)).kind == "done"


async def test_what_too_few_can_answer_is_refused_and_not_left_waiting(world: FakeWorld, tmp_path: Path) -> None:
    outcome = await ask(world, policy_of(tmp_path, "{roles: [legal], needed: 4}"))
    assert (outcome.kind, outcome.decision.reasons[0].rule) == ("refused", "nobody_to_confirm")


async def test_the_policys_gaps_are_named(world: FakeWorld, tmp_path: Path) -> None:
    await leaves(world, "E12")
    policy = policy_of(tmp_path, "{people: [E12, E99]}", "{roles: [legal], needed: 2}", "{roles: [manager], needed: 2}")
    async with world.store.read() as tx:
        gaps = policy_gaps(policy, await read_staff(tx))
    assert gaps == (("rule_0", "E12"), ("rule_0", "E99"), ("rule_1", "legal"))


# --- when nobody answers ------------------------------------------------------------------------------------------------


async def run_out(world: FakeWorld, waiting: Outcome, **length: float) -> Outcome | None:
    world.clock.pass_time(**length)
    return await expire(world, waiting.proposal.id)


async def test_unanswered_it_goes_one_up_with_a_fresh_deadline_and_the_same_digest(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [legal]}"))
    outcome = await run_out(world, waiting, hours=24)
    assert outcome is not None
    assert (outcome.kind, outcome.decision.roles, outcome.proposal.digest) == (
        "escalated",
        {"legal", "director"},
        waiting.proposal.digest,
    )
    async with world.store.read() as tx:
        timer = (await tx.execute(select(TimerRow.state, TimerRow.due_at))).one()
    assert tuple(timer) == ("waiting", world.now() + timedelta(hours=24))
    assert (await answer(world, waiting, DIRECTOR)).kind == "done"


async def test_where_nobody_new_can_be_asked_it_ends(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [legal]}"))
    await run_out(world, waiting, hours=24)
    ended = await run_out(world, waiting, hours=24)
    assert ended is not None
    assert (ended.kind, await state(world, waiting.proposal.id)) == ("expired", "expired")


@pytest.mark.parametrize("rings", [2, 3])
async def test_a_timer_that_rings_twice_or_a_clock_set_back_passes_it_on_once(
    world: FakeWorld, tmp_path: Path, rings: int
) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [legal]}"))
    assert await run_out(world, waiting, hours=23, minutes=59) is None
    first = await run_out(world, waiting, minutes=1)
    assert first is not None
    world.clock.pass_time(hours=-2)
    assert [await expire(world, waiting.proposal.id) for _ in range(rings)] == [None] * rings
    assert (await world.audited()).count("timer") == 1
    assert (await answer(world, waiting, DIRECTOR)).kind == "done"


async def test_a_rule_that_says_refuse_ends_it(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [legal]}\n    on_expiry: refuse"))
    ended = await run_out(world, waiting, hours=24)
    assert ended is not None
    assert ended.kind == "expired"


async def test_a_rule_that_says_wait_leaves_it_open_and_reminds_once_a_period(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [legal]}\n    on_expiry: wait"))
    reminded = await run_out(world, waiting, hours=24 * 5)
    assert reminded is not None
    assert reminded.kind == "reminded"
    assert await expire(world, waiting.proposal.id) is None
    assert (await answer(world, waiting, LEGAL)).kind == "done"


async def test_a_yes_in_the_hour_between_the_deadline_and_the_timer_still_counts(world: FakeWorld, tmp_path: Path) -> None:
    waiting = await ask(world, policy_of(tmp_path, "{roles: [legal]}"))
    world.clock.pass_time(hours=25)
    assert (await answer(world, waiting, LEGAL)).kind == "done"


# --- edit, then approve -------------------------------------------------------------------------------------------------

DISCOUNT = UpdateAmount("D001", discount=Decimal(20))


async def change(
    world: FakeWorld,
    waiting: Outcome,
    person: Speaker = MANAGER,
    *,
    yes: bool = True,
    policy: Policy = POLICY,
    **changes: str,
) -> Outcome:
    digest = waiting.proposal.digest
    outcome = await edit(world, waiting.proposal.id, digest, person, changes, policy, CHAT, yes=yes)
    assert outcome is not None
    return outcome


async def test_approving_with_another_value_does_that_and_ends_the_original(world: FakeWorld) -> None:
    waiting = await world.ask(DISCOUNT, REP)
    outcome = await change(world, waiting, discount="18")
    assert outcome.kind == "done"
    assert outcome.data["edited"]["changes"] == [{"field": "discount", "old": "20", "new": "18"}]
    assert (await world.record("deal", "D001")).discount == Decimal(18)
    assert await state(world, waiting.proposal.id) == "superseded"
    assert {"edit", "confirmation", "deed_done"} <= set(await world.audited())
    late = await answer(world, waiting, DIRECTOR)
    assert (late.kind, late.data["superseded_by"]) == ("already", outcome.proposal.id)


async def test_without_a_yes_the_changed_one_waits_for_it(world: FakeWorld) -> None:
    waiting = await world.ask(DISCOUNT, REP)
    changed = await change(world, waiting, yes=False, discount="18")
    assert (changed.kind, changed.proposal.digest != waiting.proposal.digest) == ("waiting", True)
    assert changed.proposal.requester.person_id == "E01"
    assert (await answer(world, changed, MANAGER)).kind == "done"


async def test_what_would_need_no_yes_as_changed_still_gets_the_editors(world: FakeWorld) -> None:
    waiting = await world.ask(DISCOUNT, REP)
    changed = await change(world, waiting, yes=False, discount="5")
    assert changed.kind == "waiting"
    assert (await answer(world, changed, REP)).kind == "refused"
    assert (await answer(world, changed, MANAGER)).kind == "done"


async def test_what_is_worth_more_as_changed_needs_more_people(world: FakeWorld, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "rules:\n"
        "  - {id: small, when: contract, verdict: confirm, confirmers: {roles: [manager]}}\n"
        "  - {id: large, when: contract && amount_cny > 900000.0, verdict: confirm, confirmers: {roles: [legal]}}\n"
    )
    policy = Policy.load(path)
    waiting = await ask(world, policy)
    changed = await change(world, waiting, policy=policy, amount="1000000")
    assert changed.kind == "partial"
    assert (await answer(world, changed, LEGAL)).kind == "done"
    assert await amount(world) == Decimal(1000000)


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"discount": "40"}, "refused", None),
        ({"discount": "101"}, "impossible", None),
        ({"discount": "many"}, "impossible", "bad_value"),
        ({"discount": "20"}, "impossible", "unchanged"),
        ({"deal_id": "D002"}, "impossible", "not_editable"),
        ({}, "impossible", "not_editable"),
    ],
)
async def test_a_change_that_cannot_be_leaves_the_question_open(
    world: FakeWorld, changes: dict[str, str], kind: str, reason: str | None
) -> None:
    waiting = await world.ask(DISCOUNT, REP)
    outcome = await change(world, waiting, **changes)
    assert (outcome.kind, outcome.data.get("reason")) == (kind, reason)
    assert await state(world, waiting.proposal.id) == "pending"
    assert (await answer(world, waiting, MANAGER)).kind == "done"


@pytest.mark.parametrize("person", [REP, OTHER_MANAGER, LEGAL], ids=lambda person: person.person_id)
async def test_only_who_may_confirm_may_change(world: FakeWorld, person: Speaker) -> None:
    waiting = await world.ask(DISCOUNT, REP)
    assert (await change(world, waiting, person, discount="18")).kind == "refused"
    assert await state(world, waiting.proposal.id) == "pending"


async def test_a_change_of_a_record_that_moved_on_is_shown_again_and_not_applied(world: FakeWorld) -> None:
    waiting = await world.ask(DISCOUNT, REP)
    async with world.store.write() as tx:
        await own.update(tx, "deal", "D001", {"discount": ("0", "3")})
    changed = await change(world, waiting, discount="18")
    assert (changed.kind, changed.proposal.plan.effects[0].old) == ("waiting", "3")  # type: ignore[union-attr]
    assert (await world.record("deal", "D001")).discount == Decimal(3)


async def test_of_a_change_and_a_yes_at_once_one_counts(world: FakeWorld, tmp_path: Path, database_url: str) -> None:
    waiting = await world.ask(DISCOUNT, REP)
    other = FakeWorld(Store(database_url), tmp_path)
    changed, said = await asyncio.gather(change(world, waiting, discount="18"), answer(other, waiting, DIRECTOR))
    await other.store.close()
    assert {changed.kind, said.kind} == {"done", "already"}
    async with world.store.read() as tx:
        assert len((await tx.execute(select(DeedRow.key))).all()) == 1
    assert (await world.record("deal", "D001")).discount == Decimal(18 if changed.kind == "done" else 20)


# --- taking back what was confirmed ---------------------------------------------------------------------------------------


async def confirmed(world: FakeWorld) -> str:
    done = await answer(world, await world.ask(RAISE, REP), MANAGER)
    assert done.deed is not None
    return done.deed


async def test_who_could_have_confirmed_it_takes_it_back_alone(world: FakeWorld) -> None:
    assert (await undo(world, await confirmed(world), MANAGER, CHAT, POLICY)).kind == "done"
    assert await amount(world) == Decimal(480000)


async def test_the_policy_judges_what_is_put_back(world: FakeWorld) -> None:
    async with world.store.write() as tx:
        await own.update(tx, "deal", "D001", {"amount": ("480000", "800000")})
    lowered = await world.ask(UpdateAmount("D001", Decimal(450000)), REP)
    assert lowered.kind == "done" and lowered.deed is not None
    asked = await undo(world, lowered.deed, REP, CHAT, POLICY)
    assert (asked.kind, [one.rule for one in asked.decision.reasons]) == ("waiting", ["contract_value"])


async def test_a_rejected_undo_can_be_asked_for_again(world: FakeWorld) -> None:
    deed = await confirmed(world)
    first = await undo(world, deed, REP, CHAT, POLICY)
    again = await undo(world, deed, REP, CHAT, POLICY)
    assert (first.kind, again.proposal.id) == ("waiting", first.proposal.id)
    assert (await answer(world, first, MANAGER, yes=False)).kind == "rejected"
    second = await undo(world, deed, REP, CHAT, POLICY)
    assert (second.kind, second.proposal.id != first.proposal.id) == ("waiting", True)
    assert (await answer(world, second, MANAGER)).kind == "done"


async def test_an_undo_is_not_taken_back(world: FakeWorld) -> None:
    done = await undo(world, await confirmed(world), MANAGER, CHAT, POLICY)
    assert done.deed is not None
    outcome = await undo(world, done.deed, MANAGER, CHAT, POLICY)
    assert (outcome.kind, outcome.proposal.plan.problem) == ("impossible", "no_redo")


async def test_somebody_who_edits_while_the_undo_waits_keeps_what_they_wrote(world: FakeWorld) -> None:
    asked = await undo(world, await confirmed(world), REP, CHAT, POLICY)
    async with world.store.write() as tx:
        await own.update(tx, "deal", "D001", {"amount": ("600000", "610000")})
    assert (await answer(world, asked, MANAGER)).kind == "stale"
    assert await amount(world) == Decimal(610000)


async def test_two_undos_and_a_yes_at_once_put_it_back_once(world: FakeWorld, tmp_path: Path, database_url: str) -> None:
    deed = await confirmed(world)
    asked = await undo(world, deed, REP, CHAT, POLICY)
    others = [FakeWorld(Store(database_url), tmp_path) for _ in range(3)]
    outcomes = await asyncio.gather(
        undo(others[0], deed, MANAGER, CHAT, POLICY),
        undo(others[1], deed, DIRECTOR, CHAT, POLICY),
        answer(others[2], asked, MANAGER),
    )
    for one in others:
        await one.store.close()
    assert sorted(outcome.kind for outcome in outcomes) == ["already", "already", "done"]
    assert await amount(world) == Decimal(480000)
    assert (await world.audited()).count("undo") == 1


# --- many records ---------------------------------------------------------------------------------------------------------


async def test_of_many_records_none_is_touched_while_one_stands_in_the_way(world: FakeWorld) -> None:
    outcome = await world.ask(AssignLeads(("L002", "L404"), "E02"), REP)
    assert (outcome.kind, outcome.proposal.plan.problem, outcome.data["gone"]) == ("impossible", "not_all", ["L404"])
    assert (await world.record("lead", "L002")).owner_id == "E01"


@pytest.mark.parametrize("command", [SubmitApproval("D001", "条款"), ExportCustomers(("C001",), "", "x")], ids=repr)
async def test_what_cannot_be_taken_back_is_known_before_it_is_done(world: FakeWorld, command: Command) -> None:
    assert (await world.propose(command, REP)).plan.inverse is None
