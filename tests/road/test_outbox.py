"""The ledger of sends: in order, once, paced, retried, given up visibly; every way a call can end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from actions.outside.store import Store, Tx
from bot.channels.channel import Pace
from bot.message import Address, Reply
from bot.outbox import GIVE_UP_AFTER, LEASE, MOST_ATTEMPTS, SETTLING, Problem
from tests import fakes
from tests.fakes import NOON, Arrival, FakeChannel, FakeClock, texts_to
from tests.road.sending import HERE, Sender, says

SECOND = timedelta(seconds=1)
THERE = Address("fake", "c2")


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
async def sender(store: Store, clock: FakeClock, channel: FakeChannel) -> AsyncIterator[Sender]:
    sender = Sender(store, clock, channel)
    yield sender
    await sender.outbox.drain()


# --- putting and order --------------------------------------------------------------------------------------------------


async def test_a_reply_is_sent_and_its_watchers_learn_of_it(sender: Sender, channel: FakeChannel) -> None:
    await sender.put("m1", "hello", answers="m1")
    assert channel.arrived == [Arrival("m1/1", HERE, "hello")]
    assert [(send.key, send.state, send.ref, send.answers) for send in sender.ended] == [("m1/1", "sent", "ref-0", "m1")]


async def test_the_same_key_again_is_sent_once(sender: Sender, channel: FakeChannel) -> None:
    await sender.put("m1", "hello")
    await sender.put("m1", "hello")
    assert channel.texts == ["hello"]


async def test_what_was_put_in_a_transaction_that_failed_is_never_sent(sender: Sender, channel: FakeChannel) -> None:
    with pytest.raises(LookupError):
        async with sender.store.write() as tx:
            await sender.outbox.put(tx, "m1", HERE, says("hello"))
            raise LookupError
    await sender.sweep()
    assert channel.texts == []


async def test_a_long_reply_leaves_in_pieces_in_order_with_the_card_on_the_last(
    sender: Sender, channel: FakeChannel
) -> None:
    channel.longest = 4
    await sender.put("m1", says("abcdefghij", "ticket:T001"))
    assert [(one.key, one.text) for one in channel.arrived] == [("m1/1", "abcd"), ("m1/2", "efgh"), ("m1/3", "ij")]
    assert [send.card for send in sender.ended] == [None, None, "ticket:T001"]


async def test_replies_to_one_target_leave_in_the_order_they_were_put(sender: Sender, channel: FakeChannel) -> None:
    async with sender.store.write() as tx:
        targets = {await sender.outbox.put(tx, f"m{place}", HERE, says(str(place))) for place in range(10)}
    sender.outbox.kick(targets)
    await sender.outbox.rest()
    assert channel.texts == [str(place) for place in range(10)]


async def test_a_target_that_must_wait_holds_up_no_other(sender: Sender, channel: FakeChannel) -> None:
    channel.will(fakes.TRY_LATER)
    await sender.put("m1", "one")
    await sender.put("m2", "two")
    await sender.put("m3", "three", THERE)
    assert channel.texts == ["three"]


async def test_threads_of_a_conversation_share_its_line(sender: Sender, channel: FakeChannel) -> None:
    channel.will(fakes.TRY_LATER)
    await sender.put("m1", "one", Address("fake", "c1", thread="1.0"))
    await sender.put("m2", "two", Address("fake", "c1", thread="2.0"))
    assert channel.texts == []


# --- how a call can end -------------------------------------------------------------------------------------------------


async def test_what_was_not_taken_is_tried_again_and_what_follows_waits(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(fakes.TRY_LATER, fakes.TRY_LATER)
    await sender.put("m1", "one")
    await sender.put("m2", "two")
    await sender.sweep()
    assert channel.calls == 1
    clock.move(2 * SECOND)
    await sender.sweep()
    assert channel.calls == 2
    clock.move(2 * SECOND)
    await sender.sweep()
    assert channel.calls == 2
    clock.move(2 * SECOND)
    await sender.sweep()
    assert channel.texts == ["one", "two"]


async def test_the_pause_a_platform_asks_for_is_kept(sender: Sender, channel: FakeChannel, clock: FakeClock) -> None:
    channel.will(fakes.RETRY_AFTER)
    await sender.put("m1", "one")
    clock.move(29 * SECOND)
    await sender.sweep()
    assert channel.calls == 1
    clock.move(SECOND)
    await sender.sweep()
    assert channel.texts == ["one"]


@pytest.mark.parametrize("outcome", [fakes.LOST_BUT_ARRIVED, fakes.LOST_ON_THE_WAY])
async def test_a_lost_answer_never_doubles_a_message_nor_loses_it(
    sender: Sender, channel: FakeChannel, clock: FakeClock, outcome: str
) -> None:
    channel.will(outcome)
    await sender.put("m1", "one")
    await sender.put("m2", "two")
    clock.move(SETTLING)
    await sender.sweep()
    assert channel.texts == ["one", "two"]
    assert [send.ref for send in sender.ended] == ["ref-0", "ref-1"]


async def test_the_platform_is_asked_again_when_it_could_not_say_whether_it_arrived(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(fakes.LOST_BUT_ARRIVED)
    channel.finds.append(fakes.TRY_LATER)
    await sender.put("m1", "one")
    clock.move(SETTLING)
    await sender.sweep()
    assert sender.ended == []
    clock.move(4 * SECOND)
    await sender.sweep()
    assert channel.texts == ["one"]
    assert sender.states == [("m1/1", "sent")]


@pytest.mark.parametrize("outcome", [fakes.LOST_BUT_ARRIVED, fakes.LOST_ON_THE_WAY])
async def test_where_nobody_can_tell_it_stays_unknown_visible_and_is_not_sent_again(
    sender: Sender, channel: FakeChannel, clock: FakeClock, outcome: str
) -> None:
    channel.can_tell = False
    channel.will(outcome)
    await sender.put("m1", "one")
    await sender.put("m2", "two")
    clock.move(SETTLING)
    await sender.sweep()
    assert sender.states == [("m1/1", "unknown"), ("m2/1", "sent")]
    assert channel.calls == 2
    assert await sender.outbox.problems() == (Problem("fake", "unknown", 1, NOON),)


async def test_a_mistake_of_an_adapter_counts_as_a_lost_answer(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(fakes.BROKEN)
    await sender.put("m1", "one")
    assert sender.ended == []
    clock.move(SETTLING)
    await sender.sweep()
    assert channel.texts == ["one"]


async def test_what_the_platform_refuses_is_given_up_told_and_visible(sender: Sender, channel: FakeChannel) -> None:
    channel.will(fakes.REFUSED)
    await sender.put("m1", "one")
    await sender.put("m2", "two")
    assert sender.states == [("m1/1", "gave_up"), ("m2/1", "sent")]
    assert [(send.key, send.error) for send in sender.given_up] == [("m1/1", "no such user")]
    assert await sender.outbox.problems() == (Problem("fake", "gave_up", 1, NOON),)


async def test_a_problem_of_the_day_before_is_not_shown_any_more(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(fakes.REFUSED)
    await sender.put("m1", "one")
    clock.move(timedelta(days=1))
    assert await sender.outbox.problems() == ()


async def test_a_message_that_must_wait_for_the_person_goes_out_when_they_write(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(fakes.WAIT_FOR_PERSON)
    await sender.put("m1", "one")
    await sender.put("m2", "two")
    clock.move(timedelta(days=3))
    await sender.sweep()
    assert channel.calls == 1
    assert await sender.outbox.problems() == ()
    await sender.outbox.wake("fake:c1")
    await sender.outbox.rest()
    assert channel.texts == ["one", "two"]


async def test_waking_somebody_for_whom_nothing_waits_changes_nothing(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(fakes.TRY_LATER)
    await sender.put("m1", "one")
    await sender.outbox.wake("fake:c1")
    await sender.outbox.rest()
    assert channel.calls == 1


async def test_a_platform_that_is_down_for_hours_loses_nothing(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(*[fakes.TRY_LATER] * 100)
    await sender.put("m1", "one")
    await sender.put("m2", "two")
    for _ in range(8):
        clock.move(timedelta(hours=1))
        await sender.sweep()
    assert sender.given_up == []
    assert await sender.outbox.problems() == (Problem("fake", "late", 1, NOON),)
    channel.script.clear()
    clock.move(timedelta(hours=1))
    await sender.sweep()
    assert channel.texts == ["one", "two"]


async def test_after_a_day_of_trying_it_is_given_up(sender: Sender, channel: FakeChannel, clock: FakeClock) -> None:
    channel.will(*[fakes.TRY_LATER] * 4)
    await sender.put("m1", "one")
    for _ in range(3):
        clock.move(GIVE_UP_AFTER / 3)
        await sender.sweep()
    assert sender.states == [("m1/1", "gave_up")]


async def test_a_message_only_it_cannot_take_is_given_up_after_the_last_attempt(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(*[fakes.TRY_LATER] * (MOST_ATTEMPTS - 1), fakes.TAKEN, fakes.TRY_LATER)
    await sender.put("m1", "one")
    for _ in range(MOST_ATTEMPTS - 2):
        clock.move(timedelta(minutes=10))
        await sender.sweep()
    await sender.put("m2", "two", THERE)
    assert (channel.texts, sender.given_up) == (["two"], [])
    clock.move(timedelta(minutes=10))
    await sender.sweep()
    assert [send.key for send in sender.given_up] == ["m1/1"]


async def test_a_reply_for_a_channel_that_is_off_waits_until_it_is_on(
    sender: Sender, store: Store, clock: FakeClock
) -> None:
    away = Address("away", "c9")
    await sender.put("m1", "one", away)
    channel = FakeChannel("away")
    later = Sender(store, clock, channel)
    clock.move(timedelta(minutes=1))
    await later.sweep()
    assert channel.texts == ["one"]


async def test_a_watcher_that_fails_does_not_have_the_message_sent_again(
    store: Store, clock: FakeClock, channel: FakeChannel
) -> None:
    class Failing(Sender):
        async def _on_ended(self, tx: Tx, sends: object) -> None:
            raise LookupError

    sender = Failing(store, clock, channel)
    await sender.put("m1", "one")
    clock.move(timedelta(days=1))
    await sender.sweep()
    assert channel.texts == ["one"]


# --- pace ---------------------------------------------------------------------------------------------------------------


async def test_a_target_gets_no_more_than_its_pace_allows(sender: Sender, channel: FakeChannel, clock: FakeClock) -> None:
    channel.pace = Pace(SECOND, burst=2)
    for place in range(4):
        await sender.put(f"m{place}", str(place))
    await sender.put("other", "other", THERE)
    assert texts_to(channel.arrived, "c1") == ["0", "1"]
    assert texts_to(channel.arrived, "c2") == ["other"]
    clock.move(SECOND)
    await sender.sweep()
    assert texts_to(channel.arrived, "c1") == ["0", "1", "2"]
    clock.move(SECOND)
    await sender.sweep()
    assert texts_to(channel.arrived, "c1") == ["0", "1", "2", "3"]


# --- several processes --------------------------------------------------------------------------------------------------


async def test_two_processes_never_send_one_row_twice(store: Store, clock: FakeClock, channel: FakeChannel) -> None:
    one, other = Sender(store, clock, channel), Sender(store, clock, channel)
    async with store.write() as tx:
        for place in range(20):
            await one.outbox.put(tx, f"m{place}", HERE, says(str(place)))
    await asyncio.gather(one.sweep(), other.sweep())
    await one.sweep()
    assert channel.texts == [str(place) for place in range(20)]


@pytest.mark.parametrize("outcome", [fakes.HANGS, fakes.HANGS_TAKEN])
async def test_what_a_dead_process_had_on_the_line_is_looked_for_before_it_is_sent_again(
    store: Store, clock: FakeClock, channel: FakeChannel, outcome: str
) -> None:
    channel.will(outcome)
    victim = Sender(store, clock, channel)
    async with store.write() as tx:
        await victim.outbox.put(tx, "m1", HERE, says("one"))
        target = await victim.outbox.put(tx, "m2", HERE, says("two"))
    victim.outbox.kick([target])
    await channel.hanging.wait()
    await victim.die()

    heir = Sender(store, clock, channel)
    await heir.sweep()
    assert channel.calls == 1
    clock.move(LEASE)
    await heir.sweep()
    assert channel.texts == ["one", "two"]
    await heir.outbox.drain()


# --- redrawing ----------------------------------------------------------------------------------------------------------


def taken(to: Address, shown: Reply) -> Reply:
    return says(f"{shown.text}, taken in {to.conversation}")


async def redraw(sender: Sender, key: str = "taken") -> None:
    async with sender.store.write() as tx:
        targets = await sender.outbox.redraw(tx, key, "ticket:T001", taken)
    sender.outbox.kick(targets)
    await sender.outbox.rest()


async def test_every_copy_of_a_card_is_redrawn_in_place_and_once(sender: Sender, channel: FakeChannel) -> None:
    await sender.put("n1", says("open", "ticket:T001"))
    await sender.put("n2", says("open", "ticket:T001"), THERE)
    await sender.put("n3", says("open", "ticket:T002"), THERE)
    await redraw(sender)
    await redraw(sender)
    assert sorted((one.text, one.redraws) for one in channel.arrived[3:]) == [
        ("open, taken in c1", "ref-0"),
        ("open, taken in c2", "ref-1"),
    ]


async def test_a_card_is_redrawn_only_after_it_was_sent(sender: Sender, channel: FakeChannel, clock: FakeClock) -> None:
    channel.will(fakes.TRY_LATER)
    await sender.put("n1", says("open", "ticket:T001"))
    await redraw(sender)
    assert channel.texts == []
    clock.move(2 * SECOND)
    await sender.sweep()
    assert [(one.text, one.redraws) for one in channel.arrived] == [("open", None), ("open, taken in c1", "ref-0")]


async def test_a_card_that_never_reached_anyone_is_not_redrawn(sender: Sender, channel: FakeChannel) -> None:
    channel.will(fakes.REFUSED)
    await sender.put("n1", says("open", "ticket:T001"))
    await redraw(sender)
    assert channel.texts == []


# --- handing back -------------------------------------------------------------------------------------------------------


async def test_a_channel_that_collects_gets_its_replies_when_asked_and_is_never_sent_any(
    sender: Sender, channel: FakeChannel
) -> None:
    channel.collects = True
    await sender.put("m1", "one", answers="m1")
    await sender.put("m2", "two", answers="m1")
    await sender.sweep()
    assert channel.calls == 0
    assert [reply.text for reply in await sender.outbox.collect(answers="m1")] == ["one", "two"]
    assert sender.states == [("m1/1", "collected"), ("m2/1", "collected")]


async def test_asked_again_for_the_answers_to_a_message_the_same_come_again(sender: Sender, channel: FakeChannel) -> None:
    channel.collects = True
    await sender.put("m1", "one", answers="m1")
    first = await sender.outbox.collect(answers="m1")
    assert first == await sender.outbox.collect(answers="m1")
    assert len(sender.ended) == 1


async def test_what_waits_for_a_conversation_is_handed_back_once(sender: Sender, channel: FakeChannel) -> None:
    channel.collects = True
    await sender.put("reminder", "remember")
    await sender.put("elsewhere", "not you", THERE)
    await sender.put("m1", "one", answers="m1")
    assert [reply.text for reply in await sender.outbox.collect(target="fake:c1", answers="m1")] == ["remember", "one"]
    assert [reply.text for reply in await sender.outbox.collect(target="fake:c1", answers="m1")] == ["one"]
    assert await sender.outbox.collect(target="fake:c1") == []


async def test_a_held_reply_can_be_collected_and_is_then_never_sent(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    await sender.put("m1", "one", answers="m1", hold_until=clock() + 4 * SECOND)
    assert [reply.text for reply in await sender.outbox.collect(answers="m1")] == ["one"]
    clock.move(timedelta(hours=1))
    await sender.sweep()
    assert channel.calls == 0


async def test_a_held_reply_nobody_collects_is_sent_when_the_hold_ends_and_cannot_be_collected_any_more(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    await sender.put("m1", "one", answers="m1", hold_until=clock() + 4 * SECOND)
    await sender.sweep()
    assert channel.calls == 0
    clock.move(4 * SECOND)
    await sender.sweep()
    assert channel.texts == ["one"]
    assert await sender.outbox.collect(answers="m1") == []


async def test_where_only_one_can_be_handed_back_the_rest_is_sent_behind_it(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.longest = 3
    await sender.put("m1", "onetwosix", answers="m1", hold_until=clock() + timedelta(minutes=1))
    assert [reply.text for reply in await sender.outbox.collect(answers="m1", most=1)] == ["one"]
    await sender.outbox.rest()
    assert channel.texts == []
    clock.move(SECOND)
    await sender.sweep()
    assert channel.texts == ["two", "six"]
    assert [reply.text for reply in await sender.outbox.collect(answers="m1", most=1)] == ["one"]


async def test_asking_for_nothing_gives_nothing(sender: Sender) -> None:
    await sender.put("m1", "one")
    assert await sender.outbox.collect() == []
