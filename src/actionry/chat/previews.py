"""Cards for links in an answer, by Open Graph (PR-07): made on demand, through the one door, within small limits.

Nothing is fetched by itself: a person asks for the card of one link, and only links that API data or the user brought
in are offered (THREATS X-03), because an address that a model made up may carry the conversation's words away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from actionry.actions.html_text import without_loose_ends
from actionry.chat.events import CallFinished, StoredEvent, TextAdded, UserMessageAdded
from actionry.errors import OutboundError
from actionry.http import Headers, Request, Response
from actionry.outbound import Outbound
from actionry.tools.plain_text import clip, visible

TIMEOUT_S = 8.0
MAX_BYTES = 1_000_000
"""Of the page; a larger one has no card."""
READ_CHARACTERS = 256_000
"""Of it, looked at: what a card needs stands at its head."""
REDIRECTS = 3
MAX_LINKS = 10
TITLE, DESCRIPTION, NAME, ADDRESS = 200, 400, 80, 2_000
"""Characters that are shown."""

_LINK = re.compile(r"https?://[^\s<>\"'`\\\]\[{}|^\x00-\x1f“”«»，。、；：！？（）【】《》「」]+", re.IGNORECASE)
_TRAILING = ".,;:!?*_~”’»。，、；：！？）】》"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Plain text all of it; `image` is an address that the page loads only when the person asks for it (X-01)."""

    url: str
    title: str
    host: str
    """Where it leads, as it is connected to."""
    site_name: str = ""
    description: str = ""
    image: str = ""


def links_in(text: str) -> list[str]:
    """The http(s) addresses in a text, each once, without the punctuation around them."""
    found: dict[str, None] = {}
    for match in _LINK.finditer(text):
        link = match[0].rstrip(_TRAILING)
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(_TRAILING)
        if _is_plain(link):
            found[link] = None
    return list(found)


def _is_plain(link: str) -> bool:
    try:
        parts = urlsplit(link)
        return bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def offered_links(events: Iterable[StoredEvent]) -> list[str]:
    """Links of a turn's answer that came word for word from an API's answer or from the user: these may have a card."""
    answer, sources = [], []
    for stored in events:
        match stored.event:
            case TextAdded(text=text):
                answer.append(text)
            case CallFinished(text=text):
                sources.append(text.replace("\\/", "/"))  # JSON may escape the slash
            case UserMessageAdded(text=text):
                sources.append(text)
            case _:
                pass
    known = {link for source in sources for link in links_in(source)}
    return [link for link in links_in("".join(answer)) if link in known][:MAX_LINKS]


async def fetch_preview(url: str, outbound: Outbound) -> Preview | None:
    """The card of a page; None when it is not there, is no page, or says nothing of itself."""
    request = Request("GET", url, Headers({"Accept": "text/html,application/xhtml+xml"}))
    try:
        response = await outbound.send(request, redirects=REDIRECTS, timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES)
    except OutboundError:
        return None
    if response.status != 200 or response.media_type not in ("text/html", "application/xhtml+xml"):
        return None
    return read_preview(_decoded(response), response.url)


def _decoded(response: Response) -> str:
    content = response.content[: READ_CHARACTERS * 4]
    declared = re.search(r"charset=[\"']?([\w.:-]+)", response.headers.get("Content-Type", ""), re.IGNORECASE)
    inside = re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w.:-]+)", content[:4096], re.IGNORECASE)
    name = declared[1] if declared else inside[1].decode("ascii") if inside else "utf-8"
    try:
        return content.decode(name, "replace")[:READ_CHARACTERS]
    except (LookupError, UnicodeError):
        return content.decode("utf-8", "replace")[:READ_CHARACTERS]


def read_preview(page: str, url: str) -> Preview | None:
    """What a page's head says of itself; `url` is where it came from.

    Open Graph first (ogp.me), then Twitter's names, then the title and description of HTML.
    """
    head = _Head()
    head.feed(without_loose_ends(page[:READ_CHARACTERS]))
    title = head.first("og:title", "twitter:title") or head.title
    if not title:
        return None
    image = head.first("og:image:secure_url", "og:image", "og:image:url", "twitter:image")
    return Preview(
        url=_address(url, head.first("og:url")) or url,
        host=urlsplit(url).hostname or "",
        title=_line(title, TITLE),
        site_name=_line(head.first("og:site_name", "application-name"), NAME),
        description=_line(head.first("og:description", "twitter:description", "description"), DESCRIPTION),
        image=_address(url, image, any_host=True),
    )


def _line(text: str, characters: int) -> str:
    return clip(" ".join(visible(text).split()), characters)


def _address(page: str, given: str, *, any_host: bool = False) -> str:
    """Absolute, http(s), short enough; a page speaks for addresses on its own host alone, pictures apart."""
    if not given.strip():
        return ""
    try:
        joined = urljoin(page, given.strip())
        parts = urlsplit(joined)
        same_host = parts.hostname == urlsplit(page).hostname
    except ValueError:
        return ""
    fine = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    if not fine or len(joined) > ADDRESS or not joined.isprintable() or not (any_host or same_host):
        return ""
    return joined


class _Head(HTMLParser):
    """Meta properties and the title, up to the body."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._found: dict[str, str] = {}
        self._title: list[str] = []
        self._in_title = False
        self._over = False

    @property
    def title(self) -> str:
        return "".join(self._title).strip()

    def first(self, *names: str) -> str:
        return next((self._found[name] for name in names if self._found.get(name)), "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._over = True
        if self._over:
            return
        if tag == "title":
            self._in_title = not self._title
        elif tag == "meta":
            given = {name: value or "" for name, value in attrs}
            name = (given.get("property") or given.get("name") or "").strip().lower()
            content = given.get("content", "").strip()
            if name and content:
                self._found.setdefault(name, content[: ADDRESS * 2])

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "head":
            self._over = True

    def handle_data(self, data: str) -> None:
        if self._in_title and not self._over:
            self._title.append(data[: TITLE * 4])
