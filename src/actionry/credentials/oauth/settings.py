"""What the builder enters for OAuth (OA-01), from whichever place it comes: the form, a manifest, a document."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urljoin

import orjson

from actionry.credentials.choice import normal_origin
from actionry.credentials.oauth.addresses import check_oauth_url
from actionry.credentials.secret import Secret, as_secret
from actionry.errors import OAuthError
from actionry.openapi.model import SecurityScheme

TokenExchange = Literal["default_post", "basic_auth_header"]
"""OA-02: client id and secret in the body, or in an Authorization header."""

TokenContentType = Literal["form", "json"]
Grant = Literal["authorization_code", "client_credentials"]

RESERVED = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "request",
        "request_uri",
        "response_mode",
        "client_secret",
        "code",
        "code_verifier",
        "grant_type",
        "refresh_token",
        "resource",
    }
)
"""Parameters that extra settings and a pasted URL's query cannot set: they are what makes the flow safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSettings:
    """One client at one authorization server. Raises OAuthError when an address is not usable (O-14)."""

    client_id: str
    client_secret: Secret | None = None
    """None: a public client."""
    authorize_url: str = ""
    """The browser's page; empty for client credentials."""
    token_url: str
    scope: str = ""
    """As the provider writes it: nearly always separated by blanks."""
    token_exchange: TokenExchange = "default_post"  # noqa: S105  # the name of a method
    token_content_type: TokenContentType = "form"  # noqa: S105  # the name of a format
    grant: Grant = "authorization_code"
    pkce: bool = True
    """S256 (OA-06, O-11); switched off only for a server that refuses the parameter."""
    issuer: str | None = None
    """RFC 8414 identifier, when discovered; compared with `iss` byte for byte (O-10)."""
    iss_required: bool = False
    """The server promised to send `iss` (RFC 9207 section 3)."""
    resource: str | None = None
    """RFC 8707, sent in authorization and token requests when set."""
    revocation_url: str | None = None
    """RFC 7009, asked when the user disconnects (L-10)."""
    extra_authorize: Mapping[str, str] = field(default_factory=dict)
    """Provider's own parameters, e.g. `access_type=offline`."""
    extra_token: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.client_secret is not None:
            secret = as_secret(self.client_secret)
            object.__setattr__(self, "client_secret", secret if secret else None)
        if not self.client_id:
            raise OAuthError(
                "The client ID is missing.",
                told_to="builder",
                mend="Enter the ID that the provider gave you for your application.",
            )
        if self.grant == "authorization_code":
            check_oauth_url(self.authorize_url, "authorization URL")
        check_oauth_url(self.token_url, "token URL")
        if self.revocation_url is not None:
            check_oauth_url(self.revocation_url, "revocation URL")

    def binding(self, api_origin: str) -> str:
        """A digest of everything whose change detaches tokens (R-14): API origin, OAuth addresses, client, issuer."""
        facts = [normal_origin(api_origin), self.authorize_url, self.token_url, self.client_id, self.issuer]
        return hashlib.sha256(orjson.dumps(facts)).hexdigest()

    def secrets(self) -> tuple[Secret, ...]:
        return (self.client_secret,) if self.client_secret is not None else ()


def settings_from_manifest(
    auth: Mapping[str, object], *, client_id: str, client_secret: Secret | str | None
) -> OAuthSettings:
    """The settings in a plugin manifest's `auth` of type oauth (M-11).

    The manifest calls the browser's page `client_url`, and the token endpoint `authorization_url`
    (contradiction 14). An absent content type means a form, as RFC 6749 has it.
    """
    content_type = _text(auth, "authorization_content_type").lower()
    return OAuthSettings(
        client_id=client_id,
        client_secret=None if client_secret is None else as_secret(client_secret),
        authorize_url=check_oauth_url(_text(auth, "client_url"), "manifest's client_url", told_to="developer"),
        token_url=check_oauth_url(
            _text(auth, "authorization_url"), "manifest's authorization_url", told_to="developer"
        ),
        scope=_text(auth, "scope"),
        token_content_type="json" if "json" in content_type else "form",
        # Plugin servers predate PKCE, and ignore what they do not know (RFC 6749 section 3.1), so it stays on.
    )


def settings_from_scheme(
    scheme: SecurityScheme,
    *,
    client_id: str,
    client_secret: Secret | str | None = None,
    scopes: Iterable[str] | None = None,
    token_exchange: TokenExchange = "default_post",  # noqa: S107  # the name of a method
    base_url: str = "",
) -> OAuthSettings:
    """The settings that a document's oauth2 scheme holds; authorization code before client credentials.

    `scopes`: those of the operations that will be called; None asks for all that the flow lists. `base_url`
    resolves relative addresses. Raises OAuthError when the scheme has neither flow: implicit and password
    are not supported (RFC 9700 sections 2.1.2 and 2.4).
    """
    kinds: tuple[Grant, Grant] = ("authorization_code", "client_credentials")
    for grant, key in zip(kinds, ("authorizationCode", "clientCredentials"), strict=True):
        flow = scheme.flows.get(key)
        if flow is None:
            continue
        authorize_url = urljoin(base_url, flow.authorization_url or "") if grant == "authorization_code" else ""
        return OAuthSettings(
            client_id=client_id,
            client_secret=None if client_secret is None else as_secret(client_secret),
            authorize_url=authorize_url,
            token_url=urljoin(base_url, flow.token_url or ""),
            scope=" ".join(flow.scopes if scopes is None else scopes),
            token_exchange=token_exchange,
            grant=grant,
        )
    listed = ", ".join(scheme.flows) or "none"
    raise OAuthError(
        f"The security scheme `{scheme.name}` offers no flow that we can use (it lists: {listed}).",
        mend="Add an authorizationCode flow, or enter the OAuth addresses by hand.",
        told_to="builder",
    )


def _text(auth: Mapping[str, object], key: str) -> str:
    value = auth.get(key)
    return value.strip() if isinstance(value, str) else ""
