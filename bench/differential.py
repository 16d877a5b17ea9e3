"""Requests compared with those of npm `swagger-client`: 0 unexplained differences on at least 3,000 operations.

    ./run bench differential [--corpus FOLDER] [--operations 3500] [--rounds 3] [--seed 1] [--show 20]

FOLDER has an `index.json` with a list of documents under `documents`, each with `file`; a matrix of our own is
always asked too. Arguments are generated from the schemas, with a liking for edge cases, the same for the same
seed. Every difference is either of a class that docs/explanations/serialization.md explains, or printed.
The reference is installed once into bench/.peers/swagger-client; nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from actionry.errors import ActionryError, ArgumentError
from actionry.openapi.document import read_document
from actionry.openapi.model import Operation, Values
from actionry.openapi.operations import read_operations
from actionry.request import build_request
from figures import Figure, report
from oracle import classes, matrix, questions
from oracle.arguments import Generator
from oracle.peer import Peer, is_available

SHARE = 25
"""Operations of each document, before the large ones fill up what is wanted."""


def find_corpus() -> Path | None:
    """As the tests find it: `ACTIONRY_CORPUS`, or `../shared/corpus`."""
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("ACTIONRY_CORPUS") or root.parent / "shared" / "corpus")
    return folder if (folder / "index.json").is_file() else None


def operations_of(corpus: Path | None, wanted: int, seed: int) -> Iterator[tuple[str, Any, Operation]]:
    """(document id, its raw root, operation): all of our own matrix, then some of every document."""
    for name, root in matrix.documents().items():
        for operation in read_operations(read_document(root)):
            yield name, root, operation
    if corpus is None:
        return
    index = json.loads((corpus / "index.json").read_text("utf-8"))
    documents = [entry for entry in index["documents"] if entry.get("expect") == "load"]
    chance = random.Random(seed)
    chance.shuffle(documents)
    left: list[tuple[str, Any, Operation]] = []
    count = 0
    for entry in documents:
        try:
            document = read_document((corpus / entry["file"]).read_bytes())
            operations = read_operations(document)
        except ActionryError:
            continue
        chance.shuffle(operations)
        for operation in operations[:SHARE]:
            yield entry["id"], document.root, operation
        count += len(operations[:SHARE])
        left += [(entry["id"], document.root, operation) for operation in operations[SHARE : 12 * SHARE]]
    chance.shuffle(left)
    yield from left[: max(0, wanted - count)]


class Differential:
    def __init__(self, peer: Peer, seed: int, rounds: int) -> None:
        self.peer = peer
        self.rounds = rounds
        self.operations = 0
        self.seed = seed
        self.compared = 0
        self.equal = 0
        self.cases: Counter[str] = Counter()
        self.unexplained: list[str] = []

    def compare(self, document: str, root: Any, operation: Operation) -> None:
        raw = questions.raw_operation(root, operation)
        self.operations += 1
        for round_ in range(self.rounds):
            chance = random.Random(f"{self.seed} {document} {operation.pointer} {round_}")
            self._compare_values(document, operation, raw, Generator(operation, chance).values())

    def _compare_values(self, document: str, operation: Operation, raw: Any, values: Values) -> None:
        self.compared += 1
        try:
            ours = build_request(operation, values, questions.SERVER, boundary=questions.BOUNDARY)
        except ArgumentError as error:
            # Refusals are compared too: the reference would have sent something.
            self._refused(document, operation, values, error)
            return
        theirs = self.peer.ask(questions.question(raw, operation, values, ours))
        found = classes.differences(operation, values, raw, ours, theirs, self._ask_part(raw, operation))
        if not found.explained and not found.unexplained:
            self.equal += 1
        self.cases.update(found.explained)
        for text in found.unexplained:
            self.unexplained.append(f"{document} {operation.method} {operation.path}\n    {text}")

    def _ask_part(self, raw: Any, operation: Operation) -> classes.AskPart:
        def ask(values: Any) -> tuple[Any, Any]:
            ours = build_request(operation, values, questions.SERVER, boundary=questions.BOUNDARY)
            return ours, self.peer.ask(questions.question(raw, operation, values, ours))

        return ask

    def _refused(self, document: str, operation: Operation, values: Any, error: ArgumentError) -> None:
        name = classes.REFUSALS.get(error.rule or "")
        if name is None:
            self.unexplained.append(f"{document} {operation.method} {operation.path}\n    refused: {error}")
        else:
            self.cases[name] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=find_corpus())
    parser.add_argument("--operations", type=int, default=3500)
    parser.add_argument("--rounds", type=int, default=3, help="argument sets for each operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    started = time.monotonic()
    if not is_available():
        print("left out: the reference needs node and npm")
        return 0
    with Peer() as peer:
        differential = Differential(peer, options.seed, options.rounds)
        for document, root, operation in operations_of(options.corpus, options.operations, options.seed):
            differential.compare(document, root, operation)
    for name, count in differential.cases.most_common():
        print(f"  {count:6}  explained: {name}")
    for text in differential.unexplained[: options.show]:
        print(f"UNEXPLAINED {text}")
    enough = options.corpus is None or differential.operations >= min(3000, options.operations)
    figures = [
        Figure(
            name="unexplained differences",
            measured=str(len(differential.unexplained)),
            bar="0",
            peer=f"swagger-client {peer.version}",
            held=not differential.unexplained,
        ),
        Figure(
            name="operations",
            measured=f"{differential.operations}, {differential.compared} requests, {differential.equal} equal",
            bar="3000" if options.corpus else "(no corpus here)",
            held=enough if options.corpus else None,
        ),
    ]
    print(f"({time.monotonic() - started:.0f} s, seed {options.seed})")
    return report("Differential against swagger-client", figures)


if __name__ == "__main__":
    sys.exit(main())
