"""Is this address one that the public Internet owns? Our own table, so that no library's idea of "private" decides.

`ipaddress.is_global` and `is_private` differ between Python releases, say yes to NAT64 and to `ff02::1`, and know
nothing of cloud metadata services. Here every block is a row with its source; the longest prefix wins; an IPv4
address hidden in an IPv6 one (mapped, NAT64, 6to4, Teredo, ISATAP …) is taken out and judged as well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Literal

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SNAPSHOT = "2025-10-09"
"""Last update of the two IANA special-purpose registries that the rows below were written down from."""

Registry = Literal[
    "iana-ipv4-special-registry",
    "iana-ipv6-special-registry",
    "ipv4-address-space",
    "ipv6-address-space",
    "multicast-addresses",
    "cloud metadata",
]

Verdict = Literal["public", "refused", "metadata"]
"""public: may be connected to; refused: only when the operator allows it; metadata: never, whoever allows it."""


@dataclass(frozen=True, slots=True)
class Block:
    prefix: str
    name: str
    source: str
    """RFC, or who documents it."""
    registry: Registry
    verdict: Verdict = "refused"

    @property
    def network(self) -> Network:
        return ip_network(self.prefix)


_V4: Registry = "iana-ipv4-special-registry"
_V6: Registry = "iana-ipv6-special-registry"

# Every special-purpose block is refused, also the few that the registry calls globally reachable (AS112, AMT, the
# PCP and TURN anycast addresses): they lead to infrastructure near us, and no API lives there.
# The exception is 64:ff9b::/96: behind DNS64 every IPv4-only API has such an address; its inner one is judged.
BLOCKS: tuple[Block, ...] = (
    Block("0.0.0.0/0", "IPv4 unicast", "RFC 791", "ipv4-address-space", "public"),
    Block("0.0.0.0/8", '"This network"', "RFC 791, section 3.2", _V4),
    Block("0.0.0.0/32", '"This host on this network"', "RFC 1122, section 3.2.1.3", _V4),
    Block("10.0.0.0/8", "Private-Use", "RFC 1918", _V4),
    Block("100.64.0.0/10", "Shared Address Space (carrier-grade NAT)", "RFC 6598", _V4),
    Block("127.0.0.0/8", "Loopback", "RFC 1122, section 3.2.1.3", _V4),
    Block("169.254.0.0/16", "Link Local", "RFC 3927", _V4),
    Block("172.16.0.0/12", "Private-Use", "RFC 1918", _V4),
    Block("192.0.0.0/24", "IETF Protocol Assignments", "RFC 6890, section 2.1", _V4),
    Block("192.0.0.0/29", "IPv4 Service Continuity Prefix", "RFC 7335", _V4),
    Block("192.0.0.8/32", "IPv4 dummy address", "RFC 7600", _V4),
    Block("192.0.0.9/32", "Port Control Protocol Anycast", "RFC 7723", _V4),
    Block("192.0.0.10/32", "Traversal Using Relays around NAT Anycast", "RFC 8155", _V4),
    Block("192.0.0.170/32", "NAT64/DNS64 Discovery", "RFC 8880; RFC 7050, section 2.2", _V4),
    Block("192.0.0.171/32", "NAT64/DNS64 Discovery", "RFC 8880; RFC 7050, section 2.2", _V4),
    Block("192.0.2.0/24", "Documentation (TEST-NET-1)", "RFC 5737", _V4),
    Block("192.31.196.0/24", "AS112-v4", "RFC 7535", _V4),
    Block("192.52.193.0/24", "AMT", "RFC 7450", _V4),
    Block("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", "RFC 7526", _V4),
    Block("192.88.99.2/32", "6a44-relay anycast address", "RFC 6751", _V4),
    Block("192.168.0.0/16", "Private-Use", "RFC 1918", _V4),
    Block("192.175.48.0/24", "Direct Delegation AS112 Service", "RFC 7534", _V4),
    Block("198.18.0.0/15", "Benchmarking", "RFC 2544", _V4),
    Block("198.51.100.0/24", "Documentation (TEST-NET-2)", "RFC 5737", _V4),
    Block("203.0.113.0/24", "Documentation (TEST-NET-3)", "RFC 5737", _V4),
    Block("224.0.0.0/4", "Multicast", "RFC 5771", "multicast-addresses"),
    Block("240.0.0.0/4", "Reserved", "RFC 1112, section 4", _V4),
    Block("255.255.255.255/32", "Limited Broadcast", "RFC 8190; RFC 919, section 7", _V4),
    Block("::/0", "Not assigned as global unicast", "RFC 4291", "ipv6-address-space"),
    Block("2000::/3", "Global Unicast", "RFC 4291; RFC 3513", "ipv6-address-space", "public"),
    Block("::/96", "Deprecated (IPv4-compatible)", "RFC 4291, section 2.5.5.1", "ipv6-address-space"),
    Block("::/128", "Unspecified Address", "RFC 4291", _V6),
    Block("::1/128", "Loopback Address", "RFC 4291", _V6),
    Block("::ffff:0:0/96", "IPv4-mapped Address", "RFC 4291", _V6),
    Block("::ffff:0:0:0/96", "IPv4-translated (SIIT)", "RFC 2765, section 2.1", "ipv6-address-space"),
    Block("64:ff9b::/96", "IPv4-IPv6 Translat. (NAT64)", "RFC 6052", _V6, "public"),
    Block("64:ff9b:1::/48", "IPv4-IPv6 Translat. (local NAT64)", "RFC 8215", _V6),
    Block("100::/64", "Discard-Only Address Block", "RFC 6666", _V6),
    Block("100:0:0:1::/64", "Dummy IPv6 Prefix", "RFC 9780", _V6),
    Block("2001::/23", "IETF Protocol Assignments", "RFC 2928", _V6),
    Block("2001::/32", "TEREDO", "RFC 4380; RFC 8190", _V6),
    Block("2001:1::1/128", "Port Control Protocol Anycast", "RFC 7723", _V6),
    Block("2001:1::2/128", "Traversal Using Relays around NAT Anycast", "RFC 8155", _V6),
    Block("2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", "RFC 9665", _V6),
    Block("2001:2::/48", "Benchmarking", "RFC 5180", _V6),
    Block("2001:3::/32", "AMT", "RFC 7450", _V6),
    Block("2001:4:112::/48", "AS112-v6", "RFC 7535", _V6),
    Block("2001:10::/28", "Deprecated (previously ORCHID)", "RFC 4843", _V6),
    Block("2001:20::/28", "ORCHIDv2", "RFC 7343", _V6),
    Block("2001:30::/28", "Drone Remote ID Protocol Entity Tags", "RFC 9374", _V6),
    Block("2001:db8::/32", "Documentation", "RFC 3849", _V6),
    Block("2002::/16", "6to4", "RFC 3056; RFC 7526", _V6),
    Block("2620:4f:8000::/48", "Direct Delegation AS112 Service", "RFC 7534", _V6),
    Block("3fff::/20", "Documentation", "RFC 9637", _V6),
    Block("5f00::/16", "Segment Routing (SRv6) SIDs", "RFC 9602", _V6),
    Block("fc00::/7", "Unique-Local", "RFC 4193; RFC 8190", _V6),
    Block("fe80::/10", "Link-Local Unicast", "RFC 4291", _V6),
    Block("fec0::/10", "Deprecated (site-local)", "RFC 3879", "ipv6-address-space"),
    Block("ff00::/8", "Multicast", "RFC 4291", "multicast-addresses"),
    Block("100.100.100.200/32", "Instance metadata", "Alibaba Cloud", "cloud metadata", "metadata"),
    Block("168.63.129.16/32", "WireServer, a public address", "Microsoft Azure", "cloud metadata", "metadata"),
    Block("169.254.0.23/32", "Instance metadata", "Tencent Cloud", "cloud metadata", "metadata"),
    Block("169.254.42.42/32", "Instance metadata", "Scaleway", "cloud metadata", "metadata"),
    Block("169.254.169.253/32", "VPC name server", "Amazon Web Services", "cloud metadata", "metadata"),
    Block("169.254.169.254/32", "Instance metadata", "most clouds", "cloud metadata", "metadata"),
    Block("169.254.170.2/32", "Task credentials (ECS)", "Amazon Web Services", "cloud metadata", "metadata"),
    Block("169.254.170.23/32", "Pod credentials (EKS)", "Amazon Web Services", "cloud metadata", "metadata"),
    Block("192.0.0.192/32", "Instance metadata", "Oracle Cloud", "cloud metadata", "metadata"),
    Block("fd00:42::42/128", "Instance metadata", "Scaleway", "cloud metadata", "metadata"),
    Block("fd00:ec2::23/128", "Pod credentials (EKS)", "Amazon Web Services", "cloud metadata", "metadata"),
    Block("fd00:ec2::253/128", "VPC name server", "Amazon Web Services", "cloud metadata", "metadata"),
    Block("fd00:ec2::254/128", "Instance metadata", "Amazon Web Services", "cloud metadata", "metadata"),
    Block("fd20:ce::254/128", "Instance metadata", "Google Cloud", "cloud metadata", "metadata"),
    Block("fe80::a9fe:a9fe/128", "Instance metadata", "OpenStack", "cloud metadata", "metadata"),
)


class _Ranges:
    """The rows of one family as disjoint ranges, so that a look-up is one bisection."""

    def __init__(self, version: int) -> None:
        held = [(each.network, each) for each in BLOCKS]
        spans = [(int(n[0]), int(n[-1]), n.prefixlen, block) for n, block in held if n.version == version]
        everything = max(last for _, last, _, _ in spans)
        edges = {edge for first, last, _, _ in spans for edge in (first, last + 1)}
        self.starts = sorted(edge for edge in edges if edge <= everything)
        self.rows: list[Block] = []
        for start in self.starts:
            holding = [(length, block) for first, last, length, block in spans if first <= start <= last]
            self.rows.append(max(holding, key=lambda pair: pair[0])[1])

    def __getitem__(self, number: int) -> Block:
        return self.rows[bisect_right(self.starts, number) - 1]


_IPV4 = _Ranges(4)
_IPV6 = _Ranges(6)

_MAPPED = 0xFFFF << 32
_TRANSLATED = 0xFFFF << 48
_NAT64 = 0x0064_FF9B << 96
_LOCAL_NAT64 = 0x0064_FF9B_0001  # compared with the upper 48 bits
_TEREDO = 0x2001_0000  # upper 32 bits
_6TO4 = 0x2002  # upper 16 bits
_ISATAP = 0x5EFE  # bits 64…95, with the u/g bits of RFC 5214 section 6.1 set or not
_LOW32 = 0xFFFF_FFFF


def block_of(address: Address) -> Block:
    """The row with the longest prefix that holds the address itself; what it may embed is not looked at."""
    return _IPV4[int(address)] if address.version == 4 else _IPV6[int(address)]


def rfc6052_ipv4(number: int, prefix_length: int) -> int:
    """The IPv4 address in an IPv6 address under a translation prefix of that length (RFC 6052 section 2.2).

    Bits 64 to 71 are skipped: `2001:db8:122:344::192.0.2.33` under /96, `2001:db8:1c0:2:21::` under /40.
    """
    if prefix_length == 96:
        return number & _LOW32
    # Taking the reserved octet out leaves prefix, IPv4 address and suffix in one row of 120 bits.
    squeezed = (number >> 64) << 56 | (number & ((1 << 56) - 1))
    return (squeezed >> (120 - prefix_length - 32)) & _LOW32


def embedded_ipv4(number: int) -> Iterator[int]:
    """Every IPv4 address that a 128-bit address carries in a well-known transition form."""
    high96 = number >> 32
    if high96 == 0 or high96 == _MAPPED >> 32 or high96 == _TRANSLATED >> 32 or high96 == _NAT64 >> 32:
        if number > 1:  # `::` and `::1` have rows of their own
            yield number & _LOW32
        return
    top16 = number >> 112
    if number >> 80 == _LOCAL_NAT64:
        # The operator's prefix within 64:ff9b:1::/48 may be of any RFC 6052 length; the /96 form is the usual one.
        yield number & _LOW32
        for prefix_length in (48, 56, 64):
            yield rfc6052_ipv4(number, prefix_length)
    elif top16 == _6TO4:
        yield (number >> 80) & _LOW32
    elif number >> 96 == _TEREDO:
        yield (number >> 64) & _LOW32  # the Teredo server
        yield ~number & _LOW32  # the client, all bits inverted (RFC 4380 section 4)
    if (number >> 32) & 0xFDFF_FFFF == _ISATAP:
        yield number & _LOW32


def is_metadata(address: Address, nat64: Iterable[IPv6Network] = ()) -> bool:
    """True for a cloud metadata service, in any spelling: nobody may allow these (THREATS S-05)."""
    return block_of(address).verdict == "metadata" or any(
        _IPV4[inner].verdict == "metadata" for inner in inner_ipv4(address, nat64)
    )


def inner_ipv4(address: Address, nat64: Iterable[IPv6Network] = ()) -> Iterator[int]:
    """`embedded_ipv4`, and what the operator's own NAT64 prefixes embed."""
    if address.version == 4:
        return
    number = int(address)
    yield from embedded_ipv4(number)
    for network in nat64:
        if address in network:
            yield rfc6052_ipv4(number, network.prefixlen)


def is_public(address: Address, nat64: Iterable[IPv6Network] = ()) -> bool:
    """True when the address, and every IPv4 address that it carries, is public.

    8.8.8.8 -> True; ::ffff:8.8.8.8 -> False (its block is refused); 64:ff9b::a00:5 -> False (carries 10.0.0.5)
    """
    if block_of(address).verdict != "public":
        return False
    return all(_IPV4[inner].verdict == "public" for inner in inner_ipv4(address, nat64))
