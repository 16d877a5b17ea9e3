"""The built page over HTTP: what is kept, what is packed, and which addresses are the page's."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import Request

from actionry.server.page import Page
from support.server import serving


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>page", "utf-8")
    (tmp_path / "assets" / "a-1.js").write_text("script", "utf-8")
    (tmp_path / "assets" / "a-1.js.br").write_bytes(b"brotli")
    (tmp_path / "assets" / "a-1.js.gz").write_bytes(b"gzip")
    (tmp_path / ".stamp").write_text("1", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("accepts", "content", "coding"),
    [
        ("gzip, br", b"brotli", "br"),
        ("gzip", b"gzip", "gzip"),
        ("br;q=0, gzip", b"gzip", "gzip"),
        ("", b"script", None),
    ],
)
def test_packed_forms_are_chosen_by_what_is_accepted(
    folder: Path, accepts: str, content: bytes, coding: str | None
) -> None:
    answer = Page(folder).answer("assets/a-1.js", request(accept_encoding=accepts))
    assert answer is not None
    assert (answer.body, answer.headers.get("content-encoding")) == (content, coding)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


def test_the_index_is_asked_about_each_time(folder: Path) -> None:
    page = Page(folder)
    first = page.answer("index.html", request())
    assert first is not None
    assert first.headers["cache-control"] == "no-cache"
    again = page.answer("index.html", request(if_none_match=first.headers["etag"]))
    assert again is not None
    assert again.status_code == 304


@pytest.mark.parametrize("name", [".stamp", "assets/a-1.js.br", "../pyproject.toml", "assets", ""])
def test_nothing_else_is_served(folder: Path, name: str) -> None:
    assert Page(folder).answer(name, request()) is None


def test_without_a_build_a_notice_stands_there(tmp_path: Path) -> None:
    answer = Page(tmp_path).answer("index.html", request())
    assert answer is not None
    assert b"scripts/build-page" in bytes(answer.body)


async def test_addresses_of_the_page_and_others(tmp_path: Path) -> None:
    async with serving(tmp_path, demo=False) as server:
        nobody = server.somebody()
        for path in ("/", "/c/c-abc", "/settings/look"):
            reply = await nobody.get(path)
            assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
            assert "script-src 'self'" in reply.headers["Content-Security-Policy"]
        for path in ("/api/v1/nothing", "/assets/none.js", "/robots.txt", "/%2e%2e/pyproject.toml", "/api"):
            reply = await nobody.get(path)
            assert (reply.status, reply.json["code"]) == (404, "not_found"), path
        assert (await nobody.post("/c/c-abc", {})).status == 404
