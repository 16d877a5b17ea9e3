"""The handshake that proves that a plugin's developer and the person registering it are the same (PA-03, PA-07)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping


def new_verification_token() -> str:
    """Shown to the developer, who publishes it in the manifest; unguessable, and no secret after that."""
    return secrets.token_hex(16)


def is_verified(verification_tokens: object, service: str, expected: str) -> bool:
    """Whether the re-fetched manifest's `auth.verification_tokens` holds our token under our name (M-12).

    Other services' tokens are ignored; an absent or malformed map is simply not verified. Compared in constant time.
    """
    if not isinstance(verification_tokens, Mapping) or not expected:
        return False
    found = verification_tokens.get(service)
    if not isinstance(found, str):
        return False
    return hmac.compare_digest(found.strip().encode("utf-8", "surrogatepass"), expected.encode("utf-8"))
