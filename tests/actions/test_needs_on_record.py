"""The record of questions that several people answer, that pass on, are changed, or take something back."""

from decimal import Decimal
from pathlib import Path

from actions.carry_out import edit, expire, undo
from actions.commands.crm import UpdateAmount
from actions.decided import Decided, decided
from actions.policy.policy import Policy
from actions.replay import replay
from bot.why import kept_of, why_of
from bot.wording.grounds import Kept
from tests.actions.house import CHAT, LEGAL, MANAGER, NOW, OTHER_REP, POLICY, REP, FakeWorld
from tests.actions.test_several_yeses import answer, ask, policy_of


async def read(world: FakeWorld, proposal_id: str) -> tuple[Decided, Kept]:
    async with world.store.read() as tx:
        past = await decided(tx, proposal_id)
        assert past is not None
        return past, await kept_of(tx, proposal_id)


def is_as_it_was(past: Decided, policy: Policy) -> bool:
    again = replay(past, policy, policy)
    return again.is_same and again.changed == () and again.before["reasons"] == again.after["reasons"]


async def test_who_is_still_to_say_yes_is_told_beside_who_has(world: FakeWorld, tmp_path: Path) -> None:
    policy = policy_of(tmp_path, "{roles: [manager]}", "{roles: [legal]}")
    waiting = await ask(world, policy)
    past, kept = await read(world, waiting.proposal.id)
    assert [(one["rules"], one["roles"]) for one in kept.may] == [(["rule_0"], ["manager"]), (["rule_1"], ["legal"])]
    await answer(world, waiting, LEGAL)
    past, kept = await read(world, waiting.proposal.id)
    assert ([one["roles"] for one in kept.may], [one.name for one in kept.answers]) == ([["manager"]], ["样例法务"])
    assert kept.is_open and past.ended is None and is_as_it_was(past, policy)
    await answer(world, waiting, MANAGER)
    past, kept = await read(world, waiting.proposal.id)
    assert (past.ended, kept.is_open, [one.name for one in kept.answers]) == ("done", False, ["样例法务", "样例经理"])


async def test_what_was_passed_on_names_those_asked_now_and_the_new_deadline(world: FakeWorld, tmp_path: Path) -> None:
    policy = policy_of(tmp_path, "{people: [E02]}")
    waiting = await ask(world, policy)
    world.clock.pass_time(hours=25)
    passed_on = await expire(world, waiting.proposal.id)
    assert passed_on is not None and passed_on.kind == "escalated"
    past, kept = await read(world, waiting.proposal.id)
    assert past.ended is None and past.until == passed_on.data["expires_at"] != NOW.isoformat()
    assert [one["people"] for one in kept.may] == [["样例二号", "样例经理"]]
    async with world.store.read() as tx:
        assert await why_of(tx, waiting.proposal.id, MANAGER) is not None
        assert await why_of(tx, waiting.proposal.id, OTHER_REP) is None
    assert is_as_it_was(past, policy)


async def test_that_nobody_was_there_to_ask_is_no_difference_between_policies(world: FakeWorld, tmp_path: Path) -> None:
    policy = policy_of(tmp_path, "{roles: [legal], needed: 4}")
    outcome = await ask(world, policy)
    past, _ = await read(world, outcome.proposal.id)
    assert (past.decision["verdict"], past.ended) == ("refuse", "refused")
    assert past.basis is not None and past.basis["judged"]["verdict"] == "confirm"
    assert [one["rule"] for one in past.basis["rules"] if one.get("beside_policy")] == ["nobody_to_confirm"]
    assert is_as_it_was(past, policy)


async def test_a_policy_that_asks_other_people_decides_otherwise(world: FakeWorld, tmp_path: Path) -> None:
    policy = policy_of(tmp_path, "{roles: [manager]}")
    past, _ = await read(world, (await ask(world, policy)).proposal.id)
    again = replay(past, policy_of(tmp_path, "{roles: [manager], people: [E02], needed: 2}"), policy)
    assert not again.is_same and again.before["verdict"] == again.after["verdict"] == "confirm"
    assert [one["needed"] for one in again.after["approvers"]] == [2]
    twice = replay(past, policy_of(tmp_path, "{roles: [manager]}", "{roles: [manager]}"), policy)
    assert twice.is_same and [one.rule for one in twice.changed] == ["rule_1"]


async def test_what_was_changed_before_it_was_approved_is_over_and_the_new_one_rests_on_its_own(world: FakeWorld) -> None:
    waiting = await world.ask(UpdateAmount("D001", Decimal(600000)), REP)
    first = waiting.proposal
    changed = await edit(world, first.id, first.digest, MANAGER, {"amount": "490000"}, POLICY, CHAT)
    assert changed is not None and changed.kind == "waiting"
    past, kept = await read(world, first.id)
    assert (past.ended, kept.is_open) == ("superseded", False)
    past, kept = await read(world, changed.proposal.id)
    assert past.basis is not None and past.basis["judged"]["verdict"] == "run"
    assert kept.is_open and kept.may and is_as_it_was(past, POLICY)


async def test_taking_back_rests_on_what_the_policy_saw_too(world: FakeWorld) -> None:
    waiting = await world.ask(UpdateAmount("D001", Decimal(600000)), REP)
    done = await answer(world, waiting, MANAGER)
    asked = await undo(world, str(done.deed), REP, CHAT, POLICY)
    past, kept = await read(world, asked.proposal.id)
    assert (asked.kind, past.ended, kept.is_open) == ("waiting", None, True)
    assert past.basis is not None and [one["rule"] for one in past.basis["rules"] if one.get("beside_policy")] == [
        "undo_confirmed"
    ]
    assert is_as_it_was(past, POLICY)
    await answer(world, asked, MANAGER)
    past, kept = await read(world, asked.proposal.id)
    assert (past.ended, kept.is_open) == ("done", False)
    assert (await read(world, waiting.proposal.id))[0].ended == "undone"
