"""From a call to a desk: an angry one becomes a ticket with a card to see it by, a calm one nothing; once, and put right."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.commands.dispatch import TemplateChange
from actions.commands.recordings import HOUSE, DeleteRecording
from actions.crm import people
from actions.outside.store import Tx
from actions.outside.tables import SendRow
from actions.policy.files import SHIPPED_POLICY
from bot.app import Minds
from bot.call_corrections import Wish
from bot.channels.files_apart import files_apart
from bot.kept_moods import keep_mood
from bot.message import Address, Card, Reply, reply_from_json
from bot.outbox import Outbox, Send
from bot.settings import Settings
from bot.sound_on_cards import sounds_of
from tests.fakes import FakeChannel, FakeListener
from tests.house_under_test import Arrived, HouseUnderTest, open_house
from tests.recordings.called import CALM, FAULT, call, heard, spoken
from tests.recordings.test_arrival_and_basis import button, entries, text_of

COMPLAINT = "销售: 您好\n客户: 你们服务太差了我要投诉\n销售: 抱歉"


async def tickets_of(house: HouseUnderTest, recording: str) -> list[dict[str, Any]]:
    return [one for one in (await house.records("ticket")).values() if one["recording_id"] == recording]


async def sent(house: HouseUnderTest, recording: str) -> list[dict[str, Any]]:
    found = [one for one in (await house.records("dispatch")).values() if one["recording_id"] == recording]
    return sorted(found, key=lambda one: str(one["at"]))


async def judged_again(house: HouseUnderTest, recording: str, anger: float, words: str = CALM) -> str:
    """The customer's mood is another one than was thought; what arrived by the time that has been dealt with."""
    house.clock.move(timedelta(minutes=1))
    async with house.store.write() as tx:
        await keep_mood(tx, recording, heard(anger), house.clock(), spoken(words))
    await house.house.dispatching.send_again(recording)
    return text_of(await house.seen_meanwhile())


# --- a call becomes a ticket ------------------------------------------------------------------------------------------


async def test_an_angry_callers_ticket_is_on_an_engineers_desk_when_the_report_comes(house: HouseUnderTest) -> None:
    recording, news = await call(house, mood=heard(0.72))
    (ticket,) = await tickets_of(house, recording)
    assert (ticket["kind"], ticket["severity"], ticket["line"], ticket["state"]) == ("complaint", "urgent", "senior", "open")
    assert (ticket["customer_id"], ticket["opened_by"]) == ("C001", "E01")
    card = next(one.reply for one in news if one.conversation == "managers")
    assert card.card is not None
    assert card.card.title == "特急 · 投诉 · 华康医疗科技有限公司"
    assert "10:30 前要有人回电 → 高级工程师" in card.text
    assert "0:35 最激动处：“你们服务太差了我要投诉”" in card.text
    assert "技术词：重启、黑屏、中央站" in card.text
    assert "情绪是机器听出来的估计" in card.text
    assert [one.label for one in card.card.buttons] == ["我来处理", "为什么", "看通话"]
    (sound,) = card.files
    assert (sound.clip, sound.start, sound.seconds, sound.reader) == (recording, 30.0, 10, "group:@service")
    report = next(one.reply.text for one in news if "通话报告" in one.reply.text)
    assert f"派单：工单 {ticket['id']} 已给高级工程师，周三 10:30 前有人回电" in report
    assert await house.chain_is_sound()


async def test_the_sum_is_one_tap_away(house: HouseUnderTest) -> None:
    await call(house, mood=heard(0.72))
    told = text_of(await house.press("E11", button(house, "managers", "为什么"), place="managers"))
    assert "愤怒 0.72，到了 0.60：× 1.50 = +1.08" in told
    assert "技术词 3 个 × 0.10 = +0.30（重启, 黑屏, 中央站）" in told
    assert "客户提到投诉 +0.40" in told and "客户提到报故障 +0.40" in told
    assert "还有 2 件没办完的工单 +0.20" in told or "还有 1 件没办完的工单 +0.10" in told
    assert "客户等级 A" in told and "到了特急的 1.60" in told


async def test_a_calm_call_leads_to_no_ticket_and_is_kept_all_the_same(house: HouseUnderTest) -> None:
    recording, news = await call(house, CALM, heard(0.1), customer="C040")
    (kept,) = await sent(house, recording)
    assert (kept["priority"], kept["line"], kept["ticket_id"]) == ("none", "", None)
    assert await tickets_of(house, recording) == []
    assert "派单" not in text_of(news) and all(one.conversation != "managers" for one in news)


async def test_a_mood_that_nobody_knows_is_told_as_unknown(house: HouseUnderTest) -> None:
    recording, news = await call(house, COMPLAINT, None, customer="C040")
    (ticket,) = await tickets_of(house, recording)
    assert ticket["severity"] == "low" and ticket["kind"] == "complaint"
    told = text_of(news)
    assert "情绪没能判断，按说的话派的单" in told and "最激动处" not in told
    assert "0:15 客户说：“你们服务太差了我要投诉”" in told


async def test_a_mood_that_is_uncertain_throughout_raises_nothing(house: HouseUnderTest) -> None:
    recording, _ = await call(house, CALM, heard(0.99, coverage=0.0), customer="C040")
    (kept,) = await sent(house, recording)
    assert kept["priority"] == "none" and '"anger": null' in kept["facts"]


async def test_a_call_whose_customer_nobody_knows_waits_until_somebody_says_so(house: HouseUnderTest) -> None:
    recording, news = await call(house, mood=heard(0.72), customer=None)
    assert await sent(house, recording) == [] and "派单" not in text_of(news)
    await house.press("E01", button(house, "E01", "写进 CRM"))
    await house.say("E01", "华康医疗")
    await house.press("E01", button(house, "E01", "写进去"))
    told = text_of(await house.pass_time(timedelta(minutes=1)))
    (ticket,) = await tickets_of(house, recording)
    assert ticket["customer_id"] == "C001" and "特急 · 投诉 · 华康医疗科技有限公司" in told


async def test_a_voice_message_to_the_copilot_is_no_call(house: HouseUnderTest) -> None:
    await house.send_recording("E01", "华康医疗要投诉", "voice.amr", is_spoken=True)
    await house.listened()
    assert await house.records("dispatch") == {}


async def test_at_night_it_goes_to_whoever_is_on_call(house: HouseUnderTest) -> None:
    house.clock.move(timedelta(hours=12))
    recording, news = await call(house, mood=heard(0.72))
    (ticket,) = await tickets_of(house, recording)
    assert ticket["line"] == "on_call" and "→ 值班" in text_of(news)


async def test_what_goes_to_the_account_owner_reaches_them_alone(house: HouseUnderTest) -> None:
    recording, news = await call(house, COMPLAINT, None, customer="C002")
    (ticket,) = await tickets_of(house, recording)
    assert ticket["line"] == "owner"
    places = {one.conversation for one in news if "要有人回电" in one.reply.text}
    assert places == {"E02"}


# --- once, and put right ----------------------------------------------------------------------------------------------


async def test_the_same_facts_again_are_nothing_new(house: HouseUnderTest) -> None:
    recording, _ = await call(house, mood=heard(0.72))
    await house.house.dispatching.send_again(recording)
    assert len(await sent(house, recording)) == 1 == len(await tickets_of(house, recording))
    assert "特急" not in text_of(await house.seen_meanwhile())


async def test_two_workers_at_once_send_it_once(house: HouseUnderTest) -> None:
    recording, _ = await call(house, mood=None)
    async with house.store.write() as tx:
        await keep_mood(tx, recording, heard(0.9), house.clock())
    house.clock.move(timedelta(minutes=1))
    again = house.house.dispatching.send_again
    await asyncio.gather(again(recording), again(recording))
    assert len(await sent(house, recording)) == 2
    assert text_of(await house.seen_meanwhile()).count("派单有变") >= 1
    assert len(await tickets_of(house, recording)) == 1


async def test_a_call_put_right_takes_its_ticket_along_and_says_that_it_changed(house: HouseUnderTest) -> None:
    recording, _ = await call(house, COMPLAINT, heard(0.1), customer="C040")
    (before,) = await tickets_of(house, recording)
    told = await judged_again(house, recording, 0.95)
    (after,) = await tickets_of(house, recording)
    assert (before["severity"], after["severity"], after["id"]) == ("low", "urgent", before["id"])
    assert after["due_at"] < before["due_at"] and after["line"] == "senior"
    assert "派单有变 · 特急 · 投诉" in told
    assert "我来处理" in told


async def test_a_ticket_is_about_the_words_as_they_were_put_right(house: HouseUnderTest) -> None:
    recording, _ = await call(house, mood=None)
    (before,) = await tickets_of(house, recording)
    assert (before["kind"], before["subject"]) == ("complaint", "你们服务太差了我要投诉")
    told = await put_right(house, recording, Wish("text", "你们上次说得挺好", 3))
    (after,) = await tickets_of(house, recording)
    assert (after["id"], after["kind"], after["state"]) == (before["id"], "fault", "open")
    assert after["subject"] == after["text"] == "你们的系统又登不上去了"
    assert "派单有变" in told and "“你们服务太差了我要投诉”" not in told.partition("派单有变")[2]


async def test_another_customer_than_was_thought_has_the_ticket_then(house: HouseUnderTest) -> None:
    recording, _ = await call(house, COMPLAINT, heard(0.9), customer="C040")
    await house.change("recording", recording, {"customer_id": "C050"})
    house.clock.move(timedelta(minutes=1))
    await house.house.dispatching.send_again(recording)
    (ticket,) = await tickets_of(house, recording)
    assert ticket["customer_id"] == "C050" and ticket["state"] == "open"
    assert [one["priority"] for one in await sent(house, recording)] == ["high", "urgent"]


async def test_a_voice_alone_that_sounds_angry_is_the_owners_and_wakes_nobody(house: HouseUnderTest) -> None:
    recording, _ = await call(house, CALM, heard(0.9, knows_calm=False), customer="C040")
    (ticket,) = await tickets_of(house, recording)
    assert (ticket["severity"], ticket["line"]) == ("low", "owner")
    recording, _ = await call(house, COMPLAINT, heard(0.9, knows_calm=False), customer="C050")
    assert [one["line"] for one in await tickets_of(house, recording)] == ["senior"]


async def test_a_ticket_without_a_reason_left_is_withdrawn(house: HouseUnderTest) -> None:
    recording, _ = await call(house, CALM, heard(0.9), customer="C040")
    assert [one["state"] for one in await tickets_of(house, recording)] == ["open"]
    told = await judged_again(house, recording, 0.1)
    assert [one["state"] for one in await tickets_of(house, recording)] == ["closed"]
    assert "已撤回 · 投诉" in told
    told = await judged_again(house, recording, 0.8)
    assert sorted(one["state"] for one in await tickets_of(house, recording)) == ["closed", "open"]
    assert "派单有变" in told


async def test_what_somebody_has_in_hand_stays_theirs_to_decide(house: HouseUnderTest) -> None:
    recording, _ = await call(house, CALM, heard(0.9), customer="C040")
    await house.press("E11", button(house, "managers", "我来处理"), place="managers")
    told = await judged_again(house, recording, 0.1)
    (ticket,) = await tickets_of(house, recording)
    assert (ticket["state"], ticket["taken_by"]) == ("taken", "E11")
    assert "看不出还有要处理的事" in told


async def test_an_open_ticket_of_the_same_matter_is_raised_and_no_second_one_opened(house: HouseUnderTest) -> None:
    recording, news = await call(house, COMPLAINT, heard(0.95), customer="C004")
    assert await tickets_of(house, recording) == []
    ticket = await house.record("ticket", "T002")
    assert ticket is not None and (ticket["severity"], ticket["line"], ticket["state"]) == ("urgent", "senior", "open")
    assert "派单有变 · 特急 · 投诉 · 安和医院" in text_of(news)
    assert (await sent(house, recording))[0]["ticket_id"] == "T002"


async def put_right(house: HouseUnderTest, recording: str, wish: Wish) -> str:
    """Somebody puts right what was heard; what arrived by the time that everything has followed."""
    person = await _speaker(house, "E01")
    outcome = await house.house.corrections.correct(recording, wish, person, f"right:{wish.value}", "web:E01")
    assert outcome is not None and outcome.kind == "done"
    news = await house.pass_time(timedelta(minutes=1))
    return text_of([*news, *await house.listened()])


async def test_a_sentence_put_right_weighs_as_it_was_said(house: HouseUnderTest) -> None:
    recording, _ = await call(house, CALM, heard(0.1), customer="C040")
    told = await put_right(house, recording, Wish("text", "你们服务太差了我要投诉", 2))
    (ticket,) = await tickets_of(house, recording)
    assert (ticket["kind"], ticket["severity"]) == ("complaint", "low")
    assert f"派单：工单 {ticket['id']} 已给客户负责人，周四 10:0" in told
    assert [one["priority"] for one in await sent(house, recording)] == ["none", "low"]


async def test_the_anger_of_somebody_who_was_not_the_customer_counts_no_more(house: HouseUnderTest) -> None:
    recording, _ = await call(house, mood=heard(0.95), customer="C040")
    assert [one["severity"] for one in await tickets_of(house, recording)] == ["urgent"]
    told = await put_right(house, recording, Wish("customer", "销售"))
    before, after = await sent(house, recording)
    assert '"anger": "0.95"' in before["facts"] and '"anger": null' in after["facts"]
    assert [one["state"] for one in await tickets_of(house, recording)] == ["closed"]
    assert "已撤回" in told


# --- the card afterwards ----------------------------------------------------------------------------------------------


async def test_taken_the_card_says_who_has_it_and_still_leads_to_the_call(house: HouseUnderTest) -> None:
    await call(house, FAULT, None, customer="C002")
    assert "我来处理" in [one.label for one in house.buttons("E02")]
    news = await house.press("E02", button(house, "E02", "我来处理"))
    cards = {one.conversation: one.reply for one in news if one.redraws}
    assert "在处理" in cards["managers"].text
    card = cards["E02"].card
    assert card is not None and [one.label for one in card.buttons] == ["看通话"]
    told = text_of(await house.press("E02", card.buttons[0]))
    assert "中央站昨晚黑屏又重启" in told, "whoever calls back may read what was said"


def latest_card(news: list[Arrived], place: str) -> Reply:
    """The escalation card as it stands there now, in the place of the one before."""
    return [one.reply for one in news if one.conversation == place and one.redraws][-1]


async def test_taken_it_can_be_heard_on_the_card_as_it_is_drawn_then(house: HouseUnderTest) -> None:
    recording, news = await call(house, mood=heard(0.72))
    (first,) = next(one.reply for one in news if one.conversation == "managers").files
    taken = latest_card(await house.press("E11", button(house, "managers", "我来处理"), place="managers"), "managers")
    assert "在处理" in taken.text and taken.files == (first,)
    assert (first.clip, first.reader) == (recording, "group:@service")
    again = latest_card(await house.say("E11", "撤销", place="managers"), "managers")
    assert again.files == (first,), "and on each further one"


async def test_a_call_put_right_brings_the_sound_of_the_words_that_the_card_quotes_now(house: HouseUnderTest) -> None:
    recording, _ = await call(house, COMPLAINT, heard(0.1), customer="C001")
    house.clock.move(timedelta(minutes=1))
    async with house.store.write() as tx:
        await keep_mood(tx, recording, heard(0.95, at=15.0), house.clock(), spoken(COMPLAINT))
    await house.house.dispatching.send_again(recording)
    news = await house.seen_meanwhile()
    cards = [one.reply for one in news if one.conversation == "managers"]
    assert cards and all([(one.clip, one.start) for one in card.files] == [(recording, 10.0)] for card in cards)
    taken = await house.press("E11", button(house, "managers", "我来处理"), place="managers")
    for one in (one.reply for one in taken if one.conversation == "managers" and one.redraws):
        assert [file.start for file in one.files] == [10.0], "the latest sound, not the first"


async def test_once_the_recording_is_deleted_the_card_says_why_it_has_no_sound(house: HouseUnderTest) -> None:
    recording, _ = await call(house, mood=heard(0.72))
    async with house.store.write() as tx:
        command = DeleteRecording(recording, with_words=False)
        await house.house.recordings.order(tx, command, HOUSE, "asked", "here")
    taken = latest_card(await house.press("E11", button(house, "managers", "我来处理"), place="managers"), "managers")
    assert taken.files == () and "录音已经删除" in taken.text


async def test_who_was_told_without_sound_hears_none_from_a_further_copy(house: HouseUnderTest) -> None:
    await call(house, FAULT, heard(0.95), customer="C002")
    assert "我来处理" in [one.label for one in house.buttons("E02")]
    news = await house.press("E02", button(house, "E02", "我来处理"))
    assert latest_card(news, "E02").files == () and latest_card(news, "managers").files


class Apart(FakeChannel):
    """A platform that takes files as messages of their own, as Slack and WeCom do."""

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        words, files = files_apart(reply, 1)
        return (words, *files)


async def test_where_the_sound_went_as_a_message_of_its_own_the_card_says_that_it_is_there(house: HouseUnderTest) -> None:
    await call(house, mood=heard(0.72))
    async with house.store.read() as tx:
        first = next(one for one in await replies_of(tx, "managers") if one.files)
    outbox = Outbox(
        house.store,
        {"slack": Apart("slack")},
        house.house.memory,
        house.clock,
        on_ended=nothing_ended,
        on_give_up=nothing_given_up,
    )
    async with house.store.write() as tx:
        await outbox.put(tx, "notice", Address("slack", "C1"), first, card="ticket:T-1")
        sounds = await sounds_of(tx, "ticket:T-1", None, "")
    drawn = sounds["slack:C1"].on(Reply("在处理", "zh", Card("在处理", view_of="ticket:T-1")))
    assert drawn.files == () and drawn.text == "在处理\n原声 0:30–0:40 在这个会话里单独的一条，可以点开听。"
    assert drawn.card is not None and drawn.card.lines == (drawn.text.split("\n")[1],)


async def replies_of(tx: Tx, conversation: str) -> list[Reply]:
    """What was sent there, as it was sent first."""
    sent_there = select(SendRow.reply).where(SendRow.target == f"web:{conversation}", SendRow.redraws.is_(None))
    return [reply_from_json(one) for one in (await tx.execute(sent_there.order_by(SendRow.id))).scalars()]


async def nothing_ended(_: Tx, sends: Sequence[Send]) -> None: ...


async def nothing_given_up(send: Send) -> None: ...


async def test_deleted_with_its_words_nothing_is_left_of_how_the_customer_was(house: HouseUnderTest) -> None:
    recording, _ = await call(house, mood=heard(0.72))
    async with house.store.write() as tx:
        await house.house.recordings.order(tx, DeleteRecording(recording), HOUSE, "asked", "here")
    assert await sent(house, recording) == []


async def test_managers_find_the_rules_by_their_name_and_nobody_else_does(house: HouseUnderTest) -> None:
    (told,) = await house.say("E11", "派单规则")
    assert "拉一下滑块" in told.reply.text
    (link,) = told.reply.links
    assert link.label == "派单规则" and link.path.startswith("/console/dispatch/")
    (told,) = await house.say("E11", "派单规则", place="managers")
    assert told.reply.links == () and "私聊" in told.reply.text
    (told,) = await house.say("E01", "派单规则")
    assert told.reply.links == () and "滑块" not in told.reply.text


async def test_a_managers_own_report_leads_to_the_rules(house: HouseUnderTest) -> None:
    _, news = await call(house, mood=heard(0.72), who="E11")
    report = next(one.reply for one in news if "通话报告" in one.reply.text)
    assert [one.label for one in report.links][1:] == ["派单规则"]


# --- the road ---------------------------------------------------------------------------------------------------------


async def test_the_record_holds_facts_version_and_reasons(house: HouseUnderTest) -> None:
    recording, _ = await call(house, mood=heard(0.72))
    proposals = [one for one in await entries(house, "proposal") if one["command"]["name"] == "dispatch_call"]
    (made,) = proposals
    arguments = made["command"]["args"]
    assert arguments["recording_id"] == recording and arguments["version"] == "0"
    assert arguments["facts"]["anger"] == "0.72" and arguments["facts"]["technical"] == ["重启", "黑屏", "中央站"]
    assert arguments["reasons"][0]["key"] == "anger"


@asynccontextmanager
async def house_with_rule(
    settings: Settings, minds: Minds, url: str, listener: FakeListener, folder: Path, verdict: str
) -> AsyncIterator[HouseUnderTest]:
    """A house in which what is most urgent is not sent just so."""
    rule = '\n  - id: dispatch_held\n    when: command.name == "dispatch_call" && command.priority == "urgent"\n'
    rule += f"    verdict: {verdict}\n"
    if verdict == "confirm":
        rule += "    confirmers: {roles: [director], not_requester: true}\n    expires_hours: 4\n"
    policy = folder / "policy.yaml"
    policy.write_text(SHIPPED_POLICY.read_text(encoding="utf-8") + rule, encoding="utf-8")
    async with open_house(settings.model_copy(update={"policy": policy}), minds, url, listener) as house:
        yield house


async def test_the_policy_may_ask_a_person_first(
    settings: Settings, minds: Minds, sample_sqlite_url: str, listener: FakeListener, tmp_path: Path
) -> None:
    async with house_with_rule(settings, minds, sample_sqlite_url, listener, tmp_path, "confirm") as house:
        recording, news = await call(house, mood=heard(0.72))
        assert await tickets_of(house, recording) == [] == await sent(house, recording)
        assert "派单：等人同意后派出" in text_of(news)
        asked = next(
            one for one in news if any(b.label == "确认" for b in (one.reply.card.buttons if one.reply.card else ()))
        )
        assert asked.reply.card is not None
        yes = next(one for one in asked.reply.card.buttons if one.label == "确认")
        who = "E20" if asked.conversation == "managers" else asked.conversation
        told = text_of(await house.press(who, yes, place=asked.conversation))
        assert [one["severity"] for one in await tickets_of(house, recording)] == ["urgent"]
        assert "特急 · 投诉" in told


async def test_the_policy_may_refuse(
    settings: Settings, minds: Minds, sample_sqlite_url: str, listener: FakeListener, tmp_path: Path
) -> None:
    async with house_with_rule(settings, minds, sample_sqlite_url, listener, tmp_path, "refuse") as house:
        recording, news = await call(house, mood=heard(0.72))
        assert await tickets_of(house, recording) == []
        assert "派单：按公司规定没有派出" in text_of(news)


@pytest.mark.parametrize("who", ["E11", "E20"])
async def test_a_saved_template_counts_for_the_next_call(house: HouseUnderTest, who: str) -> None:
    dispatching = house.house.dispatching
    async with house.store.read() as tx:
        now = await dispatching.in_force(tx)
        person = await _speaker(house, who)
    turned = now.template.with_values({"anger.weight": 0, "technical.weight": 0, "shows.service.fault": 0})
    turned = turned.with_values({"shows.service.complaint": 0, "open_tickets.weight": 0})
    outcome = await dispatching.save(person, turned.text, "先看一周", now.version)
    assert outcome.kind == "done"
    recording, _ = await call(house, FAULT, heard(0.99))
    (kept,) = await sent(house, recording)
    assert kept["priority"] == "none" and kept["version"] == outcome.proposal.plan.data["version"]


async def test_a_rep_may_not_save_and_who_comes_late_is_told(house: HouseUnderTest) -> None:
    dispatching = house.house.dispatching
    async with house.store.read() as tx:
        now = await dispatching.in_force(tx)
    one = now.template.with_values({"anger.above": 0.7}).text
    other = now.template.with_values({"anger.above": 0.5}).text
    rep, manager = await _speaker(house, "E01"), await _speaker(house, "E11")
    assert (await dispatching.save(rep, one, "x", "0")).kind == "refused"
    assert (await dispatching.save(manager, one, "x", "0")).kind == "done"
    late = await dispatching.save(manager, other, "y", "0")
    assert (late.kind, late.proposal.plan.problem) == ("impossible", "dispatch_changed_since")
    async with house.store.read() as tx:
        versions = await dispatching.versions(tx)
    assert [one.changed for one in versions] == [(TemplateChange("anger.above", "0.60", "0.70"),), ()]
    assert versions[0].by is not None and versions[0].by.person_id == "E11"


async def test_going_back_is_saving_an_older_version_again(house: HouseUnderTest) -> None:
    dispatching, manager = house.house.dispatching, await _speaker(house, "E11")
    async with house.store.read() as tx:
        base = (await dispatching.in_force(tx)).template
    first = await dispatching.save(manager, base.with_values({"anger.above": 0.7}).text, "up", "0")
    version = str(first.proposal.plan.data["version"])
    assert (await dispatching.save(manager, base.text, "back", version)).kind == "done"
    same = await dispatching.save(manager, base.text, "again", "0")
    assert same.proposal.plan.problem == "dispatch_changed_since"
    async with house.store.read() as tx:
        in_force = await dispatching.in_force(tx)
        assert in_force.template == base and in_force.version not in ("0", version)
        assert len(await dispatching.versions(tx)) == 3


async def _speaker(house: HouseUnderTest, person_id: str) -> Any:
    async with house.store.read() as tx:
        speaker = await people.speaker_of(tx, person_id)
    assert speaker is not None
    return replace(speaker)
