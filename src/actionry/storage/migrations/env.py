"""Run by Alembic: offline (`--sql`) it writes the statements for the backend of the URL, online it runs them."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import text

from actionry.storage.engine import Database
from actionry.storage.schema import LOCK
from actionry.storage.tables import metadata


def main() -> None:
    database: Database = context.config.attributes["database"]
    options: dict[str, Any] = {
        "target_metadata": metadata,
        "render_as_batch": True,  # SQLite changes a table by copying it
        "compare_type": True,
        "compare_server_default": True,
    }
    if context.is_offline_mode():
        context.configure(dialect_name=database.backend, literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = database.sync_engine()
    with engine.connect() as connection, connection.begin():
        if database.backend == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


main()
