"""A process that writes until it is killed; it says on stdout what has been acknowledged. Run by test_storage_crash."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from actionry.chat.events import TextAdded
from actionry.credentials.vault import Vault
from actionry.storage.conversations import Message
from actionry.storage.storage import open_storage


async def main(url: str, folder: str, key: str, user_id: str) -> None:
    storage = await open_storage(url, vault=Vault({"k1": bytes.fromhex(key)}), data_dir=Path(folder))
    user = await storage.accounts.find_user(_Me(user_id), user_id)
    assert user is not None

    async def talk() -> None:
        while True:
            conversation = await storage.conversations.create(user)
            accepted = await storage.conversations.accept(user, conversation.id, Message(text="hello"))
            print("message", accepted.turn.id, flush=True)
            lease = await storage.turns.lease(accepted.turn.id, "writer", seconds=60)
            assert lease is not None
            for number in range(5):
                stored = await storage.turns.append(lease, [TextAdded(text=str(number))])
                print("event", accepted.turn.id, stored[-1].seq, flush=True)

    await asyncio.gather(*(talk() for _ in range(4)))


class _Me:
    admin = False

    def __init__(self, user_id: str) -> None:
        self.user_id: str | None = user_id


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
