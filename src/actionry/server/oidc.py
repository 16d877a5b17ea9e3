"""Sign in with the installation's OpenID Connect provider: code with PKCE, state bound to the browser, ID token.

The flows are those that sign users in to APIs (`credentials.oauth`), sent through the outbound door. What is promised
at the start travels sealed in a cookie of the browser that began, so any replica can finish, and no other browser.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from multidict import CIMultiDict

from actionry.credentials.flows import Send, drive
from actionry.credentials.oauth import (
    Callback,
    OAuthSettings,
    PendingLogin,
    begin_login,
    discover_flow,
    finish_login,
    read_callback,
    settings_from_metadata,
)
from actionry.credentials.secret import Secret
from actionry.credentials.vault import Vault
from actionry.errors import OAuthError, VaultError
from actionry.http import Request, Response
from actionry.server.problems import ProblemError
from actionry.server.settings import Settings

if TYPE_CHECKING:
    from actionry.server.services import Services
    from actionry.storage.accounts import User

PLACE = ("oidc", "browser", "pending")
ACTION = "sign-in"
CALLBACK = "/api/v1/session/oidc/callback"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a public key: neither `none` nor a secret that is shared (H-09)."""
LEEWAY_S = 60
KEYS_S = 300.0
"""For so long the provider's addresses and keys are believed."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom the provider says that it is."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    name: str


@dataclass(frozen=True, slots=True)
class _Found:
    settings: OAuthSettings
    keys: dict[str, Any]
    at: float


class Provider:
    """The one provider of this installation."""

    def __init__(self, settings: Settings, vault: Vault) -> None:
        assert settings.oidc_issuer is not None
        self.issuer = settings.oidc_issuer
        self.name = settings.oidc_name or urlsplit(self.issuer).hostname or self.issuer
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret
        self._scope = _with_openid(settings.oidc_scope)
        self._vault = vault
        self._found: _Found | None = None
        self._used: OrderedDict[str, float] = OrderedDict()

    async def begin(self, send: Send, public_url: str) -> tuple[str, str]:
        """(cookie of this browser, address of the provider's page). Raises OAuthError, OutboundError."""
        found = await self._discover(send)
        browser = Secret(_random())
        login = begin_login(
            found.settings, session=browser.reveal(), user=ACTION, action=ACTION, api_origin=public_url,
            redirect_uri=public_url + CALLBACK,
        )  # fmt: skip
        return self._vault.seal(json.dumps(_pack(login.pending, browser)), PLACE), login.url

    async def finish(self, send: Send, public_url: str, query: str, cookie: str) -> Claims:
        """Whom the callback proves. Raises OAuthError, OutboundError: the page answers 400 and nobody is signed in."""
        callback = read_callback(query)
        pending, browser = self._take(callback, cookie)
        found = await self._discover(send)
        answers: list[Response] = []

        async def remembered(request: Request) -> Response:
            answers.append(await send(request))
            return answers[-1]

        flow = finish_login(
            pending, found.settings, callback, session=browser.reveal(), user=ACTION, action=ACTION,
            api_origin=public_url,
        )  # fmt: skip
        await drive(flow, remembered)
        assert pending is not None
        return self._check_id_token(_id_token(answers), found, pending.nonce)

    # ------------------------------------------------------------------------------------------------------- discovery

    async def _discover(self, send: Send) -> _Found:
        if self._found is not None and time.time() - self._found.at < KEYS_S:
            return self._found
        documents: list[Response] = []

        async def remembered(request: Request) -> Response:
            documents.append(await send(request))
            return documents[-1]

        metadata = await drive(discover_flow(self.issuer), remembered)
        settings = settings_from_metadata(
            metadata, client_id=self._client_id, client_secret=self._client_secret, scope=self._scope
        )
        keys = await _fetch_keys(send, _jwks_uri(documents, metadata.issuer))
        self._found = _Found(settings, keys, time.time())
        return self._found

    # --------------------------------------------------------------------------------------------------------- pending

    def _take(self, callback: Callback, cookie: str) -> tuple[PendingLogin | None, Secret]:
        """What this browser began, once."""
        try:
            packed = json.loads(self._vault.open(cookie, PLACE).reveal()) if cookie else None
        except (VaultError, ValueError):
            packed = None
        if packed is None or callback.key is None or callback.key in self._used:
            return None, Secret("nobody")
        now = time.time()
        self._used[callback.key] = now
        while self._used and next(iter(self._used.values())) < now - 1200:
            self._used.popitem(last=False)
        return _unpack(packed), Secret(packed["browser"])

    # -------------------------------------------------------------------------------------------------------- ID token

    def _check_id_token(self, token: str, found: _Found, nonce: str) -> Claims:
        """OpenID Connect Core section 3.1.3.7. Keys come from the provider's document alone, never from the token."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        assert found.settings.issuer is not None
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": found.settings.issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            decoded = jwt.decode(
                token, KeySet.import_key_set({"keys": _usable(found.keys)}), algorithms=list(ALGORITHMS)
            )
            if {"jku", "jwk", "x5u", "x5c"} & set(decoded.header) or decoded.header.get("typ", "JWT") != "JWT":
                raise _refused()
            registry.validate(decoded.claims)
        except (JoseError, ValueError, KeyError, TypeError):
            raise _refused() from None
        claims = decoded.claims
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self._client_id:
            raise _refused()
        email = claims.get("email")
        return Claims(
            issuer=found.settings.issuer,
            subject=str(claims["sub"])[:255],
            email=email.lower()[:254] if isinstance(email, str) and "@" in email else None,
            email_verified=claims.get("email_verified") is True,
            name=str(claims.get("name") or claims.get("preferred_username") or email or "User")[:100],
        )


async def account_of(services: Services, claims: Claims) -> User:
    """The account of an identity; a new one where the sign-up policy lets it in.

    An address that the provider did not verify, and one that has an account here already, never opens that account:
    its owner links the two from inside.
    """
    accounts, settings = services.accounts, services.settings
    user = await accounts.by_identity(claims.issuer, claims.subject)
    if user is not None:
        if user.state != "active":
            raise ProblemError(403, "disabled", "This account is disabled; ask the administrator.", whose_turn="user")
        return user
    first = await accounts.first_admin(name=claims.name, email=claims.email if claims.email_verified else None)
    if first is None:
        domain = (claims.email or "").rpartition("@")[2]
        allowed = settings.sign_up == "open" and (
            not settings.sign_up_domains or (claims.email_verified and domain in settings.sign_up_domains)
        )
        if not allowed:
            raise ProblemError(
                403, "sign_up_closed", "You have no account here; ask the administrator for an invitation.",
                whose_turn="user",
            )  # fmt: skip
        first = await accounts.create_user(
            name=claims.name, email=claims.email if claims.email_verified else None,
            email_verified=claims.email_verified,
        )  # fmt: skip
    await accounts.link_identity(first, claims.issuer, claims.subject, email=claims.email)
    return first


async def _fetch_keys(send: Send, url: str) -> dict[str, Any]:
    answer = await send(Request("GET", url, CIMultiDict({"Accept": "application/json"})))
    try:
        found = json.loads(answer.content)
    except ValueError:
        found = None
    if answer.status != 200 or not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise OAuthError("The provider's keys cannot be read.", told_to="operator", may_retry=True)
    return found


def _usable(keys: dict[str, Any]) -> list[dict[str, Any]]:
    """Public signature keys: a shared secret in the list would let anybody sign who can read it (H-09)."""
    listed = [key for key in keys["keys"] if isinstance(key, dict)]
    return [key for key in listed if key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"]


def _jwks_uri(documents: list[Response], issuer: str) -> str:
    for document in reversed(documents):
        try:
            found = json.loads(document.content)
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("issuer") == issuer and isinstance(found.get("jwks_uri"), str):
            uri: str = found["jwks_uri"]
            return uri
    raise OAuthError("The provider's discovery document names no keys.", told_to="operator")


def _id_token(answers: list[Response]) -> str:
    try:
        found = json.loads(answers[-1].content)
    except (ValueError, IndexError):
        found = None
    token = found.get("id_token") if isinstance(found, dict) else None
    if not isinstance(token, str) or len(token) > 16_384:
        raise OAuthError("The provider sent no ID token.", told_to="operator", mend="Ask for the scope openid.")
    return token


def _refused() -> OAuthError:
    return OAuthError("The provider's ID token is not valid; nobody was signed in.", told_to="operator")


def _with_openid(scope: str) -> str:
    words = scope.split()
    return " ".join(words if "openid" in words else ["openid", *words])


def _random() -> str:
    import secrets

    return secrets.token_urlsafe(32)


def _pack(pending: PendingLogin, browser: Secret) -> dict[str, Any]:
    verifier = pending.verifier.reveal() if pending.verifier is not None else None
    names = (
        "key",
        "session_hash",
        "user",
        "action",
        "issuer",
        "iss_required",
        "redirect_uri",
        "nonce",
        "binding",
        "created_at",
    )
    return {**{name: getattr(pending, name) for name in names}, "verifier": verifier, "browser": browser.reveal()}


def _unpack(packed: dict[str, Any]) -> PendingLogin:
    verifier = packed["verifier"]
    given = {name: value for name, value in packed.items() if name not in ("verifier", "browser")}
    return PendingLogin(**given, verifier=Secret(verifier) if verifier is not None else None)
