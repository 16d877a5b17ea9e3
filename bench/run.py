"""`./run bench [name …]`: run the bench scripts one after the other; each prints its figures beside its peer.

A bench script is a file of this folder with a function `main`, which returns an exit code (or None), and a
docstring whose first line says what it measures. It runs in a process of its own, so that one script's memory
and caches are no part of another's figures.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent


def find_benches() -> dict[str, str]:
    """Name -> first line of the docstring, read without running anything."""
    found: dict[str, str] = {}
    for path in sorted(BENCH.glob("*.py")):
        if path.name == "run.py" or path.name.startswith("_"):
            continue
        module = ast.parse(path.read_text("utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        if any(isinstance(node, functions) and node.name == "main" for node in module.body):
            found[path.stem] = (ast.get_docstring(module) or "").partition("\n")[0]
    return found


def run_bench(name: str, options: list[str]) -> int:
    code = (
        f"import runpy, sys; sys.path.insert(0, {str(BENCH)!r}); sys.argv = {[name, *options]!r}; "
        f"sys.exit(runpy.run_path({str(BENCH / f'{name}.py')!r}, run_name={name!r})['main']())"
    )
    return subprocess.run([sys.executable, "-c", code], check=False).returncode


def main() -> int:
    benches = find_benches()
    parser = argparse.ArgumentParser(prog="./run bench", description="The project's figures beside their peers.")
    parser.add_argument("names", nargs="*", metavar="name", help="one of: " + ", ".join(benches or ["(none yet)"]))
    parser.add_argument("--list", action="store_true", help="say what each one measures, and run nothing")
    arguments, options = parser.parse_known_args()
    unknown = [name for name in arguments.names if name not in benches]
    if unknown:
        parser.error(f"no such bench: {', '.join(unknown)}; there are {', '.join(benches) or 'none'}")
    if arguments.list:
        for name, description in benches.items():
            print(f"{name:20} {description}")
        return 0
    missed: list[str] = []
    for name in arguments.names or benches:
        print(f"== {name}: {benches[name]}", flush=True)
        started = time.perf_counter()
        if run_bench(name, options) != 0:
            missed.append(name)
        print(f"({time.perf_counter() - started:.0f} s)\n", flush=True)
    if missed:
        print(f"bench: a bar was missed, or the script failed, in: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
