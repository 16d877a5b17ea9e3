"""Which GPT a conversation talks to, in which version, and whether this person may (CH-04, THREATS A-07)."""

from __future__ import annotations

from actionry.gpts.gpt import GptContent
from actionry.server.problems import ProblemError, not_found
from actionry.storage.actor import Actor
from actionry.storage.conversations import Conversation
from actionry.storage.gpts import Gpts

NO_GPT = GptContent(instructions="You are a helpful assistant.")
"""Of a conversation without a GPT."""


class GptGate:
    """Decides by what storage tells this actor about the GPT; not there, not yours and not published are one answer."""

    def __init__(self, gpts: Gpts) -> None:
        self._gpts = gpts

    async def require_chat(self, actor: Actor, gpt_id: str, *, preview: bool) -> None:
        """Raises ProblemError when the actor cannot begin a conversation with it, or with its draft."""
        if preview:
            if await self._gpts.draft(actor, gpt_id) is None:
                raise not_found("GPT")
            return
        if await self._gpts.version(actor, gpt_id) is None:
            raise not_found("GPT")

    async def content(self, actor: Actor, conversation: Conversation) -> tuple[int | None, GptContent | None]:
        """(version, None) of a published GPT, (None, content) of a draft or of no GPT."""
        if conversation.gpt_id is None:
            return None, NO_GPT
        if conversation.preview:
            gpt = await self._gpts.draft(actor, conversation.gpt_id)
            if gpt is None:
                raise _gone()
            return None, gpt.draft
        version = await self._gpts.version(actor, conversation.gpt_id, conversation.gpt_version)
        if version is None:
            raise _gone()
        return version.number, None

    async def may_still(self, actor: Actor, gpt_id: str | None) -> bool:
        """Asked before each call of a running turn (A-12)."""
        return gpt_id is None or await self._gpts.card(actor, gpt_id) is not None


def _gone() -> ProblemError:
    return ProblemError(
        404, "gpt_gone", "The GPT of this conversation is no longer there for you; what was said stays.",
        whose_turn="user",
    )  # fmt: skip
