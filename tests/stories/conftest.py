"""What every story stands on: the minds loaded once, and a database with the sample company copied for each telling."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from actions.outside.store import Store
from bot.app import Minds, load_minds
from bot.settings import Settings, load_settings
from tests.house_under_test import HouseUnderTest, fill_with_sample, open_house


@pytest.fixture(scope="session")
def minds() -> Minds:
    return asyncio.run(load_minds(load_settings(None)))


@pytest.fixture(scope="session")
def sample_sqlite(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company in a SQLite file."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    shutil.copy(migrated, path)
    asyncio.run(fill_with_sample(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def sample_postgres(postgres: str) -> str:
    """The name of a PostgreSQL database with the sample company, to copy from."""
    asyncio.run(_statement(postgres, "create database template_sample template template_parley"))
    asyncio.run(fill_with_sample(f"{postgres}/template_sample"))
    return "template_sample"


@pytest.fixture
def sample_sqlite_url(sample_sqlite: Path, tmp_path: Path) -> str:
    shutil.copy(sample_sqlite, tmp_path / "parley.db")
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture
async def sample_postgres_url(postgres: str, sample_postgres: str) -> AsyncIterator[str]:
    name = f"story_{uuid4().hex}"
    await _statement(postgres, f"create database {name} template {sample_postgres}")
    yield f"{postgres}/{name}"
    await _statement(postgres, f"drop database {name} with (force)")


@pytest.fixture
def sample_url(request: pytest.FixtureRequest) -> str:
    """A database of this telling's own; the parameter says which kind."""
    url: str = request.getfixturevalue("sample_sqlite_url" if request.param == "sqlite" else "sample_postgres_url")
    return url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None).model_copy(update={"home": tmp_path / "home"})


@pytest.fixture
async def house(settings: Settings, minds: Minds, sample_url: str) -> AsyncIterator[HouseUnderTest]:
    async with open_house(settings, minds, sample_url) as house:
        yield house


async def _statement(postgres: str, statement: str) -> None:
    """Databases are created and dropped outside any transaction."""
    whole = Store(f"{postgres}/postgres")
    async with whole.read() as tx:
        autocommit = await tx.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text(statement))
    await whole.close()
