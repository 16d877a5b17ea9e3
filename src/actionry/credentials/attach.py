"""WHERE A CREDENTIAL IS ATTACHED: the last change to a request before it leaves, and the only place that makes it.

Client libraries set credentials first and then follow whatever the URL says. Here the URL is final when
this runs, and nothing is written unless its origin is the one that the credential was saved for (R-10…R-14).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote, unquote_plus, urlsplit

from actionry.credentials.choice import Chosen, normal_origin
from actionry.credentials.placement import Placement
from actionry.credentials.schemes import KeyLocation
from actionry.errors import CredentialError
from actionry.http import Request

AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters that one parser drops and another keeps."""

HEAD = re.compile(r"[^:/?#]+://[^/?#]*")


def attach(request: Request, chosen: Chosen, *, action_origin: str, allow_http: bool = False) -> Request:
    """A copy of the request with the chosen credentials on it; the request itself when there are none.

    `action_origin`: where the action's credentials belong, e.g. `https://api.example.com` (any URL there
    will do); credentials that are bound to an origin of their own go by that instead. `allow_http` lets the
    operator's policy admit plain http; loopback needs no leave.

    Raises CredentialError when the request goes anywhere else, and nothing is attached.
    """
    if chosen.anonymous:
        return request
    bound = _bound(chosen.origin if chosen.origin is not None else action_origin)
    head = _head(request.url)
    _require_origin(head, bound)
    _require_safe_transport(head, allow_http)
    for placement in chosen.placements:
        request = WRITERS[placement.location](request, placement)
    return request


@lru_cache(maxsize=1024)
def _bound(url: str) -> str:
    return normal_origin(url)


def _require_origin(head: str | None, bound: str) -> None:
    """Scheme, host and port must be equal: another port, http for https or a sub-domain is another origin (R-11)."""
    target = _origin_of_head(head) if head is not None else None
    if target is None:
        raise CredentialError("The request's address is not one that a credential can be sent to.")
    if target != bound:
        raise CredentialError(
            f"The credential belongs to {bound}, but this request goes to {target}; it was not attached.",
            mend="Enter a credential for that address, or correct the server in the document.",
        )


def _head(url: str) -> str | None:
    """Scheme and authority, which tell the origin; None for an address that two parsers may read differently (S-14).

    Heads are few, so what they mean is remembered.
    """
    if AMBIGUOUS.search(url):
        return None
    found = HEAD.match(url)
    return found.group() if found is not None else url


@lru_cache(maxsize=1024)
def _origin_of_head(head: str) -> str | None:
    """None when it has user information, or is no origin."""
    try:
        return None if "@" in urlsplit(head).netloc else normal_origin(head)
    except (ValueError, CredentialError):
        return None


def _require_safe_transport(head: str | None, allow_http: bool) -> None:
    if allow_http or (head is not None and _is_secure_head(head)):
        return
    raise CredentialError(
        "The credential would travel unencrypted, because the address begins with http://.",
        mend="Use https:// in the document's `servers`.",
    )


@lru_cache(maxsize=1024)
def _is_secure_head(head: str) -> bool:
    return is_secure(head)


def is_secure(url: str) -> bool:
    """https, or http that does not leave this machine."""
    parts = urlsplit(url)
    return parts.scheme.lower() == "https" or (parts.scheme.lower() == "http" and is_loopback(parts.hostname or ""))


def is_loopback(host: str) -> bool:
    """`localhost`, 127.0.0.0/8 and ::1, by name or number; nothing is resolved."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _write_header(request: Request, placement: Placement) -> Request:
    return request.with_header(placement.name, placement.value.reveal())


def _write_query(request: Request, placement: Placement) -> Request:
    """Append the pair, after dropping pairs of the same name: an argument must not stand beside the
    credential (R-06).
    """
    base, hash_mark, fragment = request.url.partition("#")
    path, _, query = base.partition("?")
    kept = [pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != placement.name]
    kept.append(f"{quote(placement.name, safe='')}={quote(placement.value.reveal(), safe='')}")
    return replace(request, url=f"{path}?{'&'.join(kept)}{hash_mark}{fragment}")


def _write_cookie(request: Request, placement: Placement) -> Request:
    """Join the request's cookies into the one header that RFC 6265 section 5.4 allows, ours last."""
    pairs = [pair.strip() for line in request.headers.getall("Cookie", []) for pair in line.split(";")]
    kept = [pair for pair in pairs if pair and pair.partition("=")[0].strip() != placement.name]
    kept.append(f"{placement.name}={placement.value.reveal()}")
    return request.with_header("Cookie", "; ".join(kept))


WRITERS: dict[KeyLocation, Callable[[Request, Placement], Request]] = {
    "header": _write_header,
    "query": _write_query,
    "cookie": _write_cookie,
}
