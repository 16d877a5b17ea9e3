"""Whether the database has our tables, and bringing it there: fresh ones are made at once, old ones are migrated.

A fresh database is made from `tables.py` and stamped, without loading Alembic (a third of a second); a test holds that
this equals the migrations. Writing to the tables of a newer version is refused, never tried.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from actionry.storage.engine import Database
from actionry.storage.errors import SchemaMismatch
from actionry.storage.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"


def revisions() -> tuple[str, ...]:
    """Oldest first: migrations are files `0001_what.py`, each on top of the one before."""
    names = (re.match(r"(\d{4})_\w+\.py$", path.name) for path in (MIGRATIONS / "versions").iterdir())
    return tuple(sorted(match[1] for match in names if match is not None))


async def current_revision(database: Database) -> str | None:
    """Where the database stands; None when it is empty."""
    async with database.reading() as connection:
        return await connection.run_sync(_current_revision)


async def prepare_schema(database: Database, *, upgrade: bool = True) -> str:
    """Bring the database to the newest revision, and return it.

    Raises SchemaMismatch when it was made by a newer version, or is older and `upgrade` is False.
    """
    known = await asyncio.to_thread(revisions)
    newest = known[-1]
    current = await current_revision(database)
    if current == newest:
        return newest
    if current is None:
        async with database.writing() as connection:
            await connection.run_sync(_create, newest, database.backend)
        return newest
    if current not in known:
        raise SchemaMismatch(
            f"The database was written by a newer version of Actionry (its tables are {current}, ours {newest}).",
            mend="Start that version again, or restore a backup that was made before it. Nothing was changed.",
        )
    if not upgrade:
        raise SchemaMismatch(
            f"The database's tables are {current}; this version needs {newest}.",
            mend="Make a backup (`actionry backup`), then run `actionry upgrade`.",
        )
    await asyncio.to_thread(migrate, database)
    return newest


def migrate(database: Database, target: str = "head") -> None:
    """Run the migrations; blocking, in one transaction where the database can (both can)."""
    from alembic import command

    command.upgrade(alembic_config(database), target)


def alembic_config(database: Database) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["database"] = database
    return config


LOCK = 0x41637469
"""Of PostgreSQL: two replicas that start at once prepare the schema one after the other."""


def _current_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  # our own name
    return found


def _create(connection: Connection, revision: str, backend: str) -> None:
    if backend == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if _current_revision(connection) is not None:
        return  # another process was faster
    metadata.create_all(connection)
    connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:revision)"), {"revision": revision})  # noqa: S608
