"""The real server in processes that may be killed at a named point, for the tests and the bench of faults.

python mortal_server.py DATA_DIR DATABASE_URL PORT PEER_PORT

It loads everything once and then forks a server for each line of standard input, which names the point where that one
kills itself and at which passing: `after claimed 2`, or `- 0` for none. So a restart costs what opening costs, not
what importing costs; each server is a process of its own, with connections and locks of its own. Nothing in the
product knows of any of this: the points are wrapped around its methods here.
"""

from __future__ import annotations

import asyncio
import functools
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn.loops.auto  # noqa: F401  # loaded before the fork, as everything else that a server needs

from actionry.models.provider import (
    Finished,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ToolCall,
    ToolCallReady,
    ToolResultMessage,
    UserMessage,
)
from actionry.outbound import Outbound
from actionry.server import main as server_main
from actionry.server.app import Server, make_server
from actionry.server.models import FixedModels
from actionry.server.runner import EmbeddedRunner
from actionry.server.settings import Settings, read_settings
from actionry.storage import schema
from actionry.storage.answers import Answers
from actionry.storage.calls import Journal
from actionry.storage.conversations import Conversations
from actionry.storage.turns import Turns

NO_POINT = "-"
STEPS = ("claimed", "sent", "done")
EVENTS = (
    "model_started", "text", "call_proposed", "confirmation_asked", "call_started", "call_finished", "turn_finished",
)  # fmt: skip
POINTS = (
    "before message", "after message", "before answer", "after answer", "request out", "answered", "in commit",
    *(f"{side} {step}" for step in STEPS for side in ("before", "after")),
    *(f"{side} {event}" for event in EVENTS for side in ("before", "after")),
)  # fmt: skip

REQUEST_OUT_S = 0.0015
"""After a request was begun; the peer answers after 3 ms."""


class Fate:
    """Kills its own process at the given passing of one point."""

    def __init__(self) -> None:
        self.point, self.passing = NO_POINT, 0

    def at(self, point: str) -> None:
        if point == self.point:
            self.passing -= 1
            if self.passing <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


FATE = Fate()


def around(owner: type, method: str, names: Callable[..., list[str]]) -> None:
    """Points before and after every call of a coroutine method; `names` reads them from its arguments."""
    inner: Callable[..., Awaitable[Any]] = getattr(owner, method)

    @functools.wraps(inner)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        passed = names(*arguments, **named)
        for name in passed:
            FATE.at(f"before {name}")
        result = await inner(*arguments, **named)
        for name in passed:
            FATE.at(f"after {name}")
        return result

    setattr(owner, method, wrapped)


def place_points() -> None:
    around(Conversations, "accept", lambda *_, **__: ["message"])
    around(Answers, "confirm", lambda *_, **__: ["answer"])
    around(Journal, "move", lambda _, call_id, expected, to, **__: [to])
    around(
        Turns,
        "append",
        lambda _, key, events, steps=(): [*(event.type for event in events), *(step.to for step in steps)],
    )
    _die_in_transactions()
    _die_while_sending()


def _die_in_transactions() -> None:
    """Everything is written, nothing is committed."""
    inner = Turns._write

    @functools.wraps(inner)
    def write(*arguments: Any) -> None:
        inner(*arguments)
        FATE.at("in commit")

    Turns._write = write  # type: ignore[method-assign, assignment]


def _die_while_sending() -> None:
    inner = Outbound.send

    @functools.wraps(inner)
    async def send(*arguments: Any, **named: Any) -> Any:
        if FATE.point == "request out":
            asyncio.get_running_loop().call_later(REQUEST_OUT_S, FATE.at, "request out")
        response = await inner(*arguments, **named)
        FATE.at("answered")
        return response

    Outbound.send = send  # type: ignore[method-assign]


class Talker:
    """A model: `effect ID` makes it say a few words, call `makeEffect` with that id, and say a few more."""

    name = "talker"
    context_tokens = 128_000

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        said = next(each.text for each in reversed(request.messages) if isinstance(each, UserMessage))
        answered = isinstance(request.messages[-1], ToolResultMessage)
        found = re.search(r"effect ([\w-]+)", said)
        for number in range(12):
            yield TextDelta(f"{'Then' if answered else 'First'} word {number} 词 of {said}.\n")
            await asyncio.sleep(0.004)
        if answered or found is None:
            yield Finished("stop")
            return
        call = ToolCall(id=f"call-{found[1]}", name="makeEffect", arguments=f'{{"id": "{found[1]}"}}')
        yield ToolCallReady(call)
        yield Finished("tool_calls")


def settings_of(data_dir: Path, database_url: str, port: int, peer_port: int) -> Settings:
    environment = {
        "HOME": str(data_dir),
        "ACTIONRY_DATABASE_URL": database_url,
        "ACTIONRY_ALLOWED_NETWORKS": f"127.0.0.1:{peer_port}",
        "ACTIONRY_REQUESTS_PER_MINUTE": "1000000",
        "ACTIONRY_USER_TURNS": "1000",
        "ACTIONRY_DEMO": "off",
        "ACTIONRY_LOG_LEVEL": "error",
    }
    return read_settings(environment, data_dir=data_dir, port=port)


def quick_leases() -> None:
    """What a dead process held is taken over within a second, not after half a minute."""
    defaults = EmbeddedRunner.__init__.__kwdefaults__
    assert defaults is not None
    defaults.update(lease_s=1.0, renew_s=0.3, look_s=0.15)


def main() -> None:
    data_dir, database_url, port, peer_port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    settings = settings_of(data_dir, database_url, port, peer_port)
    place_points()
    quick_leases()
    schema.revisions()
    server = make_server(settings, models=FixedModels(Talker()))
    ended = 0
    for line in sys.stdin:
        if ended:  # only now: until here nobody else can have its number, which may be killed
            os.waitpid(ended, 0)
        point, _, passing = line.strip().rpartition(" ")
        child = os.fork()
        if child == 0:
            _serve(settings, server, point, int(passing))
        print(f"pid {child}", flush=True)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        print("ended", flush=True)
        ended = child


def _serve(settings: Settings, server: Server, point: str, passing: int) -> None:
    FATE.point, FATE.passing = point, passing
    vars(server_main)["make_server"] = lambda _: server  # the one that was made before the fork
    code = 1
    try:
        server_main.serve(settings, tell=lambda _: print("ready", flush=True))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
