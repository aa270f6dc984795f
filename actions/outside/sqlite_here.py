"""SQLite without a thread: statements run where they are asked for. The store opens its SQLite connections here.

A statement of the road takes some microseconds; handing it to a thread and its answer back takes a hundred, four times
over. Measured by `parley bench road` at 40 messages a second on two cores, against aiosqlite itself: replies at 12 ms
instead of 26 (p99 22 instead of 413), 14.6 ms of processor time a message instead of 21.7. What may really take long is
another process holding the lock, and for that execute() waits without holding up the rest of this process.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

BUSY_FOR = timedelta(seconds=10)
"""How long another process may hold the lock before a statement fails."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.05
_TUNING = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")


async def connect(path: str | None) -> "Connection":
    """Open a database file (None: one in memory). Transactions are begun by hand: the driver begins none of its own."""
    connection = Connection(sqlite3.connect(path or ":memory:", timeout=0, isolation_level=None))
    async with connection.cursor() as cursor:
        for pragma in _TUNING:
            await cursor.execute(f"PRAGMA {pragma}")
    return connection


class Connection:
    """What SQLAlchemy asks of an asyncio connection, over `here`, the driver's own."""

    isolation_level = None

    def __init__(self, here: sqlite3.Connection) -> None:
        self.here = here

    def cursor(self) -> "Cursor":
        return Cursor(self)

    async def run(self, act: Callable[[], None]) -> None:
        """Do it, again while another process holds the lock. Raises sqlite3.OperationalError after BUSY_FOR."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + BUSY_FOR.total_seconds(), _FIRST_PAUSE
        while True:
            try:
                return act()
            except sqlite3.OperationalError as error:
                if not _will_pass(error) or loop.time() >= end:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def commit(self) -> None:
        await self.run(self.here.commit)

    async def rollback(self) -> None:
        self.here.rollback()

    async def create_function(self, *arguments: Any, **options: Any) -> None:
        self.here.create_function(*arguments, **options)

    async def close(self) -> None:
        self.here.close()

    def stop(self) -> None:
        self.here.close()

    @property
    def _connection(self) -> sqlite3.Connection:  # SQLAlchemy looks here for whether it is open
        return self.here


class Cursor:
    """One statement and its rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._here = connection.here.cursor()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._here.close()

    @property
    def description(self) -> Any:
        return self._here.description

    @property
    def rowcount(self) -> int:
        return self._here.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._here.lastrowid

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        await self._connection.run(lambda: _done(self._here.execute(statement, parameters)))

    async def executemany(self, statement: str, rows: Any) -> None:
        await self._connection.run(lambda: _done(self._here.executemany(statement, rows)))

    async def fetchall(self) -> list[Any]:
        return self._here.fetchall()

    async def close(self) -> None:
        self._here.close()


def _done(_: sqlite3.Cursor) -> None:
    """A statement's own answer is its cursor, which is at hand already."""


def _will_pass(error: sqlite3.OperationalError) -> bool:
    """Whether waiting helps: somebody holds the lock. A snapshot that has become too old to write never does."""
    code: int = getattr(error, "sqlite_errorcode", 0)  # not every one comes from SQLite itself
    return code & 0xFF == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT
