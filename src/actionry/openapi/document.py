"""Text or a mapping becomes a Document: which version it is, where each part stands, and what was mended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from actionry.errors import UnreadableDocument, UnsupportedVersion
from actionry.findings import Finding, Position, join_pointer
from actionry.limits import READ_LIMITS, ReadLimits
from actionry.openapi.codes import make_finding
from actionry.openapi.other_kinds import OTHER_KINDS
from actionry.openapi.plain import plain_mapping
from actionry.syntax import Tree, read_tree

Family = Literal["2.0", "3.0", "3.1", "3.2"]
"""Versions that are read alike."""

VERSION = re.compile(r"[vV=~^]?\s*(\d{1,4})(?:\.(\d{1,4}|x|X|\*))?(?:[.\-+ ].*)?", re.S)
EXAMPLE = 'An OpenAPI document starts with e.g. openapi: "3.1.0", info and paths.'


@dataclass(slots=True, eq=False)
class Document:
    root: dict[str, Any]
    version: str
    """As declared, as text, e.g. `3.0.1`; the guessed family when nothing is declared."""
    family: Family
    tree: Tree | None = field(default=None, repr=False)
    """None when it was made from a mapping."""
    findings: list[Finding] = field(default_factory=list)
    source_url: str | None = None
    """Where it was fetched; relative server URLs are resolved against it."""

    def locate(self, pointer: str) -> Position | None:
        """Line and column of that part in the source text; None without a text."""
        return self.tree.locate(pointer) if self.tree is not None else None


def read_document(
    source: bytes | str | Mapping[Any, Any], *, limits: ReadLimits = READ_LIMITS, source_url: str | None = None
) -> Document:
    """Read OpenAPI 3 or Swagger 2.0, in JSON or YAML, or as a mapping.

    Raises UnreadableDocument for what cannot be parsed or breaks a budget, UnsupportedVersion for what is something
    else. Everything less is a finding.
    """
    tree: Tree | None = None
    if isinstance(source, Mapping):
        root: Any = plain_mapping(source, limits)
    else:
        tree = read_tree(source, limits=limits)
        root = tree.root
    return document_of(root, tree, source_url)


def document_of(root: Any, tree: Tree | None, source_url: str | None = None) -> Document:
    """The Document of a tree that has been read already (in a worker, or to see what it is)."""
    if not isinstance(root, dict):
        raise not_a_mapping(root)
    document = Document(root, "", "3.0", tree, list(tree.findings) if tree else [], source_url)
    read_version(document)
    return document


def note(document: Document, code: str, pointer: str, message: str = "") -> None:
    document.findings.append(make_finding(code, pointer, message, locate=document.locate))


def read_version(document: Document) -> None:
    """Set `version` and `family`. Raises UnsupportedVersion."""
    root = document.root
    keys = [key for name in ("openapi", "swagger") for key in root if key.strip().lower() == name]
    if not keys:
        guess_version(document)
        return
    key = keys[0]
    if len(keys) > 1:
        key = next((k for k in keys if fits(k, root[k])), key)
        note(
            document,
            "VERSION-TWICE",
            join_pointer("", key),
            f"Both `{keys[0]}` and `{keys[1]}` are given; `{key}` counts.",
        )
    declared = root[key]
    pointer = join_pointer("", key)
    if isinstance(declared, int | float) and not isinstance(declared, bool):
        note(document, "VERSION-NOT-TEXT", pointer, f"The version {declared} is a number, not text.")
    text = "" if declared is None or isinstance(declared, bool | dict | list) else str(declared).strip()
    match = VERSION.fullmatch(text)
    if match is None:
        document.family = guessed_family(root)
        document.version = text or document.family
        message = f"`{key}: {text[:40]}` is no version; the document is read as {document.family}."
        note(document, "VERSION-FORM", pointer, message)
        return
    document.version = text
    document.family = family_of(document, key, match)
    if key not in ("openapi", "swagger") or not text[0].isdigit():
        note(document, "VERSION-FORM", pointer)


def fits(key: str, declared: object) -> bool:
    return str(declared).strip().startswith("2" if key.strip().lower() == "swagger" else "3")


def family_of(document: Document, key: str, match: re.Match[str]) -> Family:
    """Patch numbers change nothing; a minor version to come is read like the latest known one."""
    major, minor = int(match[1]), match[2]
    pointer = join_pointer("", key)
    if major == 2:
        if key.strip().lower() == "openapi":
            note(document, "VERSION-FORM", pointer, "Version 2.0 is declared as `swagger`, not `openapi`.")
        return "2.0"
    if major != 3:
        raise UnsupportedVersion(
            f"The document declares `{key}: {document.version}`; Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2 are read.",
            mend="Convert it to OpenAPI 3.",
            code="VERSION-UNSUPPORTED",
            pointer=pointer,
            line=place.line if (place := document.locate(pointer)) else None,
            column=place.column if place else None,
        )
    if key.strip().lower() == "swagger":
        note(document, "VERSION-FORM", pointer, "Version 3 is declared as `openapi`, not `swagger`.")
    families: dict[str, Family] = {"0": "3.0", "1": "3.1", "2": "3.2"}
    if minor is None or not minor.isdigit():
        note(document, "VERSION-FORM", pointer, f"The version `{document.version}` names no minor version.")
        return guessed_family(document.root, major=3)
    family = families.get(str(int(minor)), "3.2")
    if str(int(minor)) not in families:
        note(document, "VERSION-UNKNOWN", pointer, f"OpenAPI {document.version} is not known; read like {family}.")
    return family


def guess_version(document: Document) -> None:
    """No version is declared: fine when there are paths, otherwise it is something else."""
    root = document.root
    if not isinstance(root.get("paths"), dict) and not isinstance(root.get("webhooks"), dict):
        raise something_else(root)
    document.version = document.family = guessed_family(root)
    message = f"Neither `openapi` nor `swagger` names the version; the content looks like {document.family}."
    note(document, "VERSION-MISSING", "", message)


def guessed_family(root: Mapping[str, Any], *, major: int | None = None) -> Family:
    """By what only one version has; 3.0 when nothing tells."""
    only_in_2 = {"definitions", "securityDefinitions", "basePath", "host", "schemes", "consumes", "produces"}
    if major != 3 and only_in_2 & root.keys() and not {"components", "servers"} & root.keys():
        return "2.0"
    return "3.1" if {"webhooks", "jsonSchemaDialect"} & root.keys() else "3.0"


# What it is instead


def something_else(root: dict[str, Any]) -> UnsupportedVersion:
    for kind in OTHER_KINDS:
        if kind.is_it(root):
            return UnsupportedVersion(f"This is {kind.name}.", mend=kind.mend or EXAMPLE, code=kind.code)
    for key, value in root.items():
        if isinstance(value, dict) and ({"openapi", "swagger"} & value.keys()):
            pointer = join_pointer("", key)
            return UnsupportedVersion(
                f"The OpenAPI document stands inside another structure, at {pointer}.",
                mend=f"Give the value of `{key}` alone.",
                code="DOC-WRAPPED",
                pointer=pointer,
            )
    if not root:
        return UnsupportedVersion("The document is an empty mapping.", mend=EXAMPLE, code="DOC-EMPTY")
    names = ", ".join(list(root)[:5]) + (", …" if len(root) > 5 else "")
    message = f"This is no OpenAPI document: it has neither `openapi` nor `swagger` nor `paths`, but {names[:200]}."
    return UnsupportedVersion(message, mend=EXAMPLE, code="DOC-NOT-OPENAPI")


def not_a_mapping(root: Any) -> UnreadableDocument:
    message = f"The document is {kind_of(root)}, not a mapping with `openapi` and `paths`."
    mend = EXAMPLE
    if isinstance(root, list):
        if any(isinstance(item, dict) and ({"openapi", "swagger"} & item.keys()) for item in root[:20]):
            mend = "Give one of the list's items alone."
    elif isinstance(root, str):
        start = root.lstrip()
        if start.startswith(("openapi:", "swagger:", "{")):
            message, mend = "The document is quoted as one piece of text.", "Give the text inside the quotes."
        elif start.lower().startswith("curl "):
            message = "This is a cURL command, not an OpenAPI document."
        elif re.match(r"https?://\S+$", start):
            message, mend = "This is an address, not a document.", "Fetch the address and give what it answers."
    return UnreadableDocument(message, mend=mend, code="DOC-NOT-A-MAPPING")


def kind_of(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "plain text"
        case list():
            return "a list"
        case _:
            return "a mapping"
