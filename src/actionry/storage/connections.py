"""Connections: a key or sign-in for one action, a user's own or the action's for everybody, sealed in the vault.

A secret leaves only towards the origin that it was saved for, and only for the user whose it is or, for the action's
own, for those who may use the GPT (THREATS R-13, R-14). No method gives a secret to a person.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actionry.credentials.oauth.authorization import LOGIN_LIFETIME_S, PendingLogin
from actionry.credentials.oauth.keeper import StoredToken
from actionry.credentials.oauth.registration import RegisteredClient
from actionry.credentials.schemes import OAuthToken
from actionry.credentials.secret import Secret, as_secret
from actionry.credentials.vault import Place, Vault
from actionry.errors import LoginNeeded
from actionry.storage.actor import Actor, owner_id
from actionry.storage.engine import Database
from actionry.storage.errors import NotFound
from actionry.storage.gpts import ORDER, action_in, find_action
from actionry.storage.ids import new_id
from actionry.storage.locks import Locks
from actionry.storage.tables import actions, connections, gpts, pending_logins, registered_clients

Kind = Literal["api_key", "basic", "oauth", "oauth_client"]
"""`oauth_client`: the client secret that the builder entered."""

ConnectionState = Literal["pending", "connected", "broken"]
"""`broken`: the provider refused it; the user has to connect again."""

LOGINS_PER_USER = 20
LOGINS = 10_000
"""Sign-ins that wait for their callback, as in `MemoryPendingLogins`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConnection:
    """What may be known of a connection; the secret is no part of it (L-01)."""

    id: str
    action_id: str
    user_id: str | None
    """None: the action's own."""
    scheme: str
    kind: Kind
    origin: str
    binding: str
    state: ConnectionState
    hint: str
    """Last four characters of a key."""
    account: str
    """Who the provider says is signed in."""
    expires_at: float | None
    created_at: float
    updated_at: float
    used_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConnection:
    """A user's connection with where it belongs, for the page where they are looked at and ended (OA-13)."""

    connection: StoredConnection
    gpt_id: str
    gpt_name: str


_COLUMNS = tuple(connections.c[name] for name in StoredConnection.__slots__)


class Connections:
    def __init__(self, database: Database, vault: Vault, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.vault = vault
        self.clock = clock

    async def put_key(
        self,
        actor: Actor,
        action_id: str,
        scheme: str,
        secret: Secret,
        *,
        origin: str,
        kind: Kind = "api_key",
        binding: str = "",
        for_everyone: bool = False,
    ) -> StoredConnection:
        """Save a key, over the one before. `for_everyone`: the action's own, which takes the right to edit the GPT.

        Raises NotFound.
        """
        secret = as_secret(secret)
        return await self._put(
            actor,
            action_id,
            scheme,
            for_everyone=for_everyone,
            values={
                "kind": kind,
                "origin": origin,
                "binding": binding,
                "state": "connected",
                "hint": _hint(secret),
                "expires_at": None,
            },
            secret=secret,
        )

    async def ensure(
        self, actor: Actor, action_id: str, scheme: str, *, origin: str, binding: str, for_everyone: bool = False
    ) -> StoredConnection:
        """The connection that an OAuth sign-in will fill. One for another origin or binding loses its token (R-14)."""
        return await self._put(
            actor,
            action_id,
            scheme,
            for_everyone=for_everyone,
            values={"kind": "oauth", "origin": origin, "binding": binding},
            secret=None,
        )

    async def of_action(self, actor: Actor, action_id: str) -> list[StoredConnection]:
        """The actor's own, and for those who may edit the GPT the action's."""
        async with self.database.reading() as connection:
            place = await find_action(connection, actor, action_id)
            if place is None:
                return []
            mine = connections.c.user_id == owner_id(actor)
            if ORDER[place.level] >= ORDER["edit"]:
                mine = or_(mine, connections.c.user_id.is_(None))
            query = select(*_COLUMNS).where(connections.c.action_id == action_id, mine)
            return [_read(row) for row in await connection.execute(query.order_by(connections.c.scheme))]

    async def mine(self, actor: Actor) -> list[OwnConnection]:
        query = (
            select(*_COLUMNS, gpts.c.id.label("gpt_id"), gpts.c.name.label("gpt_name"))
            .join(actions, actions.c.id == connections.c.action_id)
            .join(gpts, gpts.c.id == actions.c.gpt_id)
            .where(connections.c.user_id == owner_id(actor))
            .order_by(connections.c.updated_at.desc())
        )
        async with self.database.reading() as connection:
            rows = await connection.execute(query)
            return [OwnConnection(connection=_read(row), gpt_id=row.gpt_id, gpt_name=row.gpt_name) for row in rows]

    async def find(self, actor: Actor, connection_id: str) -> StoredConnection | None:
        async with self.database.reading() as connection:
            return await self._find(connection, actor, connection_id)

    async def disconnect(self, actor: Actor, connection_id: str) -> StoredConnection:
        """Delete it (L-10); what it was, so that the provider can be told. Raises NotFound."""
        async with self.database.writing() as connection:
            found = await self._find(connection, actor, connection_id)
            if found is None:
                raise NotFound("connection")
            await connection.execute(delete(connections).where(connections.c.id == connection_id))
            await self.database.note_deletion(connection, "connection", connection_id, self.clock())
        return found

    async def detach_moved(self, actor: Actor, action_id: str, *, origin: str, binding: str = "") -> int:
        """The action's host or OAuth addresses were changed: what was saved for others is deleted (R-14). How many."""
        async with self.database.writing() as connection:
            place = await find_action(connection, actor, action_id)
            if place is None or ORDER[place.level] < ORDER["edit"]:
                raise NotFound("action")
            moved = connections.c.origin != origin
            if binding:
                moved = or_(moved, and_(connections.c.kind == "oauth", connections.c.binding != binding))
            gone = delete(connections).where(connections.c.action_id == action_id, moved)
            result = await connection.execute(gone)
        return result.rowcount

    async def for_call(self, actor: Actor, action_id: str) -> list[StoredConnection]:
        """What calls of this user may use: their own, and the action's; nobody else's (R-13)."""
        usable = or_(connections.c.user_id == owner_id(actor), connections.c.user_id.is_(None))
        query = select(*_COLUMNS).where(connections.c.action_id == action_id, usable)
        return [_read(row) for row in await self.database.read(_if_visible, actor, action_id, query)]

    async def secret_for_call(
        self, actor: Actor, action_id: str, scheme: str, *, origin: str, for_everyone: bool
    ) -> Secret | None:
        """The key, for a call of this user to this origin; None when there is none that was saved for it.

        `for_everyone`: the action's own. One never takes the other's place.
        """
        who = connections.c.user_id.is_(None) if for_everyone else connections.c.user_id == owner_id(actor)
        query = select(connections.c.id, connections.c.sealed).where(
            connections.c.action_id == action_id,
            connections.c.scheme == scheme,
            connections.c.origin == origin,
            connections.c.kind != "oauth",
            who,
        )
        rows = await self.database.read(_if_visible, actor, action_id, query)
        row = rows[0] if rows else None
        if row is None or row.sealed is None:
            return None
        return self.vault.open(row.sealed, Place("connections", row.id, "sealed"))

    async def client_secret(self, action_id: str) -> Secret | None:
        """The OAuth client's, which the token endpoint is asked with; never shown to anybody."""
        query = select(connections.c.id, connections.c.sealed).where(
            connections.c.action_id == action_id,
            connections.c.kind == "oauth_client",
            connections.c.user_id.is_(None),
        )
        row = await self.database.fetch_one(query)
        if row is None or row.sealed is None:
            return None
        return self.vault.open(row.sealed, Place("connections", row.id, "sealed"))

    async def mark(
        self, connection_id: str, *, state: ConnectionState | None = None, account: str | None = None
    ) -> None:
        """What a call or a sign-in has learnt about it; the runner's word, which has used it."""
        values: dict[str, Any] = {"used_at": self.clock()}
        values |= {"state": state} if state is not None else {}
        values |= {"account": account} if account is not None else {}
        async with self.database.writing() as connection:
            await connection.execute(update(connections).where(connections.c.id == connection_id).values(values))

    async def _put(
        self,
        actor: Actor,
        action_id: str,
        scheme: str,
        *,
        for_everyone: bool,
        values: dict[str, Any],
        secret: Secret | None,
    ) -> StoredConnection:
        now = self.clock()
        user_id = None if for_everyone else owner_id(actor)
        async with self.database.writing() as connection:
            place = await find_action(connection, actor, action_id)
            if place is None or actor.user_id is None or (for_everyone and ORDER[place.level] < ORDER["edit"]):
                raise NotFound("action")
            fresh = {"id": new_id("n"), "action_id": action_id, "user_id": user_id, "scheme": scheme}
            await self.database.insert_new(
                connection, connections, fresh | {"created_at": now, "updated_at": now} | values
            )
            who = connections.c.user_id.is_(None) if user_id is None else connections.c.user_id == user_id
            same = (connections.c.action_id == action_id, connections.c.scheme == scheme, who)
            row = (await connection.execute(select(connections).where(*same).with_for_update())).one()
            moved = (row.kind, row.origin, row.binding) != (values["kind"], values["origin"], values["binding"])
            if secret is not None:
                sealed = self.vault.seal(secret, Place("connections", row.id, "sealed"))
                values = values | {"sealed": sealed, "version": row.version + 1, "updated_at": now}
            elif moved:
                values = values | {"sealed": None, "version": row.version + 1, "state": "pending", "updated_at": now}
            await connection.execute(update(connections).where(connections.c.id == row.id).values(values))
            found = await connection.execute(select(*_COLUMNS).where(connections.c.id == row.id))
            return _read(found.one())

    async def _find(self, connection: AsyncConnection, actor: Actor, connection_id: str) -> StoredConnection | None:
        row = (await connection.execute(select(*_COLUMNS).where(connections.c.id == connection_id))).one_or_none()
        if row is None:
            return None
        if row.user_id is not None:
            return _read(row) if row.user_id == actor.user_id else None
        place = await find_action(connection, actor, row.action_id)
        return _read(row) if place is not None and ORDER[place.level] >= ORDER["edit"] else None


def _read(row: Any) -> StoredConnection:
    return StoredConnection(**{name: getattr(row, name) for name in StoredConnection.__slots__})


def _if_visible(connection: Connection, actor: Actor, action_id: str, query: Any) -> Sequence[Any]:
    """The rows, if the actor may still use the action's GPT (A-12)."""
    return connection.execute(query).all() if action_in(connection, actor, action_id) is not None else []


def _hint(secret: Secret) -> str:
    """Enough to tell two keys apart, of one that is long enough to spare it."""
    text = secret.reveal()
    return text[-4:] if len(text) >= 16 else ""


# ------------------------------------------------------------------------------------------- what OAuth keeps in tables


class Tokens:
    """`credentials.oauth.TokenStore`: tokens, found by the id of their connection, which only its user gets."""

    def __init__(
        self, database: Database, vault: Vault, locks: Locks, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.database = database
        self.vault = vault
        self.locks = locks
        self.clock = clock

    @asynccontextmanager
    async def exclusive(self, connection: str) -> AsyncIterator[None]:
        async with self.locks.hold(f"token:{connection}"):
            yield

    async def find(self, connection: str) -> StoredToken | None:
        query = select(connections.c.sealed, connections.c.version, connections.c.binding)
        row = await self.database.fetch_one(query.where(connections.c.id == connection))
        if row is None or row.sealed is None:
            return None
        secret = self.vault.open(row.sealed, Place("connections", connection, "sealed"))
        return StoredToken(token=_read_token(secret), version=row.version, binding=row.binding)

    async def replace(self, connection: str, *, expected: int | None, token: OAuthToken | None, binding: str) -> bool:
        """Raises LoginNeeded when the connection itself is gone: there is nowhere to keep the token."""
        async with self.database.writing() as db:
            query = select(connections.c.sealed, connections.c.version, connections.c.origin, connections.c.scheme)
            row = (await db.execute(query.where(connections.c.id == connection).with_for_update())).one_or_none()
            if row is None:
                if token is None:
                    return False
                raise LoginNeeded("The connection was removed.", mend="Sign in again.")
            if (row.version if row.sealed is not None else None) != expected:
                return False
            values: dict[str, Any] = {"version": row.version + 1, "updated_at": self.clock()}
            if token is None:
                values |= {"sealed": None, "state": "pending", "expires_at": None}
            else:
                sealed = self.vault.seal(_write_token(token), Place("connections", connection, "sealed"))
                values |= {"sealed": sealed, "state": "connected", "binding": binding, "expires_at": token.expires_at}
            await db.execute(update(connections).where(connections.c.id == connection).values(values))
        return True


def _write_token(token: OAuthToken) -> Secret:
    fields = {
        "access_token": token.access_token.reveal(),
        "refresh_token": token.refresh_token.reveal() if token.refresh_token is not None else None,
        "expires_at": token.expires_at,
        "scope": token.scope,
        "token_type": token.token_type,
        "owner": token.owner,
        "remarks": token.remarks,
    }
    return Secret(orjson.dumps(fields).decode())


def _read_token(secret: Secret) -> OAuthToken:
    fields = orjson.loads(secret.reveal())
    refresh = fields["refresh_token"]
    return OAuthToken(
        access_token=Secret(fields["access_token"]),
        refresh_token=Secret(refresh) if refresh is not None else None,
        expires_at=fields["expires_at"],
        scope=fields["scope"],
        token_type=fields["token_type"],
        owner=fields["owner"],
        remarks=tuple(fields["remarks"]),
    )


class Logins:
    """`credentials.oauth.PendingLogins`: sign-ins that wait for their callback; each is taken once (O-05)."""

    def __init__(self, database: Database, vault: Vault, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.vault = vault
        self.clock = clock

    async def put(self, pending: PendingLogin) -> None:
        place = Place("pending_logins", pending.key, "sealed")
        values = {
            "key": pending.key,
            "session_hash": pending.session_hash,
            "user_id": pending.user,
            "action_id": pending.action,
            "issuer": pending.issuer,
            "iss_required": pending.iss_required,
            "redirect_uri": pending.redirect_uri,
            "sealed": self.vault.seal(pending.verifier, place) if pending.verifier is not None else None,
            "nonce": pending.nonce,
            "binding": pending.binding,
            "created_at": pending.created_at,
        }
        async with self.database.writing() as connection:
            over = self.clock() - LOGIN_LIFETIME_S
            await connection.execute(delete(pending_logins).where(pending_logins.c.created_at < over))
            # One user who begins again and again pushes out their own logins only.
            await _keep_latest(connection, pending_logins.c.user_id == pending.user, LOGINS_PER_USER - 1)
            await _keep_latest(connection, None, LOGINS - 1)
            await connection.execute(insert(pending_logins).values(values))

    async def take(self, key: str) -> PendingLogin | None:
        async with self.database.writing() as connection:
            gone = delete(pending_logins).where(pending_logins.c.key == key).returning(*pending_logins.c)
            row = (await connection.execute(gone)).one_or_none()
        if row is None:
            return None
        place = Place("pending_logins", row.key, "sealed")
        return PendingLogin(
            key=row.key,
            session_hash=row.session_hash,
            user=row.user_id,
            action=row.action_id,
            issuer=row.issuer,
            iss_required=row.iss_required,
            redirect_uri=row.redirect_uri,
            verifier=self.vault.open(row.sealed, place) if row.sealed is not None else None,
            nonce=row.nonce,
            binding=row.binding,
            created_at=row.created_at,
        )


async def _keep_latest(connection: AsyncConnection, which: Any, count: int) -> None:
    query = select(pending_logins.c.key)
    if which is not None:
        query = query.where(which)
    latest = query.order_by(pending_logins.c.created_at.desc(), pending_logins.c.key).offset(count).limit(1_000)
    too_many = list((await connection.execute(latest)).scalars())
    if too_many:
        await connection.execute(delete(pending_logins).where(pending_logins.c.key.in_(too_many)))


class Clients:
    """`credentials.oauth.ClientStore`: our registrations at authorization servers (T-07)."""

    def __init__(
        self, database: Database, vault: Vault, locks: Locks, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.database = database
        self.vault = vault
        self.locks = locks
        self.clock = clock

    @asynccontextmanager
    async def exclusive(self, key: str) -> AsyncIterator[None]:
        async with self.locks.hold(f"client:{key}"):
            yield

    async def find(self, key: str) -> RegisteredClient | None:
        async with self.database.reading() as connection:
            query = select(registered_clients).where(registered_clients.c.key == key)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        facts = orjson.loads(row.facts)
        secrets = {}
        if row.sealed is not None:
            secrets = orjson.loads(self.vault.open(row.sealed, Place("registered_clients", key, "sealed")).reveal())
        return RegisteredClient(
            issuer=row.issuer,
            client_id=row.client_id,
            client_secret=_secret(secrets.get("client_secret")),
            expires_at=row.expires_at,
            auth_method=facts["auth_method"],
            redirect_uris=tuple(facts["redirect_uris"]),
            registration_access_token=_secret(secrets.get("registration_access_token")),
            registration_client_uri=facts["registration_client_uri"],
        )

    async def put(self, key: str, client: RegisteredClient) -> None:
        facts = {
            "auth_method": client.auth_method,
            "redirect_uris": client.redirect_uris,
            "registration_client_uri": client.registration_client_uri,
        }
        secrets = {
            name: secret.reveal()
            for name, secret in (
                ("client_secret", client.client_secret),
                ("registration_access_token", client.registration_access_token),
            )
            if secret is not None
        }
        place = Place("registered_clients", key, "sealed")
        values = {
            "key": key,
            "issuer": client.issuer,
            "client_id": client.client_id,
            "sealed": self.vault.seal(Secret(orjson.dumps(secrets).decode()), place) if secrets else None,
            "expires_at": client.expires_at,
            "facts": orjson.dumps(facts).decode(),
            "created_at": self.clock(),
        }
        async with self.database.writing() as connection:
            await self.database.upsert(connection, registered_clients, values, key=("key",))


def _secret(text: str | None) -> Secret | None:
    return Secret(text) if text is not None else None
