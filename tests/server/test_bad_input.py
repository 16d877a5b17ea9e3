"""Every route with missing, null, wrong-type, oversized and unreadable input: 4xx with the field, never 5xx (D-10)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actionry.models.scripted import Scripted, says
from actionry.server.models import FixedModels
from support.routes import routes_of
from support.server import Person, Reply, serving

WRONG: tuple[Any, ...] = (
    None,
    [],
    {},
    "x",
    0,
    -1,
    1.5,
    True,
    "x" * 100_000,
    10**40,
    ["x"] * 1000,
    {"path": "/etc/passwd"},
)
FIELD_WRONG: tuple[Any, ...] = (None, [], 10**40, "x" * 100_000, {"path": "/etc/passwd"})
UNREADABLE = (
    b"", b"{", b"nonsense", b'{"a": }', b"\xff\xfe", b'"\\ud800"', b"[" * 100_000, b"1e999", b"9" * 10_000, b"NaN",
    b'{"text": "\\ud800"}', b'{"text": NaN}', b"\x00",
)  # fmt: skip
NAMES = ("%00", "..%2f..", "%ff", "x" * 3000, "-", "f-%F0%9F%92%A9", "' OR 1=1 --", "a" * 101)
QUERIES = (
    "?limit=x",
    "?limit=-1",
    "?limit=99999999999999999999",
    "?before=%00",
    "?after=%ff",
    "?format=exe",
    "?gpt_id=%00",
)


def bodies(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[Any]:
    """Each way to get one body wrong."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    right = {name: example(each) for name, each in schema.get("properties", {}).items()}
    yield from WRONG
    yield {**right, "role": "admin", "owner_id": "u-1"}
    for name in right:
        yield {key: value for key, value in right.items() if key != name}
        for value in FIELD_WRONG:
            yield {**right, name: value}


def example(schema: dict[str, Any]) -> Any:
    kind = schema.get("type") or next((each.get("type") for each in schema.get("anyOf", [])), "string")
    return {"string": "words", "boolean": False, "integer": 1, "array": [], "object": {}}.get(kind, "words")


def check(reply: Reply, what: str, *, names_field: bool = False) -> list[str]:
    if reply.status >= 500:
        return [f"{what}: {reply.status} {reply.text[:200]}"]
    if reply.status < 400:
        return []
    problem = reply.json
    if reply.headers.get("Content-Type") != "application/problem+json" or problem["status"] != reply.status:
        return [f"{what}: no problem document: {reply.text[:200]}"]
    if names_field and reply.status == 422 and not problem.get("errors"):
        return [f"{what}: no field is named: {problem['detail']}"]
    return []


@pytest.fixture
def quick_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts take no time bucket, and no argon2: hundreds are made here."""
    monkeypatch.setattr("actionry.server.routes.auth.LEAST_S", 0.001)

    async def no(password: object, stored: object) -> bool:
        return False

    async def hashed(password: object) -> str:
        return "$argon2id$none"

    for module in ("auth", "accounts"):
        monkeypatch.setattr(f"actionry.server.routes.{module}.password_fits", no)
        monkeypatch.setattr(f"actionry.server.routes.{module}.hash_password", hashed)


@pytest.mark.row("D-10")
@pytest.mark.row("F-02")
@pytest.mark.row("O-20")
@pytest.mark.usefixtures("quick_sign_in")
async def test_no_body_brings_any_route_down(tmp_path: Path) -> None:
    wrong: list[str] = []
    process = os.getpid()
    async with serving(
        tmp_path, models=FixedModels(Scripted(says("Hello."))), local_user=False, sign_up="open",
        requests_per_minute=1_000_000, sign_ins_per_minute=10_000, user_turns=1000, log_level="error",
    ) as server:  # fmt: skip
        document = server.server.api.openapi()
        admin = await server.person("admin", admin=True)
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if method == "delete" and path == "/api/v1/session":
                    continue
                schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
                target = fill(path)
                if schema is not None:
                    for body in bodies(schema, document):
                        content = json.dumps(body).encode()
                        reply = await send(admin, method, target, content)
                        wrong += check(reply, f"{method} {path} {content[:80]!r}", names_field=True)
                    for content in UNREADABLE:
                        reply = await send(admin, method, target, content)
                        wrong += check(reply, f"{method} {path} {content[:80]!r}", names_field=True)
                        if reply.status < 400 and path != "/api/v1/session/oidc":
                            wrong.append(f"{method} {path}: took {content[:40]!r}")
        assert (await admin.get("/healthz")).status == 200
    assert wrong == []
    assert os.getpid() == process


@pytest.mark.row("D-10")
async def test_no_address_brings_any_route_down(tmp_path: Path) -> None:
    wrong: list[str] = []
    async with serving(
        tmp_path, models=FixedModels(Scripted(says("Hello."))), local_user=False, requests_per_minute=1_000_000,
        sign_ins_per_minute=10_000,
    ) as server:  # fmt: skip
        admin = await server.person("admin", admin=True)
        for method, path in routes_of(server.server.api):
            if path.endswith(("/session/oidc/callback", "/account")) and method != "GET":
                continue
            targets = [fill(path, name) for name in NAMES] if "{" in path else [path + query for query in QUERIES]
            for target in targets:
                if method == "DELETE" and "{" not in path:
                    continue
                reply = await send(admin, method.lower(), target, b"{}" if method in ("POST", "PATCH", "PUT") else None)
                wrong += check(reply, f"{method} {target[:120]}")
    assert wrong == []


@pytest.mark.row("D-10")
@pytest.mark.row("F-06")
async def test_large_bodies_and_floods_of_parts_are_cut(tmp_path: Path) -> None:
    async with serving(tmp_path, max_file_bytes=100_000, max_body_bytes=10_000, requests_per_minute=100_000) as server:
        person = await server.local()
        large = await person.post("/api/v1/conversations", raw=b'{"title": "' + b"x" * 20_000 + b'"}')
        assert (large.status, large.json["code"]) == (413, "too_large")

        async def pieces() -> Any:
            for _ in range(100):
                yield b"x" * 1000

        async with person.session.post(
            f"{server.url}/api/v1/conversations",
            data=pieces(),
            headers=person.headers({"Content-Type": "application/json"}),
        ) as answer:  # no Content-Length: counted while it comes
            assert answer.status == 413
        parts = b"".join(
            b'--b\r\nContent-Disposition: form-data; name="a%d"\r\n\r\nx\r\n' % number for number in range(1000)
        )
        flood = await person.post(
            "/api/v1/files", raw=parts + b"--b--\r\n", headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
        assert flood.status in (400, 413)
        assert flood.headers["Content-Type"] == "application/problem+json"


async def test_a_problem_names_the_field_and_repeats_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        reply = await server.somebody().post(
            "/api/v1/session/password", {"email": "no address", "password": ["s3cret-of-mine"], "remember": 1}
        )
        assert reply.status == 422
        assert {each["pointer"] for each in reply.json["errors"]} == {"/email", "/password", "/remember"}
        assert "s3cret-of-mine" not in reply.text
        assert reply.json["title"] == "Unprocessable Content" or reply.json["title"]


def fill(path: str, name: str = "none-of-yours") -> str:
    while "{" in path:
        start, _, rest = path.partition("{")
        path = start + name + rest.partition("}")[2]
    return path


async def send(person: Person, method: str, path: str, content: bytes | None) -> Reply:
    """Byte for byte: an address is not cleaned up on its way."""
    import aiohttp
    from yarl import URL

    sent = person.headers({"Content-Type": "application/json"} if content is not None else {})
    url = URL(person.server.url + path.replace(" ", "%20").replace("'", "%27"), encoded=True)
    try:
        async with person.session.request(method, url, data=content, headers=sent, allow_redirects=False) as answer:
            if answer.content_type == "text/event-stream":
                return Reply(answer.status, dict(answer.headers), b"")
            return Reply(answer.status, dict(answer.headers), await answer.read())
    except aiohttp.ClientError as error:
        return Reply(599, {}, repr(error).encode())
