"""The sample company's records, and a paper made from them."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from actions.commands.papers import PaperLine, PreparePaper
from actions.crm import own
from actions.crm.records import Speaker
from actions.outside.store import Store
from actions.papers.write import Cited
from actions.proposal import Facts

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 25)
REP = Speaker("E01", "rep", "林悦")
GUIDE = Cited("现货设备 5 个工作日发出。", "采购指南", "交货和上线时间", "1.6", ("buying.delivery_inquiry",))


@pytest.fixture
async def sample(sample_sqlite_url: str) -> AsyncIterator[Store]:
    store = Store(sample_sqlite_url)
    yield store
    await store.close()


@pytest.fixture
async def facts(sample: Store) -> Facts:
    """Everything that the sample company knows: more than any command asks to see."""
    kinds = ("customer", "deal", "contact", "employee", "product", "battle_fact", "contract")
    async with sample.read() as tx:
        return Facts({(kind, one.id): one for kind in kinds for one in await own.find(tx, kind)})


def order(kind: Any = "quote", **given: Any) -> PreparePaper:
    """An order for a paper about the deal of the demonstration."""
    usual: dict[str, Any] = {
        "lang": "zh",
        "customer_id": "C001",
        "deal_id": "D001",
        "contact_id": "K001",
        "seller_id": "E01",
        "lines": (PaperLine("P01"),),
        "cited": (GUIDE,),
    }
    if kind == "comparison":
        usual["fact_ids"] = tuple(f"B{number:03d}" for number in range(1, 9))
    return PreparePaper(kind, DAY, **{**usual, **given})
