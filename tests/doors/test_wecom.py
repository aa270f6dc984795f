"""What people live through in WeCom: template cards and their redrawing, group chats, limits, forged callbacks."""

import asyncio
from datetime import timedelta

import pytest

from tests.doors.house_with_doors import (
    AES_KEY,
    CALLBACK_TOKEN,
    CORP_ID,
    CUSTOMER,
    WECOM_USERS,
    HouseWithDoors,
    labels_of,
    words_on,
)
from tests.platforms.tencent import Fault
from tests.platforms.tencent_callbacks import WeComServer

HESITATES = "客户说再考虑一下,华康医疗那单"
RAISES = "华康医疗那单金额改到60万"
MOVES_ON = "华康医疗那单推进到谈判"


@pytest.fixture(autouse=True)
async def company(doors: HouseWithDoors) -> None:
    await doors.bind("wecom", WECOM_USERS)
    await doors.bind_managers("wecom", "chat:managers")


# --- cards ----------------------------------------------------------------------------------------------------------------


async def test_a_text_is_answered_with_a_template_card(doors: HouseWithDoors) -> None:
    response = await doors.wecom.say(HESITATES)
    assert (response.status_code, response.text) == (200, "")
    await doors.settle()
    words, card = doors.wecom.api.seen_by("zhang")
    assert "《异议处理手册》" in words_on(words)
    assert "华康医疗 ICU 监护" in words_on(card)
    assert "记到客户名下" in labels_of(card)


async def test_a_press_that_is_delivered_three_times_acts_once(doors: HouseWithDoors) -> None:
    await doors.wecom.say(HESITATES)
    await doors.settle()
    (card,), before = doors.wecom.cards_of("zhang"), await doors.records("activity")
    press = doors.wecom.pressing(card, "记到客户名下")
    responses = await asyncio.gather(*(doors.wecom.server.deliver(press) for _ in range(3)))
    assert [response.status_code for response in responses] == [200, 200, 200]
    await doors.settle()
    assert len(await doors.records("activity")) == len(before) + 1
    assert await doors.chain_is_sound()


async def test_a_text_delivered_again_is_the_same_text(doors: HouseWithDoors) -> None:
    xml = doors.wecom.text(MOVES_ON)
    for _ in range(3):
        assert (await doors.wecom.server.deliver(xml)).status_code == 200
    await doors.settle()
    assert await doors.heard() == 1
    assert len(doors.wecom.cards_of("zhang")) == 1


async def test_a_voice_message_that_cannot_be_made_out_is_kept_sealed_and_said_so(doors: HouseWithDoors) -> None:
    doors.wecom.api.media["recording-1"] = b"#!AMR not a real recording"
    doors.wecom.api.faults.append("cut off")
    await doors.wecom.server.deliver(doors.wecom.media("voice", "recording-1"))
    await doors.settle()
    assert doors.kept_files() == []
    assert len(list((doors.home / "recordings").glob("*.sealed"))) == 1
    assert "这段语音我没听清" in words_on(doors.wecom.api.seen_by("zhang")[0])


async def test_a_file_that_is_gone_is_told_to_be_gone(doors: HouseWithDoors) -> None:
    await doors.wecom.server.deliver(doors.wecom.media("image", "never-there"))
    await doors.settle()
    assert doors.kept_files() == []
    (told,) = doors.wecom.api.seen_by("zhang")
    assert "没能收下" in words_on(told)


async def test_200_kilobytes_are_answered_with_how_much_was_read(doors: HouseWithDoors) -> None:
    assert (await doors.wecom.say(HESITATES + "。" + "华康医疗的事情很长,先说到这里。" * 4_000)).status_code == 200
    await doors.settle()
    assert "只读了前面一部分" in words_on(doors.wecom.api.seen_by("zhang")[0])
    assert "记到客户名下" in labels_of(doors.wecom.cards_of("zhang")[-1])


async def test_whoever_is_not_introduced_gets_a_plain_sentence(doors: HouseWithDoors) -> None:
    await doors.wecom.say(HESITATES, "nobody")
    await doors.settle()
    (told,) = doors.wecom.api.seen_by("nobody")
    assert "我还不认识您" in words_on(told)


# --- above the limit ------------------------------------------------------------------------------------------------------


async def test_the_group_reads_what_is_asked_and_those_who_may_answer_get_the_card_alone(doors: HouseWithDoors) -> None:
    await doors.wecom.say(RAISES)
    await doors.settle()
    in_group = doors.wecom.api.seen_by("chat:managers")
    assert {message.kind for message in in_group} == {"markdown"}
    assert "48万 → 60万" in words_on(in_group[0])
    for manager in ("li", "zhou"):
        (card,) = doors.wecom.cards_of(manager)
        assert labels_of(card) == ["确认", "驳回", "改了再批", "为什么"]
    assert doors.wecom.cards_of("chen") == [], "who may not confirm this is not asked"


async def test_a_yes_redraws_every_card_and_tells_the_group(doors: HouseWithDoors) -> None:
    await doors.wecom.say(RAISES)
    await doors.settle()
    (asked,) = doors.wecom.cards_of("li")
    await doors.wecom.press(asked, "确认")
    await doors.settle()
    assert float((await doors.record("deal", "D001"))["amount"]) == 600_000
    for who in ("li", "zhou", "zhang"):
        card = doors.wecom.cards_of(who)[0]
        assert "已确认并执行" in words_on(card)
        assert labels_of(card) == ["已更新"]
    assert doors.wecom.api.updates == 3
    told = doors.wecom.api.seen_by("chat:managers")[-1]
    assert "已确认并执行" in words_on(told)
    assert "以此为准" in words_on(told)
    assert "确认人：沈国栋" in words_on(doors.wecom.cards_of("zhang")[1])


async def test_a_card_that_can_no_longer_be_redrawn_is_disowned_by_a_new_one(doors: HouseWithDoors) -> None:
    await doors.wecom.say(RAISES)
    await doors.settle()
    (asked,) = doors.wecom.cards_of("li")
    doors.wecom.api.forget_codes()
    await doors.wecom.press(asked, "驳回")
    await doors.settle()
    assert doors.wecom.api.updates == 1, "the press brought a code of its own"
    newer = doors.wecom.api.seen_by("zhou")[-1]
    assert "以此为准" in words_on(newer)


async def test_a_second_yes_is_told_that_it_came_too_late(doors: HouseWithDoors) -> None:
    await doors.wecom.say(RAISES)
    await doors.settle()
    (first,), (second,) = doors.wecom.cards_of("li"), doors.wecom.cards_of("zhou")
    late = doors.wecom.pressing(second, "驳回")
    await doors.wecom.press(first, "确认")
    await doors.settle()
    await doors.wecom.server.deliver(late)
    await doors.settle()
    assert float((await doors.record("deal", "D001"))["amount"]) == 600_000
    assert "已经办过了" in words_on(doors.wecom.api.seen_by("zhou")[-1])


# --- when qyapi misbehaves ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["token expired", "busy", "429", "500", "503", "lost", "lost on the way", "not JSON"])
async def test_each_answer_arrives_exactly_once_and_in_order(doors: HouseWithDoors, fault: Fault) -> None:
    doors.wecom.api.faults.extend([fault, fault])
    for text in (MOVES_ON, "那单改回方案阶段", "撤销"):
        await doors.wecom.say(text)
    await doors.settle(timedelta(minutes=2))
    answers = [words_on(message) for message in doors.wecom.api.seen_by("zhang")]
    assert len(answers) == 3, answers
    assert [word in answer for word, answer in zip(("方案 → 谈判", "谈判 → 方案", "撤销"), answers, strict=True)] == [
        True
    ] * 3
    assert {row.state for row in await doors.sends("wecom")} == {"sent"}


async def test_a_text_whose_answer_was_lost_is_sent_again_and_dropped_by_wecoms_own_check(doors: HouseWithDoors) -> None:
    doors.wecom.api.faults.append("lost")
    await doors.wecom.say("我的地址改了", "nobody")
    await doors.settle(timedelta(minutes=2))
    (shown,) = doors.wecom.api.seen_by("nobody")
    assert shown.kind == "text"
    assert doors.wecom.api.repeats == 1


async def test_where_wecom_is_asked_too_often_the_answer_waits_a_minute(doors: HouseWithDoors) -> None:
    doors.wecom.api.faults.append("too often")
    await doors.wecom.say(MOVES_ON)
    await doors.settle(timedelta(seconds=59))
    assert doors.wecom.api.seen_by("zhang") == []
    await doors.settle(timedelta(seconds=61))
    assert len(doors.wecom.api.seen_by("zhang")) == 1


async def test_a_long_answer_comes_in_pieces_that_wecom_takes(doors: HouseWithDoors) -> None:
    await doors.bind("wechat", {"K001": CUSTOMER})
    for number in range(1, 9):
        await doors.wechat.say(f"设备坏了,第 {number} 台监护仪开不了机")
    await doors.settle(timedelta(minutes=5))
    before = len(doors.wecom.api.seen_by("zhou"))
    await doors.wecom.say("今天的晨会简报", "zhou")
    await doors.settle()
    await doors.wecom.say("更多", "zhou")
    await doors.settle()
    brief, *pieces = doors.wecom.api.seen_by("zhou")[before:]
    assert labels_of(brief)[-1] == "更多"
    assert len(pieces) == 2
    lines = "\n".join(piece.text for piece in pieces).splitlines()
    assert lines[-1].startswith("泰岳体检中心有限公司")
    assert all(len(piece.text.encode()) <= 2048 for piece in pieces)


# --- forged callbacks -----------------------------------------------------------------------------------------------------


async def test_forged_stale_and_wrongly_sealed_callbacks_are_refused_and_not_heard(doors: HouseWithDoors) -> None:
    xml, clock = doors.wecom.text(MOVES_ON), doors.clock
    other_key = AES_KEY[::-1]
    strangers = [
        WeComServer(doors.http, "another-token", AES_KEY, CORP_ID, clock),
        WeComServer(doors.http, CALLBACK_TOKEN, other_key, CORP_ID, clock),
        WeComServer(doors.http, CALLBACK_TOKEN, AES_KEY, "ww0000000000000002", clock),
        WeComServer(doors.http, CALLBACK_TOKEN, AES_KEY, CORP_ID, lambda: clock() - timedelta(minutes=6)),
    ]
    responses = [await stranger.deliver(xml) for stranger in strangers]
    responses.append(await doors.http.post("/wecom/callback", content=xml))
    assert [response.status_code for response in responses] == [403] * 5
    assert await doors.heard() == 0


async def test_an_old_press_cannot_be_played_back_with_other_words(doors: HouseWithDoors) -> None:
    await doors.wecom.server.deliver(doors.wecom.text("帮助"), nonce="1", timestamp=str(int(doors.clock().timestamp())))
    again = await doors.wecom.server.deliver(
        doors.wecom.text(MOVES_ON), nonce="1", timestamp=str(int(doors.clock().timestamp()))
    )
    assert again.status_code == 403
    assert await doors.heard() == 1


async def test_the_callback_url_proves_itself(doors: HouseWithDoors) -> None:
    assert (await doors.wecom.server.prove("1234567890")).text == "1234567890"
    assert (await doors.wecom.server.prove("1234567890", AES_KEY[::-1])).status_code == 403
