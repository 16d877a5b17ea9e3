"""The reference page of the address table: `python -m actionry.outbound.address_page > docs/reference/addresses.md`.

A test says that the page in the docs is what this prints.
"""

from __future__ import annotations

from typing import Final, assert_never

from actionry.limits import OUTBOUND_LIMITS
from actionry.outbound.addresses import BLOCKS, SNAPSHOT, Verdict
from actionry.outbound.policy import OPEN_PORTS

_INTRODUCTION: Final = """\
# Addresses that are called, and that are not

Actionry calls public addresses only. This page is printed from the table that the program uses
(`src/actionry/outbound/addresses.py`); it was written down from the IANA special-purpose address registries as last
updated on {snapshot}, the IANA address space and multicast registries, and the cloud providers' documents.

How an address is judged:

- A name is looked up once for a connection. Every answer must pass; one that does not refuses the whole name. At most
  {addresses} addresses are kept, and the connection goes to one of them and to no other.
- The row with the longest prefix decides. An IPv6 address without a row of its own is called only inside `2000::/3`.
- An IPv4 address inside an IPv6 one (IPv4-mapped, -compatible and -translated, NAT64 under `64:ff9b::/96`,
  `64:ff9b:1::/48` and the operator's own prefixes, 6to4, Teredo, ISATAP) is taken out and must pass as well.
- Unusual spellings of an IPv4 address (`2130706433`, `0x7f.1`, `127.1`, full-width digits) are refused.
- `localhost` and names below it mean this machine and are never asked of a name server.
- Ports {ports} are open; an operator can name more.

An operator can allow what is *refused*, with `Outbound(allow=...)`: a network (`10.1.0.0/16`, all ports) or one place
(`db.internal:8080`). *Never* stays shut whatever is allowed.
"""


def render() -> str:
    """The page as Markdown."""
    ports = ", ".join(str(port) for port in sorted(OPEN_PORTS))
    lines = [_INTRODUCTION.format(snapshot=SNAPSHOT, addresses=OUTBOUND_LIMITS.addresses, ports=ports)]
    lines += ["| block | what it is | called | source | registry |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| `{block.prefix}` | {block.name} | {_called(block.verdict)} | {block.source} | {block.registry} |"
        for block in BLOCKS
    ]
    return "\n".join(lines) + "\n"


def _called(verdict: Verdict) -> str:
    match verdict:
        case "public":
            return "yes"
        case "refused":
            return "no, unless allowed"
        case "metadata":
            return "never"
        case _:
            assert_never(verdict)


if __name__ == "__main__":
    print(render(), end="")
