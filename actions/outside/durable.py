"""The durable engine: wakes the clockwork at a time, also after a restart. The only file that knows DBOS.

Our own rows are the truth; a workflow of the engine carries nothing but a key and ends as soon as it has called back. The
engine takes over unfinished work only of its own `executor_id`, so each process takes a numbered seat and is the only one
on it: a locked file beside SQLite (which one process may serve), an advisory lock in PostgreSQL. Both are let go by the
operating system or the server the moment their holder dies. A process without a seat writes rows, and those with a seat
find them in their sweep.
"""

import asyncio
import fcntl
import logging
import math
import os
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import structlog
from sqlalchemy import NullPool, create_engine, text

VERSION = "1"
"""Raised only when workflows change incompatibly: the engine leaves those of other versions alone."""

SEATS = 64
CHECK_EVERY = timedelta(seconds=5)
TIDY_EVERY = timedelta(hours=1)
POLL_SECONDS = 1.0
"""How often the engine looks for what is due; also how late a timer may ring."""

_QUEUE = "timers"
_WORKFLOW = "wake"
_SEAT_LOCK = 7274102

log = structlog.get_logger(__name__)

Fire = Callable[[str], Coroutine[Any, Any, None]]


class Seat(Protocol):
    """A numbered place that one living process holds at a time."""

    number: int

    def is_held(self) -> bool:
        """Whether it is still ours."""

    def leave(self) -> None:
        """Make room for the next process."""


class Durable:
    """The engine of this process. Constructed cheap; start() returns at once and the engine comes up beside the work.

    `database_url` is the one of the store: with PostgreSQL the engine has a schema of its own there, else a SQLite file
    in `home`. It keeps still for `calm` after start(): its imports take two seconds of processor time, which belong to
    the first answers, and the first sweep has looked at what is due anyway.
    """

    def __init__(
        self, database_url: str, home: Path, now: Callable[[], datetime], *, calm: timedelta = timedelta(seconds=3)
    ) -> None:
        self._home = home
        self._now = now
        self._calm = calm
        self._database_url = database_url
        self._url = f"sqlite:///{home / 'durable.db'}" if database_url.startswith("sqlite") else database_url
        self._seat: Seat | None = None
        self._up = asyncio.Event()
        self._ending = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether the engine runs in this process."""
        return self._up.is_set()

    async def start(self, fire: Fire) -> None:
        """Begin to take a seat and to bring the engine up; `fire` is called with each key whose time has come."""
        self._ending.clear()
        self._keeper = asyncio.create_task(self._keep(fire, asyncio.get_running_loop()))

    async def up(self) -> None:
        """Wait until the engine runs. Never returns while another process holds the only seat."""
        await self._up.wait()

    async def stop(self) -> None:
        """Bring the engine down and leave the seat."""
        self._ending.set()
        if self._keeper is not None:
            await self._keeper
            self._keeper = None

    async def wake(self, key: str, due_at: datetime) -> None:
        """Have `key` fired at `due_at`, once per key and time. Without an engine this does nothing: the sweep will."""
        if self.is_up:
            delay = max(0, math.ceil((due_at - self._now()).total_seconds()))
            await asyncio.to_thread(_enqueue, key, f"{key}@{due_at.isoformat()}", delay)

    async def _keep(self, fire: Fire, loop: asyncio.AbstractEventLoop) -> None:
        tidied_at = self._now()
        await self._pause(self._calm)
        while not self._ending.is_set():
            try:
                if self._seat is None:
                    await self._come_up(fire, loop)
                elif not await asyncio.to_thread(self._seat.is_held):
                    log.error("the engine lost its seat")
                    await self._go_down()
                elif self._now() - tidied_at >= TIDY_EVERY:
                    tidied_at = self._now()
                    await asyncio.to_thread(_forget_finished, tidied_at - TIDY_EVERY)
            except Exception as fault:
                log.error("the engine is not up", error=type(fault).__name__)
            await self._pause(CHECK_EVERY)
        await self._go_down()

    async def _pause(self, length: timedelta) -> None:
        """Wait, but no longer than until the end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), length.total_seconds())

    async def _come_up(self, fire: Fire, loop: asyncio.AbstractEventLoop) -> None:
        seat = await asyncio.to_thread(take_seat, self._database_url, self._home)
        if seat is None:
            return
        self._seat = seat
        try:
            await asyncio.to_thread(_launch, self._url, seat.number, fire, loop)
        except Exception:
            await self._go_down()
            raise
        self._up.set()
        log.info("the engine is up", seat=seat.number)

    async def _go_down(self) -> None:
        self._up.clear()
        if self._seat is not None:
            seat, self._seat = self._seat, None
            await asyncio.to_thread(_destroy)
            await asyncio.to_thread(seat.leave)


# --- seats --------------------------------------------------------------------------------------------------------------


def take_seat(database_url: str, home: Path) -> Seat | None:
    """The lowest free seat, or None when all are taken. Raises when the database cannot be reached."""
    if database_url.startswith("sqlite"):
        home.mkdir(parents=True, exist_ok=True)
        return _lock_file(home / "durable.lock")
    return _lock_in_postgresql(database_url)


class _FileSeat:
    """The one seat beside a SQLite file."""

    number = 1

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def is_held(self) -> bool:
        return True

    def leave(self) -> None:
        os.close(self._handle)


def _lock_file(path: Path) -> _FileSeat | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return _FileSeat(handle)


class _LockSeat:
    """A seat in PostgreSQL, held as long as this connection lives."""

    def __init__(self, number: int, connection: Any, engine: Any) -> None:
        self.number = number
        self._connection = connection
        self._engine = engine

    def is_held(self) -> bool:
        try:
            self._connection.execute(text("select 1"))
        except Exception:  # whatever went wrong with the connection, the server has let the lock go or soon will
            return False
        return True

    def leave(self) -> None:
        self._connection.invalidate()
        self._connection.close()
        self._engine.dispose()


def _lock_in_postgresql(url: str) -> _LockSeat | None:
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    connection = engine.connect()
    for number in range(1, SEATS + 1):
        lock = text("select pg_try_advisory_lock(:lock, :number)")
        if connection.scalar(lock, {"lock": _SEAT_LOCK, "number": number}):
            return _LockSeat(number, connection, engine)
    connection.close()
    engine.dispose()
    return None


# --- the engine; called in threads, never in the event loop -------------------------------------------------------------


def _launch(url: str, seat: int, fire: Fire, loop: asyncio.AbstractEventLoop) -> None:
    # two seconds of imports, which the first answer must not wait for
    from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer  # noqa: PLC0415

    def wake(key: str) -> None:
        asyncio.run_coroutine_threadsafe(fire(key), loop).result()

    _quieten()
    if url.startswith("sqlite:///"):
        _use_write_ahead_log(url.removeprefix("sqlite:///"))
    config: DBOSConfig = {
        "name": "parley",
        "system_database_url": url,
        "application_version": VERSION,
        "executor_id": f"seat-{seat}",
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    DBOS(config=config)
    DBOS.workflow(name=_WORKFLOW)(wake)
    DBOS.launch()
    DBOS.register_queue(_QUEUE, worker_concurrency=16, polling_interval_sec=POLL_SECONDS)


def _enqueue(key: str, workflow_id: str, delay: int) -> None:
    from dbos import DBOS, EnqueueOptions  # noqa: PLC0415

    options: EnqueueOptions = {"workflow_name": _WORKFLOW, "queue_name": _QUEUE, "workflow_id": workflow_id}
    if delay:
        options["delay_seconds"] = delay
    DBOS.enqueue_workflow_with_options(options, key)


def _forget_finished(before: datetime) -> None:
    """The engine keeps every workflow it ran; ours say nothing that our rows do not."""
    from dbos import DBOS  # noqa: PLC0415

    finished = DBOS.list_workflows(
        name=_WORKFLOW,
        status=["SUCCESS", "ERROR"],
        completed_before=before.isoformat(),
        limit=1000,
        load_input=False,
        load_output=False,
    )
    if finished:
        DBOS.delete_workflows([workflow.workflow_id for workflow in finished])


def _destroy() -> None:
    from dbos import DBOS  # noqa: PLC0415

    DBOS.destroy(destroy_registry=True)


def _quieten() -> None:
    """The engine prints to the console unless its logger has a handler; its warnings go where ours go instead."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _use_write_ahead_log(path: str) -> None:
    """Set once on the file; the engine leaves the journal as it finds it and is two to four times faster with this one."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
