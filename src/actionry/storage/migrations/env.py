"""Run by Alembic: offline (`--sql`) it writes the statements for the backend of the URL, online it runs them."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import URL, create_engine, event, pool, text

from actionry.storage.schema import LOCK
from actionry.storage.tables import metadata


def main() -> None:
    url: URL = context.config.attributes["url"]
    options: dict[str, Any] = {
        "target_metadata": metadata,
        "render_as_batch": True,  # SQLite changes a table by copying it
        "transaction_per_migration": False,
        "compare_type": True,
        "compare_server_default": True,
    }
    if context.is_offline_mode():
        context.configure(url=url, literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = create_engine(url, poolclass=pool.NullPool)
    if url.drivername.startswith("sqlite"):
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()


main()
