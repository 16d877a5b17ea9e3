"""A value as an XML document, by the schema's `xml` hints. OpenAPI 3.1.1 and 3.2.0, XML Object."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from actionry.errors import ArgumentError
from actionry.findings import unescape_token
from actionry.openapi.model import Schema
from actionry.openapi.schemas import Schemas
from actionry.request.text import text_of

_NAME = re.compile(r"[A-Za-z_\u00c0-\U000effff][A-Za-z0-9_.\u00b7\u00c0-\U000effff-]*").fullmatch
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]").search
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def xml_document(value: Any, schema: Schema, schemas: Schemas, argument: str) -> str:
    """`<?xml …?><order id="7"><item>a</item></order>`; the root is named by the schema, its component, or `root`.

    Raises ArgumentError for names and characters that XML 1.0 cannot hold.
    """
    resolved = schemas.resolve(schema)
    name = _component_name(schema) or "root"
    writer = _Writer(schemas)
    if isinstance(value, (list, tuple)):
        # A document has one root, so a list at the top is always wrapped.
        hints = _hints(resolved)
        inner = "".join(writer.items(value, resolved, name, argument))
        body = writer.element(_qualified(hints, name), hints, "", inner, argument)
    else:
        body = "".join(writer.nodes(value, resolved, name, argument))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'


def _component_name(schema: Schema) -> str | None:
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    return unescape_token(reference.rpartition("/")[2]) if isinstance(reference, str) else None


def _hints(schema: Schema) -> dict[str, Any]:
    hints = schema.get("xml") if isinstance(schema, dict) else None
    return hints if isinstance(hints, dict) else {}


def _qualified(hints: dict[str, Any], name: str) -> str:
    local = hints.get("name") if isinstance(hints.get("name"), str) else name
    prefix = hints.get("prefix")
    return f"{prefix}:{local}" if isinstance(prefix, str) and prefix else f"{local}"


def _node_type(schema: Schema, value: Any) -> str:
    """3.2's `nodeType`, or what 3.1's `attribute` and `wrapped` say in its terms."""
    hints = _hints(schema)
    declared = hints.get("nodeType")
    if isinstance(declared, str):
        return declared
    if hints.get("attribute") is True:
        return "attribute"
    if isinstance(value, (list, tuple)):
        return "element" if hints.get("wrapped") is True else "none"
    return "element"


class _Writer:
    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def nodes(self, value: Any, schema: Schema, name: str, argument: str) -> list[str]:
        """What a value becomes inside its parent: elements or text; attributes are taken by the parent."""
        schema = self._schemas.resolve(schema)
        hints = _hints(schema)
        match _node_type(schema, value):
            case "text":
                return [_text(value, argument)]
            case "cdata":
                return ["<![CDATA[" + _checked(value, argument).replace("]]>", "]]]]><![CDATA[>") + "]]>"]
            case "none" if isinstance(value, (list, tuple)):
                return self.items(value, schema, name, argument)
            case "none" if isinstance(value, dict):
                return [self._content(value, schema, argument)[1]]
        tag = _qualified(hints, name)
        if value is None:
            return [self.element(tag, hints, f' xmlns:xsi="{_XSI}" xsi:nil="true"', "", argument)]
        if isinstance(value, (list, tuple)):
            inner = "".join(self.items(value, schema, hints.get("name") or name, argument))
            return [self.element(tag, hints, "", inner, argument)]
        if isinstance(value, dict):
            attributes, inner = self._content(value, schema, argument)
            return [self.element(tag, hints, attributes, inner, argument)]
        return [self.element(tag, hints, "", _text(value, argument), argument)]

    def items(self, value: Any, schema: Schema, name: str, argument: str) -> list[str]:
        """The elements of a list; they inherit the list's name unless their own schema gives one."""
        prefix = schema.get("prefixItems", []) if isinstance(schema, dict) else []
        rest = schema.get("items", True) if isinstance(schema, dict) else True
        out: list[str] = []
        for index, item in enumerate(value):
            item_schema = prefix[index] if index < len(prefix) else rest
            out += self.nodes(item, item_schema, name, f"{argument}[{index}]")
        return out

    def _content(self, value: dict[str, Any], schema: Schema, argument: str) -> tuple[str, str]:
        """(attributes, inner nodes) of an object."""
        properties = self._schemas.properties(schema)
        attributes = inner = ""
        for key, item in value.items():
            member = self._schemas.resolve(properties.get(key, True))
            where = f"{argument}.{key}"
            if _node_type(member, item) != "attribute":
                inner += "".join(self.nodes(item, member, str(key), where))
            elif item is not None:
                hints = _hints(member)
                name = _checked_name(_qualified(hints, str(key)), where)
                attributes += _namespace(hints) + f" {name}={quoteattr(_checked(item, where))}"
        return attributes, inner

    def element(self, tag: str, hints: dict[str, Any], attributes: str, inner: str, argument: str) -> str:
        _checked_name(tag, argument)
        head = f"{tag}{_namespace(hints)}{attributes}"
        return f"<{head}>{inner}</{tag}>" if inner else f"<{head}/>"


def _namespace(hints: dict[str, Any]) -> str:
    namespace, prefix = hints.get("namespace"), hints.get("prefix")
    if not isinstance(namespace, str) or not namespace:
        return ""
    name = f"xmlns:{prefix}" if isinstance(prefix, str) and prefix else "xmlns"
    return f" {name}={quoteattr(namespace)}"


def _text(value: Any, argument: str) -> str:
    return escape(_checked(value, argument))


def _checked(value: Any, argument: str) -> str:
    text = text_of(value, argument)
    if _ILLEGAL(text):
        raise ArgumentError(
            f"`{argument}` holds a control character that XML cannot hold.",
            argument=argument,
            rule="encoding",
            mend="Leave it out.",
        )
    return text


def _checked_name(name: str, argument: str) -> str:
    if not all(_NAME(part) for part in name.split(":", 1)):
        raise ArgumentError(
            f"`{argument}` would be an XML element named {name!r}, which XML does not allow.",
            argument=argument,
            rule="propertyNames",
            mend="Use names of letters, digits, `-`, `_` and `.`, beginning with a letter.",
        )
    return name
