"""What bench scripts share: one shape for a figure, one table, and peers in environments of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
PEERS = BENCH / ".peers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row: what was measured, with units in the text, beside its bar and its peer of the same run."""

    name: str
    measured: str
    bar: str = ""
    peer: str = ""
    """What the peer needed or did, e.g. `FastMCP 1.48 s (3.1 times)`."""
    held: bool | None = None
    """Whether the bar holds; None where there is none."""


def report(title: str, figures: Sequence[Figure]) -> int:
    """Print the table; return the exit code: 1 when a bar is missed."""
    rows = [("figure", "bar", "measured", "peer", "")]
    rows += [(each.name, each.bar, each.measured, each.peer, _verdict(each.held)) for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    print(f"\n{title}")
    for number, row in enumerate(rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths).rstrip())
    return 1 if any(each.held is False for each in figures) else 0


def _verdict(held: bool | None) -> str:
    return {True: "holds", False: "MISSED", None: ""}[held]


def find_uv() -> str:
    """The project's own uv, else the machine's."""
    own = BENCH.parent / ".tools" / "uv" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise SystemExit("bench: peers are installed with uv; start this through `./run bench`")
    return found


def python_peer(name: str, *requirements: str) -> Path:
    """The Python of an environment that holds the peer and not us: `python_peer("fastmcp", "fastmcp>=3")`.

    Made when first asked for, under the git-ignored `bench/.peers`.
    """
    folder = PEERS / name
    python = folder / "bin" / "python"
    made = folder / "requirements.txt"
    wanted = "\n".join(requirements)
    if python.exists() and made.exists() and made.read_text("utf-8") == wanted:
        return python
    print(f"bench: installing the peer {name} …", file=sys.stderr)
    uv = find_uv()
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *requirements], check=True)
    made.write_text(wanted, "utf-8")
    return python


def npm_peer(name: str, *packages: str) -> Path:
    """A folder whose `node_modules` holds the packages: `npm_peer("swagger", "swagger-client@3")`."""
    folder = PEERS / name
    made = folder / "requirements.txt"
    wanted = "\n".join(packages)
    if (folder / "node_modules").is_dir() and made.exists() and made.read_text("utf-8") == wanted:
        return folder
    print(f"bench: installing the peer {name} …", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    npm = Path(node_folder()) / "npm"
    arguments = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
    subprocess.run([str(npm), *arguments], check=True, env={**os.environ, "PATH": _with_node()})
    made.write_text(wanted, "utf-8")
    return folder


def node_folder() -> str:
    """The folder that holds `node` and `npm`, installed from PyPI where the machine has none ≥ 20."""
    script = BENCH.parent / "scripts" / "node-folder"
    return subprocess.run([script], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _with_node() -> str:
    return os.pathsep.join([node_folder(), os.environ.get("PATH", "")])


def corpus() -> Path:
    """The corpus folder (third-party documents, not part of the project), or an end with one line."""
    folder = Path(os.environ.get("ACTIONRY_CORPUS") or BENCH.parent.parent / "shared" / "corpus")
    if not (folder / "index.json").is_file():
        raise SystemExit("bench: no corpus: set ACTIONRY_CORPUS to a folder with index.json")
    return folder
