"""Many identical confirmations at once, to real servers: `await race(database_url, folder, rounds=3)` (T-05)."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from faults.killing import Replica, Said, User, counting_peer, note, seed


@dataclass(slots=True, kw_only=True)
class Races:
    rounds: int
    clicks: int
    allowed: int = 0
    """Rounds whose outcome was to allow."""
    executed: int = 0
    twice: int = 0
    unconfirmed: int = 0
    agreed: int = 0
    """Clicks that were told their round's outcome."""
    first: int = 0
    seconds: list[float] = field(default_factory=list)


async def race(database_url: str, data_dir: Path, *, rounds: int, clicks: int = 50, replicas: int = 1) -> Races:
    """Each round: one call is proposed, then answered that many times at once; every fifth time not all agree."""
    found = Races(rounds=rounds, clicks=clicks)
    chance = random.Random(1)
    async with counting_peer() as (peer_port, effects):
        token, gpt_id = await seed(data_dir, database_url, peer_port)
        servers = [Replica(data_dir, database_url, peer_port) for _ in range(replicas)]
        try:
            for server in servers:
                await server.open()
                assert await server.start()
            user = User(servers, token, gpt_id, chance, "racer")
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
                for number in range(rounds):
                    decisions = [
                        "decline" if number % 5 == 4 and chance.random() < 0.3 else "allow" for _ in range(clicks)
                    ]
                    await _round(user, session, f"race-{number}", decisions, effects, found)
        finally:
            for server in servers:
                if server.pid:
                    server.kill()
                await server.close()
    return found


async def _round(
    user: User, session: aiohttp.ClientSession, name: str, decisions: list[str], effects: Counter[str], found: Races
) -> None:
    conversation = await user.request(session, "POST", "/api/v1/conversations", {"gpt_id": user.gpt_id})
    path = f"/api/v1/conversations/{conversation['id']}"
    accepted = await user.request(session, "POST", f"{path}/messages", {"text": f"effect {name}"})
    said = Said(name, "allow", turn=accepted["turn"]["id"])
    question = await _until(user, session, said)
    assert question is not None
    click = f"/api/v1/turns/{said.turn}/calls/{question['call_id']}/answer"
    started = time.perf_counter()
    answers = await asyncio.gather(
        *(
            user.request(session, "POST", click, {"digest": question["digest"], "decision": decision})
            for decision in decisions
        )
    )
    found.seconds.append(time.perf_counter() - started)
    await _until(user, session, said)
    outcomes = Counter(answer["outcome"] for answer in answers)
    outcome, count = outcomes.most_common(1)[0]
    found.agreed += count
    found.first += sum(1 for answer in answers if answer["first"])
    found.twice += effects[name] > 1
    if outcome == "allow":
        found.allowed += 1
        found.executed += effects[name]
    else:
        found.unconfirmed += effects[name]


async def _until(user: User, session: aiohttp.ClientSession, said: Said) -> dict[str, Any] | None:
    """Read until the turn asks or ends."""
    headers = {**user.headers, "Accept": "text/event-stream", "Last-Event-ID": f"{said.turn}:{len(said.frames)}"}
    while not said.ended:
        url = f"{user.chance.choice(user.replicas).url}/api/v1/turns/{said.turn}/events"
        question: dict[str, Any] | None = None
        async with session.get(url, headers=headers) as answer:
            for frame in (await answer.read()).split(b"\n\n"):
                event = said.take(frame + b"\n\n") if frame else None
                if event is not None:
                    question = note(said, event, question)
        headers["Last-Event-ID"] = f"{said.turn}:{len(said.frames)}"
        if question is not None:
            return question
    assert said.faults == []
    return None
