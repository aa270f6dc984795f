"""What all tests may stand on: a migrated store on SQLite and on a real PostgreSQL, a real Redis, a still clock."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from sqlalchemy import text

from actions.outside.store import Store
from bot.app import Minds, load_minds
from bot.settings import load_settings
from tests.fakes import FakeClock
from tests.house_under_test import fill_with_sample

# a busy machine is no fault; on one that decides what lands, the same examples every time
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("house")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with all tables, made once and copied for each test."""
    path = tmp_path_factory.mktemp("database") / "empty.db"

    async def migrate() -> None:
        store = Store(f"sqlite:///{path}")
        await store.migrate()
        await store.close()

    asyncio.run(migrate())
    return path


@pytest.fixture
def sqlite_url(migrated: Path, tmp_path: Path) -> str:
    shutil.copy(migrated, tmp_path / "parley.db")
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of this test session's own, on 127.0.0.1, without the database's name."""
    # not among pytest's own folders: those are closed to the user that the server runs as
    folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
    as_server: list[str] = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_server = ["runuser", "-u", "postgres", "--"]
    port, data = _free_port(), folder / "data"
    initdb = [_postgres_program("initdb"), "-D", str(data), "-U", "parley", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*as_server, *initdb], check=True, capture_output=True, cwd="/")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c full_page_writes=off"
    start = [_postgres_program("pg_ctl"), "-D", str(data), "-o", options, "-w", "-l", str(folder / "log"), "start"]
    subprocess.run([*as_server, *start], check=True, capture_output=True, cwd="/")
    address = f"postgresql://parley@127.0.0.1:{port}"

    async def migrate() -> None:
        whole = Store(f"{address}/postgres")
        await _outside_transaction(whole, "create database template_parley")
        await whole.close()
        store = Store(f"{address}/template_parley")
        await store.migrate()
        await store.close()

    asyncio.run(migrate())
    yield address
    stop = [_postgres_program("pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
    subprocess.run([*as_server, *stop], check=True, capture_output=True, cwd="/")
    shutil.rmtree(folder)


@pytest.fixture
async def postgres_url(postgres: str) -> str:
    """A migrated database of this test's own; it goes with the server when the session ends."""
    name = f"test_{uuid4().hex}"
    whole = Store(f"{postgres}/postgres")
    await _outside_transaction(whole, f"create database {name} template template_parley")
    await whole.close()
    return f"{postgres}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for a database runs on both."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = Store(database_url)
    yield store
    await store.close()


@pytest.fixture(scope="session")
def minds() -> Minds:
    """The shipped model, dictionary and documents, loaded once."""
    return asyncio.run(load_minds(load_settings(None)))


@pytest.fixture(scope="session")
def sample_home(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company in a SQLite file, to copy from."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    shutil.copy(migrated, path)
    asyncio.run(fill_with_sample(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sample_sqlite_url(sample_home: Path, tmp_path: Path) -> str:
    shutil.copy(sample_home, tmp_path / "parley.db")
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture(scope="session")
def sample_on_postgres(postgres: str) -> str:
    """The name of a PostgreSQL database with the sample company, to copy from."""

    async def fill() -> None:
        whole = Store(f"{postgres}/postgres")
        await _outside_transaction(whole, "create database template_sample template template_parley")
        await whole.close()
        await fill_with_sample(f"{postgres}/template_sample")

    asyncio.run(fill())
    return "template_sample"


@pytest.fixture
async def sample_postgres_url(postgres: str, sample_on_postgres: str) -> str:
    name = f"test_{uuid4().hex}"
    whole = Store(f"{postgres}/postgres")
    await _outside_transaction(whole, f"create database {name} template {sample_on_postgres}")
    await whole.close()
    return f"{postgres}/{name}"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("redis-server is missing: install Debian's package redis-server (apt-get install redis-server)")
    port = _free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen([program, *arguments], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for line in server.stdout:
        if "Ready to accept connections" in line:
            break
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.communicate()


def _postgres_program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = str(found[-1]) if found else shutil.which(name)
    if program is None:
        pytest.fail("PostgreSQL is missing: install Debian's package postgresql (apt-get install postgresql)")
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def _outside_transaction(store: Store, statement: str) -> None:
    """Databases are created and dropped outside any transaction."""
    async with store.read() as tx:
        autocommit = await tx.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text(statement))
