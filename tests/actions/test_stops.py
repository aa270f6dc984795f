"""Stops on a real store: a release counts once however many reach for it; a yes, an edit and an undo meet breakers too."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import insert

from actions.carry_out import carry_out, confirm, edit, undo
from actions.circumstances import digest_of_command
from actions.commands.crm import UpdateAmount
from actions.commands.stops import AppealFiring, RuleOnFiring, SpendRelease
from actions.crm import own
from actions.crm.records import Firing, Signal, Speaker
from actions.decide import stopped_by
from actions.policy.breakers import Breakers
from actions.proposal import Answer, Outcome
from bot.message import Address, Message
from bot.steps import Heard, Tell
from bot.stops import Stops
from bot.thread import Thread, Turn
from tests.actions.house import CHAT, CUSTOMER, DIRECTOR, LEGAL, MANAGER, NOW, OTHER_MANAGER, POLICY, REP, FakeWorld
from tests.plays.sample_house import situation

BREAKERS = Breakers.load()
FIRING = Firing(
    "F-0000000001", "frozen_budget", "E01", "P-1", "update_amount", "d", "confirm", "director|manager", NOW, "C001", "D001"
)
SIGNAL = Signal("S-0000000001", "C001", "budget_freeze", "预算冻结", "样例联系人", NOW, roles="director|manager")


async def keep(world: FakeWorld, firing: Firing, *signals: Signal) -> None:
    async with world.store.write() as tx:
        await tx.execute(insert(own.table_of("firing")).values(vars(firing)))
        for signal in signals:
            await tx.execute(insert(own.table_of("signal")).values(vars(signal)))


async def test_a_release_is_used_once_by_many_at_the_same_time(world: FakeWorld) -> None:
    await keep(world, replace(FIRING, state="released"))
    outcomes = await asyncio.gather(*(world.ask(SpendRelease(FIRING.id), REP, f"web:{n}") for n in range(6)))
    assert [outcome.kind for outcome in outcomes].count("done") == 1
    assert (await world.record("firing", FIRING.id)).state == "used"


async def test_of_two_rulings_at_the_same_time_one_counts(world: FakeWorld) -> None:
    await keep(world, replace(FIRING, signal_id=SIGNAL.id), SIGNAL)
    lift, uphold = (
        world.ask(RuleOnFiring(FIRING.id, "lifted", "已批", SIGNAL.id), MANAGER, "web:1"),
        world.ask(RuleOnFiring(FIRING.id, "upheld", "等批文"), DIRECTOR, "web:2"),
    )
    outcomes = await asyncio.gather(lift, uphold)
    assert sorted(outcome.kind == "done" for outcome in outcomes) == [False, True]
    firing, signal = await world.record("firing", FIRING.id), await world.record("signal", SIGNAL.id)
    assert (firing.state == "lifted") == (signal.state == "lifted")


async def test_only_those_named_may_rule_and_never_without_a_reason(world: FakeWorld) -> None:
    await keep(world, FIRING)
    for number, (by, reason) in enumerate([(REP, "我急"), (OTHER_MANAGER, "可以"), (MANAGER, "  ")]):
        outcome = await world.ask(RuleOnFiring(FIRING.id, "released", reason), by, f"web:{number}")
        assert outcome.kind in ("refused", "impossible")
    assert (await world.record("firing", FIRING.id)).state == "open"


async def test_only_whoever_was_stopped_appeals_and_once(world: FakeWorld) -> None:
    await keep(world, FIRING)
    assert (await world.ask(AppealFiring(FIRING.id), MANAGER, "web:1")).kind == "impossible"
    assert (await world.ask(AppealFiring(FIRING.id, "专项"), REP, "web:2")).kind == "done"
    assert (await world.ask(AppealFiring(FIRING.id, "专项"), REP, "web:3")).kind == "impossible"
    (told,) = [notice for _, notice in world.told]
    assert (told.to, told.topic) == ("person:E11", "stop_appealed")  # type: ignore[union-attr]


async def test_a_sentence_with_another_customers_name_is_cut_out_of_an_answer_and_kept(world: FakeWorld) -> None:
    stops = Stops(world, lambda: POLICY, lambda: BREAKERS)
    message = Message("web:9", Address("web", "K001"), "K001", "有谁在用", NOW)
    heard = Heard(message, CUSTOMER, Thread(), "zh", NOW)
    asked = situation("knowledge.ask", CUSTOMER)
    turn = Turn("knowledge.ask", "有谁在用", NOW, {})

    async def answered(text: str) -> Tell:
        written = {"question": "有谁在用", "written": [{"text": text, "rests_on": [1]}], "cited": 1}
        async with world.store.write() as tx:
            return await stops.without_leaks(tx, heard, Tell(asked, turn, Answer("passage", written)))

    assert "written" in (await answered("华康医疗可以装在病房。")).answer.data
    assert "written" not in (await answered("海川科技也在用。")).answer.data
    async with world.store.read() as tx:
        (firing,) = await own.find(tx, "firing")
    assert isinstance(firing, Firing)
    assert (firing.breaker, firing.words, firing.customer_id) == ("other_customers_data", "海川科技", "C001")


# --- a stop at the yes, at an edit, at an undo ----------------------------------------------------------------------------

RAISE = UpdateAmount("D001", Decimal(600000))
BY_LEGAL = replace(BREAKERS, breakers=tuple(replace(one, release=frozenset({"legal"})) for one in BREAKERS.breakers))


def stops_of(world: FakeWorld, breakers: Breakers = BREAKERS) -> Stops:
    return Stops(world, lambda: POLICY, lambda: breakers)


async def ask(world: FakeWorld, stops: Stops, command: UpdateAmount = RAISE) -> Outcome:
    proposal = await world.propose(command, REP)
    async with world.store.write() as tx:
        decision = await stops.decide(tx, proposal, CHAT)
        return await carry_out(world, proposal, decision, conversation=CHAT, tx=tx)


async def say(world: FakeWorld, stops: Stops, waiting: Outcome, person: Speaker, note: str | None = None) -> Outcome:
    proposal = waiting.proposal
    outcome = await confirm(world, proposal.id, proposal.digest, person, True, CHAT, note=note, stopping=stops.found)
    assert outcome is not None
    return outcome


async def amount(world: FakeWorld) -> Decimal:
    return (await world.record("deal", "D001")).amount  # type: ignore[no-any-return]


async def freeze(world: FakeWorld) -> None:
    async with world.store.write() as tx:
        await tx.execute(insert(own.table_of("signal")).values(vars(SIGNAL)))


async def test_what_was_asked_before_the_freeze_is_not_done_by_a_yes_after_it(world: FakeWorld) -> None:
    stops = stops_of(world)
    waiting = await ask(world, stops)
    assert (waiting.kind, stopped_by(waiting.decision)) == ("waiting", ())
    await freeze(world)
    outcome = await say(world, stops, waiting, MANAGER, "批准")
    assert (outcome.kind, [one["breaker"] for one in outcome.data["stopped"]]) == ("stale", ["frozen_budget"])
    assert await amount(world) == Decimal(480000)


async def test_no_number_of_yeses_releases_a_stop_without_a_reason_of_its_own_role(world: FakeWorld) -> None:
    await freeze(world)
    stops = stops_of(world, BY_LEGAL)
    waiting = await ask(world, stops)
    assert (await say(world, stops, waiting, MANAGER)).kind == "partial"
    assert (await say(world, stops, waiting, DIRECTOR, "总监也同意")).kind == "partial"
    refused = await say(world, stops, waiting, LEGAL)
    assert (refused.kind, refused.data["reason"]) == ("refused", "reason_needed")
    assert await amount(world) == Decimal(480000)
    assert (await say(world, stops, waiting, LEGAL, "追加预算已批")).kind == "done"
    assert await amount(world) == Decimal(600000)


@pytest.mark.parametrize("yes", [True, False])
async def test_an_edit_meets_the_breakers_and_approves_nothing_they_stop(world: FakeWorld, yes: bool) -> None:
    stops = stops_of(world)
    waiting = (await ask(world, stops)).proposal
    await freeze(world)
    stopping, changes = partial(stops.unreleased, conversation=CHAT), {"amount": "650000"}
    outcome = await edit(world, waiting.id, waiting.digest, MANAGER, changes, POLICY, CHAT, yes=yes, stopping=stopping)
    assert outcome is not None
    assert (outcome.kind, [one.rule for one in stopped_by(outcome.decision)]) == ("waiting", ["frozen_budget"])
    assert await amount(world) == Decimal(480000)


async def test_taking_a_price_cut_back_is_a_raise_to_a_breaker(world: FakeWorld) -> None:
    stops = stops_of(world)
    lowered = await ask(world, stops, UpdateAmount("D001", Decimal(400000)))
    assert lowered.deed is not None
    await freeze(world)
    stopping = partial(stops.unreleased, conversation=CHAT)
    outcome = await undo(world, lowered.deed, REP, CHAT, POLICY, stopping=stopping)
    assert outcome.kind == "waiting"
    assert "frozen_budget" in [one.rule for one in stopped_by(outcome.decision)]
    assert await amount(world) == Decimal(400000)
    assert (await say(world, stops, outcome, MANAGER, "砍价是误改")).kind == "done"
    assert await amount(world) == Decimal(480000)


async def test_what_was_released_once_is_not_stopped_again_at_the_yes_that_the_policy_asks_for(world: FakeWorld) -> None:
    await freeze(world)
    stops = stops_of(world)
    digest = digest_of_command(await world.propose(RAISE, REP))
    await keep(world, replace(FIRING, state="released", digest=digest, ruled_at=NOW))
    waiting = await ask(world, stops)
    assert (waiting.kind, stopped_by(waiting.decision)) == ("waiting", ())
    assert (await world.record("firing", FIRING.id)).state == "used"
    assert (await say(world, stops, waiting, MANAGER)).kind == "done"
