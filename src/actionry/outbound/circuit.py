"""A break for an origin that keeps failing: asked no more for a while, then by one request alone (WI-12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actionry.errors import CircuitOpen
from actionry.limits import OutboundLimits


@dataclass(slots=True)
class _Record:
    failures: int = 0
    since: float = 0.0
    open_until: float = 0.0
    probing: bool = False


class Circuits:
    """Counts failures in a row per origin: 429, 5xx, no answer. A success forgets them. Times are monotonic seconds."""

    def __init__(self, limits: OutboundLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._records: dict[object, _Record] = {}

    def enter(self, origin: object) -> None:
        """Before a request; raises CircuitOpen while the origin rests, lets one through when it has rested."""
        record = self._records.get(origin)
        if record is None or not record.open_until:
            return
        wait_s = record.open_until - self._clock()
        if wait_s > 0 or record.probing:
            raise CircuitOpen(
                f"{origin} failed {record.failures} times in a row and is left alone for a moment.",
                sent=False,
                may_retry=True,
                retry_after_s=round(max(wait_s, 1.0), 1),
            )
        record.probing = True

    def is_open(self, origin: object) -> bool:
        record = self._records.get(origin)
        return record is not None and record.open_until > self._clock()

    def succeeded(self, origin: object) -> None:
        if self._records:
            self._records.pop(origin, None)

    def failed(self, origin: object, retry_after_s: float | None = None) -> None:
        now = self._clock()
        record = self._records.get(origin)
        if record is None:
            self._make_room()
            record = self._records[origin] = _Record(since=now)
        if record.open_until == 0.0 and now - record.since > self._limits.circuit_window_s:
            record.failures, record.since = 0, now
        record.failures += 1
        if record.probing or record.failures >= self._limits.circuit_failures:
            record.open_until = now + max(self._limits.circuit_open_s, retry_after_s or 0.0)
            record.probing = False

    def abandoned(self, origin: object) -> None:
        """The request ended without telling anything about the origin (cancelled, refused before it left)."""
        if self._records and (record := self._records.get(origin)) is not None:
            record.probing = False

    def _make_room(self) -> None:
        if len(self._records) >= self._limits.origins_remembered:
            del self._records[next(iter(self._records))]
