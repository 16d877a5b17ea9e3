"""People who chat, approve and cut streams while the server under them is killed again and again (T-01 to T-04).

    report = await kill_servers(database_url, folder, kills=25, replicas=1, seed=1)

Each user goes on until every message of theirs is acknowledged and its turn has come to its end, however often the
server dies meanwhile. What an API peer counted and what the users read are then held against each other.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from actionry.gpts.gpt import GptAction, GptContent
from actionry.server.keys import open_vault
from actionry.storage.engine import Database
from actionry.storage.maintenance import check_database
from actionry.storage.storage import open_storage
from faults.mortal_server import NO_POINT, POINTS, settings_of

ANSWER_S = 0.003
"""How long the peer takes, so that random kills meet calls under way."""
POINT_S = 0.8
"""A server that has not come past its point by then is killed where it stands."""
END_S = 60.0
"""After the last kill every turn must come to its end within this time."""

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Effects", "version": "1"},
    "paths": {
        "/effects/{id}": {
            "post": {
                "operationId": "makeEffect",
                "summary": "Make one effect.",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "Made."}},
            }
        }
    },
}


# --------------------------------------------------------------------------------------------------- the counting peer


class Counting(asyncio.Protocol):
    """`POST /effects/ID` is one effect, counted when it has arrived."""

    def __init__(self, effects: Counter[str]) -> None:
        self.effects = effects
        self.seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.seen += data
        while b"\r\n\r\n" in self.seen:
            head, _, self.seen = self.seen.partition(b"\r\n\r\n")
            self.effects[head.split(b" ", 2)[1].rpartition(b"/")[2].decode()] += 1
            asyncio.get_running_loop().call_later(ANSWER_S, self._answer)

    def _answer(self) -> None:
        if not self.transport.is_closing():
            body = b'{"made": true}'
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.transport.write(head.encode() + body)


@asynccontextmanager
async def counting_peer() -> AsyncIterator[tuple[int, Counter[str]]]:
    effects: Counter[str] = Counter()
    server = await asyncio.get_running_loop().create_server(lambda: Counting(effects), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], effects
    finally:
        server.close()


# -------------------------------------------------------------------------------------------------- a server that dies


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Replica:
    """One server on one port, alive or being started again."""

    def __init__(self, data_dir: Path, database_url: str, peer_port: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.pid = 0
        self.starts_s: list[float] = []
        self._arguments = (str(data_dir), database_url, str(self.port), str(peer_port))
        self._process: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        script = Path(__file__).with_name("mortal_server.py")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), *self._arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )

    async def start(self, point: str = NO_POINT, passing: int = 0) -> bool:
        """Fork a server; False when it came to its end before it was ready."""
        assert self._process is not None
        assert self._process.stdin is not None
        started = time.perf_counter()
        self._process.stdin.write(f"{point} {passing}\n".encode())
        self.pid = 0
        ready = False
        while not (ready and self.pid):
            line = await self._line()
            if line.startswith("pid "):
                self.pid = int(line[4:])
            elif line == "ready":
                ready = True
            elif line == "ended":
                return False
        self.starts_s.append(time.perf_counter() - started)
        return True

    async def _line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        if not line:
            raise RuntimeError("the server's parent is gone")
        return line.decode().strip()

    async def ended(self, timeout_s: float) -> bool:
        """Whether the server is dead, now or within the time."""
        try:
            async with asyncio.timeout(timeout_s):
                while await self._line() != "ended":
                    pass
        except TimeoutError:
            return False
        return True

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()


# --------------------------------------------------------------------------------------------------------------- users


@dataclass(slots=True)
class Said:
    """One message of one user, and everything that was seen of its turn."""

    id: str
    decision: str
    turn: str = ""
    conversation: str = ""
    allowed: bool = False
    """An answer that allows the call was sent, whether or not the server lived to acknowledge it."""
    acknowledged: str = ""
    """The outcome that an acknowledged answer told."""
    frames: list[bytes] = field(default_factory=list)
    cuts: int = 0
    ended: bool = False
    outcome: str = ""
    """Of the call: finished, failed, refused, unknown."""
    faults: list[str] = field(default_factory=list)

    def take(self, frame: bytes) -> dict[str, Any] | None:
        """An event of the stream: must be the next one. None for a word of the stream about itself."""
        lines = dict(line.split(": ", 1) for line in frame.decode().splitlines() if ": " in line)
        if "id" not in lines:
            return None
        seq = int(lines["id"].rpartition(":")[2])
        if seq != len(self.frames) + 1:
            self.faults.append(f"{self.id}: event {seq} after {len(self.frames)}")
        self.frames.append(frame)
        event: dict[str, Any] = json.loads(lines["data"])
        return event


class User:
    """Talks in conversations of its own, to whichever replica answers."""

    def __init__(self, replicas: list[Replica], token: str, gpt_id: str, chance: random.Random, name: str) -> None:
        self.replicas = replicas
        self.headers = {"Authorization": f"Bearer {token}"}
        self.gpt_id = gpt_id
        self.chance = chance
        self.name = name
        self.said: list[Said] = []
        self.lost: list[str] = []
        self.conversation = ""

    async def talk(self, session: aiohttp.ClientSession, over: asyncio.Event) -> None:
        while not over.is_set():
            number = len(self.said)
            if number % 4 == 0 or self.said[-1].decision == "leave":  # a turn that waits keeps its conversation
                found = await self.request(session, "POST", "/api/v1/conversations", {"gpt_id": self.gpt_id})
                self.conversation = found["id"]
            decision = self.chance.choices(("allow", "decline", "leave", "stop"), (70, 12, 9, 9))[0]
            said = Said(f"{self.name}-{number}", decision)
            self.said.append(said)
            await self.say(session, said)

    async def say(self, session: aiohttp.ClientSession, said: Said) -> None:
        path = f"/api/v1/conversations/{self.conversation}/messages"
        key = {"Idempotency-Key": said.id}
        accepted = await self.request(session, "POST", path, {"text": f"effect {said.id}"}, key)
        said.turn, said.conversation = accepted["turn"]["id"], self.conversation
        for _ in range(1000):
            question = await self.follow(session, said)
            if said.ended:
                return
            if question is not None and not await self.answer(session, said, question):
                return
        raise AssertionError(f"the turn of {said.id} does not end")

    async def answer(self, session: aiohttp.ClientSession, said: Said, question: dict[str, Any]) -> bool:
        """Whether the turn goes on by itself."""
        turn = f"/api/v1/turns/{said.turn}"
        if said.decision == "leave":
            return False
        if said.decision == "stop":
            await self.request(session, "POST", f"{turn}/stop", {})
            return True
        said.allowed = said.decision == "allow"
        body = {"digest": question["digest"], "decision": said.decision}
        clicks = [
            self.request(session, "POST", f"{turn}/calls/{question['call_id']}/answer", body)
            for _ in range(self.chance.choice((1, 1, 1, 2, 5)))
        ]
        outcomes = {each["outcome"] for each in await asyncio.gather(*clicks)}
        if outcomes != {said.decision}:
            said.faults.append(f"{said.id}: {said.decision} was answered with {sorted(outcomes)}")
        said.acknowledged = said.decision
        return True

    async def follow(self, session: aiohttp.ClientSession, said: Said) -> dict[str, Any] | None:
        """Read on from the last whole event, until the turn rests, the server dies or the stream is cut here.

        Returns the open question, if the turn rests with one.
        """
        headers = {**self.headers, "Accept": "text/event-stream"}
        if said.frames:
            headers["Last-Event-ID"] = f"{said.turn}:{len(said.frames)}"
        left = self.chance.randrange(50, 6000) if self.chance.random() < 0.5 else 10**9
        question: dict[str, Any] | None = said_question(said)
        url = f"{self.chance.choice(self.replicas).url}/api/v1/turns/{said.turn}/events"
        seen = b""
        try:
            async with session.get(url, headers=headers) as answer:
                if answer.status != 200:
                    self.lost.append(f"{said.id}: its turn answers {answer.status}")
                    said.ended = True
                    return None
                async for part in answer.content.iter_any():
                    seen += part[:left]
                    left -= len(part)
                    while b"\n\n" in seen:
                        frame, _, seen = seen.partition(b"\n\n")
                        event = said.take(frame + b"\n\n")
                        if event is not None:
                            question = note(said, event, question)
                    if left <= 0:
                        said.cuts += 1
                        return None  # leaving the block closes the connection, in the middle of whatever was sent
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            said.cuts += 1
            await asyncio.sleep(0.03)
            return None
        return question

    async def request(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Until somebody answers; what a dead server may have done is asked for again in the same words."""
        until = time.monotonic() + END_S
        while True:
            url = self.chance.choice(self.replicas).url + path
            try:
                async with session.request(
                    method, url, json=body, headers={**self.headers, **(headers or {})}
                ) as reply:
                    content = await reply.read()
                    if reply.status < 300:
                        return json.loads(content)
                    if reply.status != 503:
                        raise AssertionError(f"{method} {path}: {reply.status} {content[:300]!r}")
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                pass
            if time.monotonic() > until:
                raise AssertionError(f"{method} {path}: no server answers")
            await asyncio.sleep(0.03)


def said_question(said: Said) -> dict[str, Any] | None:
    """The question that is open after the events so far."""
    question: dict[str, Any] | None = None
    for frame in said.frames:
        event = json.loads(frame.decode().split("data: ", 1)[1])
        question = note(said, event, question)
    return question


def note(said: Said, event: dict[str, Any], question: dict[str, Any] | None) -> dict[str, Any] | None:
    match event["type"]:
        case "confirmation_asked":
            return event
        case "confirmation_answered":
            return None
        case "call_finished" | "call_failed" | "call_refused" | "call_unknown":
            said.outcome = event["type"].removeprefix("call_")
            return None
        case "turn_finished":
            said.ended = True
            return None
    return question


# -------------------------------------------------------------------------------------------------------------- report


@dataclass(slots=True, kw_only=True)
class Report:
    kills: int
    by_point: Counter[str]
    messages: int
    lost: list[str]
    twice: list[str]
    unconfirmed: list[str]
    missing: list[str]
    """Told as done, and never arrived at the peer."""
    unknown: int
    unknown_ran: int
    effects: int
    unended: list[str]
    cuts: int
    resumed: int
    streams_wrong: list[str]
    faults: list[str]
    database: list[str]
    starts_s: list[float]
    seconds: float

    @property
    def wrong(self) -> list[str]:
        return [
            *self.lost, *self.twice, *self.unconfirmed, *self.missing, *self.unended, *self.streams_wrong,
            *self.faults, *self.database,
        ]  # fmt: skip

    @property
    def line(self) -> str:
        """The sentence of THREATS section 5."""
        return (
            f"kills survived {self.kills:,} · messages acknowledged/lost {self.messages:,}/{len(self.lost)} · "
            f"consequential effects run twice/unconfirmed {len(self.twice)}/{len(self.unconfirmed)} (of "
            f"{self.effects:,}) · unknown outcomes {self.unknown} (all shown to the user; {self.unknown_ran} had run) "
            f"· streams resumed exactly {self.resumed - len(self.streams_wrong):,}/{self.resumed:,}"
        )


def judge(people: list[User], effects: Counter[str], uncut: dict[str, bytes]) -> dict[str, Any]:
    said = [each for user in people for each in user.said if each.turn]
    streams = [each for each in said if each.cuts]
    unknown = [each for each in said if each.outcome == "unknown"]
    allowed = {each.id for each in said if each.allowed}
    return {
        "messages": len(said),
        "lost": [text for user in people for text in user.lost],
        "twice": [f"{name} ran {count} times" for name, count in effects.items() if count > 1],
        "unconfirmed": [f"{name} ran unconfirmed" for name in effects if name not in allowed],
        "missing": [f"{each.id} never ran" for each in said if each.outcome == "finished" and not effects[each.id]]
        + [f"{each.id} ran and is told as {each.outcome}" for each in said if _denied(each) and effects[each.id]],
        "unknown": len(unknown),
        "unknown_ran": sum(1 for each in unknown if effects[each.id]),
        "effects": len(effects),
        "unended": [f"{each.id} has not ended" for each in said if not each.ended],
        "cuts": sum(each.cuts for each in said),
        "resumed": len(streams),
        "streams_wrong": [f"the stream of {e.id} differs" for e in streams if b"".join(e.frames) != uncut[e.turn]],
        "faults": [fault for each in said for fault in each.faults],
    }


def _denied(said: Said) -> bool:
    return said.outcome in ("failed", "refused")


# ----------------------------------------------------------------------------------------------------------- the whole


async def seed(data_dir: Path, database_url: str, peer_port: int) -> tuple[str, str]:
    """A user with a GPT and a token; returns (token, id of the GPT)."""
    settings = settings_of(data_dir, database_url, 1, peer_port)
    vault = await asyncio.to_thread(open_vault, settings)
    storage = await open_storage(database_url, vault=vault, data_dir=data_dir)
    try:
        user = await storage.accounts.local_user()
        token, _ = await storage.accounts.create_token(user, name="people", scopes=("chat",))
        gpt = await storage.gpts.create(user, GptContent(name="Effects"))
        action = await storage.gpts.add_action(user, gpt.id)
        stored = await storage.gpts.add_document(user, gpt.id, json.dumps(DOCUMENT).encode())
        used = GptAction(id=action, document_id=stored.id, base_url=f"http://127.0.0.1:{peer_port}")
        content = GptContent(name="Effects", actions=(used,))
        saved = await storage.gpts.save_draft(user, gpt.id, content, expected_revision=gpt.draft_revision)
        await storage.gpts.publish(user, gpt.id, expected_revision=saved.draft_revision)
        return token.reveal(), gpt.id
    finally:
        await storage.close()


async def kill_servers(
    database_url: str, data_dir: Path, *, kills: int, replicas: int = 1, users: int = 6, seed_number: int = 1
) -> Report:
    """Kill servers that many times while people use them, and judge what came of it."""
    started = time.monotonic()
    chance = random.Random(seed_number)
    async with counting_peer() as (peer_port, effects):
        token, gpt_id = await seed(data_dir, database_url, peer_port)
        servers = [Replica(data_dir, database_url, peer_port) for _ in range(replicas)]
        try:
            for server in servers:
                await server.open()
            people = [
                User(servers, token, gpt_id, random.Random(chance.random()), f"u{number}") for number in range(users)
            ]
            timeout = aiohttp.ClientTimeout(total=20)
            connector = aiohttp.TCPConnector(limit=0, force_close=True)
            async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
                by_point = await _live_and_die(servers, people, session, kills, chance)
                uncut = await _finish(people, session)
            starts_s = [each for server in servers for each in server.starts_s]
        finally:
            for server in servers:
                if server.pid:
                    server.kill()
                await server.close()
    database = Database(database_url)
    problems = await check_database(database)
    await database.close()
    return Report(
        kills=kills, by_point=by_point, starts_s=sorted(starts_s), seconds=time.monotonic() - started,
        database=problems, **judge(people, effects, uncut),
    )  # fmt: skip


async def _live_and_die(
    servers: list[Replica], people: list[User], session: aiohttp.ClientSession, kills: int, chance: random.Random
) -> Counter[str]:
    over = asyncio.Event()
    by_point: Counter[str] = Counter()
    async with asyncio.TaskGroup() as group:
        talking = [group.create_task(user.talk(session, over)) for user in people]
        async with asyncio.TaskGroup() as deaths:
            for index, server in enumerate(servers):
                share = kills // len(servers) + (index < kills % len(servers))
                deaths.create_task(_kill_again_and_again(server, share, random.Random(chance.random()), by_point))
        over.set()
        await asyncio.wait(talking, timeout=END_S)
    return by_point


async def _kill_again_and_again(server: Replica, kills: int, chance: random.Random, by_point: Counter[str]) -> None:
    """Every second time at a named point, else at a random moment; at the end it is left alive."""
    for number in range(kills):
        point = chance.choice(POINTS) if number % 2 else NO_POINT
        ready = await server.start(point, chance.randrange(1, 6))
        if ready and point == NO_POINT:
            await asyncio.sleep(chance.uniform(0.0, 0.5))
        if not ready or (point != NO_POINT and await server.ended(POINT_S)):
            by_point[point] += 1
            continue
        server.kill()
        assert await server.ended(10)
        by_point["random"] += 1
    assert await server.start()


async def _finish(people: list[User], session: aiohttp.ClientSession) -> dict[str, bytes]:
    """Stop the turns whose question was left, read every stream to its end, and each once more without a cut."""
    uncut: dict[str, bytes] = {}
    for user in people:
        for said in user.said:
            if not said.turn:
                continue
            if said.decision == "leave" and not said.ended:
                await user.request(session, "POST", f"/api/v1/turns/{said.turn}/stop", {})
            until = time.monotonic() + END_S
            while not said.ended and time.monotonic() < until:
                await user.follow(session, said)
            whole = Said(said.id, said.decision, turn=said.turn)
            while not whole.ended and said.ended and time.monotonic() < until:
                await _read_whole(user, session, whole)
            uncut[said.turn] = b"".join(whole.frames)
            if not whole.frames or f"effect {said.id}".encode() not in whole.frames[0]:
                user.lost.append(f"the message {said.id} is gone")
    return uncut


async def _read_whole(user: User, session: aiohttp.ClientSession, whole: Said) -> None:
    """In one piece, as somebody would who has never been away."""
    whole.frames.clear()
    headers = {**user.headers, "Accept": "text/event-stream"}
    async with session.get(f"{user.replicas[0].url}/api/v1/turns/{whole.turn}/events", headers=headers) as answer:
        for frame in (await answer.read()).split(b"\n\n"):
            event = whole.take(frame + b"\n\n") if frame else None
            if event is not None:
                note(whole, event, None)
