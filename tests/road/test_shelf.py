"""The library at hand: what is in the folder is found, and a changed folder answers anew without a restart."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from bot.shelf import Shelf
from retrieval.embed import Embedder
from retrieval.index import IndexUnavailableError, VectorIndex
from retrieval.passage import Passage
from tests.topics import Floats, Topics

DOCUMENT = """---
id: {id}
title: {title}
lang: zh
owner: 服务负责人
version: "1.0"
valid_from: 2026-01-05
audience: [{audience}]
---
# {title}

## {title}
<!-- intents: service.{id} -->
- {text}
"""


@dataclass
class Seconds:
    """Counts them only when told to."""

    passed: float = 0.0

    def __call__(self) -> float:
        return self.passed


class Fickle(VectorIndex):
    """A real index that can be away."""

    is_away = False

    def vectors_of(self, passages: Sequence[Passage], embedder: Embedder, texts: Sequence[str]) -> dict[str, Floats]:
        if self.is_away:
            raise IndexUnavailableError("away")
        return super().vectors_of(passages, embedder, texts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sops").mkdir()
    write(tmp_path / "sops", "returns", "退货规定", "收到货后七天内可以退货,运费由我们承担。")
    return tmp_path / "sops"


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def shelf(folder: Path, seconds: Seconds) -> Shelf:
    return Shelf(folder, folder.parent / "home", lambda: date(2026, 6, 1), seconds)


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[str]]:
    """What was logged, by its name."""
    names: list[str] = []
    with capture_logs() as lines:
        yield names
        names.extend(str(line["event"]) for line in lines)


def write(folder: Path, id_: str, title: str, text: str, audience: str = "rep, manager, customer") -> None:
    words = DOCUMENT.format(id=id_, title=title, text=text, audience=audience)
    (folder / f"{id_}.zh.md").write_text(words, encoding="utf-8")


async def found(shelf: Shelf, query: str, audience: str = "rep") -> str:
    hits = await shelf.search(query, audience=audience, lang="zh", intent=None, k=3)
    return hits[0].passage.text if hits else ""


async def found_later(shelf: Shelf, seconds: Seconds, query: str) -> str:
    """What is found some seconds on, when the folder has been looked at again."""
    seconds.passed += 10
    await found(shelf, query)
    await shelf.rest()
    return await found(shelf, query)


async def test_what_is_in_the_folder_is_found(shelf: Shelf) -> None:
    assert "七天内" in await found(shelf, "可以退货吗")
    assert shelf.passages == 1
    assert shelf.problems == ()


async def test_the_passage_written_for_an_intent_is_found_by_it(shelf: Shelf) -> None:
    passage = shelf.passage_for("service.returns", "customer", "zh")
    assert passage is not None and "七天内" in passage.text
    assert shelf.passage_for("service.nothing", "customer", "zh") is None


async def test_a_changed_document_answers_anew(shelf: Shelf, folder: Path, seconds: Seconds) -> None:
    write(folder, "returns", "退货规定", "收到货后三十天内都可以退货,运费由我们承担。")
    assert "三十天" in await found_later(shelf, seconds, "可以退货吗")


async def test_a_document_that_came_or_went_is_noticed(shelf: Shelf, folder: Path, seconds: Seconds) -> None:
    write(folder, "invoice", "开票规定", "发票在签收后五个工作日内开出。")
    assert "五个工作日" in await found_later(shelf, seconds, "发票什么时候开出")
    (folder / "returns.zh.md").unlink()
    assert await found_later(shelf, seconds, "可以退货吗") == ""
    assert shelf.passages == 1


async def test_the_folder_is_not_looked_at_with_every_question(shelf: Shelf, folder: Path, seconds: Seconds) -> None:
    write(folder, "returns", "退货规定", "收到货后三十天内都可以退货,运费由我们承担。")
    seconds.passed += 0.5
    await found(shelf, "可以退货吗")
    await shelf.rest()
    assert "七天内" in await found(shelf, "可以退货吗")


async def test_questions_are_answered_from_the_old_documents_while_the_new_ones_are_read(
    shelf: Shelf, folder: Path, seconds: Seconds
) -> None:
    write(folder, "returns", "退货规定", "收到货后三十天内都可以退货,运费由我们承担。")
    seconds.passed += 10
    assert "七天内" in await found(shelf, "可以退货吗")
    await shelf.rest()


async def test_a_document_that_cannot_be_read_is_told_of_and_hides_no_other(
    shelf: Shelf, folder: Path, seconds: Seconds
) -> None:
    (folder / "broken.zh.md").write_bytes(b"\xff\xfe\x00 no document")
    assert "七天内" in await found_later(shelf, seconds, "可以退货吗")
    assert len(shelf.problems) == 1
    assert "broken.zh.md" in shelf.problems[0]


async def test_a_folder_that_is_away_for_a_while_leaves_the_old_documents_standing(
    shelf: Shelf, folder: Path, seconds: Seconds
) -> None:
    shutil.move(folder, folder.parent / "away")
    assert "七天内" in await found_later(shelf, seconds, "可以退货吗")
    shutil.move(folder.parent / "away", folder)
    write(folder, "returns", "退货规定", "收到货后三十天内都可以退货,运费由我们承担。")
    assert "三十天" in await found_later(shelf, seconds, "可以退货吗")


async def test_a_customer_finds_nothing_that_was_written_for_staff(shelf: Shelf, folder: Path, seconds: Seconds) -> None:
    write(folder, "discounts", "折扣底线", "折扣底线是八五折,再低要总监批。", "rep, manager")
    assert "八五折" in await found_later(shelf, seconds, "折扣底线是多少")
    assert "八五折" not in await found(shelf, "折扣底线是多少", audience="customer")


async def test_passages_are_found_by_what_they_mean_once_the_model_is_there(
    shelf: Shelf, folder: Path, seconds: Seconds, tmp_path: Path
) -> None:
    topics = Topics({"退货": 0, "送回去": 0, "发票": 1})
    assert await found(shelf, "能送回去吗") == ""

    shelf.learn(lambda: (topics, VectorIndex.on_disk(tmp_path / "vectors", topics.name), None))
    assert "七天内" in await found_later(shelf, seconds, "能送回去吗")

    write(folder, "returns", "退货规定", "收到货后三十天内都可以退货,运费由我们承担。")
    assert "三十天" in await found_later(shelf, seconds, "能送回去吗")
    await shelf.stop()


async def test_without_a_model_or_an_index_words_still_find(shelf: Shelf, seconds: Seconds, log_lines: list[str]) -> None:
    def gone() -> tuple[Topics, VectorIndex]:
        return Topics({}), VectorIndex.on_server("http://127.0.0.1:9", "topics")

    shelf.learn(gone)
    assert "七天内" in await found_later(shelf, seconds, "可以退货吗")
    await shelf.stop()


async def test_an_index_that_answers_again_is_used_again(shelf: Shelf, seconds: Seconds, tmp_path: Path) -> None:
    topics = Topics({"退货": 0, "送回去": 0, "发票": 1})
    urls = ["http://127.0.0.1:9", None]

    def opened() -> tuple[Topics, VectorIndex]:
        return topics, VectorIndex.open(topics.name, folder=tmp_path / "vectors", url=urls.pop(0)), None

    shelf.learn(opened)
    assert await found_later(shelf, seconds, "能送回去吗") == ""
    seconds.passed += 60
    assert "七天内" in await found_later(shelf, seconds, "能送回去吗")
    await shelf.stop()


async def test_what_was_removed_does_not_answer_while_the_index_is_away(
    shelf: Shelf, folder: Path, seconds: Seconds, tmp_path: Path
) -> None:
    topics = Topics({})
    index = Fickle.on_disk(tmp_path / "vectors", topics.name)
    assert isinstance(index, Fickle)
    shelf.learn(lambda: (topics, index, None))
    await shelf.rest()
    index.is_away = True
    write(folder, "billing", "开票规定", "发票十天内寄出。")
    (folder / "returns.zh.md").unlink()
    assert await found_later(shelf, seconds, "可以退货吗") == ""
    await shelf.stop()


def test_a_folder_that_does_not_exist_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        Shelf(tmp_path / "nowhere", tmp_path, lambda: date(2026, 6, 1))


async def test_what_the_house_calls_things_counts_from_the_next_look(folder: Path, seconds: Seconds) -> None:
    names: set[str] = set()
    write(folder, "cloud", "云诊开通", "星睿云诊由客户成功经理开通。")
    shelf = Shelf(folder, folder.parent / "home", lambda: date(2026, 6, 1), seconds, lambda: frozenset(names))
    names.add("星睿云诊")
    assert "客户成功经理" in await found_later(shelf, seconds, "星睿云诊谁开通")


async def test_a_reranker_has_the_last_word_on_the_order(tmp_path: Path, folder: Path) -> None:
    class LikesTheSecond:
        name = "likes the second"

        def scores(self, question: str, passages: Sequence[str]) -> Floats:
            return np.array([0.9 if "二十" in one else 0.1 for one in passages], np.float32)

    topics = Topics({"退货": 0})
    write(folder, "other", "换货规定", "收到货后二十天内可以换货,退货另有规定。")
    shelf = Shelf(folder, tmp_path / "none", lambda: date(2026, 6, 1))
    before = await found(shelf, "七天内可以退货吗")
    shelf.learn(lambda: (topics, VectorIndex.on_disk(tmp_path / "vectors", topics.name), LikesTheSecond()))
    await shelf.rest()
    assert "七天" in before
    assert "二十天" in await found(shelf, "七天内可以退货吗")
