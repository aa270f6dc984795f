"""What goes out to WeCom: the right kind of message, once, and an honest word about how each send ended."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import AnswerLost, CannotTell, NotFetched, Refused, SendError, Sent, TryLater
from bot.channels.tencent.words import IN_PRIVATE
from bot.channels.wecom_render import task_id
from bot.message import Address, Attachment, Button, Card, Reply
from tests.channels.tencent_house import SECRET, BrokenMemory, WeComHouse, lose_patience, wecom_house
from tests.platforms.tencent import Fault
from tests.platforms.tencent_callbacks import xml_of

ZHANG = Address("wecom", "zhang")
CHAT = Address("wecom", "chat:deals")
ROBOT = Address("wecom", "robot:robot-key-0001")
HELLO = Reply("你好,张三", "zh")
CARD = Card(
    title="确认修改",
    lines=("华康医疗:金额",),
    facts=(("原来", "¥480,000"), ("改为", "¥600,000")),
    buttons=(Button("yes-1", "确认", "primary"), Button("no-1", "取消")),
    view_of="proposal:1",
)
ASK = Reply("确认修改?", "zh", CARD)
DONE = Reply("已确认", "zh", replace(CARD, title="已确认 ✓", buttons=()))


@pytest.fixture
async def house() -> AsyncIterator[WeComHouse]:
    async with wecom_house() as house:
        yield house


# each place gets what it can show


async def test_words_go_as_text_and_a_card_without_buttons_as_markdown(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, HELLO)
    await house.channel.send("k2", ZHANG, DONE)
    first, second = house.api.seen_by("zhang")
    assert (first.kind, first.text) == ("text", "你好,张三")
    assert second.kind == "markdown"
    assert second.text.startswith("**已确认 ✓**\n华康医疗")


async def test_a_card_with_buttons_is_a_template_card_whose_keys_are_the_tokens(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    (shown,) = house.api.seen_by("zhang")
    assert shown.kind == "template_card"
    assert [button["key"] for button in shown.body["button_list"]] == ["yes-1", "no-1"]
    assert json.loads(sent.ref or "")["code"] == "code-1"


@pytest.mark.parametrize("to", [CHAT, ROBOT], ids=["application chat", "group robot"])
async def test_a_group_gets_markdown_that_says_where_to_act(house: WeComHouse, to: Address) -> None:
    await house.channel.send("k1", to, ASK)
    (shown,) = house.api.seen_by(to.conversation)
    assert shown.kind == "markdown"
    assert shown.text.endswith(f"{IN_PRIVATE['zh']}\n1. 确认\n2. 取消")


async def test_the_token_is_fetched_once_and_kept(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, HELLO)
    await house.channel.send("k2", ZHANG, DONE)
    assert house.api.calls.count("/cgi-bin/gettoken") == 1


async def test_an_expired_token_is_renewed_once_inside_the_send(house: WeComHouse) -> None:
    house.api.faults.append("token expired")
    await house.channel.send("k1", ZHANG, HELLO)
    assert len(house.api.seen_by("zhang")) == 1
    assert house.api.calls.count("/cgi-bin/gettoken") == 2


# how a send ended


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("429", TryLater),
        ("503", TryLater),
        ("busy", TryLater),
        ("500", AnswerLost),
        ("slow", AnswerLost),
        ("lost on the way", AnswerLost),
        ("lost", AnswerLost),
        ("not JSON", AnswerLost),
    ],
)
@pytest.mark.parametrize("to", [ZHANG, CHAT, ROBOT], ids=["person", "chat", "robot"])
async def test_each_fault_is_told_as_what_it_is(
    house: WeComHouse, to: Address, fault: Fault, outcome: type[SendError]
) -> None:
    assert await house.channel.check() is None  # the token is there, so the fault meets the send itself
    if fault == "slow":
        lose_patience(house.channel)
    house.api.faults.append(fault)
    with pytest.raises(outcome):
        await house.channel.send("k1", to, HELLO)


async def test_retry_after_is_passed_on(house: WeComHouse) -> None:
    house.api.faults.append("429")
    with pytest.raises(TryLater) as told:
        await house.channel.send("k1", ZHANG, HELLO)
    assert told.value.after == timedelta(seconds=7)


@pytest.mark.parametrize("fault", ["500", "lost", "slow", "not JSON"])
async def test_a_lost_answer_to_the_question_for_a_token_leaves_the_message_unsent(house: WeComHouse, fault: Fault) -> None:
    if fault == "slow":
        lose_patience(house.channel)
    house.api.token_faults.append(fault)
    with pytest.raises(TryLater):
        await house.channel.send("k1", ZHANG, HELLO)
    assert house.api.shown == []


async def test_no_connection_means_try_later(house: WeComHouse) -> None:
    await house.channel.send("k0", ZHANG, HELLO)
    house.channel._api.base = "http://127.0.0.1:9"  # nobody listens on the discard port
    with pytest.raises(TryLater):
        await house.channel.send("k1", ZHANG, DONE)


@pytest.mark.parametrize(
    "to",
    [
        Address("wecom", "nobody"),
        Address("wecom", "wang"),
        Address("wecom", "chat:unknown"),
        Address("wecom", "robot:unknown"),
    ],
    ids=["no such user", "answer 0 with invaliduser", "no such chat", "no such robot"],
)
async def test_who_cannot_be_reached_is_refused(house: WeComHouse, to: Address) -> None:
    with pytest.raises(Refused):
        await house.channel.send("k1", to, HELLO)


async def test_a_machine_that_wecom_does_not_trust_waits_for_somebody_to_put_it_right(house: WeComHouse) -> None:
    house.api.is_trusted = False
    with pytest.raises(TryLater, match="trusted list"):
        await house.channel.send("k1", ZHANG, HELLO)


# never twice


@pytest.mark.parametrize("reply", [HELLO, ASK, DONE], ids=["text", "card", "markdown"])
@pytest.mark.parametrize("fault", ["lost", "lost on the way"])
async def test_after_a_lost_answer_find_says_send_again_and_the_person_sees_one(
    house: WeComHouse, reply: Reply, fault: Fault
) -> None:
    house.api.faults.append(fault)
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, reply)
    assert await house.channel.find("k1", ZHANG, reply) is None
    await house.channel.send("k1", ZHANG, reply)
    assert len(house.api.seen_by("zhang")) == 1


async def test_a_card_that_wecom_knows_already_has_arrived(house: WeComHouse) -> None:
    house.api.faults.append("lost")
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, ASK)
    house.clock.move(timedelta(hours=5))  # past the check for repeated messages, which lasts four
    sent = await house.channel.send("k1", ZHANG, ASK)
    assert json.loads(sent.ref or "") == {"task": task_id("k1")}
    assert len(house.api.seen_by("zhang")) == 1


async def test_words_are_not_sent_again_once_wecom_no_longer_drops_the_copy(house: WeComHouse) -> None:
    house.api.faults.append("lost")
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, HELLO)
    house.clock.move(timedelta(hours=4))
    with pytest.raises(CannotTell):
        await house.channel.find("k1", ZHANG, HELLO)
    with pytest.raises(AnswerLost):
        await house.channel.send("k1", ZHANG, HELLO)
    assert len(house.api.seen_by("zhang")) == 1


async def test_words_that_wecom_did_not_take_are_sent_however_late(house: WeComHouse) -> None:
    house.api.faults.append("503")
    with pytest.raises(TryLater):
        await house.channel.send("k1", ZHANG, HELLO)
    house.clock.move(timedelta(hours=5))
    await house.channel.send("k1", ZHANG, HELLO)
    assert len(house.api.seen_by("zhang")) == 1


async def test_the_same_words_meant_twice_are_shown_twice(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, HELLO)
    await house.channel.send("k2", ZHANG, HELLO)
    assert [shown.text for shown in house.api.seen_by("zhang")] == ["你好,张三"] * 2


async def test_words_sent_without_the_check_are_never_sent_again_blindly(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, HELLO)
    house.api.faults.append("lost")
    with pytest.raises(AnswerLost):
        await house.channel.send("k2", ZHANG, HELLO)
    with pytest.raises(CannotTell):
        await house.channel.find("k2", ZHANG, HELLO)


async def test_a_send_of_which_nothing_is_remembered_is_not_sent_again_blindly(house: WeComHouse) -> None:
    with pytest.raises(CannotTell):
        await house.channel.find("from before a restart", ZHANG, HELLO)


@pytest.mark.parametrize("to", [CHAT, ROBOT], ids=["chat", "robot"])
async def test_nobody_can_tell_what_arrived_in_a_group(house: WeComHouse, to: Address) -> None:
    with pytest.raises(CannotTell):
        await house.channel.find("k1", to, ASK)


async def test_nobody_is_sent_more_in_a_minute_than_wecom_shows(house: WeComHouse) -> None:
    for number in range(30):
        await house.channel.send(f"k{number}", ZHANG, Reply(f"第 {number} 条", "zh"))
    with pytest.raises(TryLater) as told:
        await house.channel.send("k30", ZHANG, HELLO)
    assert told.value.after == timedelta(minutes=1)
    house.clock.move(timedelta(minutes=1))
    await house.channel.send("k30", ZHANG, HELLO)
    assert (len(house.api.seen_by("zhang")), house.api.dropped) == (31, 0)


async def test_a_robot_speaks_twenty_times_a_minute(house: WeComHouse) -> None:
    for number in range(20):
        await house.channel.send(f"k{number}", ROBOT, HELLO)
    with pytest.raises(TryLater):
        await house.channel.send("k20", ROBOT, HELLO)


# redrawing


async def test_a_card_is_redrawn_in_place_with_the_code_of_the_send(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    await house.channel.redraw("r1", ZHANG, sent.ref or "", DONE)
    (shown,) = house.api.seen_by("zhang")
    assert shown.body["main_title"]["title"] == "已确认 ✓"
    assert shown.body["replace_text"] == "已更新"


async def test_a_second_redraw_uses_the_code_that_a_press_brought(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    second = await house.channel.redraw("r1", ZHANG, sent.ref or "", ASK)
    await press(house, task_id("k1"))
    await house.channel.redraw("r2", ZHANG, second.ref or "", DONE)
    assert (len(house.api.seen_by("zhang")), house.api.updates) == (1, 2)


async def test_without_a_code_left_a_new_card_disowns_the_old(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    second = await house.channel.redraw("r1", ZHANG, sent.ref or "", ASK)
    await house.channel.redraw("r2", ZHANG, second.ref or "", DONE)
    assert "以此为准" in house.api.seen_by("zhang")[1].text


async def test_the_card_that_disowned_another_is_itself_redrawn_in_place(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    second = await house.channel.redraw("r1", ZHANG, sent.ref or "", ASK)
    third = await house.channel.redraw("r2", ZHANG, second.ref or "", ASK)
    await house.channel.redraw("r3", ZHANG, third.ref or "", DONE)
    assert (len(house.api.seen_by("zhang")), house.api.updates) == (2, 2)


async def test_a_new_card_that_wecom_did_not_take_is_sent_at_the_next_try(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    house.api.forget_codes()
    house.api.faults.extend([None, "busy"])
    with pytest.raises(TryLater):
        await house.channel.redraw("r1", ZHANG, sent.ref or "", DONE)
    await house.channel.redraw("r1", ZHANG, sent.ref or "", DONE)
    assert "以此为准" in house.api.seen_by("zhang")[1].text


async def test_without_its_memory_nothing_is_sent_and_nothing_is_lost(house: WeComHouse) -> None:
    house.channel._memory._memory = BrokenMemory()
    with pytest.raises(TryLater):
        await house.channel.send("k1", ZHANG, HELLO)
    assert house.api.shown == []


async def test_after_72_hours_a_new_card_disowns_the_old(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    house.clock.move(timedelta(hours=72))
    await house.channel.redraw("r1", ZHANG, sent.ref or "", DONE)
    assert house.api.updates == 0
    assert len(house.api.seen_by("zhang")) == 2


async def test_a_redraw_whose_answer_was_lost_is_not_shown_twice(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    house.api.faults.append("lost")
    with pytest.raises(AnswerLost):
        await house.channel.redraw("r1", ZHANG, sent.ref or "", DONE)
    assert await house.channel.find("r1", ZHANG, DONE) is None
    await house.channel.redraw("r1", ZHANG, sent.ref or "", DONE)
    assert (len(house.api.seen_by("zhang")), house.api.updates) == (1, 1)


async def test_a_redraw_that_wecom_did_not_take_keeps_its_code(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", ZHANG, ASK)
    house.api.faults.append("busy")
    with pytest.raises(TryLater):
        await house.channel.redraw("r1", ZHANG, sent.ref or "", DONE)
    await house.channel.redraw("r1", ZHANG, sent.ref or "", DONE)
    assert (len(house.api.seen_by("zhang")), house.api.updates) == (1, 1)


async def test_a_view_in_a_group_is_followed_by_its_new_state(house: WeComHouse) -> None:
    sent = await house.channel.send("k1", CHAT, ASK)
    await house.channel.redraw("r1", CHAT, sent.ref or "", DONE)
    assert "以此为准" in house.api.seen_by("chat:deals")[1].text


async def test_words_that_went_ahead_of_a_card_are_left_as_they_are(house: WeComHouse) -> None:
    assert await house.channel.redraw("r1", ZHANG, "", DONE) == Sent()
    assert house.api.shown == []


async def press(house: WeComHouse, task: str) -> None:
    code = house.api.press_code(task)
    fields = {"FromUserName": "zhang", "CreateTime": int(house.clock().timestamp()), "MsgType": "event"}
    more = {"Event": "template_card_event", "EventKey": "yes-1", "TaskId": task, "ResponseCode": code}
    response = await house.server.deliver(xml_of(**fields, **more))
    assert response.status_code == 200


# secrets


async def test_no_secret_is_ever_logged_or_told(house: WeComHouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = ""
    for fault in ("lost", "500", "not JSON"):
        house.api.token_faults.append(fault)
        with pytest.raises(SendError) as error:
            await house.channel.send("k1", ZHANG, HELLO)
        told += repr(error.value) + repr(error.value.__context__ if not error.value.__suppress_context__ else "")
    await house.channel.send("k2", ROBOT, HELLO)
    await house.channel.send("k3", ZHANG, HELLO)
    assert "webhook/send" in caplog.text
    for secret in (SECRET, "robot-key-0001", "token-1"):
        assert secret not in caplog.text + told


async def test_the_secret_is_in_no_key_of_the_memory(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, HELLO)
    assert not [key for key in house.memory._kept if SECRET[:10] in key]


# files


async def test_a_file_is_fetched_in_pieces(house: WeComHouse, tmp_path: Path) -> None:
    house.api.media["m1"] = b"voice" * 50_000
    path = await house.channel.fetch(Attachment("voice", "m1", mime="audio/amr"), tmp_path, 1_000_000)
    assert path.read_bytes() == house.api.media["m1"]
    assert (path.parent, path.suffix) == (tmp_path, ".amr")


async def test_a_broken_download_goes_on_where_it_broke(house: WeComHouse, tmp_path: Path) -> None:
    house.api.media["m1"] = bytes(range(250)) * 4000
    house.api.faults.append("cut off")
    path = await house.channel.fetch(Attachment("file", "m1"), tmp_path / "offer.pdf", 2_000_000)
    assert path.read_bytes() == house.api.media["m1"]
    assert house.api.ranges[0] == ""
    assert house.api.ranges[1].startswith("bytes=")


async def test_a_download_that_always_breaks_is_tried_later_and_leaves_nothing(house: WeComHouse, tmp_path: Path) -> None:
    house.api.media["m1"] = b"x" * 100_000
    house.api.faults.extend(["cut off"] * 9)
    with pytest.raises(TryLater):
        await house.channel.fetch(Attachment("file", "m1"), tmp_path, 2_000_000)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_above_the_limit_is_refused_with_a_reason_and_leaves_nothing(house: WeComHouse, tmp_path: Path) -> None:
    house.api.media["m1"] = b"x" * 100_001
    with pytest.raises(NotFetched, match="larger than 100,000 bytes") as refusal:
        await house.channel.fetch(Attachment("file", "m1"), tmp_path, 100_000)
    assert refusal.value.why == "too_large"
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_gone_says_so(house: WeComHouse, tmp_path: Path) -> None:
    with pytest.raises(NotFetched, match="three days") as refusal:
        await house.channel.fetch(Attachment("file", "gone"), tmp_path, 1000)
    assert refusal.value.why == "gone"


@pytest.mark.parametrize("fault", ["429", "500", "busy"])
async def test_a_platform_that_is_down_is_asked_for_the_file_later(house: WeComHouse, tmp_path: Path, fault: Fault) -> None:
    house.api.media["m1"] = b"x"
    house.api.faults.append(fault)
    with pytest.raises(TryLater):
        await house.channel.fetch(Attachment("file", "m1"), tmp_path, 1000)


async def test_an_expired_token_is_renewed_for_a_file_too(house: WeComHouse, tmp_path: Path) -> None:
    house.api.media["m1"] = b"x"
    house.api.faults.append("token expired")
    path = await house.channel.fetch(Attachment("file", "m1"), tmp_path, 1000)
    assert path.read_bytes() == b"x"


# doctor


async def test_right_settings_pass_the_check(house: WeComHouse) -> None:
    assert await house.channel.check() is None


async def test_a_wrong_secret_is_told_with_where_to_find_it(house: WeComHouse) -> None:
    house.api.secret = "another"
    assert "WECOM_SECRET" in str(await house.channel.check())


async def test_a_wrong_agent_id_is_told(house: WeComHouse) -> None:
    house.api.agent_id = 1000003
    assert "WECOM_AGENT_ID" in str(await house.channel.check())


async def test_a_machine_that_is_not_trusted_is_told_what_to_add(house: WeComHouse) -> None:
    house.api.is_trusted = False
    assert "trusted IPs" in str(await house.channel.check())


@pytest.mark.parametrize("fault", ["503", "500", "slow"])
async def test_a_platform_that_is_away_is_told(house: WeComHouse, fault: Fault) -> None:
    if fault == "slow":
        lose_patience(house.channel)
    house.api.token_faults.append(fault)
    assert "cannot be reached" in str(await house.channel.check())
