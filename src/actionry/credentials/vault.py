"""Secrets at rest: AES-256-GCM with a key id, bound to the place where the ciphertext is stored.

A ciphertext that is copied to another row, table or column does not open there: the place is part of what is
authenticated. Keys rotate by putting a new one first and sealing again what the old ones sealed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actionry.credentials.secret import Secret, as_secret
from actionry.errors import VaultError

__all__ = ["Place", "Secret", "Vault", "generate_key", "read_keys"]

KEY_BYTES = 32
NONCE_BYTES = 12
"""NIST SP 800-38D section 8.2.2: 96 random bits; good for 2^32 seals under one key."""

VERSION = "v1"
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")

WELL_KNOWN = (
    "",
    "secret",
    "changeme",
    "change-me",
    "change_me",
    "password",
    "default",
    "test",
    "dev",
    "development",
    "actionry",
    "admin",
    "key",
    "supersecret",
    "secretkey",
    "secret-key",
    "your-secret-key",
    "insecure",
    "example",
    "please-change-me",
    "mysecret",
    "my-secret-key",
    "0123456789abcdef",
    "0123456789abcdef0123456789abcdef",
)
"""Texts that come with examples and defaults; a key made of one, or of its hash, is known to everybody (L-08)."""


class Place(NamedTuple):
    """Where a ciphertext is stored; `row` is the row's id as text."""

    table: str
    row: str
    column: str


class Vault:
    """Seals with the first key, opens with any: `Vault({"k2": new, "k1": old})`."""

    __slots__ = ("_ciphers", "_current")

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys`: key id -> 32 bytes, the current one first. Raises VaultError for none, a malformed or a
        weak key.
        """
        self._ciphers: dict[str, AESGCM] = {}
        if not keys:
            raise VaultError("There is no key to seal secrets with.", mend=_HOW_TO_SET)
        hidden = {key_id: _KeyBytes(key) for key_id, key in keys.items()}
        del keys  # as in `read_keys`
        for key_id, key in hidden.items():
            _check_key(key_id, key)
        self._ciphers = {key_id: AESGCM(key.value) for key_id, key in hidden.items()}
        self._current = next(iter(hidden))

    @classmethod
    def from_settings(cls, text: Secret | str) -> Vault:
        """From the form of ACTIONRY_SECRET_KEYS; see `read_keys`."""
        text = as_secret(text)
        return cls(read_keys(text))

    @property
    def current_key_id(self) -> str:
        return self._current

    @property
    def key_ids(self) -> tuple[str, ...]:
        return tuple(self._ciphers)

    def seal(self, plaintext: Secret | str, place: tuple[str, str, str]) -> str:
        """`v1.<key id>.<base64url of nonce and ciphertext>`, another text each time."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        data = as_secret(plaintext).reveal().encode("utf-8", "surrogatepass")
        sealed = nonce + self._ciphers[self._current].encrypt(nonce, data, _bound_to(self._current, place))
        return f"{VERSION}.{self._current}.{base64.urlsafe_b64encode(sealed).decode('ascii').rstrip('=')}"

    def open(self, ciphertext: str, place: tuple[str, str, str]) -> Secret:
        """The secret; VaultError when the key is not at hand, the text was changed, or it was sealed for
        another place.
        """
        key_id, sealed = _read(ciphertext)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise VaultError(
                f"A secret in {place[0]}.{place[2]} was sealed with the key `{key_id}`, which is not set.",
                mend="Add that key to ACTIONRY_SECRET_KEYS, after the current one.",
            )
        data = _decrypt(cipher, sealed, _bound_to(key_id, place))
        if data is None:
            raise VaultError(
                f"A secret in {place[0]}.{place[2]} was changed, or moved there from another place.",
                mend="Enter the secret again.",
            )
        return data

    def rotate(self, ciphertext: str, place: tuple[str, str, str]) -> str:
        """The same secret under the current key; the ciphertext itself when it is so already."""
        secret = self.open(ciphertext, place)
        return ciphertext if self.sealed_with(ciphertext) == self._current else self.seal(secret, place)

    @staticmethod
    def sealed_with(ciphertext: str) -> str:
        """The key id, to find what is left to rotate."""
        return _read(ciphertext)[0]

    def __repr__(self) -> str:
        return f"<Vault keys={', '.join(self._ciphers)}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Vault is not pickled; build it from the settings")


def generate_key() -> str:
    """A new random key in the form of ACTIONRY_SECRET_KEYS, its id from the day: `k20260822-3f9a:…`."""
    from datetime import UTC, datetime

    key_id = f"k{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(2)}"
    return f"{key_id}:{base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode('ascii').rstrip('=')}"


def read_keys(text: Secret | str) -> dict[str, bytes]:
    """ACTIONRY_SECRET_KEYS: `id:key,id:key`, commas, blanks or lines between, the current key first.

    A key is 32 bytes in base64 (either alphabet, padding optional) or 64 hexadecimal digits.
    Raises VaultError; the message names the entry by its number or id, never by its text.
    """
    text = as_secret(text)  # frames that may raise hold no key that a traceback could show
    entries = _entries(text)
    keys: dict[str, _KeyBytes] = {}
    for number, entry in enumerate(entries, 1):
        key_id, key = entry
        if key is None:
            raise VaultError(f"ACTIONRY_SECRET_KEYS: key {number} is not of the form id:key.", mend=_HOW_TO_SET)
        if key_id in keys:
            raise VaultError(f"ACTIONRY_SECRET_KEYS names the key `{key_id}` twice.", mend="Give each its own id.")
        _check_key(key_id, key)
        keys[key_id] = key
    if not keys:
        raise VaultError("ACTIONRY_SECRET_KEYS is empty.", mend=_HOW_TO_SET)
    return {key_id: key.value for key_id, key in keys.items()}


_HOW_TO_SET = "Set ACTIONRY_SECRET_KEYS to id:key with a key from `actionry rotate-keys --new`."


class _KeyBytes:
    """Key bytes whose repr shows nothing, for frames that raise."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<key>"


def _entries(text: Secret) -> list[tuple[str, _KeyBytes | None]]:
    found: list[tuple[str, _KeyBytes | None]] = []
    for entry in re.split(r"[,\s]+", text.reveal().strip()):
        key_id, colon, encoded = entry.partition(":")
        if entry:
            found.append((key_id, _decode_key(encoded)) if colon and KEY_ID.fullmatch(key_id) else ("", None))
    return found


def _decode_key(encoded: str) -> _KeyBytes:
    """Wrong encodings become zero bytes, which `_check_key` refuses for their length."""
    if re.fullmatch(r"[0-9A-Fa-f]{64}", encoded):
        return _KeyBytes(bytes.fromhex(encoded))
    try:
        standard = encoded.rstrip("=").replace("-", "+").replace("_", "/")
        return _KeyBytes(base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True))
    except (binascii.Error, ValueError):
        return _KeyBytes(b"")


def _check_key(key_id: str, key: _KeyBytes) -> None:
    if not KEY_ID.fullmatch(key_id):
        raise VaultError("A key id is 1 to 32 letters, digits, `-` and `_`.", mend=_HOW_TO_SET)
    if not isinstance(key.value, bytes) or len(key.value) != KEY_BYTES:
        raise VaultError(f"The key `{key_id}` is not 32 bytes in base64 or hexadecimal.", mend=_HOW_TO_SET)
    if _is_weak(key.value):
        raise VaultError(
            f"The key `{key_id}` is a known example or not random, so everybody could open the secrets.",
            mend=_HOW_TO_SET,
        )


def _is_weak(key: bytes) -> bool:
    """Random bytes pass: 32 of them have fewer than 17 values, or are all printable, less often than once
    in 10^13.
    """
    known = {hashlib.sha256(word.encode()).digest() for word in WELL_KNOWN}
    # A repeated pattern, a count, or a pass phrase.
    steps = {(b - a) % 256 for a, b in itertools.pairwise(key)}
    return key in known or len(set(key)) < 17 or len(steps) < 8 or all(0x20 <= byte < 0x7F for byte in key)


def _bound_to(key_id: str, place: tuple[str, str, str]) -> bytes:
    """What is authenticated beside the text; each part is preceded by its length, so no two places read alike."""
    parts = [part.encode("utf-8") for part in (VERSION, key_id, *place)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _read(ciphertext: str) -> tuple[str, bytes]:
    version, _, rest = ciphertext.partition(".")
    key_id, dot, encoded = rest.partition(".")
    sealed = _from_base64url(encoded)
    if version != VERSION or not dot or not KEY_ID.fullmatch(key_id) or len(sealed) < NONCE_BYTES + 16:
        raise VaultError("A stored secret is not in the vault's form.", mend="Enter the secret again.")
    return key_id, sealed


def _from_base64url(encoded: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]*", encoded):
        return b""
    try:
        data = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        return b""
    # One spelling only: spare bits at the end would let a changed text open.
    return data if base64.urlsafe_b64encode(data).decode("ascii").rstrip("=") == encoded else b""


def _decrypt(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> Secret | None:
    try:
        return Secret(
            cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to).decode("utf-8", "surrogatepass")
        )
    except (InvalidTag, UnicodeDecodeError):
        return None
