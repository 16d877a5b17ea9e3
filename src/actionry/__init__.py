"""Give any model any API: OpenAPI documents and plugin manifests become functions, exact requests and safe calls.

Names are loaded on first use, so that `import actionry` is quick and reading a document never loads an HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actionry.actions.action import Action as Action
    from actionry.actions.action import load_action as load_action
    from actionry.actions.fetch import fetch_action as fetch_action
    from actionry.actions.result import Result as Result
    from actionry.errors import ActionryError as ActionryError
    from actionry.errors import ArgumentError as ArgumentError
    from actionry.errors import DocumentError as DocumentError
    from actionry.findings import Finding as Finding
    from actionry.http import File as File
    from actionry.http import Request as Request
    from actionry.manifest import Manifest as Manifest
    from actionry.manifest import read_manifest as read_manifest
    from actionry.models.rehearsal import rehearse as rehearse
    from actionry.outbound import Outbound as Outbound
    from actionry.tools.function_schema import Function as Function
    from actionry.tools.search import OperationIndex as OperationIndex

__version__ = "0.1.0"

_HOMES = {
    "Action": "actionry.actions.action",
    "ActionryError": "actionry.errors",
    "ArgumentError": "actionry.errors",
    "DocumentError": "actionry.errors",
    "File": "actionry.http",
    "Finding": "actionry.findings",
    "Function": "actionry.tools.function_schema",
    "Manifest": "actionry.manifest",
    "OperationIndex": "actionry.tools.search",
    "Outbound": "actionry.outbound",
    "Request": "actionry.http",
    "Result": "actionry.actions.result",
    "fetch_action": "actionry.actions.fetch",
    "load_action": "actionry.actions.action",
    "read_manifest": "actionry.manifest",
    "rehearse": "actionry.models.rehearsal",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'actionry' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
