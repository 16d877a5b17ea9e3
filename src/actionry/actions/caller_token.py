"""A signature by which an API can tell that a call comes from this installation (WI-17); off unless configured.

The header signs time, method, URL and body, so it can be neither moved to another request nor used much later:

    Actionry-Signature: t=1767225600,kid=main,alg=hmac-sha256,sig=<base64url>

`verify_signature` is what an API does with it; it needs nothing but the header and the request.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from actionry.http import Request
from actionry.limits import CALL_LIMITS

HEADER = "Actionry-Signature"
Algorithm = Literal["hmac-sha256", "ed25519"]
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerKey:
    """`hmac-sha256`: a secret that the API knows too. `ed25519`: a private key whose public half the API knows."""

    key_id: str
    key: bytes = field(repr=False)
    """32 bytes or more; for ed25519 exactly 32."""
    algorithm: Algorithm = "hmac-sha256"

    def __post_init__(self) -> None:
        if not _KEY_ID.fullmatch(self.key_id):
            raise ValueError("key_id: use letters, digits, `_`, `.` and `-`, at most 64")
        if len(self.key) < _SHORTEST_KEY or (self.algorithm == "ed25519" and len(self.key) != _SHORTEST_KEY):
            raise ValueError(f"key: {_SHORTEST_KEY} random bytes are needed")

    def public_key(self) -> bytes:
        """What the API verifies with: for hmac the key itself."""
        if self.algorithm == "ed25519":
            return Ed25519PrivateKey.from_private_bytes(self.key).public_key().public_bytes_raw()
        return self.key


def sign(request: Request, key: CallerKey, *, now: float) -> Request:
    """The request with the header; called last, when URL and body are final."""
    moment = int(now)
    base = signed_text(moment, request.method, request.url, request.content or b"")
    match key.algorithm:
        case "hmac-sha256":
            signature = hmac.digest(key.key, base, hashlib.sha256)
        case "ed25519":
            signature = Ed25519PrivateKey.from_private_bytes(key.key).sign(base)
        case _:
            assert_never(key.algorithm)
    text = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    return request.with_header(HEADER, f"t={moment},kid={key.key_id},alg={key.algorithm},sig={text}")


def signed_text(moment: int, method: str, url: str, body: bytes) -> bytes:
    """What is signed: five lines. The URL is the one of the request line with scheme and host, without fragment."""
    lines = ("actionry-v1", str(moment), method.upper(), url.partition("#")[0], hashlib.sha256(body).hexdigest())
    return "\n".join(lines).encode()


def verify_signature(
    header: str,
    *,
    method: str,
    url: str,
    body: bytes,
    keys: Mapping[str, tuple[Algorithm, bytes]],
    now: float,
    max_age_s: float = CALL_LIMITS.signature_age_s,
) -> str | None:
    """The id of the key that signed this request, or None. `keys`: key id -> (algorithm, shared or public key).

    The algorithm is the one that the verifier has stored for the key; what the header says must agree.
    """
    fields = dict(part.strip().partition("=")[::2] for part in header.split(","))
    key_id, moment = fields.get("kid", ""), fields.get("t", "")
    known = keys.get(key_id)
    if known is None or not (moment.isascii() and moment.isdigit()) or len(moment) > 12:
        return None
    algorithm, key = known
    if fields.get("alg") != algorithm or abs(now - int(moment)) > max_age_s:
        return None
    try:
        text = fields.get("sig", "")
        signature = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    base = signed_text(int(moment), method, url, body)
    return key_id if _is_signed(algorithm, key, base, signature) else None


def _is_signed(algorithm: Algorithm, key: bytes, base: bytes, signature: bytes) -> bool:
    match algorithm:
        case "hmac-sha256":
            return hmac.compare_digest(hmac.digest(key, base, hashlib.sha256), signature)
        case "ed25519":
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature, base)
            except (InvalidSignature, ValueError):
                return False
            return True
        case _:
            assert_never(algorithm)
