"""Words that change a paper just shown, and words that do not: only a plain order, never what a customer is said to want."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from actions.commands.papers import LONGEST_VALIDITY, PaperLine, PreparePaper, from_recipe
from actions.crm.records import Paper
from actions.proposal import Facts
from bot.app import Minds
from bot.paper_changes import changed, speaks_of_a_paper
from intents.understanding import Understanding
from tests.papers.conftest import NOW, order
from tests.papers.test_orders import made


def read(minds: Minds, text: str) -> Understanding:
    return minds.reader.understand(text, role="rep", sent_at=NOW)


def change(minds: Minds, paper: Paper, text: str) -> PreparePaper | None:
    understanding = read(minds, text)
    return changed(paper, understanding) if speaks_of_a_paper(understanding) else None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("折扣 8%", {"discount": Decimal(8)}),
        ("折扣改到 12.5%", {"discount": Decimal("12.5")}),
        ("discount 8%", {"discount": Decimal(8)}),
        ("make it 10% off", {"discount": Decimal(10)}),
        ("数量改成 3 台", {"lines": (PaperLine("P01", 3),)}),
        ("quantity 12", {"lines": (PaperLine("P01", 12),)}),
        ("有效期 45 天", {"valid_days": 45}),
        ("有效期改成两周", None),
        ("valid 6 weeks", {"valid_days": 42}),
        ("折扣 8%,数量改成 2 套,有效期 60 天", {"discount": Decimal(8), "lines": (PaperLine("P01", 2),), "valid_days": 60}),
    ],
)
def test_a_plain_order_changes_what_it_names_and_nothing_else(
    minds: Minds, facts: Facts, text: str, wanted: dict[str, Any] | None
) -> None:
    paper = made(order(), facts)
    expected = replace(from_recipe(paper), replaces=paper.id, version=2, **wanted) if wanted else None
    assert change(minds, paper, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "客户想要 8% 的折扣",
        "they want a discount, can we do 10% off",
        "能不能便宜 5%？",
        "海川科技的折扣改到 8%",
        "谢谢",
        "有效期到什么时候",
        f"有效期 {LONGEST_VALIDITY + 1} 天",
        "数量改成 0 台",
        "折扣 4%" + "，好的" * 30,
    ],
)
def test_other_words_change_nothing(minds: Minds, facts: Facts, text: str) -> None:
    assert change(minds, made(order(), facts), text) is None


def test_the_same_once_more_is_no_new_version(minds: Minds, facts: Facts) -> None:
    paper = made(order(discount=Decimal(8)), facts)
    assert change(minds, paper, "折扣 8%") is None
