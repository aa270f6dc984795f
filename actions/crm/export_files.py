"""Records become files: every kind to CSV or XLSX in a folder, in the form that import_files takes back."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select

from actions.crm.columns import ROW_KINDS, Kind
from actions.crm.own import json_value
from actions.crm.sheets import write_csv, write_xlsx
from actions.outside.store import Store, Tx

_Held = list[tuple[Kind, list[Mapping[Any, Any]]]]


async def export_files(store: Store, folder: Path, *, form: Literal["csv", "xlsx"] = "csv") -> list[Path]:
    """Write what the house holds, as one snapshot: a CSV file a kind, or one workbook (`parley.xlsx`) with a sheet a kind.

    Kinds of which there is nothing are left out. The folder is made if needed; a file of the same name is replaced once the
    new one is complete. Times are ISO 8601 in UTC.
    """
    async with store.read() as tx:
        held = [(kind, rows) for kind in ROW_KINDS.values() if (rows := await _rows(tx, kind))]
    return await asyncio.to_thread(_write_book if form == "xlsx" else _write_files, folder, held)


def _write_book(folder: Path, held: _Held) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    book = folder / "parley.xlsx"
    write_xlsx(book, ((kind.file, tuple(kind.columns), _spelled(kind, rows)) for kind, rows in held))
    return [book]


def _write_files(folder: Path, held: _Held) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{kind.file}.csv" for kind, _ in held]
    for path, (kind, rows) in zip(paths, held, strict=True):
        write_csv(path, tuple(kind.columns), _spelled(kind, rows))
    return paths


def _spelled(kind: Kind, rows: Iterable[Mapping[Any, Any]]) -> Iterator[tuple[str, ...]]:
    """Rows as text cells, in the order of the kind's columns."""
    for row in rows:
        yield tuple(_cell(row[name]) for name in kind.columns)


async def _rows(tx: Tx, kind: Kind) -> list[Mapping[Any, Any]]:
    table = kind.table
    ordered = select(*(table.c[name] for name in kind.columns)).order_by(*(table.c[name] for name in kind.key))
    return list((await tx.execute(ordered)).mappings())


def _cell(value: str | bool | Decimal | datetime | date | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(json_value(value))
