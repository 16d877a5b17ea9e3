"""Discovery, registration and the known providers: what fills the OAuth form."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from multidict import CIMultiDict

from actionry.credentials import Secret
from actionry.credentials.oauth import (
    KNOWN_PROVIDERS,
    KnownProvider,
    MemoryClientStore,
    Registrar,
    ServerMetadata,
    begin_login,
    check_root_domain,
    discover_flow,
    drive_sync,
    find_provider,
    register_flow,
    settings_from_metadata,
)
from actionry.credentials.oauth.discovery import well_known_urls
from actionry.errors import OAuthError
from actionry.http import Request, Response

ISSUER = "https://login.example.com"
TENANT = f"{ISSUER}/tenant"


def document(issuer: str = ISSUER, **extra: Any) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "code_challenge_methods_supported": ["S256"],
        **extra,
    }


class Web:
    """Answers with the pages given by URL, 404 elsewhere."""

    def __init__(self, pages: dict[str, Any]) -> None:
        self.pages, self.asked = pages, list[str]()

    def __call__(self, request: Request) -> Response:
        self.asked.append(request.url)
        page = self.pages.get(request.url)
        if isinstance(page, Response):
            return page
        body = b"<html>" if page is None else json.dumps(page).encode()
        return Response(
            404 if page is None else 200, CIMultiDict({"Content-Type": "application/json"}), body, request.url
        )


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (ISSUER, [f"{ISSUER}/.well-known/oauth-authorization-server", f"{ISSUER}/.well-known/openid-configuration"]),
        (
            f"{ISSUER}/",
            [f"{ISSUER}/.well-known/oauth-authorization-server", f"{ISSUER}/.well-known/openid-configuration"],
        ),
        (
            TENANT,
            [
                f"{ISSUER}/.well-known/oauth-authorization-server/tenant",
                f"{ISSUER}/.well-known/openid-configuration/tenant",
                f"{TENANT}/.well-known/openid-configuration",
            ],
        ),
    ],
)
def test_both_well_known_forms(issuer: str, urls: list[str]) -> None:
    assert list(well_known_urls(issuer)) == urls
    for url in urls:
        metadata = drive_sync(discover_flow(issuer), Web({url: document(issuer)}))
        assert metadata.token_endpoint == f"{ISSUER}/token"


def test_a_bare_domain_and_a_documents_address() -> None:
    url = f"{TENANT}/.well-known/openid-configuration"
    assert (
        drive_sync(discover_flow(" login.example.com "), Web({well_known_urls(ISSUER)[0]: document()})).issuer == ISSUER
    )
    assert drive_sync(discover_flow(url), Web({url: document(TENANT)})).issuer == TENANT
    with pytest.raises(OAuthError):
        drive_sync(discover_flow(url), Web({url: document(ISSUER)}))


@pytest.mark.row("O-17")
@pytest.mark.parametrize(
    "issuer", ["https://evil.example", f"{ISSUER}/", "https://LOGIN.example.com", f"{ISSUER}:443", f"{ISSUER}?x", ""]
)
def test_a_document_of_another_issuer_is_refused(issuer: str) -> None:
    with pytest.raises(OAuthError) as caught:
        drive_sync(discover_flow(ISSUER), Web(dict.fromkeys(well_known_urls(ISSUER), document(issuer))))
    assert caught.value.told_to == "builder"


@pytest.mark.row("S-22")
@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"]
)
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "http://login.example.com/x", "https://x/$(id)"]
)
def test_addresses_in_a_document_are_checked_like_typed_ones(name: str, url: str) -> None:
    with pytest.raises(OAuthError) as caught:
        drive_sync(discover_flow(ISSUER), Web({well_known_urls(ISSUER)[0]: document(**{name: url})}))
    assert caught.value.told_to == "api"


def test_redirects_pages_and_nothing_are_no_documents() -> None:
    first = well_known_urls(ISSUER)[0]
    moved = Response(302, CIMultiDict({"Location": "https://evil.example"}), b"", first)
    web = Web({first: moved})
    with pytest.raises(OAuthError, match="No discovery document"):
        drive_sync(discover_flow(ISSUER), web)
    assert web.asked == list(well_known_urls(ISSUER))
    for bad in ([1], {"issuer": 7}, {}):
        with pytest.raises(OAuthError):
            drive_sync(discover_flow(ISSUER), Web({first: bad}))
    with pytest.raises(OAuthError):
        drive_sync(discover_flow("javascript:alert(1)"), Web({}))


@pytest.mark.row("O-11")
def test_pkce_where_it_is_not_advertised() -> None:
    web = Web({well_known_urls(ISSUER)[0]: document(code_challenge_methods_supported=["plain"])})
    with pytest.raises(OAuthError, match="S256"):
        drive_sync(discover_flow(ISSUER, require_pkce=True), web)
    metadata = drive_sync(discover_flow(ISSUER), web)
    assert not metadata.pkce_advertised
    login = begin_login(
        settings_from_metadata(metadata, client_id="id"),
        session="s",
        user="u",
        action="a",
        api_origin="https://api.example.com",
        redirect_uri="https://a.example/cb",
    )
    assert dict(parse_qsl(urlsplit(login.url).query))["code_challenge_method"] == "S256"


@pytest.mark.row("OA-15")
@pytest.mark.parametrize(
    ("methods", "exchange"),
    [
        (None, "basic_auth_header"),
        (["client_secret_post"], "default_post"),
        (["client_secret_basic"], "basic_auth_header"),
        (["client_secret_basic", "client_secret_post"], "default_post"),
        (["private_key_jwt"], "basic_auth_header"),
    ],
)
def test_settings_from_a_document(methods: list[str] | None, exchange: str) -> None:
    extra: dict[str, Any] = {
        "token_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": True,
    }
    metadata = drive_sync(discover_flow(ISSUER), Web({well_known_urls(ISSUER)[0]: document(**extra)}))
    settings = settings_from_metadata(metadata, client_id="id", client_secret=Secret("s"), scope="a")
    assert (settings.issuer, settings.iss_required, settings.token_exchange) == (ISSUER, True, exchange)
    with pytest.raises(OAuthError):
        settings_from_metadata(replace(metadata, token_endpoint=None), client_id="id")


METADATA = ServerMetadata(
    issuer=ISSUER,
    authorization_endpoint=f"{ISSUER}/a",
    token_endpoint=f"{ISSUER}/t",
    registration_endpoint=f"{ISSUER}/reg",
)


class Registry:
    def __init__(self, **extra: Any) -> None:
        self.received: list[dict[str, Any]] = []
        self.extra = extra

    async def __call__(self, request: Request) -> Response:
        self.received.append(json.loads(request.content or b""))
        await asyncio.sleep(0)
        body = {
            "client_id": f"c{len(self.received)}",
            "client_secret": "cs",
            "client_secret_expires_at": 0,
            **self.extra,
        }
        return Response(201, CIMultiDict({"Content-Type": "application/json"}), json.dumps(body).encode(), request.url)


@pytest.mark.row("OA-15")
async def test_twenty_tabs_register_once_and_each_callback_has_its_own_client() -> None:
    registry = Registry()
    store = MemoryClientStore()
    registrars = [Registrar(store, registry), Registrar(store, registry)]
    ask = [registrars[n % 2].client_for(METADATA, redirect_uri="https://a.example/cb", scope="x") for n in range(20)]
    clients = await asyncio.gather(*ask)
    assert {client.client_id for client in clients} == {"c1"}
    assert registry.received == [
        {
            "client_name": "Actionry",
            "redirect_uris": ["https://a.example/cb"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "application_type": "web",
            "scope": "x",
        }
    ]
    other = await registrars[0].client_for(METADATA, redirect_uri="https://a.example/other")
    elsewhere = await registrars[0].client_for(
        replace(METADATA, issuer="https://two.example"), redirect_uri="https://a.example/cb"
    )
    assert (other.client_id, elsewhere.client_id) == ("c2", "c3")
    with pytest.raises(OAuthError):
        elsewhere.settings(METADATA)
    assert other.settings(METADATA, scope="x").token_exchange == "basic_auth_header"


def test_a_registrar_outlives_the_event_loop() -> None:
    registry = Registry()
    store = MemoryClientStore()
    registrars = [Registrar(store, registry), Registrar(store, registry)]

    async def once(path: str) -> None:
        await asyncio.gather(*(r.client_for(METADATA, redirect_uri=f"https://a.example/{path}") for r in registrars))

    asyncio.run(once("one"))
    asyncio.run(once("two"))
    assert len(registry.received) == 2


async def test_a_client_whose_secret_has_ended_registers_again() -> None:
    registry, now = Registry(client_secret_expires_at=2000), [1000.0]
    registrar = Registrar(MemoryClientStore(), registry, clock=lambda: now[0])
    for moment, client_id in ((1000.0, "c1"), (1900.0, "c1"), (1950.0, "c2")):
        now[0] = moment
        assert (await registrar.client_for(METADATA, redirect_uri="https://a.example/cb")).client_id == client_id


async def test_a_terminal_registers_as_a_native_public_client() -> None:
    registry = Registry(client_secret=None)
    registrar = Registrar(MemoryClientStore(), registry)
    client = await registrar.client_for(METADATA, redirect_uri="http://127.0.0.1:8765/callback", public=True)
    assert (registry.received[0]["application_type"], registry.received[0]["token_endpoint_auth_method"]) == (
        "native",
        "none",
    )
    assert client.client_secret is None
    assert client.settings(METADATA).client_secret is None


@pytest.mark.parametrize(
    ("status", "body", "told_to"),
    [
        (401, {"error": "invalid_token"}, "builder"),
        (403, {}, "builder"),
        (400, {"error": "invalid_redirect_uri"}, "builder"),
        (503, {}, "api"),
        (201, {}, "builder"),
        (201, {"client_id": ""}, "builder"),
        (201, {"client_id": "c", "client_secret_expires_at": 5}, "api"),
    ],
)
def test_refused_registrations(status: int, body: dict[str, Any], told_to: str) -> None:
    page = Response(
        status, CIMultiDict({"Content-Type": "application/json"}), json.dumps(body).encode(), f"{ISSUER}/reg"
    )
    flow = register_flow(
        METADATA, redirect_uris=["https://a.example/cb"], initial_access_token=Secret("iat-canary"), clock=lambda: 10.0
    )
    with pytest.raises(OAuthError) as caught:
        drive_sync(flow, lambda _: page)
    assert caught.value.told_to == told_to
    assert "canary" not in str(caught.value)
    with pytest.raises(OAuthError, match="by hand"):
        drive_sync(register_flow(replace(METADATA, registration_endpoint=None), redirect_uris=[]), lambda _: page)


@pytest.mark.row("SV-08")
@pytest.mark.parametrize("provider", KNOWN_PROVIDERS, ids=lambda provider: provider.key)
def test_every_known_provider_makes_settings_that_pass_our_own_checks(provider: KnownProvider) -> None:
    settings = provider.settings(client_id="id", client_secret=Secret("s"), scopes=["one", "two"])
    assert settings.scope.startswith(f"one{provider.scope_separator}two")
    assert provider.refresh_scope in settings.scope
    login = begin_login(
        settings,
        session="s",
        user="u",
        action="a",
        api_origin="https://api.example.com",
        redirect_uri="https://a.example/cb",
    )
    asked = dict(parse_qsl(urlsplit(login.url).query, keep_blank_values=True))
    assert asked.items() >= dict(provider.extra_authorize).items()
    assert ("code_challenge" in asked) == provider.pkce
    assert find_provider(provider.key) is find_provider(provider.name) is find_provider(provider.token_url) is provider
    assert find_provider(f"https://api.{provider.api_domains[0]}/v1") is provider
    for finding in check_root_domain(
        settings.authorize_url, settings.token_url, f"https://api.{provider.api_domains[0]}"
    ):
        assert finding.severity == "warning"


@pytest.mark.parametrize(
    "text",
    ["", "nobody", "https://github.com.evil.example/x", "https://evilgithub.com", "https://evil.example/github.com"],
)
def test_look_alikes_are_not_known(text: str) -> None:
    assert find_provider(text) is None


def test_keys_are_unique() -> None:
    assert len({provider.key for provider in KNOWN_PROVIDERS}) == len(KNOWN_PROVIDERS) >= 20
