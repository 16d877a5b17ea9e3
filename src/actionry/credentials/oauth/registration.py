"""Dynamic client registration (RFC 7591): once per authorization server and callback, however many ask (T-07)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import orjson
from multidict import CIMultiDict

from actionry.credentials.attach import is_loopback
from actionry.credentials.flows import Flow, KeyedLocks, Send, SingleFlight, drive
from actionry.credentials.oauth.answers import Answer, read_answer
from actionry.credentials.oauth.discovery import ServerMetadata, settings_from_metadata
from actionry.credentials.oauth.settings import OAuthSettings, TokenExchange
from actionry.credentials.oauth.token import Clock
from actionry.credentials.secret import Secret
from actionry.errors import OAuthError
from actionry.http import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClient:
    """Our client at one authorization server; never used at another."""

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    expires_at: float | None = None
    """Seconds since the epoch when the secret ends; None: never."""
    auth_method: str = "client_secret_basic"
    redirect_uris: tuple[str, ...] = ()
    registration_access_token: Secret | None = None
    registration_client_uri: str | None = None

    def usable(self, now: float) -> bool:
        return self.expires_at is None or now < self.expires_at - 60

    @property
    def token_exchange(self) -> TokenExchange:
        return "basic_auth_header" if self.auth_method == "client_secret_basic" else "default_post"

    def settings(self, metadata: ServerMetadata, *, scope: str = "", resource: str | None = None) -> OAuthSettings:
        """OAuth settings for a sign-in with this client. Raises OAuthError for another server's metadata."""
        if metadata.issuer != self.issuer:
            raise OAuthError(
                "This client was registered at another authorization server.",
                told_to="caller",
                mend="Register at this one.",
            )
        return settings_from_metadata(
            metadata,
            client_id=self.client_id,
            client_secret=self.client_secret,
            scope=scope,
            token_exchange=self.token_exchange,
            resource=resource,
        )


def register_flow(
    metadata: ServerMetadata,
    *,
    redirect_uris: Iterable[str],
    client_name: str = "Actionry",
    scope: str = "",
    initial_access_token: Secret | None = None,
    public: bool = False,
    clock: Clock = time.time,
) -> Flow[RegisteredClient]:
    """Register a client (RFC 7591 section 3). `public`: without a secret, for clients on users' machines.

    Raises OAuthError when the server has no registration endpoint or refuses.
    """
    if metadata.registration_endpoint is None:
        raise _not_offered()
    addresses = tuple(redirect_uris)
    body = {
        "client_name": client_name,
        "redirect_uris": addresses,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": _auth_method(metadata, public),
        "application_type": application_type(addresses),
    }
    if scope:
        body["scope"] = scope
    headers = CIMultiDict({"Content-Type": "application/json", "Accept": "application/json"})
    if initial_access_token is not None:
        headers["Authorization"] = f"Bearer {initial_access_token.reveal()}"
    answer = read_answer((yield Request("POST", metadata.registration_endpoint, headers, orjson.dumps(body))))
    if not answer.ok or answer.text("client_id") is None:
        raise _registration_error(answer, initial_access_token)
    return _read_client(answer, metadata.issuer, addresses, _auth_method(metadata, public), clock())


def application_type(redirect_uris: Iterable[str]) -> str:
    """`native` when every callback stays on the user's machine, else `web` (OpenID Connect Registration
    section 2).
    """
    hosts = [urlsplit(uri) for uri in redirect_uris]
    native = all(parts.scheme not in ("http", "https") or is_loopback(parts.hostname or "") for parts in hosts)
    return "native" if native else "web"


def _auth_method(metadata: ServerMetadata, public: bool) -> str:
    if public:
        return "none"
    offered = metadata.token_endpoint_auth_methods
    return next(
        (m for m in ("client_secret_basic", "client_secret_post", "none") if m in offered), "client_secret_basic"
    )


def _read_client(
    answer: Answer, issuer: str, redirect_uris: tuple[str, ...], asked_method: str, now: float
) -> RegisteredClient:
    ends = answer.field("client_secret_expires_at")
    # 0 means never (RFC 7591 section 3.2.1).
    expires_at = float(ends) if isinstance(ends, (int, float)) and not isinstance(ends, bool) and ends > 0 else None
    if expires_at is not None and expires_at <= now:
        raise OAuthError(
            "The provider registered us with a secret that was already over.",
            told_to="api",
            mend="Enter a client ID and secret by hand.",
        )
    return RegisteredClient(
        issuer=issuer,
        client_id=answer.text("client_id") or "",
        client_secret=answer.secret("client_secret"),
        expires_at=expires_at,
        auth_method=answer.text("token_endpoint_auth_method") or asked_method,
        redirect_uris=redirect_uris,
        registration_access_token=answer.secret("registration_access_token"),
        registration_client_uri=answer.text("registration_client_uri"),
    )


def _registration_error(answer: Answer, token: Secret | None) -> OAuthError:
    if answer.kind == "fields" and answer.status in (401, 403):
        return _not_offered()
    said = answer.explanation([token] if token is not None else [])
    quoted = f"status {answer.status}" + (f", `{answer.error}`" if answer.error else "") + (f": {said}" if said else "")
    passing = answer.status == 429 or answer.status >= 500
    return OAuthError(
        f"The provider refuses to register us ({quoted}).",
        error=answer.error,
        told_to="api" if passing else "builder",
        may_retry=passing,
        mend="Register by hand at the provider, and enter the client ID and secret.",
    )


def _not_offered() -> OAuthError:
    return OAuthError(
        "The provider does not let clients register themselves.",
        told_to="builder",
        mend="Register by hand at the provider, and enter the client ID and secret.",
    )


class ClientStore(Protocol):
    """Where registered clients live; the secret is sealed."""

    def exclusive(self, key: str) -> AbstractAsyncContextManager[object]:
        """Held by one registration of this key at a time, over all processes."""
        ...

    async def find(self, key: str) -> RegisteredClient | None: ...

    async def put(self, key: str, client: RegisteredClient) -> None: ...


class MemoryClientStore:
    """For one process, tests and the command line."""

    def __init__(self) -> None:
        self._clients: dict[str, RegisteredClient] = {}
        self._locks = KeyedLocks()

    def exclusive(self, key: str) -> AbstractAsyncContextManager[None]:
        return self._locks.hold(key)

    async def find(self, key: str) -> RegisteredClient | None:
        return self._clients.get(key)

    async def put(self, key: str, client: RegisteredClient) -> None:
        self._clients[key] = client


@dataclass(slots=True)
class Registrar:
    """Gives out our client at a server, registering on first use, and again when its secret has ended."""

    store: ClientStore
    send: Send
    clock: Clock = time.time
    _flights: SingleFlight[RegisteredClient] = field(default_factory=SingleFlight, repr=False)

    async def client_for(
        self,
        metadata: ServerMetadata,
        *,
        redirect_uri: str,
        client_name: str = "Actionry",
        scope: str = "",
        initial_access_token: Secret | None = None,
        public: bool = False,
    ) -> RegisteredClient:
        """The client for this issuer and callback; two tabs at once share one registration."""
        key = client_key(metadata.issuer, redirect_uri)

        async def register() -> RegisteredClient:
            async with self.store.exclusive(key):
                found = await self.store.find(key)
                if found is not None and found.usable(self.clock()):
                    return found
                flow = register_flow(
                    metadata,
                    redirect_uris=[redirect_uri],
                    client_name=client_name,
                    scope=scope,
                    initial_access_token=initial_access_token,
                    public=public,
                    clock=self.clock,
                )
                client = await drive(flow, self.send)
                await self.store.put(key, client)
                return client

        found = await self.store.find(key)
        if found is not None and found.usable(self.clock()):
            return found
        return await self._flights.run(key, register)


def client_key(issuer: str, redirect_uri: str) -> str:
    """One client per issuer and callback, so that no code of one action is good for another (O-07)."""
    return hashlib.sha256(orjson.dumps([issuer, redirect_uri])).hexdigest()
