"""What passed the local proxy: one record a call, and what a host with a model would make of it."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from actionry.actions.action import Action
from actionry.findings import Severity
from actionry.limits import OPENAI
from actionry.openapi.model import Operation

KEPT = 200
"""Records on the page; older ones are dropped."""

FINDINGS: dict[str, tuple[Severity, str]] = {
    "CALL-UNDECLARED": ("info", "The document has no such operation, so no model would make this call."),
    "CALL-REDIRECT": ("warning", "The answer is a redirect; hosts do not follow one (D-12). Answer at this address."),
    "CALL-TOO-LARGE": ("warning", "The answer is over 100,000 bytes; hosts cut or refuse it (WI-04). Offer pages."),
    "CALL-REQUEST-TOO-LARGE": ("warning", "The request is over 100,000 bytes; hosts do not send it (WI-04)."),
    "CALL-SLOW": ("warning", "The answer took longer than the 45 s that hosts wait (WI-03)."),
    "CALL-SERVER-ERROR": ("warning", "The API failed (5xx); the model is told so and may try again."),
    "CALL-STATUS-UNDECLARED": ("info", "The document does not declare this status, so nothing says what it means."),
    "CALL-HTML": ("info", "The answer says that it is a web page; a model wants data. Send application/json."),
    "CALL-NOT-TEXT": ("info", "The answer is no text; hosts pass text and JSON on, files by `openaiFileResponse`."),
    "CALL-FAILED": ("error", "No answer came from the API."),
}
"""Code -> (severity, what it says)."""

_TEXT = re.compile(
    r"text/|application/(?:[\w.+-]*\+)?(?:json|xml|yaml|x-yaml|x-ndjson|javascript)|application/x-www-form"
)


@dataclass(slots=True, kw_only=True)
class CallSeen:
    """One request and its answer; sizes and times only, never a header, query or body (they may hold secrets)."""

    method: str
    path: str
    """Without the query."""
    has_query: bool = False
    number: int = 0
    at: datetime = field(default_factory=lambda: datetime.now().astimezone())
    status: int | None = None
    """None: no answer came; `problem` says why."""
    media_type: str = ""
    sent_bytes: int = 0
    received_bytes: int = 0
    elapsed_ms: float = 0.0
    operation: str = ""
    """The function's name; "" when the document has none for it."""
    problem: str = ""
    findings: tuple[str, ...] = ()
    """Codes of FINDINGS."""


class KnownOperations:
    """Finds the operation behind a request, by method and path template."""

    def __init__(self, action: Action | None) -> None:
        self._rows: list[tuple[str, re.Pattern[str], str, Operation]] = []
        for function in action.functions if action is not None else ():
            base = urlsplit(function.operation.server_url).path.rstrip("/")
            self._rows.append((function.method, _pattern(base + function.path), function.name, function.operation))
        # A path without parameters goes first: `/todos/mine` before `/todos/{id}` (OpenAPI 3.1.0, Paths Object).
        self._rows.sort(key=lambda row: row[1].pattern.count("[^/]+"))

    @property
    def known(self) -> bool:
        return bool(self._rows)

    def find(self, method: str, path: str) -> tuple[str, Operation] | None:
        found = ((name, operation) for verb, form, name, operation in self._rows if verb == method and form.match(path))
        return next(found, None)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^{}]*\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + r"/?\Z")


def judge(call: CallSeen, operations: KnownOperations) -> CallSeen:
    """Fill in `operation` and `findings`."""
    found = operations.find(call.method, call.path)
    codes: list[str] = []
    if found is not None:
        call.operation = found[0]
    elif operations.known:
        codes.append("CALL-UNDECLARED")
    codes += _about_answer(call, found[1] if found else None)
    call.findings = tuple(codes)
    return call


def _about_answer(call: CallSeen, operation: Operation | None) -> Sequence[str]:
    status = call.status
    if status is None:
        return ["CALL-FAILED"]
    return [
        code
        for code, holds in (
            ("CALL-REDIRECT", status in (301, 302, 303, 307, 308)),
            ("CALL-SERVER-ERROR", status >= 500),
            ("CALL-TOO-LARGE", call.received_bytes > OPENAI.response_characters),
            ("CALL-REQUEST-TOO-LARGE", call.sent_bytes > OPENAI.request_characters),
            ("CALL-SLOW", call.elapsed_ms > OPENAI.call_timeout_s * 1000),
            ("CALL-HTML", call.media_type == "text/html" and operation is not None),
            ("CALL-NOT-TEXT", bool(call.media_type) and operation is not None and not _TEXT.match(call.media_type)),
            ("CALL-STATUS-UNDECLARED", operation is not None and not _declares(operation, status)),
        )
        if holds
    ]


def _declares(operation: Operation, status: int) -> bool:
    responses = operation.raw.get("responses")
    declared = {str(key).upper() for key in responses} if isinstance(responses, dict) else set()
    return bool(declared & {str(status), f"{status // 100}XX", "DEFAULT"})


def as_line(call: CallSeen) -> str:
    """`12:00:01 POST /todos/ada -> 200  3 ms  14 B in, 2 B out  addTodo`"""
    query = "?…" if call.has_query else ""
    outcome = str(call.status) if call.status is not None else f"no answer: {call.problem}"
    sizes = f"{call.elapsed_ms:.0f} ms  {call.sent_bytes:,} B in, {call.received_bytes:,} B out"
    return f"{call.at:%H:%M:%S} {call.method} {call.path}{query} -> {outcome}  {sizes}  {call.operation}".rstrip()


class CallLog:
    """The last calls, and a bell for who waits for the next."""

    def __init__(self, tell: Callable[[CallSeen], None]) -> None:
        self._calls: deque[CallSeen] = deque(maxlen=KEPT)
        self._count = 0
        self._more = asyncio.Event()
        self._tell = tell

    def add(self, call: CallSeen) -> None:
        self._count += 1
        call.number = self._count
        self._calls.append(call)
        self._tell(call)
        self._more.set()
        self._more = asyncio.Event()

    def after(self, number: int) -> list[CallSeen]:
        return [call for call in self._calls if call.number > number]

    async def wait(self, number: int, timeout_s: float) -> list[CallSeen]:
        """Calls after `number`; when there are none, those that come within the time."""
        if not self.after(number):
            more = self._more
            try:
                await asyncio.wait_for(more.wait(), timeout_s)
            except TimeoutError:
                return []
        return self.after(number)


def as_row(call: CallSeen) -> dict[str, Any]:
    """For the page."""
    return {
        "number": call.number,
        "at": f"{call.at:%H:%M:%S}",
        "method": call.method,
        "path": call.path + ("?…" if call.has_query else ""),
        "status": call.status,
        "problem": call.problem,
        "ms": round(call.elapsed_ms, 1),
        "sent": call.sent_bytes,
        "received": call.received_bytes,
        "operation": call.operation,
        "findings": [
            {"code": code, "severity": FINDINGS[code][0], "text": FINDINGS[code][1]} for code in call.findings
        ],
    }
