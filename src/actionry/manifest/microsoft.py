"""Microsoft's `ai-plugin.json` v2 (2.1 to 2.4): `functions` and `runtimes` become the fields of v1 (M-03)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actionry.findings import join_pointer
from actionry.manifest.codes import Report
from actionry.manifest.model import DeclaredFunction

_VERSION = re.compile(r"v?2(?:\.\d+)*")
FIELDS = frozenset({"$schema", "namespace", "functions", "runtimes", "capabilities", "privacy_policy_url"})
AUTH_KINDS: dict[str, str] = {
    "none": "none",
    "anonymous": "none",
    "apikeypluginvault": "service_http",
    "oauthpluginvault": "oauth",
    "oauth": "oauth",
    "apikey": "api_key",
    "entraid": "oauth",
    "microsoftentra": "oauth",
}
"""Runtime's `auth.type` in small letters -> v1. A vault holds one key for all users of a tenant: service_http."""


@dataclass(frozen=True, slots=True)
class Mapped:
    fields: dict[str, Any]
    functions: tuple[DeclaredFunction, ...]
    conversation_starters: tuple[str, ...]
    pointers: dict[str, str] = field(default_factory=dict)
    """Place in v1 -> place in the source, where a field comes from elsewhere: `/api/url` -> `/runtimes/0/spec/url`."""


def is_microsoft(data: Mapping[str, Any]) -> bool:
    """`runtimes` and no `api`, or version 2 with a list of functions."""
    if isinstance(data.get("api"), Mapping):
        return False
    version = data.get("schema_version")
    is_v2 = isinstance(version, (str, int, float)) and _VERSION.fullmatch(str(version).strip().lower()) is not None
    return isinstance(data.get("runtimes"), list) or (is_v2 and isinstance(data.get("functions"), list))


def map_fields(data: Mapping[str, Any], report: Report) -> Mapped:
    """The same manifest in the fields of v1; the first OpenAPI runtime is the one that is called."""
    fields = {key: value for key, value in data.items() if key not in FIELDS}
    pointers: dict[str, str] = {}
    if "name_for_model" not in fields and "namespace" in data:
        fields["name_for_model"] = data["namespace"]
        pointers["/name_for_model"] = "/namespace"
    if not fields.get("legal_info_url") and data.get("privacy_policy_url"):
        fields["legal_info_url"] = data["privacy_policy_url"]
        pointers["/legal_info_url"] = "/privacy_policy_url"
    offered = _functions(data)
    runtime = _openapi_runtime(data, report)
    if runtime is not None:
        place, content = runtime
        spec = content["spec"]
        fields["api"] = {"type": "openapi", "url": spec["url"]}
        fields["auth"] = _auth(content.get("auth"))
        pointers |= {"/api/url": f"{place}/spec/url", "/api": place, "/auth": f"{place}/auth"}
        offered = _only(offered, content.get("run_for_functions"))
    fields.setdefault("auth", {"type": "none"})
    return Mapped(fields, offered, _starters(data), pointers)


def _functions(data: Mapping[str, Any]) -> tuple[DeclaredFunction, ...]:
    found: list[DeclaredFunction] = []
    functions = data.get("functions")
    for item in functions if isinstance(functions, list) else []:
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(name, str) and name.strip():
            description = item.get("description")
            found.append(DeclaredFunction(name.strip(), description if isinstance(description, str) else ""))
    return tuple(found)


def _only(functions: tuple[DeclaredFunction, ...], names: object) -> tuple[DeclaredFunction, ...]:
    """Those that the runtime runs; `["*"]` and nothing mean all. A trailing `*` is a wildcard."""
    if not isinstance(names, list) or not names:
        return functions
    patterns = [re.escape(name).replace(r"\*", ".*") for name in names if isinstance(name, str)]
    return tuple(one for one in functions if any(re.fullmatch(pattern, one.name) for pattern in patterns))


def _openapi_runtime(data: Mapping[str, Any], report: Report) -> tuple[str, Mapping[str, Any]] | None:
    chosen: tuple[str, Mapping[str, Any]] | None = None
    runtimes = data.get("runtimes")
    for number, runtime in enumerate(runtimes if isinstance(runtimes, list) else []):
        place = join_pointer("/runtimes", number)
        if _is_openapi(runtime):
            if chosen is None:
                chosen = (place, runtime)
            else:
                report.add("MANIFEST-RUNTIME", place, "There are several OpenAPI runtimes; the first is used.")
        else:
            kind = runtime.get("type") if isinstance(runtime, Mapping) else None
            report.add(
                "MANIFEST-RUNTIME", place, f"Runtime {number + 1} is {str(kind)[:40]!r}, not OpenApi with a URL."
            )
    return chosen


def _is_openapi(runtime: object) -> bool:
    if not isinstance(runtime, Mapping) or str(runtime.get("type", "")).lower() != "openapi":
        return False
    spec = runtime.get("spec")
    return isinstance(spec, Mapping) and isinstance(spec.get("url"), str)


def _auth(auth: object) -> dict[str, Any]:
    if isinstance(auth, str):
        auth = {"type": auth}
    if not isinstance(auth, Mapping):
        return {"type": "none"}
    declared = auth.get("type")
    kind = AUTH_KINDS.get(str(declared).lower()) if declared is not None else "none"
    rest = {key: value for key, value in auth.items() if key != "type"}
    if kind == "service_http":
        rest.setdefault("authorization_type", "bearer")
    return {"type": kind or declared, **rest}


def _starters(data: Mapping[str, Any]) -> tuple[str, ...]:
    capabilities = data.get("capabilities")
    starters = capabilities.get("conversation_starters") if isinstance(capabilities, Mapping) else None
    texts = (
        [item.get("text") if isinstance(item, Mapping) else item for item in starters or []]
        if isinstance(starters, list)
        else []
    )
    return tuple(text for text in texts if isinstance(text, str) and text.strip())
