"""The headers that tell an API about the caller (WI-01), under our own names or the original's.

Nothing is sent that the host does not fill in: a library's call carries none of these.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

_VALUE = re.compile(r"[!-~](?:[ -~]{0,498}[!-~])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHeaders:
    """What the host knows about a call. Raises ValueError for a value that no header can carry."""

    compatible: bool = False
    """Send the original's `openai-*` names instead of `actionry-*` (MG-04)."""
    conversation_id: str = ""
    gpt_id: str = ""
    user: str = ""
    """The user's id. It never leaves: the API sees a pseudonym that changes daily."""
    pseudonym_key: bytes = field(default=b"", repr=False)
    """Of this installation; without it no pseudonym is sent."""
    region: str = ""
    """ISO 3166-2, e.g. `US-CA`."""
    region_consent: bool = False
    """The region is sent only when the user agreed (WI-02)."""
    trace: Callable[[], tuple[str, str]] | None = None
    """Gives (traceparent, tracestate) of the call (W3C Trace Context), e.g. `new_trace`; None sends neither."""

    def __post_init__(self) -> None:
        for name in ("conversation_id", "gpt_id", "region"):
            value = getattr(self, name)
            if value and not _VALUE.fullmatch(value):
                raise ValueError(f"{name} cannot be sent in a header")

    def pairs(self, now: float) -> list[tuple[str, str]]:
        """(name, value) of every header to add at `now`, seconds since the epoch."""
        prefix = "openai" if self.compatible else "actionry"
        found = []
        if self.conversation_id:
            found.append((f"{prefix}-conversation-id", self.conversation_id))
        if self.user and self.pseudonym_key:
            found.append((f"{prefix}-ephemeral-user-id", self.pseudonym(now)))
        if self.gpt_id:
            found.append((f"{prefix}-gpt-id", self.gpt_id))
        if self.region and self.region_consent:
            # The original's name in either mode: consent was given for this very header.
            found.append(("openai-subdivision-1-iso-code", self.region))
        if self.trace is not None:
            parent, state = self.trace()
            found.append(("traceparent", parent))
            if state:
                found.append(("tracestate", state))
        return found

    def pseudonym(self, now: float) -> str:
        """A UUID that is the same for this user, GPT and UTC day, and says nothing about the user."""
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        facts = "\0".join((self.user, self.gpt_id, day)).encode()
        return str(uuid.UUID(bytes=hmac.digest(self.pseudonym_key, facts, hashlib.sha256)[:16], version=4))


def new_trace() -> tuple[str, str]:
    """A trace of its own for each call: W3C Trace Context, section 3.2."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01", ""
