"""To the provider and back: what is asked, and which callbacks are believed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from multidict import CIMultiDict

from actionry.credentials import OAuthToken, Secret
from actionry.credentials.oauth import (
    Login,
    MemoryPendingLogins,
    OAuthSettings,
    begin_login,
    check_oauth_url,
    check_root_domain,
    complete_login,
    finish_login,
    open_command,
    read_callback,
    settings_from_manifest,
    settings_from_scheme,
)
from actionry.credentials.oauth.loopback import (
    NotTheCallback,
    loopback_page,
    loopback_redirect_uri,
    read_loopback_request,
)
from actionry.credentials.verification import is_verified, new_verification_token
from actionry.errors import OAuthError
from actionry.http import Request, Response
from actionry.openapi.model import OAuthFlow, SecurityScheme

ORIGIN = "https://api.example.com"
CALLBACK = "https://actionry.example/aip/g-1/oauth/callback"
SETTINGS = OAuthSettings(
    client_id="id",
    client_secret=Secret("client-secret-1"),
    authorize_url="https://login.example.com/authorize",
    token_url="https://login.example.com/token",
    scope="read write",
)


def begin(settings: OAuthSettings = SETTINGS, **extra: Any) -> Login:
    who = {"session": "s1", "user": "ada", "action": "g-1", "api_origin": ORIGIN, "redirect_uri": CALLBACK}
    return begin_login(settings, **{**who, **extra})


def query_of(login: Login) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(login.url).query, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs)), "RFC 6749 section 3.1: no parameter twice"
    return dict(pairs)


class Provider:
    """Answers every token request with one token, and keeps what it was sent."""

    def __init__(self) -> None:
        self.received: list[Request] = []

    async def __call__(self, request: Request) -> Response:
        self.received.append(request)
        return Response(
            200,
            CIMultiDict({"Content-Type": "application/json"}),
            b'{"access_token": "at-1", "token_type": "bearer", "expires_in": 60}',
            request.url,
        )


async def finish(
    login: Login,
    query: Mapping[str, str] | str,
    settings: OAuthSettings = SETTINGS,
    provider: Provider | None = None,
    **extra: Any,
) -> OAuthToken:
    store = MemoryPendingLogins(clock=extra.get("clock", lambda: login.pending.created_at))
    await store.put(login.pending)
    who = {
        "session": "s1",
        "user": "ada",
        "action": "g-1",
        "api_origin": ORIGIN,
        "clock": lambda: login.pending.created_at,
    }
    return await complete_login(store, settings, read_callback(query), provider or Provider(), **{**who, **extra})


def good(login: Login, **extra: str) -> dict[str, str]:
    return {"code": "code-1", "state": query_of(login)["state"], **extra}


@pytest.mark.row("OA-04")
@pytest.mark.row("OA-05")
@pytest.mark.row("OA-06")
@pytest.mark.row("O-11")
async def test_the_whole_way() -> None:
    login = begin()
    asked = query_of(login)
    challenge, state = asked.pop("code_challenge"), asked.pop("state")
    assert asked == {
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": CALLBACK,
        "scope": "read write",
        "code_challenge_method": "S256",
    }
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge)
    assert len(state) >= 43
    provider = Provider()
    token = await finish(login, {"code": "code-1", "state": state}, provider=provider)
    assert token.access_token.reveal() == "at-1"
    sent = dict(parse_qsl((provider.received[0].content or b"").decode()))
    verifier = sent.pop("code_verifier")
    assert re.fullmatch(r"[A-Za-z0-9\-._~]{43,128}", verifier)
    assert base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=") == challenge
    assert sent == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": CALLBACK,
        "client_id": "id",
        "client_secret": "client-secret-1",
    }


@pytest.mark.row("OA-04")
def test_an_empty_scope_is_sent_and_the_urls_own_query_is_kept() -> None:
    settings = replace(
        SETTINGS, scope="", authorize_url="https://login.example.com/a?p=B2C_1&tenant=a%2Fb&state=x&client_id=y"
    )
    url = begin(settings).url
    assert url.startswith("https://login.example.com/a?p=B2C_1&tenant=a%2Fb&response_type=code")
    asked = query_of(begin(settings))
    assert (asked["scope"], asked["client_id"]) == ("", "id")
    assert asked["state"] != "x"
    own_scope = replace(SETTINGS, scope="", authorize_url="https://login.example.com/a?scope=mine")
    assert query_of(begin(own_scope))["scope"] == "mine"
    both = replace(SETTINGS, scope="ours", authorize_url="https://login.example.com/a?scope=mine")
    assert query_of(begin(both))["scope"] == "ours"


def test_extras_cannot_undo_what_makes_the_flow_safe() -> None:
    settings = replace(
        SETTINGS,
        resource=ORIGIN,
        scope="openid",
        extra_authorize={"access_type": "offline", "state": "evil", "redirect_uri": "https://evil.example"},
    )
    asked = query_of(begin(settings))
    assert (asked["access_type"], asked["redirect_uri"], asked["resource"]) == ("offline", CALLBACK, ORIGIN)
    assert asked["state"] != "evil"
    assert asked["nonce"]
    assert "code_challenge" not in query_of(begin(replace(SETTINGS, pkce=False)))


@pytest.mark.row("OA-05")
def test_no_two_logins_share_anything_secret() -> None:
    logins = [begin() for _ in range(50)]
    assert len({query_of(login)["state"] for login in logins}) == 50
    assert len({query_of(login)["code_challenge"] for login in logins}) == 50
    assert len({login.pending.nonce for login in logins}) == 50


def test_the_store_holds_neither_state_nor_session() -> None:
    login = begin(session="session-canary")
    assert query_of(login)["state"] not in repr(login)
    assert "session-canary" not in repr(login)


@pytest.mark.row("O-01")
@pytest.mark.row("O-04")
@pytest.mark.row("O-05")
@pytest.mark.row("O-06")
@pytest.mark.row("O-07")
@pytest.mark.row("O-09")
@pytest.mark.parametrize(
    "wrong",
    [
        {"session": "s2"},
        {"session": ""},
        {"user": "eve"},
        {"action": "g-2"},
        {"query": {"code": "attacker"}},
        {"query": {"code": "attacker", "state": ""}},
        {"query": {"code": "attacker", "state": "guessed"}},
        {"query": "code=a&state=b&state=c"},
        {"late": 601},
        {"late": -1},
    ],
)
async def test_a_callback_that_is_not_ours_links_nothing(wrong: dict[str, Any]) -> None:
    login, provider = begin(), Provider()
    late = wrong.get("late", 0)
    extra = {name: wrong[name] for name in ("session", "user", "action") if name in wrong}
    with pytest.raises(OAuthError) as caught:
        await finish(
            login,
            wrong.get("query", good(login)),
            provider=provider,
            clock=lambda: login.pending.created_at + late,
            **extra,
        )
    assert provider.received == []
    assert caught.value.told_to == "user"
    assert "code-1" not in str(caught.value)


@pytest.mark.row("O-05")
async def test_a_state_is_good_once_even_when_two_arrive_together() -> None:
    login, provider, store = begin(), Provider(), MemoryPendingLogins()
    await store.put(login.pending)
    tries = [
        complete_login(
            store,
            SETTINGS,
            read_callback(good(login)),
            provider,
            session="s1",
            user="ada",
            action="g-1",
            api_origin=ORIGIN,
        )
        for _ in range(5)
    ]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, OAuthToken) for result in done) == 1
    assert sum(isinstance(result, OAuthError) for result in done) == 4
    assert len(provider.received) == 1


@pytest.mark.row("O-05")
async def test_a_foreign_session_uses_the_state_up() -> None:
    login, store = begin(), MemoryPendingLogins()
    await store.put(login.pending)
    with pytest.raises(OAuthError):
        await complete_login(
            store,
            SETTINGS,
            read_callback(good(login)),
            Provider(),
            session="s2",
            user="ada",
            action="g-1",
            api_origin=ORIGIN,
        )
    assert len(store) == 0


@pytest.mark.row("R-14")
@pytest.mark.parametrize(
    "change",
    [
        {"settings": replace(SETTINGS, token_url="https://evil.example/token")},
        {"settings": replace(SETTINGS, client_id="other")},
        {"api_origin": "https://evil.example"},
    ],
)
async def test_settings_changed_on_the_way_end_the_login(change: dict[str, Any]) -> None:
    login, provider = begin(), Provider()
    with pytest.raises(OAuthError, match="changed"):
        await finish(login, good(login), provider=provider, **change)
    assert provider.received == []


ISSUER = "https://login.example.com"


@pytest.mark.row("O-10")
@pytest.mark.parametrize(
    ("iss", "required", "fine"),
    [
        (ISSUER, True, True),
        (ISSUER, False, True),
        (None, False, True),
        (None, True, False),
        ("https://evil.example", False, False),
        (f"{ISSUER}/", False, False),
        ("https://LOGIN.example.com", False, False),
        ("", False, False),
    ],
)
async def test_the_issuer_is_compared_byte_for_byte(iss: str | None, required: bool, fine: bool) -> None:
    settings = replace(SETTINGS, issuer=ISSUER, iss_required=required)
    login, provider = begin(settings), Provider()
    answer = good(login) if iss is None else good(login, iss=iss)
    if fine:
        await finish(login, answer, settings, provider)
    else:
        with pytest.raises(OAuthError):
            await finish(login, answer, settings, provider)
    assert len(provider.received) == int(fine)


@pytest.mark.row("O-10")
async def test_an_error_from_another_issuer_is_not_shown() -> None:
    settings = replace(SETTINGS, issuer=ISSUER)
    login = begin(settings)
    state = query_of(login)["state"]
    told = {"state": state, "error": "access_denied", "error_description": "call 555-0100"}
    with pytest.raises(OAuthError) as caught:
        await finish(login, {**told, "iss": "https://evil.example"}, settings)
    assert "555" not in str(caught.value)
    with pytest.raises(OAuthError, match="555-0100") as caught:
        await finish(login, {**told, "iss": ISSUER}, settings)
    assert (caught.value.error, caught.value.told_to) == ("access_denied", "user")


@pytest.mark.parametrize(
    ("error", "told_to"),
    [
        ("access_denied", "user"),
        ("invalid_scope", "builder"),
        ("server_error", "api"),
        ("own_word", "builder"),
        ("", "builder"),
    ],
)
async def test_errors_say_whose_turn_it_is(error: str, told_to: str) -> None:
    login = begin()
    with pytest.raises(OAuthError) as caught:
        await finish(
            login,
            {"state": query_of(login)["state"], "error": error, "error_description": "a\r\n\x1b[31mb" + "x" * 999},
        )
    assert caught.value.told_to == told_to
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


async def test_a_callback_without_code_or_error() -> None:
    login = begin()
    with pytest.raises(OAuthError, match="without a code"):
        await finish(login, {"state": query_of(login)["state"]})


def test_checks_are_done_before_the_flow_is_driven() -> None:
    with pytest.raises(OAuthError):
        finish_login(
            None, SETTINGS, read_callback("code=a&state=b"), session="s", user="u", action="a", api_origin=ORIGIN
        )


async def test_pending_logins_are_bounded() -> None:
    store = MemoryPendingLogins(limit=5, limit_per_user=2)
    for user in ("ada", "ada", "ada", "b", "c", "d", "e"):
        await store.put(begin(user=user).pending)
    assert len(store) == 5
    assert begin().pending.key != begin().pending.key


@pytest.mark.row("O-14")
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "--flag",
        "-e",
        "https://x/$(touch a)",
        "https://x/`id`",
        "https://x/;id",
        "https://x/|id",
        "https://x/a b",
        "https://x/\nb",
        "https://x/'",
        'https://x/"',
        "https://x/\\b",
        "https://x/<b>",
        "http://login.example.com/a",
        "https://u:p@x.example/a",
        "https://x.example/a#frag",
        "https://",
        "https:///a",
        "",
        "ftp://x.example/a",
        "//x.example/a",
        "https://x.example:99999999/a",
        "https://bücher.example/a",
        "https://[::1/a",
        "vbscript:x",
    ],
)
def test_addresses_that_no_browser_is_sent_to(url: str) -> None:
    with pytest.raises(OAuthError):
        check_oauth_url(url, "authorization URL")
    with pytest.raises(OAuthError):
        open_command(url)
    with pytest.raises(OAuthError):
        replace(SETTINGS, authorize_url=url)
    with pytest.raises(OAuthError):
        replace(SETTINGS, token_url=url)


@pytest.mark.row("O-14")
def test_addresses_that_are_fine_and_how_they_are_opened() -> None:
    for url in (
        "https://login.example.com/a?x=1&y=%20",
        "http://127.0.0.1:8000/a",
        "http://localhost/a",
        "http://[::1]:9/a",
    ):
        assert check_oauth_url(url, "authorization URL") == url
    url = begin().url
    assert open_command(url, platform="linux") == ["xdg-open", url]
    assert open_command(url, platform="darwin")[-2:] == ["--", url]
    assert open_command(url, platform="win32")[-1] == url


@pytest.mark.row("O-18")
@pytest.mark.row("SV-07")
@pytest.mark.parametrize(
    ("authorize", "token", "api", "codes"),
    [
        ("https://login.example.com/a", "https://example.com/t", "https://api.example.com", []),
        ("https://a.example.co.uk/a", "https://b.example.co.uk/t", "https://c.example.co.uk", []),
        ("https://a.co.uk/a", "https://b.co.uk/t", "https://c.co.uk", ["OAUTH-ROOT-DOMAIN"]),
        ("https://x.github.io/a", "https://y.github.io/t", "https://x.github.io", ["OAUTH-ROOT-DOMAIN"]),
        ("https://evil.example/a", "https://login.example.com/t", "https://api.example.com", ["OAUTH-ROOT-DOMAIN"]),
        ("https://accounts.google.com/a", "https://oauth2.googleapis.com/t", "https://www.googleapis.com", []),
        (
            "https://login.microsoftonline.com/a",
            "https://login.microsoftonline.com/t",
            "https://graph.microsoft.com",
            [],
        ),
        ("https://ims-na1.adobelogin.com/a", "https://ims-na1.adobelogin.com/t", "https://lightroom.adobe.io", []),
        (
            "https://accounts.google.com/a",
            "https://oauth2.googleapis.com/t",
            "https://api.example.com",
            ["OAUTH-OTHER-AUDIENCE"],
        ),
        (
            "https://accounts.google.com/a",
            "https://evil.example/t",
            "https://www.googleapis.com",
            ["OAUTH-ROOT-DOMAIN"],
        ),
        (
            "https://google.com.evil.example/a",
            "https://evil.example/t",
            "https://www.googleapis.com",
            ["OAUTH-ROOT-DOMAIN"],
        ),
        ("http://127.0.0.1:1/a", "http://localhost:2/t", "http://127.0.0.1:3", []),
        ("https://192.0.2.1/a", "https://192.0.2.2/t", "https://192.0.2.1", ["OAUTH-ROOT-DOMAIN"]),
    ],
)
def test_other_root_domains_are_reported(authorize: str, token: str, api: str, codes: list[str]) -> None:
    assert [finding.code for finding in check_root_domain(authorize, token, api)] == codes


@pytest.mark.row("M-11")
@pytest.mark.row("PA-07")
def test_a_manifests_authorization_url_is_the_token_endpoint() -> None:
    auth = {
        "type": "oauth",
        "client_url": "https://x.example/login",
        "authorization_url": "https://x.example/token",
        "scope": "all",
        "authorization_content_type": "application/json",
    }
    settings = settings_from_manifest(auth, client_id="id", client_secret="s")
    assert (settings.authorize_url, settings.token_url) == ("https://x.example/login", "https://x.example/token")
    assert (settings.scope, settings.token_content_type) == ("all", "json")
    form = settings_from_manifest(
        {**auth, "authorization_content_type": "application/x-www-form-urlencoded", "scope": None},
        client_id="id",
        client_secret=None,
    )
    assert (form.token_content_type, form.scope) == ("form", "")
    with pytest.raises(OAuthError, match="client_url") as caught:
        settings_from_manifest({"type": "oauth"}, client_id="id", client_secret="s")
    assert caught.value.told_to == "developer"


def test_a_documents_scheme_fills_the_settings() -> None:
    flow = OAuthFlow(authorization_url="/login", token_url="https://x.example/token", scopes={"a": "", "b": ""})
    scheme = SecurityScheme(name="login", kind="oauth2", flows={"authorizationCode": flow})
    settings = settings_from_scheme(scheme, client_id="id", base_url="https://x.example/openapi.json")
    assert (settings.authorize_url, settings.scope) == ("https://x.example/login", "a b")
    robot = SecurityScheme(name="login", kind="oauth2", flows={"clientCredentials": flow})
    assert settings_from_scheme(robot, client_id="id", scopes=["a"]).grant == "client_credentials"
    with pytest.raises(OAuthError, match="implicit"):
        settings_from_scheme(SecurityScheme(name="login", kind="oauth2", flows={"implicit": flow}), client_id="id")


def test_settings_need_a_client_id() -> None:
    with pytest.raises(OAuthError, match="client ID"):
        replace(SETTINGS, client_id="")
    assert replace(SETTINGS, client_secret=Secret("")).client_secret is None


@pytest.mark.row("PA-03")
@pytest.mark.row("M-12")
def test_the_verification_handshake() -> None:
    token = new_verification_token()
    assert is_verified({"actionry": token, "openai": "other"}, "actionry", token)
    assert is_verified({"actionry": f" {token}\n"}, "actionry", token)
    wrong_maps: list[object] = [
        None,
        [],
        token,
        {},
        {"actionry": None},
        {"actionry": 7},
        {"openai": token},
        {"actionry": token[:-1]},
        {"actionry": "é"},
    ]
    for wrong in wrong_maps:
        assert not is_verified(wrong, "actionry", token)
    assert not is_verified({"actionry": ""}, "actionry", "")


REDIRECT = loopback_redirect_uri(8765)


@pytest.mark.row("H-07")
@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:8765\r\n\r\n", 404),
        ("POST /callback?code=a&state=b HTTP/1.1\r\nHost: 127.0.0.1:8765\r\n\r\n", 405),
        ("GET /callback?code=a&state=b HTTP/1.1\r\nHost: evil.example:8765\r\n\r\n", 403),
        ("GET /callback?code=a&state=b HTTP/1.1\r\n\r\n", 403),
        ("GET /callback?code=a HTTP/1.1\r\nHost: 127.0.0.1:8765\r\nHost: evil.example\r\n\r\n", 403),
        ("nonsense", 400),
        ("", 400),
        ("GET http://evil.example/callback HTTP/1.1\r\nHost: 127.0.0.1:8765\r\n\r\n", 400),
    ],
)
def test_other_requests_to_the_terminals_port(head: str, status: int) -> None:
    assert read_loopback_request(head.encode(), REDIRECT) == NotTheCallback(status)


def test_the_terminals_callback() -> None:
    assert REDIRECT == "http://127.0.0.1:8765/callback"
    found = read_loopback_request(b"GET /callback?code=a&state=b HTTP/1.1\r\nhost: 127.0.0.1:8765\r\n\r\n", REDIRECT)
    assert not isinstance(found, NotTheCallback)
    assert found.code == Secret("a")
    page = loopback_page("Signed in. You can close this window.")
    assert page.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Referrer-Policy: no-referrer" in page
    with pytest.raises(OAuthError):
        loopback_redirect_uri(0)
