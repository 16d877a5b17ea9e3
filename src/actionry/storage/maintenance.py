"""Backup, restore, upgrade, key rotation: what the command line does with a database, as functions.

A backup is one file, `…tar.gz`: a manifest, the rows as a SQLite database whichever database they come from, and the
large files. So it restores to either database. It holds no vault key: sealed secrets are useless without it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, inspect, select, text, update

from actionry.credentials.vault import Place, Vault
from actionry.errors import VaultError
from actionry.storage.engine import Database
from actionry.storage.errors import Conflict, SchemaMismatch, StorageError
from actionry.storage.schema import current_revision, migrate, prepare_schema, revisions
from actionry.storage.tables import (
    SEALED,
    audit_log,
    connections,
    conversations,
    deletions,
    files,
    gpts,
    locks,
    metadata,
    users,
    vault_keys,
)

FORMAT = 1
ROWS = 500
"""Rows that are copied in one step."""

NOT_KEPT = frozenset({locks.name})
"""Tables of the moment; a backup has no use for them."""

DELETABLE = {"user": users, "gpt": gpts, "conversation": conversations, "connection": connections, "file": files}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupInfo:
    """The manifest."""

    format: int
    created_at: float
    backend: str
    revision: str
    rows: dict[str, int]
    database_sha256: str
    files: dict[str, str]
    """File id -> SHA-256."""
    missing_files: tuple[str, ...] = ()
    """Deleted while the backup was made."""
    key_ids: tuple[str, ...] = ()
    """Of the vault keys that are needed to open its secrets."""


@dataclass(slots=True, kw_only=True)
class RotationReport:
    current: str
    rotated: dict[str, int] = field(default_factory=dict)
    """Table -> rows that were sealed again."""
    left: dict[str, int] = field(default_factory=dict)
    """Table -> rows that could not be opened with the keys at hand, and were left as they are."""
    retired: tuple[str, ...] = ()
    """Keys that nothing is sealed with any more: they can be taken out of the settings."""


class BackupUnreadable(StorageError):
    """The file is not a backup of ours, or was damaged."""


# ------------------------------------------------------------------------------------------------------------- backup


async def backup(database: Database, data_dir: Path, target: Path) -> BackupInfo:
    """Write a backup while everything runs: rows as of one moment, and the files that they name.

    `target` appears when it is whole, readable by nobody else. Raises Conflict when it exists already.
    """
    revision = await current_revision(database)
    if revision is None:
        raise SchemaMismatch("The database is empty.", mend="There is nothing to back up yet.")
    return await asyncio.to_thread(_backup, database, data_dir / "files", target, revision)


def _backup(database: Database, folder: Path, target: Path, revision: str) -> BackupInfo:
    if target.exists():
        raise Conflict(f"{target} exists already.", mend="Choose another name.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as name:
        copy = Path(name) / "database.sqlite"
        if database.file is not None:
            _copy_sqlite(database.file, copy)
        else:
            _dump(database, copy, revision)
        draft = Path(name) / "backup.tar.gz"
        with tarfile.open(draft, "w:gz", compresslevel=6) as archive:
            kept, missing = _add_files(archive, copy, folder)
            info = _describe(copy, database.backend, revision, kept, missing)
            archive.add(copy, "database.sqlite", recursive=False)
            manifest = Path(name) / "manifest.json"
            manifest.write_text(json.dumps(asdict(info), indent=1))
            archive.add(manifest, "manifest.json", recursive=False)
        os.chmod(draft, 0o600)
        _sync(draft)
        os.replace(draft, target)
        _sync(target.parent)
    return info


def _copy_sqlite(source: Path, copy: Path) -> None:
    """A snapshot of one moment while others write, without the pages of what was deleted."""
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=60)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def _dump(database: Database, copy: Path, revision: str) -> None:
    """All rows of one snapshot of PostgreSQL, as SQLite."""
    target = Database(f"sqlite:///{copy}")
    reader, writer = database.sync_engine(), target.sync_engine()
    isolated = reader.execution_options(isolation_level="REPEATABLE READ")
    with isolated.connect() as source, writer.begin() as sink:
        metadata.create_all(sink)
        _stamp(sink, revision)
        for table in metadata.sorted_tables:
            if table.name not in NOT_KEPT:
                _copy_rows(source, sink, table)
    with writer.connect() as sink:
        sink.rollback()
        sink.connection.dbapi_connection.execute("PRAGMA journal_mode = DELETE")  # type: ignore[union-attr]
    reader.dispose()
    writer.dispose()


def _copy_rows(source: Connection, sink: Connection, table: Table) -> int:
    copied = 0
    names = [column.name for column in table.columns]
    query = select(table).order_by(*_order(table)).execution_options(yield_per=ROWS)
    for part in source.execute(query).partitions(ROWS):
        sink.execute(insert(table), [dict(zip(names, row, strict=True)) for row in part])
        copied += len(part)
    return copied


def _order(table: Table) -> list[Any]:
    """Parents before children: a turn's number is higher than that of the turn it follows."""
    key = list(table.primary_key.columns)
    return [table.c.conversation_id, table.c.number] if table.name == "turns" else key


def _stamp(connection: Connection, revision: str) -> None:
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})


def _add_files(archive: tarfile.TarFile, copy: Path, folder: Path) -> tuple[dict[str, str], list[str]]:
    kept: dict[str, str] = {}
    missing: list[str] = []
    with closing(sqlite3.connect(copy)) as connection:
        names = [row[0] for row in connection.execute("SELECT id FROM files WHERE content IS NULL ORDER BY id")]
    for file_id in names:
        path = folder / file_id[2:4] / file_id
        try:
            with path.open("rb") as opened:
                kept[file_id] = hashlib.file_digest(opened, "sha256").hexdigest()
            archive.add(path, f"files/{file_id}", recursive=False)
        except FileNotFoundError:
            kept.pop(file_id, None)
            missing.append(file_id)
    return kept, missing


def _describe(copy: Path, backend: str, revision: str, kept: dict[str, str], missing: list[str]) -> BackupInfo:
    with closing(sqlite3.connect(copy)) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if not row[0].startswith(("sqlite_", "alembic_"))
        ]
        rows = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608
        keys = tuple(row[0] for row in connection.execute("SELECT key_id FROM vault_keys ORDER BY first_used_at"))
    with copy.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return BackupInfo(
        format=FORMAT,
        created_at=time.time(),
        backend=backend,
        revision=revision,
        rows=rows,
        database_sha256=digest,
        files=kept,
        missing_files=tuple(missing),
        key_ids=keys,
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ------------------------------------------------------------------------------------------------------------ restore


async def read_backup(source: Path) -> BackupInfo:
    """The manifest, after checking that the backup is whole. Raises BackupUnreadable."""

    def read() -> BackupInfo:
        with _unpacked(source) as (info, _):
            return info

    return await asyncio.to_thread(read)


async def restore(database: Database, data_dir: Path, source: Path, *, replace: bool = False) -> BackupInfo:
    """Bring a backup into an empty database, or with `replace` in place of what is there; one transaction.

    What was deleted since the backup was made stays deleted. An older backup's tables are migrated first; the server
    must not run. Raises BackupUnreadable, SchemaMismatch, Conflict when there is something and `replace` is not given.
    """
    newest = (await asyncio.to_thread(revisions))[-1]
    if await current_revision(database) not in (None, newest):
        await prepare_schema(database)  # says it when the database is newer than we are
    elif await current_revision(database) is None:
        await prepare_schema(database)
    return await asyncio.to_thread(_restore, database, data_dir / "files", source, replace)


def _restore(database: Database, folder: Path, source: Path, replace: bool) -> BackupInfo:
    with _unpacked(source) as (info, unpacked):
        if info.revision not in revisions():
            raise SchemaMismatch(
                f"The backup was made by a newer version of Actionry (its tables are {info.revision}).",
                mend="Install that version or a later one.",
            )
        copy = Database(f"sqlite:///{unpacked / 'database.sqlite'}")
        if info.revision != revisions()[-1]:
            migrate(copy)
        reader, writer = copy.sync_engine(), database.sync_engine()
        try:
            with reader.connect() as old, writer.begin() as new:
                later = _deleted_since(new)
                _empty(new, replace=replace)
                _fill(old, new)
                for kind, row_id, at in later:
                    _delete_again(new, kind, row_id, at)
                _place_files(unpacked / "files", folder, info.files)
                if database.backend == "postgresql":
                    new.execute(
                        text("SELECT setval(pg_get_serial_sequence('audit_log', 'id'), :last)"), _last_audit(new)
                    )
        finally:
            reader.dispose()
            writer.dispose()
    return info


def extract_files(archive: tarfile.TarFile, folder: Path) -> None:
    """Plain files only, and only into the folder (THREATS F-01).

    tarfile's own `filter="data"` is missing in Python before 3.11.4.
    """
    for member in archive:
        target = (folder / member.name).resolve()
        if member.isdir():
            continue
        content = archive.extractfile(member) if member.isfile() else None
        if content is None or not target.is_relative_to(folder.resolve()):
            raise ValueError(f"{member.name!r} is not a plain file of a backup")
        target.parent.mkdir(parents=True, exist_ok=True)
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file)


@contextmanager
def _unpacked(source: Path) -> Iterator[tuple[BackupInfo, Path]]:
    with tempfile.TemporaryDirectory(prefix="actionry-restore-") as name:
        folder = Path(name)
        try:
            with tarfile.open(source, "r:gz") as archive:
                extract_files(archive, folder)
            values = json.loads((folder / "manifest.json").read_text())
            info = BackupInfo(**values | {name: tuple(values[name]) for name in ("missing_files", "key_ids")})
        except (OSError, EOFError, tarfile.TarError, ValueError, TypeError, KeyError) as error:
            raise BackupUnreadable(
                f"{source} cannot be read as a backup.", mend="Is it whole, and made by `actionry backup`?"
            ) from error
        if info.format != FORMAT:
            raise BackupUnreadable(f"The backup has the format {info.format}.", mend="Use a newer version.")
        _check_digest(folder / "database.sqlite", info.database_sha256)
        for file_id, digest in info.files.items():
            _check_digest(folder / "files" / file_id, digest)
        yield info, folder


def _check_digest(path: Path, digest: str) -> None:
    found = ""
    if path.is_file():
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != digest:
        raise BackupUnreadable(f"The backup is damaged: {path.name} differs.", mend="Use another backup.")


def _deleted_since(connection: Connection) -> list[tuple[str, str, float]]:
    return [(row.kind, row.id, row.at) for row in connection.execute(select(deletions))]


def _empty(connection: Connection, *, replace: bool) -> None:
    if not replace and connection.scalar(select(func.count()).select_from(users)):
        raise Conflict("The database is not empty.", mend="Restore with --replace to put the backup in its place.")
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))


def _fill(old: Connection, new: Connection) -> None:
    there = set(inspect(old).get_table_names())
    for table in metadata.sorted_tables:
        if table.name in there and table.name not in NOT_KEPT:
            _copy_rows(old, new, table)


def _delete_again(connection: Connection, kind: str, row_id: str, at: float) -> None:
    table = DELETABLE.get(kind)
    if table is not None:
        connection.execute(delete(table).where(table.c.id == row_id))
    known = select(deletions.c.id).where(deletions.c.kind == kind, deletions.c.id == row_id)
    if connection.execute(known).first() is None:
        connection.execute(insert(deletions).values(kind=kind, id=row_id, at=at))


def _place_files(unpacked: Path, folder: Path, names: dict[str, str]) -> None:
    for file_id in names:
        target = folder / file_id[2:4] / file_id
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = target.with_name(f".{file_id}")
        draft.write_bytes(b"")
        os.chmod(draft, 0o600)
        with (unpacked / file_id).open("rb") as source, draft.open("wb") as sink:
            while part := source.read(1024 * 1024):
                sink.write(part)
            sink.flush()
            os.fsync(sink.fileno())
        os.replace(draft, target)


def _last_audit(connection: Connection) -> dict[str, int]:
    return {"last": (connection.scalar(select(func.max(audit_log.c.id))) or 0) + 1}


# ------------------------------------------------------------------------------------------------------------ upgrade


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the tables to this version: (before, after). Killed half-way it has done nothing, and can be repeated."""
    before = await current_revision(database)
    return before, await prepare_schema(database, upgrade=True)


# ----------------------------------------------------------------------------------------------------------- rotation


async def rotate_keys(database: Database, vault: Vault) -> RotationReport:
    """Seal everything under the vault's current key, while the server runs (T-17).

    Every process must have the new key first, as its current one. A row that somebody changes meanwhile is theirs: it
    is under the new key already.
    """
    report = RotationReport(current=vault.current_key_id)
    for table, id_column, column in SEALED:
        await _rotate_table(database, vault, table, id_column, column, report)
    report.retired = await _retire(database, vault, report)
    return report


async def _rotate_table(
    database: Database, vault: Vault, table: Table, id_column: str, column: str, report: RotationReport
) -> None:
    key, sealed = table.c[id_column], table.c[column]
    prefix = f"v1.{vault.current_key_id}."
    old = (sealed.is_not(None), func.substr(sealed, 1, len(prefix)) != prefix)
    after = ""
    while True:
        async with database.reading() as connection:
            rows = (
                await connection.execute(select(key, sealed).where(*old, key > after).order_by(key).limit(200))
            ).all()
        if not rows:
            return
        after = rows[-1][0]
        changed = []
        for row_id, text_ in rows:
            try:
                fresh = vault.rotate(text_, Place(table.name, row_id, column))
            except VaultError:
                report.left[table.name] = report.left.get(table.name, 0) + 1
                continue
            changed.append({"row": row_id, "old": text_, "new": fresh})
        if changed:
            statement = update(table).where(key == bindparam("row"), sealed == bindparam("old"))
            async with database.writing() as connection:
                await connection.execute(statement.values({sealed: bindparam("new")}), changed)
            report.rotated[table.name] = report.rotated.get(table.name, 0) + len(changed)


async def _retire(database: Database, vault: Vault, report: RotationReport) -> tuple[str, ...]:
    """Forget the check texts of keys that nothing is sealed with any more."""
    if report.left:
        return ()
    async with database.writing() as connection:
        gone = delete(vault_keys).where(vault_keys.c.key_id != vault.current_key_id).returning(vault_keys.c.key_id)
        return tuple(sorted((await connection.execute(gone)).scalars()))


# ------------------------------------------------------------------------------------------------------------- health


async def check_database(database: Database) -> list[str]:
    """What is wrong with the database, for `actionry doctor`; nothing when it is sound."""
    problems: list[str] = []
    newest = (await asyncio.to_thread(revisions))[-1]
    found = await current_revision(database)
    if found != newest:
        problems.append(f"The tables are {found or 'missing'}, not {newest}.")
    async with database.reading() as connection:
        if database.backend == "sqlite":
            lines = [row[0] for row in await connection.execute(text("PRAGMA integrity_check"))]
            problems += [f"SQLite: {line}" for line in lines if line != "ok"]
            broken = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
            problems += [f"SQLite: {row[0]} row {row[1]} refers to a missing row of {row[2]}." for row in broken[:20]]
        else:
            version = int(await connection.scalar(text("SHOW server_version_num")) or 0)
            if version < 150_000:
                problems.append(f"PostgreSQL is {version // 10_000}; 15 or newer is needed.")
    return problems
