"""Keep every connection's token fresh: one refresh at a time, however many calls need it (OA-09, O-16).

Within a process the callers share one task; between processes the store's `exclusive` keeps others out, and
`replace` writes only over what was read. A refreshed token is stored before anyone uses it, because with
rotation the old refresh token is worth nothing from then on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from actionry.credentials.choice import normal_origin
from actionry.credentials.flows import Flow, KeyedLocks, Send, SingleFlight, drive
from actionry.credentials.oauth.settings import OAuthSettings
from actionry.credentials.oauth.token import Clock, client_credentials_flow, is_refused, refresh_flow
from actionry.credentials.schemes import OAuthToken
from actionry.errors import CredentialError, LoginNeeded, OAuthError
from actionry.http import Response

SKEW_S = 30.0
"""A token that ends within this time is renewed first, so that it does not end on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One user's (or the action's) link to an API through an authorization server."""

    id: str
    settings: OAuthSettings
    origin: str
    """The API's origin, the only place the token goes."""
    scheme: str = ""
    """Name of the security scheme, for messages."""

    @property
    def binding(self) -> str:
        return self.settings.binding(self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    token: OAuthToken
    version: int
    """Grows with every replacement."""
    binding: str
    """`Connection.binding` when it was issued; another one now means that host or OAuth addresses moved (R-14)."""


class TokenStore(Protocol):
    """Where tokens live. In SQL: a row per connection, sealed, with a version column."""

    def exclusive(self, connection: str) -> AbstractAsyncContextManager[object]:
        """Held by one renewal of this connection at a time, over all processes (an advisory lock, a row lock)."""
        ...

    async def find(self, connection: str) -> StoredToken | None: ...

    async def replace(self, connection: str, *, expected: int | None, token: OAuthToken | None, binding: str) -> bool:
        """Compare and set: store `token` (None: delete) if the version is still `expected` (None: there is none).

        False when somebody else was faster, and then nothing is changed.
        """
        ...


class MemoryTokenStore:
    """For one process, tests and the command line."""

    def __init__(self) -> None:
        self._rows: dict[str, StoredToken] = {}
        self._locks = KeyedLocks()
        self._versions = 0

    def exclusive(self, connection: str) -> AbstractAsyncContextManager[None]:
        return self._locks.hold(connection)

    async def find(self, connection: str) -> StoredToken | None:
        return self._rows.get(connection)

    async def replace(self, connection: str, *, expected: int | None, token: OAuthToken | None, binding: str) -> bool:
        row = self._rows.get(connection)
        if (row.version if row is not None else None) != expected:
            return False
        if token is None:
            self._rows.pop(connection, None)
            return True
        self._versions += 1
        self._rows[connection] = StoredToken(token=token, version=self._versions, binding=binding)
        return True


@dataclass(slots=True)
class TokenKeeper:
    """Hands out tokens that are good now. `send` must not follow redirects."""

    store: TokenStore
    send: Send
    clock: Clock = time.time
    skew_s: float = SKEW_S
    _flights: SingleFlight[OAuthToken] = field(default_factory=SingleFlight, repr=False)

    async def connect(self, connection: Connection, token: OAuthToken) -> None:
        """Store the token of a finished sign-in, over whatever was there."""
        while True:
            row = await self.store.find(connection.id)
            expected = row.version if row is not None else None
            if await self.store.replace(connection.id, expected=expected, token=token, binding=connection.binding):
                return

    async def disconnect(self, connection: Connection) -> OAuthToken | None:
        """Delete the token (OA-13) and return it, so that the caller can have it revoked (`revoke_flow`)."""
        while True:
            row = await self.store.find(connection.id)
            if row is None:
                return None
            if await self._drop(connection, row):
                return row.token

    async def fresh(self, connection: Connection) -> OAuthToken:
        """A token that has not ended; renewed when it has. Raises LoginNeeded when only the user can help."""
        row = await self._find(connection)
        if row is not None and not row.token.expired(self.clock(), skew_s=self.skew_s):
            return row.token
        return await self._renew(connection, row.token if row is not None else None)

    async def renew(self, connection: Connection, rejected: OAuthToken) -> OAuthToken:
        """After a 401: another token than the rejected one, refreshed once unless somebody has done so already."""
        row = await self._find(connection)
        if row is not None and row.token.access_token != rejected.access_token:
            return row.token
        return await self._renew(connection, rejected)

    async def reject(self, connection: Connection, rejected: OAuthToken) -> CredentialError:
        """After a 401 to a renewed token: forget it, and return the error to raise."""
        row = await self.store.find(connection.id)
        if row is not None and row.token.access_token == rejected.access_token:
            await self._drop(connection, row)
        if connection.settings.grant == "client_credentials":
            return OAuthError(
                "The API refuses the application's own token, also a new one.",
                told_to="builder",
                mend="Check the scope, and that this client may use the API.",
            )
        return login_needed(connection, "The API refuses the sign-in, also after it was renewed.")

    async def _find(self, connection: Connection) -> StoredToken | None:
        """The row, if it was issued for the addresses of today; else it is deleted (R-14)."""
        row = await self.store.find(connection.id)
        if row is None or row.binding == connection.binding:
            return row
        await self._drop(connection, row)
        return None

    async def _drop(self, connection: Connection, row: StoredToken) -> bool:
        return await self.store.replace(connection.id, expected=row.version, token=None, binding=row.binding)

    async def _renew(self, connection: Connection, stale: OAuthToken | None) -> OAuthToken:
        return await self._flights.run(
            f"{connection.id}\0{connection.binding}", lambda: self._renew_alone(connection, stale)
        )

    async def _renew_alone(self, connection: Connection, stale: OAuthToken | None) -> OAuthToken:
        async with self.store.exclusive(connection.id):
            row = await self._find(connection)
            if row is not None and self._is_newer(row.token, stale):
                return row.token
            return await self._fetch(connection, row)

    def _is_newer(self, token: OAuthToken, stale: OAuthToken | None) -> bool:
        """Whether another process has renewed it while we waited."""
        if stale is not None and token.access_token == stale.access_token:
            return False
        return not token.expired(self.clock(), skew_s=self.skew_s)

    async def _fetch(self, connection: Connection, row: StoredToken | None) -> OAuthToken:
        try:
            token = await drive(self._flow(connection, row), self.send)
        except OAuthError as error:
            # The application signs in by itself: no user can help there.
            if not is_refused(error) or connection.settings.grant == "client_credentials":
                raise
            if row is not None:
                await self._drop(connection, row)
            refused = login_needed(connection, error.message)
        else:
            expected = row.version if row is not None else None
            if await self.store.replace(connection.id, expected=expected, token=token, binding=connection.binding):
                return token
            return await self._after_lost_race(connection)
        raise refused

    def _flow(self, connection: Connection, row: StoredToken | None) -> Flow[OAuthToken]:
        if connection.settings.grant == "client_credentials":
            return client_credentials_flow(connection.settings, clock=self.clock)
        if row is None:
            raise login_needed(connection, "You are not signed in.")
        return refresh_flow(connection.settings, row.token, clock=self.clock)

    async def _after_lost_race(self, connection: Connection) -> OAuthToken:
        """The user signed out, or in anew, while we asked: what they did counts."""
        row = await self._find(connection)
        if row is None:
            raise login_needed(connection, "You signed out.")
        return row.token


async def call_with_token(
    keeper: TokenKeeper, connection: Connection, call: Callable[[OAuthToken], Awaitable[Response]]
) -> Response:
    """Make a call with a good token; on 401 renew once and call again; on a second 401 raise LoginNeeded (OA-09).

    A 401 is the API's word that it did nothing, so the second call repeats no effect.
    """
    token = await keeper.fresh(connection)
    response = await call(token)
    if response.status != 401:
        return response
    token = await keeper.renew(connection, rejected=token)
    response = await call(token)
    if response.status == 401:
        raise await keeper.reject(connection, token)
    return response


def login_needed(connection: Connection, why: str) -> LoginNeeded:
    """`Sign in to api.example.com` (OA-12)."""
    origin = normal_origin(connection.origin)
    host = urlsplit(origin).hostname or origin
    return LoginNeeded(
        why, schemes=(connection.scheme,) if connection.scheme else (), origin=origin, mend=f"Sign in to {host}."
    )


def missing_scopes(response: Response) -> tuple[str, ...] | None:
    """Scopes that a 403 asks for (`insufficient_scope`, RFC 6750 section 3.1); None when it is about
    something else.
    """
    if response.status != 403:
        return None
    for challenge in response.headers.getall("WWW-Authenticate", []):
        if re.search(r'error\s*=\s*"?insufficient_scope\b', challenge):
            found = re.search(r'(?:^|[\s,])scope\s*=\s*"([^"]*)"', challenge)
            return tuple(found.group(1).split()) if found else ()
    return None
