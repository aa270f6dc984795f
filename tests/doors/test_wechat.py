"""What a customer lives through in WeChat: answers in the same breath, later ones within the quota, being recognised."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.channel import Channel
from bot.channels.roster import CHANNELS, Given, Parts, Row
from bot.message import Reply
from tests.doors.house_with_doors import CUSTOMER, WECOM_USERS, HouseWithDoors, OpenHouse, Plan, words_on
from tests.platforms.tencent_callbacks import WeChatServer, xml_of

MOVED = "我们公司地址改到上海市浦东新区示例路88号了"
NEW_ADDRESS = "上海市浦东新区示例路88号"
STRANGER = "oStranger1"


@pytest.fixture
async def company(doors: HouseWithDoors) -> HouseWithDoors:
    await _introduce(doors)
    return doors


async def _introduce(doors: HouseWithDoors) -> None:
    await doors.bind("wechat", {"K001": CUSTOMER})
    await doors.bind("wecom", WECOM_USERS)


# --- at once --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["plain", "compatible", "aes"])
async def test_a_new_address_is_confirmed_in_the_same_answer(open_house: OpenHouse, mode: str) -> None:
    async with open_house(Plan(wechat_mode=mode)) as doors:
        await _introduce(doors)
        answer = await doors.wechat.answer_to(MOVED)
        assert "地址已更新" in answer
        assert NEW_ADDRESS in answer
        assert (await doors.record("customer", "C001"))["address"] == NEW_ADDRESS
        await doors.settle()
        assert doors.wechat.api.said == []
        assert NEW_ADDRESS in words_on(doors.wecom.api.seen_by("zhang")[0]), "the owner hears of it"
        assert await doors.chain_is_sound()


async def test_a_message_delivered_again_gets_the_same_answer_and_changes_nothing_more(company: HouseWithDoors) -> None:
    xml = company.wechat.text(MOVED)
    first, second, third = await asyncio.gather(*(company.wechat.deliver(xml) for _ in range(3)))
    later = await company.wechat.deliver(xml)
    assert company.wechat.read(first)
    assert {company.wechat.read(again) for again in (first, second, third, later)} == {company.wechat.read(first)}
    assert await company.heard() == 1
    await company.settle()
    assert company.wechat.api.said == []


async def test_a_number_presses_the_button_that_stands_at_it(company: HouseWithDoors) -> None:
    before = (await company.record("customer", "C001"))["address"]
    answer = await company.wechat.answer_to(MOVED)
    assert "1. 撤销" in answer
    assert "已撤销" in await company.wechat.answer_to("1")
    assert (await company.record("customer", "C001"))["address"] == before


async def test_a_number_without_a_button_is_told_so(company: HouseWithDoors) -> None:
    await company.wechat.answer_to(MOVED)
    assert "已经失效" in await company.wechat.answer_to("7")
    assert (await company.record("customer", "C001"))["address"] == NEW_ADDRESS


async def test_a_company_name_in_law_waits_for_a_manager_and_the_customer_hears_the_end(company: HouseWithDoors) -> None:
    await company.bind_managers("wecom", "chat:managers")
    assert "要改成什么" in await company.wechat.answer_to("我们公司改名了")
    assert "经理或总监确认后才生效" in await company.wechat.answer_to("华康示例医疗有限公司")
    await company.settle()
    assert (await company.record("customer", "C001"))["name"] == "华康医疗科技有限公司"
    (card,) = company.wecom.cards_of("li")
    await company.wecom.press(card, "确认")
    await company.settle()
    assert (await company.record("customer", "C001"))["name"] == "华康示例医疗有限公司"
    ((openid, told),) = company.wechat.api.said
    assert openid == CUSTOMER
    assert "公司资料已更新" in told


# --- later ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def slow(open_house: OpenHouse) -> AsyncIterator[HouseWithDoors]:
    """A house in which no answer is ready before WeChat hangs up."""

    async def nothing_in_time(key: str, seconds: float) -> list[Reply]:
        return []

    def build(given: Given, parts: Parts) -> Channel:
        return CHANNELS["wechat"].build(given, replace(parts, await_replies=nothing_in_time))

    row = Row(CHANNELS["wechat"].needed, CHANNELS["wechat"].optional, build)
    plan = Plan(roster={**CHANNELS, "wechat": row})
    async with open_house(plan) as doors:
        await _introduce(doors)
        yield doors


async def test_an_answer_that_takes_too_long_comes_as_a_customer_service_message(slow: HouseWithDoors) -> None:
    response = await slow.wechat.say(MOVED)
    assert (response.status_code, response.text) == (200, "success")
    await slow.settle(timedelta(seconds=3))
    assert slow.wechat.api.said == [], "until then the answer to the callback could still have taken it along"
    await slow.settle(timedelta(seconds=10))
    ((openid, text),) = slow.wechat.api.said
    assert openid == CUSTOMER
    assert "地址已更新" in text


async def test_an_answer_that_took_too_long_is_not_doubled_by_the_next_deliveries(slow: HouseWithDoors) -> None:
    xml = slow.wechat.text(MOVED)
    for _ in range(3):
        assert (await slow.wechat.deliver(xml)).text == "success"
    await slow.settle(timedelta(seconds=10))
    assert len(slow.wechat.api.said) == 1
    assert await slow.heard() == 1


@pytest.mark.parametrize("what", ["used up", "never opened"])
async def test_beyond_the_quota_an_answer_is_kept_until_the_customer_writes_again(slow: HouseWithDoors, what: str) -> None:
    if what == "used up":
        slow.wechat.api.hears(CUSTOMER)
        slow.wechat.api.use_up(CUSTOMER)
    await slow.wechat.server.deliver(slow.wechat.text(MOVED))
    await slow.settle(timedelta(seconds=10))
    await slow.pass_time(timedelta(hours=3))
    assert slow.wechat.api.said == []
    assert [row.state for row in await slow.sends("wechat")] == ["queued"]
    await slow.wechat.say("报价发我一下")
    await slow.settle(timedelta(seconds=10))
    first, second = (text for _, text in slow.wechat.api.said)
    assert "地址已更新" in first
    assert "报价" in second


async def test_a_customer_service_message_whose_answer_was_lost_is_not_sent_twice(slow: HouseWithDoors) -> None:
    slow.wechat.api.faults.append("lost")
    await slow.wechat.say(MOVED)
    await slow.settle(timedelta(minutes=2))
    assert len(slow.wechat.api.said) == 1
    assert [row.state for row in await slow.sends("wechat")] == ["unknown"]


@pytest.mark.parametrize("fault", ["busy", "too often", "503", "token expired"])
async def test_a_customer_service_message_that_was_not_taken_is_sent_again(slow: HouseWithDoors, fault: str) -> None:
    slow.wechat.api.faults.append(fault)
    await slow.wechat.say(MOVED)
    await slow.settle(timedelta(minutes=3))
    assert ["地址已更新" in text for _, text in slow.wechat.api.said] == [True]


# --- followers ------------------------------------------------------------------------------------------------------------


async def test_an_unknown_follower_sees_nothing_until_an_invitation_code_names_them(company: HouseWithDoors) -> None:
    before = (await company.record("customer", "C001"))["address"]
    answer = await company.wechat.answer_to(MOVED, STRANGER)
    assert "我还不认识您" in answer
    assert "邀请码" in answer
    assert (await company.record("customer", "C001"))["address"] == before
    code = await company.invite("K001")
    assert "王建平" in await company.wechat.answer_to(code, STRANGER)
    assert "地址已更新" in await company.wechat.answer_to(MOVED, STRANGER)
    assert (await company.record("customer", "C001"))["address"] == NEW_ADDRESS


async def test_an_invitation_code_is_good_once_and_not_for_ever(company: HouseWithDoors) -> None:
    code = await company.invite("K001")
    company.clock.move(timedelta(days=8))
    assert "邀请码不对或已过期" in await company.wechat.answer_to(code, STRANGER)
    assert "我还不认识您" in await company.wechat.answer_to(MOVED, STRANGER)
    newer = await company.invite("K001")
    assert "王建平" in await company.wechat.answer_to(newer.lower(), STRANGER)
    company.wechat.api.followers.add("oStranger2")
    assert "邀请码不对或已过期" in await company.wechat.answer_to(newer, "oStranger2")
    assert "我还不认识您" in await company.wechat.answer_to(MOVED, "oStranger2")


async def test_whoever_follows_is_shown_what_they_can_say(company: HouseWithDoors) -> None:
    event = company.wechat.event("subscribe")
    answer = company.wechat.read(await company.wechat.deliver(event))
    assert "公司地址换了" in answer
    assert company.wechat.read(await company.wechat.deliver(event)) == answer


async def test_whoever_scans_an_invitation_is_recognised(company: HouseWithDoors) -> None:
    code = await company.invite("K001")
    event = company.wechat.event("subscribe", STRANGER, f"qrscene_{code}").replace(
        "</xml>", "<Ticket><![CDATA[sample]]></Ticket></xml>"
    )
    assert "王建平" in company.wechat.read(await company.wechat.deliver(event, STRANGER))


async def test_whoever_leaves_gets_no_answer(company: HouseWithDoors) -> None:
    response = await company.wechat.server.deliver(company.wechat.event("unsubscribe"))
    assert response.text == "success"
    await company.settle(timedelta(minutes=1))
    assert await company.sends("wechat") == []


async def test_what_cannot_be_read_is_answered_plainly(company: HouseWithDoors) -> None:
    location = xml_of(FromUserName=CUSTOMER, ToUserName="gh_sample", CreateTime=1_795_572_000, MsgType="location", MsgId=77)
    assert "读不了" in company.wechat.read(await company.wechat.deliver(location))


async def test_200_kilobytes_are_answered_with_how_much_was_read(company: HouseWithDoors) -> None:
    answer = await company.wechat.answer_to(MOVED + "。" + "这件事说来话长,先说到这里。" * 4_000)
    assert "只读了前面一部分" in answer


# --- forged callbacks -----------------------------------------------------------------------------------------------------


async def test_forged_and_stale_callbacks_are_refused_and_not_heard(company: HouseWithDoors) -> None:
    xml, server, clock = company.wechat.text(MOVED), company.wechat.server, company.clock
    strangers = [
        replace(server, token="another-token"),
        replace(server, now=lambda: clock() - timedelta(minutes=6)),
        replace(server, mode="aes"),
    ]
    statuses = [(await stranger.deliver(xml)).status_code for stranger in strangers]
    assert statuses == [403, 403, 400]
    assert await company.heard() == 0


async def test_with_a_key_set_only_sealed_letters_are_believed(open_house: OpenHouse) -> None:
    async with open_house(Plan(wechat_mode="aes")) as doors:
        xml = doors.wechat.text(MOVED)
        open_letter = replace(doors.wechat.server, mode="plain")
        wrong_key = replace(doors.wechat.server, aes_key=doors.wechat.server.aes_key[::-1])
        assert [(await server.deliver(xml)).status_code for server in (open_letter, wrong_key)] == [403, 403]
        assert await doors.heard() == 0


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><MsgType>&b;</MsgType></xml>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><MsgType>text</MsgType><Content>&a;</Content></xml>',
        "<xml><MsgType>text</MsgType>",
        "",
    ],
)
async def test_xml_that_is_a_trap_is_refused_and_not_heard(company: HouseWithDoors, body: str) -> None:
    server: WeChatServer = company.wechat.server
    assert (await server.deliver(body)).status_code == 400
    assert await company.heard() == 0
