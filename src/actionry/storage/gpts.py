"""GPTs: a draft with compare-and-set, immutable versions, their actions and documents, and who may do what with them.

Everything below a GPT is found through it and for an actor: a version, action or document of another GPT is not there
(A-04, A-05, A-06).
"""

from __future__ import annotations

import hashlib
import time
import zlib
from asyncio import to_thread
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, and_, case, delete, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actionry.chat.log import TurnContext
from actionry.gpts.gpt import Gpt, GptContent, GptVersion, Visibility
from actionry.storage.accounts import escape_like
from actionry.storage.actor import Actor, owner_id
from actionry.storage.engine import Database
from actionry.storage.errors import Conflict, NotFound
from actionry.storage.ids import new_id
from actionry.storage.tables import actions, conversations, documents, files, gpt_members, gpt_versions, gpts, users

Level = Literal["chat", "view", "edit", "owner"]
"""What somebody may do with a GPT, each including those before (ST-02)."""

ORDER: dict[str, int] = {"chat": 1, "view": 2, "edit": 3, "owner": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class GptCard:
    """A GPT as anybody sees it who may chat with it: no draft, no instructions."""

    id: str
    owner_id: str
    owner_name: str
    visibility: Visibility
    published_version: int | None
    draft_revision: int
    name: str
    description: str
    category: str | None
    picture_file_id: str | None
    blocked: bool
    created_at: float
    updated_at: float
    published_at: float | None
    level: Level
    """What the actor may do with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Text that never changes; another text is another document."""

    id: str
    gpt_id: str
    sha256: str
    size: int
    """Bytes."""
    source: str | None
    """URL that it came from."""
    created_by: str
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlace:
    """Where an action is, and what the actor may do with its GPT."""

    action_id: str
    gpt_id: str
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    user_id: str
    name: str
    level: Level


_DOCUMENT = tuple(documents.c[name] for name in Document.__slots__)


def level_of(actor: Actor) -> Any:
    """SQL: the actor's level at a row of `gpts`; NULL when it is not there for them. Needs `gpt_members` joined."""
    me = owner_id(actor)
    shared = and_(gpts.c.visibility.in_(("link", "public")), gpts.c.published_version.is_not(None))
    return case(
        (gpts.c.owner_id == me, literal("owner")),
        (gpt_members.c.level.in_(("edit", "view")), gpt_members.c.level),
        (gpts.c.blocked.is_(True), None),  # stays its owner's and editors' (ST-07)
        (gpt_members.c.level == "chat", literal("chat")),
        (shared, literal("chat")),
        else_=None,
    )


def joined(actor: Actor) -> Any:
    mine = and_(gpt_members.c.gpt_id == gpts.c.id, gpt_members.c.user_id == owner_id(actor))
    return gpts.outerjoin(gpt_members, mine)


def level_in(connection: Connection, actor: Actor, gpt_id: str) -> Level | None:
    query = select(level_of(actor)).select_from(joined(actor)).where(gpts.c.id == gpt_id)
    found: Level | None = connection.scalar(query)
    return found


async def find_level(connection: AsyncConnection, actor: Actor, gpt_id: str) -> Level | None:
    return await connection.run_sync(level_in, actor, gpt_id)


async def require_level(connection: AsyncConnection, actor: Actor, gpt_id: str, level: Level) -> Level:
    """Raises NotFound: not there, not yours, or not yours to do that."""
    found = await find_level(connection, actor, gpt_id)
    if found is None or ORDER[found] < ORDER[level]:
        raise NotFound("GPT")
    return found


def action_in(connection: Connection, actor: Actor, action_id: str) -> ActionPlace | None:
    query = (
        select(actions.c.id, actions.c.gpt_id, level_of(actor).label("level"))
        .select_from(joined(actor).join(actions, actions.c.gpt_id == gpts.c.id))
        .where(actions.c.id == action_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None or row.level is None:
        return None
    return ActionPlace(action_id=row.id, gpt_id=row.gpt_id, level=row.level)


async def find_action(connection: AsyncConnection, actor: Actor, action_id: str) -> ActionPlace | None:
    return await connection.run_sync(action_in, actor, action_id)


class Gpts:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock

    async def create(self, actor: Actor, content: GptContent | None = None) -> Gpt:
        """A new private GPT with a draft; its id, and its callback addresses, are known from here on (OA-11)."""
        if actor.user_id is None:
            raise NotFound("user")
        content = GptContent() if content is None else content
        now = self.clock()
        values: dict[str, Any] = {
            "id": new_id("g"),
            "owner_id": actor.user_id,
            "draft": content.model_dump_json(),
            "created_at": now,
            "updated_at": now,
        } | _shown(content)
        async with self.database.writing() as connection:
            if content.actions:
                raise Conflict("A new GPT has no actions yet.", mend="Add each action to it, then save the draft.")
            await _check_files(connection, actor, values["id"], content)
            await connection.execute(insert(gpts).values(values))
            await _take_files(connection, values["id"], content)
            return await self._read(connection, values["id"])

    async def card(self, actor: Actor, gpt_id: str) -> GptCard | None:
        """What the actor may know of it; None when it is not there for them."""
        row = await self.database.fetch_one(_cards(actor).where(gpts.c.id == gpt_id))
        return _card(row)

    async def draft(self, actor: Actor, gpt_id: str) -> Gpt | None:
        """With instructions and all: for those who may view its settings."""
        async with self.database.reading() as connection:
            level = await find_level(connection, actor, gpt_id)
            if level is None or ORDER[level] < ORDER["view"]:
                return None
            return await self._read(connection, gpt_id)

    async def mine(self, actor: Actor, *, limit: int = 100, before: tuple[float, str] | None = None) -> list[GptCard]:
        """Own ones and those that the actor may edit or view, last changed first."""
        query = _cards(actor).where(or_(gpts.c.owner_id == owner_id(actor), gpt_members.c.level.in_(("edit", "view"))))
        return await self._page(query, gpts.c.updated_at, limit, before)

    async def store(
        self,
        actor: Actor,
        *,
        search: str = "",
        category: str | None = None,
        limit: int = 50,
        before: tuple[float, str] | None = None,
    ) -> list[GptCard]:
        """Public ones only: those with a link are in no list, search or count (A-11)."""
        query = _cards(actor).where(
            gpts.c.visibility == "public", gpts.c.published_version.is_not(None), gpts.c.blocked.is_(False)
        )
        if category is not None:
            query = query.where(gpts.c.category == category)
        if search:
            like = f"%{escape_like(search.lower())}%"
            query = query.where(
                or_(
                    func.lower(gpts.c.name).like(like, escape="\\"),
                    func.lower(gpts.c.description).like(like, escape="\\"),
                )
            )
        return await self._page(query, gpts.c.published_at, limit, before)

    async def save_draft(self, actor: Actor, gpt_id: str, content: GptContent, *, expected_revision: int) -> Gpt:
        """Raises NotFound, also for an action or document of another GPT; Conflict when somebody saved in between."""
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "edit")
            row = await self._lock(connection, gpt_id)
            if row.draft_revision != expected_revision:
                raise _stale(row.draft_revision)
            await _check_content(connection, actor, gpt_id, content)
            values = {
                "draft": content.model_dump_json(),
                "draft_revision": expected_revision + 1,
                "updated_at": self.clock(),
            }
            if row.published_version is None:
                values |= _shown(content)
            await _take_files(connection, gpt_id, content)
            await connection.execute(update(gpts).where(gpts.c.id == gpt_id).values(values))
            return await self._read(connection, gpt_id)

    async def publish(self, actor: Actor, gpt_id: str, *, expected_revision: int, note: str = "") -> GptVersion:
        """Make the draft the next version, which users get from now on. Raises NotFound, Conflict."""
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "edit")
            row = await self._lock(connection, gpt_id)
            if row.draft_revision != expected_revision:
                raise _stale(row.draft_revision)
            content = GptContent.model_validate_json(row.draft)
            await _check_content(connection, actor, gpt_id, content)
            last = await connection.scalar(
                select(func.max(gpt_versions.c.number)).where(gpt_versions.c.gpt_id == gpt_id)
            )
            number, now = (last or 0) + 1, self.clock()
            await connection.execute(
                insert(gpt_versions).values(
                    gpt_id=gpt_id,
                    number=number,
                    content=row.draft,
                    note=note,
                    created_by=owner_id(actor),
                    created_at=now,
                )
            )
            values = {"published_version": number, "published_at": now, "updated_at": now} | _shown(content)
            await connection.execute(update(gpts).where(gpts.c.id == gpt_id).values(values))
        return GptVersion(gpt_id=gpt_id, number=number, content=content, created_by=owner_id(actor), created_at=now)

    async def version(self, actor: Actor, gpt_id: str, number: int | None = None) -> GptVersion | None:
        """A version; without a number the published one.

        Who may only chat gets the published one, and one that a conversation of theirs is pinned to (CH-04): to talk
        to, not to read. What a person may see of it is decided above.
        """
        row = await self.database.read(_version_in, actor, gpt_id, number)
        return _version(row) if row is not None else None

    async def versions(self, actor: Actor, gpt_id: str) -> list[GptVersion]:
        """All, latest first, for those who may view its settings."""
        async with self.database.reading() as connection:
            await require_level(connection, actor, gpt_id, "view")
            query = select(gpt_versions).where(gpt_versions.c.gpt_id == gpt_id).order_by(gpt_versions.c.number.desc())
            return [_version(row) for row in await connection.execute(query)]

    async def restore(self, actor: Actor, gpt_id: str, number: int, *, expected_revision: int) -> Gpt:
        """Make a version the draft again; to revert, the published one. Raises NotFound, Conflict."""
        found = await self.version(actor, gpt_id, number)
        if found is None:
            raise NotFound("version")
        return await self.save_draft(actor, gpt_id, found.content, expected_revision=expected_revision)

    async def set_visibility(self, actor: Actor, gpt_id: str, visibility: Visibility) -> GptCard:
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "owner")
            values = {"visibility": visibility, "updated_at": self.clock()}
            await connection.execute(update(gpts).where(gpts.c.id == gpt_id).values(values))
            row = (await connection.execute(_cards(actor).where(gpts.c.id == gpt_id))).one_or_none()
        found = _card(row)
        assert found is not None
        return found

    async def set_blocked(self, actor: Actor, gpt_id: str, *, blocked: bool) -> bool:
        """For administrators: takes a GPT from everybody but its owner and editors (ST-07)."""
        if not actor.admin:
            raise NotFound("GPT")
        async with self.database.writing() as connection:
            result = await connection.execute(update(gpts).where(gpts.c.id == gpt_id).values(blocked=blocked))
        return bool(result.rowcount)

    async def transfer(self, actor: Actor, gpt_id: str, to_user_id: str) -> None:
        """Give it to somebody else; the giver keeps the right to edit."""
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "owner")
            await _require_user(connection, to_user_id)
            await connection.execute(
                delete(gpt_members).where(gpt_members.c.gpt_id == gpt_id, gpt_members.c.user_id == to_user_id)
            )
            await connection.execute(
                update(gpts).where(gpts.c.id == gpt_id).values(owner_id=to_user_id, updated_at=self.clock())
            )
            await self._put_member(connection, gpt_id, owner_id(actor), "edit")

    async def delete(self, actor: Actor, gpt_id: str) -> None:
        """With versions, documents, actions, connections, grants, files; other people's conversations stay theirs."""
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "owner")
            await self.database.forget_files_of(connection, files.c.gpt_id == gpt_id)
            await connection.execute(delete(gpts).where(gpts.c.id == gpt_id))
            await self.database.note_deletion(connection, "gpt", gpt_id, self.clock())

    # --------------------------------------------------------------------------------------------------------- members

    async def members(self, actor: Actor, gpt_id: str) -> list[Member]:
        async with self.database.reading() as connection:
            await require_level(connection, actor, gpt_id, "view")
            query = (
                select(users.c.id.label("user_id"), users.c.name, gpt_members.c.level)
                .join(users, users.c.id == gpt_members.c.user_id)
                .where(gpt_members.c.gpt_id == gpt_id)
                .order_by(gpt_members.c.created_at)
            )
            return [Member(**row._mapping) for row in await connection.execute(query)]

    async def put_member(self, actor: Actor, gpt_id: str, user_id: str, level: Level) -> None:
        """Share it with one person. Raises NotFound, also for a person who does not exist."""
        if level == "owner":
            raise Conflict("A GPT has one owner.", mend="Transfer it instead.")
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "owner")
            await _require_user(connection, user_id)
            await self._put_member(connection, gpt_id, user_id, level)

    async def remove_member(self, actor: Actor, gpt_id: str, user_id: str) -> bool:
        """By the owner, or by the member: both may end it."""
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "chat" if user_id == actor.user_id else "owner")
            mine = (gpt_members.c.gpt_id == gpt_id, gpt_members.c.user_id == user_id)
            result = await connection.execute(delete(gpt_members).where(*mine))
        return bool(result.rowcount)

    # ------------------------------------------------------------------------------------------- actions and documents

    async def add_action(self, actor: Actor, gpt_id: str) -> str:
        """A new action's id; it becomes part of the GPT when a draft names it."""
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "edit")
            action_id = new_id("a")
            values = {"id": action_id, "gpt_id": gpt_id, "created_at": self.clock()}
            await connection.execute(insert(actions).values(values))
        return action_id

    async def action(self, actor: Actor, action_id: str) -> ActionPlace | None:
        return await self.database.read(action_in, actor, action_id)

    async def remove_action(self, actor: Actor, gpt_id: str, action_id: str) -> bool:
        """With everybody's connections to it. Raises Conflict while the draft or the published version names it."""
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "edit")
            row = await self._lock(connection, gpt_id)
            texts = [row.draft]
            if row.published_version is not None:
                version = (gpt_versions.c.gpt_id == gpt_id, gpt_versions.c.number == row.published_version)
                texts.append(await connection.scalar(select(gpt_versions.c.content).where(*version)))
            if any(action_id in {a.id for a in GptContent.model_validate_json(text).actions} for text in texts if text):
                raise Conflict("The action is in use.", mend="Take it out of the draft and publish that first.")
            mine = (actions.c.id == action_id, actions.c.gpt_id == gpt_id)
            result = await connection.execute(delete(actions).where(*mine))
        return bool(result.rowcount)

    async def add_document(self, actor: Actor, gpt_id: str, text: bytes, *, source: str | None = None) -> Document:
        """Keep the text; the same text twice is one document (SP-05)."""
        sha256 = hashlib.sha256(text).hexdigest()
        packed = await to_thread(zlib.compress, text, 6)
        values: dict[str, Any] = {
            "id": new_id("d"),
            "gpt_id": gpt_id,
            "sha256": sha256,
            "size": len(text),
            "source": source,
            "created_by": owner_id(actor),
            "created_at": self.clock(),
        }
        async with self.database.writing() as connection:
            await require_level(connection, actor, gpt_id, "edit")
            await self.database.insert_new(connection, documents, values | {"content": packed})
            same = (documents.c.gpt_id == gpt_id, documents.c.sha256 == sha256)
            row = (await connection.execute(select(*_DOCUMENT).where(*same))).one()
        return Document(**row._mapping)

    async def document(self, actor: Actor, gpt_id: str, document_id: str) -> tuple[Document, bytes] | None:
        """The text, for those who may view the GPT's settings."""
        async with self.database.reading() as connection:
            level = await find_level(connection, actor, gpt_id)
            if level is None or ORDER[level] < ORDER["view"]:
                return None
            return await _read_document(connection, gpt_id, document_id)

    async def document_for_turn(self, context: TurnContext, document_id: str) -> bytes | None:
        """The text that a running turn builds its calls from: only one that its own content names (A-06)."""
        named = any(action.document_id == document_id for action in context.content.actions)
        if context.gpt_id is None or not named:
            return None
        async with self.database.reading() as connection:
            found = await _read_document(connection, context.gpt_id, document_id)
        return found[1] if found is not None else None

    async def documents(self, actor: Actor, gpt_id: str) -> list[Document]:
        async with self.database.reading() as connection:
            await require_level(connection, actor, gpt_id, "view")
            query = select(*_DOCUMENT).where(documents.c.gpt_id == gpt_id).order_by(documents.c.created_at)
            return [Document(**row._mapping) for row in await connection.execute(query)]

    # --------------------------------------------------------------------------------------------------------- inside

    async def _page(self, query: Any, column: Any, limit: int, before: tuple[float, str] | None) -> list[GptCard]:
        if before is not None:
            at, last = before
            query = query.where(or_(column < at, and_(column == at, gpts.c.id < last)))
        async with self.database.reading() as connection:
            rows = await connection.execute(query.order_by(column.desc(), gpts.c.id.desc()).limit(limit))
            return [card for row in rows if (card := _card(row)) is not None]

    async def _put_member(self, connection: AsyncConnection, gpt_id: str, user_id: str, level: Level) -> None:
        values = {"gpt_id": gpt_id, "user_id": user_id, "level": level, "created_at": self.clock()}
        await self.database.upsert(connection, gpt_members, values, key=("gpt_id", "user_id"))

    async def _lock(self, connection: AsyncConnection, gpt_id: str) -> Any:
        query = select(gpts.c.draft, gpts.c.draft_revision, gpts.c.published_version).where(gpts.c.id == gpt_id)
        return (await connection.execute(query.with_for_update(key_share=True))).one()

    async def _read(self, connection: AsyncConnection, gpt_id: str) -> Gpt:
        row = (await connection.execute(select(gpts).where(gpts.c.id == gpt_id))).one()
        return Gpt(
            id=row.id,
            owner_id=row.owner_id,
            visibility=row.visibility,
            draft=GptContent.model_validate_json(row.draft),
            draft_revision=row.draft_revision,
            published_version=row.published_version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def _cards(actor: Actor) -> Any:
    names = [name for name in GptCard.__slots__ if name not in ("level", "owner_name")]
    columns = [gpts.c[name] for name in names]
    return select(*columns, users.c.name.label("owner_name"), level_of(actor).label("level")).select_from(
        joined(actor).join(users, users.c.id == gpts.c.owner_id)
    )


def _card(row: Any) -> GptCard | None:
    return GptCard(**row._mapping) if row is not None and row.level is not None else None


def _shown(content: GptContent) -> dict[str, Any]:
    return {
        "name": content.name,
        "description": content.description,
        "category": content.category,
        "picture_file_id": content.picture_file_id,
    }


def _version(row: Any) -> GptVersion:
    return GptVersion(
        gpt_id=row.gpt_id,
        number=row.number,
        content=GptContent.model_validate_json(row.content),
        created_by=row.created_by,
        created_at=row.created_at,
    )


def _stale(revision: int) -> Conflict:
    return Conflict(
        f"Somebody has changed the draft in between (it is revision {revision} now).",
        mend="Load it again, and repeat your change.",
    )


def _version_in(connection: Connection, actor: Actor, gpt_id: str, number: int | None) -> Any:
    level = level_in(connection, actor, gpt_id)
    if level is None:
        return None
    published = connection.scalar(select(gpts.c.published_version).where(gpts.c.id == gpt_id))
    wanted = published if number is None else number
    if wanted is None:
        return None
    if ORDER[level] < ORDER["view"] and wanted != published and not _pinned(connection, actor, gpt_id, wanted):
        return None
    query = select(gpt_versions).where(gpt_versions.c.gpt_id == gpt_id, gpt_versions.c.number == wanted)
    return connection.execute(query).one_or_none()


def _pinned(connection: Connection, actor: Actor, gpt_id: str, number: int) -> bool:
    query = select(conversations.c.id).where(
        conversations.c.user_id == owner_id(actor),
        conversations.c.gpt_id == gpt_id,
        conversations.c.gpt_version == number,
    )
    return connection.execute(query.limit(1)).first() is not None


async def _require_user(connection: AsyncConnection, user_id: str) -> None:
    query = select(users.c.id).where(users.c.id == user_id, users.c.state == "active")
    if (await connection.execute(query)).first() is None:
        raise NotFound("user")


async def _check_content(connection: AsyncConnection, actor: Actor, gpt_id: str, content: GptContent) -> None:
    """Actions and documents are this GPT's, files are its own or the actor's (A-04, A-06, P-14)."""
    action_ids = [action.id for action in content.actions]
    if len(set(action_ids)) != len(action_ids):
        raise Conflict("The draft names an action twice.", mend="Give each action its own id.")
    await _require_all(connection, actions, gpt_id, set(action_ids), "action")
    await _require_all(connection, documents, gpt_id, {action.document_id for action in content.actions}, "document")
    await _check_files(connection, actor, gpt_id, content)


async def _require_all(connection: AsyncConnection, table: Any, gpt_id: str, ids: set[str], what: str) -> None:
    if not ids:
        return
    query = select(func.count()).select_from(table).where(table.c.id.in_(sorted(ids)), table.c.gpt_id == gpt_id)
    if await connection.scalar(query) != len(ids):
        raise NotFound(what)


def _file_ids(content: GptContent) -> set[str]:
    return {*content.knowledge_file_ids, *filter(None, [content.picture_file_id])}


async def _take_files(connection: AsyncConnection, gpt_id: str, content: GptContent) -> None:
    """From here on they are the GPT's: read by those who chat with it, deleted with it."""
    ids = _file_ids(content)
    if ids:
        await connection.execute(
            update(files).where(files.c.id.in_(sorted(ids)), files.c.gpt_id.is_(None)).values(gpt_id=gpt_id)
        )


async def _check_files(connection: AsyncConnection, actor: Actor, gpt_id: str, content: GptContent) -> None:
    ids = _file_ids(content)
    if not ids:
        return
    # A file that another GPT has taken goes with that one, so it cannot serve two.
    own = and_(files.c.owner_id == owner_id(actor), files.c.gpt_id.is_(None))
    usable = or_(own, files.c.gpt_id == gpt_id)
    query = select(func.count()).select_from(files).where(files.c.id.in_(sorted(ids)), usable)
    if await connection.scalar(query) != len(ids):
        raise NotFound("file")


async def _read_document(connection: AsyncConnection, gpt_id: str, document_id: str) -> tuple[Document, bytes] | None:
    query = select(*_DOCUMENT, documents.c.content).where(documents.c.id == document_id, documents.c.gpt_id == gpt_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    packed = values.pop("content")
    return Document(**values), await to_thread(zlib.decompress, packed)
