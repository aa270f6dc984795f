"""Pictures in the ledger of sends: a row each behind the words, retried alone, in nobody's way."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.outside.store import Store
from actions.outside.tables import SendRow
from bot.message import Card, Picture, Reply
from bot.outbox import IS_WORDS, SETTLING
from tests import fakes
from tests.fakes import FakeChannel, FakeClock
from tests.road.sending import Sender

SECOND = timedelta(seconds=1)
STEPS = Reply("switch it off", "en", pictures=(Picture("/door.png", "the door"), Picture("/key.png", "the key")))


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
async def sender(store: Store, clock: FakeClock, channel: FakeChannel) -> AsyncIterator[Sender]:
    sender = Sender(store, clock, channel)
    yield sender
    await sender.outbox.drain()


async def test_each_picture_is_a_row_behind_the_words_and_the_pieces_keep_their_numbers(
    sender: Sender, channel: FakeChannel
) -> None:
    channel.longest = 7
    await sender.put("m1", STEPS)
    assert [(one.key, one.text) for one in channel.arrived] == [
        ("m1/1", "switch "),
        ("m1/2", "it off"),
        ("m1/picture/1", "picture of the door"),
        ("m1/picture/2", "picture of the key"),
    ]


async def test_the_same_key_again_sends_no_picture_again(sender: Sender, channel: FakeChannel) -> None:
    await sender.put("m1", STEPS)
    await sender.put("m1", STEPS)
    assert len(channel.arrived) == 3


async def test_a_picture_that_has_to_wait_is_tried_again_alone_and_overtaken(
    sender: Sender, channel: FakeChannel, clock: FakeClock
) -> None:
    channel.will(fakes.TAKEN, fakes.TRY_LATER)
    await sender.put("m1", STEPS)
    await sender.put("m2", "and then")
    assert channel.texts == ["switch it off", "picture of the key", "and then"]
    clock.move(3 * SECOND)
    await sender.sweep()
    assert channel.texts == ["switch it off", "picture of the key", "and then", "picture of the door"]
    assert {state for _, state in sender.states} == {"sent"}


async def test_a_picture_never_goes_ahead_of_its_words(sender: Sender, channel: FakeChannel, clock: FakeClock) -> None:
    channel.will(fakes.TRY_LATER)
    await sender.put("m1", STEPS)
    assert channel.texts == []
    clock.move(3 * SECOND)
    await sender.sweep()
    assert channel.texts == ["switch it off", "picture of the door", "picture of the key"]


@pytest.mark.parametrize("outcome", [fakes.LOST_BUT_ARRIVED, fakes.LOST_ON_THE_WAY])
async def test_a_lost_answer_never_doubles_a_picture_nor_loses_it(
    sender: Sender, channel: FakeChannel, clock: FakeClock, outcome: str
) -> None:
    channel.will(fakes.TAKEN, outcome)
    await sender.put("m1", STEPS)
    await sender.put("m2", "and then")
    clock.move(SETTLING)
    await sender.sweep()
    assert sorted(channel.texts) == ["and then", "picture of the door", "picture of the key", "switch it off"]


async def test_a_picture_that_was_given_up_leaves_the_others_alone(sender: Sender, channel: FakeChannel) -> None:
    channel.will(fakes.TAKEN, fakes.REFUSED)
    await sender.put("m1", STEPS)
    assert sender.states == [("m1/1", "sent"), ("m1/picture/1", "gave_up"), ("m1/picture/2", "sent")]


async def test_a_picture_that_waits_for_the_person_lets_words_pass_and_goes_out_when_they_write(
    sender: Sender, channel: FakeChannel
) -> None:
    channel.will(fakes.TAKEN, fakes.WAIT_FOR_PERSON, fakes.WAIT_FOR_PERSON)
    await sender.put("m1", STEPS)
    await sender.put("m2", "and then")
    assert channel.texts == ["switch it off", "and then"]
    await sender.outbox.wake("fake:c1")
    await sender.outbox.rest()
    assert channel.texts[2:] == ["picture of the door", "picture of the key"]


async def test_rows_that_say_something_are_told_from_pictures(sender: Sender) -> None:
    await sender.put("m1", STEPS)
    await sender.put("m2", Reply("", "en", Card("a card without words")))
    async with sender.store.read() as tx:
        said = list((await tx.execute(select(SendRow.key).where(IS_WORDS).order_by(SendRow.id))).scalars())
    assert said == ["m1/1", "m2/1"]
