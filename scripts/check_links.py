"""Do relative links and anchors in the Markdown pages lead somewhere? For `./run check` and the tests."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent

_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_ABSOLUTE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def pages(root: Path = ROOT) -> list[Path]:
    """Every Markdown page of the project."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings; a repeated heading gets `-1`, `-2` …"""
    seen: dict[str, int] = {}
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text("utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        found.add(f"{anchor}-{count}" if count else anchor)
    return found


def broken_links(page: Path) -> Iterator[str]:
    """One line for each link of the page that leads nowhere: `page:line: target: reason`."""
    text = page.read_text("utf-8")
    # Blanked, not cut out: the line numbers stay right.
    visible = _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    visible = _CODE_SPAN.sub(lambda match: " " * len(match[0]), visible)
    for match in _LINK.finditer(visible):
        target = match[1] or match[2]
        if _ABSOLUTE.match(target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / unquote(path)).resolve() if path else page
        line = visible.count("\n", 0, match.start()) + 1
        if not file.exists():
            yield f"{page.relative_to(ROOT)}:{line}: {target}: there is no such file"
        elif anchor and file.suffix == ".md" and unquote(anchor) not in anchors(file):
            yield f"{page.relative_to(ROOT)}:{line}: {target}: the page has no such heading"


def main() -> int:
    broken = [line for page in pages() for line in broken_links(page)]
    for line in broken:
        print(line)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
