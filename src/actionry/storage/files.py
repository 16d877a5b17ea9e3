"""Files: small ones in the database, large ones in the data folder under their own id (never under a given name, F-01).

A file belongs to one person, and with a conversation or a GPT goes when that goes. A turn sees the files of its own
conversation and its GPT's knowledge, and no others (A-14).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from asyncio import Future, get_running_loop, to_thread
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import and_, delete, func, insert, or_, select

from actionry.actions.file_names import safe_name
from actionry.chat.log import TurnContext
from actionry.http import File
from actionry.storage.actor import Actor, Person, owner_id
from actionry.storage.engine import Database
from actionry.storage.errors import NotFound, QuotaExceeded
from actionry.storage.gpts import joined, level_of, require_level
from actionry.storage.ids import new_id, new_token, token_hash
from actionry.storage.tables import conversations, file_links, files, gpts

if TYPE_CHECKING:
    from actionry.actions.files import StoredFile

Source = Literal["upload", "call", "generated", "knowledge", "picture"]

SMALL = {"sqlite": 64 * 1024, "postgresql": 16 * 1024 * 1024}
"""Bytes up to which a file is in the database: replicas on PostgreSQL may not share a folder."""

ABANDONED_S = 3600.0
"""A file in the folder that no row names: the process died between file and row, or the row was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    file_bytes: int = 512 * 1024 * 1024
    user_bytes: int = 10 * 1024 * 1024 * 1024
    """All files of one person together (GE-05)."""


FILE_LIMITS = FileLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    id: str
    owner_id: str
    conversation_id: str | None
    gpt_id: str | None
    name: str
    """Safe to show and to offer for saving."""
    media_type: str
    size: int
    sha256: str
    source: Source
    created_at: float

    @property
    def stored(self) -> StoredFile:
        from actionry.actions.files import StoredFile  # loads the door, which a start does not need

        return StoredFile(id=self.id, name=self.name, media_type=self.media_type, size=self.size)


_COLUMNS = tuple(files.c[name] for name in FileInfo.__slots__)


class Files:
    def __init__(
        self,
        database: Database,
        folder: Path,
        *,
        limits: FileLimits = FILE_LIMITS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.database = database
        self.folder = folder
        self.limits = limits
        self.clock = clock
        self._removing: Future[None] | None = None
        self._small = SMALL[database.backend]
        database.forget_files = self._forget_soon

    async def add(
        self,
        actor: Actor,
        content: bytes | Path,
        *,
        name: str,
        media_type: str,
        source: Source = "upload",
        conversation_id: str | None = None,
        gpt_id: str | None = None,
    ) -> FileInfo:
        """Keep it. A `Path` is a temporary file, which is moved.

        Raises NotFound for another's conversation or a GPT that the actor may not edit, QuotaExceeded.
        """
        if actor.user_id is None:
            raise NotFound("user")
        size, sha256 = await to_thread(_measure, content)
        if size > self.limits.file_bytes:
            raise _too_large(size, self.limits.file_bytes)
        file_id = new_id("f")
        values: dict[str, Any] = {
            "id": file_id,
            "owner_id": actor.user_id,
            "conversation_id": conversation_id,
            "gpt_id": gpt_id,
            "name": safe_name(name),
            "media_type": media_type,
            "size": size,
            "sha256": sha256,
            "source": source,
            "created_at": self.clock(),
        }
        in_database = size <= self._small
        if in_database:
            kept = content if isinstance(content, bytes) else await to_thread(content.read_bytes)
        else:  # the file first: a row whose file is missing would be a broken promise, the contrary is swept away
            kept = None
            await to_thread(_store, content, self._path(file_id))
        try:
            async with self.database.writing() as connection:
                await self._check_place(connection, actor, conversation_id, gpt_id)
                await self._check_quota(connection, actor.user_id, size)
                await connection.execute(insert(files).values(values | {"content": kept}))
        except BaseException:
            if not in_database:
                await to_thread(_remove, self._path(file_id))
            raise
        if in_database and isinstance(content, Path):
            await to_thread(_remove, content)
        return FileInfo(**values)

    async def find(self, actor: Actor, file_id: str, *, conversation_id: str | None = None) -> FileInfo | None:
        """One's own; of a GPT, for those who may view its settings, and its picture for all who see the GPT."""
        row = await self._find(actor, file_id, conversation_id)
        return _read(row) if row is not None else None

    async def read(self, actor: Actor, file_id: str, *, conversation_id: str | None = None) -> File | None:
        row = await self._find(actor, file_id, conversation_id, content=True)
        return await self._content(row) if row is not None else None

    async def path(self, actor: Actor, file_id: str) -> Path | None:
        """Where a large file is, to be sent piece by piece; None for one that is in the database."""
        row = await self._find(actor, file_id, None, content=True)
        return self._path(row.id) if row is not None and row.content is None else None

    async def of_conversation(self, actor: Actor, conversation_id: str) -> list[FileInfo]:
        query = select(*_COLUMNS).where(files.c.conversation_id == conversation_id, files.c.owner_id == owner_id(actor))
        return [_read(row) for row in await self.database.fetch(query.order_by(files.c.created_at))]

    async def used_bytes(self, actor: Actor) -> int:
        query = select(func.coalesce(func.sum(files.c.size), 0)).where(files.c.owner_id == owner_id(actor))
        async with self.database.reading() as connection:
            return int(await connection.scalar(query) or 0)

    async def delete(self, actor: Actor, file_id: str) -> bool:
        """Whether there was such a file of the actor's."""
        async with self.database.writing() as connection:
            gone = delete(files).where(files.c.id == file_id, files.c.owner_id == owner_id(actor))
            found = bool((await connection.execute(gone)).rowcount)
            if found:
                await self.database.note_deletion(connection, "file", file_id, self.clock())
        if found:
            await to_thread(_remove, self._path(file_id))
        return found

    async def sweep(self) -> int:
        """Delete links that are over and files of the folder that no row names; how many files."""
        async with self.database.writing() as connection:
            await connection.execute(delete(file_links).where(file_links.c.expires_at <= self.clock()))
        found = await to_thread(_list, self.folder, time.time() - ABANDONED_S)
        removed = 0
        for start in range(0, len(found), 500):
            part = found[start : start + 500]
            async with self.database.reading() as connection:
                query = select(files.c.id).where(files.c.id.in_([path.name for path in part]))
                known = set((await connection.execute(query)).scalars())
            for path in part:
                if path.name not in known:
                    await to_thread(_remove, path)
                    removed += 1
        return removed

    def _forget_soon(self, file_ids: Sequence[str]) -> None:
        """Their rows have gone with a conversation, GPT or user: so do their bytes; a sweep finds what a crash left."""
        paths = [self._path(file_id) for file_id in file_ids]
        self._removing = get_running_loop().run_in_executor(None, _remove_all, paths)

    async def forget(self, file_ids: Sequence[str]) -> None:
        """Remove bytes whose rows have gone; harmless for those that were removed already."""
        await to_thread(_remove_all, [self._path(file_id) for file_id in file_ids])

    async def settled(self) -> None:
        """When the bytes of what was deleted have gone, too."""
        if self._removing is not None:
            await self._removing

    # ------------------------------------------------------------------------------------------------- links and turns

    async def link(self, actor: Actor, file_id: str, *, lifetime_s: float) -> str | None:
        """A token that opens the file without signing in, for so long (FI-02, A-13); None when it is not there."""
        if await self._find(actor, file_id, None) is None:
            return None
        return await self._make_link(file_id, lifetime_s)

    async def open_link(self, token: str) -> File | None:
        """What the token stands for; None when it is over."""
        query = (
            select(*_COLUMNS, files.c.content)
            .join(file_links, file_links.c.file_id == files.c.id)
            .where(file_links.c.token_hash == token_hash(token), file_links.c.expires_at > self.clock())
        )
        row = await self.database.fetch_one(query)
        return await self._content(row) if row is not None else None

    def of_turn(self, context: TurnContext, *, link_base: str = "") -> TurnFiles:
        """What the turn's calls may use. `link_base`: the address under which `open_link` is served."""
        return TurnFiles(self, context, link_base.rstrip("/"))

    # --------------------------------------------------------------------------------------------------------- inside

    async def _make_link(self, file_id: str, lifetime_s: float) -> str:
        token = new_token()
        values = {"token_hash": token_hash(token), "file_id": file_id, "expires_at": self.clock() + lifetime_s}
        async with self.database.writing() as connection:
            await connection.execute(insert(file_links).values(values))
        return token

    async def _find(self, actor: Actor, file_id: str, conversation_id: str | None, *, content: bool = False) -> Any:
        columns = (*_COLUMNS, files.c.content) if content else _COLUMNS
        level = level_of(actor)
        seen = or_(
            files.c.owner_id == owner_id(actor),
            level.in_(("view", "edit", "owner")),
            and_(level == "chat", gpts.c.picture_file_id == files.c.id),
        )
        query = (
            select(*columns)
            .select_from(files.outerjoin(joined(actor), gpts.c.id == files.c.gpt_id))
            .where(files.c.id == file_id, seen)
        )
        if conversation_id is not None:
            query = query.where(files.c.conversation_id == conversation_id)
        return await self.database.fetch_one(query)

    async def _find_in_turn(self, context: TurnContext, file_id: str, *, content: bool = False) -> Any:
        columns = (*_COLUMNS, files.c.content) if content else _COLUMNS
        mine = and_(files.c.owner_id == context.user_id, files.c.conversation_id == context.conversation_id)
        allowed = mine
        if context.gpt_id is not None and file_id in context.content.knowledge_file_ids:
            allowed = or_(mine, files.c.gpt_id == context.gpt_id)
        return await self.database.fetch_one(select(*columns).where(files.c.id == file_id, allowed))

    async def _content(self, row: Any) -> File:
        content = row.content if row.content is not None else await to_thread(self._path(row.id).read_bytes)
        return File(row.name, content, row.media_type)

    async def _check_place(
        self, connection: Any, actor: Actor, conversation_id: str | None, gpt_id: str | None
    ) -> None:
        if conversation_id is not None:
            mine = (conversations.c.id == conversation_id, conversations.c.user_id == owner_id(actor))
            if (await connection.execute(select(conversations.c.id).where(*mine))).first() is None:
                raise NotFound("conversation")
        if gpt_id is not None:
            await require_level(connection, actor, gpt_id, "edit")

    async def _check_quota(self, connection: Any, user_id: str, size: int) -> None:
        query = select(func.coalesce(func.sum(files.c.size), 0)).where(files.c.owner_id == user_id)
        used = int(await connection.scalar(query) or 0)
        if used + size > self.limits.user_bytes:
            raise QuotaExceeded(
                f"Your files take {used:,} bytes of {self.limits.user_bytes:,}; this one has {size:,}.",
                limit=self.limits.user_bytes,
                mend="Delete files that you no longer need.",
            )

    def _path(self, file_id: str) -> Path:
        """Ids are ours; one that is not leads nowhere."""
        if not re.fullmatch(r"f-[A-Za-z0-9_-]{8,64}", file_id):
            return self.folder / "none"
        return self.folder / file_id[2:4] / file_id


class TurnFiles:
    """`actions.files.FileStore` for one turn."""

    def __init__(self, files: Files, context: TurnContext, link_base: str) -> None:
        self._files = files
        self._context = context
        self._link_base = link_base

    async def find(self, file_id: str) -> StoredFile | None:
        row = await self._files._find_in_turn(self._context, file_id)
        return _read(row).stored if row is not None else None

    async def read(self, file_id: str) -> File | None:
        row = await self._files._find_in_turn(self._context, file_id, content=True)
        return await self._files._content(row) if row is not None else None

    async def link(self, file_id: str, *, lifetime_s: int) -> str | None:
        if not self._link_base or await self.find(file_id) is None:
            return None
        return f"{self._link_base}/{await self._files._make_link(file_id, lifetime_s)}"

    async def add(self, file: File) -> StoredFile:
        info = await self._files.add(
            Person(self._context.user_id),
            file.content,
            name=file.name,
            media_type=file.media_type,
            source="call",
            conversation_id=self._context.conversation_id,
        )
        return info.stored


def _read(row: Any) -> FileInfo:
    return FileInfo(**{name: getattr(row, name) for name in FileInfo.__slots__})


def _too_large(size: int, limit: int) -> QuotaExceeded:
    return QuotaExceeded(f"The file has {size:,} bytes; up to {limit:,} are kept.", limit=limit)


# -------------------------------------------------------------------------------------------- in threads, on the folder


def _measure(content: bytes | Path) -> tuple[int, str]:
    if isinstance(content, bytes):
        return len(content), hashlib.sha256(content).hexdigest()
    with content.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
    return content.stat().st_size, digest.hexdigest()


def _store(content: bytes | Path, path: Path) -> None:
    """Whole, on the disk and readable by nobody else, before it has its name."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target:
            if isinstance(content, bytes):
                target.write(content)
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, target, 1024 * 1024)
            target.flush()
            os.fsync(target.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if isinstance(content, Path):
        content.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _remove_all(paths: list[Path]) -> None:
    for path in paths:
        _remove(path)


def _list(folder: Path, older_than: float) -> list[Path]:
    if not folder.is_dir():
        return []
    found = (path for part in folder.iterdir() if part.is_dir() for path in part.iterdir() if path.is_file())
    return [path for path in found if path.stat().st_mtime < older_than]
