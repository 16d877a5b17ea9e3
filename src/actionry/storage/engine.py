"""One way to the database, whichever it is: transactions that read, transactions that write, and hints after commit.

SQLite has one writer: every writing transaction waits for its turn in the process and then says `BEGIN IMMEDIATE`, so
that it never fails half-way for a lock (with plain BEGIN most transactions of 8 writers were lost). Reading goes over
connections of its own, which cannot write. PostgreSQL gets the same two pools: what reads is a read-only snapshot.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar, TypeVarTuple

from sqlalchemy import Connection, Executable, Table, event, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from actionry.storage.errors import DatabaseUnavailable
from actionry.storage.tables import deletions, files

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

Backend = Literal["sqlite", "postgresql"]

BUSY_S = 15.0
"""How long a transaction waits for another process that writes to the same SQLite file."""

READERS = 4
"""Reading connections to SQLite; each is a thread."""

POOL = 10
"""Connections of each kind to PostgreSQL; as many again in a rush."""

CHANNEL = "actionry"
"""Of LISTEN and NOTIFY."""

HINTS_AT_ONCE = 200
"""In one payload, which PostgreSQL limits to 8,000 bytes."""

_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', :payload)")


class Database:
    """`Database("sqlite:///data/actionry.db")`, `Database("postgresql://user@host/name")`.

    Nothing is opened before the first transaction. Raises ValueError for another kind of URL.
    """

    def __init__(self, url: str, *, pool: int = POOL) -> None:
        self.url = read_url(url)
        self.backend: Backend = "sqlite" if self.url.drivername.startswith("sqlite") else "postgresql"
        self._writer_turn = asyncio.Lock()
        self.name = secrets.token_hex(6)
        """Of this process among those that share the database: it need not hear its own hints."""
        self._pool = pool
        self._engines: tuple[AsyncEngine, AsyncEngine] | None = None
        self._threads: _Threads | None = None
        """SQLite's, for `read` and `write`."""
        self._opening = asyncio.Lock()
        self._insert_new: dict[str, Any] = {}
        self.forget_files: Callable[[Sequence[str]], None] | None = None
        """Set by `Files`: removes bytes whose rows have gone."""

    @property
    def file(self) -> Path | None:
        """SQLite's file; None on PostgreSQL."""
        return Path(self.url.database or "") if self.backend == "sqlite" else None

    async def read(self, work: Callable[[Connection, *Arguments], Result], *arguments: *Arguments) -> Result:
        """`work(connection, *arguments)` in a read-only snapshot; on SQLite one visit to a thread for all of it."""
        reader, _ = self._engines or await self._open()
        with _explained():
            if self._threads is not None:
                return await self._threads.read(work, arguments)
            async with reader.connect() as connection:
                return await connection.run_sync(work, *arguments)

    async def fetch(self, query: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """The rows of one query."""
        return await self.read(_fetch, query, values)

    async def fetch_one(self, query: Executable, values: Mapping[str, Any] | None = None) -> Any:
        """The first row of a query, of which there is one at most; None when there is none."""
        rows = await self.read(_fetch, query, values)
        return rows[0] if rows else None

    async def write(self, work: Callable[[Connection, *Arguments], Result], *arguments: *Arguments) -> Result:
        """`work(connection, *arguments)` in a transaction that is durable when this returns.

        For what is done with every message or token: a statement of `writing` costs a change of threads on SQLite,
        here all of them together cost one. On PostgreSQL both are the same.
        """
        _, writer = self._engines or await self._open()
        told: list[Callable[[], None]] = []
        with _explained():
            if self._threads is not None:
                async with self._writer_turn:
                    return await self._threads.write(work, arguments)
            async with writer.begin() as connection:
                connection.info["actionry.told"] = told
                result = await connection.run_sync(work, *arguments)
        _tell(told)
        return result

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A read-only snapshot. Raises DatabaseUnavailable."""
        reader, _ = self._engines or await self._open()
        with _explained():
            async with reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is durable when the block has been left, and undone when it raises.

        `on_commit` adds what is to be told afterwards. Raises DatabaseUnavailable.
        """
        _, writer = self._engines or await self._open()
        told: list[Callable[[], None]] = []
        with _explained():
            if self.backend == "sqlite":
                async with self._writer_turn, writer.begin() as connection:
                    connection.info["actionry.told"] = told
                    yield connection
            else:
                async with writer.begin() as connection:
                    connection.info["actionry.told"] = told
                    yield connection
        _tell(told)

    async def insert_new(self, connection: AsyncConnection, table: Table, values: dict[str, Any]) -> bool:
        """Insert the row unless its key is taken (by whoever; one that is being written is waited for)."""
        return await connection.run_sync(self.insert_new_in, table, values)

    def insert_new_in(self, connection: Connection, table: Table, values: dict[str, Any]) -> bool:
        statement = self._insert_new.get(table.name)
        if statement is None:
            kind = sqlite_insert if self.backend == "sqlite" else postgres_insert
            statement = kind(table).on_conflict_do_nothing().returning(literal_column("1"))
            self._insert_new[table.name] = statement
        return connection.execute(statement, values).first() is not None

    async def upsert(
        self, connection: AsyncConnection, table: Table, values: dict[str, Any], *, key: Sequence[str]
    ) -> None:
        """Insert the row, or write over the one with that key."""
        kind = sqlite_insert if self.backend == "sqlite" else postgres_insert
        changed = {name: value for name, value in values.items() if name not in key}
        statement = kind(table).values(values).on_conflict_do_update(index_elements=list(key), set_=changed)
        await connection.execute(statement)

    async def forget_files_of(self, connection: AsyncConnection, which: Any) -> list[str]:
        """Before rows are deleted: the bytes of these files in the data folder go when that has been committed."""
        query = select(files.c.id).where(which, files.c.content.is_(None))
        ids = list((await connection.execute(query)).scalars())
        if ids and self.forget_files is not None:
            forget = self.forget_files
            on_commit(connection, lambda: forget(ids))
        return ids

    async def note_deletion(self, connection: AsyncConnection, kind: str, row_id: str, now: float) -> None:
        """So that restoring an older backup deletes it again (THREATS L-10)."""
        await self.insert_new(connection, deletions, {"kind": kind, "id": row_id, "at": now})

    def notify(self, connection: Connection, hints: Sequence[str]) -> None:
        """Tell other processes when the transaction commits: a hint, which SQLite does without."""
        if self.backend == "sqlite" or not hints:
            return
        for start in range(0, len(hints), HINTS_AT_ONCE):
            payload = "\n".join((self.name, *hints[start : start + HINTS_AT_ONCE]))
            connection.execute(_NOTIFY, {"payload": payload})

    async def check(self) -> None:
        """For health checks: one round trip of each kind."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        for engine in self._engines or ():
            await engine.dispose()
        if self._threads is not None:
            await asyncio.to_thread(self._threads.close)

    async def _open(self) -> tuple[AsyncEngine, AsyncEngine]:
        """In a thread: drivers are imported, and SQLite's file is made."""
        async with self._opening:
            if self._engines is None:
                engines = await asyncio.to_thread(_make_engines, self.url, self.backend, self._pool)
                if self.backend == "sqlite":
                    self._threads = await asyncio.to_thread(_Threads, self.url)
                self._engines = engines
            return self._engines

    def sync_engine(self) -> Engine:
        """For work that is done in a thread: migrations, backups. The caller disposes of it."""
        if self.backend == "postgresql":
            return create_engine(self.url, poolclass=NullPool)
        engine = create_engine(self.url.set(drivername="sqlite"), poolclass=NullPool, connect_args={"timeout": BUSY_S})
        event.listen(engine, "connect", _set_up_sync)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    def __repr__(self) -> str:
        return f"<Database {self.url.render_as_string(hide_password=True)}>"


def on_commit(connection: Connection | AsyncConnection, tell: Callable[[], None]) -> None:
    """Call `tell` on the event loop when the transaction has been committed; never when it was undone."""
    connection.info["actionry.told"].append(tell)


def read_url(text: str) -> URL:
    """`postgres://…`, `postgresql://…`, `sqlite:///path`, with or without a driver, as a URL with our driver."""
    try:
        url = make_url(text)
    except SQLAlchemyError:
        raise ValueError("The database URL is not one; write sqlite:///path or postgresql://user@host/name.") from None
    kind = url.drivername.partition("+")[0]
    if kind in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise ValueError(f"A database of the kind {kind!r} is not supported; use SQLite or PostgreSQL.")
    if not url.database or url.database == ":memory:" or "mode=memory" in url.database:
        raise ValueError("SQLite needs a file: sqlite:///path/to/actionry.db")
    return url.set(drivername="sqlite+aiosqlite")


class _Threads:
    """SQLite in threads of its own: one that writes, a few that read."""

    def __init__(self, url: URL) -> None:
        url = url.set(drivername="sqlite")
        options: dict[str, Any] = {
            "connect_args": {"timeout": BUSY_S, "isolation_level": None, "cached_statements": 256},
            "max_overflow": 0,
        }
        self._readers = ThreadPoolExecutor(READERS, "actionry-read")
        self._writer = ThreadPoolExecutor(1, "actionry-write")
        self._reader_engine = create_engine(url, pool_size=READERS, **options)
        self._writer_engine = create_engine(url, pool_size=1, **options)
        event.listen(self._reader_engine, "connect", _set_up_reader)
        event.listen(self._writer_engine, "connect", _set_up_writer)
        event.listen(self._reader_engine, "begin", lambda connection: _say(connection, "BEGIN"))
        event.listen(self._writer_engine, "begin", lambda connection: _say(connection, "BEGIN IMMEDIATE"))

    async def read(self, work: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work, arguments)

    async def write(self, work: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._write, loop, work, arguments)

    def _read(self, work: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        with self._reader_engine.connect() as connection:
            return work(connection, *arguments)

    def _write(
        self, loop: asyncio.AbstractEventLoop, work: Callable[..., Result], arguments: tuple[Any, ...]
    ) -> Result:
        told: list[Callable[[], None]] = []
        with self._writer_engine.begin() as connection:
            connection.info["actionry.told"] = told
            result = work(connection, *arguments)
        if told:  # also when whoever waited for it was cancelled: it is committed
            loop.call_soon_threadsafe(_tell, told)
        return result

    def close(self) -> None:
        for executor in (self._readers, self._writer):
            executor.shutdown(wait=True)
        self._reader_engine.dispose()
        self._writer_engine.dispose()


def _say(connection: Connection, statement: str) -> None:
    """Past SQLAlchemy, which would compile and log it: a tenth of the time."""
    connection.connection.dbapi_connection.execute(statement)  # type: ignore[union-attr]  # sqlite3's


def _fetch(connection: Connection, query: Executable, values: Mapping[str, Any] | None) -> Sequence[Any]:
    return connection.execute(query, dict(values) if values is not None else None).all()


def _tell(told: list[Callable[[], None]]) -> None:
    for tell in told:
        tell()


def _make_engines(url: URL, backend: Backend, pool: int) -> tuple[AsyncEngine, AsyncEngine]:
    if backend == "postgresql":
        return _postgres_engines(url, pool)
    _make_private(Path(url.database or ""))
    return _sqlite_engines(url)


def _sqlite_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    options: dict[str, Any] = {
        "connect_args": {"timeout": BUSY_S, "isolation_level": None, "cached_statements": 256},
        "max_overflow": 0,
        "pool_timeout": 60.0,
    }
    reader = create_async_engine(url, pool_size=READERS, **options)
    writer = create_async_engine(url, pool_size=1, **options)
    event.listen(reader.sync_engine, "connect", _set_up_reader)
    event.listen(writer.sync_engine, "connect", _set_up_writer)
    event.listen(reader.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    event.listen(writer.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return reader, writer


WRITER_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # what was acknowledged survives the loss of power, not only of the process
    "fullfsync = 1",
    "checkpoint_fullfsync = 1",
    "foreign_keys = ON",
    "secure_delete = ON",  # deleted means deleted, in the file too (THREATS L-10)
    "journal_size_limit = 67108864",
    "cache_size = -16384",
    "temp_store = MEMORY",
)
READER_PRAGMAS = ("journal_mode = WAL", "query_only = ON", "cache_size = -4096", "temp_store = MEMORY")


def _set_up_writer(connection: Any, record: object) -> None:
    _pragmas(connection, WRITER_PRAGMAS)


def _set_up_reader(connection: Any, record: object) -> None:
    _pragmas(connection, READER_PRAGMAS)


def _set_up_sync(connection: Any, record: object) -> None:
    connection.isolation_level = None
    _pragmas(connection, WRITER_PRAGMAS)


def _pragmas(connection: Any, pragmas: tuple[str, ...]) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _make_private(path: Path) -> None:
    """The file and its folder, readable by nobody else: it holds conversations."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _postgres_engines(url: URL, pool: int) -> tuple[AsyncEngine, AsyncEngine]:
    options: dict[str, Any] = {
        "pool_size": pool,
        "max_overflow": pool,
        "pool_timeout": 30.0,
        "pool_pre_ping": True,
        "connect_args": {"application_name": "actionry", "connect_timeout": 10},
    }
    reader = create_async_engine(url, **options)
    writer = create_async_engine(url, **options)
    event.listen(reader.sync_engine, "connect", _set_up_snapshots)
    return reader, writer


def _set_up_snapshots(connection: Any, record: object) -> None:
    from psycopg import IsolationLevel

    connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    connection.set_read_only(True)


class _explained:  # noqa: N801  # reads as the word that it is: `with _explained():`
    """Turns what the driver says into one message that names whose turn it is; the driver's text holds no values."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PoolTimeout):
            raise DatabaseUnavailable(
                "All connections to the database are in use.",
                mend="Try again in a moment.",
                may_retry=True,
                retry_after_s=2,
            ) from error
        if isinstance(error, DBAPIError) and (found := _why_unavailable(error)) is not None:
            raise found from error


_SQLITE_AWAY = {
    sqlite3.SQLITE_FULL: ("The disk is full.", "Free some space; nothing that was acknowledged is lost."),
    sqlite3.SQLITE_IOERR: (
        "The disk reports an error.",
        "Check the disk, and restore from the last backup if need be.",
    ),
    sqlite3.SQLITE_BUSY: ("Another process keeps the database locked.", "End it, or try again in a moment."),
    sqlite3.SQLITE_LOCKED: ("The database is locked.", "Try again in a moment."),
    sqlite3.SQLITE_READONLY: ("The database cannot be written.", "Check the rights of its file and folder."),
    sqlite3.SQLITE_CANTOPEN: ("The database cannot be opened.", "Check its path and the rights of its folder."),
    sqlite3.SQLITE_CORRUPT: ("The database file is damaged.", "Restore the last backup."),
    sqlite3.SQLITE_NOTADB: ("The database file is not one.", "Check ACTIONRY_DATABASE_URL."),
}

_POSTGRES_AWAY = ("08", "53", "57", "58", "25006", "28", "3D")
"""SQLSTATE classes: connection, resources, operator intervention, system error; read only; log-in; no such database."""


def _why_unavailable(error: DBAPIError) -> DatabaseUnavailable | None:
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int) and code & 0xFF in _SQLITE_AWAY:
        said, mend = _SQLITE_AWAY[code & 0xFF]
        return DatabaseUnavailable(said, mend=mend, may_retry=True)
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str) and state.startswith("53100"):
        said, mend = _SQLITE_AWAY[sqlite3.SQLITE_FULL]
        return DatabaseUnavailable(said, mend=mend, may_retry=True)
    lost = error.connection_invalidated or (
        type(cause).__name__ == "OperationalError" and state is None and code is None
    )
    if lost or (isinstance(state, str) and state.startswith(_POSTGRES_AWAY)):
        return DatabaseUnavailable(
            "The database does not answer.", mend="Check that it runs and is reachable; then try again.", may_retry=True
        )
    return None
