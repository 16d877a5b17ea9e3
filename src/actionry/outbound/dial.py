"""Open a connection to an address that was checked, and to no other.

The name is asked for once; TCP goes to the very address that passed; TLS and `Host` keep the name. The peer's
address is compared after connecting. With an egress proxy, TCP goes to the proxy and the name travels inside.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from actionry.errors import AddressRefused, ConnectionFailed
from actionry.limits import OutboundLimits
from actionry.outbound.addresses import Address
from actionry.outbound.channel import Channel
from actionry.outbound.policy import Rules
from actionry.outbound.resolve import Resolver, checked_addresses, not_public
from actionry.outbound.url import Origin


class EgressProxy:
    """`http://user:password@proxy.internal:3128`, read once. It is the operator's word and may lie inside."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise ValueError("egress_proxy: write http://host:port (user:password@ before the host if needed)")
        self.host = parts.hostname
        self.port = parts.port or 3128
        self.authorization = b""
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self.authorization = b"Proxy-Authorization: Basic " + base64.b64encode(pair) + b"\r\n"


class Dialer:
    """Opens channels under one policy."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        rules: Rules,
        limits: OutboundLimits,
        proxy: EgressProxy | None,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._resolver = resolver
        self._rules = rules
        self._limits = limits
        self._proxy = proxy
        self._tls = tls

    async def open(self, origin: Origin) -> Channel:
        """A new connection to `origin`. Raises AddressRefused or ConnectionFailed; no request byte has left."""
        if self._proxy is not None:
            return await self._open_through(self._proxy, origin)
        addresses = await checked_addresses(origin, self._resolver, self._rules, self._limits)
        tls = await self._tls_for(origin)
        with _ConnectErrors(origin):
            async with asyncio.timeout(self._limits.connect_s):
                connection = await connect_first(addresses, origin.port, self._limits.attempt_delay_s)
                _verify_peer(connection, addresses, origin)
                return await self._wrap(connection, origin, tls)

    def check(self, origin: Origin) -> None:
        """What can be said without asking a name server; raises AddressRefused."""
        host, port = origin.host, origin.port
        if origin.address is not None:
            fine = self._rules.permits(origin.address, host, port)
        elif self._proxy is not None:
            fine = self._rules.permits_name(host, port)
        else:
            fine = self._rules.may_permit(host, port)
        if not fine:
            raise not_public(origin)

    async def _open_through(self, proxy: EgressProxy, origin: Origin) -> Channel:
        addresses = await self._proxy_addresses(proxy)
        tls = await self._tls_for(origin)
        with _ConnectErrors(origin, through_proxy=True):
            async with asyncio.timeout(self._limits.connect_s):
                connection = await connect_first(addresses, proxy.port, self._limits.attempt_delay_s)
                try:
                    if origin.scheme == "https":
                        await _tunnel(connection, proxy, origin, self._limits.header_bytes)
                except BaseException:
                    connection.close()
                    raise
                channel = await self._wrap(connection, origin, tls)
        if origin.scheme == "http":
            channel.prefix = f"http://{origin.authority}".encode("ascii")
            channel.proxy_header = proxy.authorization
        return channel

    async def _proxy_addresses(self, proxy: EgressProxy) -> Sequence[Address]:
        with suppress(ValueError):
            return (ip_address(proxy.host),)
        try:
            async with asyncio.timeout(self._limits.resolve_s):
                answers = await self._resolver.resolve(proxy.host, proxy.port)
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            answers = ()
        if not answers:
            raise ConnectionFailed(
                "The egress proxy's name has no address.", sent=False, told_to="operator", may_retry=True
            )
        return [ip_address(answer) for answer in answers[: self._limits.addresses]]

    async def _tls_for(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme == "http":
            return None
        if self._tls is None:
            # Reading the trust store takes some ms of file access.
            self._tls = await asyncio.to_thread(tls_context)
        return self._tls

    async def _wrap(self, connection: socket.socket, origin: Origin, tls: ssl.SSLContext | None) -> Channel:
        """TLS, if any, and the protocol. The socket is the transport's from here on, which closes it on failure."""
        _, channel = await asyncio.get_running_loop().create_connection(
            functools.partial(Channel, asyncio.get_running_loop(), self._limits),
            sock=connection,
            ssl=tls,
            server_hostname=None if tls is None else origin.host,
        )
        return channel


def tls_context() -> ssl.SSLContext:
    """The system's trust store, TLS 1.2 or newer, HTTP/1.1."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(("http/1.1",))
    return context


async def connect_first(addresses: Sequence[Address], port: int, delay_s: float) -> socket.socket:
    """The first connection that stands; a next address is tried on failure or after `delay_s` (RFC 8305 section 5)."""
    if len(addresses) == 1:
        return await _connect(addresses[0], port)
    waiting = list(addresses)
    attempts: set[asyncio.Task[socket.socket]] = set()
    failure: OSError = ConnectionRefusedError("no address")
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.ensure_future(_connect(waiting.pop(0), port)))
            done, _ = await asyncio.wait(
                attempts, timeout=delay_s if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in done:
                attempts.discard(attempt)
                error = attempt.exception()
                if error is None:
                    return attempt.result()
                if not isinstance(error, OSError):
                    raise error
                failure = error
        raise failure
    finally:
        for attempt in attempts:
            attempt.cancel()
            # One that stood at the same moment is not the one we took.
            attempt.add_done_callback(_close_unused)


def _close_unused(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _connect(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    connection = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection


def _verify_peer(connection: socket.socket, addresses: Sequence[Address], origin: Origin) -> None:
    """The kernel's word on where we are connected to; it can differ only through a fault, which is not sent to."""
    try:
        peer = ip_address(connection.getpeername()[0])
        if peer not in addresses:
            raise not_public(origin)
    except (OSError, ValueError, AddressRefused):
        connection.close()
        raise


async def _tunnel(connection: socket.socket, proxy: EgressProxy, origin: Origin, max_bytes: int) -> None:
    """CONNECT (RFC 9110 section 9.3.6): afterwards the bytes on the socket are the origin's."""
    loop = asyncio.get_running_loop()
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    place = f"{host}:{origin.port}".encode("ascii")
    await loop.sock_sendall(
        connection,
        b"CONNECT " + place + b" HTTP/1.1\r\nHost: " + place + b"\r\n" + proxy.authorization + b"\r\n",
    )
    head = b""
    while b"\r\n\r\n" not in head:
        data = await loop.sock_recv(connection, 4096)
        head += data
        if not data or len(head) > max_bytes:
            raise ConnectionResetError("no answer from the egress proxy")
    status_line, _, _ = head.partition(b"\r\n")
    words = status_line.split(None, 2)
    # TLS starts with our hello: a byte after the head is nobody's.
    if len(words) < 2 or words[1] != b"200" or not head.endswith(b"\r\n\r\n"):
        shown = words[1].decode("ascii", "replace") if len(words) > 1 else "nonsense"
        raise ConnectionFailed(
            f"The egress proxy does not connect to `{origin.host}` (it answered {shown[:20]}).",
            sent=False,
            told_to="operator",
        )


class _ConnectErrors:
    """What can go wrong while connecting, said in our words; closed and filtered ports read the same (S-24)."""

    def __init__(self, origin: Origin, *, through_proxy: bool = False) -> None:
        self._origin = origin
        self._through_proxy = through_proxy

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            self._raise(
                f"The certificate of `{self._origin.host}` is not valid for it: {error.verify_message}.",
                mend="Its operator must install a certificate for this name from a known authority.",
            )
        if isinstance(error, ssl.SSLError):
            self._raise(f"No secure connection (TLS 1.2 or newer) to {self._origin}.")
        if isinstance(error, OSError):  # TimeoutError is one
            if self._through_proxy:
                self._raise("The egress proxy does not answer.", operator=True, may_retry=True)
            self._raise(f"Nothing answers at {self._origin}.", may_retry=True)

    def _raise(
        self, message: str, *, mend: str | None = None, operator: bool = False, may_retry: bool = False
    ) -> NoReturn:
        raise ConnectionFailed(
            message, sent=False, mend=mend, told_to="operator" if operator else "api", may_retry=may_retry
        ) from None
