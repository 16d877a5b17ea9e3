"""Plugin manifests: the corpus read, authentication told right, findings beside the index's rule violations.

python bench/manifests.py
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from figures import Figure, corpus, report

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))  # the comparison is shared with the tests


def main() -> int:
    from support.manifest_rules import EXPLAINED, compare_corpus

    result = compare_corpus(corpus())
    for line in [*result.unread, *result.wrong_auth]:
        print(line)
    for manifest, kind, rule in result.deviations:
        print(f"{manifest}: {kind} {rule}: {EXPLAINED.get((manifest, rule), 'NOT EXPLAINED')}")
    read = result.rows - len(result.unread)
    right = result.rows - len(result.wrong_auth)
    explained = all((manifest, rule) in EXPLAINED for manifest, _, rule in result.deviations)
    figures = [
        Figure(
            name="manifests read, or refused, as the index says",
            bar="all",
            measured=f"{read} of {result.rows}",
            held=read == result.rows,
        ),
        Figure(name="auth type right", bar="all", measured=f"{right} of {result.rows}", held=right == result.rows),
        Figure(
            name="findings equal to the index's rule violations",
            bar=">= 98 %, each deviation explained",
            measured=f"{100 * result.agreement:.2f} % of {result.agreed + len(result.deviations)} rules, "
            f"{result.same_rows} of {result.rows} manifests alike",
            held=result.agreement >= 0.98 and explained,
        ),
        Figure(name="time of one manifest", measured=f"{1000 * _seconds_of_one():.2f} ms (median, CPU)"),
    ]
    return report("Plugin manifests", figures)


def _seconds_of_one() -> float:
    """CPU time of reading one manifest of the corpus's index, file access included."""
    import json

    from actionry.errors import ManifestError
    from actionry.manifest import read_manifest

    times = []
    folder = corpus()
    for row in json.loads((folder / "index.json").read_text("utf-8"))["manifests"]:
        started = time.process_time()
        try:
            read_manifest(folder / row["file"])
        except ManifestError:
            continue
        times.append(time.process_time() - started)
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
