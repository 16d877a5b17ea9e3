"""Operation search against BM25 in the same run: all needed operations among the first ten, and what a search costs.

    python bench/search.py [--data DIR] [--corpus DIR]

--data holds NAME.operations.jsonl and NAME.requests.jsonl (bfcl, metatool, sealtools, nestful); --corpus holds the
real OpenAPI documents that bench/data/closure_requests.jsonl speaks of, with their index.json. What is not there is
skipped and said so. Requests are split by a hash of their id: `seen` was looked at while weights and rules were
written, `unseen` was not.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import os
import re
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actionry.openapi.document import read_document
from actionry.openapi.operations import read_operations
from actionry.tools.function_schema import build_functions
from actionry.tools.search import OperationIndex
from actionry.tools.search_functions import search_functions
from actionry.tools.tokens import count_tokens

SETS = ("bfcl", "metatool", "sealtools", "nestful")
HALVES = ("seen", "unseen")
K = 10
TYPES = {"str": "string", "int": "integer", "float": "number", "dict": "object", "list": "array", "bool": "boolean"}


def half(request_id: str) -> str:
    return HALVES[hashlib.sha256(request_id.encode()).digest()[0] & 1]


@dataclass(frozen=True)
class Function:
    name: str
    id: str
    description: str
    parameters: dict[str, Any]
    path: str = ""
    method: str = ""


@dataclass
class Tally:
    """Hits by half."""

    hits: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))

    def share(self, half_name: str) -> float:
        hits = self.hits[half_name]
        return sum(hits) / len(hits) if hits else float("nan")


class Bm25:
    """The usual one: lower-case words with names split, k1 = 1.5, b = 0.75, over name, description and parameters."""

    _WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[一-鿿]")

    def __init__(self, functions: Sequence[Any], *, k1: float = 1.5, b: float = 0.75) -> None:
        self.functions = functions
        counts = [Counter(self._words(self._text(function))) for function in functions]
        lengths = [count.total() for count in counts]
        mean = sum(lengths) / len(lengths)
        self.postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, count in enumerate(counts):
            norm = k1 * (1 - b + b * lengths[number] / mean)
            for word, times in count.items():
                self.postings[word].append((number, times * (k1 + 1) / (times + norm)))
        size = len(functions)
        self.idf = {
            word: math.log(1 + (size - len(found) + 0.5) / (len(found) + 0.5)) for word, found in self.postings.items()
        }

    def search(self, text: str, k: int = K) -> list[Any]:
        scores: dict[int, float] = defaultdict(float)
        for word in self._words(text):
            for number, weight in self.postings.get(word, ()):
                scores[number] += weight * self.idf[word]
        best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
        return [self.functions[number] for number, _ in best]

    def _words(self, text: str) -> list[str]:
        return [word.lower() for word in self._WORD.findall(text)]

    def _text(self, function: Any) -> str:
        texts = [function.name, function.description]
        for name, schema in function.parameters.get("properties", {}).items():
            texts += [name, schema.get("description", "") if isinstance(schema, dict) else ""]
        return " ".join(texts)


def read_set(folder: Path, name: str) -> tuple[list[Function], list[dict[str, Any]]]:
    """One joint pool (an id's first definition counts) and the requests."""
    functions: dict[str, Function] = {}
    for line in (folder / f"{name}.operations.jsonl").read_text().splitlines():
        row = json.loads(line)
        functions.setdefault(row["id"], to_function(row))
    requests = [json.loads(line) for line in (folder / f"{name}.requests.jsonl").read_text().splitlines()]
    return list(functions.values()), requests


def to_function(row: dict[str, Any]) -> Function:
    properties = {}
    for name, said in row["params"].items():
        kind = str(said.get("type") or "").lower()
        schema = {"type": TYPES.get(kind, kind), "description": said.get("description"), "enum": said.get("enum")}
        properties[name] = {key: value for key, value in schema.items() if value}
    required = [name for name, said in row["params"].items() if said.get("required")]
    parameters = {"type": "object", "properties": properties, "required": required}
    return Function(row["name"], row["id"], row["description"] or "", parameters, row.get("path") or "")


def measure(requests: Iterable[dict[str, Any]], find: Callable[[str], set[str]], tally: Tally | None = None) -> Tally:
    """`gold` is a list of ids, or of lists of ids any of which will do."""
    tally = tally or Tally()
    for request in requests:
        found = find(request["utterance"])
        needed = [{gold} if isinstance(gold, str) else set(gold) for gold in request["gold"]]
        tally.hits[half(request["id"])].append(all(one & found for one in needed))
    return tally


def found_by(index: OperationIndex[Any], key: str) -> Callable[[str], set[str]]:
    return lambda text: {getattr(one.function, key) for one in index.search(text, K)}


def listed_by(peer: Bm25, key: str) -> Callable[[str], set[str]]:
    return lambda text: {getattr(one, key) for one in peer.search(text)}


def row(name: str, count: int, ours: Tally, peer: Tally) -> list[float]:
    cells, ratios = [], []
    for one in HALVES:
        ratio = (1 - ours.share(one)) / (1 - peer.share(one))
        ratios.append(ratio)
        cells.append(f"{peer.share(one):7.3f} {ours.share(one):7.3f} {ratio:7.2f}")
    print(f"{name:<22}{count:>6}  " + "   ".join(cells))
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("ACTIONRY_SELECTION", "../shared/selection"))
    parser.add_argument("--corpus", type=Path, default=os.environ.get("ACTIONRY_CORPUS", "../shared/corpus"))
    options = parser.parse_args()
    heads = "   ".join(f"{'bm25':>7} {one:>7} {'misses':>7}" for one in HALVES)
    print(f"{'all needed in top 10':<22}{'ops':>6}  {heads}")
    pool, sentences = selection(options.data) if options.data.is_dir() else skipped("--data", options.data)
    documents = closure(options.corpus) if (options.corpus / "index.json").is_file() else skipped("--corpus", "")[0]
    if pool:
        cost(pool, documents, sentences)


def skipped(option: str, what: object) -> tuple[list[Any], list[str]]:
    print(f"skipped: {option} {what} is not there")
    return [], []


def selection(folder: Path) -> tuple[list[Function], list[str]]:
    pool: list[Function] = []
    sentences: list[str] = []
    shares: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name in SETS:
        functions, requests = read_set(folder, name)
        index, peer = OperationIndex(functions), Bm25(functions)
        ours, theirs = measure(requests, found_by(index, "id")), measure(requests, listed_by(peer, "id"))
        row(name, len(functions), ours, theirs)
        for one in HALVES:
            shares[one].append((1 - ours.share(one), 1 - theirs.share(one)))
        pool += functions
        sentences += [request["utterance"] for request in requests if half(request["id"]) == "seen"][:150]
    for one in HALVES:
        ours_missed, theirs_missed = (sum(column) / len(SETS) for column in zip(*shares[one], strict=True))
        ratio = ours_missed / theirs_missed
        print(f"mean misses, {one}: {theirs_missed:.3f} -> {ours_missed:.3f}, {ratio:.2f} of BM25's")
    return pool, sentences


def closure(folder: Path) -> list[Any]:
    """Requests written for this project over real documents; their operations need one another."""
    listed = {one["id"]: one["file"] for one in json.loads((folder / "index.json").read_text())["documents"]}
    lines = (Path(__file__).parent / "data" / "closure_requests.jsonl").read_text().splitlines()
    requests = [json.loads(line) for line in lines]
    ours, theirs, everything = Tally(), Tally(), []
    for document in dict.fromkeys(request["document"] for request in requests):
        functions = functions_of(folder / listed[document])
        index, peer = OperationIndex(functions), Bm25(functions)
        own = [request for request in requests if request["document"] == document]
        measure(own, found_by(index, "name"), ours)
        measure(own, listed_by(peer, "name"), theirs)
        everything += functions
    row("chains in 7 real APIs", len(everything), ours, theirs)
    large = functions_of(folder / listed["o0175"])
    prompt_share(large)
    return everything + large + functions_of(folder / listed["o0176"])


def functions_of(path: Path) -> list[Any]:
    data = path.read_bytes()
    return build_functions(read_operations(read_document(gzip.decompress(data) if path.suffix == ".gz" else data)))


def prompt_share(functions: list[Any]) -> None:
    def tokens(ones: Iterable[Any]) -> int:
        shown = ({"name": one.name, "description": one.description, "parameters": one.parameters} for one in ones)
        return sum(map(count_tokens, shown))

    two = search_functions(OperationIndex(functions))
    answer = count_tokens(two[0].handler({"query": "close the issue about the login bug"}))
    whole, own = tokens(functions), tokens(two)
    print(
        f"prompt share at {len(functions)} operations: {100 * own / whole:.2f} % of {whole} tokens,"
        f" {100 * (own + answer) / whole:.2f} % with one answer"
    )


def cost(pool: list[Function], documents: list[Any], sentences: list[str]) -> None:
    functions = [*pool, *documents][:6000]
    for function in functions:
        assert function.parameters is not None  # made on first use: not the index's cost
    started = time.process_time()
    index = OperationIndex(functions)
    built = time.process_time() - started
    spent = []
    for text in sentences:
        started = time.process_time()
        index.search(text, K)
        spent.append(time.process_time() - started)
    spent.sort()
    del index
    tracemalloc.start()
    kept = OperationIndex(functions)
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    print(
        f"{len(kept.functions)} operations: one search {1000 * sum(spent) / len(spent):.2f} ms CPU"
        f" (median {1000 * spent[len(spent) // 2]:.2f}, 95 % under {1000 * spent[int(len(spent) * 0.95)]:.2f}),"
        f" {megabytes:.1f} MB, built in {1000 * built / len(functions):.2f} s per 1,000"
    )


if __name__ == "__main__":
    main()
