"""Every manifest of the corpus: read, authentication told right, findings as the index has them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from actionry.errors import ManifestError
from actionry.limits import OPENAI
from actionry.manifest import CODES, read_manifest
from actionry.syntax import FINDING_CODES
from support.manifest_rules import EXPLAINED, Comparison, compare_corpus


@pytest.fixture(scope="module")
def comparison(corpus: Path) -> Comparison:
    return compare_corpus(corpus)


def test_every_manifest_is_read_or_refused_as_the_index_says(comparison: Comparison) -> None:
    assert comparison.rows >= 534
    assert comparison.unread == []


def test_every_auth_type_is_right(comparison: Comparison) -> None:
    assert comparison.wrong_auth == []


def test_findings_equal_the_rule_violations_of_the_index(comparison: Comparison) -> None:
    assert comparison.agreement >= 0.98
    unexplained = [row for row in comparison.deviations if (row[0], row[2]) not in EXPLAINED]
    assert unexplained == []


def test_every_finding_is_of_the_catalogue_and_has_a_line(corpus: Path) -> None:
    rows = json.loads((corpus / "index.json").read_text("utf-8"))["manifests"]
    for row in rows:
        with contextlib.suppress(ManifestError):  # those are compared above
            for finding in read_manifest(corpus / row["file"], profile=OPENAI).findings:
                assert finding.code in CODES or finding.code in FINDING_CODES, (row["id"], finding)
                assert finding.line is not None, (row["id"], finding)
                assert finding.mend, (row["id"], finding)
