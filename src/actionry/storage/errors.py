"""What storage raises; every one is an `ActionryError` and may be shown as it is.

StorageError
  DatabaseUnavailable     away, full, locked or unreadable; nothing that was acknowledged is lost
  SchemaMismatch          the database was made by another version
  NotFound                not there, or not yours: nobody can tell which (THREATS A)
  Conflict                somebody else was faster: a stale draft, an answered question, a used key
    TurnStillOpen           the branch has a turn that has not ended
  QuotaExceeded           a size or a number is beyond its cap
"""

from __future__ import annotations

from actionry.errors import ActionryError, Audience


class StorageError(ActionryError):
    """Base of all errors of storage."""


class DatabaseUnavailable(StorageError):
    """The database does not answer, its disk is full, or its file cannot be read."""

    told_to: Audience = "operator"


class SchemaMismatch(StorageError):
    """The tables are those of another version of Actionry."""

    told_to: Audience = "operator"


class NotFound(StorageError):
    """There is no such thing for this actor."""

    told_to: Audience = "user"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.", mend="It may have been deleted, or belong to somebody else.")
        self.what = what


class Conflict(StorageError):
    """The thing was changed in between, or a step does not start from where it stands. Nothing was done."""

    told_to: Audience = "user"


class TurnStillOpen(Conflict):
    """The conversation's branch goes on from a turn that has not ended."""

    def __init__(self, turn_id: str, state: str) -> None:
        super().__init__(
            f"The turn before is still {state}.", mend="Wait for it, answer its question, or stop it; then send again."
        )
        self.turn_id = turn_id
        self.state = state


class QuotaExceeded(StorageError):
    """More than the cap allows; `limit` says how much that is."""

    told_to: Audience = "user"

    def __init__(self, message: str, *, limit: int, mend: str | None = None) -> None:
        super().__init__(message, mend=mend)
        self.limit = limit
