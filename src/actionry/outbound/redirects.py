"""Follow a redirect only when asked, for GET and HEAD alone, as a new request that is checked from the first step.

Every client and guard that was tried leaked a custom key header to another origin (THREATS R-10); here a change of
origin drops every header of the caller but two that say nothing about them.
"""

from __future__ import annotations

from typing import Final, NoReturn

from multidict import CIMultiDict

from actionry.errors import ResponseRefused
from actionry.http import Headers, Request
from actionry.outbound.url import Origin, Target

STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_CROSSING: Final = ("Accept", "User-Agent")


def location_of(status: int, headers: Headers) -> str | None:
    """Where a redirect leads, or None when the answer is none."""
    return headers.get("Location") if status in STATUSES else None


def next_request(request: Request, here: Origin, there: Target) -> Request:
    """The request of the next hop; `here` and `there` were parsed by the one parser.

    Raises ResponseRefused for a step from https to http.
    """
    if here.scheme == "https" and there.origin.scheme == "http":
        refuse(f"it leads from https to http ({there.origin})")
    headers = request.headers
    if there.origin != here:
        headers = CIMultiDict((name, value) for name in _CROSSING for value in request.headers.getall(name, ()))
    return Request(request.method, str(there), headers, None)


def refuse(why: str) -> NoReturn:
    raise ResponseRefused(f"The redirect is not followed: {why}.", sent=True, told_to="builder")
