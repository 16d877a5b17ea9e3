"""Passwords: argon2id, off the event loop, a few at a time, and the same work whether the account exists or not."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING

from actionry.credentials.secret import Secret
from actionry.server.problems import field_problem

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
LONGEST = 200
AT_ONCE = 2
"""Each takes 19 MiB and some 20 ms; a rush of sign-ins waits instead of filling the memory."""

_turn: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # loaded with the first password: the local user has none

    # OWASP's first recommendation for argon2id; memory in KiB.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=1)
def _nobody() -> str:
    """Checked in place of an account that does not exist (O-19)."""
    return _hasher().hash("no account has this password")


async def hash_password(password: Secret) -> str:
    async with _one_of_few():
        return await asyncio.to_thread(lambda: _hasher().hash(_bytes(password)))


async def password_fits(password: Secret, stored: str | None) -> bool:
    """Takes as long for an unknown account (`stored` None) as for a wrong password."""
    async with _one_of_few():
        return await asyncio.to_thread(_verify, password, stored)


def needs_new_hash(stored: str) -> bool:
    return _hasher().check_needs_rehash(stored)


def _verify(password: Secret, stored: str | None) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored if stored is not None else _nobody(), _bytes(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: Secret) -> bytes:
    import unicodedata

    return unicodedata.normalize("NFKC", password.reveal()).encode("utf-8", "surrogatepass")


def _one_of_few() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    if loop not in _turn:
        _turn.clear()
        _turn[loop] = asyncio.Semaphore(AT_ONCE)
    return _turn[loop]


def check_password(password: Secret, *, email: str = "") -> None:
    """Length is what counts (NIST SP 800-63B); a handful of words everybody tries is refused."""
    text = password.reveal()
    if len(text) < SHORTEST:
        raise field_problem("password", f"Use at least {SHORTEST} characters.")
    if len(text) > LONGEST:
        raise field_problem("password", f"Use at most {LONGEST} characters.")
    plain = text.casefold()
    if (
        len(set(plain)) < 4
        or plain in _COMMON
        or (email and plain in (email.casefold(), email.partition("@")[0].casefold()))
    ):
        raise field_problem("password", "It is too easy to guess; use several words.")


_COMMON = frozenset(
    {
        "1234567890", "12345678910", "0123456789", "0987654321", "password12", "password123", "password1234",
        "passwordpassword", "qwertyuiop", "qwertyuiop123", "1q2w3e4r5t", "1qaz2wsx3edc", "iloveyou123", "letmein123",
        "welcome123", "welcome1234", "administrator", "admin12345", "changeme123", "abcdefghij", "abcdefghijkl",
    }
)  # fmt: skip
