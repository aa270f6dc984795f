"""A document sent in the chat becomes one that everybody is answered from, in sight of whoever answers for it."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import load_minds
from bot.settings import Settings
from retrieval.add import names_of
from tests.house_under_test import Arrived, HouseUnderTest, open_house

pytestmark = pytest.mark.parametrize("sample_url", ["sqlite"], indirect=True)
STEPS = "1. 检查桨叶和电池。(负责:飞手)\n2. 报备空域。(负责:飞手;时限:提前 2 小时)"
RULE = f"# 无人机巡检作业规范\n\n## 起飞前检查\n{STEPS}\n".encode()
NEWER = RULE.replace("提前 2 小时".encode(), "提前 4 小时".encode())
QUESTION = "无人机巡检的作业规范是什么"


@pytest.fixture
async def house(settings: Settings, sample_url: str):  # type: ignore[no-untyped-def]
    """A house with a shelf of its own: what it takes in is nobody else's."""
    async with open_house(settings, await load_minds(settings), sample_url) as house:
        yield house


def words(arrived: list[Arrived], conversation: str) -> str:
    return "\n".join(one.reply.text for one in arrived if one.conversation == conversation)


async def pressed(house: HouseUnderTest, who: str, label: str, place: str | None = None) -> str:
    button = next(button for button in house.buttons(place or who) if button.label == label)
    return words(await house.press(who, button, place=place), place or who)


async def answer(house: HouseUnderTest, who: str = "E01") -> str:
    await house.pass_time(timedelta(seconds=10))
    await house.house.shelf.rest()
    house.house.shelf.look()
    await house.house.shelf.rest()
    return words(await house.say(who, QUESTION), who)


async def test_a_manager_takes_a_document_in_and_everybody_is_answered_from_it(house: HouseUnderTest) -> None:
    assert "不知道" in await answer(house)
    told = words(await house.send_document("E11", "巡检.md", RULE), "E11")
    assert "《无人机巡检作业规范》" in told
    assert "1 段" in told
    assert "不知道" in await answer(house)  # looked at is not taken in

    assert "已收进知识库" in await pressed(house, "E11", "收进知识库")

    assert "检查桨叶和电池" in await answer(house)
    assert await house.chain_is_sound()


async def test_it_can_be_said_instead_of_pressed_with_the_file_or_after_it(house: HouseUnderTest) -> None:
    assert "已收进知识库" in words(await house.send_document("E11", "巡检.md", RULE, "把这个收进知识库"), "E11")
    await house.send_document("E11", "价目.txt", "# 配件价目\n桨叶 120 元一副。".encode())
    assert "已收进知识库" in words(await house.say("E11", "存到知识库吧"), "E11")


async def test_a_reps_document_waits_for_a_manager(house: HouseUnderTest) -> None:
    await house.send_document("E01", "巡检.md", RULE)
    assert "等确认" in await pressed(house, "E01", "收进知识库")
    assert "不知道" in await answer(house)

    await pressed(house, "E11", "确认", "managers")

    assert "检查桨叶和电池" in await answer(house)


async def test_what_was_taken_in_can_be_taken_out_again(house: HouseUnderTest) -> None:
    await house.send_document("E11", "巡检.md", RULE)
    await pressed(house, "E11", "收进知识库")
    await pressed(house, "E11", "撤销")
    assert "不知道" in await answer(house)
    assert names_of(house.home / "knowledge" / "documents") == frozenset()


async def test_a_changed_document_is_its_next_version_and_says_who_changed_it(house: HouseUnderTest) -> None:
    for content in (RULE, NEWER):
        await house.send_document("E11", "巡检.md", content)
        told = await pressed(house, "E11", "收进知识库")
    assert "替换了 1 版" in told
    await answer(house)

    said = words(await house.say("E01", "谁改的？上个版本怎么说？"), "E01")

    assert "改的人：" in said
    assert "提前 2 小时" in said
    assert "提前 4 小时" in said


async def test_customers_see_what_was_meant_for_them_and_nothing_else(house: HouseUnderTest) -> None:
    await house.send_document("E11", "巡检.md", RULE)
    await pressed(house, "E11", "收进知识库")
    assert "检查桨叶" not in await answer(house, "K001")
    await house.send_document("E11", "巡检二.md", NEWER)
    await pressed(house, "E11", "收进，客户也能看")
    assert "检查桨叶" in await answer(house, "K001")


async def test_what_cannot_be_read_is_told_in_the_senders_language(house: HouseUnderTest, tmp_path: Path) -> None:
    assert "打不开" in words(await house.send_document("E11", "a.pdf", b"%PDF-1.4 broken"), "E11")
    assert "没有文字" in words(await house.send_document("E11", "b.txt", b""), "E11")
    assert "宏" in words(await house.send_document("E11", "c.dotm", b"PK"), "E11")
    assert "is kept" in words(await house.send_document("E03", "d.rtf", b"{}", "what is this"), "E03")


async def test_the_same_file_twice_is_told_and_not_taken_in_twice(house: HouseUnderTest) -> None:
    await house.send_document("E11", "巡检.md", RULE)
    await pressed(house, "E11", "收进知识库")
    assert "已经在知识库里" in words(await house.send_document("E11", "巡检.md", RULE), "E11")


async def test_a_file_that_changed_since_it_was_looked_at_is_not_taken_in(house: HouseUnderTest) -> None:
    await house.send_document("E11", "巡检.md", RULE)
    [file] = (house.home / "files").rglob("巡检.md")
    file.write_bytes(NEWER)
    assert "已收进" not in await pressed(house, "E11", "收进知识库")
    assert names_of(house.home / "knowledge" / "documents") == frozenset()


async def test_a_customers_file_is_kept_and_offered_to_nobody(house: HouseUnderTest) -> None:
    told = words(await house.send_document("K001", "巡检.md", RULE), "K001")
    assert "知识库" not in told
    assert "文件收好了" in told


async def test_a_customer_who_asks_how_is_shown_the_pictures_of_the_steps(house: HouseUnderTest) -> None:
    [told] = await house.say("K001", "E-03报警怎么操作复位，步骤是什么")
    assert [Path(one.path).name for one in told.reply.pictures] == ["device-reset.png"]
    assert "2. 按" in told.reply.text
    await pressed(house, "K001", "一步一步来")
    button = next(button for button in house.buttons("K001") if button.label == "下一步")
    [step] = await house.press("K001", button)
    assert [one.alt for one in step.reply.pictures] == ["复位键是屏幕右边左起第一个"]


WARD = """---
id: ward-network
title: 病区网络
lang: zh
owner: 交付负责人
version: "1"
valid_from: 2026-01-01
audience: [rep, manager]
customer: C001
purpose: contract
---
## 病区网络规定
1. 接入点共十二个,先登记再接入。
2. 每周三夜里维护。
"""


async def test_a_customers_document_is_gone_through_only_by_who_may_see_the_customer(
    settings: Settings, sample_url: str, tmp_path: Path
) -> None:
    sops = shutil.copytree(settings.sops, tmp_path / "sops")
    (sops / "ward.md").write_text(WARD, encoding="utf-8")
    changed = settings.model_copy(update={"sops": sops})
    async with open_house(changed, await load_minds(changed), sample_url) as house:
        await house.say("E01", "查一下华康医疗", place="desk")
        told = words(await house.say("E01", "病区网络的规定是什么", place="desk"), "desk")
        assert "接入点共十二个" in told
        assert "接入点共十二个" in await pressed(house, "E01", "一步一步来", "desk")
        button = next(button for button in house.buttons_ever("desk") if button.label == "一步一步来")
        assert "十二个" not in words(await house.press("E02", button, place="desk"), "desk")
