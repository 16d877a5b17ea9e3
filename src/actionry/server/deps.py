"""Who asks, and what they may: the parameters that routes are written with.

A route names what it needs (`Chatter`, `Administrator`, `Anybody` …); without one of these it has no actor, and
storage answers nothing without an actor.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from actionry.credentials.secret import Secret
from actionry.gpts.access import require_admin
from actionry.server.problems import ProblemError
from actionry.server.security import SAFE_METHODS, is_form, require_rate
from actionry.server.services import Services

Scope = Literal["chat", "build", "account", "admin"]
SCOPES: tuple[Scope, ...] = ("chat", "build", "account", "admin")
"""Of API tokens; a browser session has all that its user has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The one who asks: satisfies `storage.actor.Actor` and the access gate."""

    user_id: str | None = None
    admin: bool = False
    """Only where the credential may be used for administration."""
    session_id: str | None = None
    session_token: Secret | None = None
    token_id: str | None = None
    scopes: frozenset[str] = frozenset()

    @property
    def signed_in(self) -> bool:
        return self.user_id is not None


NOBODY = Identity()

UPLOADS = frozenset({"/api/v1/files"})
"""Paths that take a form."""


async def services_of(request: Request) -> Services:
    """Async, though it waits for nothing: the framework runs plain functions in a thread."""
    services: Services = request.app.state.services
    return services


Use = Annotated[Services, Depends(services_of)]


def cookie_name(services: Services) -> str:
    """`__Host-` ties the cookie to this host and to https; without https browsers refuse the prefix (H-03)."""
    return "__Host-actionry" if services.settings.secure else "actionry"


def csrf_token(session: Secret) -> str:
    """Only who can read the session's cookie or our answers knows it; nothing is stored."""
    digest = hmac.new(session.reveal().encode(), b"actionry csrf", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def identify(request: Request, services: Use) -> Identity:
    """From a session's cookie or a bearer token; `NOBODY` for neither. Raises 401 for a token that does not count."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        identity = await _by_token(services, authorization)
    else:
        identity = await _by_cookie(services, request)
    settings = services.settings
    key = f"user:{identity.user_id}" if identity.signed_in else f"address:{request.scope['actionry.client']}"
    require_rate(services.rates, key, per_minute=settings.requests_per_minute)
    request.scope["actionry.user"] = identity.user_id
    if authorization is None and identity.signed_in:
        _check_csrf(request, identity)
    return identity


async def _by_token(services: Services, authorization: str) -> Identity:
    scheme, _, raw = authorization.partition(" ")
    found = await services.accounts.by_token(raw.strip()) if scheme.lower() == "bearer" and len(raw) <= 200 else None
    if found is None:
        raise unauthorized("The bearer token is not, or no longer, valid.")
    user, token = found
    scopes = frozenset(token.scopes)
    return Identity(user_id=user.id, admin=user.role == "admin" and "admin" in scopes, token_id=token.id, scopes=scopes)


async def _by_cookie(services: Services, request: Request) -> Identity:
    raw = request.cookies.get(cookie_name(services))
    if not raw or len(raw) > 200:
        return NOBODY
    found = await services.accounts.by_session(raw)
    if found is None:
        return NOBODY
    user, session = found
    return Identity(
        user_id=user.id, admin=user.role == "admin", session_id=session.id, session_token=Secret(raw),
        scopes=frozenset(SCOPES),
    )  # fmt: skip


def _check_csrf(request: Request, identity: Identity) -> None:
    """A page of another site can send our cookie along, and nothing else of this (H-01)."""
    if request.method in SAFE_METHODS:
        return
    given = request.headers.get("x-csrf-token", "")
    assert identity.session_token is not None
    if not hmac.compare_digest(given.encode(), csrf_token(identity.session_token).encode()):
        raise ProblemError(
            403,
            "csrf",
            "The header X-CSRF-Token is missing or not that of this session. `GET /api/v1/session` tells it.",
        )
    if is_form(request.headers.get("content-type")) and request.url.path not in UPLOADS:
        raise ProblemError(403, "form_refused", "Send JSON: bodies of plain HTML forms are refused.")


def unauthorized(detail: str = "Sign in first.") -> ProblemError:
    return ProblemError(
        401, "sign_in", detail, whose_turn="user", headers={"WWW-Authenticate": 'Bearer realm="actionry"'}
    )


Anybody = Annotated[Identity, Depends(identify)]
"""Signed in or not."""


def _needs(scope: Scope) -> Callable[[Identity], Coroutine[Any, Any, Identity]]:
    async def require(identity: Anybody) -> Identity:
        if not identity.signed_in:
            raise unauthorized()
        if scope not in identity.scopes:
            raise ProblemError(403, "scope", f"This API token does not have the scope `{scope}`.", whose_turn="user")
        return identity

    return require


Chatter = Annotated[Identity, Depends(_needs("chat"))]
"""Signed in, and may chat."""
Builder = Annotated[Identity, Depends(_needs("build"))]
"""Signed in, and may make GPTs."""
AccountOwner = Annotated[Identity, Depends(_needs("account"))]
"""Signed in, and may change the account."""


async def _administrator(identity: Annotated[Identity, Depends(_needs("admin"))]) -> Identity:
    require_admin(identity)
    return identity


Administrator = Annotated[Identity, Depends(_administrator)]

SECURITY = {
    "session": APIKeyCookie(name="actionry", auto_error=False, scheme_name="session"),
    "token": HTTPBearer(auto_error=False, scheme_name="token", description="An API token from the settings page."),
}
