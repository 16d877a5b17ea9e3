"""Where a `$ref` leads. Only inside the document: nothing external is ever fetched or opened (S-17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from actionry.findings import escape_token, join_pointer, unescape_token
from actionry.limits import READ_LIMITS, ReadLimits

Problem = Literal["REF-MISSING", "REF-EXTERNAL", "REF-CYCLE", "REF-NOT-TEXT", "REF-MISSPELLED"]
Report = Callable[[Problem, str, str], None]
"""Called with code, pointer of the place that holds the `$ref`, and the reference."""

_MISSING: Any = object()

_RENAMED_SECTIONS = (
    ("/definitions/", "/components/schemas/"),
    ("/components/schemas/", "/definitions/"),
    ("/components/schema/", "/components/schemas/"),
    ("/component/schemas/", "/components/schemas/"),
    ("/schemas/", "/components/schemas/"),
    ("/parameters/", "/components/parameters/"),
    ("/components/parameters/", "/parameters/"),
    ("/responses/", "/components/responses/"),
    ("/components/responses/", "/responses/"),
)
"""Sections that people mix up between Swagger 2.0 and OpenAPI 3, or misspell."""


@dataclass(frozen=True, slots=True)
class Target:
    node: Any
    pointer: str
    """Canonical JSON pointer of the node, the same for every spelling of the reference."""


class References:
    """Resolves references of one document; each spelling once."""

    def __init__(self, root: Mapping[str, Any], report: Report, *, limits: ReadLimits = READ_LIMITS) -> None:
        self._root = root
        self._report = report
        self._limits = limits
        self._targets: dict[str, Target | None] = {}
        self._named: dict[str, Target] | None = None

    def follow(self, node: Any, pointer: str) -> Target | None:
        """The node itself, or where its chain of `$ref`s ends; None (and reported) when it ends nowhere."""
        place = pointer
        for _ in range(self._limits.reference_hops):
            if not isinstance(node, dict) or "$ref" not in node:
                return Target(node, place)
            target = self.target(node["$ref"], place)
            if target is None:
                return None
            node, place = target.node, target.pointer
        self._report("REF-CYCLE", pointer, "")
        return None

    def target(self, reference: Any, at: str) -> Target | None:
        """What one reference at the place `at` points to; None (and reported) when there is nothing."""
        if not isinstance(reference, str):
            self._report("REF-NOT-TEXT", at, repr(reference)[:80])
            return None
        if reference in self._targets:
            found = self._targets[reference]
            if found is not None:
                return found
        found = self._find(reference, at)
        self._targets[reference] = found
        return found

    def find(self, reference: str) -> Target | None:
        """What a local pointer such as `#/components/schemas` names; None, unreported, when there is nothing."""
        return self._walk(reference[1:]) if reference.startswith("#") else None

    def _find(self, reference: str, at: str) -> Target | None:
        base, _, fragment = reference.partition("#")
        if base:
            return self._find_by_name(reference, base, fragment, at)
        if fragment and not fragment.startswith("/"):
            return self._find_anchor(reference, fragment, at)
        found = self._walk(fragment)
        if found is not None:
            return found
        return self._find_misspelled(reference, fragment, at)

    def _find_misspelled(self, reference: str, fragment: str, at: str) -> Target | None:
        for wrong, right in _RENAMED_SECTIONS:
            if fragment.startswith(wrong):
                found = self._walk(right + fragment[len(wrong) :])
                if found is not None:
                    self._report("REF-MISSPELLED", at, reference)
                    return found
        # `#/$defs/X` meant relative to the schema around it, which JSON Schema allows only below an `$id`.
        for ancestor in _ancestors(at):
            found = (
                self._walk(_quote_fragment(ancestor) + fragment)
                if fragment.startswith(("/$defs/", "/definitions/"))
                else None
            )
            if found is not None:
                return found
        self._report("REF-MISSING", at, reference)
        return None

    def _find_by_name(self, reference: str, base: str, fragment: str, at: str) -> Target | None:
        """`$id` and `$self` (3.2) name parts of this document; a bare schema name is a common slip."""
        own = self._root.get("$self")
        if isinstance(own, str) and base == own:
            return self._find(f"#{fragment}", at)
        named = self._names().get(base)
        if named is not None:
            return self._walk(_quote_fragment(named.pointer) + fragment) if fragment else named
        if not fragment and "/" not in base and "." not in base:
            for section in ("/components/schemas/", "/definitions/"):
                found = self._walk(section + escape_token(base))
                if found is not None:
                    self._report("REF-MISSPELLED", at, reference)
                    return found
        self._report("REF-EXTERNAL", at, reference)
        return None

    def _find_anchor(self, reference: str, anchor: str, at: str) -> Target | None:
        found = self._names().get(f"#{anchor}") or self._names().get(f"#{unquote(anchor)}")
        if found is None:
            self._report("REF-MISSING", at, reference)
        return found

    def _names(self) -> dict[str, Target]:
        """`$id` -> place and `#anchor` -> place, gathered on first need."""
        if self._named is None:
            self._named = {}
            for name, target in _named_places(self._root):
                self._named.setdefault(name, target)
        return self._named

    def _walk(self, fragment: str) -> Target | None:
        """Follow a JSON pointer, through references on the way (RFC 6901; section 6 percent-decoding)."""
        node: Any = self._root
        pointer = ""
        if not fragment:
            return Target(node, pointer)
        tokens = fragment.split("/")[1:]
        for index, raw in enumerate(tokens):
            node, token = _child(node, raw)
            if node is _MISSING:
                return None
            pointer = join_pointer(pointer, token)
            if index < len(tokens) - 1 and isinstance(node, dict) and isinstance(node.get("$ref"), str):
                onward = self._step_through(node, tokens[index + 1], pointer)
                if onward is None:
                    return None
                node, pointer = onward.node, onward.pointer
        return Target(node, pointer)

    def _step_through(self, node: dict[str, Any], next_token: str, pointer: str) -> Target | None:
        if _child(node, next_token)[0] is not _MISSING:
            return Target(node, pointer)
        reference = node["$ref"]
        if reference in self._targets:
            return self._targets[reference]
        self._targets[reference] = None  # a pointer that runs through itself ends here
        found = self._find(reference, pointer)
        self._targets[reference] = found
        return found


def _child(node: Any, raw: str) -> tuple[Any, str]:
    """One step down: the token decoded as RFC 6901 section 6 says, or as it is written when only that exists."""
    if isinstance(node, dict):
        if "%" not in raw and "~" not in raw:
            return node.get(raw, _MISSING), raw
        for token in (unescape_token(unquote(raw)), unescape_token(raw), raw):
            if token in node:
                return node[token], token
    elif isinstance(node, list) and raw.isdecimal() and int(raw) < len(node):
        return node[int(raw)], raw
    return _MISSING, raw


def _ancestors(pointer: str) -> Iterator[str]:
    while pointer:
        pointer = pointer.rpartition("/")[0]
        if pointer:
            yield pointer


def _quote_fragment(pointer: str) -> str:
    """A canonical pointer as a fragment that `_walk` decodes back: only `%` would be misread."""
    return pointer.replace("%", "%25")


def _named_places(root: Mapping[str, Any]) -> Iterator[tuple[str, Target]]:
    stack: list[tuple[Any, str]] = [(root, "")]
    while stack:
        node, pointer = stack.pop()
        if isinstance(node, dict):
            for keyword in ("$anchor", "$dynamicAnchor"):
                if isinstance(node.get(keyword), str):
                    yield f"#{node[keyword]}", Target(node, pointer)
            if isinstance(node.get("$id"), str):
                yield node["$id"].rstrip("#"), Target(node, pointer)
            stack.extend(
                (child, join_pointer(pointer, key)) for key, child in node.items() if isinstance(child, dict | list)
            )
        elif isinstance(node, list):
            stack.extend(
                (child, f"{pointer}/{index}") for index, child in enumerate(node) if isinstance(child, dict | list)
            )
