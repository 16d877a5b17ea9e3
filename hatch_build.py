"""Packaging: the wheel and the source archive carry the built web page, so that nobody who installs them needs Node."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is hatchling's own configuration
    """Builds the page when it is missing or stale. A package without it still works; the server then says so."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # `./run serve` builds the page of a checkout when it is wanted
            return
        root = Path(self.root)
        script = root / "scripts" / "build-page"
        if script.is_file() and (root / "web").is_dir():
            built = subprocess.run(["/bin/sh", str(script)], cwd=root, stdout=sys.stderr, check=False)  # noqa: S603  # ours
            if built.returncode != 0:
                self.app.display_warning("The web page was not built; this package is made without a current one.")
        elif not (root / "src" / "actionry" / "server" / "static" / "index.html").is_file():
            self.app.display_warning("There is no web page to pack.")
