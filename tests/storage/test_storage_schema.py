"""Migrations end where the tables are described, and another version's database is not touched."""

from __future__ import annotations

import asyncio
import io
from contextlib import redirect_stdout
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from actionry.storage.engine import Database, read_url
from actionry.storage.errors import DatabaseUnavailable, SchemaMismatch
from actionry.storage.maintenance import check_database, upgrade
from actionry.storage.schema import alembic_config, current_revision, migrate, prepare_schema, revisions
from actionry.storage.tables import metadata

NEWEST = revisions()[-1]


def shape(database: Database) -> dict[str, Any]:
    """Everything that the database says of its tables."""
    engine = database.sync_engine()
    with engine.connect() as connection:
        found = inspect(connection)
        told = {
            name: (
                sorted((c["name"], str(c["type"]), c["nullable"], str(c["default"])) for c in found.get_columns(name)),
                found.get_pk_constraint(name)["constrained_columns"],
                sorted(
                    (f["constrained_columns"], f["referred_table"], str(f["options"]))
                    for f in found.get_foreign_keys(name)
                ),
                sorted((str(i["name"]), i["column_names"], i["unique"]) for i in found.get_indexes(name)),
                sorted((str(u["name"]), u["column_names"]) for u in found.get_unique_constraints(name)),
                sorted(str(c["name"]) for c in found.get_check_constraints(name)),
            )
            for name in found.get_table_names()
            if name != "alembic_version"
        }
    engine.dispose()
    return told


@pytest.mark.row("T-14")
def test_migrations_lead_to_the_described_tables(empty_database_url: str, database_url: str) -> None:
    migrated, made = Database(empty_database_url), Database(database_url)
    migrate(migrated)
    assert shape(migrated) == shape(made)
    engine = migrated.sync_engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_a_fresh_database_is_made_once_by_many(empty_database_url: str) -> None:
    databases = [Database(empty_database_url) for _ in range(4)]
    made = await asyncio.gather(*(prepare_schema(database) for database in databases))
    assert set(made) == {NEWEST}
    assert await check_database(databases[0]) == []
    assert await upgrade(databases[0]) == (NEWEST, NEWEST)
    for database in databases:
        await database.close()


async def test_a_newer_database_is_refused(database_url: str) -> None:
    database = Database(database_url)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch, match="newer version"):
        await prepare_schema(database)
    assert await current_revision(database) == "9999"
    await database.close()


def test_the_statements_can_be_written_offline(backend: str, empty_database_url: str) -> None:
    database = Database(empty_database_url)
    config = alembic_config(database)
    config.output_buffer = io.StringIO()
    with redirect_stdout(io.StringIO()):
        command.upgrade(config, "head", sql=True)
    said = config.output_buffer.getvalue()
    assert "CREATE TABLE turn_events" in said
    assert ("BYTEA" in said) == (backend == "postgresql")


def test_there_is_no_way_down(database_url: str) -> None:
    with pytest.raises(NotImplementedError, match="backup"):
        command.downgrade(alembic_config(Database(database_url)), "base")


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite"),
        ("sqlite:////srv/a%20b.db", "sqlite+aiosqlite"),
        ("postgres://u:p@h/d", "postgresql+psycopg"),
        ("postgresql+asyncpg://h/d", "postgresql+psycopg"),
    ],
)
def test_database_urls(given: str, driver: str) -> None:
    assert read_url(given).drivername == driver


@pytest.mark.parametrize("given", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_other_urls_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"SQLite|sqlite"):
        read_url(given)


async def test_a_database_that_is_away_is_said_so() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    with pytest.raises(DatabaseUnavailable) as raised:
        await database.check()
    assert raised.value.may_retry
    await database.close()


async def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(Database("postgresql://u:hunter2@h/d"))
