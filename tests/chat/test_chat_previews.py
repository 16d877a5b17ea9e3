"""Cards by Open Graph: what a page says of itself, within limits, and for which links they are offered (PR-07)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.chat.events import CallFinished, StoredEvent, TextAdded, UserMessageAdded
from actionry.chat.previews import fetch_preview, links_in, offered_links, read_preview
from actionry.outbound import Outbound
from apps.server import App, Reply, text

PAGE = """<!doctype html><html><head>
<title>Plain title</title>
<meta property="og:site_name" content="The Books">
<meta property="og:title" content="Dune &amp; more\u202e">
<meta property="og:description" content="  Sand,
  mostly. ">
<meta property="og:image" content="/cover.png">
<meta property="og:url" content="/books/dune">
</head><body><meta property="og:title" content="Not this"></body></html>"""


@pytest.mark.row("PR-07")
def test_open_graph_is_read() -> None:
    preview = read_preview(PAGE, "https://books.example.com/b?id=1")
    assert preview is not None
    assert preview.title == "Dune & more"
    assert preview.site_name == "The Books"
    assert preview.description == "Sand, mostly."
    assert preview.image == "https://books.example.com/cover.png"
    assert preview.url == "https://books.example.com/books/dune"
    assert preview.host == "books.example.com"


@pytest.mark.parametrize(
    ("head", "title", "image", "url"),
    [
        ("<title>Only\n this</title>", "Only this", "", "https://a.example/x"),
        ("<meta name='twitter:title' content='T'>", "T", "", "https://a.example/x"),
        ("<title>T</title><meta property=og:url content='https://b.example/'>", "T", "", "https://a.example/x"),
        ("<title>T</title><meta property=og:url content='javascript:alert(1)'>", "T", "", "https://a.example/x"),
        ("<title>T</title><meta property=og:image content='data:image/svg+xml,x'>", "T", "", "https://a.example/x"),
        ("<title>T</title><meta property=og:image content='https://u@b.example/'>", "T", "", "https://a.example/x"),
        ("<title>T</title><meta property=og:image content='//cdn.example/i'>", "T", "https://cdn.example/i", None),
        ("<title>" + "x" * 900 + "</title>", "x" * 199 + "…", "", None),
    ],
)
def test_odd_pages(head: str, title: str, image: str, url: str | None) -> None:
    preview = read_preview(f"<head>{head}", "https://a.example/x")
    assert preview is not None
    assert (preview.title, preview.image) == (title, image)
    assert url is None or preview.url == url


def test_a_page_without_a_title_has_no_card() -> None:
    assert read_preview("<p>Hello</p>", "https://a.example/") is None
    assert read_preview("", "https://a.example/") is None


@given(st.text(alphabet="<>metaog:title=\"' /!-\u0000é", max_size=300))
def test_no_page_breaks_the_reader(page: str) -> None:
    read_preview(page, "https://a.example/")


def test_links_are_found_without_their_punctuation() -> None:
    said = (
        "See (https://a.example/x_(y)), https://b.example/?q=1. And “https://c.example/路径”，or "
        "https://user@d.example/ and <https://e.example>."
    )
    assert links_in(said) == [
        "https://a.example/x_(y)",
        "https://b.example/?q=1",
        "https://c.example/路径",
        "https://e.example",
    ]


def event(seq: int, content: UserMessageAdded | TextAdded | CallFinished) -> StoredEvent:
    return StoredEvent(turn_id="t-1", seq=seq, at=0.0, event=content)


@pytest.mark.row("X-03")
def test_only_links_that_came_from_data_or_the_user_are_offered() -> None:
    finished = CallFinished(
        call_id="k",
        status=200,
        media_type="application/json",
        size=1,
        elapsed_ms=1,
        text='{"url": "https:\\/\\/shop.example\\/1", "other": "https://shop.example/2"}',
    )
    events = [
        event(1, UserMessageAdded(text="Compare with https://mine.example/x")),
        event(2, finished),
        event(3, TextAdded(text="https://shop.ex")),
        event(4, TextAdded(text="ample/1, https://mine.example/x and https://made-up.example/?secret=1")),
    ]
    assert offered_links(events) == ["https://shop.example/1", "https://mine.example/x"]


async def test_a_card_is_fetched_through_the_door() -> None:
    routes = {
        ("GET", "/book"): lambda _: text(PAGE, "text/html; charset=utf-8"),
        ("GET", "/old"): lambda _: Reply(302, b"", {"Location": "/book"}),
        ("GET", "/data"): lambda _: text("{}", "application/json"),
        ("GET", "/large"): lambda _: text("<title>x</title>" + "y" * 2_000_000, "text/html"),
        ("GET", "/latin"): lambda _: text("<title>Caf\xe9</title>".encode("latin-1"), "text/html; charset=latin-1"),
    }
    async with App({}, routes) as site:
        preview = await fetch_preview(f"{site.url}/old", site.door)
        assert preview is not None
        assert preview.title == "Dune & more"
        latin = await fetch_preview(f"{site.url}/latin", site.door)
        assert latin is not None
        assert latin.title == "Café"
        for path in ("/data", "/large", "/nowhere"):
            assert await fetch_preview(f"{site.url}{path}", site.door) is None


@pytest.mark.row("S-20")
async def test_no_card_of_a_private_address() -> None:
    async with App({}, {("GET", "/"): lambda _: text(PAGE, "text/html")}) as inside, Outbound() as door:
        assert await fetch_preview(inside.url, door) is None
        assert not inside.received
