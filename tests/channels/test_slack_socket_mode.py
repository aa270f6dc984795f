"""Socket Mode: the same door without a public address; what is kept is acknowledged, what is not comes again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.channels.slack import SlackChannel
from bot.channels.slack_calls import sdk_log
from bot.message import Address, Reply
from tests.channels.slack_house import NOW, House, Kept, slack_house
from tests.platforms.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, command_form, message_event, press_payload


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with slack_house(socket_mode=True) as house, asyncio.timeout(10):
        yield house


async def test_an_event_goes_in_and_its_reply_goes_out(house: House) -> None:
    await house.platform.send_envelope("e-1", message_event("hello"))
    assert await house.platform.acks["e-1"] == {"envelope_id": "e-1"}
    await house.channel.send("k-1", house.only.address, Reply("Hello.", "en"))
    assert [message.text for message in house.platform.shown_in("D0REP")] == ["Hello."]


async def test_presses_and_commands_come_the_same_way(house: House) -> None:
    await house.platform.send_envelope("e-1", press_payload("b-token"), "interactive")
    await house.platform.send_envelope("e-2", dict(command_form("help")), "slash_commands")
    await asyncio.gather(house.platform.acks["e-1"], house.platform.acks["e-2"])
    assert {(message.press, message.text) for message in house.kept.messages} == {("b-token", ""), (None, "help")}


async def test_what_could_not_be_kept_is_not_acknowledged_and_comes_again(house: House) -> None:
    house.kept.failures = 1
    await house.platform.send_envelope("e-1", message_event("hello"))
    await house.platform.send_envelope("e-2", message_event("later", ts="1790000005.000100"))
    await house.platform.acks["e-2"]
    assert not house.platform.acks["e-1"].done()
    await house.platform.send_envelope("e-3", message_event("hello"), attempt=1)
    await house.platform.acks["e-3"]
    assert [message.text for message in house.kept.messages] == ["later", "hello"]


async def test_a_payload_of_no_shape_is_left_and_the_line_stays_open(house: House) -> None:
    await house.platform.send_envelope("e-1", {"type": "event_callback", "event": [], "authorizations": [3], "team": 7})
    await house.platform.send_envelope("e-2", message_event("hello"))
    await house.platform.acks["e-2"]
    assert house.only.address == Address("slack", "U0REP")


async def test_a_connection_slack_ends_is_opened_anew(house: House) -> None:
    await house.platform.end_connection()
    await house.platform.send_envelope("e-1", message_event("hello"))
    await house.platform.acks["e-1"]
    assert [method for method, _ in house.platform.calls].count("apps.connections.open") == 2


async def test_a_slack_that_is_away_keeps_nothing_from_starting_or_stopping() -> None:
    channel = SlackChannel(Kept(), BOT_TOKEN, SIGNING_SECRET, APP_TOKEN, "http://127.0.0.1:9/api/", now=lambda: NOW)
    async with asyncio.timeout(10):
        await channel.start()
        await channel.stop()


def test_what_the_sdk_logs_holds_no_secret_and_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ConnectionError("secret words")
    except ConnectionError:
        sdk_log().exception("no way to %s with %s", "ws://127.0.0.1/?ticket=abc-123&app=1", "xapp-1-A0-sample")
    (record,) = caplog.records
    assert record.getMessage() == "no way to ws://127.0.0.1/?(secret)&app=1 with (secret)"
    assert record.exc_info is None
