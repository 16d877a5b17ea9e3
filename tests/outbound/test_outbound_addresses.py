"""The address table: rows, longest prefix, transition forms, and a law over random addresses."""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.outbound.address_page import render
from actionry.outbound.addresses import (
    BLOCKS,
    Address,
    block_of,
    embedded_ipv4,
    is_metadata,
    is_public,
    rfc6052_ipv4,
)
from actionry.outbound.policy import OutboundPolicy, read_rules
from support.address_law import count_violations


def longest_prefix(address: Address) -> str:
    holding = [b for b in BLOCKS if b.network.version == address.version and address in b.network]
    return max(holding, key=lambda block: block.network.prefixlen).prefix


@given(st.ip_addresses())
def test_look_up_is_longest_prefix(address: Address) -> None:
    assert block_of(address).prefix == longest_prefix(address)


def test_look_up_is_longest_prefix_at_every_border() -> None:
    for block in BLOCKS:
        size = 32 if block.network.version == 4 else 128
        for number in {
            int(block.network[0]) - 1,
            int(block.network[0]),
            int(block.network[-1]),
            int(block.network[-1]) + 1,
        }:
            if 0 <= number < 1 << size:
                address = IPv4Address(number) if size == 32 else IPv6Address(number)
                assert block_of(address).prefix == longest_prefix(address)


def test_blocks_are_written_once_and_exactly() -> None:
    assert len({block.prefix for block in BLOCKS}) == len(BLOCKS)
    assert all(str(ip_network(block.prefix)) == block.prefix for block in BLOCKS if "0:0" not in block.prefix)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True),
        ("93.184.216.34", True),
        ("223.255.255.255", True),
        ("2606:2800:220:1::1", True),
        ("2a00:1450:4001::5", True),
        ("64:ff9b::808:808", True),
        ("::ffff:8.8.8.8", False),
        ("2002:808:808::1", False),
        ("4000::1", False),
        ("::", False),
    ],
)
def test_public_or_not(text: str, public: bool) -> None:
    assert is_public(ip_address(text)) is public


@pytest.mark.row("S-04")
@pytest.mark.parametrize(
    "text",
    [
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2002:7f00:1::",
        "::127.0.0.1",
        "::ffff:0:7f00:1",
        "2001::80ff:fffe",
        "::5efe:10.0.0.5",
        "2a00:1450::5efe:10.0.0.5",
        "2a00:1450::200:5efe:192.168.0.1",
    ],
)
def test_s_04_transition_forms_are_taken_apart(text: str) -> None:
    address = IPv6Address(text)
    assert not is_public(address)
    assert any(block_of(IPv4Address(inner)).verdict != "public" for inner in embedded_ipv4(int(address)))


@pytest.mark.row("S-05")
@pytest.mark.parametrize(
    "text",
    [
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:168.63.129.16",
        "64:ff9b::a83f:8110",
        "2a00:1450::5efe:169.254.169.254",
        "2002:a83f:8110::",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
    ],
)
def test_s_05_metadata_stays_shut_whatever_is_allowed(text: str) -> None:
    place = f"[{text}]:80" if ":" in text else f"{text}:80"
    rules = read_rules(OutboundPolicy(allow=("0.0.0.0/0", "::/0", place)))
    assert is_metadata(ip_address(text))
    assert not rules.permits(ip_address(text), text, 80)


@pytest.mark.row("S-07")
@pytest.mark.parametrize(
    "network",
    ["100.64.0.0/10", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "5f00::/16", "fc00::/7", "fe80::/10", "ff00::/8"],
)
def test_s_07_blocks_that_libraries_forget(network: str) -> None:
    block = ip_network(network)
    for number in (int(block[0]), int(block[-1]), int(block[0]) + block.num_addresses // 3):
        assert not is_public(ip_address(number) if block.version == 4 else IPv6Address(number))


@pytest.mark.parametrize(  # RFC 6052 section 2.4, 192.0.2.33
    ("text", "length"),
    [
        ("2001:db8:c000:221::", 32),
        ("2001:db8:1c0:2:21::", 40),
        ("2001:db8:122:c000:2:2100::", 48),
        ("2001:db8:122:3c0:0:221::", 56),
        ("2001:db8:122:344:c0:2:2100::", 64),
        ("2001:db8:122:344::192.0.2.33", 96),
    ],
)
def test_rfc6052_examples(text: str, length: int) -> None:
    assert IPv4Address(rfc6052_ipv4(int(IPv6Address(text)), length)) == IPv4Address("192.0.2.33")


def test_the_operators_own_nat64_prefix_is_taken_apart() -> None:
    inside = IPv6Address("2a00:64::10.0.0.5")
    outside = IPv6Address("2a00:64::8.8.8.8")
    prefixes = (IPv6Network("2a00:64::/96"),)
    assert is_public(inside)
    assert not is_public(inside, prefixes)
    assert is_public(outside, prefixes)


def test_law_no_special_address_in_any_form_is_public() -> None:
    """20,000 here; `bench/addresses.py` runs 10^6 and more."""
    assert count_violations(random.Random(7), 20_000) == []


def test_page_is_what_the_table_says() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/reference/addresses.md"
    assert page.read_text("utf-8") == render(), (
        "run: python -m actionry.outbound.address_page > docs/reference/addresses.md"
    )
