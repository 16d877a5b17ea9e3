"""Automatic mends that are safe: each changes the parsed document in place and nothing but the defect.

A mend never invents meaning: it writes down what the reader understood anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from actionry.findings import Finding, Fix, unescape_token
from actionry.openapi import keywords
from actionry.openapi.upgrade import upgrade_to_3_1

Mend = Callable[[dict[str, Any], str], None]
"""Changes the root; the pointer is the finding's. Does nothing when the place has changed meanwhile."""


def fix_for(finding: Finding, names: Mapping[str, str]) -> Fix | None:
    """The automatic mend of a finding, None when only a person can decide.

    names: pointer of each operation -> the function name that the model sees.
    """
    if finding.code in ("OPID-MISSING", "OPID-ILLEGAL", "OPID-LONG", "OPID-DUPLICATE", "GPT-OPID-MISSING"):
        operation = finding.pointer.removesuffix("/operationId")
        name = names.get(operation)
        return (
            _fix(f"set operationId to `{name}`", lambda root: _set(root, operation, "operationId", name))
            if name
            else None
        )
    row = _MENDS.get(finding.code)
    if row is None:
        return (
            _fix("written anew, without the slip", lambda root: None) if finding.code in _CLEAN_WHEN_WRITTEN else None
        )
    description, mend = row
    return _fix(description, lambda root: mend(root, finding.pointer))


def apply_fixes(root: dict[str, Any], findings: list[Finding]) -> list[Finding]:
    """Apply every automatic mend to the root in place; the findings that were mended, in the order of mending."""
    mended = [finding for finding in findings if finding.fix is not None]
    # Deepest first, so that no mend moves the place of a later one; the version's upgrade moves everything: last.
    mended.sort(
        key=lambda finding: (finding.code == "SWAGGER-2", finding.code in _RENAMING, -finding.pointer.count("/"))
    )
    for finding in mended:
        assert finding.fix is not None
        finding.fix.apply(root)
    return mended


def _fix(description: str, change: Callable[[dict[str, Any]], None]) -> Fix:
    def apply(root: object) -> None:
        if isinstance(root, dict):
            change(root)

    return Fix(description, apply)


def node_at(root: Any, pointer: str) -> Any:
    """What stands at a JSON pointer; None when there is nothing."""
    for token in pointer.split("/")[1:]:
        token = unescape_token(token)
        if isinstance(root, dict):
            root = root.get(token)
        elif isinstance(root, list) and token.isdecimal() and int(token) < len(root):
            root = root[int(token)]
        else:
            return None
    return root


def _split(pointer: str) -> tuple[str, str]:
    parent, _, last = pointer.rpartition("/")
    return parent, unescape_token(last)


def _set(root: dict[str, Any], pointer: str, key: str, value: Any) -> None:
    node = node_at(root, pointer)
    if isinstance(node, dict):
        node[key] = value


def _rename_key(mapping: dict[str, Any], old: str, new: str) -> None:
    """Rename in place, order kept; nothing happens when the new name is taken."""
    if old in mapping and new not in mapping:
        items = [(new if key == old else key, value) for key, value in mapping.items()]
        mapping.clear()
        mapping.update(items)


# ----------------------------------------------------------------------- mends


def _mend_required_flag(root: dict[str, Any], pointer: str) -> None:
    place = pointer.removesuffix("/required")
    schema = node_at(root, place)
    if not isinstance(schema, dict) or not isinstance(schema.get("required"), bool):
        return
    is_required = schema.pop("required")
    section, name = _split(place)
    owner_pointer, keyword = _split(section)
    owner = node_at(root, owner_pointer)
    if is_required and keyword == "properties" and isinstance(owner, dict):
        listed = owner.get("required")
        names = list(keywords.names_in_required(listed))
        owner["required"] = names if name in names else [*names, name]


def _mend_required_list(root: dict[str, Any], pointer: str) -> None:
    schema = node_at(root, pointer.removesuffix("/required"))
    if isinstance(schema, dict):
        schema["required"] = list(keywords.names_in_required(schema.get("required")))


def _mend_type(root: dict[str, Any], pointer: str) -> None:
    schema = node_at(root, pointer)
    if not isinstance(schema, dict) or "type" not in schema:
        return
    meant = keywords.read_type(schema["type"])
    if meant.types:
        schema["type"] = meant.types[0] if len(meant.types) == 1 else list(meant.types)
    else:
        del schema["type"]
    if meant.format:
        schema.setdefault("format", meant.format)


def _mend_enum_type(root: dict[str, Any], pointer: str) -> None:
    schema = node_at(root, pointer.removesuffix("/enum"))
    if isinstance(schema, dict) and isinstance(schema.get("type"), str) and isinstance(schema.get("enum"), list):
        schema["enum"] = [keywords.fit_value(value, schema["type"]) for value in schema["enum"]]


def _mend_items(root: dict[str, Any], pointer: str) -> None:
    schema = node_at(root, pointer)
    if isinstance(schema, dict) and not schema.get("items"):
        schema["items"] = {}


def _mend_path_slash(root: dict[str, Any], pointer: str) -> None:
    section, path = _split(pointer)
    paths = node_at(root, section)
    if isinstance(paths, dict):
        _rename_key(paths, path, f"/{path}")


def _mend_method_case(root: dict[str, Any], pointer: str) -> None:
    section, method = _split(pointer)
    item = node_at(root, section)
    if isinstance(item, dict):
        _rename_key(item, method, method.lower())


def _mend_path_item_key(root: dict[str, Any], pointer: str) -> None:
    section, key = _split(pointer)
    item = node_at(root, section)
    if isinstance(item, dict):
        _rename_key(item, key, f"x-{key}")


def _mend_path_variables(root: dict[str, Any], pointer: str) -> None:
    operation = node_at(root, pointer)
    item_pointer = pointer.rpartition("/")[0]
    item = node_at(root, item_pointer)
    if not isinstance(operation, dict) or not isinstance(item, dict):
        return
    path = _split(item_pointer)[1]
    both = [*_listed(item.get("parameters")), *_listed(operation.get("parameters"))]
    declared = {found.get("name") for found in (_follow(root, entry) for entry in both) if found.get("in") == "path"}
    missing = [name for name in dict.fromkeys(re.findall(r"\{([^{}]*)\}", path)) if name not in declared]
    is_swagger = "swagger" in root
    shape: dict[str, Any] = {"type": "string"} if is_swagger else {"schema": {"type": "string"}}
    parameters = _listed(operation.get("parameters"))
    operation["parameters"] = [
        *parameters,
        *({"name": name, "in": "path", "required": True, **shape} for name in missing),
    ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _follow(root: dict[str, Any], entry: Any) -> dict[str, Any]:
    if isinstance(entry, dict) and isinstance(entry.get("$ref"), str) and entry["$ref"].startswith("#/"):
        entry = node_at(root, entry["$ref"][1:])
    return entry if isinstance(entry, dict) else {}


def _mend_path_parameter(root: dict[str, Any], pointer: str) -> None:
    _set(root, pointer, "required", True)


def _mend_parameter_schema(root: dict[str, Any], pointer: str) -> None:
    parameter = node_at(root, pointer)
    if isinstance(parameter, dict) and "schema" not in parameter and "content" not in parameter:
        own = {key: parameter.pop(key) for key in list(parameter) if key in keywords.MISPLACED}
        parameter["schema"] = own or {"type": "string"}


def _mend_servers_list(root: dict[str, Any], pointer: str) -> None:
    parent, key = _split(pointer)
    owner = node_at(root, parent)
    if isinstance(owner, dict):
        servers = owner.get(key)
        if isinstance(servers, dict):
            owner[key] = [servers]
        elif isinstance(servers, str):
            owner[key] = [{"url": servers}]


def _mend_text(root: dict[str, Any], pointer: str) -> None:
    parent, key = _split(pointer)
    owner = node_at(root, parent)
    if isinstance(owner, dict) and key in owner and not isinstance(owner[key], str | dict | list):
        owner[key] = str(owner[key])


def _mend_version(root: dict[str, Any], pointer: str) -> None:
    for key in ("swagger", "openapi"):
        if isinstance(root.get(key), int | float):
            text = str(root[key])
            root[key] = text if key == "swagger" or text.count(".") == 2 else f"{float(text):.1f}.0"


def _mend_info(root: dict[str, Any], pointer: str) -> None:
    if not isinstance(root.get("info"), dict):
        root["info"] = {}
    root["info"].setdefault("title", "Untitled API")
    root["info"].setdefault("version", "1.0.0")


def _mend_responses(root: dict[str, Any], pointer: str) -> None:
    operation = node_at(root, pointer)
    if isinstance(operation, dict) and not operation.get("responses"):
        operation["responses"] = {"default": {"description": "The answer."}}


def _mend_reference(root: dict[str, Any], pointer: str) -> None:
    node = node_at(root, pointer)
    reference = node.get("$ref") if isinstance(node, dict) else None
    if not isinstance(node, dict) or not isinstance(reference, str):
        return
    name = reference.rpartition("/")[2]
    section = (
        "/definitions/" if isinstance(root.get("definitions"), dict) and "swagger" in root else "/components/schemas/"
    )
    for candidate in (section, "/components/parameters/", "/components/responses/", "/parameters/", "/responses/"):
        if node_at(root, candidate + name) is not None:
            node["$ref"] = f"#{candidate}{name}"
            return


def _mend_security_list(root: dict[str, Any], pointer: str) -> None:
    parent, key = _split(pointer)
    owner = node_at(root, parent)
    if isinstance(owner, dict) and isinstance(owner.get(key), dict):
        owner[key] = [owner[key]]
    elif isinstance(owner, list) and key.isdecimal() and int(key) < len(owner) and isinstance(owner[int(key)], str):
        owner[int(key)] = {owner[int(key)]: []}


def _mend_null_section(root: dict[str, Any], pointer: str) -> None:
    parent, key = _split(pointer)
    owner = node_at(root, parent)
    if isinstance(owner, dict) and key in owner and owner[key] is None:
        del owner[key]


def _mend_component_key(root: dict[str, Any], pointer: str) -> None:
    section_pointer, key = _split(pointer)
    section = node_at(root, section_pointer)
    if not isinstance(section, dict) or key not in section:
        return
    wanted = re.sub(r"[^A-Za-z0-9._-]+", "_", key).strip("_") or "Component"
    name, number = wanted, 2
    while name in section:
        name, number = f"{wanted}_{number}", number + 1
    _rename_key(section, key, name)
    _redirect(root, f"#{pointer}", f"#{section_pointer}/{name}")


def _redirect(node: Any, old: str, new: str) -> None:
    """Point every reference to `old`, or into it, at `new`; percent-encoded spellings included."""
    from urllib.parse import unquote

    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            reference = current.get("$ref")
            if isinstance(reference, str):
                plain = unquote(reference)
                if plain == unquote(old) or plain.startswith(f"{unquote(old)}/"):
                    current["$ref"] = new + plain[len(unquote(old)) :]
            stack.extend(current.values())
        elif isinstance(current, list):
            stack.extend(current)


def _mend_invisible(root: dict[str, Any], pointer: str) -> None:
    parent, key = _split(pointer)
    owner = node_at(root, parent)
    if isinstance(owner, dict) and isinstance(owner.get(key), str):
        owner[key] = keywords.INVISIBLE.sub("", owner[key])


_MENDS: dict[str, tuple[str, Mend]] = {
    "SPEC-REQ-BOOL": ("list the property under the parent's `required`", _mend_required_flag),
    "REQUIRED-NOT-LIST": ("write the names as a list", _mend_required_list),
    "TYPE-UNKNOWN": ("write the type that is meant", _mend_type),
    "ENUM-TYPE": ("convert the values to the schema's type", _mend_enum_type),
    "ARRAY-NO-ITEMS": ("add `items: {}`", _mend_items),
    "PATH-NO-SLASH": ("start the path with `/`", _mend_path_slash),
    "METHOD-CASE": ("write the method in lower case", _mend_method_case),
    "PATH-ITEM-KEY": ("prefix the key with `x-`", _mend_path_item_key),
    "PATH-VARIABLE-UNDECLARED": ("declare the path variable as a required text parameter", _mend_path_variables),
    "PATH-PARAMETER-NOT-REQUIRED": ("add `required: true`", _mend_path_parameter),
    "PARAMETER-NO-SCHEMA": ("add `schema`", _mend_parameter_schema),
    "PARAMETER-NAME-NOT-TEXT": ("put the name in quotes", _mend_text),
    "SERVERS-NOT-LIST": ("write a list", _mend_servers_list),
    "OPID-NOT-TEXT": ("put the operationId in quotes", _mend_text),
    "VERSION-NOT-TEXT": ("put the version in quotes", _mend_version),
    "INFO-MISSING": ("add `info` with a title and a version", _mend_info),
    "INFO-TITLE-MISSING": ("add a title", _mend_info),
    "INFO-VERSION-MISSING": ("add a version", _mend_info),
    "INFO-VERSION-NOT-TEXT": ("put the version in quotes", _mend_text),
    "RESPONSES-MISSING": ("add a default response", _mend_responses),
    "REF-MISSPELLED": ("correct the pointer", _mend_reference),
    "SECURITY-INVALID": ("write a list of mappings", _mend_security_list),
    "COMPONENT-KEY-ILLEGAL": ("rename the component and the references to it", _mend_component_key),
    "INVISIBLE-TEXT": ("remove the invisible characters", _mend_invisible),
    "GPT-NULL-SECTION": ("remove the empty key", _mend_null_section),
    "SWAGGER-2": ("convert to OpenAPI 3.1", lambda root, pointer: upgrade_to_3_1(root)),
}

_RENAMING = frozenset({"PATH-NO-SLASH", "METHOD-CASE", "PATH-ITEM-KEY", "COMPONENT-KEY-ILLEGAL"})
"""Mends that move what other findings point into: they come after those."""

_CLEAN_WHEN_WRITTEN = frozenset({"YAML-KEY-NOT-TEXT"})
"""Slips of the text itself: gone when the document is written anew."""
