"""For whom something is asked. No query of an aggregate is written without it (THREATS, requirement 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Actor(Protocol):
    """Anything that says who asks; the access gate's own type fits, and so does `Person`."""

    @property
    def user_id(self) -> str | None:
        """None: nobody signed in; sees what is public."""
        ...

    @property
    def admin(self) -> bool:
        """Administrators manage users, providers and settings; other people's chats and secrets stay closed to them."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    user_id: str | None
    admin: bool = False


def owner_id(actor: Actor) -> str:
    """The actor's user id; "" for nobody, which owns nothing."""
    return actor.user_id or ""
