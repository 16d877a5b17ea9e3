"""Run in a network namespace of its own: give loopback the inside's addresses, listen, try every attack, count.

    PYTHONPATH=tests unshare -n python tests/support/inside.py    (root; `unshare -rn` where users may)

Prints one JSON object: how many connections arrived from the door, which URLs it let pass, and, so that the zero
means something, how many of the addresses answer a plain socket and how many attacks a plain aiohttp session lands.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from collections.abc import Awaitable, Callable

import aiohttp

from actionry.errors import OutboundError
from actionry.http import Request
from actionry.outbound import Outbound, OutboundPolicy
from support.attacks import ATTACKS, INSIDE_IPV4, INSIDE_IPV6, NAMES, PORT
from support.peer import Names, Peer


def furnish() -> list[str]:
    """Bring loopback up with every address that it takes."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    held = ["127.0.0.1"]
    for address in (*INSIDE_IPV4, *INSIDE_IPV6):
        length = 128 if ":" in address else 32
        command = ["ip", "addr", "add", f"{address}/{length}", "dev", "lo", *(["nodad"] if length == 128 else [])]
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            held.append(address)
    return held


async def answers_plainly(address: str) -> bool:
    """The control: a plain connection to this address arrives."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, PORT), 2)
    except OSError:
        return False
    writer.close()
    return True


class PlainNames(aiohttp.abc.AbstractResolver):
    """The same names for the plain client."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        found = NAMES.get(host) or ([["127.0.0.1"]] if "localhost" in host else [])
        if not found:
            raise OSError("no such name")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in found[0]
        ]

    async def close(self) -> None:
        return None


async def attack(call: Callable[[str], Awaitable[object]], listeners: list[Peer]) -> tuple[list[str], list[str]]:
    """URLs during which a connection arrived, and URLs that were answered."""
    reached, answered = [], []
    for _, url in ATTACKS:
        before = sum(peer.accepted for peer in listeners)
        try:
            await call(url)
            answered.append(url)
        except (OutboundError, aiohttp.ClientError, OSError, ValueError):
            pass
        await asyncio.sleep(0.002)  # the listeners share this loop: a connection that was opened is accepted by now
        if sum(peer.accepted for peer in listeners) > before:
            reached.append(url)
    return reached, answered


async def door_results(policy: OutboundPolicy, listeners: list[Peer]) -> tuple[list[str], list[str]]:
    async with Outbound(policy=policy, resolver=Names(NAMES)) as door:
        return await attack(lambda url: door.send(Request("GET", url), timeout_s=3), listeners)


async def main() -> None:
    held = furnish()
    async with Peer(host="0.0.0.0", port=PORT) as four, Peer(host="::", port=PORT) as six:
        listeners = [four, six]
        alive = [address for address in held if await answers_plainly(address)]
        before = four.accepted + six.accepted
        reached, answered = await door_results(OutboundPolicy(), listeners)
        arrived = four.accepted + six.accepted - before
        # S-05: the operator opens every private network, and the metadata services stay shut.
        private = OutboundPolicy(allow=("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "168.63.0.0/16", "fc00::/7"))
        wide_reached, _ = await door_results(private, listeners)
        connector = aiohttp.TCPConnector(resolver=PlainNames(), force_close=True)
        timeout = aiohttp.ClientTimeout(total=3)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

            async def plain(url: str) -> None:
                try:
                    async with session.get(url) as response:
                        await response.read()
                except AssertionError as error:  # aiohttp's word for a scheme without a port
                    raise ValueError(url) from error

            plainly, _ = await attack(plain, listeners)
    metadata = {url for row, url in ATTACKS if row == "S-05"} | {"http://metadata.test/"}
    print(
        json.dumps(
            {
                "attacks": len(ATTACKS),
                "addresses": len(held),
                "alive": len(alive),
                "arrived": arrived,
                "reached": reached,
                "answered": answered,
                "metadata reached with private networks open": sorted(metadata & set(wide_reached)),
                "private reached with private networks open": sorted(set(wide_reached) - metadata),
                "plain aiohttp": plainly,
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
