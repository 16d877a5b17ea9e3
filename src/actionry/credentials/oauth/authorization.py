"""Send a user to sign in, and take them back: the authorization request, its state, and the callback (F6.1, F6.2).

A callback is an attack until proved otherwise (THREATS O-01…O-10). What was promised at the start is kept
in a `PendingLogin` on our side, found by the state once, and every word of the callback is compared with it
before the code is sent anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode

from actionry.credentials.flows import Flow, Send, drive
from actionry.credentials.oauth.answers import clean
from actionry.credentials.oauth.settings import RESERVED, OAuthSettings
from actionry.credentials.oauth.token import Clock, exchange_flow
from actionry.credentials.schemes import OAuthToken
from actionry.credentials.secret import Secret
from actionry.errors import Audience, OAuthError

LOGIN_LIFETIME_S = 600.0
"""Ten minutes from the click to the callback (O-05)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """What a sign-in was begun with; one use."""

    key: str
    """SHA-256 of the state: whoever reads the store cannot finish a login."""
    session_hash: str
    """SHA-256 of the browser session's id (O-04)."""
    user: str
    action: str
    issuer: str | None
    iss_required: bool
    redirect_uri: str
    verifier: Secret | None
    nonce: str
    binding: str
    """`OAuthSettings.binding` at the start (R-14)."""
    created_at: float
    """Seconds since the epoch."""

    def expired(self, now: float) -> bool:
        return not 0 <= now - self.created_at <= LOGIN_LIFETIME_S


@dataclass(frozen=True, slots=True)
class Login:
    """`url` is for the user's browser; `pending` goes into the store before the browser does."""

    url: str = field(repr=False)
    pending: PendingLogin


class PendingLogins(Protocol):
    """Where sign-ins wait for their callback."""

    async def put(self, pending: PendingLogin) -> None: ...

    async def take(self, key: str) -> PendingLogin | None:
        """Remove and return it; of several who ask at once, one gets it (in SQL: DELETE … RETURNING)."""
        ...


class MemoryPendingLogins:
    """For one process, tests and the command line; the oldest go when there are too many."""

    def __init__(self, *, limit: int = 10_000, limit_per_user: int = 20, clock: Clock = time.time) -> None:
        self._waiting: OrderedDict[str, PendingLogin] = OrderedDict()
        self._limit, self._limit_per_user, self._clock = limit, limit_per_user, clock

    async def put(self, pending: PendingLogin) -> None:
        now = self._clock()
        for key in [key for key, waiting in self._waiting.items() if waiting.expired(now)]:
            del self._waiting[key]
        # One user who begins again and again pushes out their own logins only.
        own = [key for key, waiting in self._waiting.items() if waiting.user == pending.user]
        for key in own[: max(0, len(own) + 1 - self._limit_per_user)]:
            del self._waiting[key]
        self._waiting[pending.key] = pending
        while len(self._waiting) > self._limit:
            self._waiting.popitem(last=False)

    async def take(self, key: str) -> PendingLogin | None:
        return self._waiting.pop(key, None)

    def __len__(self) -> int:
        return len(self._waiting)


def begin_login(
    settings: OAuthSettings,
    *,
    session: str,
    user: str,
    action: str,
    api_origin: str,
    redirect_uri: str,
    clock: Clock = time.time,
) -> Login:
    """A sign-in for this user, in this browser session, for this action.

    `redirect_uri` is the action's own callback (O-07); `session` the id of the browser's session, not of the user.
    """
    if not session or not user or not action:
        raise OAuthError("A sign-in needs a session, a user and an action.", told_to="caller")
    state = secrets.token_urlsafe(32)
    verifier = Secret(secrets.token_urlsafe(48)) if settings.pkce else None
    nonce = secrets.token_urlsafe(16)
    pending = PendingLogin(
        key=state_key(state),
        session_hash=_digest(session),
        user=user,
        action=action,
        issuer=settings.issuer,
        iss_required=settings.iss_required,
        redirect_uri=redirect_uri,
        verifier=verifier,
        nonce=nonce,
        binding=settings.binding(api_origin),
        created_at=clock(),
    )
    return Login(
        authorization_url(settings, redirect_uri=redirect_uri, state=state, verifier=verifier, nonce=nonce), pending
    )


def authorization_url(
    settings: OAuthSettings, *, redirect_uri: str, state: str, verifier: Secret | None = None, nonce: str = ""
) -> str:
    """The page to open (OA-04). What the configured URL has in its query stays; what makes the flow safe is ours.

    `scope=` is sent even when empty, unless the configured URL has a scope of its own: a parameter must not
    occur twice (RFC 6749 section 3.1).
    """
    base, _, query = settings.authorize_url.partition("?")
    kept = [pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in RESERVED]
    kept_names = {unquote_plus(pair.partition("=")[0]) for pair in kept}
    ours = {"response_type": "code", "client_id": settings.client_id, "redirect_uri": redirect_uri}
    if settings.scope or "scope" not in kept_names:
        kept = [pair for pair in kept if unquote_plus(pair.partition("=")[0]) != "scope"]
        ours["scope"] = settings.scope
    ours["state"] = state
    if verifier is not None:
        ours["code_challenge"] = code_challenge(verifier)
        ours["code_challenge_method"] = "S256"
    if settings.resource is not None:
        ours["resource"] = settings.resource
    if nonce and "openid" in settings.scope.split():
        ours["nonce"] = nonce
    extra = {
        name: value
        for name, value in settings.extra_authorize.items()
        if name not in RESERVED | kept_names | ours.keys()
    }
    return f"{base}?{'&'.join([*kept, urlencode({**ours, **extra}, quote_via=quote)])}"


def code_challenge(verifier: Secret) -> str:
    """RFC 7636 section 4.2, S256: base64url of SHA-256, without padding."""
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """The parameters of a callback, each at most once."""

    state: Secret | None = None
    code: Secret | None = None
    iss: str | None = None
    error: str | None = None
    error_description: str = field(default="", repr=False)

    @property
    def key(self) -> str | None:
        """What to `take` from the store; None when there is no state."""
        return state_key(self.state.reveal()) if self.state is not None else None


def read_callback(query: str | Mapping[str, str] | Iterable[tuple[str, str]]) -> Callback:
    """From the callback's query, as text or pairs. Raises OAuthError when a parameter stands there twice."""
    values, repeated = _callback_values(query)
    query = ""  # so that a traceback of this frame shows no code
    if repeated:
        raise _refused("The sign-in answer repeats a parameter.", error="invalid_request")
    return values


def _callback_values(query: str | Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[Callback, bool]:
    if isinstance(query, str):
        pairs = parse_qsl(query.lstrip("?"), keep_blank_values=True, errors="replace")
    else:
        pairs = list(query.items() if isinstance(query, Mapping) else query)
    known = [(name, value) for name, value in pairs if name in ("state", "code", "iss", "error", "error_description")]
    values = dict(known)
    error = values.get("error")
    callback = Callback(
        state=Secret(values["state"]) if values.get("state") else None,
        code=Secret(values["code"]) if values.get("code") else None,
        iss=values.get("iss"),
        error=clean(error, ()) or "error" if error is not None else None,
        error_description=values.get("error_description", ""),
    )
    return callback, len(known) != len(values)


def finish_login(
    pending: PendingLogin | None,
    settings: OAuthSettings,
    callback: Callback,
    *,
    session: str,
    user: str,
    action: str,
    api_origin: str,
    clock: Clock = time.time,
) -> Flow[OAuthToken]:
    """Check the callback against what `take(callback.key)` found, and return the flow that fetches the token.

    All checks are done at once, before anything is sent. Raises OAuthError, which says no more than it
    must: the page that shows it answers 400 and links nothing. In order: the state exists, is fresh,
    belongs to this session, user and action; the OAuth settings are those of the start; the issuer is
    right; then what the provider says.
    """
    session = _digest(session)  # a raw session id is not to be read in a traceback
    _check_state(pending, callback, session, user, action, clock())
    assert pending is not None
    if pending.binding != settings.binding(api_origin):
        raise _refused("The action's address or OAuth settings were changed after you began to sign in.")
    _check_issuer(pending, callback)
    if callback.error is not None:
        raise _provider_error(callback, pending)
    if callback.code is None:
        raise _refused("The provider sent you back without a code.", told_to="api")
    return exchange_flow(
        settings, code=callback.code, redirect_uri=pending.redirect_uri, verifier=pending.verifier, clock=clock
    )


async def complete_login(
    store: PendingLogins,
    settings: OAuthSettings,
    callback: Callback,
    send: Send,
    *,
    session: str,
    user: str,
    action: str,
    api_origin: str,
    clock: Clock = time.time,
) -> OAuthToken:
    """Take the pending login, check, and fetch the token: `finish_login` with everything around it."""
    pending = await store.take(callback.key) if callback.key is not None else None
    flow = finish_login(
        pending, settings, callback, session=session, user=user, action=action, api_origin=api_origin, clock=clock
    )
    return await drive(flow, send)


def state_key(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def _check_state(
    pending: PendingLogin | None, callback: Callback, session_hash: str, user: str, action: str, now: float
) -> None:
    """One message for unknown, used, foreign and mistimed states: which one it was helps nobody but an attacker."""
    mine = (
        pending is not None
        and callback.key is not None
        and _same(pending.key, callback.key)
        and _same(pending.session_hash, session_hash)
        and _same(pending.user, user)
        and _same(pending.action, action)
    )
    if not mine:
        raise _refused("This sign-in was not begun here, or was already finished. Nothing was linked.")
    if pending is not None and pending.expired(now):
        raise _refused("The sign-in took longer than ten minutes. Nothing was linked.")


def _check_issuer(pending: PendingLogin, callback: Callback) -> None:
    """RFC 9207 section 2.4: byte for byte, for error answers too; a promised `iss` must be there (O-10)."""
    if pending.issuer is None:
        return
    if callback.iss is None:
        if pending.iss_required:
            raise _refused("The sign-in answer does not say which provider sent it.", told_to="api")
        return
    if not _same(callback.iss, pending.issuer):
        raise _refused("The sign-in answer came from another provider than the one you were sent to.", told_to="api")


def _provider_error(callback: Callback, pending: PendingLogin) -> OAuthError:
    """RFC 6749 section 4.1.2.1; reached only when state and issuer are right, so its text may be shown."""
    code = callback.error or "error"
    hidden = [secret for secret in (callback.state, callback.code, pending.verifier) if secret is not None]
    said = clean(callback.error_description, hidden)
    quoted = f"`{clean(code, hidden)[:60]}`" + (f": {said}" if said else "")
    meaning, told_to, mend = CALLBACK_ERRORS.get(
        code, ("The provider ended the sign-in", "builder", "Check the OAuth settings.")
    )
    return OAuthError(
        f"{meaning} ({quoted}).", error=clean(code, hidden)[:60], told_to=told_to, mend=mend, may_retry=told_to == "api"
    )


CALLBACK_ERRORS: dict[str, tuple[str, Audience, str]] = {
    # RFC 6749 section 4.1.2.1, then OpenID Connect Core section 3.1.2.6
    "access_denied": ("You did not allow the access, or the provider did not", "user", "Sign in again to change that."),
    "invalid_request": ("The provider refuses the sign-in request", "builder", "Check scope and callback URL."),
    "unauthorized_client": (
        "The provider does not let this client sign users in",
        "builder",
        "Register it for the authorization code flow.",
    ),
    "unsupported_response_type": ("The provider does not offer the code flow", "builder", "Use another provider."),
    "invalid_scope": ("The provider does not know the scope", "builder", "Correct the scope."),
    "invalid_target": ("The provider does not know the resource", "builder", "Correct or clear the resource."),
    "server_error": ("The provider failed", "api", "Try again in a while."),
    "temporarily_unavailable": ("The provider cannot answer at the moment", "api", "Try again in a while."),
    "interaction_required": ("The provider needs you to act", "user", "Sign in again."),
    "login_required": ("The provider needs you to sign in", "user", "Sign in again."),
    "consent_required": ("The provider needs your consent", "user", "Sign in again."),
    "account_selection_required": ("The provider needs you to choose an account", "user", "Sign in again."),
}


def _refused(message: str, *, told_to: Audience = "user", error: str = "invalid_state") -> OAuthError:
    return OAuthError(message, error=error, told_to=told_to, mend="Go back to the chat and sign in again.")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
