"""Consent that is remembered: for one user, GPT, action version, operation and origin, and no further (CO-04, P-05).

A grant never speaks for a consequential operation, and it is void as soon as anything that it was given for changes
(CO-05): it holds the operation's fingerprint, not its name alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from actionry.actions.proposal import Identity

GrantKind = Literal["operation", "domain"]
"""`operation`: "always allow" this one; `domain`: reads of this origin, after its first question was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    kind: GrantKind
    user: str
    gpt: str
    action_version: str
    origin: str
    """With its port: `https://api.example.com:443`."""
    operation: str = ""
    """The function's name; "" for a domain."""
    fingerprint: str = ""
    """Of the operation as it was when the user agreed; "" for a domain."""
    only_when: Mapping[str, Any] = field(default_factory=dict)
    """Path into the arguments -> the value that it must have, e.g. `{"username": "ada", "body.list": "shopping"}`."""
    granted_at: float
    expires_at: float
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def alive(self, now: float) -> bool:
        return now < self.expires_at

    def is_for(self, identity: Identity, origin: str) -> bool:
        return (
            self.origin == origin
            and self.user == identity.user
            and self.gpt == identity.gpt
            and self.action_version == identity.action_version
        )

    def covers_arguments(self, arguments: Mapping[str, Any]) -> bool:
        return all(_at(arguments, path) == value for path, value in self.only_when.items())


_NOTHING = object()


def _at(arguments: Any, path: str) -> Any:
    """The value at `body.items.0.id`; a thing that equals nothing when there is none."""
    if isinstance(arguments, Mapping) and path in arguments:
        return arguments[path]
    node = arguments
    for part in path.split("."):
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, (list, tuple)) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return _NOTHING
    return node


class GrantStore(Protocol):
    """Where grants live; in SQL: a row each, with an index on (user, gpt, origin)."""

    async def find(self, identity: Identity, origin: str) -> Sequence[Grant]:
        """Those of this user, GPT, action version and origin; expired ones may be among them."""
        ...

    async def add(self, grant: Grant) -> None: ...

    async def revoke(self, grant_id: str, user: str) -> bool:
        """Whether there was such a grant of this user's."""
        ...

    async def of_user(self, user: str) -> Sequence[Grant]:
        """For the page where consent is looked at and taken back."""
        ...


class MemoryGrants:
    """For one process: the library, the command line, tests."""

    def __init__(self) -> None:
        self._by_place: dict[tuple[str, str, str, str], list[Grant]] = {}

    async def find(self, identity: Identity, origin: str) -> Sequence[Grant]:
        return self._by_place.get((identity.user, identity.gpt, identity.action_version, origin), ())

    async def add(self, grant: Grant) -> None:
        kept = self._by_place.setdefault((grant.user, grant.gpt, grant.action_version, grant.origin), [])
        same = (grant.kind, grant.operation, grant.only_when)
        kept[:] = [g for g in kept if (g.kind, g.operation, g.only_when) != same]
        kept.append(grant)

    async def revoke(self, grant_id: str, user: str) -> bool:
        for kept in self._by_place.values():
            for grant in kept:
                if grant.id == grant_id and grant.user == user:
                    kept.remove(grant)
                    return True
        return False

    async def of_user(self, user: str) -> Sequence[Grant]:
        return [grant for kept in self._by_place.values() for grant in kept if grant.user == user]
