"""A document written anew, in the form that people edit (SP-03): two spaces, order kept."""

from __future__ import annotations

from typing import Any, Literal

import orjson
import yaml

WIDTH = 120


def write_document(root: Any, kind: Literal["json", "yaml"]) -> str:
    return write_json(root) if kind == "json" else write_yaml(root)


def write_json(root: Any) -> str:
    """Two spaces, order kept (SP-03)."""
    try:
        return orjson.dumps(root, option=orjson.OPT_INDENT_2).decode() + "\n"
    except TypeError:  # integers beyond 64 bits, half surrogate pairs
        import json

        return json.dumps(root, indent=2, ensure_ascii=True) + "\n"


class _Dumper(yaml.SafeDumper):
    """Two spaces, lists indented, no aliases, text in block form when it has several lines (SP-03)."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not any(line.endswith(" ") for line in text.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)


def write_yaml(root: Any) -> str:
    """Two spaces, 120 columns, order kept (SP-03)."""
    text: str = yaml.dump(root, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, indent=2)
    return text
