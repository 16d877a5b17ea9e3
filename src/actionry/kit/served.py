"""Manifest and document of a plugin under development: read from its folder on each request, addresses filled in.

`PLUGIN_HOSTNAME` becomes the address that the request came to: http on this machine, https anywhere else
(CANON 1, contradiction 4). A document in YAML is served as JSON as well, and the other way round (DX-03).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from actionry.domains import MANIFEST_PATH, is_local
from actionry.errors import ActionryError
from actionry.limits import READ_LIMITS
from actionry.syntax import read_tree

PLACEHOLDER = "PLUGIN_HOSTNAME"
_MANIFEST_FILES = (".well-known/ai-plugin.json", "ai-plugin.json")
_DOCUMENT_FILES = ("openapi.yaml", "openapi.yml", "openapi.json")
_YAML_PATHS = ("/openapi.yaml", "/openapi.yml")
_JSON_PATHS = ("/openapi.json",)
DOCUMENT_PATHS = (*_YAML_PATHS, *_JSON_PATHS)


@dataclass(frozen=True, slots=True)
class Served:
    content: bytes
    media_type: str


class Folder:
    """The files of one plugin that are served as they stand at the moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def manifest_file(self) -> Path | None:
        return self._first(_MANIFEST_FILES)

    @property
    def document_file(self) -> Path | None:
        return self._first(_DOCUMENT_FILES)

    def _first(self, names: tuple[str, ...]) -> Path | None:
        return next((self.folder / name for name in names if (self.folder / name).is_file()), None)

    def find(self, path: str, base_url: str) -> Served | None:
        """What is served at that path, or None; raises ActionryError for a file that cannot be read."""
        if path == MANIFEST_PATH:
            file = self.manifest_file
            return None if file is None else Served(_read(file, base_url).encode(), "application/json; charset=utf-8")
        if path not in DOCUMENT_PATHS:
            return None
        file = self.document_file
        if file is None:
            return None
        text = _read(file, base_url)
        wants_json = path in _JSON_PATHS
        if (file.suffix == ".json") is not wants_json:
            text = to_json(text) if wants_json else to_yaml(text)
        kind = "application/json; charset=utf-8" if wants_json else "application/yaml; charset=utf-8"
        return Served(text.encode(), kind)


def _read(file: Path, base_url: str) -> str:
    try:
        if file.stat().st_size > READ_LIMITS.bytes:
            raise ActionryError(f"`{file.name}` is larger than {READ_LIMITS.bytes:,} bytes.")
        return fill(file.read_text("utf-8-sig"), base_url)
    except (OSError, UnicodeDecodeError) as error:
        raise ActionryError(f"`{file.name}` cannot be read: {error}.", mend="Write it in UTF-8.") from None


def fill(text: str, base_url: str) -> str:
    """Placeholders replaced, with or without a scheme in front: `https://PLUGIN_HOSTNAME/x` is one as well."""
    for form in (f"https://{PLACEHOLDER}", f"http://{PLACEHOLDER}", PLACEHOLDER):
        text = text.replace(form, base_url)
    return text


def own_url(host: str) -> str:
    """`localhost:5003` -> `http://localhost:5003`, `todo.example.com` -> `https://todo.example.com`."""
    return f"{'http' if is_local(host) else 'https'}://{host}"


def convert(served: Served, *, wants_json: bool) -> Served:
    """The same document in the other form."""
    text = served.content.decode("utf-8", "replace")
    if wants_json:
        return Served(to_json(text).encode(), "application/json; charset=utf-8")
    return Served(to_yaml(text).encode(), "application/yaml; charset=utf-8")


def to_json(text: str) -> str:
    return orjson.dumps(_tree(text), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def to_yaml(text: str) -> str:
    return yaml.safe_dump(_tree(text), sort_keys=False, allow_unicode=True, width=120)


def _tree(text: str) -> Any:
    root = read_tree(text, limits=READ_LIMITS).root
    if not isinstance(root, Mapping):
        raise ActionryError("The document is no mapping.", mend="Write `openapi:`, `info:` and `paths:`.")
    return root
