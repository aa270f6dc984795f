"""The database behind one door: `write()` is one serialised transaction, `read()` a snapshot. SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from actions.outside.sqlite_here import connect

Tx = AsyncConnection
"""An open transaction. Statements are SQLAlchemy Core over the models of tables.py."""

_THEN = "parley.after_commit"
_MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """Opens a database by SQLAlchemy URL (`sqlite:///…` or `postgresql://…`; the async driver is chosen here)."""

    def __init__(self, url: str) -> None:
        self.url = _async_url(url)
        self.is_sqlite = self.url.startswith("sqlite")
        self._engine: AsyncEngine = create_async_engine(
            self.url,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=8,
            max_overflow=8,
            **({"async_creator": partial(connect, make_url(url).database)} if self.is_sqlite else {"pool_pre_ping": True}),
        )
        # SQLite has one writer; waiting in line here costs less than asking again and again, and is fair
        self._writer = asyncio.Lock()

    async def migrate(self) -> None:
        """Bring the schema up to date. Safe to call at every start."""
        async with self._engine.begin() as connection:
            if not self.is_sqlite:  # two processes starting at once take turns
                await connection.execute(text("select pg_advisory_xact_lock(7274100)"))
            await connection.run_sync(_upgrade)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self._turn(), self._engine.connect() as tx:
            then: list[Callable[[], None]] = []
            tx.info[_THEN] = then
            if self.is_sqlite:
                await tx.exec_driver_sql("BEGIN IMMEDIATE")
            yield tx
            await tx.commit()
        for act in then:
            act()

    def _turn(self) -> AbstractAsyncContextManager[None]:
        return self._writer if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A transaction for looking; whatever it writes is rolled back. On SQLite all of it sees one moment."""
        async with self._engine.connect() as tx:
            if self.is_sqlite:
                await tx.exec_driver_sql("BEGIN")
            yield tx

    async def close(self) -> None:
        await self._engine.dispose()


def after_commit(tx: Tx, act: Callable[[], None]) -> None:
    """Have something done once this write() is committed, and not at all when it is rolled back. `act` must not raise."""
    tx.info[_THEN].append(act)


def _async_url(url: str) -> str:
    for plain, driven in (("sqlite://", "sqlite+aiosqlite://"), ("postgresql://", "postgresql+psycopg://")):
        if url.startswith(plain):
            return driven + url.removeprefix(plain)
    return url


def _upgrade(connection: Connection) -> None:
    # half a second that only those who migrate should pay
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
