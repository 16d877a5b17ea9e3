"""What every request meets first: Host, Origin, CSRF, headers, rates, sessions (THREATS H)."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest

from actionry.models.scripted import Scripted, says
from actionry.server.logs import redact
from actionry.server.models import FixedModels
from actionry.server.security import client_address
from actionry.server.settings import read_settings
from support.server import Person, RunningServer, serving

MODELS = FixedModels(Scripted(says("Hello.")))
CLASSES = (
    ("GET", "/"), ("GET", "/api/v1/session"), ("GET", "/api/v1/conversations"), ("GET", "/nothing"),
    ("POST", "/api/v1/session/link"), ("GET", "/healthz"), ("GET", "/metrics"), ("DELETE", "/"),
    ("GET", "/download/none"),
)  # fmt: skip


@pytest.mark.row("H-12")
@pytest.mark.row("X-10")
async def test_every_answer_has_its_headers(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS) as server:
        person = server.somebody()
        for method, path in CLASSES:
            headers = (await person.call(method, path, {} if method == "POST" else None)).headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            # The page stands at every address that nothing else has; it is asked for anew each time.
            is_page = method == "GET" and path in ("/", "/nothing")
            assert headers["Cache-Control"] == ("no-cache" if is_page else "no-store"), path
            assert "Server" not in headers
            assert "Access-Control-Allow-Origin" not in headers
        page = (await person.get("/")).headers["Content-Security-Policy"]
        assert "script-src 'self'" in page
        assert "require-trusted-types-for 'script'" in page
        assert "unsafe" not in page


@pytest.mark.row("H-12")
@pytest.mark.row("H-03")
async def test_over_https_cookies_and_headers_are_strict(tmp_path: Path) -> None:
    async with serving(
        tmp_path, models=MODELS, environ={"ACTIONRY_PUBLIC_URL": "https://gpts.test", "ACTIONRY_LOCAL_USER": "on"}
    ) as server:
        person = server.somebody()
        from actionry.server.main import sign_in_address

        address = await sign_in_address(server.server)
        assert address.startswith("https://gpts.test/#token=")
        reply = await person.post("/api/v1/session/link", {"token": address.partition("=")[2]})
        cookie = reply.headers["Set-Cookie"]
        assert cookie.startswith("__Host-actionry=")
        assert {"HttpOnly", "Secure", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "samesite=lax" in cookie.lower()
        assert "Domain" not in cookie
        assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.row("H-04")
@pytest.mark.row("H-07")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.test"}, 400),
        ({"Host": "localhost:{port}"}, 200),
        ({"Host": "127.0.0.1"}, 400),
        ({"X-Forwarded-Host": "evil.test"}, 400),
    ],
)
async def test_only_known_names_are_answered(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with serving(tmp_path, models=MODELS) as server:
        sent = {name: value.format(port=server.settings.port) for name, value in headers.items()}
        assert (await server.somebody().get("/api/v1/session", headers=sent)).status == status


@pytest.mark.row("H-01")
@pytest.mark.row("H-02")
@pytest.mark.row("H-05")
@pytest.mark.row("H-06")
async def test_other_sites_change_and_read_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS) as server:
        person = await server.local()
        path, body = "/api/v1/conversations", {"title": "x"}
        foreign = [
            {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "wrong"},
            {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"},
        ]  # fmt: skip
        for headers in foreign:
            assert (await person.post(path, body, headers=headers)).status == 403, headers
        for headers in foreign[:4]:  # signing in and out, and reading
            assert (await person.post("/api/v1/session/link", {"token": "x"}, headers=headers)).status == 403
            assert (await person.call("DELETE", "/api/v1/session", headers=headers)).status == 403
            reply = await person.get("/api/v1/conversations", headers=headers)
            assert reply.status == 403
            assert "Access-Control-Allow-Origin" not in reply.headers
        own = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
        assert (await person.post(path, body, headers=own)).status == 201
        assert (await person.call("OPTIONS", path, headers={"Origin": "https://evil.test"})).status == 403


@pytest.mark.row("H-03")
async def test_sessions_are_new_at_sign_in_and_end_when_told(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS) as server:
        first = await server.local()
        before = dict(first.cookies)
        second = await server.local()
        assert second.cookies != before
        sessions = (await first.get("/api/v1/account/sessions")).json
        assert len(sessions) == 2
        current = next(each for each in sessions if each["current"])
        other = next(each for each in sessions if not each["current"])
        assert (await first.call("DELETE", f"/api/v1/account/sessions/{other['id']}")).status == 200
        assert (await second.get("/api/v1/account")).status == 401
        assert (await first.get("/api/v1/account")).status == 200
        assert (await first.call("DELETE", "/api/v1/session")).status == 200
        first.cookies = before  # a copy of the cookie is worth nothing
        assert (await first.get("/api/v1/account")).status == 401
        assert current["id"] != other["id"]


async def test_the_printed_link_works_once(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS) as server:
        from actionry.server.main import sign_in_address

        token = (await sign_in_address(server.server)).partition("#token=")[2]
        person = server.somebody()
        assert (await person.post("/api/v1/session/link", {"token": token})).status == 200
        again = await server.somebody().post("/api/v1/session/link", {"token": token})
        assert (again.status, again.json["code"]) == (400, "link_used")


@pytest.mark.row("H-13")
def test_only_a_trusted_proxy_says_who_asks() -> None:
    trusted = read_settings({"ACTIONRY_TRUSTED_PROXIES": "10.0.0.0/8"}).trusted_proxies
    forwarded = {b"x-forwarded-for": b"1.1.1.1, 203.0.113.7, 10.0.0.9"}
    assert client_address({"client": ("198.51.100.1", 1)}, forwarded, trusted) == "198.51.100.1"
    assert client_address({"client": ("10.0.0.2", 1)}, forwarded, trusted) == "203.0.113.7"
    assert client_address({"client": ("10.0.0.2", 1)}, forwarded, ()) == "10.0.0.2"


@pytest.mark.row("H-13")
async def test_too_many_requests_are_told_when_to_come_back(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS, requests_per_minute=20, sign_ins_per_minute=3) as server:
        replies = [
            await server.somebody().post(
                "/api/v1/session/link", {"token": "x"}, headers={"X-Forwarded-For": f"1.1.1.{n}"}
            )
            for n in range(5)
        ]
        assert [reply.status for reply in replies] == [400, 400, 400, 429, 429]
        assert int(replies[-1].headers["Retry-After"]) > 0
        statuses = [(await server.somebody().get("/api/v1/session")).status for _ in range(30)]
        assert statuses.count(429) >= 9


async def signs_in(server: RunningServer, email: str, password: str) -> tuple[int, bytes, float]:
    started = time.perf_counter()
    reply = await server.somebody().post("/api/v1/session/password", {"email": email, "password": password})
    return reply.status, reply.content, time.perf_counter() - started


@pytest.mark.row("O-19")
async def test_nobody_learns_whether_an_account_exists(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS, local_user=False, sign_ins_per_minute=1000) as server:
        await server.person("ada")
        known = await signs_in(server, "ada@people.test", "wrong password")
        unknown = await signs_in(server, "eve@people.test", "wrong password")
        assert known[:2] == unknown[:2]
        assert abs(known[2] - unknown[2]) < 0.34  # one bucket
        for email in ("ada@people.test", "eve@people.test"):
            reply = await server.somebody().post("/api/v1/account/password-reset", {"email": email})
            assert (reply.status, reply.json) == (202, {"done": True})
        status, _, _ = await signs_in(server, "ada@people.test", "a long password of ada")
        assert status == 200


@pytest.mark.row("O-19")
async def test_reset_tokens_are_checked(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS, local_user=False, sign_ins_per_minute=1000) as server:
        admin, ada = await server.person("admin", admin=True), await server.person("ada")
        wrong: tuple[object, ...] = (None, "", [], "none")
        for none in wrong:
            reply = await server.somebody().call(
                "PUT", "/api/v1/account/password-reset", {"token": none, "password": "quite long words"}
            )
            assert reply.status in (400, 422)
        link = (await admin.post(f"/api/v1/admin/users/{ada.user_id}/reset-link")).json["url"]
        token = link.partition("#reset=")[2]
        reset = {"token": token, "password": "quite long words"}
        assert (await server.somebody().call("PUT", "/api/v1/account/password-reset", reset)).status == 200
        assert (await server.somebody().call("PUT", "/api/v1/account/password-reset", reset)).status == 400
        assert (await ada.get("/api/v1/account")).status == 401  # all sessions have ended
        assert (await signs_in(server, "ada@people.test", "quite long words"))[0] == 200


@pytest.mark.row("O-20")
async def test_nobody_makes_themselves_administrator(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS, local_user=False) as server:
        ada = await server.person("ada")
        for field in ("role", "email_verified", "sso", "quota", "local", "id"):
            assert (await ada.call("PATCH", "/api/v1/account", {field: "admin"})).status == 422
        assert (await ada.get("/api/v1/account")).json["role"] == "user"


async def test_sign_up_follows_the_policy(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS, local_user=False, sign_ins_per_minute=1000) as server:
        admin = await server.person("admin", admin=True)
        body = {"email": "new@people.test", "password": "quite long words", "name": "New"}
        assert (await server.somebody().post("/api/v1/account", body)).status == 403
        made = await admin.post("/api/v1/admin/invitations", {"email": "new@people.test"})
        invitation = made.json["url"].partition("#invitation=")[2]
        wrong = await server.somebody().post(
            "/api/v1/account", {**body, "email": "eve@people.test", "invitation": invitation}
        )
        assert wrong.status == 409
        person = server.somebody()
        person.signed_in(await person.post("/api/v1/account", {**body, "invitation": invitation}))
        assert (await person.get("/api/v1/account")).json["role"] == "user"
        assert (await server.somebody().post("/api/v1/account", {**body, "invitation": invitation})).status == 404


@pytest.mark.row("A-09")
@pytest.mark.row("A-12")
async def test_an_api_token_may_what_its_scopes_say(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS, local_user=False) as server:
        admin = await server.person("admin", admin=True)
        made = (await admin.post("/api/v1/account/tokens", {"name": "a program", "scopes": ["chat"]})).json
        program = server.somebody(token=made["token"])
        assert (await program.post("/api/v1/conversations", {})).status == 201  # no CSRF token: no cookie is involved
        assert (await program.get("/api/v1/account")).json["code"] == "scope"
        assert (await program.get("/api/v1/admin/users")).status == 403
        listed = (await admin.get("/api/v1/account/tokens")).text
        assert made["token"] not in listed
        await admin.call("DELETE", f"/api/v1/account/tokens/{made['info']['id']}")
        assert (await program.get("/api/v1/conversations")).status == 401
        assert (await server.somebody(token="ak-none").get("/healthz")).status == 200


async def test_metrics_count_and_hold_no_ids(tmp_path: Path) -> None:
    async with serving(tmp_path, models=MODELS) as server:
        person = await server.local()
        conversation = await person.begins()
        await person.says(conversation, "hi")
        text = (await person.get("/metrics")).text
        assert 'actionry_http_requests_total{method="POST",status="2xx"}' in text
        assert "actionry_turns_total" in text
        assert conversation not in text
    async with serving(tmp_path, models=MODELS, environ={"ACTIONRY_METRICS_TOKEN": "metrics-token-1"}) as server:
        assert (await server.somebody().get("/metrics")).status == 401
        bearer = {"Authorization": "Bearer metrics-token-1"}
        assert (await server.somebody().get("/metrics", headers=bearer)).status == 200


@pytest.mark.row("L-03")
@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer canary-123456", "cookie: actionry=canary-123456", "GET /cb?code=canary-123456&state=x",
        "postgresql://me:canary-123456@db/x", '{"access_token": "canary-123456"}', "X-Api-Key: canary-123456",
        "password=canary-123456", "Basic canary-123456",
    ],
)  # fmt: skip
def test_log_lines_hold_no_credential(line: str) -> None:
    assert "canary" not in redact(line)
    assert redact("a turn failed in 3 steps") == "a turn failed in 3 steps"


@pytest.mark.row("L-03")
async def test_nothing_secret_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="actionry"):
        async with serving(tmp_path, models=MODELS, log_level="debug") as server:
            person: Person = await server.local()
            await person.get("/api/v1/conversations?before=1:canary-query")
            await server.somebody(token="ak-canary-token").get("/api/v1/account")
            cookies = list(person.cookies.values())
    lines = [f"{record.getMessage()} {getattr(record, 'facts', '')}" for record in caplog.records]
    text = "\n".join(lines)
    assert "canary" not in text
    assert all(cookie not in text for cookie in cookies)


async def test_a_failure_is_a_problem_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, models=MODELS) as server:
        person = await server.local()

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError("the inner canary")

        monkeypatch.setattr(server.services.storage.conversations, "page", broken)
        reply = await person.get("/api/v1/conversations")
        assert (reply.status, reply.json["code"]) == (500, "internal")
        assert "canary" not in reply.text
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert (await person.get("/healthz")).status == 200
        await asyncio.sleep(0)
