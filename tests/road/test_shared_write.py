"""Small writes that share a transaction: all get their own result, and a bad one spoils only itself."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from actions.outside.insert_new import insert_new
from actions.outside.shared_write import SharedWrite
from actions.outside.store import Store, Tx
from actions.outside.tables import MetaRow
from bot.fault import name_fault


class Notes:
    """Writes names into the meta table; `forbidden` cannot be written."""

    def __init__(self, store: Store) -> None:
        self.batches: list[list[str]] = []
        self.write = SharedWrite[str, bool](store, self._write)

    async def _write(self, tx: Tx, names: Sequence[str]) -> list[bool]:
        self.batches.append(list(names))
        new = [bool(await insert_new(tx, MetaRow, [{"name": name, "value": ""}], MetaRow.name)) for name in names]
        if "forbidden" in names:
            raise ValueError
        return new


async def count(store: Store) -> int:
    async with store.read() as tx:
        return int(await tx.scalar(select(func.count()).select_from(MetaRow)) or 0)


async def test_each_caller_gets_the_result_of_its_own_item(store: Store) -> None:
    notes = Notes(store)
    assert await asyncio.gather(*(notes.write(name) for name in ("a", "b", "a"))) == [True, True, False]
    assert await count(store) == 2


async def test_what_comes_during_a_commit_goes_together_into_the_next(store: Store) -> None:
    notes = Notes(store)
    await asyncio.gather(*(notes.write(str(number)) for number in range(50)))
    assert len(notes.batches) < 50
    assert sorted(name for batch in notes.batches for name in batch) == sorted(str(number) for number in range(50))


async def test_a_bad_item_fails_alone(store: Store) -> None:
    notes = Notes(store)
    outcomes = await asyncio.gather(*(notes.write(name) for name in ("a", "forbidden", "b")), return_exceptions=True)
    assert outcomes[0] is True
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] is True
    assert await count(store) == 2


async def test_a_caller_that_went_away_holds_up_nobody(store: Store) -> None:
    notes = Notes(store)
    gone = asyncio.create_task(notes.write("gone"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await notes.write("here")
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_inserting_what_is_there_already_leaves_it_as_it_is(store: Store) -> None:
    async with store.write() as tx:
        assert await insert_new(tx, MetaRow, [{"name": "a", "value": "first"}], MetaRow.name) == {"a"}
        rows = [{"name": "a", "value": "second"}, {"name": "b", "value": "new"}]
        assert await insert_new(tx, MetaRow, rows, MetaRow.name) == {"b"}
    async with store.read() as tx:
        assert await tx.scalar(select(MetaRow.value).where(MetaRow.name == "a")) == "first"


@given(st.text(min_size=12))
def test_a_fault_is_named_without_its_words(words: str) -> None:
    try:
        raise KeyError(words)
    except KeyError as fault:
        named = name_fault(fault)
    assert named.startswith("KeyError at test_shared_write.py:")
    assert words not in named
    assert name_fault(ValueError(words)) == "ValueError"
