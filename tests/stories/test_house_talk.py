"""A company's own words, its own intents and its corrections, from the file or the press to the answer."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from actions.outside.tables import CorrectionRow
from bot.app import Minds, load_minds
from bot.gaps import drafted, gaps, settle_gap
from bot.review import DROPPED, Correction, settle, waiting
from bot.settings import load_settings
from intents.added import Added, read_added, write_added
from intents.dictionary import Intent
from retrieval.commands import SAMPLE_SOPS
from retrieval.read import read_document
from retrieval.search import Library
from tests.house_under_test import MORNING, HouseUnderTest, open_house

pytestmark = pytest.mark.parametrize("sample_url", ["sqlite"], indirect=True)

DEALER = ("我想代理你们的产品", "怎么加盟啊", "我们想做贵司的经销商", "do you take on resellers", "做代理要交多少保证金")


# --- its words ------------------------------------------------------------------------------------------------------


async def test_a_nickname_counts_from_the_moment_the_file_is_saved(house: HouseUnderTest) -> None:
    await house.say("E01", "查一下老华")
    assert "华康医疗" not in (await house.say("E01", "查一下老华"))[0].reply.text
    (house.home / "words.yaml").write_text("customers:\n  华康医疗: [老华]\n", encoding="utf-8")
    assert "华康医疗" in (await house.say("E01", "查一下老华"))[0].reply.text


async def test_a_word_of_the_house_is_read_as_what_it_means(house: HouseUnderTest) -> None:
    (house.home / "words.yaml").write_text("words:\n  挂衣架: 先压着这个单子不录\n", encoding="utf-8")
    await house.say("E01", "华康那单挂衣架")
    reading = await house.last_reading()
    assert reading is not None
    assert reading["intent"] == "status.hold_deal"


async def test_while_the_file_is_broken_what_stood_there_before_counts(house: HouseUnderTest) -> None:
    words = house.home / "words.yaml"
    words.write_text("customers:\n  华康医疗: [老华]\n", encoding="utf-8")
    await house.say("E01", "查一下老华")
    words.write_text("customers: [老华\n", encoding="utf-8")
    assert "华康医疗" in (await house.say("E01", "查一下老华"))[0].reply.text


async def test_what_is_known_of_a_rival_is_found_by_its_nickname(house: HouseUnderTest) -> None:
    (house.home / "words.yaml").write_text("competitors:\n  Corvex 科维: [红厂]\n", encoding="utf-8")
    arrived = await house.say("E01", "我们和红厂比怎么样")
    assert "科维" in arrived[0].reply.text


# --- its intents ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def grown(house: HouseUnderTest, minds: Minds, sample_url: str) -> AsyncIterator[HouseUnderTest]:
    """The same house, started again with an intent of its own."""
    write_added(house.home / "intents", Added(Intent("become_dealer", ("customer", "rep"), "", "", ""), DEALER, ()))
    settings = load_settings(None).model_copy(update={"home": house.home})
    async with open_house(settings, await load_minds(settings), sample_url) as grown:
        yield grown


async def test_an_intent_of_the_house_reaches_the_owner_in_the_customers_words(grown: HouseUnderTest) -> None:
    arrived = await grown.say("K001", DEALER[0])
    reading = await grown.last_reading()
    assert reading is not None
    assert reading["intent"] == "become_dealer"
    assert {one.conversation for one in arrived} > {"K001"}
    assert any(DEALER[0] in one.reply.text for one in arrived if one.conversation != "K001")


async def test_a_colleague_is_told_what_was_understood(grown: HouseUnderTest) -> None:
    arrived = await grown.say("E01", DEALER[1])
    assert "become dealer" in arrived[0].reply.text


# --- its corrections ------------------------------------------------------------------------------------------------


async def kept(house: HouseUnderTest, text: str = "这价格真香", meant: str = "objection.price") -> Correction:
    row = {"key": text, "text": text, "lang": "zh", "role": "rep", "read_as": "out_of_scope", "meant": meant, "at": MORNING}
    async with house.store.write() as tx:
        await tx.execute(insert(CorrectionRow).values(**row))
    return next(one for one in await waiting(house.store) if one.text == text)


def lines(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "corrections.jsonl").read_text(encoding="utf-8").splitlines()]


async def test_what_is_kept_is_learned_once_and_waits_no_more(house: HouseUnderTest) -> None:
    one = await kept(house)
    learned, added = house.home / "learned", house.home / "intents"
    for _ in range(2):
        await settle(house.store, one, "objection.price", MORNING, learned=learned, added=added)
    [line] = lines(learned)
    assert (line["text"], line["intent"], line["role"]) == (one.text, "objection.price", "rep")
    assert await waiting(house.store) == []


async def test_what_is_dropped_is_not_learned_and_is_not_asked_again(house: HouseUnderTest) -> None:
    one = await kept(house)
    later = MORNING + timedelta(days=1)
    await settle(house.store, one, DROPPED, later, learned=house.home / "learned", added=house.home / "intents")
    assert not (house.home / "learned").exists()
    async with house.store.read() as tx:
        row = (await tx.execute(select(CorrectionRow.kept_as, CorrectionRow.reviewed_at))).one()
    assert tuple(row) == (DROPPED, later)


async def test_a_correction_to_an_added_intent_becomes_an_example_of_it(house: HouseUnderTest) -> None:
    added = house.home / "intents"
    write_added(added, Added(Intent("become_dealer", ("rep",), "", "", ""), DEALER, ()))
    one = await kept(house, "省代还有吗", "become_dealer")
    await settle(house.store, one, "become_dealer", MORNING, learned=house.home / "learned", added=added)
    assert read_added(added)[0].examples == (*DEALER, "省代还有吗")


async def test_what_was_wrongly_taken_for_an_added_intent_is_kept_apart_from_it(house: HouseUnderTest) -> None:
    added, learned = house.home / "intents", house.home / "learned"
    write_added(added, Added(Intent("become_dealer", ("rep",), "", "", ""), DEALER, ()))
    one = replace(await kept(house), read_as="become_dealer")
    await settle(house.store, one, "objection.price", MORNING, learned=learned, added=added)
    assert read_added(added)[0].unlike == (one.text,)
    assert [line["intent"] for line in lines(learned)] == ["objection.price"]


# --- what its documents lack ------------------------------------------------------------------------------------------


async def test_what_no_document_answers_is_noted_once_for_all_who_ask_it(house: HouseUnderTest) -> None:
    said = (await house.say("E01", "无人机巡检的作业规范是什么"))[0].reply.text
    assert "不知道" in said
    assert "知识缺口" in said
    await house.say("E11", "无人机巡检作业规范是怎么说的")
    await house.say("E01", "特殊折扣的审批流程是什么")

    [gap] = await gaps(house.store)

    assert (gap.question, gap.count) == ("无人机巡检的作业规范是什么", 2)
    await settle_gap(house.store, gap, house.clock())
    assert await gaps(house.store) == []


async def test_a_gap_comes_with_a_draft_that_only_lacks_the_answer_and_who_answers_for_it(house: HouseUnderTest) -> None:
    await house.say("E01", "无人机巡检的作业规范是什么")
    await house.say("E11", "无人机巡检作业规范是怎么说的")
    [gap] = await gaps(house.store)

    draft = drafted(gap, Library.load(SAMPLE_SOPS), house.clock().date())

    assert "无人机巡检作业规范是怎么说的" in draft
    with pytest.raises(ValueError, match="lacks the field owner"):
        read_document(draft.encode(), "a.md")
    [passage] = read_document((draft.replace("owner: ''", "owner: 陈雪") + "起飞前检查桨叶。").encode(), "a.md")
    assert (passage.section, passage.text) == ("无人机巡检的作业规范是什么", "起飞前检查桨叶。")
    assert passage.audience == {"rep", "manager"}


async def test_what_was_cited_and_did_not_help_stands_with_the_gap(house: HouseUnderTest) -> None:
    await house.say("E01", "特殊折扣的审批流程是什么")
    button = next(button for button in house.buttons("E01") if button.label == "没答对")
    await house.press("E01", button)
    [gap] = await gaps(house.store)
    assert gap.documents == ("特殊折扣审批流程",)


async def test_a_passage_that_did_not_help_goes_behind_when_others_ask_the_same(house: HouseUnderTest) -> None:
    question = "特殊折扣的审批流程是什么"
    first = (await house.say("E01", question))[0].reply
    for who in ("E01", "E02", "E04"):
        await house.say(who, question)
        button = next(button for button in house.buttons(who) if button.label == "没答对")
        await house.press(who, button)
    await house.pass_time(timedelta(minutes=1))
    again = (await house.say("E05", question))[0].reply
    assert first.card is not None
    assert again.card is not None
    assert first.card.source != again.card.source
