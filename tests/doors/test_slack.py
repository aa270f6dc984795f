"""What people live through in Slack: cards, presses, threads, commands, confirmations."""

import asyncio

import pytest

from tests.doors.house_with_doors import MANAGERS, SLACK_USERS, HouseWithDoors, buttons_of, words_of
from tests.platforms.slack import File

HESITATES = "客户说再考虑一下,华康医疗那单"
RAISES = "华康医疗那单金额改到60万"
STRANGER = "我还不认识您"


@pytest.fixture(autouse=True)
async def company(doors: HouseWithDoors) -> None:
    await doors.bind("slack", SLACK_USERS)
    await doors.bind_managers("slack", MANAGERS)


# --- a rep's direct message -----------------------------------------------------------------------------------------------


async def test_a_hesitating_customer_brings_one_card_with_next_steps(doors: HouseWithDoors) -> None:
    await doors.slack.say(HESITATES)
    await doors.settle()
    (card,) = doors.slack.seen_in("D0REP")
    assert "华康医疗 ICU 监护" in words_of(card)
    assert "《异议处理手册》" in words_of(card)
    assert "记到客户名下" in buttons_of(card)


async def test_a_button_pressed_three_times_and_delivered_twice_acts_once(doors: HouseWithDoors) -> None:
    await doors.slack.say(HESITATES)
    await doors.settle()
    card, before = doors.slack.last_in("D0REP"), await doors.records("activity")
    presses = [doors.slack.press(card, "记到客户名下", trigger=trigger) for trigger in ("1.1.a", "1.2.b", "1.3.c", "1.1.a")]
    assert all(delivery.is_acknowledged for delivery in await asyncio.gather(*presses))
    await doors.settle()
    new = (await doors.records("activity")).keys() - before.keys()
    assert len(new) == 1
    (activity,) = [each for key, each in (await doors.records("activity")).items() if key in new]
    assert (activity["customer_id"], activity["deal_id"]) == ("C001", "D001")
    assert await doors.chain_is_sound()


async def test_undo_takes_back_what_a_button_did(doors: HouseWithDoors) -> None:
    await doors.slack.say("华康医疗那单推进到谈判")
    await doors.settle()
    assert (await doors.record("deal", "D001"))["stage"] == "negotiation"
    await doors.slack.say("撤销")
    await doors.settle()
    assert (await doors.record("deal", "D001"))["stage"] == "proposal"


async def test_an_answer_is_in_the_language_of_the_question(doors: HouseWithDoors) -> None:
    await doors.slack.say("Huakang said they want to think it over")
    await doors.settle()
    assert "Log it" in words_of(doors.slack.last_in("D0REP"))


# --- above the limit ------------------------------------------------------------------------------------------------------


async def test_an_amount_above_the_limit_waits_for_the_managers_and_says_why(doors: HouseWithDoors) -> None:
    await doors.slack.say(RAISES)
    await doors.settle()
    (asked,) = doors.slack.seen_in(MANAGERS)
    for basis in ("48万 → 60万", "林悦", "合同金额超过 50 万", "经理或总监", "24 小时", RAISES, "《合同审批与法务审核》"):
        assert basis in words_of(asked)
    assert list(buttons_of(asked)) == ["确认", "驳回", "改了再批", "为什么"]
    (waiting,) = doors.slack.seen_in("D0REP")
    assert "等确认" in words_of(waiting)
    assert float((await doors.record("deal", "D001"))["amount"]) == 480_000


async def test_the_managers_yes_changes_the_deal_every_copy_and_reaches_the_requester(doors: HouseWithDoors) -> None:
    await doors.slack.say(RAISES)
    await doors.settle()
    card = doors.slack.last_in(MANAGERS)
    presses = [doors.slack.press(card, "确认", user=user) for user in ("U0BOSS", "U0BOSS", "U0HEAD")]
    await asyncio.gather(*presses)
    await doors.settle()
    assert float((await doors.record("deal", "D001"))["amount"]) == 600_000
    for copy in (card, doors.slack.seen_in("D0REP")[0]):
        assert "已确认并执行" in words_of(copy)
        assert "沈国栋" in words_of(copy)
        assert buttons_of(copy) == {}
    told = doors.slack.seen_in("D0REP")[1:]
    assert ["确认人：沈国栋" in words_of(message) for message in told] == [True]
    assert await doors.chain_is_sound()


async def test_a_manager_of_another_region_is_refused_in_the_cards_thread(doors: HouseWithDoors) -> None:
    await doors.slack.say(RAISES)
    await doors.settle()
    card = doors.slack.last_in(MANAGERS)
    await doors.slack.press(card, "确认", user="U0SOUTH")
    await doors.settle()
    refusal = doors.slack.last_in(MANAGERS)
    assert refusal.thread_ts == card.ts
    assert "不能由您确认" in words_of(refusal)
    assert list(buttons_of(card)) == ["确认", "驳回", "改了再批", "为什么"]
    assert float((await doors.record("deal", "D001"))["amount"]) == 480_000


async def test_a_no_leaves_the_deal_as_it_was_and_says_so(doors: HouseWithDoors) -> None:
    await doors.slack.say(RAISES)
    await doors.settle()
    await doors.slack.press(doors.slack.last_in(MANAGERS), "驳回", user="U0BOSS")
    await doors.settle()
    assert float((await doors.record("deal", "D001"))["amount"]) == 480_000
    assert "沈国栋" in words_of(doors.slack.last_in("D0REP"))


async def test_a_yes_typed_below_the_card_counts_like_a_press(doors: HouseWithDoors) -> None:
    await doors.slack.say(RAISES)
    await doors.settle()
    card = doors.slack.last_in(MANAGERS)
    await doors.slack.deliver(doors.slack.mention("确认", user="U0BOSS", channel=MANAGERS, thread_ts=card.ts))
    await doors.settle()
    assert float((await doors.record("deal", "D001"))["amount"]) == 600_000
    assert "已确认并执行" in words_of(card)


async def test_a_manager_asked_alone_may_answer_in_words(doors: HouseWithDoors) -> None:
    await doors.no_chat_for_managers()
    await doors.slack.say(RAISES)
    await doors.settle()
    card = doors.slack.last_in("D0BOSS")
    await doors.slack.say("确认", user="U0BOSS")
    await doors.settle()
    assert float((await doors.record("deal", "D001"))["amount"]) == 600_000
    assert "已确认并执行" in words_of(card)
    assert "已确认并执行" in words_of(doors.slack.seen_in("D0HEAD")[0])


async def test_a_request_made_in_a_thread_is_taken_back_there(doors: HouseWithDoors) -> None:
    event = doors.slack.mention(RAISES)
    await doors.slack.deliver(event)
    await doors.settle()
    await doors.slack.deliver(doors.slack.in_channel("撤销", thread_ts=event["event"]["ts"]))
    await doors.settle()
    assert buttons_of(doors.slack.last_in(MANAGERS)) == {}
    assert [buttons_of(copy) for copy in doors.slack.seen_in("C0GENERAL")[:1]] == [{}]


async def test_whoever_asked_in_a_thread_is_told_of_the_answer_there(doors: HouseWithDoors) -> None:
    event = doors.slack.mention(RAISES)
    await doors.slack.deliver(event)
    await doors.settle()
    await doors.slack.press(doors.slack.last_in(MANAGERS), "确认", user="U0BOSS")
    await doors.settle()
    waiting, told = doors.slack.seen_in("C0GENERAL")
    assert "已确认并执行" in words_of(waiting)
    assert "确认人：沈国栋" in words_of(told)
    assert told.thread_ts == event["event"]["ts"]


# --- channels, threads, commands ------------------------------------------------------------------------------------------


async def test_a_mention_is_answered_in_its_thread_and_so_is_what_follows_there(doors: HouseWithDoors) -> None:
    event = doors.slack.mention(HESITATES)
    await doors.slack.deliver(event)
    await doors.settle()
    thread = event["event"]["ts"]
    await doors.slack.deliver(doors.slack.in_channel("那单推进到谈判", thread_ts=thread))
    await doors.settle()
    answers = doors.slack.seen_in("C0GENERAL")
    assert [answer.thread_ts for answer in answers] == [thread, thread]
    assert "方案 → 谈判" in words_of(answers[1])


async def test_what_colleagues_say_to_each_other_is_not_heard(doors: HouseWithDoors) -> None:
    await doors.slack.deliver(doors.slack.in_channel(HESITATES))
    await doors.slack.deliver(doors.slack.in_channel("那单推进到谈判", thread_ts="1795000000.000001"))
    assert await doors.heard() == 0


async def test_two_threads_of_a_channel_are_about_different_deals(doors: HouseWithDoors) -> None:
    first, second = doors.slack.mention("华康医疗什么情况"), doors.slack.mention("安和医院便携监护那单什么情况")
    await doors.slack.deliver(first)
    await doors.slack.deliver(second)
    await doors.settle()
    await doors.slack.deliver(doors.slack.in_channel("那单推进到谈判", thread_ts=first["event"]["ts"]))
    await doors.settle()
    assert (await doors.record("deal", "D001"))["stage"] == "negotiation"
    assert (await doors.record("deal", "D004"))["stage"] == "qualified"


async def test_a_slash_command_is_answered_to_the_one_who_gave_it(doors: HouseWithDoors) -> None:
    await doors.slack.command("帮助")
    await doors.settle()
    (help_,) = doors.slack.whispered_to("U0REP")
    assert help_.channel == "C0GENERAL"
    assert "那单推进到谈判" in words_of(help_)
    assert doors.slack.seen_in("C0GENERAL") == []


async def test_what_a_slash_command_waits_for_is_told_to_that_person_alone(doors: HouseWithDoors) -> None:
    await doors.slack.command(RAISES)
    await doors.settle()
    await doors.slack.press(doors.slack.last_in(MANAGERS), "确认", user="U0BOSS")
    await doors.settle()
    waiting, told = doors.slack.whispered_to("U0REP")
    assert "等确认" in words_of(waiting)
    assert "确认人：沈国栋" in words_of(told)
    assert doors.slack.seen_in("C0GENERAL") == doors.slack.seen_in("D0REP") == []


async def test_a_press_on_what_only_one_person_sees_is_answered_to_that_person(doors: HouseWithDoors) -> None:
    await doors.slack.command(RAISES)
    await doors.settle()
    (waiting,) = doors.slack.whispered_to("U0REP")
    await doors.slack.press(waiting, "撤回")
    await doors.settle()
    assert "已撤回" in words_of(doors.slack.whispered_to("U0REP")[-1])
    assert len(doors.slack.whispered_to("U0REP")) == 2
    assert "已撤回" in words_of(doors.slack.last_in(MANAGERS))


async def test_a_slash_command_works_where_parley_is_not_a_member(doors: HouseWithDoors) -> None:
    await doors.slack.command("帮助", channel="C0PRIVATE")
    await doors.settle()
    assert "那单推进到谈判" in words_of(doors.slack.last_in("D0REP"))


# --- people, files, lengths -----------------------------------------------------------------------------------------------


async def test_whoever_is_not_introduced_gets_a_plain_sentence_and_learns_nothing(doors: HouseWithDoors) -> None:
    await doors.slack.say(HESITATES, user="U0STRANGER")
    await doors.settle()
    (answer,) = doors.slack.seen_in("D0STRANGER")
    assert STRANGER in words_of(answer)
    assert "华康" not in words_of(answer)


async def test_a_strangers_press_changes_nothing(doors: HouseWithDoors) -> None:
    await doors.slack.deliver(doors.slack.mention(HESITATES))
    await doors.settle()
    before = await doors.records("activity")
    await doors.slack.press(doors.slack.last_in("C0GENERAL"), "记到客户名下", user="U0STRANGER")
    await doors.settle()
    assert await doors.records("activity") == before
    assert "您的岗位不能做这件事" in words_of(doors.slack.last_in("C0GENERAL"))


async def test_a_strangers_file_is_not_kept(doors: HouseWithDoors) -> None:
    file = File(b"%PDF-1.7 not a real document", "application/pdf")
    shared = [{"name": "offer.pdf", "mimetype": file.mime, "url_private": doors.slack.platform.share("offer", file)}]
    await doors.slack.say("", user="U0STRANGER", subtype="file_share", files=shared)
    await doors.settle()
    assert STRANGER in words_of(doors.slack.last_in("D0STRANGER"))
    assert file.asked == []


async def test_a_file_is_kept_and_acknowledged(doors: HouseWithDoors) -> None:
    file = File(b"%PDF-1.7 not a real document", "application/pdf")
    shared = [{"name": "offer.pdf", "mimetype": file.mime, "url_private": doors.slack.platform.share("offer", file)}]
    await doors.slack.say("", subtype="file_share", files=shared)
    await doors.settle()
    assert len(doors.slack.seen_in("D0REP")) == 1
    assert [path.read_bytes() for path in doors.kept_files()] == [file.content]


async def test_200_kilobytes_are_answered_with_how_much_was_read(doors: HouseWithDoors) -> None:
    delivery = await doors.slack.say(HESITATES + "。" + "华康医疗的事情很长,先说到这里。" * 4_000)
    assert delivery.is_acknowledged
    await doors.settle()
    note, card = doors.slack.seen_in("D0REP")
    assert "只读了前面一部分" in words_of(note)
    assert "华康医疗 ICU 监护" in words_of(card)


@pytest.mark.parametrize("text, answer", [("", "请写成文字"), ("👍👍", "现在没有等您确认的事"), ("???", "直接说就行")])
async def test_signs_without_words_get_a_plain_sentence(doors: HouseWithDoors, text: str, answer: str) -> None:
    await doors.slack.say(text)
    await doors.settle()
    (said,) = doors.slack.seen_in("D0REP")
    assert answer in words_of(said)
