"""Insert what is not there yet: the unique key decides, and the caller learns which rows were new."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.dml import ReturningInsert

from actions.outside.store import Tx
from actions.outside.tables import Table


async def insert_new(
    tx: Tx, table: type[Table], rows: Sequence[dict[str, Any]], key: InstrumentedAttribute[str]
) -> frozenset[str]:
    """The keys of those rows that were inserted; a row whose `key` exists already is left as it is."""
    statement = _statement(table, key.key, tx.dialect.name)
    if len(rows) == 1:
        return frozenset((await tx.execute(statement, rows[0])).scalars())
    return frozenset((await tx.execute(statement, list(rows))).scalars())


@cache
def _statement(table: type[Table], key: str, dialect: str) -> ReturningInsert[Any]:
    """Made once: making it costs more than carrying it out."""
    into = table.__table__
    assert isinstance(into, SqlTable)
    insert = sqlite.insert(into) if dialect == "sqlite" else postgresql.insert(into)
    return insert.on_conflict_do_nothing(index_elements=[key]).returning(into.c[key])
