"""The GPT of the TODO demo, made for the local user at the first start and kept in step with the demo's address."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from actionry.gpts.gpt import Gpt, GptAction, GptContent
from actionry.server.demo import NAME, STARTERS, DemoServer, document
from actionry.storage.actor import Actor
from actionry.storage.storage import Storage

NOTE = "demo-gpt"
"""File of the data folder that remembers the GPT's id: a person may rename it, or delete it for good."""


async def seed_demo(storage: Storage, owner: Actor, demo: DemoServer, data_dir: Path) -> str | None:
    """Id of the demo's GPT; None when the person deleted it."""
    note = data_dir / NOTE
    known = await asyncio.to_thread(lambda: note.read_text("ascii").strip() if note.exists() else None)
    if known is not None:
        gpt = await storage.gpts.draft(owner, known)
        if gpt is None:
            return None
        if all(action.base_url == demo.base_url for action in gpt.draft.actions[:1]):
            return gpt.id
        await _publish(storage, owner, gpt, _moved(gpt.draft, demo.base_url))
    else:
        gpt = await _make(storage, owner, demo.base_url)
        await asyncio.to_thread(note.write_text, gpt.id, "ascii")
    await asyncio.to_thread((data_dir / "demo-port").write_text, str(demo.port), "ascii")
    return gpt.id


async def _make(storage: Storage, owner: Actor, base_url: str) -> Gpt:
    gpt = await storage.gpts.create(owner, GptContent(name=NAME))
    action_id = await storage.gpts.add_action(owner, gpt.id)
    text = json.dumps(document(base_url), indent=2).encode()
    stored = await storage.gpts.add_document(owner, gpt.id, text)
    content = GptContent(
        name=NAME,
        description="Keeps a TODO list. The API runs inside this server, so nothing leaves this machine.",
        instructions="You manage the user's TODO list with the functions you are given. Say briefly what you did.",
        starters=STARTERS,
        actions=(GptAction(id=action_id, document_id=stored.id, base_url=base_url),),
    )
    await _publish(storage, owner, gpt, content)
    return gpt


async def _publish(storage: Storage, owner: Actor, gpt: Gpt, content: GptContent) -> None:
    saved = await storage.gpts.save_draft(owner, gpt.id, content, expected_revision=gpt.draft_revision)
    await storage.gpts.publish(owner, gpt.id, expected_revision=saved.draft_revision)


def _moved(content: GptContent, base_url: str) -> GptContent:
    """The demo's API has another port since this start."""
    first, *others = content.actions
    return content.model_copy(update={"actions": (first.model_copy(update={"base_url": base_url}), *others)})
