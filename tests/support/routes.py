"""Every route of an app, also of included routers: (method, path template)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    return sorted(set(_walk(app.routes)))


def _walk(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes)
            continue
        for method in sorted(set(route.methods or ()) - {"HEAD"}):
            yield method, route.path
