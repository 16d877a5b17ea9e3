"""Every test of storage runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from actionry.credentials.vault import Vault
from actionry.storage.engine import Database
from actionry.storage.schema import prepare_schema
from actionry.storage.storage import Storage, open_storage
from support.postgres import own_database, running_postgres


def _prepare(url: str) -> None:
    async def run() -> None:
        database = Database(url)
        await prepare_schema(database)
        await database.close()

    asyncio.run(run())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[tuple[str, str]]:
    """(server, name of a database with our tables)"""
    name = f"actionry_template_{os.getpid()}"
    with own_database(postgres_server, name) as url:
        _prepare(url)
        yield postgres_server, name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "actionry.db"
    _prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with our tables and nothing in them."""
    if backend == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "actionry.db")
        yield f"sqlite:///{tmp_path / 'actionry.db'}"
    else:
        server, template = request.getfixturevalue("postgres_template")
        with own_database(server, f"actionry_test_{os.getpid()}", template=template) as url:
            yield url


@pytest.fixture
def empty_database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without any table."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        with own_database(server, f"actionry_empty_{os.getpid()}") as url:
            yield url


@pytest.fixture
def vault() -> Vault:
    return Vault({"k1": os.urandom(32)})


@pytest.fixture
async def storage(database_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Storage]:
    opened = await open_storage(database_url, vault=vault, data_dir=tmp_path / "files")
    yield opened
    await opened.close()
