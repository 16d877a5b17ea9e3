"""Users and the ways in: passwords (hashed by the server), OIDC, sessions, one-time links, invitations, tokens.

Of everything that lets somebody in, only a hash is stored; the text is returned once, when it is made. The methods
that take a token or an e-mail address are the door itself; all others say for whom they work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson
from sqlalchemy import delete, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from actionry.credentials.secret import Secret
from actionry.storage.actor import Actor, owner_id
from actionry.storage.engine import Database, on_commit
from actionry.storage.errors import Conflict, NotFound
from actionry.storage.ids import new_id, new_token, token_hash
from actionry.storage.tables import api_tokens, files, identities, invitations, one_time_tokens, sessions, users

Role = Literal["user", "admin"]
UserState = Literal["active", "disabled"]
Purpose = Literal["login", "password_reset", "email"]

TOUCH_S = 300.0
"""How exact `used_at` and `seen_at` are: a read must not become a write each time."""

REMEMBERED_S = 2.0
"""For so long a session is believed without asking again; closing it in this process is known at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: str
    name: str
    email: str | None
    email_verified: bool
    role: Role
    state: UserState
    local: bool
    """The single user of a server on loopback."""
    locale: str
    preferences: str
    """JSON."""
    created_at: float
    seen_at: float | None
    has_password: bool = False

    @property
    def user_id(self) -> str:
        """A user is an actor."""
        return self.id

    @property
    def admin(self) -> bool:
        return self.role == "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: str
    user_id: str
    method: str
    user_agent: str
    created_at: float
    used_at: float
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    id: str
    user_id: str
    name: str
    scopes: tuple[str, ...]
    last_four: str
    created_at: float
    expires_at: float | None
    used_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    id: str
    email: str | None
    """None: whoever has the link."""
    role: Role
    created_by: str
    created_at: float
    expires_at: float
    accepted_by: str | None
    accepted_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    issuer: str
    subject: str
    email: str | None
    created_at: float
    used_at: float


_USER = (
    users.c.id, users.c.name, users.c.email, users.c.email_verified, users.c.role, users.c.state, users.c.local,
    users.c.locale, users.c.preferences, users.c.created_at, users.c.seen_at,
    users.c.password_hash.is_not(None).label("has_password"),
)  # fmt: skip
_SESSION = tuple(sessions.c[name] for name in Session.__slots__)
_TOKEN = tuple(api_tokens.c[name] for name in ApiToken.__slots__)
_INVITATION = tuple(invitations.c[name] for name in Invitation.__slots__)
_IDENTITY = tuple(identities.c[name] for name in Identity.__slots__)


class Accounts:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock
        self._known: dict[str, tuple[float, User, Session]] = {}

    # ---------------------------------------------------------------------------------------------------------- users

    async def count(self) -> int:
        """How many users there are; 0 at the first start."""
        async with self.database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(users)) or 0

    async def create_user(
        self,
        *,
        name: str,
        email: str | None = None,
        password_hash: str | None = None,
        role: Role = "user",
        email_verified: bool = False,
        local: bool = False,
        locale: str = "en",
    ) -> User:
        """A new account, made by a sign-up that was allowed. Raises Conflict when the address has one."""
        async with self.database.writing() as connection:
            return await self._create(
                connection,
                name=name,
                email=normal_email(email),
                password_hash=password_hash,
                role=role,
                email_verified=email_verified,
                local=local,
                locale=locale,
            )

    async def first_admin(
        self, *, name: str, email: str | None = None, password_hash: str | None = None
    ) -> User | None:
        """The first account of an installation, an administrator's; None when there is an account already."""
        async with self.database.writing() as connection:
            if self.database.backend == "postgresql":
                await connection.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
            if await connection.scalar(select(func.count()).select_from(users)):
                return None
            email = normal_email(email)
            return await self._create(connection, name=name, email=email, password_hash=password_hash, role="admin")

    async def local_user(self) -> User:
        """The single user of a server on loopback, made when first asked for."""
        found = await self._local()
        if found is not None:
            return found
        # One id for all starts: of two that race, one makes it.
        now = self.clock()
        values = {"id": "u-local-user-of-this-machine", "name": "You", "role": "admin", "local": True}
        async with self.database.writing() as connection:
            await self.database.insert_new(connection, users, values | {"created_at": now, "updated_at": now})
        made = await self._local()
        if made is None:
            raise NotFound("user")
        return made

    async def find_user(self, actor: Actor, user_id: str) -> User | None:
        """Oneself, or anybody for an administrator."""
        if user_id != actor.user_id and not actor.admin:
            return None
        return await self._one(users.c.id == user_id)

    async def for_sign_in(self, email: str) -> tuple[User, str | None] | None:
        """The account of an address, and its password hash, for the door alone."""
        query = select(*_USER, users.c.password_hash).where(users.c.email == normal_email(email))
        row = await self.database.fetch_one(query)
        if row is None:
            return None
        values = dict(row._mapping)
        hashed = values.pop("password_hash")
        return User(**values), hashed

    async def page(self, actor: Actor, *, limit: int = 100, after: str = "", search: str = "") -> list[User]:
        """Users by id, for administrators; nobody else gets any."""
        if not actor.admin:
            return []
        query = select(*_USER).where(users.c.id > after).order_by(users.c.id).limit(limit)
        if search:
            like = f"%{escape_like(search.lower())}%"
            query = query.where(
                or_(func.lower(users.c.name).like(like, escape="\\"), users.c.email.like(like, escape="\\"))
            )
        return [User(**row._mapping) for row in await self.database.fetch(query)]

    async def update_profile(
        self, actor: Actor, *, name: str | None = None, locale: str | None = None, preferences: str | None = None
    ) -> User:
        """What people may change of their own account; nothing else can be smuggled in (O-20)."""
        given = {"name": name, "locale": locale, "preferences": preferences}
        return await self._change(owner_id(actor), {key: value for key, value in given.items() if value is not None})

    async def set_email(self, actor: Actor, user_id: str, email: str | None, *, verified: bool) -> User:
        """Raises NotFound, Conflict when another account has the address."""
        self._require_self_or_admin(actor, user_id)
        return await self._change(user_id, {"email": normal_email(email), "email_verified": verified})

    async def set_password(self, actor: Actor, password_hash: str | None, *, keep_session: str | None = None) -> None:
        """Set one's own password; all sessions but `keep_session` end, and links that were sent are void."""
        async with self.database.writing() as connection:
            result = await connection.execute(
                update(users)
                .where(users.c.id == owner_id(actor))
                .values(password_hash=password_hash, updated_at=self.clock())
            )
            if result.rowcount != 1:
                raise NotFound("user")
            await self._close(connection, owner_id(actor), keep=keep_session)
            await connection.execute(delete(one_time_tokens).where(one_time_tokens.c.user_id == owner_id(actor)))

    async def set_role(self, actor: Actor, user_id: str, role: Role) -> User:
        """For administrators. Raises Conflict when nobody would be left who is one."""
        self._require_admin(actor)
        return await self._change(user_id, {"role": role})

    async def set_state(self, actor: Actor, user_id: str, state: UserState) -> User:
        """For administrators; a disabled user's sessions end now."""
        self._require_admin(actor)
        return await self._change(user_id, {"state": state})

    async def delete_user(self, actor: Actor, user_id: str) -> None:
        """Oneself, or anybody for an administrator; with everything that was theirs (L-10).

        Raises Conflict for the last administrator while there are other users.
        """
        self._require_self_or_admin(actor, user_id)
        async with self.database.writing() as connection:
            await self._lock(connection, user_id)
            await self._keep_an_admin(connection, user_id, unless_alone=True)
            await self.database.forget_files_of(connection, files.c.owner_id == user_id)
            await connection.execute(delete(users).where(users.c.id == user_id))
            await self.database.note_deletion(connection, "user", user_id, self.clock())
            self._forget(connection)

    # ----------------------------------------------------------------------------------------------------- identities

    async def by_identity(self, issuer: str, subject: str) -> User | None:
        """Whom an OpenID provider means; the subject counts, never the e-mail address."""
        query = select(*_USER).join(identities, identities.c.user_id == users.c.id)
        query = query.where(identities.c.issuer == issuer, identities.c.subject == subject)
        row = await self.database.fetch_one(query)
        return User(**row._mapping) if row is not None else None

    async def link_identity(self, actor: Actor, issuer: str, subject: str, *, email: str | None = None) -> None:
        """Raises Conflict when it belongs to another account."""
        now = self.clock()
        values = {"issuer": issuer, "subject": subject, "user_id": owner_id(actor), "email": normal_email(email)}
        async with self.database.writing() as connection:
            await self._lock(connection, owner_id(actor))
            added = await self.database.insert_new(connection, identities, values | {"created_at": now, "used_at": now})
            if added:
                return
            result = await connection.execute(
                update(identities)
                .where(identities.c.issuer == issuer, identities.c.subject == subject)
                .where(identities.c.user_id == owner_id(actor))
                .values(used_at=now, email=normal_email(email))
            )
            if result.rowcount != 1:
                raise Conflict("This sign-in belongs to another account.", mend="Sign in to that account.")

    async def identities_of(self, actor: Actor) -> list[Identity]:
        query = select(*_IDENTITY).where(identities.c.user_id == owner_id(actor)).order_by(identities.c.created_at)
        return [Identity(**row._mapping) for row in await self.database.fetch(query)]

    async def unlink_identity(self, actor: Actor, issuer: str, subject: str) -> bool:
        mine = (
            identities.c.issuer == issuer,
            identities.c.subject == subject,
            identities.c.user_id == owner_id(actor),
        )
        return await self._deleted(delete(identities).where(*mine))

    # ------------------------------------------------------------------------------------------------------- sessions

    async def open_session(
        self, user_id: str, *, method: str, lifetime_s: float, user_agent: str = ""
    ) -> tuple[Secret, Session]:
        """A new session with a new token (H-03). Raises NotFound for a user that is disabled or gone."""
        token, now = new_token(), self.clock()
        values: dict[str, Any] = {
            "id": new_id("s"),
            "user_id": user_id,
            "method": method,
            "user_agent": user_agent[:200],
            "created_at": now,
            "used_at": now,
            "expires_at": now + lifetime_s,
        }
        async with self.database.writing() as connection:
            user = await self._lock(connection, user_id)
            if user.state != "active":
                raise NotFound("user")
            await connection.execute(insert(sessions).values(values | {"token_hash": token_hash(token)}))
            await connection.execute(update(users).where(users.c.id == user_id).values(seen_at=now))
        return Secret(token), Session(**values)

    async def by_session(self, token: str) -> tuple[User, Session] | None:
        """Who holds this token; None when it ended, was closed, or its user is disabled."""
        hashed, now = token_hash(token), self.clock()
        known = self._known.get(hashed)
        if known is not None and 0 <= now - known[0] < REMEMBERED_S and now < known[2].expires_at:
            return known[1], known[2]
        query = (
            select(*_USER, *(column.label(f"s_{column.name}") for column in _SESSION))
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.token_hash == hashed, sessions.c.expires_at > now, users.c.state == "active")
        )
        row = await self.database.fetch_one(query)
        if row is None:
            self._known.pop(hashed, None)
            return None
        user, session = _split(row)
        if now - session.used_at > TOUCH_S:
            session = replace(session, used_at=now)
            await self._touch(session, now)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[hashed] = (now, user, session)
        return user, session

    async def close_session(self, token: str) -> None:
        async with self.database.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash(token)))
            self._forget(connection)

    async def sessions_of(self, actor: Actor) -> list[Session]:
        query = select(*_SESSION).where(sessions.c.user_id == owner_id(actor), sessions.c.expires_at > self.clock())
        async with self.database.reading() as connection:
            rows = await connection.execute(query.order_by(sessions.c.used_at.desc()))
            return [Session(**row._mapping) for row in rows]

    async def revoke_session(self, actor: Actor, session_id: str) -> bool:
        """Whether there was such a session of the actor's."""
        mine = (sessions.c.id == session_id, sessions.c.user_id == owner_id(actor))
        return await self._deleted(delete(sessions).where(*mine))

    async def revoke_sessions(self, actor: Actor, *, keep: str | None = None) -> None:
        """All of the actor's, but the one with the id `keep`."""
        async with self.database.writing() as connection:
            await self._close(connection, owner_id(actor), keep=keep)

    # -------------------------------------------------------------------------------------------------- one-time links

    async def issue_link(
        self, user_id: str, purpose: Purpose, *, lifetime_s: float, email: str | None = None
    ) -> Secret:
        """A token that works once; an earlier one for the same purpose no longer does, except for signing in."""
        token, now = new_token(), self.clock()
        async with self.database.writing() as connection:
            await self._lock(connection, user_id)
            if purpose != "login":
                await connection.execute(
                    delete(one_time_tokens).where(
                        one_time_tokens.c.user_id == user_id, one_time_tokens.c.purpose == purpose
                    )
                )
            await connection.execute(
                insert(one_time_tokens).values(
                    token_hash=token_hash(token),
                    purpose=purpose,
                    user_id=user_id,
                    email=normal_email(email),
                    created_at=now,
                    expires_at=now + lifetime_s,
                )
            )
        return Secret(token)

    async def redeem_link(self, token: str, purpose: Purpose) -> tuple[User, str | None] | None:
        """Use it up: (user, confirmed address), once; None when unknown, used, over, or for another purpose (O-19)."""
        gone = (
            delete(one_time_tokens)
            .where(one_time_tokens.c.token_hash == token_hash(token), one_time_tokens.c.purpose == purpose)
            .returning(one_time_tokens.c.user_id, one_time_tokens.c.email, one_time_tokens.c.expires_at)
        )
        async with self.database.writing() as connection:
            found = (await connection.execute(gone)).one_or_none()
        if found is None or found.expires_at <= self.clock():
            return None
        user = await self._one(users.c.id == found.user_id, users.c.state == "active")
        return (user, found.email) if user is not None else None

    # ---------------------------------------------------------------------------------------------------- invitations

    async def invite(
        self, actor: Actor, *, lifetime_s: float, email: str | None = None, role: Role = "user"
    ) -> tuple[Secret, Invitation]:
        self._require_admin(actor)
        token, now = new_token(), self.clock()
        values: dict[str, Any] = {
            "id": new_id("i"),
            "email": normal_email(email),
            "role": role,
            "created_by": owner_id(actor),
            "created_at": now,
            "expires_at": now + lifetime_s,
        }
        async with self.database.writing() as connection:
            await connection.execute(insert(invitations).values(values | {"token_hash": token_hash(token)}))
        return Secret(token), Invitation(**values, accepted_by=None, accepted_at=None)

    async def find_invitation(self, token: str) -> Invitation | None:
        """By its token: one that can still be accepted."""
        row = await self.database.fetch_one(self._open_invitation(token))
        return Invitation(**row._mapping) if row is not None else None

    async def accept_invitation(
        self, token: str, *, name: str, email: str | None, password_hash: str | None, email_verified: bool = False
    ) -> User:
        """Make the account, once. Raises NotFound, Conflict when the address has an account or is another one."""
        async with self.database.writing() as connection:
            row = (await connection.execute(self._open_invitation(token).with_for_update())).one_or_none()
            if row is None:
                raise NotFound("invitation")
            if row.email is not None and row.email != normal_email(email):
                raise Conflict("The invitation is for another address.", mend="Use the address that it was sent to.")
            user = await self._create(
                connection,
                name=name,
                email=normal_email(email),
                password_hash=password_hash,
                role=row.role,
                email_verified=email_verified or row.email is not None,
            )
            values = {"accepted_by": user.id, "accepted_at": self.clock()}
            await connection.execute(update(invitations).where(invitations.c.id == row.id).values(values))
        return user

    async def invitations(self, actor: Actor) -> list[Invitation]:
        if not actor.admin:
            return []
        async with self.database.reading() as connection:
            rows = await connection.execute(select(*_INVITATION).order_by(invitations.c.created_at.desc()))
            return [Invitation(**row._mapping) for row in rows]

    async def revoke_invitation(self, actor: Actor, invitation_id: str) -> bool:
        self._require_admin(actor)
        open_one = (invitations.c.id == invitation_id, invitations.c.accepted_at.is_(None))
        return await self._deleted(delete(invitations).where(*open_one))

    # ----------------------------------------------------------------------------------------------------- API tokens

    async def create_token(
        self, actor: Actor, *, name: str, scopes: Sequence[str] = (), lifetime_s: float | None = None
    ) -> tuple[Secret, ApiToken]:
        """`ak-…`, shown once."""
        token, now = f"ak-{new_token()}", self.clock()
        values: dict[str, Any] = {
            "id": new_id("y"),
            "user_id": owner_id(actor),
            "name": name,
            "last_four": token[-4:],
            "created_at": now,
            "expires_at": None if lifetime_s is None else now + lifetime_s,
        }
        stored = values | {"token_hash": token_hash(token), "scopes": orjson.dumps(list(scopes)).decode()}
        async with self.database.writing() as connection:
            await self._lock(connection, owner_id(actor))
            await connection.execute(insert(api_tokens).values(stored))
        return Secret(token), ApiToken(**values, scopes=tuple(scopes), used_at=None)

    async def by_token(self, token: str) -> tuple[User, ApiToken] | None:
        """Whose API token this is; None when it was revoked or is over, or its user is disabled."""
        now = self.clock()
        query = (
            select(*_USER, *(column.label(f"s_{column.name}") for column in _TOKEN))
            .join(api_tokens, api_tokens.c.user_id == users.c.id)
            .where(api_tokens.c.token_hash == token_hash(token), users.c.state == "active")
            .where(or_(api_tokens.c.expires_at.is_(None), api_tokens.c.expires_at > now))
        )
        row = await self.database.fetch_one(query)
        if row is None:
            return None
        values = row._mapping
        user = User(**{name: values[name] for name in User.__slots__})
        found = _read_token({name: values[f"s_{name}"] for name in ApiToken.__slots__})
        if found.used_at is None or now - found.used_at > TOUCH_S:
            async with self.database.writing() as connection:
                await connection.execute(update(api_tokens).where(api_tokens.c.id == found.id).values(used_at=now))
        return user, found

    async def tokens_of(self, actor: Actor) -> list[ApiToken]:
        query = select(*_TOKEN).where(api_tokens.c.user_id == owner_id(actor)).order_by(api_tokens.c.created_at)
        return [_read_token(dict(row._mapping)) for row in await self.database.fetch(query)]

    async def revoke_token(self, actor: Actor, token_id: str) -> bool:
        mine = (api_tokens.c.id == token_id, api_tokens.c.user_id == owner_id(actor))
        return await self._deleted(delete(api_tokens).where(*mine))

    async def sweep(self) -> None:
        """Delete what is over: sessions, links, API tokens, invitations nobody accepted."""
        now = self.clock()
        async with self.database.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            await connection.execute(delete(one_time_tokens).where(one_time_tokens.c.expires_at <= now))
            await connection.execute(delete(api_tokens).where(api_tokens.c.expires_at <= now))
            await connection.execute(
                delete(invitations).where(invitations.c.expires_at <= now, invitations.c.accepted_at.is_(None))
            )

    # --------------------------------------------------------------------------------------------------------- inside

    async def _create(self, connection: AsyncConnection, **given: Any) -> User:
        now = self.clock()
        values: dict[str, Any] = {"id": new_id("u"), "created_at": now, "updated_at": now} | given
        if values.get("email") is not None:
            taken = select(users.c.id).where(users.c.email == values["email"])
            if (await connection.execute(taken)).first() is not None:
                raise _email_taken()
        try:
            await connection.execute(insert(users).values(values))
        except IntegrityError as error:  # another sign-up was faster
            raise _email_taken() from error
        return await self._read(connection, values["id"])

    async def _change(self, user_id: str, values: dict[str, Any]) -> User:
        async with self.database.writing() as connection:
            await self._lock(connection, user_id)
            if values.get("role") == "user" or values.get("state") == "disabled":
                await self._keep_an_admin(connection, user_id)
            if values.get("email") is not None:
                taken = select(users.c.id).where(users.c.email == values["email"], users.c.id != user_id)
                if (await connection.execute(taken)).first() is not None:
                    raise _email_taken()
            changed = values | {"updated_at": self.clock()}
            await connection.execute(update(users).where(users.c.id == user_id).values(changed))
            if values.get("state") == "disabled":
                await self._close(connection, user_id)
            self._forget(connection)
            return await self._read(connection, user_id)

    async def _keep_an_admin(self, connection: AsyncConnection, user_id: str, *, unless_alone: bool = False) -> None:
        """Somebody must be able to let people in."""
        admins = select(users.c.id).where(users.c.role == "admin", users.c.state == "active").with_for_update()
        if set((await connection.execute(admins)).scalars()) != {user_id}:
            return
        if unless_alone and await connection.scalar(select(func.count()).select_from(users)) == 1:
            return
        raise Conflict("This is the last administrator.", mend="Make somebody else an administrator first.")

    async def _lock(self, connection: AsyncConnection, user_id: str) -> Any:
        query = select(users.c.id, users.c.state).where(users.c.id == user_id).with_for_update(key_share=True)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("user")
        return row

    async def _read(self, connection: AsyncConnection, user_id: str) -> User:
        row = (await connection.execute(select(*_USER).where(users.c.id == user_id))).one_or_none()
        if row is None:
            raise NotFound("user")
        return User(**row._mapping)

    async def _one(self, *conditions: Any) -> User | None:
        row = await self.database.fetch_one(select(*_USER).where(*conditions))
        return User(**row._mapping) if row is not None else None

    async def _local(self) -> User | None:
        return await self._one(users.c.local.is_(True), users.c.state == "active")

    async def _touch(self, session: Session, now: float) -> None:
        async with self.database.writing() as connection:
            await connection.execute(update(sessions).where(sessions.c.id == session.id).values(used_at=now))
            await connection.execute(update(users).where(users.c.id == session.user_id).values(seen_at=now))

    async def _close(self, connection: AsyncConnection, user_id: str, *, keep: str | None = None) -> None:
        query = delete(sessions).where(sessions.c.user_id == user_id)
        await connection.execute(query if keep is None else query.where(sessions.c.id != keep))
        self._forget(connection)

    async def _deleted(self, statement: Any) -> bool:
        async with self.database.writing() as connection:
            result = await connection.execute(statement)
            self._forget(connection)
        return bool(result.rowcount)

    def _forget(self, connection: AsyncConnection) -> None:
        on_commit(connection, self._known.clear)

    def _open_invitation(self, token: str) -> Any:
        return select(*_INVITATION).where(
            invitations.c.token_hash == token_hash(token),
            invitations.c.accepted_at.is_(None),
            invitations.c.expires_at > self.clock(),
        )

    @staticmethod
    def _require_admin(actor: Actor) -> None:
        if not actor.admin:
            raise NotFound("page")

    @staticmethod
    def _require_self_or_admin(actor: Actor, user_id: str) -> None:
        if actor.user_id != user_id and not actor.admin:
            raise NotFound("user")


def normal_email(email: str | None) -> str | None:
    """As compared: without blanks around, lower case; None for none."""
    return (email.strip().lower() or None) if email is not None else None


def escape_like(text: str) -> str:
    """For LIKE with the escape character backslash: what a person types means itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _split(row: Any) -> tuple[User, Session]:
    values = row._mapping
    user = User(**{name: values[name] for name in User.__slots__})
    return user, Session(**{name: values[f"s_{name}"] for name in Session.__slots__})


def _read_token(values: dict[str, Any]) -> ApiToken:
    return ApiToken(**values | {"scopes": tuple(orjson.loads(values["scopes"]))})


def _email_taken() -> Conflict:
    return Conflict("There is an account with this address.", mend="Sign in to it, or use another address.")
