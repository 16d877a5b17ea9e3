"""The built web page, as files beside this one: assets that never change, one index for all its addresses.

`web/` is built into `static/` by the packaging hook or `scripts/build-page`. Where that was not done, a notice stands
in its place: the server and its API work without the page, and the printed address still signs in.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actionry.server.problems import ProblemError

FOLDER = Path(__file__).resolve().parent / "static"
FOREVER = "public, max-age=31536000, immutable"
ASK = "no-cache"
"""Kept, and asked about each time: the answer is mostly 304."""

_PACKED = {".br": "br", ".gz": "gzip"}
_TYPES = {
    ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml",
    ".json": "application/json",
}  # fmt: skip

NOT_PAGES = ("api", "healthz", "metrics", "assets", "download", "aip", ".well-known")
"""First parts of addresses that are never the page: what is not there is 404."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file of the page, with its packed forms; read once, at the start (about a megabyte in all)."""

    media_type: str
    content: bytes
    packed: dict[str, bytes]
    """Content coding -> bytes."""
    etag: str
    cache: str


class Page:
    """`Page(folder)` reads the page; `answer(path, request)` is a response, or None when no file has that name."""

    def __init__(self, folder: Path = FOLDER) -> None:
        built = (folder / "index.html").is_file()
        # The plain style stays: pages that the server itself writes, after a sign-in for one, use it.
        self._files = {"start.css": _file("start.css", _STYLE.encode(), {}), **(_read(folder) if built else _notice())}

    def answer(self, path: str, request: Request) -> Response | None:
        file = self._files.get(path)
        if file is None:
            return None
        headers = {"Cache-Control": file.cache, "ETag": file.etag, "Vary": "Accept-Encoding"}
        known = request.headers.get("if-none-match", "")
        if file.etag in (each.strip().removeprefix("W/") for each in known.split(",")):
            return Response(status_code=304, headers=headers)
        content = file.content
        for coding in ("br", "gzip"):
            if coding in file.packed and _accepts(request.headers.get("accept-encoding", ""), coding):
                content = file.packed[coding]
                headers["Content-Encoding"] = coding
                break
        return Response(content, media_type=file.media_type, headers=headers)


def _accepts(header: str, coding: str) -> bool:
    for part in header.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if name == coding:
            return not any(each.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for each in parameters)
    return False


def _read(folder: Path) -> dict[str, StaticFile]:
    files: dict[str, StaticFile] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix in _PACKED or path.name.startswith("."):
            continue
        packed = {
            coding: beside.read_bytes()
            for suffix, coding in _PACKED.items()
            if (beside := path.with_name(path.name + suffix)).is_file()
        }
        name = path.relative_to(folder).as_posix()
        files[name] = _file(name, path.read_bytes(), packed)
    return files


def _file(name: str, content: bytes, packed: dict[str, bytes]) -> StaticFile:
    suffix = Path(name).suffix
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    cache = FOREVER if name.startswith("assets/") else ASK  # names in assets/ hold a hash of their content
    return StaticFile(media_type, content, packed, f'"{hashlib.sha256(content).hexdigest()[:20]}"', cache)


def add_page(app: FastAPI) -> None:
    """Every address that no route has is the page's to show; it has addresses of its own, such as `/c/c-…`."""
    page = Page()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        path = request.url.path.lstrip("/")
        found = page.answer(path, request) if path and request.method in ("GET", "HEAD") else None
        if found is None and request.method in ("GET", "HEAD") and _is_address(path):
            found = page.answer("index.html", request)
        if found is None:
            raise ProblemError(404, "not_found", "There is nothing at this address.")
        await found(scope, receive, send)

    app.router.default = answer


def _is_address(path: str) -> bool:
    """Whether the page may show something there; the last part of such an address has no dot."""
    return path.partition("/")[0] not in NOT_PAGES and "." not in path.rpartition("/")[2]


# ------------------------------------------------------------------------------------------------- without a built page


def _notice() -> dict[str, StaticFile]:
    texts = {"index.html": _PAGE, "start.js": _SCRIPT}
    return {name: _file(name, text.encode(), {}) for name, text in texts.items()}


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Actionry</title>
<link rel="stylesheet" href="/start.css">
<script src="/start.js" defer></script>
</head>
<body>
<main>
<h1>Actionry</h1>
<p id="state" role="status">The server is running.</p>
<p>Its web page is not built here: that needs npm's registry once. When it can be reached, run
<code>scripts/build-page</code> in the project's folder and start the server again. The HTTP API and the terminal
work without it.</p>
<p lang="zh">服务器正在运行，但网页尚未构建。
请在能够访问 npm 时运行 <code>scripts/build-page</code>，然后重新启动服务器。</p>
<p><a href="/api/v1/openapi.json">OpenAPI document of the API</a></p>
</main>
</body>
</html>
"""

_STYLE = """html { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
"""

_SCRIPT = """'use strict';
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token) {
  history.replaceState(null, '', location.pathname);
  fetch('/api/v1/session/link', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }),
  }).then(async (answer) => {
    const said = await answer.json();
    document.getElementById('state').textContent = answer.ok ? `Signed in as ${said.user.name}.` : said.detail;
  });
}
"""
