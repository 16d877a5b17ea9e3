"""From what the user names (file, address, domain, `-`) to an action."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from actionry.actions.action import Action, load_action
from actionry.errors import DocumentError

_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::\d+)?(?:/.*)?|localhost(?::\d+)?(?:/.*)?")


def is_remote(source: str) -> bool:
    """An address or a bare domain, unless a file of that name exists."""
    if source.startswith(("http://", "https://")):
        return True
    return not Path(source).exists() and _DOMAIN.fullmatch(source) is not None and not _looks_like_file(source)


def _looks_like_file(source: str) -> bool:
    return source.endswith((".yaml", ".yml", ".json", ".txt")) and "/" not in source.rstrip("/")


def read_source(source: str) -> bytes | Path:
    """The bytes of standard input, or the path; raises DocumentError when there is no such file."""
    if source == "-":
        return sys.stdin.buffer.read()
    path = Path(source)
    if not path.is_file():
        raise DocumentError(
            f"There is no file `{source}`.",
            mend="Give a file, an address that begins with https://, a domain, or `-` for standard input.",
            code="DOC-NO-FILE",
        )
    return path


def open_action(source: str, *, base_url: str | None = None, allow: Sequence[str] = ()) -> Action:
    """Load from a file or standard input, or fetch through the door out (addresses in `allow` are reachable too)."""
    if not is_remote(source):
        return load_action(read_source(source), base_url)
    return asyncio.run(_fetch(source, base_url, allow))


async def _fetch(source: str, base_url: str | None, allow: Sequence[str]) -> Action:
    from actionry.actions.fetch import fetch_action
    from actionry.outbound import Outbound

    async with Outbound(allow=tuple(allow)) as outbound:
        return await fetch_action(source, outbound=outbound, base_url=base_url)
