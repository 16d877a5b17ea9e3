"""Everything that is stored, opened together: `storage = await open_storage(url, vault=vault, data_dir=folder)`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from actionry.credentials.vault import Vault
from actionry.storage.accounts import Accounts
from actionry.storage.answers import Answers
from actionry.storage.audit import Audit
from actionry.storage.calls import Journal
from actionry.storage.connections import Clients, Connections, Logins, Tokens
from actionry.storage.conversations import Conversations
from actionry.storage.engine import Database
from actionry.storage.files import Files
from actionry.storage.gpts import Gpts
from actionry.storage.grants import Grants
from actionry.storage.hub import Hub
from actionry.storage.idempotency import Idempotency
from actionry.storage.listen import Listener
from actionry.storage.locks import Locks
from actionry.storage.providers import Providers, ServerSettings
from actionry.storage.schema import prepare_schema
from actionry.storage.turns import Turns


class Storage:
    """The aggregates of one deployment; one per process."""

    def __init__(
        self, database: Database, *, vault: Vault, data_dir: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self.database = database
        self.vault = vault
        self.data_dir = data_dir
        self.hub = Hub()
        self.turns = Turns(database, self.hub, clock=clock)
        self.answers = Answers(self.turns, clock=clock)
        self.calls = Journal(database, clock=clock)
        self.idempotency = Idempotency(database, clock=clock)
        self.conversations = Conversations(self.turns, self.idempotency, clock=clock)
        self.accounts = Accounts(database, clock=clock)
        self.gpts = Gpts(database, clock=clock)
        self.files = Files(database, data_dir / "files", clock=clock)
        self.grants = Grants(database, clock=clock)
        self.audit = Audit(database, clock=clock)
        self.providers = Providers(database, vault, clock=clock)
        self.settings = ServerSettings(database, vault, clock=clock)
        self.locks = Locks(database, clock=clock)
        self.connections = Connections(database, vault, clock=clock)
        self.tokens = Tokens(database, vault, self.locks, clock=clock)
        self.logins = Logins(database, vault, clock=clock)
        self.clients = Clients(database, vault, self.locks, clock=clock)
        self._listener = Listener(database, self.hub)

    async def open(self, *, upgrade: bool = True) -> None:
        """Prepare the tables, check the keys, hear other processes.

        Raises SchemaMismatch, DatabaseUnavailable, VaultError.
        """
        await prepare_schema(self.database, upgrade=upgrade)
        await self.settings.check_vault()
        self._listener.start()

    async def sweep(self) -> None:
        """Delete what has run out; to be called now and then (every hour is plenty)."""
        await self.accounts.sweep()
        await self.idempotency.sweep()
        await self.grants.sweep()
        await self.files.sweep()

    async def close(self) -> None:
        await self.turns.close()
        await self.files.settled()
        await self.hub.close()
        await self._listener.close()
        await self.database.close()


async def open_storage(
    url: str, *, vault: Vault, data_dir: Path, upgrade: bool = True, clock: Callable[[], float] = time.time
) -> Storage:
    storage = Storage(Database(url), vault=vault, data_dir=data_dir, clock=clock)
    try:
        await storage.open(upgrade=upgrade)
    except BaseException:
        await storage.close()
        raise
    return storage
