"""Slack misbehaves: events come twice, calls fail or lose their answers, Slack is away. Each message still arrives once."""

import asyncio
from datetime import timedelta

import pytest

from tests.doors.house_with_doors import (
    MANAGERS,
    SLACK_USERS,
    WECOM_USERS,
    HouseWithDoors,
    OpenHouse,
    Plan,
    buttons_of,
    words_of,
)
from tests.platforms.slack import AnswerCut, Broken, Fault, Limited, Says, command_form, press_payload

HESITATES = "客户说再考虑一下,华康医疗那单"
MOVES_ON = "那单推进到谈判"
A_WHILE = timedelta(minutes=1)


@pytest.fixture
async def doors(doors: HouseWithDoors) -> HouseWithDoors:
    await _introduce(doors)
    return doors


async def _introduce(doors: HouseWithDoors) -> None:
    await doors.bind("slack", SLACK_USERS)
    await doors.bind_managers("slack", MANAGERS)


# --- in -------------------------------------------------------------------------------------------------------------------


async def test_an_event_slack_repeats_is_answered_once(doors: HouseWithDoors) -> None:
    event = doors.slack.direct(MOVES_ON.replace("那单", "华康医疗那单"))
    statuses = await asyncio.gather(
        doors.slack.redeliver(event, 1), doors.slack.redeliver(event, 2), doors.slack.redeliver(event, 3)
    )
    await doors.settle()
    statuses.append(await doors.slack.redeliver(event, 3))
    await doors.settle()
    assert statuses == [200, 200, 200, 200]
    assert len(doors.slack.seen_in("D0REP")) == 1
    assert await doors.heard() == 1


async def test_a_mention_that_comes_as_two_events_is_heard_once(doors: HouseWithDoors) -> None:
    """Slack sends `app_mention` and `message` for the same words where the app listens to both."""
    mention = doors.slack.mention(HESITATES)
    plain = {**mention, "event": {**mention["event"], "type": "message", "channel_type": "channel"}}
    await asyncio.gather(doors.slack.deliver(mention), doors.slack.deliver(plain))
    await doors.settle()
    assert len(doors.slack.seen_in("C0GENERAL")) == 1


async def test_what_is_said_in_quick_succession_is_answered_in_order(doors: HouseWithDoors) -> None:
    for text in ("华康医疗什么情况", "那单推进到谈判", "那单改回方案阶段", "撤销"):
        await doors.slack.say(text)
    await doors.settle()
    answers = [words_of(message) for message in doors.slack.seen_in("D0REP")]
    assert len(answers) == 4
    assert "方案 → 谈判" in answers[1]
    assert "谈判 → 方案" in answers[2]
    assert (await doors.record("deal", "D001"))["stage"] == "negotiation"


@pytest.mark.parametrize("change", [{"X-Slack-Signature": "v0=0"}, {"X-Slack-Request-Timestamp": "1795571000"}])
async def test_a_forged_or_stale_event_is_refused_and_not_heard(doors: HouseWithDoors, change: dict[str, str]) -> None:
    body = b'{"type": "event_callback"}'
    headers = {"Content-Type": "application/json", **doors.slack.platform.signed(body), **change}
    answer = await doors.http.post("/slack/events", content=body, headers=headers)
    assert answer.status_code == 401
    assert await doors.heard() == 0


# --- out ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Limited(7), Broken(503), Broken(500), Says("ratelimited"), Says("internal_error"), AnswerCut()],
    ids=["429", "503", "500", "ratelimited", "internal_error", "answer_lost"],
)
async def test_each_answer_arrives_exactly_once_and_in_order(doors: HouseWithDoors, fault: Fault) -> None:
    doors.slack.platform.fail("chat.postMessage", fault, fault)
    for text in ("华康医疗什么情况", "那单推进到谈判", "撤销"):
        await doors.slack.say(text)
    await doors.settle(A_WHILE)
    answers = [words_of(message) for message in doors.slack.seen_in("D0REP")]
    assert len(answers) == 3
    assert ["方案 → 谈判" in answer for answer in answers] == [False, True, False]
    assert {row.state for row in await doors.sends("slack")} == {"sent"}
    assert await doors.chain_is_sound()


async def test_a_wait_slack_asks_for_is_kept(doors: HouseWithDoors) -> None:
    doors.slack.platform.fail("chat.postMessage", Limited(after=7))
    await doors.slack.say(HESITATES)
    await doors.settle(timedelta(seconds=6))
    assert doors.slack.seen_in("D0REP") == []
    await doors.settle(timedelta(seconds=8))
    assert len(doors.slack.seen_in("D0REP")) == 1


async def test_where_nobody_can_tell_whether_it_arrived_it_is_not_sent_again_and_readyz_says_so(
    doors: HouseWithDoors,
) -> None:
    doors.slack.platform.shows_metadata = False
    doors.slack.platform.fail("chat.postMessage", AnswerCut())
    await doors.slack.say(HESITATES)
    await doors.settle(A_WHILE)
    assert len(doors.slack.seen_in("D0REP")) == 1
    troubles = (await doors.http.get("/readyz")).json()["sends"]
    assert [(trouble["channel"], trouble["kind"], trouble["count"]) for trouble in troubles] == [("slack", "unknown", 1)]


async def test_while_slack_is_away_everything_is_kept_and_then_delivered_in_order(doors: HouseWithDoors) -> None:
    doors.slack.platform.fail("chat.postMessage", *[Broken(503)] * 10)
    for text in ("华康医疗什么情况", "那单推进到谈判"):
        await doors.slack.say(text)
    await doors.settle()
    assert doors.slack.seen_in("D0REP") == []
    assert (await doors.record("deal", "D001"))["stage"] == "negotiation"
    await doors.pass_time(timedelta(minutes=6))
    late = (await doors.http.get("/readyz")).json()["sends"]
    assert [(trouble["channel"], trouble["kind"]) for trouble in late] == [("slack", "late")]
    await doors.settle(timedelta(hours=2))
    answers = [words_of(message) for message in doors.slack.seen_in("D0REP")]
    assert ["方案 → 谈判" in answer for answer in answers] == [False, True]
    assert (await doors.http.get("/readyz")).json()["sends"] == []


async def test_a_reply_slack_will_never_take_is_given_up_and_the_person_hears_of_it_elsewhere(doors: HouseWithDoors) -> None:
    await doors.bind("wecom", WECOM_USERS)
    doors.slack.platform.fail("chat.postMessage", Says("restricted_action"))
    await doors.slack.say(HESITATES)
    await doors.settle(A_WHILE)
    assert doors.slack.seen_in("D0REP") == []
    (told,) = doors.wecom.api.seen_by("zhang")
    assert "有一条回复没能送到您那里" in told.text
    troubles = (await doors.http.get("/readyz")).json()["sends"]
    assert [(trouble["channel"], trouble["kind"]) for trouble in troubles] == [("slack", "gave_up")]


async def test_what_one_process_could_not_send_the_next_one_sends(open_house: OpenHouse) -> None:
    async with open_house(Plan()) as doors:
        await _introduce(doors)
        doors.slack.platform.fail("chat.postMessage", Broken(503))
        await doors.slack.say(HESITATES)
        await doors.settle(timedelta())
        assert doors.slack.seen_in("D0REP") == []
    async with open_house(Plan()) as doors:
        await doors.pass_time(A_WHILE)
        assert ["ICU" in words_of(message) for message in doors.slack.seen_in("D0REP")] == [True]


async def test_a_card_shown_before_a_restart_can_be_pressed_after_it_and_is_redrawn(open_house: OpenHouse) -> None:
    async with open_house(Plan()) as doors:
        await _introduce(doors)
        await doors.slack.say("华康医疗那单金额改到60万")
        await doors.settle()
        card = doors.slack.last_in(MANAGERS)
    async with open_house(Plan()) as doors:
        await doors.slack.press(card, "确认", user="U0BOSS")
        await doors.settle()
        assert float((await doors.record("deal", "D001"))["amount"]) == 600_000
        assert "已确认并执行" in words_of(card)
        assert "已确认并执行" in words_of(doors.slack.seen_in("D0REP")[0])


async def test_a_thread_is_still_parleys_after_a_restart(open_house: OpenHouse) -> None:
    async with open_house(Plan()) as doors:
        await _introduce(doors)
        event = doors.slack.mention(HESITATES)
        await doors.slack.deliver(event)
        await doors.settle()
    async with open_house(Plan()) as doors:
        await doors.slack.deliver(doors.slack.in_channel("华康医疗那单推进到谈判", thread_ts=event["event"]["ts"]))
        await doors.settle()
        assert "方案 → 谈判" in words_of(doors.slack.last_in("C0GENERAL"))


# --- without a public address --------------------------------------------------------------------------------------------


async def test_a_whole_conversation_goes_over_socket_mode(open_house: OpenHouse) -> None:
    async with open_house(Plan(socket_mode=True)) as doors, asyncio.timeout(20):
        platform, slack = doors.slack.platform, doors.slack
        await _introduce(doors)
        event = slack.direct(HESITATES)
        await platform.send_envelope("e-1", event)
        await platform.send_envelope("e-2", event, attempt=1)
        await asyncio.gather(platform.acks["e-1"], platform.acks["e-2"])
        await doors.settle()
        (card,) = slack.seen_in("D0REP")
        press = press_payload(buttons_of(card)["记到客户名下"], card.channel, card.ts)
        await platform.send_envelope("e-3", press, "interactive")
        await platform.send_envelope("e-4", dict(command_form("帮助")), "slash_commands")
        await asyncio.gather(platform.acks["e-3"], platform.acks["e-4"])
        await doors.settle()
        assert "已记" in words_of(slack.last_in("D0REP"))
        assert "那单推进到谈判" in words_of(slack.whispered_to("U0REP")[0])
