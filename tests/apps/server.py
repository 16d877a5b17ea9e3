"""A small real API on loopback: routes, its own document, and every request that it received."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from actionry.actions.action import Action, load_action
from actionry.outbound import Outbound


@dataclass(slots=True)
class Received:
    """One request as the API saw it."""

    method: str
    path: str
    """Still percent-encoded, without the query."""
    query_string: str
    headers: CIMultiDictProxy[str]
    body: bytes
    variables: dict[str, str] = field(default_factory=dict)
    """Of the path, decoded."""

    @property
    def query(self) -> dict[str, str]:
        """Decoded; of repeated names the last."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (pair.strip().partition("=") for pair in self.headers.get("Cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}


@dataclass(slots=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """JSON."""
    content = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status, content, {"Content-Type": "application/json", **(headers or {})})


def text(body: str | bytes, media_type: str = "text/plain; charset=utf-8", status: int = 200) -> Reply:
    return Reply(status, body.encode() if isinstance(body, str) else body, {"Content-Type": media_type})


Handler = Callable[[Received], Reply | Awaitable[Reply]]


class App:
    """`async with todo_api(auth="bearer") as todo: await todo.action().call("addTodo", …, outbound=todo.door)`"""

    def __init__(self, document: Mapping[str, Any], routes: Mapping[tuple[str, str], Handler]) -> None:
        self._document = document
        self._routes = [(method, _pattern(path), handler) for (method, path), handler in routes.items()]
        self.received: list[Received] = []
        self.over = asyncio.Event()
        """Set when the test ends; a handler that hangs waits for it."""
        self.guard: Callable[[Received], Reply | None] | None = None
        """Looks at each request first; its Reply, if any, is the answer."""
        self.url = ""
        self.transports: list[asyncio.Transport] = []
        """Of each request, so that a handler can break the connection."""

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self.door = Outbound(allow=("127.0.0.1/32",))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        await self.door.aclose()
        await self._runner.cleanup()

    @property
    def document(self) -> dict[str, Any]:
        """With this server's address."""
        return {**copy.deepcopy(dict(self._document)), "servers": [{"url": self.url}]}

    def action(self, **changes: Any) -> Action:
        """Of the document, top-level members replaced by `changes`."""
        return load_action({**self.document, **changes})

    @property
    def last(self) -> Received:
        return self.received[-1]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.rel_url.raw_path_qs.partition("?")
        received = Received(request.method, path, query, request.headers, await request.read())
        self.received.append(received)
        if isinstance(request.transport, asyncio.Transport):
            self.transports.append(request.transport)
        reply = self.guard(received) if self.guard is not None else None
        if reply is None:
            reply = await self._route(received)
        return web.Response(status=reply.status, body=reply.body, headers=CIMultiDict(reply.headers))

    async def _route(self, received: Received) -> Reply:
        allowed = False
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(received.path)
            if found is None:
                continue
            if method not in (received.method, "*"):
                allowed = True
                continue
            received.variables = {name: unquote(value) for name, value in found.groupdict().items()}
            reply = handler(received)
            return reply if isinstance(reply, Reply) else await reply
        return answer({"error": "method not allowed" if allowed else "not found"}, 405 if allowed else 404)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]*)", re.escape(path)))
