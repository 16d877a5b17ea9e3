"""Style-table and body cases that arrive right, byte for byte, at a loopback server; beside npm `swagger-client`.

    ./run bench wire_cases

The cases are tests/support/wire_table.py. The peer's requests are taken where it would send them; its multipart
bodies are compared part by part, because the platform chooses their boundary.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from figures import Figure, report
from oracle import classes, questions
from oracle.peer import Peer, is_available
from support.wire import Loopback, loopback
from support.wire_table import CASES, Case


async def is_right(server: Loopback, case: Case) -> bool:
    received = await server.send(case.build(server.url))
    same_headers = all(received.headers.get(name) == value for name, value in case.headers.items())
    return received.target == case.target and same_headers and received.body == (case.body or b"")


async def wrong_cases() -> list[str]:
    async with loopback() as server:
        return [case.name for case in CASES if not await is_right(server, case)]


def peer_is_right(peer: Peer, case: Case) -> bool:
    operation = case.operation
    ours = case.build(questions.SERVER)
    values = case.values
    if values.has_body and values.media_type is None:
        assert operation.request_body is not None
        values.media_type = operation.request_body.content[0].media_type
    raw = questions.raw_operation(case.document, operation)
    theirs = peer.ask(questions.question(raw, operation, values, ours))
    if "error" in theirs or theirs["url"] != questions.SERVER + case.target:
        return False
    headers = {name.lower(): value for name, value in theirs["headers"].items()}
    is_multipart = "boundary" in case.headers.get("Content-Type", "")
    if not is_multipart and any(headers.get(name.lower()) != value for name, value in case.headers.items()):
        return False
    return _same_body(case, ours, theirs["body"])


def _same_body(case: Case, ours: Any, body: dict[str, Any] | None) -> bool:
    if case.body is None or body is None:
        return body is None and case.body is None
    if "fields" in body:
        mine = [(name, content) for name, content, _, _ in classes.sections_of(ours)]
        return mine == [
            (f["name"], f["text"].encode() if "text" in f else base64.b64decode(f["base64"])) for f in body["fields"]
        ]
    content = base64.b64decode(body["base64"]) if "base64" in body else body["text"].encode()
    return bool(content == case.body)


def main() -> int:
    wrong = asyncio.run(wrong_cases())
    for name in wrong:
        print(f"wrong: {name}")
    beside = "not here: it needs node and npm"
    if is_available():
        with Peer() as peer:
            beside = f"swagger-client {peer.version}: {sum(peer_is_right(peer, case) for case in CASES)}"
    right = Figure(
        name="cases right on the wire",
        measured=f"{len(CASES) - len(wrong)} of {len(CASES)}",
        bar="all",
        peer=beside,
        held=not wrong,
    )
    return report("Style-table and body cases, compared as bytes received", [right])


if __name__ == "__main__":
    sys.exit(main())
