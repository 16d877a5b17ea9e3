"""The law that the address table must keep: no special address is public, nor any IPv6 form that carries one.

The blocks are written here a second time and by other means (start and length as numbers, straight from the RFCs), so
that a slip in the table is not believed by its own test.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from actionry.outbound.addresses import is_public

# (first address, prefix length)
SPECIAL_IPV4: tuple[tuple[int, int], ...] = (
    (0x00000000, 8),
    (0x0A000000, 8),
    (0x64400000, 10),
    (0x7F000000, 8),
    (0xA9FE0000, 16),
    (0xAC100000, 12),
    (0xC0000000, 24),
    (0xC0000200, 24),
    (0xC01FC400, 24),
    (0xC034C100, 24),
    (0xC0586300, 24),
    (0xC0A80000, 16),
    (0xC0AF3000, 24),
    (0xC6120000, 15),
    (0xC6336400, 24),
    (0xCB007100, 24),
    (0xE0000000, 4),
    (0xF0000000, 4),
    (0xA83F8110, 32),
    (0x646464C8, 32),
)
SPECIAL_IPV6: tuple[tuple[int, int], ...] = (
    (0, 8),  # everything below 100::/8 but NAT64
    (0x0064FF9B0001 << 80, 48),
    (0x0100 << 112, 64),
    (0x0100000000000001 << 64, 64),
    (0x20010000 << 96, 23),
    (0x20010DB8 << 96, 32),
    (0x2002 << 112, 16),
    (0x2620004F8000 << 80, 48),
    (0x3FFF << 112, 20),
    (0x4000 << 112, 2),
    (0x5F00 << 112, 16),
    (0x8000 << 112, 1),
    (0xFC00 << 112, 7),
    (0xFE80 << 112, 10),
    (0xFEC0 << 112, 10),
    (0xFF00 << 112, 8),
)
_NAT64 = 0x0064FF9B << 96


def special_ipv4(number: int) -> bool:
    return any(number >> (32 - length) == first >> (32 - length) for first, length in SPECIAL_IPV4)


def forms(inner: int, dice: random.Random) -> Iterator[tuple[str, int]]:
    """Every IPv6 address that stands for this IPv4 address, with a name."""
    subnet, host = dice.getrandbits(16), dice.getrandbits(64)
    prefix = 0x2A00 << 112 | dice.getrandbits(48) << 64
    yield "mapped", 0xFFFF << 32 | inner
    yield "compatible", inner
    yield "translated", 0xFFFF << 48 | inner
    yield "NAT64", _NAT64 | inner
    yield "local NAT64", 0x0064FF9B0001 << 80 | inner
    yield "6to4", 0x2002 << 112 | inner << 80 | subnet << 64 | host
    yield "Teredo client", 0x20010000 << 96 | 0x08080808 << 64 | (~inner & 0xFFFFFFFF)
    yield "Teredo server", 0x20010000 << 96 | inner << 64 | dice.getrandbits(64)
    yield "ISATAP", prefix | 0x5EFE << 32 | inner
    yield "ISATAP global", prefix | 0x02005EFE << 32 | inner


def count_violations(dice: random.Random, count: int) -> list[str]:
    """Judge `count` random addresses and all their forms; the list names what was wrongly let through or held back."""
    found: list[str] = []
    for _ in range(count):
        found += _ipv4_violations(dice)
        first, length = dice.choice(SPECIAL_IPV6)
        number = first | dice.getrandbits(128 - length)
        if number >> 32 != _NAT64 >> 32 and is_public(IPv6Address(number)):
            found.append(f"public: {IPv6Address(number)}")
    return found


def _ipv4_violations(dice: random.Random) -> list[str]:
    if dice.random() < 0.5:
        first, length = dice.choice(SPECIAL_IPV4)
        number = first | (dice.getrandbits(32 - length) if length < 32 else 0)
    else:
        number = dice.getrandbits(32)
    found = []
    special = special_ipv4(number)
    if is_public(IPv4Address(number)) == special:
        found.append(f"{'public' if special else 'held back'}: {IPv4Address(number)}")
    for name, form in forms(number, dice):
        public = is_public(IPv6Address(form))
        # Only these carry a public address to a public place; the other forms are refused whatever they carry.
        reachable = name in ("NAT64", "ISATAP", "ISATAP global") and not special
        if public != reachable:
            found.append(f"{'public' if public else 'held back'} as {name}: {IPv6Address(form)}")
    return found
