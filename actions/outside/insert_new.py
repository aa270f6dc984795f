"""Insert what is not there yet: the unique key decides, and the caller learns which rows were new."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from actions.outside.store import Tx
from actions.outside.tables import Table


async def insert_new(
    tx: Tx, table: type[Table], rows: Sequence[dict[str, Any]], key: InstrumentedAttribute[str]
) -> frozenset[str]:
    """The keys of those rows that were inserted; a row whose `key` exists already is left as it is."""
    insert = sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)
    inserted = await tx.execute(insert.on_conflict_do_nothing(index_elements=[key]).returning(key), list(rows))
    return frozenset(inserted.scalars())
