"""HTML as the text that a reader would see: no scripts, no styles, links with their addresses."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object", "head", "canvas"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure",
        "footer", "form", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul",
        "h1", "h2", "h3", "h4", "h5", "h6", "caption", "summary", "details", "option", "body",
    }
)  # fmt: skip
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_SHOWN_LINKS = ("http://", "https://", "mailto:", "tel:")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def html_to_text(html: str, base_url: str = "") -> str:
    """Title, headings, paragraphs, lists and tables as lines; `[text](address)` for links, made absolute.

    What a browser would not show is left out: scripts, styles, comments, elements that are hidden.
    """
    reader = _Reader(base_url)
    reader.feed(without_loose_ends(html))
    reader.close()
    return reader.text()


def without_loose_ends(html: str) -> str:
    """The page with what is opened and never closed turned into plain text.

    For each such opening, html.parser looks through all the rest of the page: 40 kB of `<a <a <a …` took a minute.
    """
    html = html.replace("<![", "&lt;![")
    end = html.rfind("-->")
    html = html[: end + 3] + html[end + 3 :].replace("<!--", "&lt;!--") if end >= 0 else html.replace("<!--", "&lt;!--")
    end = html.rfind(">")
    return html[: end + 1] + html[end + 1 :].replace("<", "&lt;")


class _Reader(HTMLParser):
    def __init__(self, base_url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base_url = base_url
        self._parts: list[str] = []
        self._unseen: list[str] = []
        """Open elements that are not shown, and what is open inside them."""
        self._title: list[str] = []
        self._in_title = False
        self._links: list[tuple[str, int]] = []
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "title":
            self._in_title = True
        if tag == "body":
            self._unseen.clear()  # a head that was never closed ends here
        if self._unseen or tag in _UNSEEN or _is_hidden(given):
            if tag not in _VOID:
                self._unseen.append(tag)
            return
        if tag in _BLOCKS:
            self._new_line()
        if tag == "li":
            self._parts.append("- ")
        elif tag in _HEADINGS:
            self._parts.append(_HEADINGS[tag])
        elif tag in ("td", "th"):
            self._parts.append(" | " if self._parts and not self._parts[-1].endswith("\n") else "")
        elif tag == "pre":
            self._pre += 1
        elif tag == "img" and given.get("alt"):
            self._parts.append(f"[image: {given['alt']}]")
        elif tag == "a":
            self._links.append((self._address(given.get("href") or ""), len(self._parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if self._unseen:
            if tag in self._unseen:
                while self._unseen.pop() != tag:
                    pass
            return
        if tag == "a" and self._links:
            self._close_link()
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        if tag in _BLOCKS:
            self._new_line()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._title.append(data)
        elif not self._unseen:
            self._parts.append(data if self._pre else re.sub(r"\s+", " ", data))

    def text(self) -> str:
        while self._links:
            self._close_link()
        lines = [re.sub(r"[ \t]+", " ", line).strip() for line in "".join(self._parts).split("\n")]
        body = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
        title = re.sub(r"\s+", " ", "".join(self._title)).strip()
        return f"{title}\n\n{body}".strip() if title and not body.startswith(f"# {title}") else body

    def _close_link(self) -> None:
        address, start = self._links.pop()
        label = "".join(self._parts[start:]).strip()
        if address and label and label != address:
            del self._parts[start:]
            self._parts.append(f"[{label}]({address})")

    def _address(self, href: str) -> str:
        try:
            address = urljoin(self._base_url, href.strip())
        except ValueError:
            return ""
        return address if address.lower().startswith(_SHOWN_LINKS) else ""

    def _new_line(self) -> None:
        if self._parts and not self._parts[-1].endswith("\n"):
            self._parts.append("\n")


def _is_hidden(given: dict[str, str | None]) -> bool:
    # Text that only a machine would read is where instructions to a model are hidden (THREATS P-11).
    return (
        "hidden" in given or given.get("aria-hidden") == "true" or bool(_HIDDEN_STYLE.search(given.get("style") or ""))
    )
