"""Taking records out: what was exported comes in again as the same house."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import select

from actions.crm.columns import ROW_KINDS
from actions.crm.export_files import export_files
from actions.crm.import_files import import_files
from actions.outside.store import Store


async def _everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    held = {}
    async with store.read() as tx:
        for name, kind in ROW_KINDS.items():
            columns = [kind.table.c[column] for column in kind.columns]
            rows = await tx.execute(select(*columns).order_by(*(kind.table.c[key] for key in kind.key)))
            held[name] = [tuple(row) for row in rows]
    return held


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_what_goes_out_comes_in_again_the_same(
    sample: Store, store: Store, tmp_path: Path, form: Literal["csv", "xlsx"]
) -> None:
    await export_files(sample, tmp_path / "out", form=form)
    imported = await import_files(store, [tmp_path / "out"], now=datetime.now(UTC))
    assert imported.problems == ()
    assert await _everything(store) == await _everything(sample)


async def test_each_kind_there_is_gets_a_file_of_its_name(sample: Store, tmp_path: Path) -> None:
    paths = await export_files(sample, tmp_path / "out")
    assert {path.name for path in paths} == {f"{kind.file}.csv" for kind in ROW_KINDS.values()}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.name for path in paths}


async def test_an_empty_house_exports_nothing(store: Store, tmp_path: Path) -> None:
    assert await export_files(store, tmp_path / "out") == []
