"""Every attack, end to end, where the inside's addresses really exist: a network namespace of its own."""

from __future__ import annotations

import os
from typing import Any

import pytest

from support.netns import NoNamespace, attack_inside

pytestmark = [pytest.mark.row("S-01"), pytest.mark.row("S-05"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    try:
        return attack_inside()
    except NoNamespace as why:
        if os.environ.get("CI"):
            pytest.fail(f"CI must permit a network namespace (`unshare -n`): {why}")
        pytest.skip(f"no network namespace here: {why}")


def test_the_inside_is_there(result: dict[str, Any]) -> None:
    """Without this the zeros below would prove nothing."""
    assert result["alive"] == result["addresses"] > 30
    assert len(result["plain aiohttp"]) > 50


def test_no_attack_reaches_a_listener(result: dict[str, Any]) -> None:
    assert result["attacks"] > 90
    assert (result["arrived"], result["reached"], result["answered"]) == (0, [], [])


def test_metadata_stays_shut_when_private_networks_are_open(result: dict[str, Any]) -> None:
    assert result["metadata reached with private networks open"] == []
    assert result["private reached with private networks open"] != []
