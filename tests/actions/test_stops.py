"""Stops on a real store: a release counts once however many reach for it; a yes, an edit and an undo meet breakers too."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import insert, update

from actions.carry_out import carry_out, confirm, edit, undo
from actions.circumstances import digest_of_command
from actions.commands.crm import UpdateAmount
from actions.commands.papers import PreparePaper, SendPaper
from actions.commands.stops import AppealFiring, RuleOnFiring, SpendRelease
from actions.crm import own
from actions.crm.records import Contact, Firing, Paper, Product, Signal, Speaker
from actions.decide import stopped_by
from actions.policy.breakers import Breakers
from actions.proposal import Answer, Command, Outcome
from bot.message import Address, Message
from bot.steps import Heard, Tell
from bot.stops import Paused, Stops
from bot.thread import Thread, Turn
from tests.actions.house import CHAT, CUSTOMER, DIRECTOR, LEGAL, MANAGER, NOW, OTHER_MANAGER, POLICY, REP, FakeWorld
from tests.actions.test_paper_deeds import DAY, QUOTE
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
    outcomes = await asyncio.gather(*(world.ask(SpendRelease(FIRING.id, "P-1"), REP, f"web:{n}") for n in range(6)))
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


async def ask(world: FakeWorld, stops: Stops, command: Command = RAISE, key: str = "web:1") -> Outcome:
    proposal = await world.propose(command, REP, key)
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


# --- a release of a paper's making, through to its sending ---------------------------------------------------------------


async def released_paper(world: FakeWorld, stops: Stops, order: PreparePaper = QUOTE) -> Paper:
    """A quotation that was stopped, and made after its stop was released."""
    async with world.store.write() as tx:
        cheaper = Product("P02", "样例监护仪 小", price=Decimal(600))
        await tx.execute(insert(own.table_of("product")).values(vars(cheaper)))
        products = own.table_of("product")
        await tx.execute(update(products).where(products.c.id == "P01").values(alternative_id="P02"))
        await tx.execute(insert(own.table_of("contact")).values(vars(Contact("K009", "C001", "样例联系人九"))))
    await freeze(world)
    stopped = await ask(world, stops, order)
    assert [one.rule for one in stopped_by(stopped.decision)] == ["frozen_budget"]
    async with world.store.write() as tx:
        await stops.record(tx, stopped, CHAT)
    (reason,) = stopped_by(stopped.decision)
    ruled = await world.ask(RuleOnFiring(reason.data["firing"], "released", "专项"), MANAGER, "web:2")
    assert (ruled.kind, (await say(world, stops, stopped, MANAGER, "专项")).kind) == ("done", "done")
    async with world.store.write() as tx:
        waited = Paused(stopped.proposal.id, stopped.proposal.digest)
        await stops.spend(tx, reason.data["firing"], waited, MANAGER, CHAT)
    async with world.store.read() as tx:
        (paper,) = await own.find(tx, "paper")
    assert isinstance(paper, Paper)
    return paper


def sending(paper: Paper, contact: str | None = "K001") -> SendPaper:
    return SendPaper(paper.id, paper.digest, DAY, contact, "D001")


async def states(world: FakeWorld) -> list[str]:
    async with world.store.read() as tx:
        return sorted(one.state for one in await own.find(tx, "firing") if isinstance(one, Firing))


async def test_a_paper_whose_making_was_released_goes_out_by_the_same_release(world: FakeWorld) -> None:
    stops = stops_of(world)
    paper = await released_paper(world, stops)
    assert await states(world) == ["used"]
    assert (await ask(world, stops, sending(paper), "press:1")).kind == "done"
    assert (await states(world), (await world.record("paper", paper.id)).state) == (["sent"], "sent")


async def test_to_somebody_else_it_is_stopped_anew(world: FakeWorld) -> None:
    stops = stops_of(world)
    paper = await released_paper(world, stops)
    outcome = await ask(world, stops, sending(paper, "K009"), "press:1")
    assert (outcome.kind, [one.rule for one in stopped_by(outcome.decision)]) == ("waiting", ["frozen_budget"])
    assert await states(world) == ["used"]


async def test_by_hand_it_is_released_once(world: FakeWorld) -> None:
    stops = stops_of(world)
    paper = await released_paper(world, stops)
    by_hand = await ask(world, stops, sending(paper, None), "press:1")
    assert (by_hand.kind, (await world.record("paper", paper.id)).state) == ("done", "approved")
    again = await ask(world, stops, sending(paper), "press:2")
    assert [one.rule for one in stopped_by(again.decision)] == ["frozen_budget"]


async def test_another_paper_of_the_same_order_is_not_the_one_that_was_released(world: FakeWorld) -> None:
    stops = stops_of(world)
    first = await released_paper(world, stops)
    made = await world.ask(QUOTE, REP, "web:7")  # past the breakers
    async with world.store.read() as tx:
        (second,) = [one for one in await own.find(tx, "paper") if isinstance(one, Paper) and one.id != first.id]
    assert made.kind == "done"
    assert stopped_by((await ask(world, stops, sending(second), "press:1")).decision) != ()
    assert stopped_by((await ask(world, stops, sending(first), "press:2")).decision) == ()


async def test_two_days_after_the_ruling_the_paper_is_stopped_anew(world: FakeWorld) -> None:
    stops = stops_of(world)
    paper = await released_paper(world, stops)
    world.clock.pass_time(hours=49)
    assert stopped_by((await ask(world, stops, sending(paper), "press:1")).decision) != ()


async def test_what_the_customer_has_shown_since_stops_it_anew(world: FakeWorld) -> None:
    stops = stops_of(world)
    paper = await released_paper(world, stops)
    world.clock.pass_time(minutes=5)
    later = replace(SIGNAL, id="S-0000000002", words="真的没有预算", at=world.now())
    async with world.store.write() as tx:
        await tx.execute(insert(own.table_of("signal")).values(vars(later)))
    assert [one.data["words"] for one in stopped_by((await ask(world, stops, sending(paper))).decision)] == ["真的没有预算"]
