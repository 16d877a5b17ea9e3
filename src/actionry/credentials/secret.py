"""A text that nobody may read by accident: no print, log, pickle, JSON or traceback shows it (THREATS L).

Other libraries keep the text in an attribute, where `vars`, object inspectors and careless serializers find
it. Here it stands in a closure, and `reveal` is the one word to search for when asking who reads secrets.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import NoReturn

DOTS = "•••"
"""What is shown wherever a secret would stand."""


class Secret:
    """One secret text. Equality takes the same time wherever two texts differ; `Secret("a") == "a"` is False."""

    __slots__ = ("_reveal",)

    _reveal: Callable[[], str]

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"a secret is text, not {type(value).__name__}")
        self._reveal = lambda: value

    def reveal(self) -> str:
        """The text itself: only where it is written into a request or sealed."""
        return self._reveal()

    def __repr__(self) -> str:
        return f"Secret({DOTS!r})"

    def __str__(self) -> str:
        return DOTS

    def __format__(self, spec: str, /) -> str:
        return DOTS

    def __bool__(self) -> bool:
        return self._reveal() != ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self), _bytes(other))

    def __hash__(self) -> int:
        return hash((Secret, self._reveal()))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        # Immutable, so a copy is the thing itself; `dataclasses.asdict` thus keeps a Secret, never its text.
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled; seal its text with the Vault")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret has no state to give away")


def as_secret(value: object) -> Secret:
    """A Secret as it is, text wrapped; TypeError for anything else (the value is not shown)."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    raise TypeError(f"a secret is text, not {type(value).__name__}")


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
