"""The page's generated types, its two languages, and its lockfile."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import api_types

WEB = Path(__file__).resolve().parents[2] / "web"


def test_the_types_are_those_of_the_server() -> None:
    assert api_types.TARGET.read_text("utf-8") == api_types.make(), "run: python scripts/api_types.py"


def _leaves(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, str):
        return {path: value}
    found: dict[str, str] = {}
    for name, inner in value.items():
        found |= _leaves(inner, f"{path}.{name}" if path else name)
    return found


def _texts(language: str) -> dict[str, str]:
    return _leaves(json.loads((WEB / "src" / "locales" / f"{language}.json").read_text("utf-8")))


def test_both_languages_say_the_same_things() -> None:
    english, chinese = _texts("en"), _texts("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{\{\w+\}\}", text)) == set(re.findall(r"\{\{\w+\}\}", chinese[key])), key
        assert chinese[key].strip(), key


def test_every_text_that_is_asked_for_is_there() -> None:
    known = _texts("en")
    for file in (WEB / "src").rglob("*.tsx"):
        for key in re.findall(r"\bt\('([\w.]+)'", file.read_text("utf-8")):
            assert key in known or f"{key}_other" in known, f"{file.name}: {key}"


def test_the_lockfile_names_no_registry() -> None:
    text = (WEB / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text
    assert "http" not in re.sub(r'"(?:url|homepage)": "[^"]*"', "", text) or "registry" not in text
