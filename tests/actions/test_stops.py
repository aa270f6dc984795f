"""Stops on a real store: a release counts once however many reach for it, and a leak is cut out of an answer and kept."""

import asyncio
from dataclasses import replace

from sqlalchemy import insert

from actions.commands.stops import AppealFiring, RuleOnFiring, SpendRelease
from actions.crm import own
from actions.crm.records import Firing, Signal
from actions.policy.breakers import Breakers
from actions.proposal import Answer
from bot.message import Address, Message
from bot.steps import Heard, Tell
from bot.stops import Stops
from bot.thread import Thread, Turn
from tests.actions.house import CUSTOMER, DIRECTOR, MANAGER, NOW, OTHER_MANAGER, POLICY, REP, FakeWorld
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
