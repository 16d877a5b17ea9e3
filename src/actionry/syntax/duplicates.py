"""Keys that stand twice in one mapping: parsers keep the last and say nothing, so the lint asks here."""

from __future__ import annotations

from actionry.findings import Finding, join_pointer
from actionry.syntax.codes import FINDING_CODES
from actionry.syntax.tree import Tree

MOST = 1000
"""Findings; a text with more is not mended by hand."""


def find_duplicate_keys(tree: Tree) -> list[Finding]:
    """One finding for each lost member, at the one that counts. Reads the whole text once: about 1 s for 4 MB."""
    severity, meaning, mend = FINDING_CODES["SYNTAX-DUPLICATE-KEY"]
    findings: list[Finding] = []
    for path, earlier, last in tree.places.duplicates():
        if len(findings) == MOST:
            break
        first = tree.position(earlier)
        findings.append(
            Finding(
                code="SYNTAX-DUPLICATE-KEY",
                severity=severity,
                pointer=join_pointer("", *path),
                message=f"The key {path[-1][:80]!r} stands twice in one mapping (first at line {first.line}).",
                effect=meaning.partition("; ")[2].capitalize(),
                mend=mend,
                locate=tree.locate,
                known_position=tree.position(last),
            )
        )
    return findings
