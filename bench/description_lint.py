"""Precision and recall of the rules for descriptions: `./run python bench/description_lint.py [--show]`.

The labelled texts were written for the project from the rules of the sources. A hash of the text tells the two halves
apart: the rules were written on the first; the figures that count are those of the second.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actionry.kit.description_rules import find_faults
from figures import Figure, report

DATA = Path(__file__).parent / "data" / "descriptions.jsonl"


@dataclass(slots=True)
class Score:
    texts: int = 0
    right: int = 0
    false: int = 0
    missed: int = 0
    errors: list[str] = field(default_factory=list)
    by_code: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.false)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)


def is_held_out(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]


def measure(*, held_out: bool, language: str | None = None) -> Score:
    """Each pair of text and code counts once."""
    score = Score()
    for row in rows():
        if is_held_out(row["text"]) is not held_out or language not in (None, row["language"]):
            continue
        score.texts += 1
        found = {code for code, _ in find_faults(row["text"], row["where"], row.get("schema"))}
        wanted = set(row["codes"])
        score.right += len(found & wanted)
        score.false += len(found - wanted)
        score.missed += len(wanted - found)
        score.by_code.update(wanted)
        if found != wanted:
            score.errors.append(f"found {sorted(found)}, wanted {sorted(wanted)}: {row['where']}: {row['text']}")
    return score


def main() -> int:
    figures = []
    for held_out, half in ((False, "used to write the rules"), (True, "held out")):
        for language in (None, "en", "zh"):
            score = measure(held_out=held_out, language=language)
            counts = held_out and language is None
            figures.append(
                Figure(
                    name=f"{half}, {language or 'both languages'}: {score.texts} texts",
                    bar="precision >= 0.95, recall >= 0.85" if counts else "",
                    measured=f"precision {score.precision:.3f}, recall {score.recall:.3f} "
                    f"({score.right} right, {score.false} false, {score.missed} missed)",
                    held=score.precision >= 0.95 and score.recall >= 0.85 if counts else None,
                )
            )
    if "--show" in sys.argv:
        print(*measure(held_out=False).errors, sep="\n")
    return report("Description lint", figures)


if __name__ == "__main__":
    sys.exit(main())
