"""The rim of the server: what every request meets first and every answer leaves through (THREATS H).

Host and Origin are checked, bodies are capped, answers get their headers, failures become problem documents, and one
line is logged. It is plain ASGI: a streamed token passes through one function call.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actionry.server.logs import log
from actionry.server.metrics import Metrics
from actionry.server.problems import INTERNAL, ProblemError, problem_response
from actionry.server.settings import Settings, is_loopback
from actionry.server.settings_table import Network

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "require-trusted-types-for 'script'; trusted-types actionry"
)
"""Of every page (X-10): no inline script, no eval, nothing from elsewhere, no HTML from text."""

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Of what is no page: nothing in it is ever run or loaded."""

FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Of files that somebody uploaded or an API returned (X-07)."""

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")

_FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
"""What a foreign page can send without asking first; only uploads take one of them."""


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Paths that take more than the usual body."""

    pattern: re.Pattern[str]
    bytes: int


class Rim:
    """`Rim(app, settings, metrics, limits)` is what the HTTP server runs."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics, limits: Iterable[BodyLimit] = ()) -> None:
        self.app = app
        self.settings = settings
        self.metrics = metrics
        self.limits = tuple(limits)
        self.hosts = allowed_hosts(settings)
        self.origins = allowed_origins(settings, self.hosts)
        self._headers = (*_ALWAYS, *((HSTS,) if settings.secure else ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        else:  # no WebSocket is served; nobody can hijack one (H-06)
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = _first_of(scope)
        scope["actionry.client"] = client_address(scope, headers, self.settings.trusted_proxies)
        scope["actionry.request"] = request_id = secrets.token_hex(8)
        leaving = _Leaving(send, self._headers, scope["path"], started, request_id)
        try:
            self._check(scope, headers)
            await self.app(scope, self._capped(scope, headers, receive), leaving)
        except ProblemError as error:
            await _answer(error, scope, receive, leaving)
        except Exception as error:  # the last resort: one line for the log, one problem document for the caller
            self.metrics.errors.inc()
            log(logging.ERROR, "a request failed", error=error, request=request_id, method=scope["method"])
            await _answer(INTERNAL, scope, receive, leaving)
        finally:
            self._note(scope, leaving, started, request_id)

    # --------------------------------------------------------------------------------------------------------- checks

    def _check(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        if scope["path"].startswith("/healthz"):  # probes come by address; nothing is told there
            return
        try:
            self._check_host(headers)
            self._check_origin(scope, headers)
        except ProblemError as error:
            self.metrics.refused.labels(error.problem.code).inc()
            raise

    def _check_host(self, headers: dict[bytes, bytes]) -> None:
        for name in (b"host", b"x-forwarded-host"):
            host = headers.get(name)
            if host is None and name != b"host":
                continue
            if host is None or host.decode("latin-1").lower() not in self.hosts:
                raise ProblemError(
                    400, "unknown_host", "The server does not answer under this name. The operator may add it with "
                    "ACTIONRY_PUBLIC_URL or ACTIONRY_ALLOWED_HOSTS.", whose_turn="operator",
                )  # fmt: skip

    def _check_origin(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Another site's page reads nothing and changes nothing here; following a link to a page is all it can do."""
        unsafe = scope["method"] not in SAFE_METHODS
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        navigates = headers.get(b"sec-fetch-mode") == b"navigate" and not unsafe
        foreign = origin is not None and origin.decode("latin-1").lower() not in self.origins
        foreign = foreign or (site is not None and site not in (b"same-origin", b"none"))
        if foreign and not navigates:
            raise ProblemError(403, "foreign_origin", "Requests from pages of other sites are refused.")

    def _capped(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        if (
            scope["method"] in ("GET", "HEAD")
            and b"content-length" not in headers
            and b"transfer-encoding" not in headers
        ):
            return receive
        path = scope["path"]
        cap = next((each.bytes for each in self.limits if each.pattern.fullmatch(path)), self.settings.max_body_bytes)
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 15 or int(declared) > cap:
            raise too_large(cap)
        left = cap

        async def receive_capped() -> Message:
            nonlocal left
            message = await receive()
            if message["type"] == "http.request":
                left -= len(message.get("body", b""))
                if left < 0:  # the framework's own error, which passes through its reading of the body
                    raise HTTPException(413)
            return message

        return receive_capped

    # -------------------------------------------------------------------------------------------------------- the log

    def _note(self, scope: Scope, leaving: _Leaving, started: float, request_id: str) -> None:
        status = leaving.status
        self.metrics.requests.labels(_METHODS.get(scope["method"], "other"), f"{status // 100}xx").inc()
        if leaving.head_s is not None:
            self.metrics.seconds.observe(leaving.head_s)
        quiet = scope["path"] in ("/healthz", "/healthz/live", "/healthz/ready", "/metrics")
        log(
            logging.DEBUG if quiet else logging.INFO,
            "request",
            method=scope["method"][:16],
            path=scope["path"][:200],
            status=status,
            ms=round((time.perf_counter() - started) * 1000, 1),
            user=scope.get("actionry.user"),
            request=request_id,
        )


_METHODS = {name: name for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")}


class _Leaving:
    """The way out: puts the headers on, remembers the status."""

    __slots__ = ("_always", "_path", "_request_id", "_send", "_started", "head_s", "status")

    def __init__(
        self, send: Send, always: tuple[tuple[bytes, bytes], ...], path: str, started: float, request_id: str
    ) -> None:
        self._send = send
        self._always = always
        self._path = path
        self._started = started
        self._request_id = request_id
        self.status = 0
        self.head_s: float | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.head_s = time.perf_counter() - self._started
            message["headers"] = self._with_headers(list(message.get("headers", ())))
        await self._send(message)

    def _with_headers(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        present = {name.lower(): value for name, value in headers}
        headers += [pair for pair in self._always if pair[0] not in present]
        headers.append((b"x-request-id", self._request_id.encode()))
        if b"content-security-policy" not in present:
            is_page = present.get(b"content-type", b"").startswith(b"text/html")
            headers.append((b"content-security-policy", (PAGE_POLICY if is_page else DATA_POLICY).encode()))
        if b"cache-control" not in present:
            headers.append((b"cache-control", b"no-store"))
        return headers


async def _answer(error: ProblemError, scope: Scope, receive: Receive, leaving: _Leaving) -> None:
    """Unless the answer has begun: then the connection is all that is left to close."""
    if leaving.status == 0:
        await problem_response(error)(scope, receive, leaving)


def too_large(cap: int) -> ProblemError:
    return ProblemError(413, "too_large", f"The request body is too large; up to {cap:,} bytes are read here.")


def _first_of(scope: Scope) -> dict[bytes, bytes]:
    """Header name -> its value; of one that comes twice, all values, so that none slips past a check."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        found[name] = found[name] + b", " + value if name in found else value
    return found


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Values of the Host header that are answered (H-04, H-07)."""
    public = urlsplit(settings.public_url)
    found = {public.netloc.lower()} | {host.lower() for host in settings.allowed_hosts}
    default = {"http": ":80", "https": ":443"}.get(public.scheme, "")
    found |= {public.netloc.lower().removesuffix(default)} if default else set()
    if settings.on_loopback:
        found |= {f"{name}:{settings.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    return frozenset(found - {""})


def allowed_origins(settings: Settings, hosts: Iterable[str]) -> frozenset[str]:
    scheme = urlsplit(settings.public_url).scheme or "http"
    schemes = {scheme} | ({"http"} if settings.on_loopback else set())
    return frozenset(f"{each}://{host}" for each in schemes for host in hosts)


def client_address(scope: Scope, headers: dict[bytes, bytes], trusted: tuple[Network, ...]) -> str:
    """Who asks: the peer, or what a trusted proxy says about it, read from the right (H-13)."""
    peer = (scope.get("client") or ("", 0))[0]
    if not trusted or not _within(peer, trusted):
        return peer
    forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
    for address in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        peer = address[:64]
        if not _within(address, trusted):
            break
    return peer


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in networks)


def is_form(content_type: str | None) -> bool:
    return (content_type or "").partition(";")[0].strip().lower() in _FORMS


def from_loopback(scope: Scope) -> bool:
    """Whether the one who asks sits at this machine."""
    return is_loopback(str(scope.get("actionry.client") or ""))


# -------------------------------------------------------------------------------------------------------------- rates


class Rates:
    """Token buckets by key: `take("user:u-1", per_minute=60)` is 0.0, or the seconds to wait."""

    def __init__(self, *, remembered: int = 20_000) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}
        self._remembered = remembered

    def take(self, key: str, *, per_minute: int) -> float:
        now = time.monotonic()
        level, at = self._buckets.pop(key, (float(per_minute), now))
        level = min(float(per_minute), level + (now - at) * per_minute / 60.0)
        granted = level >= 1.0
        # Put in anew, so that the first of the dictionary is the one that was quiet the longest.
        self._buckets[key] = (level - 1.0 if granted else level, now)
        while len(self._buckets) > self._remembered:
            del self._buckets[next(iter(self._buckets))]
        return 0.0 if granted else (1.0 - level) * 60.0 / per_minute


def require_rate(rates: Rates, key: str, *, per_minute: int) -> None:
    wait_s = rates.take(key, per_minute=per_minute)
    if wait_s > 0.0:
        raise ProblemError(
            429, "too_many_requests", f"Too many requests; try again in {max(1, round(wait_s))} s.", may_retry=True,
            headers={"Retry-After": str(max(1, round(wait_s)))},
        )  # fmt: skip
