"""The API, one file per subject. A route file holds `router`; it is served when its name stands in `MODULES`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from fastapi import APIRouter

MODULES = (
    "auth",
    "accounts",
    "chat",
    "files",
    "consents",
    "debug",
    "gpts",
    "actions",
    "connections",
    "plugins",
    "models",
    "admin",
    "providers",
    "health",
)
"""In the order of the document."""


def routers() -> list[APIRouter]:
    """Of every module that is there; `links` are addresses beside the API."""
    names = (f"{__name__}.{name}" for name in MODULES)
    modules = [import_module(name) for name in names if find_spec(name) is not None]
    return [getattr(module, name) for module in modules for name in ("router", "links") if hasattr(module, name)]
