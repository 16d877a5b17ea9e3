"""Which GPT a conversation talks to, in which version, and whether this person may (CH-04, THREATS A-07)."""

from __future__ import annotations

from typing import assert_never

from actionry.gpts.access import GptFacts, MemberLevel, NotThere, require, why_not_run
from actionry.gpts.gpt import GptContent
from actionry.storage.actor import Actor
from actionry.storage.conversations import Conversation
from actionry.storage.gpts import GptCard, Gpts

NO_GPT = GptContent(instructions="You are a helpful assistant.")
"""Of a conversation without a GPT."""


def facts_of(card: GptCard | None) -> GptFacts | None:
    """What the gate decides by; None when storage shows this person nothing."""
    if card is None:
        return None
    return GptFacts(
        owner_id=card.owner_id,
        visibility=card.visibility,
        published=card.published_version is not None,
        blocked=card.blocked,
        member=_member(card),
    )


def _member(card: GptCard) -> MemberLevel | None:
    match card.level:
        case "owner":
            return None
        case "view" | "edit":
            return card.level
        case "chat":  # by membership, or because the GPT is shared: the gate finds the latter by itself
            return "chat" if card.visibility == "private" else None
        case _:
            assert_never(card.level)


class GptGate:
    """The access gate, asked with what storage tells this actor about the GPT."""

    def __init__(self, gpts: Gpts) -> None:
        self._gpts = gpts

    async def require_chat(self, actor: Actor, gpt_id: str, *, preview: bool) -> None:
        """Raises NotThere or NotAllowed when the actor cannot talk to it, or to its draft."""
        card = await self._gpts.card(actor, gpt_id)
        require(actor, "preview" if preview else "chat", facts_of(card))
        if not preview and card is not None and card.published_version is None:
            raise NotThere("published GPT")

    async def content(self, actor: Actor, conversation: Conversation) -> tuple[int | None, GptContent | None]:
        """(version, None) of a published GPT, (None, content) of a draft or of no GPT."""
        if conversation.gpt_id is None:
            return None, NO_GPT
        await self.require_chat(actor, conversation.gpt_id, preview=conversation.preview)
        if conversation.preview:
            gpt = await self._gpts.draft(actor, conversation.gpt_id)
            if gpt is None:
                raise NotThere("GPT")
            return None, gpt.draft
        version = await self._gpts.version(actor, conversation.gpt_id, conversation.gpt_version)
        if version is None:
            raise NotThere("version of this GPT")
        return version.number, None

    async def why_not(self, actor: Actor, gpt_id: str | None, *, preview: bool) -> str | None:
        """Asked before each call of a running turn (A-12): None goes on, a sentence says what has changed."""
        if gpt_id is None:
            return None
        return why_not_run(actor, facts_of(await self._gpts.card(actor, gpt_id)), preview=preview)
