"""Authentication as a manifest or a document describes it, ready for the form (MG-01, SV-08); never a secret."""

from __future__ import annotations

from collections import Counter
from typing import Literal
from urllib.parse import urljoin

from actionry.actions.action import Action
from actionry.credentials.oauth import KnownProvider, find_provider
from actionry.gpts.gpt import Authentication, KeyAuthentication, NoAuthentication, OAuthAuthentication
from actionry.manifest import Manifest
from actionry.openapi.model import SecurityScheme
from actionry.server.shapes_gpts import ProviderOut, SuggestionOut

Source = Literal["manifest", "document", "provider"]


def suggest(action: Action, manifest: Manifest | None) -> tuple[SuggestionOut | None, str | None]:
    """(what to put into the form, key of the known provider whose API this is)."""
    provider = find_provider(action.server_url) if action.server_url else None
    known = provider.key if provider is not None else None
    if manifest is not None and manifest.auth.type != "unknown":
        return _from_manifest(manifest), known
    scheme = main_scheme(action)
    if scheme is None:
        return None, known
    authentication = of_scheme(scheme, action, provider)
    if authentication is None:
        return None, known
    return _suggestion(authentication, "document", f"The document's security scheme `{scheme.name[:100]}`."), known


def main_scheme(action: Action) -> SecurityScheme | None:
    """The one that most operations can be called with; a sign-in before a key when both are as common."""
    counts: Counter[str] = Counter()
    schemes: dict[str, SecurityScheme] = {}
    for operation in action.operations:
        names = set()
        for requirement in operation.security:
            for scheme, _ in requirement.schemes:
                names.add(scheme.name)
                schemes[scheme.name] = scheme
        counts.update(names)
    usable = [name for name in counts if schemes[name].kind not in ("unknown", "mutualTLS")]
    if not usable:
        return None
    return schemes[max(usable, key=lambda name: counts[name])]


def of_scheme(
    scheme: SecurityScheme, action: Action, provider: KnownProvider | None = None
) -> KeyAuthentication | OAuthAuthentication | None:
    match scheme.kind:
        case "apiKey":
            form: Literal["custom", "query", "cookie"] = "custom"
            if scheme.location in ("query", "cookie"):
                form = scheme.location
            return KeyAuthentication(form=form, name=scheme.parameter_name, instructions="")
        case "http":
            return KeyAuthentication(form="basic" if scheme.http_scheme == "basic" else "bearer")
        case "oauth2":
            return _oauth(scheme, action, provider)
        case "openIdConnect":
            issuer = (scheme.openid_connect_url or "").partition("/.well-known/")[0] or None
            return OAuthAuthentication(issuer=issuer, scope="openid")
        case _:
            return None


def _oauth(scheme: SecurityScheme, action: Action, provider: KnownProvider | None) -> OAuthAuthentication:
    code = scheme.flows.get("authorizationCode")
    robot = scheme.flows.get("clientCredentials")
    flow = code or robot or scheme.flows.get("implicit") or next(iter(scheme.flows.values()), None)
    if flow is None:
        return OAuthAuthentication()
    base = action.server_url
    authorize_url = urljoin(base, flow.authorization_url or "") if flow.authorization_url else ""
    token_url = urljoin(base, flow.token_url or "") if flow.token_url else ""
    wanted = [
        scope
        for operation in action.operations
        for requirement in operation.security
        for each, scopes in requirement.schemes
        if each.name == scheme.name
        for scope in scopes
    ]
    scopes = list(dict.fromkeys(wanted)) or list(flow.scopes)
    found = provider or find_provider(authorize_url or token_url)
    plain = OAuthAuthentication(
        authorize_url=authorize_url, token_url=token_url, scope=" ".join(scopes)[:2000],
        grant="authorization_code" if code is not None or robot is None else "client_credentials",
    )  # fmt: skip
    return with_provider(plain, found, scopes) if found is not None else plain


def with_provider(
    plain: OAuthAuthentication, provider: KnownProvider, scopes: list[str] | None = None
) -> OAuthAuthentication:
    """The form in this provider's ways (SV-08)."""
    wanted = list(scopes or plain.scope.split())
    if provider.refresh_scope and provider.refresh_scope not in wanted:
        wanted.append(provider.refresh_scope)
    return plain.model_copy(
        update={
            "authorize_url": provider.authorize_url,
            "token_url": provider.token_url,
            "scope": provider.scope_separator.join(wanted),
            "token_exchange": provider.token_exchange,
            "token_content_type": provider.token_content_type,
            "pkce": provider.pkce,
            "issuer": provider.issuer,
            "revocation_url": provider.revocation_url or "",
            "extra_authorize": tuple(provider.extra_authorize.items()),
        }
    )


def provider_out(provider: KnownProvider) -> ProviderOut:
    return ProviderOut(
        key=provider.key,
        name=provider.name,
        authorize_url=provider.authorize_url,
        token_url=provider.token_url,
        token_exchange=provider.token_exchange,
        token_content_type=provider.token_content_type,
        pkce=provider.pkce,
        scope_separator=provider.scope_separator,
        refresh_scope=provider.refresh_scope,
        issuer=provider.issuer,
        revocation_url=provider.revocation_url,
        extra_authorize=list(provider.extra_authorize.items()),
    )


def _from_manifest(manifest: Manifest) -> SuggestionOut:
    auth = manifest.auth
    why = f"The manifest's auth is of type {auth.declared_type or auth.type}."
    match auth.type:
        case "service_http" | "user_http":
            found: Authentication = KeyAuthentication(
                form=auth.authorization_type or "bearer",
                name=auth.custom_auth_header,
                owner="action" if auth.type == "service_http" else "user",
                instructions=auth.instructions[:2000],
            )
        case "api_key":
            way = auth.authorization_type
            place: Literal["custom", "query", "cookie"] = (
                auth.key_location if auth.key_location in ("query", "cookie") else "custom"
            )
            found = KeyAuthentication(
                form=way if way in ("bearer", "basic") else place,
                name=auth.custom_auth_header,
                instructions=auth.instructions[:2000],
            )
        case "oauth":
            found = OAuthAuthentication(
                authorize_url=auth.authorize_url,
                token_url=auth.token_url,
                scope=auth.scope,
                token_content_type="json" if "json" in auth.authorization_content_type else "form",
            )
        case _:
            found = NoAuthentication()
    return _suggestion(found, "manifest", why)


def _suggestion(authentication: Authentication, source: Source, why: str) -> SuggestionOut:
    wants: list[str] = []
    match authentication:
        case KeyAuthentication(owner="action"):
            wants = ["key"]
        case OAuthAuthentication():
            fields = {
                "client_id": authentication.client_id,
                "client_secret": "",
                "authorize_url": authentication.authorize_url or authentication.grant == "client_credentials",
                "token_url": authentication.token_url,
            }
            wants = [name for name, value in fields.items() if not value]
    if isinstance(authentication, KeyAuthentication) and authentication.form in ("custom", "query", "cookie"):
        wants = [*wants, *(["name"] if not authentication.name else [])]
    return SuggestionOut(authentication=authentication, source=source, why=why, wants=wants)
