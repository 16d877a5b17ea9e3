"""A streamed POST to the operator's configured provider: the only HTTP client of `models`, beside those inside SDKs.

Why not the outbound door: it answers with whole bodies, and its rules are for addresses that come from documents,
users and models. This client reaches one base URL that the operator entered, follows no redirect (a key would travel
along), keeps no cookie, and reads nothing from the environment.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import aiohttp
from yarl import URL

from actionry.models.failures import Teller
from actionry.models.tries import ProviderLimits

KEPT_S: Final = 30.0
"""An unused connection is kept so long, which saves the next turn a TLS handshake."""


class Upstream:
    """Kept-alive connections to one base URL. Make it anywhere; it belongs to the event loop of its first request."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        limits: ProviderLimits,
        teller: Teller,
        proxy: str | None = None,
    ) -> None:
        """`headers` go with every request, the key among them; `proxy` is the operator's, as `http://host:port`."""
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._limits = limits
        self._teller = teller
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def post(self, path: str, content: bytes) -> Incoming:
        """Send JSON, return when the answer's head is there. Raises ModelFailure, also for every status but 200."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._limits.first_event_s):
                response = await self._open(loop).post(
                    URL(self._base_url + path, encoded=True), data=content, allow_redirects=False, proxy=self._proxy
                )
        except TimeoutError as error:
            # aiohttp's ServerTimeoutError is one as well: the connection was not accepted in time.
            if isinstance(error, aiohttp.ServerTimeoutError):
                raise self._teller.failure(
                    "connection", f"did not accept a connection within {self._limits.connect_s:g} s"
                ) from None
            raise self._teller.failure("timeout", f"sent no answer within {self._limits.first_event_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreached(self._teller, error) from None
        incoming = Incoming(response, loop, started, self._limits, self._teller)
        if response.status == 200:
            return incoming
        try:
            body = await incoming.read_error()
        finally:
            incoming.close()
        raise self._teller.refused(response.status, response.headers, body)

    async def aclose(self) -> None:
        """Close every connection; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()

    def _open(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
        if self._session is None or self._loop is not loop:
            # Another loop's connections died with it.
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect_s),
                trust_env=False,
            )
        return self._session


class Incoming:
    """The body of one answer. `heard` is said at the first event; from then on the longer silence is allowed."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        loop: asyncio.AbstractEventLoop,
        started: float,
        limits: ProviderLimits,
        teller: Teller,
    ) -> None:
        self._response = response
        self._loop = loop
        self._limits = limits
        self._teller = teller
        self._patience_s = limits.first_event_s
        self._deadline = started + limits.first_event_alive_s
        self._started = started
        self._since: float | None = started
        """Waiting since then; None while the reader is busy elsewhere, which is not the provider's silence."""
        self._expired = False
        self._size = 0
        # One timer that looks now and then, not one per read: a read costs a microsecond less.
        self._timer = loop.call_at(started + self._patience_s, self._look)

    def heard(self) -> None:
        """The answer has begun."""
        self._deadline = self._started + self._limits.answer_s
        self._be_patient(self._limits.silence_s)

    def ending(self) -> None:
        """The answer is complete but for its end mark, which is not waited for as for a word."""
        self._be_patient(min(self._patience_s, self._limits.ending_s))

    def _be_patient(self, patience_s: float) -> None:
        if patience_s < self._patience_s:  # else the timer finds out by itself
            self._timer.cancel()
            self._timer = self._loop.call_later(patience_s, self._look)
        self._patience_s = patience_s

    async def read(self) -> bytes:
        """What has come, as soon as something has; b"" at the end. Raises ModelFailure."""
        self._since = self._loop.time()
        try:
            chunk = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            if self._expired:
                raise self._silent() from None
            raise self._teller.failure("cut", quoted=_plain(error)) from None
        finally:
            self._since = None
        self._size += len(chunk)
        if self._size > self._limits.answer_bytes:
            raise self._teller.failure(
                "malformed", f"answered more than {self._limits.answer_bytes} bytes", may_retry=False
            )
        return chunk

    async def read_error(self) -> bytes:
        """The body of an error status, as far as it comes within its own bounds."""
        body = b""
        try:
            async with asyncio.timeout(self._limits.error_s):
                while len(body) < self._limits.error_bytes and (chunk := await self._response.content.readany()):
                    body += chunk
        except (aiohttp.ClientError, OSError):  # TimeoutError is an OSError: the status says enough
            pass
        return body[: self._limits.error_bytes]

    async def finish(self) -> None:
        """After the last event: read the end, so that the connection can be used again, but do not wait for it."""
        try:
            async with asyncio.timeout(0.05):
                while await self._response.content.readany():
                    pass
        except (aiohttp.ClientError, OSError):
            pass

    def close(self) -> None:
        """Hang up, unless the answer was read to its end."""
        self._timer.cancel()
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()

    def _look(self) -> None:
        now = self._loop.time()
        if self._since is None:
            self._timer = self._loop.call_later(self._patience_s, self._look)
            return
        due = min(self._since + self._patience_s, self._deadline)
        if now < due:
            self._timer = self._loop.call_at(due, self._look)
            return
        self._expired = True
        self._response.close()  # wakes the waiting read

    def _silent(self) -> Exception:
        if self._loop.time() >= self._deadline:
            return self._teller.failure("timeout", f"did not come to an end in {self._deadline - self._started:g} s")
        return self._teller.failure("timeout", f"was silent for {self._patience_s:g} s")


def _unreached(teller: Teller, error: Exception) -> Exception:
    """No answer at all, in words; certificates and impossible URLs are no better a moment later."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return teller.failure("connection", "has a TLS certificate that is not trusted", may_retry=False)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return teller.failure("connection", "did not complete the TLS handshake")
        case aiohttp.ClientConnectorDNSError():
            return teller.failure("connection", "has a host name that is not found")
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return teller.failure("connection", "could not be reached through the proxy")
        case aiohttp.ClientConnectorError():
            return teller.failure("connection", "refused the connection", quoted=error.os_error.strerror or "")
        case aiohttp.InvalidURL():
            return teller.failure("setup", "has a base URL that is none")
        case aiohttp.ClientResponseError():
            return teller.failure("malformed", "answered something that is not HTTP")
        case aiohttp.ClientError() | OSError():
            return teller.failure("connection", "broke the connection before it answered")
        case _:
            return teller.failure("setup", "cannot be asked", quoted=str(error))


def _plain(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else ""
