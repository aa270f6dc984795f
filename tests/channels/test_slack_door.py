"""What comes in from Slack: verified, written down once, and only then acknowledged."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack_door import SlackDoor
from bot.channels.slack_threads import Threads
from bot.message import Address, Message, Reply
from tests.channels.slack_house import NOW, House, slack_house
from tests.platforms.slack import (
    BOT,
    BOT_TOKEN,
    SIGNING_SECRET,
    TEAM,
    command_form,
    envelope,
    mention_event,
    message_event,
    press_payload,
)

JSON_TYPE = {"Content-Type": "application/json"}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with slack_house() as house:
        yield house


# ---- the door itself


async def test_the_url_verification_is_answered_with_its_challenge(house: House) -> None:
    delivery = await house.platform.deliver(house.http, {"type": "url_verification", "challenge": "sample-challenge"})
    assert delivery.statuses == (200,)
    assert json.loads(delivery.bodies[0]) == {"challenge": "sample-challenge"}


async def test_a_wrong_signature_is_refused(house: House) -> None:
    body = json.dumps(message_event("hello")).encode()
    headers = JSON_TYPE | house.platform.signed(body, secret="another-secret")
    answer = await house.http.post("/slack/events", content=body, headers=headers)
    assert (answer.status_code, house.kept.asked) == (401, 0)


async def test_a_changed_body_is_refused(house: House) -> None:
    headers = JSON_TYPE | house.platform.signed(json.dumps(message_event("hello")).encode())
    answer = await house.http.post("/slack/events", content=json.dumps(message_event("hullo")), headers=headers)
    assert (answer.status_code, house.kept.asked) == (401, 0)


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_signature_more_than_five_minutes_off_is_refused(house: House, minutes: int) -> None:
    body = json.dumps(message_event("hello")).encode()
    headers = JSON_TYPE | house.platform.signed(body, at=NOW + timedelta(minutes=minutes))
    answer = await house.http.post("/slack/events", content=body, headers=headers)
    assert (answer.status_code, house.kept.asked) == (401, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=1"},
        {"X-Slack-Request-Timestamp": "9" * 40, "X-Slack-Signature": "v0=1"},
        {"X-Slack-Request-Timestamp": str(int(NOW.timestamp())), "X-Slack-Signature": "v0=\xe9"},
    ],
)
async def test_a_missing_or_garbled_signature_is_refused(house: House, headers: dict[str, str]) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = await house.http.post("/slack/events", content=b"{}", headers=encoded)
    assert answer.status_code == 401


async def test_the_unsigned_ssl_check_is_not_answered(house: House) -> None:
    answer = await house.http.post("/slack/events", data={"ssl_check": "1", "token": "sample"})
    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"{", b"[1, 2]", b'"text"', b"null", b"[" * 100_000, b'{"type": "url_verification"}'])
async def test_a_signed_body_that_is_no_payload_is_refused_for_good(house: House, body: bytes) -> None:
    headers = JSON_TYPE | house.platform.signed(body)
    answer = await house.http.post("/slack/events", content=body, headers=headers)
    assert (answer.status_code, house.kept.asked) == (400, 0)


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(house: House) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"x" * 100_000

    answer = await house.http.post("/slack/events", content=endless(), headers=JSON_TYPE)
    assert answer.status_code == 413


# ---- once, and written down before it is acknowledged


async def test_an_event_delivered_again_is_the_same_message(house: House) -> None:
    for _ in range(3):
        delivery = await house.platform.deliver(house.http, message_event("hello"))
        assert delivery.statuses == (200,)
    assert house.only.key == f"slack:{TEAM}:D0REP:1790000000.000100"


async def test_what_could_not_be_kept_is_not_acknowledged_and_comes_again(house: House) -> None:
    house.kept.failures = 2
    delivery = await house.platform.deliver(house.http, message_event("hello"))
    assert delivery.statuses == (503, 503, 200)
    assert house.only.text == "hello"


async def test_slack_gives_up_after_three_redeliveries_of_what_could_not_be_kept(house: House) -> None:
    house.kept.failures = 9
    delivery = await house.platform.deliver(house.http, message_event("hello"))
    assert delivery.statuses == (503, 503, 503, 503)
    assert house.kept.messages == []


async def test_what_is_not_kept_in_time_is_not_acknowledged(house: House) -> None:
    async def never(_: Message) -> bool:
        await asyncio.Event().wait()
        return True

    within = timedelta(milliseconds=50)
    door = SlackDoor(never, SIGNING_SECRET, AsyncWebClient(BOT_TOKEN), Threads(), {}, lambda: NOW, within)
    app = FastAPI()
    app.add_api_route("/slack/events", door.answer, methods=["POST"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://parley.example") as client:
        delivery = await house.platform.deliver(client, message_event("hello"))
    assert set(delivery.statuses) == {503}


async def test_a_press_and_a_command_that_could_not_be_kept_are_not_acknowledged(house: House) -> None:
    house.kept.failures = 2
    assert not (await house.platform.interact(house.http, press_payload("token"))).is_acknowledged
    assert not (await house.platform.command(house.http, command_form("help"))).is_acknowledged


async def test_a_mention_arrives_as_two_events_and_is_one_message(house: House) -> None:
    for event in (message_event(f"<@{BOT}> pipeline?", "C0GENERAL"), mention_event(f"<@{BOT}> pipeline?")):
        await house.platform.deliver(house.http, event)
    assert house.only.text == "pipeline?"
    assert house.kept.asked == 2


async def test_accepting_asks_slack_nothing(house: House) -> None:
    await house.platform.deliver(house.http, message_event("hello"))
    await house.platform.interact(house.http, press_payload("token"))
    assert house.platform.calls == []


# ---- what is heard


async def test_a_direct_conversation_is_named_by_the_person_and_has_no_thread(house: House) -> None:
    await house.platform.deliver(house.http, message_event("客户说再考虑一下,华康医疗那单"))
    message = house.only
    assert message.address == Address("slack", "U0REP")
    assert (message.text, message.sender, message.in_group) == ("客户说再考虑一下,华康医疗那单", "U0REP", False)
    assert message.sent_at == datetime(2026, 9, 21, 14, 13, 20, 100, UTC)


async def test_what_parley_learnt_from_a_direct_message_saves_asking_where_to_answer(house: House) -> None:
    await house.platform.deliver(house.http, message_event("hello"))
    await house.channel.send("k-1", house.only.address, Reply("Hello.", "en"))
    assert [method for method, _ in house.platform.calls] == ["chat.postMessage"]
    assert [message.text for message in house.platform.shown_in("D0REP")] == ["Hello."]


async def test_a_thread_in_a_direct_conversation_is_kept(house: House) -> None:
    await house.platform.deliver(house.http, message_event("and that one?", thread_ts="1780000000.000001"))
    assert house.only.address == Address("slack", "U0REP", thread="1780000000.000001")


async def test_a_mention_in_a_channel_is_answered_in_its_thread(house: House) -> None:
    await house.platform.deliver(house.http, mention_event(f"<@{BOT}>, log a call"))
    assert house.only.address == Address("slack", "C0GENERAL", thread="1790000000.000100")
    assert (house.only.text, house.only.in_group) == ("log a call", True)


async def test_talk_in_a_channel_that_does_not_name_parley_is_not_heard(house: House) -> None:
    delivery = await house.platform.deliver(house.http, message_event("lunch?", "C0GENERAL"))
    assert delivery.statuses == (200,)
    await house.platform.deliver(house.http, message_event("noodles", "C0GENERAL", thread_ts="1780000000.000001"))
    assert house.kept.asked == 0


async def test_a_thread_in_which_parley_was_named_goes_on_without_naming_it(house: House) -> None:
    await house.platform.deliver(house.http, mention_event(f"<@{BOT}> pipeline?"))
    await house.platform.deliver(
        house.http, message_event("and in 华南?", "C0GENERAL", ts="1790000009.000100", thread_ts="1790000000.000100")
    )
    assert [message.text for message in house.kept.messages] == ["pipeline?", "and in 华南?"]


async def test_a_thread_under_a_message_of_parley_is_heard(house: House) -> None:
    event = message_event("mine", "C0GENERAL", thread_ts="1780000000.000001", parent_user_id=BOT)
    await house.platform.deliver(house.http, event)
    assert house.only.text == "mine"


async def test_the_record_remembers_threads_after_a_restart(house: House) -> None:
    house.record.threads.add("1780000000.000001")
    await house.platform.deliver(house.http, message_event("go on", "C0GENERAL", thread_ts="1780000000.000001"))
    assert house.only.text == "go on"


@pytest.mark.parametrize(
    "event",
    [
        message_event("echo", bot_id="B0PARLEY"),
        message_event("echo", user=BOT),
        message_event("reminder", user="USLACKBOT"),
        message_event("old", subtype="message_changed", message={"text": "new"}, hidden=True),
        message_event("gone", subtype="message_deleted", hidden=True),
        message_event("has joined", subtype="channel_join"),
        message_event("by a hook", subtype="bot_message"),
        message_event("no time", ts="yesterday"),
        message_event("no sender", user=""),
        envelope({"type": "reaction_added", "user": "U0REP", "reaction": "eyes", "item": {}}),
        envelope({"type": "app_home_opened", "user": "U0REP", "channel": "D0REP"}),
        {"type": "event_callback", "team_id": TEAM, "event": "none"},
        {"type": "app_rate_limited", "team_id": TEAM, "minute_rate_limited": 1790000000},
        {"type": "view_submission", "team": {"id": TEAM}, "user": {"id": "U0REP"}, "view": {}},
    ],
)
async def test_what_is_no_new_word_of_a_person_is_acknowledged_and_left(house: House, event: dict[str, Any]) -> None:
    delivery = await house.platform.deliver(house.http, event)
    assert (delivery.statuses, house.kept.asked) == ((200,), 0)


async def test_files_and_voice_clips_come_along(house: House) -> None:
    files = [
        {
            "name": "quote.pdf",
            "mimetype": "application/pdf",
            "size": 1234,
            "url_private": "https://files.slack.com/files-pri/T0SAMPLE-F1/quote.pdf",
        },
        {"name": "clip.mp4", "mimetype": "video/mp4", "subtype": "slack_audio", "url_private": "https://files.slack.com/f2"},
        {"name": "gone.png", "mode": "tombstone"},
    ]
    await house.platform.deliver(house.http, message_event("", subtype="file_share", files=files))
    pdf, clip = house.only.attachments
    assert (pdf.kind, pdf.name, pdf.mime, pdf.size) == ("file", "quote.pdf", "application/pdf", 1234)
    assert pdf.ref == "https://files.slack.com/files-pri/T0SAMPLE-F1/quote.pdf"
    assert (clip.kind, clip.size, clip.is_spoken) == ("voice", None, True)
    assert not pdf.is_spoken
    assert house.only.unreadable is None


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"files": [{"mode": "tombstone"}]}, "file"),
        ({"blocks": [{"type": "rich_text"}]}, "card"),
        ({}, "empty"),
    ],
)
async def test_a_message_with_nothing_to_read_says_what_it_is(house: House, more: dict[str, Any], kind: str) -> None:
    await house.platform.deliver(house.http, message_event("", **more))
    assert house.only.unreadable == kind


async def test_a_message_shared_from_elsewhere_is_read_as_a_quotation(house: House) -> None:
    shared = [{"is_share": True, "author_name": "sample", "text": "再考虑一下\n价格太高"}]
    await house.platform.deliver(house.http, message_event("怎么回?", attachments=shared))
    assert house.only.text == "怎么回?\n> 再考虑一下\n> 价格太高"


async def test_a_text_of_200_kilobytes_is_cut_and_says_so(house: House) -> None:
    await house.platform.deliver(house.http, message_event("很长" * 35_000))
    assert (len(house.only.text), house.only.was_cut) == (20_000, True)


async def test_what_no_database_keeps_is_taken_out_of_the_text(house: House) -> None:
    await house.platform.deliver(house.http, message_event("half \ud83d of a pair,\x00 a bell\x07\nand a line"))
    assert house.only.text == "half \ufffd of a pair, a bell\nand a line"


async def test_names_and_links_are_written_as_a_person_reads_them(house: House) -> None:
    text = (
        "<@U0BOSS|Sample Boss> <@U0REP> <#C0GENERAL|general> <!here> <!subteam^S0|@sales> "
        "<https://parley.example/a|the offer> <http://parley.example|parley.example> "
        "<mailto:a_b@parley.example|a_b@parley.example> <tel:+861380000|13 80000> a &lt; b &amp;amp; c"
    )
    await house.platform.deliver(house.http, message_event(text))
    assert house.only.text == (
        "@Sample Boss @U0REP #general @here @sales the offer (https://parley.example/a) parley.example "
        "a_b@parley.example 13 80000 (+861380000) a < b &amp; c"
    )


async def test_a_slash_command_is_answered_to_its_sender_alone(house: House) -> None:
    delivery = await house.platform.command(house.http, command_form("update stage &amp; tell me"))
    assert (delivery.statuses, delivery.bodies) == ((200,), ("",))
    assert house.only.address == Address("slack", "C0GENERAL", private_to="U0REP")
    assert (house.only.text, house.only.sent_at, house.only.sender_name) == ("update stage & tell me", NOW, "sample.rep")


async def test_a_slash_command_without_words_asks_for_help(house: House) -> None:
    await house.platform.command(house.http, command_form("  "))
    assert house.only.text == "help"


async def test_a_press_carries_the_token_and_the_means_to_redraw_its_card(house: House) -> None:
    await house.platform.interact(house.http, press_payload("b-token"))
    message = house.only
    assert (message.press, message.text) == ("b-token", "")
    assert message.handle == "https://hooks.slack.com/actions/T0SAMPLE/1/sample"
    assert message.address == Address("slack", "C0GENERAL", thread="1790000000.000100")
    assert message.sent_at == datetime(2026, 9, 21, 14, 13, 21, 200, UTC)


async def test_two_presses_are_two_messages_and_one_press_twice_is_one(house: House) -> None:
    for trigger in ("1.2.a", "1.2.b", "1.2.b"):
        await house.platform.interact(house.http, press_payload("b-token", trigger_id=trigger))
    assert [message.key for message in house.kept.messages] == [f"slack:{TEAM}:1.2.a", f"slack:{TEAM}:1.2.b"]


async def test_a_press_under_a_private_card_stays_private(house: House) -> None:
    container = {"type": "message", "message_ts": "1790000000.000100", "channel_id": "C0GENERAL", "is_ephemeral": True}
    await house.platform.interact(house.http, press_payload("b-token", container=container))
    assert house.only.address == Address("slack", "C0GENERAL", private_to="U0REP")


async def test_buttons_of_other_apps_are_left(house: House) -> None:
    foreign = [{"type": "button", "action_id": "vote", "value": "yes", "action_ts": "1790000001.000200"}]
    delivery = await house.platform.interact(house.http, press_payload("x", actions=foreign))
    assert (delivery.statuses, house.kept.asked) == ((200,), 0)


# ---- whatever comes with a right signature

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def bent_payloads(draw: st.DrawFn) -> dict[str, Any]:
    """A real payload with some of its values, at any depth, replaced by anything."""
    payload = draw(
        st.sampled_from(
            [message_event("hello"), mention_event(f"<@{BOT}> hello"), press_payload("b-token"), command_form("x")]
        )
    )
    payload = json.loads(json.dumps(payload))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = payload
        while True:
            keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(anything)
            break
    return payload  # type: ignore[no-any-return]


bodies = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | anything.map(lambda data: json.dumps(data).encode())
    | bent_payloads().map(lambda data: json.dumps(data).encode())
)


@settings(max_examples=150)
@given(body=bodies, kind=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain"]))
async def test_no_signed_body_breaks_the_door_or_leaves_half_a_message(house: House, body: bytes, kind: str) -> None:
    house.kept.messages.clear()
    try:
        headers = house.platform.signed(body)
    except UnicodeDecodeError:
        headers = {"X-Slack-Request-Timestamp": str(int(NOW.timestamp())), "X-Slack-Signature": "v0=0"}
    answer = await house.http.post("/slack/events", content=body, headers={"Content-Type": kind, **headers})
    assert answer.status_code in (200, 400, 401)
    for message in house.kept.messages:
        assert message.sender and message.address.conversation and message.key.startswith("slack:")
        assert message.text or message.press or message.attachments or message.unreadable
        message.text.encode()
        assert "\x00" not in message.text
