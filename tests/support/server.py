"""The whole server on a loopback port, and people who use it over HTTP: `async with serving(tmp_path) as server`."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import uvicorn

from actionry.chat.events import EVENT, Event
from actionry.server.app import Server, make_server, stop_services
from actionry.server.main import sign_in_address, uvicorn_config
from actionry.server.models import Models
from actionry.server.passwords import hash_password
from actionry.server.settings import Settings, read_settings, with_port


@dataclass(slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()


@dataclass(slots=True)
class Streamed:
    """One server-sent event."""

    name: str
    data: str
    id: str | None

    @property
    def event(self) -> Event:
        return EVENT.validate_json(self.data)


class Person:
    """A browser of somebody, or nobody's; or a program with a bearer token."""

    def __init__(self, server: RunningServer, session: aiohttp.ClientSession, *, token: str | None = None) -> None:
        self.server = server
        self.session = session
        self.token = token
        self.cookies: dict[str, str] = {}
        self.csrf: str | None = None
        self.user_id: str | None = None

    def headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.cookies:
            found["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.csrf is not None:
            found["X-CSRF-Token"] = self.csrf
        if self.token is not None:
            found["Authorization"] = f"Bearer {self.token}"
        return {**found, **(more or {})}

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        content = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        sent = self.headers(
            {**({"Content-Type": "application/json"} if content is not None else {}), **(headers or {})}
        )
        url = path if path.startswith("http") else self.server.url + path
        async with self.session.request(method, url, data=content, headers=sent, allow_redirects=False) as answer:
            self._keep(answer)
            return Reply(answer.status, dict(answer.headers), await answer.read())

    def _keep(self, answer: aiohttp.ClientResponse) -> None:
        for name, morsel in answer.cookies.items():
            if morsel.value in ("", '""') or morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    async def get(self, path: str, **more: Any) -> Reply:
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        return await self.call("POST", path, {} if body is None and "raw" not in more else body, **more)

    def signed_in(self, reply: Reply) -> Self:
        assert reply.status in (200, 201), reply.text
        self.csrf = reply.json["csrf_token"]
        self.user_id = reply.json["user"]["id"]
        return self

    async def stream(
        self, path: str, *, method: str = "GET", body: Any = None, last_event_id: str | None = None
    ) -> AsyncIterator[Streamed]:
        """Events until the stream ends."""
        headers = self.headers({"Accept": "text/event-stream", "Content-Type": "application/json"})
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        content = json.dumps(body).encode() if body is not None else None
        async with self.session.request(method, self.server.url + path, data=content, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            async for streamed in read_events(answer.content):
                yield streamed

    async def says(self, conversation_id: str, text: str, **more: Any) -> list[Event]:
        """Send a message and read its turn until it rests."""
        path = f"/api/v1/conversations/{conversation_id}/messages"
        events = self.stream(path, method="POST", body={"text": text, **more})
        return [each.event async for each in events if each.id is not None]

    async def begins(self, **body: Any) -> str:
        reply = await self.post("/api/v1/conversations", body)
        assert reply.status == 201, reply.text
        conversation_id: str = reply.json["id"]
        return conversation_id


async def read_events(content: aiohttp.StreamReader) -> AsyncIterator[Streamed]:
    fields: dict[str, str] = {}
    async for raw in content:
        line = raw.decode().rstrip("\n")
        if not line:
            if "data" in fields:
                yield Streamed(fields.get("event", "message"), fields["data"], fields.get("id"))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


class _Quiet(uvicorn.Server):
    """Signals belong to the test run."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class RunningServer:
    server: Server
    url: str
    sessions: list[aiohttp.ClientSession] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.server.settings

    @property
    def services(self) -> Any:
        return self.server.services

    def somebody(self, *, token: str | None = None) -> Person:
        """A new browser, not signed in."""
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self.sessions.append(session)
        return Person(self, session, token=token)

    async def local(self) -> Person:
        """The local user, by the printed address."""
        address = await sign_in_address(self.server)
        person = self.somebody()
        return person.signed_in(await person.post("/api/v1/session/link", {"token": address.partition("#token=")[2]}))

    async def person(self, name: str, *, admin: bool = False) -> Person:
        """Somebody with an account."""
        accounts = self.services.accounts
        email, password = f"{name}@people.test", f"a long password of {name}"
        hashed = await hash_password_once(password)
        await accounts.create_user(
            name=name, email=email, password_hash=hashed, role="admin" if admin else "user", email_verified=True
        )
        person = self.somebody()
        found = await accounts.for_sign_in(email)
        token, _ = await accounts.open_session(found[0].id, method="password", lifetime_s=3600)
        person.cookies["__Host-actionry" if self.settings.secure else "actionry"] = token.reveal()
        return person.signed_in(await person.get("/api/v1/session"))


_HASHES: dict[str, str] = {}


async def hash_password_once(password: str) -> str:
    from actionry.credentials.secret import Secret

    if password not in _HASHES:
        _HASHES[password] = await hash_password(Secret(password))
    return _HASHES[password]


@asynccontextmanager
async def serving(
    data_dir: Path, *, models: Models | None = None, environ: Mapping[str, str] | None = None, **given: Any
) -> AsyncIterator[RunningServer]:
    """A server with this data folder; `given` are settings."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    port = listener.getsockname()[1]
    given.setdefault("log_level", "error")
    settings = with_port(
        read_settings({"HOME": str(data_dir), **(environ or {})}, data_dir=data_dir, port=0, **given), port
    )
    server = await asyncio.to_thread(make_server, settings, models=models)
    running = _Quiet(uvicorn_config(server))
    found = RunningServer(server, f"http://127.0.0.1:{port}")
    try:
        async with server.open():
            task = asyncio.create_task(running.serve([listener]))
            while not running.started:
                assert not task.done(), task
                await asyncio.sleep(0.005)
            try:
                yield found
            finally:
                for session in found.sessions:
                    await session.close()
                await stop_services(server.services, grace_s=1.0)
                running.should_exit = True
                await task
    finally:
        listener.close()
