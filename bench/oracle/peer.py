"""The reference as a process that answers JSON lines; installed on first use, and only from its lock file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent / ".peers" / "swagger-client"


class Peer:
    def __init__(self) -> None:
        install()
        package = PLACE / "node_modules" / "swagger-client" / "package.json"
        self.version: str = json.loads(package.read_text("utf-8"))["version"]
        self._count = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["node", str(HERE / "oracle.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "ORACLE_MODULES": str(PLACE)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """{method, url, headers, body} or {error}; `body` is None or has text, base64 or fields."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._count += 1
        # ASCII only: a lone U+2028 would end a line for some readers.
        self._process.stdin.write(json.dumps({"id": self._count, **question}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the reference process ended")
        answer: dict[str, Any] = json.loads(line)
        assert answer["id"] == self._count
        return answer


def is_available() -> bool:
    """Whether this machine can run the reference."""
    return shutil.which("node") is not None and shutil.which("npm") is not None


def install() -> None:
    """`npm ci` into a folder that git ignores, unless it is there already."""
    if (PLACE / "node_modules" / "swagger-client").is_dir():
        return
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, PLACE / name)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=PLACE,
        check=True,
        timeout=600,
    )
