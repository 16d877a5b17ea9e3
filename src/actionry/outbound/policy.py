"""Which addresses and ports this door opens to: public ones, and what the operator allows by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from actionry.limits import OUTBOUND_LIMITS, OutboundLimits
from actionry.outbound.addresses import Address, Network, inner_ipv4, is_metadata, is_public, is_public_ipv4

OPEN_PORTS: Final = frozenset({80, 443, 8080, 8443})
_RFC6052_LENGTHS = frozenset({32, 40, 48, 56, 64, 96})


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundPolicy:
    """What an operator may decide. `allow` holds networks (`10.1.0.0/16`) and exact places (`db.internal:8080`)."""

    allow: tuple[str, ...] = ()
    """A network opens all its ports; `host:port` opens that one place. Metadata services stay shut all the same."""
    ports: frozenset[int] = OPEN_PORTS
    """Ports open on public addresses."""
    nat64: tuple[str, ...] = ()
    """NAT64 prefixes of the operator's own network, beside 64:ff9b::/96; what they embed is checked as well."""
    egress_proxy: str | None = None
    """`http://[user:password@]host:port`; names are then resolved by it, and it must enforce what this door cannot."""
    user_agent: str | None = None
    """None: Actionry's own name and version (CANON D-14)."""
    limits: OutboundLimits = OUTBOUND_LIMITS


@dataclass(frozen=True, slots=True)
class Exemptions:
    """`OutboundPolicy.allow`, read once."""

    networks: tuple[Network, ...]
    places: frozenset[tuple[str, int]]
    """(name or canonical address, port)"""
    nat64: tuple[IPv6Network, ...] = field(default=())

    def names(self, host: str, port: int) -> bool:
        return (host, port) in self.places

    def covers(self, address: Address) -> bool:
        return any(address in network for network in self.networks)

    def permits(self, address: Address, host: str, port: int) -> bool:
        """Whether a connection for `host:port` may go to this address.

        Metadata services never. Otherwise the address, and every IPv4 address that it embeds, is public or exempt.
        """
        if is_public(address, self.nat64):
            return True
        if is_metadata(address, self.nat64):
            return False
        if self.names(host, port) or self.names(str(address), port):
            return True
        if not self.covers(address):
            return False
        inner = (IPv4Address(number) for number in inner_ipv4(address, self.nat64))
        return all(is_public_ipv4(int(each)) or self.covers(each) for each in inner)


def read_exemptions(allow: Iterable[str], nat64: Iterable[str] = ()) -> Exemptions:
    """`("127.0.0.1/32", "db.internal:8080", "[fd00::1]:443")` -> Exemptions; ValueError names a wrong one."""
    networks: list[Network] = []
    places: set[tuple[str, int]] = set()
    for entry in allow:
        if "/" in entry or _is_address(entry):
            try:
                networks.append(ip_network(entry))
            except ValueError as error:
                raise ValueError(f"allow: {entry!r} is no network ({error}); write e.g. 10.1.0.0/16") from None
        else:
            places.add(_read_place(entry))
    return Exemptions(tuple(networks), frozenset(places), tuple(_read_nat64(prefix) for prefix in nat64))


def _is_address(entry: str) -> bool:
    try:
        ip_address(entry)
    except ValueError:
        return False
    return True


def _read_place(entry: str) -> tuple[str, int]:
    host, colon, port_text = entry.rpartition(":")
    host = host.removeprefix("[").removesuffix("]").removesuffix(".").lower()
    if not (colon and host and port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65536):
        raise ValueError(
            f"allow: {entry!r} is neither a network (10.1.0.0/16) nor a place with its port (db.internal:8080)"
        )
    try:
        host = str(ip_address(host))
    except ValueError:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    return host, int(port_text)


def _read_nat64(prefix: str) -> IPv6Network:
    network = ip_network(prefix)
    if not isinstance(network, IPv6Network) or network.prefixlen not in _RFC6052_LENGTHS:
        raise ValueError(f"nat64: {prefix!r} is no IPv6 prefix of length 32, 40, 48, 56, 64 or 96 (RFC 6052)")
    return network


def read_address(text: str) -> Address:
    """An address as a resolver writes it; a zone (`fe80::1%2`) stays part of the IPv6 address and is never public."""
    address = ip_address(text)
    assert isinstance(address, IPv4Address | IPv6Address)
    return address
