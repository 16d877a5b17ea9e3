"""Which addresses and ports this door opens to: public ones, and what the operator allows by name."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network
from typing import Final

from actionry.limits import OUTBOUND_LIMITS, OutboundLimits
from actionry.outbound.addresses import Address, Network, inner_ipv4, is_metadata, is_public
from actionry.outbound.url import LOCAL_NAMES

OPEN_PORTS: Final = frozenset({80, 443, 8080, 8443})
LOOPBACK: Final[tuple[Address, ...]] = (ip_address("127.0.0.1"), ip_address("::1"))
"""What `localhost` and names below it stand for (RFC 6761 section 6.3)."""
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
class Rules:
    """An OutboundPolicy, read once: which connections it permits."""

    networks: tuple[Network, ...]
    places: frozenset[tuple[str, int]]
    """(name or canonical address, port)"""
    open_ports: frozenset[int]
    nat64: tuple[IPv6Network, ...] = ()

    def permits(self, address: Address, host: str, port: int) -> bool:
        """Whether a connection for `host:port` may go to this address. Metadata services never."""
        if self._named(host, port) or self._named(str(address), port):
            return not is_metadata(address, self.nat64)
        covered = any(address in network for network in self.networks)
        if port not in self.open_ports and not covered:
            return False
        return is_public(address, self.nat64) or (covered and self._permits_private(address))

    def may_permit(self, host: str, port: int) -> bool:
        """Whether some answer for this name could be permitted; False needs no look-up."""
        if LOCAL_NAMES.fullmatch(host):
            return any(self.permits(address, host, port) for address in LOOPBACK)
        by_place = self._named(host, port) or any(each == port for _, each in self.places)
        return port in self.open_ports or bool(self.networks) or by_place

    def permits_name(self, host: str, port: int) -> bool:
        """For a name that an egress proxy resolves: nothing is known of its address here."""
        if self._named(host, port):
            return True
        return port in self.open_ports and not LOCAL_NAMES.fullmatch(host)

    def _named(self, host: str, port: int) -> bool:
        return (host, port) in self.places

    def _permits_private(self, address: Address) -> bool:
        """An address within an allowed network: what it embeds must be public or allowed as well."""
        if is_metadata(address, self.nat64):
            return False
        inner = (IPv4Address(number) for number in inner_ipv4(address, self.nat64))
        return all(is_public(each) or any(each in network for network in self.networks) for each in inner)


def read_rules(policy: OutboundPolicy) -> Rules:
    """Read `allow` and `nat64`; ValueError names the entry that cannot be read."""
    networks: list[Network] = []
    places: set[tuple[str, int]] = set()
    for entry in policy.allow:
        if "/" in entry or _is_address(entry):
            try:
                networks.append(ip_network(entry))
            except ValueError as error:
                raise ValueError(f"allow: {entry!r} is no network ({error}); write e.g. 10.1.0.0/16") from None
        else:
            places.add(_read_place(entry))
    nat64 = tuple(_read_nat64(prefix) for prefix in policy.nat64)
    return Rules(tuple(networks), frozenset(places), policy.ports, nat64)


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
