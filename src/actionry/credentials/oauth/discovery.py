"""Find a provider's addresses from its name: RFC 8414 and OpenID Connect Discovery (OA-15, O-17).

The document that fills the form decides where codes, secrets and tokens go, so it is believed only when it
says of itself the very name that we asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from multidict import CIMultiDict

from actionry.credentials.flows import Flow
from actionry.credentials.oauth.addresses import check_oauth_url
from actionry.credentials.oauth.answers import Answer, clean, read_answer
from actionry.credentials.oauth.settings import Grant, OAuthSettings, TokenExchange
from actionry.credentials.secret import Secret
from actionry.errors import OAuthError
from actionry.http import Request

SUFFIXES = ("oauth-authorization-server", "openid-configuration")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMetadata:
    """What we use of RFC 8414 section 2; every address was checked."""

    issuer: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    registration_endpoint: str | None = None
    revocation_endpoint: str | None = None
    scopes_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods: tuple[str, ...] = ("client_secret_basic",)
    """RFC 8414's default when the document names none."""
    code_challenge_methods: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code", "implicit")
    iss_parameter: bool = False
    """`authorization_response_iss_parameter_supported` (RFC 9207)."""

    @property
    def token_exchange(self) -> TokenExchange:
        """The method to use when the builder has not chosen: POST where it is offered, as the form's default is."""
        return "default_post" if "client_secret_post" in self.token_endpoint_auth_methods else "basic_auth_header"

    @property
    def pkce_advertised(self) -> bool:
        return "S256" in self.code_challenge_methods


def discover_flow(address: str, *, require_pkce: bool = False) -> Flow[ServerMetadata]:
    """The metadata of an issuer (`https://login.example.com/tenant`), a bare domain, or a discovery document's URL.

    `require_pkce`: refuse a server that does not advertise S256, as MCP wants (O-11). Raises OAuthError.
    """
    asked = address.strip()
    if "://" not in asked:
        asked = f"https://{asked}"
    check_oauth_url(asked, "issuer")
    names_document = "/.well-known/" in asked
    mismatch: OAuthError | None = None
    for url in (asked,) if names_document else well_known_urls(asked):
        answer = read_answer((yield Request("GET", url, CIMultiDict({"Accept": "application/json"}))))
        issuer = answer.text("issuer") if answer.ok else None
        if issuer is None:
            continue
        if (url in well_known_urls(issuer)) if names_document else (issuer == asked):
            return _read(answer, issuer, require_pkce)
        mismatch = mismatch or _mismatch(issuer, asked)
    raise mismatch or OAuthError(
        "No discovery document was found there.",
        told_to="builder",
        mend="Enter the authorization URL and the token URL from the provider's documentation.",
    )


def well_known_urls(issuer: str) -> tuple[str, ...]:
    """Where an issuer's document may be, in the order in which we ask.

    `https://a.test/t` -> `https://a.test/.well-known/oauth-authorization-server/t` (RFC 8414 section 3.1),
    `https://a.test/.well-known/openid-configuration/t`, and
    `https://a.test/t/.well-known/openid-configuration` (OpenID Connect Discovery section 4)
    """
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    inserted = [urlunsplit((parts.scheme, parts.netloc, f"/.well-known/{suffix}{path}", "", "")) for suffix in SUFFIXES]
    appended = urlunsplit((parts.scheme, parts.netloc, f"{path}/.well-known/openid-configuration", "", ""))
    return tuple(dict.fromkeys([*inserted, appended]))


def settings_from_metadata(
    metadata: ServerMetadata,
    *,
    client_id: str,
    client_secret: Secret | None = None,
    scope: str = "",
    token_exchange: TokenExchange | None = None,
    grant: Grant = "authorization_code",
    resource: str | None = None,
) -> OAuthSettings:
    """Settings with everything that discovery knows filled in; PKCE is always on (O-11)."""
    missing = metadata.token_endpoint is None or (
        grant == "authorization_code" and metadata.authorization_endpoint is None
    )
    if missing:
        raise OAuthError(
            "The provider's discovery document lacks the authorization or token endpoint.",
            told_to="builder",
            mend="Enter both addresses by hand.",
        )
    return OAuthSettings(
        client_id=client_id,
        client_secret=client_secret,
        authorize_url=metadata.authorization_endpoint or "",
        token_url=metadata.token_endpoint or "",
        scope=scope,
        token_exchange=token_exchange or metadata.token_exchange,
        grant=grant,
        issuer=metadata.issuer,
        iss_required=metadata.iss_parameter,
        resource=resource,
        revocation_url=metadata.revocation_endpoint,
    )


def _mismatch(issuer: str, asked: str) -> OAuthError:
    # RFC 8414 section 3.3: identical, so no slash is added and no case folded.
    return OAuthError(
        f"The discovery document at {asked} says that it belongs to {clean(issuer, ())}.",
        told_to="builder",
        mend="Enter that name exactly, if it is the provider you mean.",
    )


Endpoint = Literal["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"]


def _endpoint(answer: Answer, name: Endpoint) -> str | None:
    url = answer.text(name)
    return None if url is None else check_oauth_url(url, f"provider's {name}", told_to="api")


def _read(answer: Answer, issuer: str, require_pkce: bool) -> ServerMetadata:
    methods = answer.texts("code_challenge_methods_supported")
    if require_pkce and "S256" not in methods:
        raise OAuthError(
            "The provider does not say that it supports PKCE with S256.",
            told_to="api",
            mend="It has to list S256 in code_challenge_methods_supported.",
        )
    return ServerMetadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(answer, "authorization_endpoint"),
        token_endpoint=_endpoint(answer, "token_endpoint"),
        registration_endpoint=_endpoint(answer, "registration_endpoint"),
        revocation_endpoint=_endpoint(answer, "revocation_endpoint"),
        scopes_supported=answer.texts("scopes_supported"),
        token_endpoint_auth_methods=answer.texts("token_endpoint_auth_methods_supported") or ("client_secret_basic",),
        code_challenge_methods=methods,
        grant_types=answer.texts("grant_types_supported") or ("authorization_code", "implicit"),
        iss_parameter=answer.field("authorization_response_iss_parameter_supported") is True,
    )
