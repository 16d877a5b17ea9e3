"""The profile `openai`: would the original have taken this document, and what would it have said?

Every message family of CANON section 3 is one rule (E01 is raised by the reader as UnreadableDocument). Rules that
need more than the document (E18, E19, E20) are functions of their own, for those who know the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from actionry.findings import Finding, escape_token, join_pointer
from actionry.limits import OPENAI, Profile
from actionry.openapi.codes import make_finding
from actionry.openapi.model import Schema
from actionry.openapi.rules import Row, Subject
from actionry.openapi.walk import walk_references

_METHODS = frozenset({"get", "put", "post", "delete", "patch"})
"""WI-11: HEAD, OPTIONS and TRACE are skipped."""


def check_version(subject: Subject) -> Iterator[Row]:
    if subject.document.family not in ("3.0", "3.1"):
        place = "/swagger" if subject.document.family == "2.0" else "/openapi"
        yield "GPT-VERSION", place, f"Version {subject.document.version} is not accepted."


def check_null_sections(subject: Subject) -> Iterator[Row]:
    components = subject.root.get("components")
    sections = [(f"/{escape_token(key)}", value) for key, value in subject.root.items()]
    if isinstance(components, dict):
        sections += [(join_pointer("/components", key), value) for key, value in components.items()]
    for operation in subject.operations:
        sections += [
            (f"{operation.pointer}/{key}", operation.raw[key])
            for key in ("parameters", "requestBody", "responses", "security", "tags")
            if key in operation.raw
        ]
    for pointer, value in sections:
        if value is None and pointer != "/components/schemas":
            yield "GPT-NULL-SECTION", pointer, f"`{pointer.rpartition('/')[2]}` is empty."
    if isinstance(components, dict) and "schemas" in components and not isinstance(components["schemas"], dict):
        yield "GPT-SCHEMAS-NOT-OBJECT", "/components/schemas", ""


# ------------------------------------------------------------------------- servers


def check_servers(subject: Subject) -> Iterator[Row]:
    servers = subject.root.get("servers")
    urls = [
        (f"/servers/{index}/url", item["url"])
        for index, item in enumerate(servers if isinstance(servers, list) else ())
        if isinstance(item, dict) and isinstance(item.get("url"), str)
    ]
    usable = [(pointer, url) for pointer, url in urls if urlsplit_or_none(url) is not None]
    if not usable:
        yield "GPT-SERVER-NONE", "/servers" if "servers" in subject.root else "", ""
        return
    if len(usable) > 1:
        yield "GPT-SERVER-SEVERAL", "/servers", f"{len(usable)} servers; `{usable[0][1]}` is used."
    hosts = list(dict.fromkeys(urlsplit(url).netloc for _, url in usable))
    for pointer, url in usable:
        if urlsplit(url).netloc != hosts[0]:
            yield "GPT-HOST-SEVERAL", pointer, f"`{urlsplit(url).netloc}` is dropped; calls go to `{hosts[0]}`."
    for pointer, url in usable:
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.netloc != (parts.hostname or ""):
            yield "GPT-SERVER-ORIGIN", pointer, f"`{url}` is not under https://{(parts.hostname or '').lower()}."


def urlsplit_or_none(url: str) -> str | None:
    """The host of an absolute http(s) URL, None for anything else."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme.lower() in ("http", "https") else None
    except ValueError:
        return None


# ------------------------------------------------------------- paths and operations


def check_path_items(subject: Subject) -> Iterator[Row]:
    paths = subject.root.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for key in item if isinstance(item, dict) else ():
            if key not in _METHODS and not key.startswith("x-"):
                yield "GPT-METHOD", join_pointer("/paths", path, key), f"`{key}` on `{path}` is skipped."


def check_operations(subject: Subject) -> Iterator[Row]:
    limit = subject.profile.operations_per_action
    if limit is not None and len(subject.operations) > limit:
        yield "GPT-OPERATIONS-MANY", "/paths", f"{len(subject.operations)} operations; {limit} are allowed."
    for operation in subject.operations:
        if operation.operation_id is None:
            yield "GPT-OPID-MISSING", operation.pointer, f"{operation.method} {operation.path} has no operationId."


def check_lengths(subject: Subject) -> Iterator[Row]:
    for operation in subject.operations:
        for key in ("description", "summary"):
            yield from _too_long(
                "GPT-DESCRIPTION-LONG",
                operation.raw.get(key),
                f"{operation.pointer}/{key}",
                subject.profile.operation_description,
            )
        for parameter in operation.parameters:
            yield from _too_long(
                "GPT-PARAMETER-DESCRIPTION-LONG",
                parameter.description,
                f"{parameter.pointer}/description",
                subject.profile.parameter_description,
            )


def _too_long(code: str, text: Any, pointer: str, limit: int | None) -> Iterator[Row]:
    if isinstance(text, str) and limit is not None and len(text) > limit:
        yield code, pointer, f"The text has {len(text)} characters; {limit} are allowed."


def check_parameters(subject: Subject) -> Iterator[Row]:
    for operation in subject.operations:
        names: set[str] = set()
        declared = operation.raw.get("parameters")
        for index, raw in enumerate(declared if isinstance(declared, list) else ()):
            pointer = f"{operation.pointer}/parameters/{index}"
            name = raw.get("name") if isinstance(raw, dict) else None
            if not isinstance(name, str) or not name:
                yield "GPT-PARAMETER-NAME", pointer, ""
                continue
            if name in names:
                yield "GPT-PARAMETER-DUPLICATE", pointer, f"`{name}` occurs twice."
            names.add(name)
            if raw.get("in") in ("header", "cookie"):
                yield "GPT-HEADER-IGNORED", pointer, f"`{name}` has location {raw['in']}; it is ignored."
        if operation.request_body is not None and operation.request_body.content:
            for name in operation.schemas.properties(operation.request_body.content[0].schema):
                if name in names:
                    yield "GPT-PARAMETER-DUPLICATE", operation.pointer, f"`{name}` is a parameter and a body property."


def check_security(subject: Subject) -> Iterator[Row]:
    used = {
        scheme.name: scheme.pointer
        for operation in subject.operations
        for requirement in operation.security
        for scheme, _ in requirement.schemes
    }
    if len(used) > 1:
        pointer = list(used.values())[1]
        yield "GPT-SECURITY-SEVERAL", pointer, f"{len(used)} security schemes are used: {', '.join(used)}."


# ------------------------------------------------------------------------- schemas


def check_bodies(subject: Subject) -> Iterator[Row]:
    for operation in subject.operations:
        for media in operation.request_body.content if operation.request_body else ():
            schema = operation.schemas.resolve(media.schema)
            if not _is_object(subject, schema):
                yield "GPT-BODY-NOT-OBJECT", media.pointer, f"The `{media.media_type}` body is not an object."


def _is_object(subject: Subject, schema: Schema) -> bool:
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "object" or "properties" in schema:
        return True
    return bool(schema.get("allOf")) and bool(subject.reader.schemas.properties(schema))


def check_objects(subject: Subject) -> Iterator[Row]:
    for pointer, node in _schemas_written(subject.root):
        if node.get("type") == "object" and not any(
            key in node for key in ("properties", "allOf", "anyOf", "oneOf", "$ref")
        ):
            yield "GPT-OBJECT-NO-PROPERTIES", pointer, ""


def _schemas_written(root: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(pointer, schema as written) of everything that stands where a schema belongs."""
    stack: list[tuple[str, Any, bool]] = [("", root, False)]
    while stack:
        pointer, node, is_schema = stack.pop()
        if isinstance(node, dict):
            if is_schema:
                yield pointer, node
            for key, child in node.items():
                if isinstance(child, dict | list) and key not in ("example", "examples", "default", "enum", "const"):
                    stack.append((f"{pointer}/{escape_token(key)}", child, key in _SCHEMA_PLACES))
                    if key in _SCHEMA_MAPS and isinstance(child, dict):
                        stack.pop()
                        stack.extend((join_pointer(pointer, key, name), value, True) for name, value in child.items())
        elif isinstance(node, list):
            stack.extend((f"{pointer}/{index}", child, is_schema) for index, child in enumerate(node))


_SCHEMA_PLACES = frozenset({"schema", "items", "not", "allOf", "anyOf", "oneOf"})
_SCHEMA_MAPS = frozenset({"properties", "schemas", "definitions", "$defs"})


def check_references(subject: Subject) -> Iterator[Row]:
    unknown = {
        finding.pointer for finding in subject.document.findings if finding.code in ("REF-MISSING", "REF-EXTERNAL")
    }
    for pointer, node in walk_references(subject.root):
        if pointer in unknown:
            yield "GPT-REF-UNKNOWN", pointer, f"`{node['$ref']}` is unknown; an empty schema takes its place."


def check_circles(subject: Subject) -> Iterator[Row]:
    """One finding for each definition that can reach itself (strongly connected, Tarjan's algorithm, no recursion)."""
    section = subject.reader.references.find("#/components/schemas")
    if section is None or not isinstance(section.node, dict):
        return
    edges: dict[str, list[str]] = {name: [] for name in section.node}
    for pointer, node in walk_references({"components": {"schemas": section.node}}):
        owner = pointer.split("/")[3] if pointer.count("/") >= 3 else None
        target = subject.reader.references.find(node["$ref"])
        if owner in edges and target is not None and target.pointer.startswith("/components/schemas/"):
            edges[owner].append(target.pointer.split("/")[3])
    for name in _in_circles(edges):
        yield "GPT-SCHEMA-CIRCULAR", f"/components/schemas/{name}", f"`{name}` refers to itself through its parts."


def _in_circles(edges: Mapping[str, Sequence[str]]) -> list[str]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    found: list[str] = []
    for start in edges:
        work = [(start, iter(edges[start]))] if start not in index else []
        while work:
            name, rest = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                stack.append(name)
                on_stack.add(name)
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    found.extend(_close_component(name, stack, on_stack, edges))
            elif following not in index and following in edges:
                work.append((following, iter(edges[following])))
            elif following in on_stack:
                low[name] = min(low[name], index[following])
    return sorted(found, key=list(edges).index)


def _close_component(name: str, stack: list[str], on_stack: set[str], edges: Mapping[str, Sequence[str]]) -> list[str]:
    component: list[str] = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        component.append(member)
        if member == name:
            break
    return component if len(component) > 1 or name in edges[name] else []


GPT_RULES = (
    check_version,
    check_null_sections,
    check_servers,
    check_path_items,
    check_operations,
    check_lengths,
    check_parameters,
    check_security,
    check_bodies,
    check_objects,
    check_references,
    check_circles,
)


# ------------------------------------------- what needs more than the document itself


def lint_domain(host: str, other_hosts: Sequence[str]) -> list[Finding]:
    """E18 (SP-11): another action of the same GPT has this host already."""
    if host.lower() not in {other.lower() for other in other_hosts}:
        return []
    return [make_finding("GPT-DOMAIN-TAKEN", "/servers", f"Another action of this GPT has the domain {host}.")]


def lint_oauth_hosts(api_host: str, authorization_url: str, token_url: str, same_site: Any) -> list[Finding]:
    """E19 (SV-07): authorization, token and API hosts under one root domain.

    same_site(host, host) -> bool: whether two hosts share a registrable domain (public-suffix list).
    """
    hosts = {"authorization URL": urlsplit_or_none(authorization_url), "token URL": urlsplit_or_none(token_url)}
    return [
        make_finding("GPT-OAUTH-HOSTS", "", f"The {what} is on {host}, the API on {api_host}.")
        for what, host in hosts.items()
        if host is None or not same_site(host, api_host)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What a GPT shows when it is shared."""

    name: str
    description: str = ""
    instructions: str = ""
    welcome_message: str = ""
    category: str | None = None
    privacy_policy_urls: Sequence[str | None] = ()
    """One entry for each action."""
    is_public: bool = True
    """False: shared by link (no category needed, ST-04)."""


def lint_publication(gpt: Publication, profile: Profile = OPENAI) -> list[Finding]:
    """E20 (ST-03, ST-04, GE-03): what still stands between a GPT and its readers."""
    problems: list[str] = []
    if not gpt.name.strip():
        problems.append("The name is empty.")
    limits = (
        ("name", gpt.name, profile.gpt_name),
        ("description", gpt.description, profile.gpt_description),
        ("instructions", gpt.instructions, profile.instructions),
        ("welcome message", gpt.welcome_message, profile.welcome_message),
    )
    for what, text, limit in limits:
        if limit is not None and len(text) > limit:
            problems.append(f"The {what} has {len(text)} characters; {limit} are allowed.")
    for number, url in enumerate(gpt.privacy_policy_urls, 1):
        if not url or not re.match(r"https?://", url) or urlsplit_or_none(url) is None:
            problems.append(f"Action {number} has no valid privacy policy URL.")
    if gpt.is_public and not gpt.category:
        problems.append("No category is chosen.")
    return [make_finding("GPT-PUBLISH", "", problem) for problem in problems]
