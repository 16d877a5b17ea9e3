"""The page of `actionry dev`: calls as they come, and what a model would do with a sentence.

It stands under a random address that is printed once (THREATS H-08), runs nothing but the built-in model, and shows
texts of documents and APIs as text.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from actionry.actions.action import Action
from actionry.findings import Finding
from actionry.kit.calls_seen import CallLog, as_row
from actionry.kit.proxy import Receive, Scope, Send, answer

ROOT = "/_actionry/"
_WAIT_S = 20.0
_MOST_BYTES = 10_000
_PAGE = Path(__file__).parent / "templates" / "status.html"


class StatusPage:
    """Answers below `/_actionry/`; `path` is the page's own address."""

    def __init__(self, calls: CallLog, state: Callable[[], tuple[Action | None, Sequence[Finding], str]]) -> None:
        self.path = f"{ROOT}{secrets.token_urlsafe(24)}/"
        self._calls = calls
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if not secrets.compare_digest(path[: len(self.path)].encode(), self.path.encode()):
            await answer(
                send, 404, "There is nothing here. The page's address was printed when `actionry dev` started."
            )
            return
        match (scope["method"], path[len(self.path) :]):
            case ("GET", ""):
                await self._send_page(send)
            case ("GET", "calls"):
                await self._send_calls(scope, send)
            case ("GET", "state"):
                await _send_json(send, self._describe())
            case ("POST", "rehearse"):
                await self._rehearse(receive, send)
            case _:
                await answer(send, 404, "There is nothing here.")

    async def _send_page(self, send: Send) -> None:
        nonce = secrets.token_urlsafe(16)
        text = await asyncio.to_thread(_PAGE.read_text, "utf-8")
        content = text.replace("@@NONCE@@", nonce).encode()
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        await _send(send, content, b"text/html; charset=utf-8", [(b"content-security-policy", policy.encode())])

    async def _send_calls(self, scope: Scope, send: Send) -> None:
        """`?after=N`: waits a while for the next one."""
        text = scope.get("query_string", b"").decode("latin-1").removeprefix("after=")
        after = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
        await _send_json(send, [as_row(call) for call in await self._calls.wait(after, _WAIT_S)])

    def _describe(self) -> dict[str, Any]:
        action, findings, problem = self._state()
        return {
            "title": action.title if action else "",
            "problem": problem,
            "functions": [function.name for function in action.functions] if action else [],
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity,
                    "pointer": finding.pointer,
                    "text": f"{finding.message} {finding.mend}".strip(),
                }
                for finding in findings
            ],
        }

    async def _rehearse(self, receive: Receive, send: Send) -> None:
        """What the built-in model would do with a sentence; nothing is called."""
        content, more = b"", True
        while more and len(content) <= _MOST_BYTES:
            message = await receive()
            content += message.get("body", b"")
            more = message.get("more_body", False)
        action, _, _ = self._state()
        if action is None or len(content) > _MOST_BYTES:
            await answer(send, 409 if action is None else 413, "There is no document to try it on, or too much text.")
            return
        from actionry.models.rehearsal import rehearse

        found = await asyncio.to_thread(rehearse, content.decode("utf-8", "replace"), action.functions)
        await _send_json(send, {"calls": found.calls, "text": found.question or found.text})


async def _send_json(send: Send, value: Any) -> None:
    await _send(send, orjson.dumps(value, default=str), b"application/json", [])


async def _send(send: Send, content: bytes, kind: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    own = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": own + headers})
    await send({"type": "http.response.body", "body": content})
