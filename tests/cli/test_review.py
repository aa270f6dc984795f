"""`parley intents review`: corrections from the chat, gone through one by one before the next training."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from actions.outside.store import Store
from actions.outside.tables import CorrectionRow
from bot.app import Minds
from bot.review import DROPPED, Correction, chosen, masked
from tests.cli.parley import run

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.fixture
def home(migrated: Path, tmp_path: Path) -> Path:
    """A home in which three readings were corrected."""

    async def fill() -> None:
        store = Store(f"sqlite:///{tmp_path / 'var' / 'parley.sqlite'}")
        async with store.write() as tx:
            for text in ("这价格真香", "太肉疼了", "call 13900002222 about the price"):
                row = {"key": text, "text": text, "lang": "zh", "role": "rep", "read_as": "out_of_scope", "at": NOW}
                await tx.execute(insert(CorrectionRow).values(**row, meant="objection.price"))
        await store.close()

    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "parley.sqlite").write_bytes(migrated.read_bytes())
    asyncio.run(fill())
    return tmp_path


def test_each_is_kept_dropped_or_left_and_what_is_kept_is_learned(home: Path) -> None:
    ran = run(home, "intents", "review", said="what\n\nn\nq\n")
    assert ran.code == 0
    assert "'what' is no intent" in ran.out
    assert "1 kept for the next `parley intents train`, 1 dropped, 1 waiting." in ran.out
    [line] = (home / "var" / "learned" / "corrections.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["intent"] == "objection.price"


def test_an_answer_that_breaks_off_leaves_the_rest(home: Path) -> None:
    assert "0 kept for the next `parley intents train`, 0 dropped, 3 waiting." in run(home, "intents", "review").out


def test_what_waits_can_be_read_by_a_machine(home: Path) -> None:
    waiting = [json.loads(line) for line in run(home, "intents", "review", "--json").out.splitlines()]
    assert {(one["read_as"], one["meant"]) for one in waiting} == {("out_of_scope", "objection.price")}
    assert len(waiting) == 3


@pytest.mark.parametrize(
    "text, blotted",
    [
        ("电话13900002222,改过来", "电话00000000000,改过来"),
        ("write to li.min@huakang.cn please", "write to name@example.com please"),
        ("再考虑一下", "再考虑一下"),
    ],
)
def test_what_reaches_a_person_is_not_kept(text: str, blotted: str) -> None:
    assert masked(text) == blotted


@pytest.mark.parametrize(
    "said, becomes", [("", "objection.price"), ("y", "objection.price"), ("n", DROPPED), ("s", None), ("chat.thanks",) * 2]
)
def test_an_answer_keeps_drops_leaves_or_puts_right(said: str, becomes: str | None, minds: Minds) -> None:
    one = Correction("k", "这价格真香", "zh", "rep", "out_of_scope", "objection.price", NOW)
    assert chosen(said, one, minds.dictionary) == becomes


def test_a_word_that_is_no_answer_is_said_so(minds: Minds) -> None:
    one = Correction("k", "这价格真香", "zh", "rep", "out_of_scope", "objection.price", NOW)
    with pytest.raises(ValueError, match="is no intent"):
        chosen("objection.prize", one, minds.dictionary)
