"""What goes out to Slack: sent once, told honestly how it ended, redrawn and found again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.channel import AnswerLost, CannotTell, Refused, TryLater
from bot.channels.slack import SlackChannel
from bot.message import Address, Button, Card, Reply
from tests.channels.slack_house import NOW, House, slack_house
from tests.platforms.slack import (
    BOT_TOKEN,
    SCOPES,
    SIGNING_SECRET,
    AnswerCut,
    Broken,
    Limited,
    Room,
    Says,
    Silent,
    command_form,
    mention_event,
)

ROOM = Address("slack", "C0GENERAL")
THREAD = Address("slack", "C0GENERAL", thread="1790000000.000100")
PLAIN = Reply("收到,华康医疗那单已更新。", "zh")
CARD = Reply(
    "Move the deal to negotiation?",
    "en",
    Card("Change a stage", ("proposal → negotiation",), buttons=(Button("b-1", "Do it"),)),
)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with slack_house() as house:
        yield house


# ---- sending


async def test_a_text_arrives_in_its_thread_and_carries_the_key_of_the_ledger(house: House) -> None:
    sent = await house.channel.send("k-1", THREAD, PLAIN)
    (message,) = house.platform.posted
    assert sent.ref == f"C0GENERAL:{message.ts}"
    assert (message.text, message.thread_ts) == ("收到,华康医疗那单已更新。", "1790000000.000100")
    assert message.metadata == {"event_type": "parley_send", "event_payload": {"key": "k-1"}}


async def test_a_person_is_written_to_in_their_direct_conversation_which_is_opened_once(house: House) -> None:
    for key in ("k-1", "k-2"):
        await house.channel.send(key, Address("slack", "U0BOSS"), PLAIN)
    assert [message.channel for message in house.platform.posted] == ["D0BOSS", "D0BOSS"]
    assert [method for method, _ in house.platform.calls].count("conversations.open") == 1


async def test_a_private_reply_is_seen_by_one_person(house: House) -> None:
    await house.channel.send("k-1", Address("slack", "C0GENERAL", private_to="U0REP"), CARD)
    (message,) = house.platform.posted
    assert (message.channel, message.seen_by) == ("C0GENERAL", "U0REP")


@pytest.mark.parametrize("elsewhere", ["C0PRIVATE", "D0OTHERS"])
async def test_a_private_reply_where_parley_is_no_member_becomes_a_direct_message(house: House, elsewhere: str) -> None:
    sent = await house.channel.send("k-1", Address("slack", elsewhere, private_to="U0REP"), CARD)
    (message,) = house.platform.posted
    assert (message.channel, message.seen_by) == ("D0REP", None)
    assert sent.ref == f"D0REP:{message.ts}"


async def test_a_thread_parley_wrote_in_is_listened_to(house: House) -> None:
    await house.channel.send("k-1", THREAD, PLAIN)
    event = mention_event("go on", ts="1790000009.000100", thread_ts="1790000000.000100")
    event["event"] |= {"type": "message", "channel_type": "channel"}
    await house.platform.deliver(house.http, event)
    assert house.only.text == "go on"


# ---- how a send ends


async def test_a_rate_limit_says_when_to_try_again_and_nothing_is_retried_behind_the_ledgers_back(house: House) -> None:
    house.platform.fail("chat.postMessage", Limited(after=7))
    with pytest.raises(TryLater) as told:
        await house.channel.send("k-1", ROOM, PLAIN)
    assert told.value.after == timedelta(seconds=7)
    assert [method for method, _ in house.platform.calls] == ["chat.postMessage"]


async def test_the_quota_of_a_channel_is_a_reason_to_try_later() -> None:
    async with slack_house(quota=3) as house:
        for key in ("k-1", "k-2", "k-3"):
            await house.channel.send(key, ROOM, PLAIN)
        with pytest.raises(TryLater):
            await house.channel.send("k-4", ROOM, PLAIN)
        assert len(house.platform.posted) == 3


@pytest.mark.parametrize("fault", [Broken(503), Says("service_unavailable"), Says("ratelimited")])
async def test_a_service_that_is_away_has_taken_nothing(house: House, fault: Broken | Says) -> None:
    house.platform.fail("chat.postMessage", fault)
    with pytest.raises(TryLater):
        await house.channel.send("k-1", ROOM, PLAIN)


@pytest.mark.parametrize("fault", [Broken(500), Broken(502), Broken(504), Says("internal_error"), Says("fatal_error")])
async def test_an_error_behind_slacks_front_may_come_after_the_deed(house: House, fault: Broken | Says) -> None:
    house.platform.fail("chat.postMessage", fault)
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", ROOM, PLAIN)


async def test_no_connection_is_a_reason_to_try_later() -> None:
    async def nobody(_: object) -> bool:
        return True

    channel = SlackChannel(nobody, BOT_TOKEN, SIGNING_SECRET, api_url="http://127.0.0.1:9/api/", now=lambda: NOW)
    await channel.start()
    try:
        with pytest.raises(TryLater):
            await channel.send("k-1", ROOM, PLAIN)
    finally:
        await channel.stop()


@pytest.mark.parametrize("to", [ROOM, THREAD, Address("slack", "U0REP")])
async def test_a_send_whose_answer_was_cut_off_is_lost_and_then_found(house: House, to: Address) -> None:
    if to.thread:
        await house.channel.send("k-0", to, PLAIN)
    house.platform.fail("chat.postMessage", AnswerCut())
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", to, PLAIN)
    found = await house.channel.find("k-1", to, PLAIN)
    assert found is not None
    assert found.ref == f"{house.platform.posted[-1].channel}:{house.platform.posted[-1].ts}"


async def test_a_send_whose_answer_does_not_come_is_lost_and_then_found() -> None:
    async with slack_house(patience=timedelta(milliseconds=200)) as house:
        house.platform.fail("chat.postMessage", Silent())
        with pytest.raises(AnswerLost):
            await house.channel.send("k-1", ROOM, PLAIN)
        assert await house.channel.find("k-1", ROOM, PLAIN) is not None


@pytest.mark.parametrize("conversation", ["C0UNKNOWN", "C0PRIVATE", "C0ARCHIVE", "U0UNKNOWN"])
async def test_a_place_that_does_not_take_messages_is_refused_for_good(house: House, conversation: str) -> None:
    with pytest.raises(Refused):
        await house.channel.send("k-1", Address("slack", conversation), PLAIN)


@pytest.mark.parametrize(
    "word", ["invalid_auth", "account_inactive", "token_revoked", "missing_scope", "a_word_of_tomorrow"]
)
async def test_a_no_of_slack_is_final(house: House, word: str) -> None:
    house.platform.fail("chat.postMessage", Says(word))
    with pytest.raises(Refused, match=word):
        await house.channel.send("k-1", ROOM, PLAIN)


async def test_a_card_slack_finds_too_long_goes_out_as_its_text(house: House) -> None:
    house.platform.fail("chat.postMessage", Says("msg_blocks_too_long"))
    await house.channel.send("k-1", ROOM, CARD)
    (message,) = house.platform.posted
    assert (message.text, message.blocks) == ("Move the deal to negotiation?", [])


async def test_no_error_tells_the_token_or_the_message(house: House) -> None:
    for fault in (Limited(), Broken(500), Says("invalid_auth"), AnswerCut()):
        house.platform.fail("chat.postMessage", fault)
        with pytest.raises((TryLater, AnswerLost, Refused)) as told:
            await house.channel.send("k-1", ROOM, PLAIN)
        assert BOT_TOKEN not in str(told.value)
        assert "华康" not in str(told.value)


# ---- finding


async def test_what_never_arrived_is_certainly_not_there(house: House) -> None:
    house.platform.fail("chat.postMessage", Broken(500))
    with pytest.raises(AnswerLost):
        await house.channel.send("k-1", ROOM, PLAIN)
    assert await house.channel.find("k-1", ROOM, PLAIN) is None


async def test_nothing_is_found_in_a_thread_that_is_gone(house: House) -> None:
    assert await house.channel.find("k-1", THREAD, PLAIN) is None


async def test_a_send_is_found_behind_hundreds_of_later_ones(house: House) -> None:
    sent = await house.channel.send("k-1", ROOM, PLAIN)
    first = house.platform.posted[0]
    for _ in range(450):
        house.platform.posted.append(replace(first, ts=house.platform.next_ts(), metadata=None, user="U0REP"))
    assert await house.channel.find("k-1", ROOM, PLAIN) == sent


async def test_what_lies_before_the_send_is_not_searched(house: House) -> None:
    await house.channel.send("k-1", ROOM, PLAIN)
    await house.channel.find("k-1", ROOM, PLAIN)
    _, asked = house.platform.calls[-1]
    assert float(asked["oldest"]) == (NOW - timedelta(minutes=5)).timestamp()


async def test_another_apps_metadata_is_not_taken_for_ours(house: House) -> None:
    await house.channel.send("k-1", ROOM, PLAIN)
    house.platform.posted[0].metadata = {"event_type": "other_app", "event_payload": {"key": "k-1"}}
    assert await house.channel.find("k-1", ROOM, PLAIN) is None


async def test_the_same_words_without_metadata_are_a_doubt_and_not_a_no(house: House) -> None:
    await house.channel.send("k-1", ROOM, PLAIN)
    house.platform.shows_metadata = False
    with pytest.raises(CannotTell):
        await house.channel.find("k-1", ROOM, PLAIN)
    assert await house.channel.find("k-1", ROOM, CARD) is None


async def test_a_private_reply_leaves_no_trace_to_find(house: House) -> None:
    with pytest.raises(CannotTell):
        await house.channel.find("k-1", Address("slack", "C0GENERAL", private_to="U0REP"), PLAIN)


async def test_a_history_parley_may_not_read_tells_nothing(house: House) -> None:
    house.platform.fail("conversations.history", Says("missing_scope"))
    with pytest.raises(CannotTell):
        await house.channel.find("k-1", ROOM, PLAIN)


@pytest.mark.parametrize("fault", [Limited(), Broken(502), AnswerCut()])
async def test_a_search_that_failed_may_be_repeated(house: House, fault: Limited | Broken | AnswerCut) -> None:
    house.platform.fail("conversations.history", fault, fault)  # the client asks a second time when a line is cut
    with pytest.raises(TryLater):
        await house.channel.find("k-1", ROOM, PLAIN)


# ---- redrawing


async def test_a_card_is_redrawn_in_place_and_loses_its_buttons(house: House) -> None:
    sent = await house.channel.send("k-1", ROOM, CARD)
    done = Reply("Done.", "en", Card("Change a stage", ("Done by a sample rep.",)))
    assert await house.channel.redraw("k-2", ROOM, sent.ref or "", done) == sent
    (message,) = house.platform.posted
    assert [block["type"] for block in message.blocks] == ["header", "section"]
    await house.channel.redraw("k-3", ROOM, sent.ref or "", Reply("Undone.", "en"))
    assert (message.text, message.blocks) == ("Undone.", [])


async def test_a_redraw_whose_answer_was_lost_may_be_repeated(house: House) -> None:
    sent = await house.channel.send("k-1", ROOM, CARD)
    house.platform.fail("chat.update", AnswerCut())
    with pytest.raises(TryLater):
        await house.channel.redraw("k-2", ROOM, sent.ref or "", PLAIN)


@pytest.mark.parametrize("ref", ["C0GENERAL:1.1", "not a reference", ""])
async def test_a_card_that_cannot_be_redrawn_is_replaced_by_one_that_says_so(house: House, ref: str) -> None:
    await house.channel.redraw("k-2", ROOM, ref, CARD)
    (message,) = house.platform.posted
    assert "replaces the earlier one" in str(message.blocks)


async def test_a_replacement_whose_answer_was_lost_is_not_made_twice(house: House) -> None:
    house.platform.fail("chat.postMessage", AnswerCut())
    with pytest.raises(AnswerLost):
        await house.channel.redraw("k-2", ROOM, "C0GENERAL:1.1", CARD)
    again = await house.channel.redraw("k-2", ROOM, "C0GENERAL:1.1", CARD)
    (message,) = house.platform.posted
    assert again.ref == f"C0GENERAL:{message.ts}"


async def test_a_press_gives_the_means_to_redraw_even_a_private_card(house: House) -> None:
    handle = f"{house.platform.url}/response/1"
    await house.channel.redraw("k-2", Address("slack", "C0GENERAL", private_to="U0REP"), handle, CARD)
    (body,) = house.platform.answers_by_url["1"]
    assert body["replace_original"] is True
    assert body["text"] == CARD.text


async def test_a_private_card_without_a_handle_stays_as_it_is(house: House) -> None:
    private = Address("slack", "C0GENERAL", private_to="U0REP")
    sent = await house.channel.send("k-1", private, CARD)
    await house.channel.redraw("k-2", private, sent.ref or "", CARD)
    assert len(house.platform.posted) == 1


async def test_a_used_up_handle_gives_a_new_card(house: House) -> None:
    house.platform.url_uses = 0
    await house.channel.redraw("k-2", ROOM, f"{house.platform.url}/response/1", CARD)
    (message,) = house.platform.posted
    assert "replaces the earlier one" in str(message.blocks)


@pytest.mark.parametrize(
    "handle", ["http://127.0.0.1:1/x", "https://hooks.slack.com.example/x", "https://user@hooks.slack.com/x"]
)
async def test_a_handle_that_is_not_slacks_is_not_called(house: House, handle: str) -> None:
    with pytest.raises(Refused, match="not Slack's"):
        await house.channel.redraw("k-2", ROOM, handle, CARD)


# ---- checking


async def test_a_complete_set_up_has_nothing_wrong() -> None:
    async with slack_house(socket_mode=True) as house:
        assert await house.channel.check() is None


async def test_a_missing_scope_is_named(house: House) -> None:
    house.platform.scopes = SCOPES.replace("files:read,", "")
    assert "files:read" in (await house.channel.check() or "")


async def test_a_wrong_token_is_named(house: House) -> None:
    house.platform.fail("auth.test", Says("invalid_auth"))
    assert "SLACK_BOT_TOKEN" in (await house.channel.check() or "")


async def test_a_slack_out_of_reach_is_said_so(house: House) -> None:
    house.platform.fail("auth.test", Broken(503))
    assert "cannot be reached" in (await house.channel.check() or "")


# ---- a command from a room without Parley, all the way


async def test_a_command_in_a_room_without_parley_is_answered_directly(house: House) -> None:
    house.platform.rooms["C0QUIET"] = Room("C0QUIET", {"U0REP"})
    await house.platform.command(house.http, command_form("help", channel="C0QUIET"))
    await house.channel.send("k-1", house.only.address, PLAIN)
    assert [message.channel for message in house.platform.posted] == ["D0REP"]
