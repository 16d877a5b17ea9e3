"""Attack addresses that reach an internal listener through the door, and 10^6 random addresses in all their forms.

python bench/addresses.py [--addresses 1000000]

The listeners run in a network namespace whose loopback holds the inside's addresses (metadata services, private,
NAT64, 6to4 … addresses); a plain aiohttp session makes the same calls there.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from figures import BENCH, Figure, report

sys.path.append(str(BENCH.parent / "tests"))  # the attack table and the law are shared with the tests

FORMS = 12
"""Addresses judged for each random one: itself, ten IPv6 forms of it, and a random special IPv6 address."""


def attack_figures() -> list[Figure]:
    from support.netns import NoNamespace, attack_inside

    try:
        result = attack_inside()
    except NoNamespace as why:
        return [Figure(name="attack addresses", bar="0 reached", measured=f"no network namespace: {why}", held=False)]
    return [
        Figure(
            name="attack addresses that reached a listener",
            bar="0",
            measured=f"{len(result['reached'])} of {result['attacks']} ({result['alive']} inside addresses listening)",
            peer=f"plain aiohttp {len(result['plain aiohttp'])}",
            held=not result["arrived"] and not result["answered"],
        ),
        Figure(
            name="metadata services, private networks allowed",
            bar="0",
            measured=str(len(result["metadata reached with private networks open"])),
            held=not result["metadata reached with private networks open"],
        ),
    ]


def law_figure(count: int) -> Figure:
    from support.address_law import count_violations

    started = time.perf_counter()
    wrong = count_violations(random.Random(), count)
    for each in wrong[:10]:
        print(each)
    return Figure(
        name="random addresses in all their forms",
        bar="0 of >= 10^6 judged wrongly",
        measured=f"{len(wrong)} of {count:,} x {FORMS} in {time.perf_counter() - started:.0f} s",
        held=not wrong if count >= 1_000_000 else None,
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--addresses", type=int, default=1_000_000)
    chosen = options.parse_args()
    return report("Addresses", [*attack_figures(), law_figure(chosen.addresses)])


if __name__ == "__main__":
    raise SystemExit(main())
