"""The library: corpus loaded, giants imported, bombs refused, start-up; beside FastMCP in its own environment.

python bench/library.py [--no-peer]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from figures import Figure, corpus, python_peer, report

GIANTS = {"GitHub": ("o0175", 0.7), "Stripe": ("o0178", 0.3), "Kubernetes": ("o0176", 0.3), "OpenAI": ("o0177", 0.5)}
"""Name -> (corpus id, bar in CPU seconds after parsing, all function schemas included)."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MEMORY_BAR_MB = 60
BOMB_BAR_S = 0.1

_MEASURE = """
import gc, resource, sys, time
import orjson
from actionry.actions.action import Action
from actionry.openapi.document import read_document
import actionry.tools.compact, actionry.tools.render

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6

document = read_document(open(sys.argv[1], "rb").read())
gc.collect()
base, started = resident(), time.process_time()
functions = Action(document).functions
schemas = [function.parameters for function in functions]
cpu, memory = time.process_time() - started, resident() - base
largest = max(len(orjson.dumps(schema)) for schema in schemas)
print(orjson.dumps([cpu, memory, len(functions), largest]).decode())
"""

_PEER = """
import json, resource, sys, time, warnings, logging
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import asyncio
try:
    import httpx2 as httpx
except ImportError:
    import httpx
from fastmcp import FastMCP
document = json.load(open(sys.argv[1]))

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6

base, started = resident(), time.process_time()
try:
    client = httpx.AsyncClient(base_url="http://127.0.0.1:9")
    server = FastMCP.from_openapi(openapi_spec=document, client=client, name="peer")
    tools = asyncio.run(server.list_tools())
    print(json.dumps([time.process_time() - started, resident() - base, len(tools)]))
except Exception as error:
    print(json.dumps([None, None, type(error).__name__]))
"""

_BOMBS: dict[str, str] = {
    "alias bomb": "openapi: 3.0.0\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)),
    "20,000 levels of JSON": '{"openapi": "3.0.0", "x": ' + "[" * 20_000 + "]" * 20_000 + "}",
    "20,000 levels of YAML": "openapi: 3.0.0\nx: " + "[" * 20_000 + "]" * 20_000 + "\n",
    "reference fan-out": json.dumps(
        {
            "openapi": "3.0.0",
            "paths": {
                "/a": {
                    "post": {
                        "requestBody": {
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/L0"}}}
                        }
                    }
                }
            },
            "components": {
                "schemas": {
                    f"L{n}": {
                        "type": "object",
                        "properties": {f"p{k}": {"$ref": f"#/components/schemas/L{n + 1}"} for k in range(10)},
                    }
                    for n in range(8)
                }
                | {"L8": {"type": "string"}}
            },
        }
    ),
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--no-peer", action="store_true")
    with_peer = not arguments.parse_args().no_peer
    figures = [*corpus_figures(), *giant_figures(with_peer), *bomb_figures(), start_figure()]
    return report("The library", figures)


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((corpus() / "index.json").read_text("utf-8"))["documents"]
    return rows


def _read(row: dict[str, Any]) -> bytes:
    data = (corpus() / row["file"]).read_bytes()
    return gzip.decompress(data) if row["file"].endswith(".gz") else data


def corpus_figures() -> list[Figure]:
    import jsonschema_rs

    import actionry
    from actionry.actions.action import load_action

    loaded = found = wanted = valid = functions = 0
    largest = 0
    times: list[float] = []
    rows = [row for row in _rows() if row["expect"] == "load"]
    for row in rows:
        started = time.process_time()
        try:
            action = load_action(_read(row))
        except actionry.DocumentError as error:
            print(f"{row['id']}: {error}")
            wanted += row["operations"]
            continue
        schemas = [function.parameters for function in action.functions]
        if row["class"] == "plugin-store":
            times.append(time.process_time() - started)
        loaded += 1
        wanted += row["operations"]
        found += min(len(schemas), row["operations"])
        functions += len(schemas)
        valid += sum(jsonschema_rs.meta.is_valid({"$schema": DIALECT, **schema}) for schema in schemas)
        largest = max([largest, *(len(json.dumps(schema, ensure_ascii=False).encode()) for schema in schemas)])
    refused = _refused()
    median_ms = statistics.median(times) * 1000
    return [
        Figure(name="documents loaded", bar="100 %", measured=f"{loaded} of {len(rows)}", held=loaded == len(rows)),
        Figure(name="operations found", bar=">= 99.5 %", measured=f"{found} of {wanted}", held=found >= 0.995 * wanted),
        Figure(name="valid function schemas", bar="100 %", measured=f"{valid} of {functions}", held=valid == functions),
        Figure(name="documents to refuse", bar="one clear error each", measured=refused[0], held=refused[1]),
        Figure(
            name="largest function", bar="<= 32 KiB of JSON", measured=f"{largest:,} bytes", held=largest <= 32 * 1024
        ),
        Figure(
            name="store-size document, text to functions",
            bar="median < 10 ms",
            measured=f"{median_ms:.2f} ms CPU ({len(times)} documents)",
            held=median_ms < 10,
        ),
    ]


def _refused() -> tuple[str, bool]:
    from actionry.actions.action import load_action
    from actionry.errors import DocumentError

    rows = [row for row in _rows() if row["expect"] == "reject"]
    clear = 0
    for row in rows:
        try:
            load_action(_read(row))
        except DocumentError:
            clear += 1
    return f"{clear} of {len(rows)}", clear == len(rows)


def giant_figures(with_peer: bool) -> list[Figure]:
    figures: list[Figure] = []
    by_id = {row["id"]: row for row in _rows()}
    out = Path(__file__).resolve().parent / "out"
    out.mkdir(exist_ok=True)
    for name, (document_id, bar) in GIANTS.items():
        source = out / f"{document_id}.txt"
        source.write_bytes(_read(by_id[document_id]))
        runs = [_run(sys.executable, _MEASURE, source) for _ in range(3)]
        cpu = statistics.median(run[0] for run in runs)
        memory = statistics.median(run[1] for run in runs)
        figures.append(
            Figure(
                name=f"import of {name} after parsing",
                bar=f"<= {bar} s CPU, <= {MEMORY_BAR_MB} MB",
                measured=f"{cpu:.3f} s, {memory:.1f} MB, {runs[0][2]} functions",
                peer=_peer_words(source, cpu) if with_peer else "",
                held=cpu <= bar and memory <= MEMORY_BAR_MB,
            )
        )
    return figures


def _run(python: str | Path, code: str, source: Path) -> list[Any]:
    done = subprocess.run(
        [str(python), "-c", code, str(source)], check=True, stdout=subprocess.PIPE, text=True, timeout=600
    )
    result: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _peer_words(source: Path, ours: float) -> str:
    """FastMCP reads mappings only, and Swagger 2.0 not at all: it gets the tree that we parsed."""
    from actionry.syntax import read_tree

    tree = source.with_suffix(".json")
    tree.write_text(json.dumps(read_tree(source.read_bytes()).root), "utf-8")
    cpu, memory, rest = _run(python_peer("fastmcp", "fastmcp>=3"), _PEER, tree)
    if cpu is None:
        return f"FastMCP: {rest}"
    return f"FastMCP {cpu:.2f} s ({cpu / ours:.0f} times), {memory:.0f} MB"


def bomb_figures() -> list[Figure]:
    from actionry.actions.action import load_action
    from actionry.errors import DocumentError

    figures: list[Figure] = []
    for name, text in _BOMBS.items():
        started = time.process_time()
        try:
            made = [function.parameters for function in load_action(text).functions]
            outcome = f"{len(made)} function"
        except DocumentError as error:
            outcome = error.code
        spent = time.process_time() - started
        figures.append(
            Figure(
                name=name,
                bar=f"< {BOMB_BAR_S * 1000:.0f} ms, process unharmed",
                measured=f"{spent * 1000:.1f} ms: {outcome}",
                held=spent < BOMB_BAR_S,
            )
        )
    return figures


def start_figure() -> Figure:
    code = "import time; t = time.process_time(); import actionry; print(time.process_time() - t)"
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    runs = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, env=quiet, timeout=60
            ).stdout
        )
        for _ in range(5)
    ]
    spent = statistics.median(runs)
    return Figure(name="import actionry", bar="< 0.25 s", measured=f"{spent * 1000:.0f} ms CPU", held=spent < 0.25)


if __name__ == "__main__":
    sys.exit(main())
