"""One conversation across the platforms: raised here, taken there, seen elsewhere; a yes counts wherever it is given."""

from datetime import timedelta

import pytest

from tests.doors.house_with_doors import CUSTOMER, MANAGERS, HouseWithDoors, buttons_of, labels_of, words_of, words_on

COMPLAINS = "你们的设备又坏了,我要投诉!"
RAISES = "华康医疗那单金额改到60万"


ON_BOTH = pytest.mark.parametrize("sample_url", ["sample_sqlite_url", "sample_postgres_url"], indirect=True)


@pytest.fixture(autouse=True)
async def company(doors: HouseWithDoors) -> None:
    """The customer in WeChat, the rep and the director in WeCom, both managers in Slack."""
    await doors.bind("wechat", {"K001": CUSTOMER})
    await doors.bind("wecom", {"E01": "zhang", "E20": "zhou"})
    await doors.bind("slack", {"E11": "U0BOSS", "E12": "U0SOUTH"})
    await doors.bind_managers("slack", MANAGERS)


@ON_BOTH
async def test_a_complaint_from_wechat_is_taken_in_slack_and_seen_to_be_taken_in_wecom(doors: HouseWithDoors) -> None:
    assert "已报给经理" in await doors.wechat.answer_to(COMPLAINS)
    await doors.settle()
    in_slack, (in_wecom,) = doors.slack.last_in(MANAGERS), doors.wecom.cards_of("zhang")
    assert COMPLAINS in words_of(in_slack)
    assert labels_of(in_wecom) == ["我来处理"]
    await doors.slack.press(in_slack, "我来处理", user="U0BOSS")
    await doors.settle()
    for words in (words_of(in_slack), words_on(in_wecom)):
        assert "沈国栋 在处理" in words
    assert buttons_of(in_slack) == {}
    assert labels_of(in_wecom) == ["已更新"]
    assert "处理中" in await doors.wechat.answer_to("我的工单到哪一步了")
    assert await doors.chain_is_sound()


async def test_of_two_who_take_a_complaint_at_once_one_has_it(doors: HouseWithDoors) -> None:
    await doors.wechat.say(COMPLAINS)
    await doors.settle()
    in_slack, (in_wecom,) = doors.slack.last_in(MANAGERS), doors.wecom.cards_of("zhang")
    too_late = doors.wecom.pressing(in_wecom, "我来处理")
    await doors.slack.press(in_slack, "我来处理", user="U0BOSS")
    await doors.settle()
    await doors.wecom.server.deliver(too_late)
    await doors.settle()
    taken = [each for each in (await doors.records("ticket")).values() if each["subject"] == COMPLAINS]
    assert [each["taken_by"] for each in taken] == ["E11"]
    assert "已经有人在处理" in words_on(doors.wecom.api.seen_by("zhang")[-1])


@ON_BOTH
async def test_what_is_asked_in_wecom_and_slack_may_be_answered_over_http_and_every_card_changes(
    doors: HouseWithDoors,
) -> None:
    await doors.wecom.say(RAISES)
    await doors.settle()
    in_slack, (mine,) = doors.slack.last_in(MANAGERS), doors.wecom.cards_of("zhang")
    (pending,) = (await doors.http.get("/api/proposals")).json()
    verdict = {"person": "E11", "yes": True, "digest": pending["digest"]}
    answer = await doors.http.post(f"/api/proposals/{pending['id']}/decision", json=verdict)
    assert (answer.status_code, answer.json()["outcome"], answer.json()["state"]) == (200, "done", "done")
    await doors.settle()
    assert float((await doors.record("deal", "D001"))["amount"]) == 600_000
    for words in (words_of(in_slack), words_on(mine)):
        assert "已确认并执行" in words
    assert (labels_of(mine), buttons_of(in_slack)) == (["已更新"], {})
    assert "确认人：沈国栋" in words_on(doors.wecom.cards_of("zhang")[-1])


async def test_the_first_answer_wins_wherever_it_is_given(doors: HouseWithDoors) -> None:
    await doors.wecom.say(RAISES)
    await doors.settle()
    (pending,) = (await doors.http.get("/api/proposals")).json()
    await doors.slack.press(doors.slack.last_in(MANAGERS), "驳回", user="U0BOSS")
    await doors.settle()
    verdict = {"person": "E20", "yes": True, "digest": pending["digest"]}
    answer = await doors.http.post(f"/api/proposals/{pending['id']}/decision", json=verdict)
    assert (answer.status_code, answer.json()["state"]) == (409, "rejected")
    assert float((await doors.record("deal", "D001"))["amount"]) == 480_000


async def test_a_confirmation_outlives_its_time_nowhere(doors: HouseWithDoors) -> None:
    await doors.wecom.say(RAISES)
    await doors.settle()
    asked = doors.slack.last_in(MANAGERS)
    too_late = doors.slack.pressing(asked, "确认", user="U0BOSS")
    for _ in range(2):  # it is passed on to the next one up, with a day of its own
        assert "过期未确认" not in words_of(asked)
        await doors.pass_time(timedelta(hours=25))
    seen = [words_on(card) for card in doors.wecom.api.seen_by("zhang")]
    for words in (words_of(asked), seen[-1]):
        assert "过期未确认，没有执行" in words
    assert buttons_of(asked) == {}
    # WeCom's code for a card serves once, and was used when it was passed on: a new card disowns the old one
    assert any("过期未确认" in words and "之前的卡片已失效" in words for words in seen)
    await doors.slack.interact(too_late)
    await doors.settle()
    assert float((await doors.record("deal", "D001"))["amount"]) == 480_000
    assert "过期未确认" in words_of(doors.slack.last_in(MANAGERS))


async def test_a_customers_change_of_name_is_asked_in_slack_and_told_in_wechat_once(doors: HouseWithDoors) -> None:
    await doors.wechat.say("我们公司改名了")
    assert "经理或总监确认后才生效" in await doors.wechat.answer_to("华康示例医疗有限公司")
    await doors.settle()
    await doors.slack.press(doors.slack.last_in(MANAGERS), "确认", user="U0BOSS")
    await doors.settle()
    assert (await doors.record("customer", "C001"))["name"] == "华康示例医疗有限公司"
    ((_, told),) = doors.wechat.api.said
    assert "公司资料已更新" in told
    assert "沈国栋" in told


@ON_BOTH
async def test_a_customer_takes_a_request_back_with_a_number(doors: HouseWithDoors) -> None:
    await doors.wechat.say("我们公司改名了")
    await doors.wechat.say("华康示例医疗有限公司")
    assert "已撤回" in await doors.wechat.answer_to("1")
    await doors.settle()
    assert buttons_of(doors.slack.last_in(MANAGERS)) == {}
    assert doors.wechat.api.said == []


async def test_whoever_wrote_in_two_places_is_told_where_they_were_last(doors: HouseWithDoors) -> None:
    await doors.bind("slack", {"E01": "U0REP"})
    await doors.slack.say("帮助")
    await doors.settle()
    doors.clock.move(timedelta(minutes=1))
    await doors.wecom.say("帮助")
    await doors.settle()
    seen_in_slack = len(doors.slack.seen_in("D0REP"))
    await doors.wechat.say(COMPLAINS)
    await doors.settle()
    assert len(doors.slack.seen_in("D0REP")) == seen_in_slack
    assert COMPLAINS in words_on(doors.wecom.api.seen_by("zhang")[-1])
