"""What a reader of a stream is sent: the events of one turn, or of a conversation over all its turns."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import orjson

from actionry.server.deps import Identity
from actionry.server.services import Services
from actionry.server.sse import Place, control_bytes, event_bytes
from actionry.storage.turns import Turn

QUIET_S = 20.0
"""A conversation at rest is looked at so often, for news that another process brought."""


async def turn_chunks(services: Services, turn_id: str, after: int) -> AsyncGenerator[bytes]:
    """Until the turn ends or waits for a person; then a word says which."""
    async for stored in services.storage.turns.follow(turn_id, after):
        yield event_bytes(stored)
    yield control_bytes("rest")


async def conversation_chunks(
    services: Services, identity: Identity, conversation_id: str, place: Place | None
) -> AsyncGenerator[bytes]:
    """Until the reader goes. Events of the branch that is shown; `branch` names its turns when it is another one."""
    storage = services.storage
    told: list[str] = []
    while True:
        conversation = await storage.conversations.find(identity, conversation_id)
        if conversation is None:
            yield control_bytes("gone")
            return
        turns = await storage.conversations.turns_of(identity, conversation_id)
        branch = branch_of(turns, conversation.head_turn_id)
        if branch[: len(told)] != told:
            yield control_bytes("branch", orjson.dumps({"turn_ids": branch}).decode())
        start, place = _resume(branch, told, place)
        for turn_id in branch[start:]:
            after = place.seq if place is not None and place.turn_id == turn_id else 0
            async for stored in storage.turns.follow(turn_id, after):
                place = Place(turn_id, stored.seq)
                yield event_bytes(stored)
        told = branch
        yield control_bytes("rest")
        if not await _wait_for_change(services, identity, conversation_id, branch, place):
            yield control_bytes("gone")
            return


def branch_of(turns: list[Turn], head: str | None) -> list[str]:
    """Ids from the first turn to the head."""
    parents = {turn.id: turn.parent_turn_id for turn in turns}
    branch: list[str] = []
    while head is not None and head in parents and len(branch) <= len(parents):
        branch.append(head)
        head = parents[head]
    return branch[::-1]


def _resume(branch: list[str], told: list[str], place: Place | None) -> tuple[int, Place | None]:
    """Index of the turn to go on with. A place on another branch counts as far as both branches are one."""
    if place is not None and place.turn_id in branch:
        return branch.index(place.turn_id), place
    shared = 0
    while shared < min(len(branch), len(told)) and branch[shared] == told[shared]:
        shared += 1
    return shared, None


async def _wait_for_change(
    services: Services, identity: Identity, conversation_id: str, branch: list[str], place: Place | None
) -> bool:
    """Until there is something new; False when the conversation is gone or its reader may no longer see it."""
    storage = services.storage
    while True:
        await services.streams.wait_for_news(conversation_id, QUIET_S)
        if not await _still_signed_in(services, identity):
            return False
        conversation = await storage.conversations.find(identity, conversation_id)
        if conversation is None:
            return False
        head = conversation.head_turn_id
        if head != (branch[-1] if branch else None):
            return True
        turn = await storage.turns.find(identity, head) if head is not None else None
        if turn is not None and (place is None or turn.last_seq > place.seq or turn.state in ("queued", "running")):
            return True


async def _still_signed_in(services: Services, identity: Identity) -> bool:
    """A stream outlives the request that opened it, not the session (A-12)."""
    if identity.session_token is not None:
        return await services.accounts.by_session(identity.session_token.reveal()) is not None
    return True
