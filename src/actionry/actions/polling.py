"""An API that answers 202 and works on: its status is asked for until it is done, within limits (WI-16).

Only on the same origin, because the credential goes along; what the API says about waiting is honoured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urljoin

from actionry.actions.content import BAD, parse_json
from actionry.errors import OutboundError
from actionry.http import Response, origin_of
from actionry.limits import CALL_LIMITS, OUTBOUND_LIMITS, CallLimits
from actionry.outbound.retry import read_retry_after

Get = Callable[[str], Awaitable[Response]]
"""Asks one address of the same origin, with the call's credential."""

STATUS_HEADERS: Final = ("Operation-Location", "Azure-AsyncOperation", "Location", "Content-Location")
STATUS_FIELDS: Final = (
    ("status_url",), ("statusUrl",), ("status_uri",), ("status_link",), ("statusLink",), ("poll_url",), ("pollUrl",),
    ("links", "status"), ("_links", "status", "href"), ("_links", "status"), ("urls", "get"), ("links", "self"),
    ("_links", "self", "href"),
)  # fmt: skip
WORKING: Final = frozenset(
    {
        "accepted", "in_progress", "inprogress", "in progress", "notstarted", "not_started", "pending", "processing",
        "queued", "running", "started", "starting", "submitted", "waiting", "working", "scheduled", "created",
    }
)  # fmt: skip
"""Values of `status` or `state` that mean: not yet."""
_BODY_BYTES = 256 * 1024


def status_link(response: Response, url: str) -> str | None:
    """Where a 202 says that its status is: absolute, on the origin of `url`; None when nowhere that we go."""
    if response.status != 202:
        return None
    candidates: list[Any] = [response.headers.get(name) for name in STATUS_HEADERS]
    data = _json_of(response)
    candidates += [_at(data, path) for path in STATUS_FIELDS]
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.strip():
            link = _on_same_origin(url, candidate.strip())
            if link is not None:
                return link
    return None


async def follow_job(
    first: Response, link: str, get: Get, *, limits: CallLimits = CALL_LIMITS
) -> tuple[Response, str | None]:
    """(last answer, None when the job is over, else the link where it can still be asked for).

    An answer that does not come ends the waiting with what is known so far: the job itself was accepted.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limits.poll_s
    wait_s = limits.poll_wait_s
    last = first
    for _ in range(limits.poll_tries):
        said = read_retry_after(last.headers.get("Retry-After"), cap_s=OUTBOUND_LIMITS.retry_after_s)
        pause_s = wait_s if said is None else said
        if loop.time() + pause_s >= deadline:
            return last, link
        await asyncio.sleep(pause_s)
        wait_s = min(wait_s * 1.5, limits.poll_longest_wait_s)
        try:
            answer = await get(link)
        except OutboundError:
            return last, link
        next_link = _still_working(answer, link)
        if next_link is None:
            return await _final(answer, link, get), None
        last, link = answer, next_link
    return last, link


def _still_working(answer: Response, link: str) -> str | None:
    """Where to ask next, or None when this is the end."""
    if answer.status == 202:
        return status_link(answer, link) or link
    if answer.status in (429, 503) and "Retry-After" in answer.headers:
        return link
    if answer.status != 200:
        return None
    data = _json_of(answer)
    state = data.get("status", data.get("state")) if isinstance(data, dict) else None
    return link if isinstance(state, str) and state.strip().lower() in WORKING else None


async def _final(answer: Response, link: str, get: Get) -> Response:
    """RFC 9110 section 15.4.4: a 303 tells where the result is; it is fetched once, on the same origin alone."""
    place = answer.headers.get("Location") if answer.status == 303 else None
    target = _on_same_origin(link, place) if place else None
    if target is None:
        return answer
    try:
        return await get(target)
    except OutboundError:
        return answer


def _on_same_origin(url: str, link: str) -> str | None:
    try:
        target = urljoin(url, link).partition("#")[0]
        return target if origin_of(target) == origin_of(url) else None
    except ValueError:
        return None


def _json_of(response: Response) -> Any:
    if not response.content or len(response.content) > _BODY_BYTES:
        return None
    data = parse_json(response.content.decode("utf-8", "replace"))
    return None if data is BAD else data


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data
