"""The token endpoint: every way to ask, and every answer that servers really give."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from actionry.credentials import OAuthToken, Secret
from actionry.credentials.oauth import (
    OAuthSettings,
    client_credentials_flow,
    drive_sync,
    exchange_flow,
    refresh_flow,
    revoke_flow,
)
from actionry.credentials.oauth.token import LONGEST_LIFETIME_S
from actionry.errors import OAuthError
from actionry.http import Request, Response

SETTINGS = OAuthSettings(
    client_id="the id",
    client_secret=Secret("secret+/1:&"),
    authorize_url="https://login.example.com/authorize",
    token_url="https://login.example.com/token",
)
NOW = 1_000_000.0
TOKEN = OAuthToken(access_token=Secret("old-access"), refresh_token=Secret("old-refresh"), scope="a b")


def answer(body: bytes | str | dict[str, Any], status: int = 200, media_type: str = "application/json") -> Response:
    content = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    return Response(status, CIMultiDict({"Content-Type": media_type}), content, SETTINGS.token_url)


class Server:
    def __init__(self, *answers: Response) -> None:
        self.answers, self.received = list(answers), list[Request]()

    def __call__(self, request: Request) -> Response:
        self.received.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def exchange(server: Server, settings: OAuthSettings = SETTINGS) -> OAuthToken:
    flow = exchange_flow(
        settings,
        code=Secret("code-canary"),
        redirect_uri="https://a.example/cb",
        verifier=Secret("verifier-canary"),
        clock=lambda: NOW,
    )
    return drive_sync(flow, server)


FINE = {"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt", "scope": "a"}


@pytest.mark.row("OA-02")
@pytest.mark.row("OA-03")
@pytest.mark.row("OA-07")
def test_default_post_form() -> None:
    server = Server(answer(FINE))
    exchange(server)
    request = server.received[0]
    assert (request.method, request.url) == ("POST", SETTINGS.token_url)
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    assert "Authorization" not in request.headers
    assert dict(parse_qsl((request.content or b"").decode())) == {
        "grant_type": "authorization_code",
        "code": "code-canary",
        "redirect_uri": "https://a.example/cb",
        "client_id": "the id",
        "client_secret": "secret+/1:&",
        "code_verifier": "verifier-canary",
    }


@pytest.mark.row("OA-03")
def test_default_post_json() -> None:
    server = Server(answer(FINE))
    exchange(server, replace(SETTINGS, token_content_type="json"))
    assert server.received[0].headers["Content-Type"] == "application/json"
    assert json.loads(server.received[0].content or b"")["client_secret"] == "secret+/1:&"


def basic_of(request: Request) -> str:
    return base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()


@pytest.mark.row("OA-02")
def test_basic_header_keeps_the_secret_out_of_the_body() -> None:
    server = Server(answer(FINE))
    exchange(server, replace(SETTINGS, token_exchange="basic_auth_header"))
    assert basic_of(server.received[0]) == "the+id:secret%2B%2F1%3A%26"
    assert dict(parse_qsl((server.received[0].content or b"").decode())).keys() == {
        "grant_type",
        "code",
        "redirect_uri",
        "code_verifier",
    }
    assert len(server.received) == 1


@pytest.mark.row("OA-02")
def test_basic_is_spelled_the_other_way_for_a_server_that_does_not_decode() -> None:
    server = Server(answer({"error": "invalid_client"}, 401), answer(FINE))
    token = exchange(server, replace(SETTINGS, token_exchange="basic_auth_header"))
    assert [basic_of(request) for request in server.received] == ["the+id:secret%2B%2F1%3A%26", "the id:secret+/1:&"]
    assert token.access_token == Secret("at")
    plain = replace(SETTINGS, client_id="id", client_secret=Secret("plain"), token_exchange="basic_auth_header")
    refusing = Server(answer({"error": "invalid_client"}, 401))
    with pytest.raises(OAuthError):
        exchange(refusing, plain)
    assert len(refusing.received) == 1


def test_a_public_client_names_itself_in_the_body() -> None:
    for method in ("default_post", "basic_auth_header"):
        server = Server(answer(FINE))
        exchange(server, replace(SETTINGS, client_secret=None, token_exchange=method))
        assert b"client_id=the%20id" in (server.received[0].content or b"")
        assert b"client_secret" not in (server.received[0].content or b"")
        assert "Authorization" not in server.received[0].headers


@pytest.mark.row("OA-08")
@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (answer(FINE), {"refresh_token": Secret("rt"), "expires_at": NOW + 3600, "scope": "a", "remarks": ()}),
        (
            answer({"access_token": "at", "token_type": "bearer"}),
            {"refresh_token": None, "expires_at": None, "scope": "", "remarks": ()},
        ),
        (answer(json.dumps(FINE), media_type="text/html"), {"expires_at": NOW + 3600}),
        (answer(b"\xef\xbb\xbf" + json.dumps(FINE).encode()), {"expires_at": NOW + 3600}),
        (
            answer(
                "access_token=at&scope=repo%2Cuser&token_type=bearer", media_type="application/x-www-form-urlencoded"
            ),
            {"scope": "repo,user", "expires_at": None, "remarks": ()},
        ),
        (answer("access_token=at&expires_in=60", media_type="text/plain"), {"expires_at": NOW + 60}),
        (answer({**FINE, "expires_in": "3600"}), {"expires_at": NOW + 3600, "remarks": ()}),
        (answer({**FINE, "expires_in": 3599.5}), {"expires_at": NOW + 3599.5}),
        (answer({**FINE, "expires_in": None}), {"expires_at": None}),
        (answer({**FINE, "expires_in": 10**400}), {"expires_at": NOW + LONGEST_LIFETIME_S}),
        (answer({**FINE, "scope": ["a", "b"]}), {"scope": "a b"}),
        (answer({"ok": True, "authed_user": {"access_token": "at", "token_type": "user"}}), {"token_type": "Bearer"}),
        (answer(FINE, status=201), {"scope": "a"}),
    ],
)
def test_answers_that_hold_a_token(response: Response, expected: dict[str, Any]) -> None:
    token = exchange(Server(response))
    assert token.access_token == Secret("at")
    for name, value in expected.items():
        assert getattr(token, name) == value


@pytest.mark.row("O-15")
@pytest.mark.parametrize(
    "odd",
    [
        {"token_type": None},
        {"token_type": "Zed"},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"expires_in": []},
        {"expires_in": "NaN"},
    ],
)
def test_oddities_are_taken_leniently_and_noted_for_the_builder(odd: dict[str, Any]) -> None:
    token = exchange(Server(answer({**FINE, **odd})))
    assert token.token_type == "Bearer"
    assert len(token.remarks) == 1


PAGE = "<!doctype html><title>Sign in</title>"


@pytest.mark.row("O-15")
@pytest.mark.parametrize(
    ("response", "told_to", "says"),
    [
        (answer(PAGE, media_type="text/html"), "builder", "a web page"),
        (answer(PAGE, media_type="application/json"), "builder", "a web page"),
        (answer(PAGE, 404, "text/html"), "builder", "404"),
        (answer(PAGE, 503, "text/html"), "api", "503"),
        (answer(b""), "builder", "nothing"),
        (answer(b"", 204), "builder", "nothing"),
        (answer(b"\x00\xff\x00"), "builder", "neither JSON"),
        (answer("hello", media_type="text/plain"), "builder", "neither JSON"),
        (answer(b'["access_token"]'), "builder", "neither JSON"),
        (answer({}), "builder", "without a usable access token"),
        (answer({"access_token": None}), "builder", "without a usable access token"),
        (answer({"access_token": ""}), "builder", "without a usable access token"),
        (answer({"access_token": 17}), "builder", "without a usable access token"),
        (answer({"access_token": "a\r\nX: 1"}), "builder", "without a usable access token"),
        (answer({**FINE, "expires_in": 0}), "api", "already over"),
        (answer({**FINE, "expires_in": -5}), "api", "already over"),
        (answer({**FINE, "expires_in": "-5"}), "api", "already over"),
        (answer({**FINE, "token_type": "DPoP"}), "builder", "signature"),
        (answer(b'{"access_token": "at", "pad": "' + b"x" * 5_000_000 + b'"}'), "builder", "very large"),
        (answer(b"", 302), "builder", "redirect"),
        (answer(b"", 307), "builder", "redirect"),
        (answer({"error": "invalid_grant"}, 400), "user", "`invalid_grant`"),
        (answer({"error": "invalid_client"}, 401), "builder", "`invalid_client`"),
        (answer({"error": "invalid_scope", "error_description": "no such scope"}, 400), "builder", "no such scope"),
        (answer({"error": "temporarily_unavailable"}, 400), "api", "at the moment"),
        (answer({"error": "slow_down"}, 429), "api", "at the moment"),
        (answer({"error": {"message": "own form", "code": 190}}, 400), "builder", "own form"),
        (answer({"error": "bad_verification_code", "error_description": "wrong code"}), "user", "wrong code"),
        (
            answer("error=incorrect_client_credentials", media_type="application/x-www-form-urlencoded"),
            "builder",
            "ID and secret",
        ),
        (answer({"ok": False, "error": "invalid_code"}), "user", "`invalid_code`"),
        (answer({"ok": False}), "builder", "refuses"),
        (answer({"error": "redirect_uri_mismatch"}, 400), "builder", "callback"),
        (answer({"message": "nope"}, 403), "builder", "nope"),
        (answer(b"[" * 100_000), "builder", "neither JSON"),
    ],
)
def test_answers_without_a_token_say_whose_turn_it_is(response: Response, told_to: str, says: str) -> None:
    server = Server(response)
    with pytest.raises(OAuthError) as caught:
        exchange(server)
    assert caught.value.told_to == told_to
    assert says in str(caught.value)
    assert caught.value.mend
    assert caught.value.may_retry == (told_to == "api")
    assert len(server.received) == 1


@pytest.mark.row("L-04")
def test_an_error_that_echoes_secrets_shows_none() -> None:
    echo = "bad code-canary for secret+/1:& and verifier-canary; old at-canary \x1b[0m"
    with pytest.raises(OAuthError) as caught:
        exchange(
            Server(answer({"error": "invalid_request", "error_description": echo, "access_token": "at-canary"}, 400))
        )
    text = str(caught.value)
    assert "canary" not in text
    assert "secret+" not in text
    assert "\x1b" not in text
    assert "•••" in text


@pytest.mark.row("OA-09")
def test_refresh_replaces_what_is_new_and_keeps_the_rest() -> None:
    server = Server(answer({"access_token": "new", "token_type": "bearer"}))
    renewed = drive_sync(refresh_flow(SETTINGS, TOKEN, clock=lambda: NOW), server)
    assert (renewed.refresh_token, renewed.scope) == (Secret("old-refresh"), "a b")
    assert dict(parse_qsl((server.received[0].content or b"").decode())) == {
        "grant_type": "refresh_token",
        "refresh_token": "old-refresh",
        "client_id": "the id",
        "client_secret": "secret+/1:&",
    }
    rotated = drive_sync(refresh_flow(SETTINGS, TOKEN), Server(answer({**FINE, "refresh_token": "new-refresh"})))
    assert rotated.refresh_token == Secret("new-refresh")


@pytest.mark.row("OA-09")
@pytest.mark.parametrize(
    ("response", "told_to", "code"),
    [
        (answer({"error": "invalid_grant"}, 400), "user", "invalid_grant"),
        (answer({"error": "token_revoked"}, 200), "user", "invalid_grant"),
        (answer({"error": "own_word"}, 400), "user", "invalid_grant"),
        (answer({"error": "invalid_client"}, 401), "builder", "invalid_client"),
        (answer({"error": "server_error"}, 500), "api", "server_error"),
        (answer(PAGE, 502, "text/html"), "api", None),
    ],
)
def test_which_refusals_of_a_refresh_end_the_login(response: Response, told_to: str, code: str | None) -> None:
    with pytest.raises(OAuthError) as caught:
        drive_sync(refresh_flow(SETTINGS, TOKEN), Server(response))
    assert (caught.value.told_to, caught.value.error) == (told_to, code)


def test_no_refresh_token_no_request() -> None:
    server = Server(answer(FINE))
    with pytest.raises(OAuthError):
        drive_sync(refresh_flow(SETTINGS, replace(TOKEN, refresh_token=None)), server)
    assert server.received == []


def test_client_credentials_and_revocation() -> None:
    robot = replace(
        SETTINGS,
        grant="client_credentials",
        authorize_url="",
        scope="x",
        revocation_url="https://login.example.com/revoke",
        resource="https://api.example.com",
        extra_token={"audience": "api", "client_secret": "evil"},
    )
    server = Server(answer(FINE))
    token = drive_sync(client_credentials_flow(robot), server)
    sent = dict(parse_qsl((server.received[0].content or b"").decode()))
    assert token.owner == "action"
    assert (sent["scope"], sent["resource"], sent["audience"], sent["client_secret"]) == (
        "x",
        "https://api.example.com",
        "api",
        "secret+/1:&",
    )
    assert drive_sync(revoke_flow(robot, TOKEN), server)
    assert server.received[1].url == "https://login.example.com/revoke"
    assert b"token=old-refresh&token_type_hint=refresh_token" in (server.received[1].content or b"")
    assert not drive_sync(revoke_flow(SETTINGS, TOKEN), server)


@given(
    st.binary(max_size=200),
    st.sampled_from(["application/json", "text/html", "", "application/x-www-form-urlencoded"]),
    st.integers(100, 599),
)
def test_no_answer_does_anything_but_a_token_or_an_oauth_error(body: bytes, media_type: str, status: int) -> None:
    with suppress(OAuthError):
        assert exchange(Server(answer(body, status, media_type))).access_token


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


FIELDS = (
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "error",
    "error_description",
    "ok",
    "data",
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_nor_does_any_json(body: dict[str, Any]) -> None:
    with suppress(OAuthError):
        assert exchange(Server(answer(body))).access_token
