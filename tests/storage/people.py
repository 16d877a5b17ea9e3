"""What tests of storage begin with: people, GPTs, conversations and turns in the database."""

from __future__ import annotations

from actionry.chat.log import TurnKey
from actionry.gpts.gpt import GptAction, GptContent
from actionry.storage.accounts import User
from actionry.storage.actor import Actor
from actionry.storage.conversations import Accepted, Conversation, Message
from actionry.storage.storage import Storage

ORIGIN = "https://api.example.com:443"


async def make_person(storage: Storage, name: str = "ada", *, admin: bool = False) -> User:
    return await storage.accounts.create_user(
        name=name, email=f"{name}@example.com", role="admin" if admin else "user", password_hash=f"argon2id${name}"
    )


async def begin_turn(
    storage: Storage, person: Actor, text: str = "hello", *, conversation: Conversation | None = None
) -> Accepted:
    if conversation is None:
        conversation = await storage.conversations.create(person)
    return await storage.conversations.accept(person, conversation.id, Message(text=text))


async def leased_turn(storage: Storage, person: Actor, *, runner: str = "r1", seconds: float = 60) -> TurnKey:
    accepted = await begin_turn(storage, person)
    key = await storage.turns.lease(accepted.turn.id, runner, seconds=seconds)
    assert key is not None
    return key


async def published_gpt(
    storage: Storage, owner: Actor, *, name: str = "Todo", text: bytes = b"openapi: 3.1.0"
) -> tuple[str, str]:
    """(GPT, action): one action, published, still private."""
    gpt = await storage.gpts.create(owner, GptContent(name=name, instructions="Be brief."))
    action_id = await storage.gpts.add_action(owner, gpt.id)
    document = await storage.gpts.add_document(owner, gpt.id, text)
    content = gpt.draft.model_copy(update={"actions": (GptAction(id=action_id, document_id=document.id),)})
    saved = await storage.gpts.save_draft(owner, gpt.id, content, expected_revision=gpt.draft_revision)
    await storage.gpts.publish(owner, gpt.id, expected_revision=saved.draft_revision)
    return gpt.id, action_id
