"""One shape for a record: the dataclass, its table, and what the migrations really make, on both databases."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from actions.crm import own
from actions.crm.records import KINDS
from actions.outside.store import Store
from actions.outside.tables import Table


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_has_the_fields_of_its_table(kind: str) -> None:
    columns = [column.name for column in own.table_of(kind).columns]
    assert [field.name for field in fields(KINDS[kind])] == columns


async def test_the_migrations_make_the_tables_of_the_models(store: Store) -> None:
    async with store.read() as tx:
        assert await tx.run_sync(_differences) == []


def _differences(connection: Connection) -> Sequence[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found = compare_metadata(context, Table.metadata)
    return [one for one in found if not _is_alembics_own(one)]


def _is_alembics_own(difference: Any) -> bool:
    is_table: bool = difference[0] == "remove_table" and difference[1].name == "alembic_version"
    return is_table
