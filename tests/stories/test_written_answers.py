"""An answer from documents, written by a large model: only what its passages bear out reaches anybody."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from actions.outside.tables import AuditRow
from bot.app import Minds
from bot.settings import Settings
from tests.house_under_test import HouseUnderTest, open_house
from tests.platforms.large_model import KEY, MODEL, Broken, LargeModel, Says

pytestmark = pytest.mark.parametrize("sample_url", ["sqlite"], indirect=True)
QUESTION = "样机最长能借多久"
TRUE = "借用最长 15 天"


@pytest.fixture
async def model() -> AsyncIterator[LargeModel]:
    server = LargeModel()
    async with server.serving():
        yield server


@pytest.fixture
async def written(model: LargeModel, settings: Settings, minds: Minds, sample_url: str) -> AsyncIterator[HouseUnderTest]:
    """The same house, with a large model beside it."""
    known = {"llm_base_url": model.url, "llm_model": MODEL, "llm_api_key": SecretStr(KEY)}
    async with open_house(settings.model_copy(update=known), minds, sample_url) as house:
        yield house


async def told(house: HouseUnderTest, who: str = "E01", question: str = QUESTION) -> str:
    return (await house.say(who, question))[0].reply.text


async def citations(house: HouseUnderTest) -> list[dict[str, Any]]:
    async with house.store.read() as tx:
        return list((await tx.execute(select(AuditRow.body).where(AuditRow.kind == "citation"))).scalars())


async def test_each_sentence_stands_with_the_passage_that_bears_it_out(model: LargeModel, written: HouseUnderTest) -> None:
    model.behaves.extend([Says(f"{TRUE}。[1] 需要的话可以无限期延长。[1] 总裁会亲自送来。")])
    text = await told(written)
    assert f"{TRUE}。[1]" in text
    assert "[1] 《样机借用与归还》" in text
    assert "无限期" not in text
    assert "总裁" not in text


async def test_what_was_cited_is_kept_by_the_hash_of_its_passage(model: LargeModel, written: HouseUnderTest) -> None:
    model.behaves.extend([Says(f"{TRUE}。[1]")])
    await told(written)
    [kept] = await citations(written)
    assert kept["words"] == f"{TRUE}。"
    assert kept["document"] == "sample-loan"
    assert len(kept["passage"]) == 64


async def test_where_nothing_is_borne_out_the_document_speaks_for_itself(model: LargeModel, written: HouseUnderTest) -> None:
    model.behaves.extend([Says("最长 60 天。[1]")])
    text = await told(written)
    assert "60" not in text
    assert "15 天" in text
    assert "文件里这样写" in text


async def test_a_model_that_does_not_answer_takes_nothing_away(model: LargeModel, written: HouseUnderTest) -> None:
    model.behaves.extend([Broken(), Broken()])
    assert "15 天" in await told(written)


async def test_without_an_answer_in_the_documents_nobody_is_asked(model: LargeModel, written: HouseUnderTest) -> None:
    assert "不知道" in await told(written, question="无人机巡检的作业规范是什么")
    assert model.calls == []


async def test_what_reaches_a_person_does_not_leave_the_house(model: LargeModel, written: HouseUnderTest) -> None:
    model.behaves.extend([Says(f"{TRUE}。[1]")])
    await told(written, question="样机最长能借多久？客户电话 13800138000")
    assert model.calls
    assert all("13800138000" not in str(call.payload) for call in model.calls)
