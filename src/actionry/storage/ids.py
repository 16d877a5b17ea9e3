"""Ids and tokens: random, so that knowing some tells nothing about others (THREATS A-11)."""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal

Kind = Literal["a", "c", "d", "f", "g", "i", "k", "n", "p", "s", "t", "u", "y"]
"""action, conversation, document, file, GPT, invitation, call, connection, provider, session, turn, user, API token"""


def new_id(kind: Kind) -> str:
    """`t-` and 128 random bits, url-safe."""
    return f"{kind}-{secrets.token_urlsafe(16)}"


def new_token() -> str:
    """256 random bits, url-safe; only its hash is stored."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256, enough for 256 random bits: there is nothing to guess that a slow hash would protect."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
