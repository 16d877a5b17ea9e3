"""When to ask again: `Retry-After`, and waits with full jitter."""

from __future__ import annotations

import random
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""The only ones that are ever sent twice by this door."""
PASSING_STATUSES: Final = frozenset({429, 502, 503, 504})

_random = random.SystemRandom()


def read_retry_after(value: str | None, *, cap_s: float, now: float | None = None) -> float | None:
    """Seconds to wait by a `Retry-After` header (RFC 9110 section 10.2.3), at most `cap_s`; None when it says nothing.

    "120" -> 60.0 with cap 60; "Wed, 21 Oct 2015 07:28:00 GMT" -> 0.0 (past); "soon" -> None

    `now` is a POSIX time, for tests.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), cap_s)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:  # the asctime form, which is in GMT as well (RFC 9110 section 5.6.7)
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment.timestamp() - (time.time() if now is None else now), 0.0), cap_s)


def backoff_s(tried: int, base_s: float) -> float:
    """A random wait up to `base_s * 2**(tried - 1)` after that many tries ("full jitter")."""
    return _random.uniform(0.0, base_s * 2 ** (tried - 1))
