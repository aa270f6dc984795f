"""What the tests at the doors stand on: the minds loaded once, the sample company copied for each test, all doors open."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from actions.outside.store import Store
from bot.app import Minds, load_minds
from bot.settings import load_settings
from tests.doors.house_with_doors import HouseWithDoors, OpenHouse, Plan, Platforms, open_doors, open_platforms
from tests.house_under_test import fill_with_sample


@pytest.fixture(scope="session")
def minds() -> Minds:
    return asyncio.run(load_minds(load_settings(None)))


@pytest.fixture(scope="session")
def sample_database(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company in a SQLite file, to copy from."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    shutil.copy(migrated, path)
    asyncio.run(fill_with_sample(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def sample_on_postgres(postgres: str) -> str:
    """The name of a PostgreSQL database with the sample company, to copy from."""
    asyncio.run(_statement(postgres, "create database template_doors template template_parley"))
    asyncio.run(fill_with_sample(f"{postgres}/template_doors"))
    return "template_doors"


@pytest.fixture
def on_sqlite(sample_database: Path, tmp_path: Path) -> str:
    shutil.copy(sample_database, tmp_path / "parley.db")
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture
async def on_postgres(postgres: str, sample_on_postgres: str) -> AsyncIterator[str]:
    name = f"doors_{uuid4().hex}"
    await _statement(postgres, f"create database {name} template {sample_on_postgres}")
    yield f"{postgres}/{name}"
    await _statement(postgres, f"drop database {name} with (force)")


@pytest.fixture
def sample_url(request: pytest.FixtureRequest) -> str:
    """A database of this test's own: SQLite, unless it asks for `on_postgres` by ON_BOTH."""
    url: str = request.getfixturevalue(getattr(request, "param", "on_sqlite"))
    return url


@pytest.fixture
async def platforms() -> AsyncIterator[Platforms]:
    async with open_platforms() as platforms:
        yield platforms


@pytest.fixture
def open_house(tmp_path: Path, minds: Minds, sample_url: str, platforms: Platforms) -> OpenHouse:
    """Opens a house by plan; one after the other over the same database is a restart."""

    def opening(plan: Plan) -> AbstractAsyncContextManager[HouseWithDoors]:
        return open_doors(tmp_path / "home", minds, sample_url, platforms, plan)

    return opening


@pytest.fixture
async def doors(open_house: OpenHouse) -> AsyncIterator[HouseWithDoors]:
    async with open_house(Plan()) as doors:
        yield doors


async def _statement(postgres: str, statement: str) -> None:
    """Databases are created and dropped outside any transaction."""
    whole = Store(f"{postgres}/postgres")
    async with whole.read() as tx:
        autocommit = await tx.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text(statement))
    await whole.close()
