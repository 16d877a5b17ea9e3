"""Built-in model on one sentence: right operation, exact call; on a half that was looked at and one that was not.

python bench/rehearsal.py PATH/TO/selection [bfcl|seal|metatool] [--errors N] [--seen]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import actionry
from actionry.models.rehearsal.engine import rehearse

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Candidate:
    name: str
    description: str
    parameters: dict[str, Any]
    method: str = ""
    path: str = ""


def kept(request_id: str) -> bool:
    """True: never looked at while writing rules."""
    return hashlib.sha256(request_id.encode()).digest()[0] & 1 == 1


def as_function(operation: dict[str, Any]) -> Candidate:
    properties = {}
    for name, parameter in operation["params"].items():
        properties[name] = {"type": parameter["type"], "description": parameter["description"]}
        if parameter["enum"]:
            properties[name]["enum"] = parameter["enum"]
    required = [name for name, parameter in operation["params"].items() if parameter["required"]]
    return Candidate(
        operation["name"], operation["description"], {"type": "object", "properties": properties, "required": required}
    )


def read(folder: Path, name: str) -> tuple[dict[str, dict[str, Candidate]], list[dict[str, Any]]]:
    pools: dict[str, dict[str, Candidate]] = defaultdict(dict)
    for line in (folder / f"{name}.operations.jsonl").read_text().splitlines():
        operation = json.loads(line)
        pools[operation["pool"]][operation["id"]] = as_function(operation)
    return pools, [json.loads(line) for line in (folder / f"{name}.requests.jsonl").read_text().splitlines()]


def plain(text: str) -> str:
    """As the benchmark compares texts: case, spaces and punctuation do not count."""
    return re.sub(r"[ ,./\-_*^]", "", text).lower().replace("'", '"')


def same(value: Any, accepted: Any) -> bool:
    if isinstance(value, bool) or isinstance(accepted, bool):
        return value is accepted
    if isinstance(value, int | float) and isinstance(accepted, int | float):
        return abs(value - accepted) <= 1e-9 * max(1.0, abs(accepted))
    if isinstance(value, int | float) and isinstance(accepted, str):
        return plain(str(value)) == plain(accepted)  # Seal-Tools writes some numbers as text
    if isinstance(value, str) and isinstance(accepted, str):
        return plain(value) == plain(accepted)
    if isinstance(value, list) and isinstance(accepted, list):
        return len(value) == len(accepted) and all(same(a, b) for a, b in zip(value, accepted, strict=True))
    if isinstance(value, dict) and isinstance(accepted, dict):
        return value.keys() == accepted.keys() and all(
            same(value[key], accepted[key])
            or (isinstance(accepted[key], list) and any(same(value[key], a) for a in accepted[key]))
            for key in value
        )
    return bool(value == accepted)


def wrong(arguments: dict[str, Any], gold: dict[str, list[Any]]) -> list[str]:
    """Names of arguments that are missing, false or too many; empty: an exact call."""
    bad = [name for name in arguments if name not in gold]
    for name, accepted in gold.items():
        if name in arguments:
            if not any(same(arguments[name], value) for value in accepted):
                bad.append(name)
        elif "" not in accepted:
            bad.append(name)
    return bad


def run_single(pools: Any, requests: Iterable[dict[str, Any]], errors: int, seen_only: bool, given: bool) -> None:
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    shown = 0
    started = time.perf_counter()
    total = 0
    for request in requests:
        if len(request["gold"]) != 1 or (seen_only and kept(request["id"])):
            continue
        total += 1
        half = "kept" if kept(request["id"]) else "seen"
        pool = pools[request["pool"]]
        gold = pool[request["gold"][0]]
        offered = [gold] if len(pool) > 100 and given else list(pool.values())
        answer = rehearse(request["utterance"], offered, today=date(2024, 5, 1))
        name, arguments = answer.calls[0] if answer.calls else ("", {})
        right = name == gold.name
        bad = wrong(arguments, request["args"][0]) if right and request["args"] else ["?"]
        row = counts[request["source"], half]
        row[0] += 1
        row[1] += right
        row[2] += right and not bad
        if half == "seen" and bad and shown < errors:
            shown += 1
            print(f"\n# {request['utterance']}\n   -> {answer.question or answer.calls}")
            for parameter in bad:
                schema = gold.parameters["properties"].get(parameter, {})
                print(
                    "     ",
                    parameter,
                    schema.get("type"),
                    schema.get("enum") or "",
                    schema.get("description", "")[:110],
                    "=>",
                    request["args"][0].get(parameter) if request["args"] else gold.name,
                )
    for (source, half), (n, operation, exact) in sorted(counts.items()):
        print(f"{source:22} {half}: {n:5} operation {operation / n:6.1%} exact {exact / n:6.1%}")
    print(f"{(time.perf_counter() - started) / max(total, 1) * 1000:.1f} ms a request")


def flatten(arguments: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in arguments.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def offered_functions(source: str, corpus: Path) -> list[Any]:
    fixtures = json.loads((DATA / "fixture_functions.json").read_text())
    if source in fixtures:
        return [
            Candidate(f["name"], f["description"], f["parameters"], f["method"], f["path"]) for f in fixtures[source]
        ]
    index = {entry["id"]: entry for entry in json.loads((corpus / "index.json").read_text())["documents"]}
    return list(actionry.load_action(corpus / index[source]["file"]).functions)


def run_chinese(corpus: Path, errors: int) -> None:
    """Requests written for the project (bench/data/chinese_requests.jsonl): right operation, exact call."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    functions: dict[str, list[Any]] = {}
    for line in (DATA / "chinese_requests.jsonl").read_text().splitlines():
        request = json.loads(line)
        source = request["source"]
        if source not in functions:
            functions[source] = offered_functions(source, corpus)
        answer = rehearse(request["utterance"], functions[source], today=date(2024, 5, 1))
        name, arguments = answer.calls[0] if answer.calls else (answer.operation, {})
        right = name in request["gold"]
        bad = wrong(flatten(arguments), request["args"]) if answer.calls else ["?"]
        half = "kept" if kept(request["id"]) else "seen"
        row = counts[half]
        row[0] += 1
        row[1] += right
        row[2] += right and not bad
        if half == "seen" and (bad or not right) and errors > 0:
            errors -= 1
            print(f"# {source} {request['utterance']}\n   -> {answer.calls or (answer.operation, answer.question)}")
            print(f"      {request['gold']} {request['args']}")
    for half, (n, operation, exact) in sorted(counts.items()):
        print(f"chinese {half}: {n:4} operation {operation / n:6.1%} exact {exact / n:6.1%}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("name", nargs="?", default="bfcl")
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--seen", action="store_true")
    parser.add_argument("--given", action="store_true", help="the right operation is given: only filling is measured")
    options = parser.parse_args()
    if options.name == "chinese":
        run_chinese(options.folder, options.errors)
        return
    pools, requests = read(options.folder, options.name)
    run_single(pools, requests, options.errors, options.seen, options.given)


if __name__ == "__main__":
    main()
