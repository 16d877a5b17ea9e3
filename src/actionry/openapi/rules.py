"""What a linter looks for beyond what the reader meets: a rule is a function, yielding code, pointer and message."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from actionry.findings import escape_token, join_pointer
from actionry.http import is_host_header, origin_of
from actionry.limits import Profile
from actionry.openapi import keywords
from actionry.openapi.document import Document
from actionry.openapi.model import Operation
from actionry.openapi.operations import OperationReader
from actionry.openapi.walk import walk_texts

Row = tuple[str, str, str]
"""(code, pointer, message; "" for the catalogue's own)"""

_LEGAL_ID = re.compile(r"[A-Za-z0-9_-]+")
_LEGAL_COMPONENT = re.compile(r"[A-Za-z0-9._-]+")
_PLACEHOLDER = re.compile(
    r"(?:^|[/.{<_-])your[-_ A-Z{]|your(?:api|app|domain|server|host|site|company|subdomain|function|url)|"
    r"\bexample\.(?:com|org|net)|"
    r"PLUGIN_HOSTNAME|\bxxx+\b|changeme|placeholder|replace[-_]?(?:me|with)|"
    r"\bmy[-_]?(?:api|domain|server|host)\.|insert[-_ ]",
    re.IGNORECASE,
)
_GAP = re.compile(r"<[^>]*>|\{\{|\[[A-Za-z_ -]+\]")
"""A gap to fill in, wherever it stands in the URL."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rules look at."""

    document: Document
    reader: OperationReader
    operations: Sequence[Operation]
    names: Mapping[str, str]
    """Pointer of each operation -> the function name that the model sees."""
    profile: Profile

    @property
    def root(self) -> dict[str, Any]:
        return self.document.root


Rule = Callable[[Subject], Iterable[Row]]


# -------------------------------------------------------------- the whole document


def check_info(subject: Subject) -> Iterator[Row]:
    info = subject.root.get("info")
    if not isinstance(info, dict):
        yield "INFO-MISSING", "", ""
        return
    if not info.get("title"):
        yield "INFO-TITLE-MISSING", "/info", ""
    if info.get("version") in (None, ""):
        yield "INFO-VERSION-MISSING", "/info", ""
    elif not isinstance(info["version"], str):
        yield "INFO-VERSION-NOT-TEXT", "/info/version", f"`version: {info['version']}` is not text."


def check_sections(subject: Subject) -> Iterator[Row]:
    components = subject.root.get("components")
    if components is not None and not isinstance(components, dict):
        yield "SECTION-NOT-OBJECT", "/components", "`components` is not a mapping."
        return
    for name, section in (components or {}).items():
        if not name.startswith("x-") and section is not None and not isinstance(section, dict):
            yield "SECTION-NOT-OBJECT", f"/components/{escape_token(name)}", f"`components.{name}` is not a mapping."


def check_component_keys(subject: Subject) -> Iterator[Row]:
    components = subject.root.get("components")
    for section_name, section in components.items() if isinstance(components, dict) else ():
        for key in section if isinstance(section, dict) and not section_name.startswith("x-") else ():
            if not _LEGAL_COMPONENT.fullmatch(key):
                yield (
                    "COMPONENT-KEY-ILLEGAL",
                    join_pointer("/components", section_name, key),
                    f"The key `{key}` is illegal.",
                )


def check_invisible_text(subject: Subject) -> Iterator[Row]:
    for pointer, key, text in walk_texts(subject.root):
        if key in ("description", "summary", "title", "name", "operationId") and keywords.INVISIBLE.search(text):
            yield "INVISIBLE-TEXT", f"{pointer}/{key}", ""


# ------------------------------------------------------------------------- servers


def check_servers(subject: Subject) -> Iterator[Row]:
    for server in {server.pointer: server for operation in subject.operations for server in operation.servers}.values():
        if not server.pointer:
            continue
        place = server.pointer if subject.document.family == "2.0" else f"{server.pointer}/url"
        template = server.template or server.url
        if "://" not in template:
            yield "SERVER-RELATIVE", place, f"`{template}` is relative."
        host = urlsplit(server.url).hostname or ""
        if is_private_host(host):
            yield "SERVER-LOCALHOST", place, f"`{template}` is this machine or a private network."
        elif server.url.startswith("http://"):
            yield "SERVER-HTTP", place, f"`{template}` is not https."


def check_placeholders(subject: Subject) -> Iterator[Row]:
    """Servers as written, usable or not; the host alone, because `/example.com/` in a path means nothing."""
    servers = subject.root.get("servers")
    written: list[tuple[str, str]] = [
        (f"/servers/{index}/url", item["url"])
        for index, item in enumerate(servers if isinstance(servers, list) else ())
        if isinstance(item, dict) and isinstance(item.get("url"), str)
    ]
    written += [("/host", subject.root["host"])] if isinstance(subject.root.get("host"), str) else []
    resolved = {server.pointer: server.url for operation in subject.operations for server in operation.servers}
    for pointer, template in written:
        filled = resolved.get(pointer.removesuffix("/url"), template)
        hosts = (url.partition("://")[2].partition("/")[0] or url for url in (template, filled))
        if _GAP.search(template) or any(_PLACEHOLDER.search(host) for host in hosts):
            yield "SERVER-PLACEHOLDER", pointer, f"`{template}` looks like a placeholder."


def is_private_host(host: str) -> bool:
    """Whether a server's host is plainly not public, told from its spelling alone; the door out decides for real."""
    if host in ("localhost", "host.docker.internal") or host.endswith((".localhost", ".local", ".internal", ".lan")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def check_origins(subject: Subject) -> Iterator[Row]:
    origins: dict[str, str] = {}
    for operation in subject.operations:
        if operation.security and operation.server_url.startswith("http"):
            try:
                origins.setdefault(origin_of(operation.server_url), operation.pointer)
            except ValueError:
                continue
    for origin, pointer in list(origins.items())[1:]:
        yield "SERVER-ORIGINS", pointer, f"This operation goes to {origin}, others go to {next(iter(origins))}."


# ---------------------------------------------------------------------- operations


def check_operation_ids(subject: Subject) -> Iterator[Row]:
    counts = Counter(operation.operation_id for operation in subject.operations if operation.operation_id)
    seen: set[str] = set()
    for operation in subject.operations:
        declared = operation.operation_id
        name = subject.names.get(operation.pointer, "")
        if declared is None:
            yield "OPID-MISSING", operation.pointer, f"{operation.method} {operation.path} has no operationId."
            continue
        place = f"{operation.pointer}/operationId"
        if not _LEGAL_ID.fullmatch(declared):
            yield "OPID-ILLEGAL", place, f"`{declared}` is no function name; the model sees `{name}`."
        if len(declared) > 64:
            yield "OPID-LONG", place, f"`{declared}` has {len(declared)} characters; the model sees `{name}`."
        if counts[declared] > 1 and declared in seen:
            yield (
                "OPID-DUPLICATE",
                place,
                f"`{declared}` occurs {counts[declared]} times; here the model sees `{name}`.",
            )
        seen.add(declared)


def check_descriptions(subject: Subject) -> Iterator[Row]:
    for operation in subject.operations:
        if not operation.summary and not operation.description:
            yield "OP-NO-DESCRIPTION", operation.pointer, f"{operation.method} {operation.path} has no description."
        for parameter in operation.parameters:
            schema = operation.schemas.resolve(parameter.schema)
            if not parameter.description and not (isinstance(schema, dict) and schema.get("description")):
                yield "PARAM-NO-DESCRIPTION", parameter.pointer, f"The parameter `{parameter.name}` has no description."


def check_names(subject: Subject) -> Iterator[Row]:
    for operation in subject.operations:
        places: dict[str, list[str]] = defaultdict(list)
        for parameter in operation.parameters:
            places[parameter.name].append(parameter.location)
            if parameter.location == "header" and is_host_header(parameter.name):
                yield "HEADER-IGNORED", parameter.pointer, f"The header `{parameter.name}` is set by the host."
        if operation.request_body is not None and "body" in places:
            yield "NAME-COLLISION", operation.pointer, "A parameter is named `body`, as is the request body."
        for name, locations in places.items():
            if len(locations) > 1:
                yield "NAME-COLLISION", operation.pointer, f"`{name}` stands in {' and '.join(locations)}."
        for name in _body_names(operation) & places.keys():
            yield "NAME-COLLISION", operation.pointer, f"`{name}` is a parameter and a property of the body."


def _body_names(operation: Operation) -> set[str]:
    if operation.request_body is None or not operation.request_body.content:
        return set()
    return set(operation.schemas.properties(operation.request_body.content[0].schema))


def check_responses(subject: Subject) -> Iterator[Row]:
    for operation in subject.operations:
        if not isinstance(operation.raw.get("responses"), dict) or not operation.raw["responses"]:
            yield "RESPONSES-MISSING", operation.pointer, ""


def check_paths(subject: Subject) -> Iterator[Row]:
    paths = subject.root.get("paths")
    for path in paths if isinstance(paths, dict) else ():
        if "?" in path:
            yield "PATH-WITH-QUERY", join_pointer("/paths", path), f"`{path}` holds a query string."
        if "#" in path:
            yield "PATH-WITH-FRAGMENT", join_pointer("/paths", path), f"`{path}` holds a fragment."


def check_bodies(subject: Subject) -> Iterator[Row]:
    for operation in subject.operations:
        if operation.request_body is None:
            continue
        if operation.method in ("GET", "HEAD"):
            yield "BODY-ON-GET", operation.request_body.pointer, f"{operation.method} {operation.path} declares a body."
        elif operation.method == "DELETE":
            yield "BODY-ON-DELETE", operation.request_body.pointer, f"DELETE {operation.path} declares a body."


RULES: tuple[Rule, ...] = (
    check_info,
    check_sections,
    check_component_keys,
    check_servers,
    check_placeholders,
    check_origins,
    check_paths,
    check_operation_ids,
    check_descriptions,
    check_names,
    check_responses,
    check_bodies,
    check_invisible_text,
)
