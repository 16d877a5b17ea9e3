"""Findings about a manifest in the words of the corpus's index, so that both can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actionry.errors import ManifestError
from actionry.findings import Finding
from actionry.limits import OPENAI, SPRING_2023
from actionry.manifest import Manifest, read_manifest

REQUIRED = (
    "schema_version", "name_for_human", "name_for_model", "description_for_human", "description_for_model", "auth",
    "api", "logo_url", "contact_email", "legal_info_url",
)  # fmt: skip
EXPLAINED: dict[tuple[str, str], str] = {
    (
        "m0445",
        "contact_email-not-email",
    ): "`support@https://…` holds a whole URL behind the @; the index looked for an @",
    ("m0510", "service_http-without-verification_tokens"): "the map is there but empty, which verifies nobody either",
}
"""(manifest, rule) -> why our findings differ from the index there."""


@dataclass(slots=True)
class Comparison:
    """What reading the whole corpus gave."""

    rows: int = 0
    unread: list[str] = field(default_factory=list)
    """Marked `load`, but refused; or marked `reject`, but read."""
    wrong_auth: list[str] = field(default_factory=list)
    agreed: int = 0
    """Rules that index and findings both name."""
    deviations: list[tuple[str, str, str]] = field(default_factory=list)
    """(manifest, "missed" or "extra", rule)."""
    same_rows: int = 0
    """Manifests whose rules are the same, all of them."""

    @property
    def agreement(self) -> float:
        """Rules named by both, among those named by either."""
        return self.agreed / (self.agreed + len(self.deviations))


def compare_corpus(corpus: Path) -> Comparison:
    result = Comparison()
    rows: list[dict[str, Any]] = json.loads((corpus / "index.json").read_text("utf-8"))["manifests"]
    for row in rows:
        result.rows += 1
        try:
            manifest = read_manifest(corpus / row["file"], profile=OPENAI)
        except ManifestError as error:
            if row["expect"] == "load":
                result.unread.append(f"{row['id']}: {error}")
            found = set(names_of_error(error))
        else:
            if row["expect"] == "reject":
                result.unread.append(f"{row['id']}: read, although the index says reject")
            if manifest.auth.type != (row["auth_type"] or "none"):
                result.wrong_auth.append(f"{row['id']}: {manifest.auth.type}, not {row['auth_type']}")
            found = set(index_names(manifest))
        wanted = set(row["rule_violations"])
        result.agreed += len(found & wanted)
        result.same_rows += found == wanted
        result.deviations += [(row["id"], "missed", rule) for rule in sorted(wanted - found)]
        result.deviations += [(row["id"], "extra", rule) for rule in sorted(found - wanted)]
    return result


def names_of_error(error: ManifestError) -> list[str]:
    """One error stands for what the index lists one by one."""
    return [f"missing:{name}" for name in REQUIRED] if error.code == "MANIFEST-NONE" else ["not-an-object"]


def index_names(manifest: Manifest) -> Iterator[str]:
    """The index's names for the findings that it knows; advice and domain rules stand in its notes instead."""
    for finding in manifest.findings:
        name = _index_name(finding, manifest)
        if name is not None:
            yield name


def _index_name(finding: Finding, manifest: Manifest) -> str | None:
    place = finding.pointer[1:].replace("/", ".")
    last = place.rpartition(".")[2]
    match finding.code:
        case "MANIFEST-MISSING":
            return f"missing:{place}"
        case "MANIFEST-NO-DOCUMENT":
            return "missing:api" if place == "api" else "api.url-missing"
        case "MANIFEST-TOO-LONG":
            return f"{place}>{getattr(OPENAI, place)}"
        case "MANIFEST-TOO-LONG-2023":
            return f"{place}>{getattr(SPRING_2023, place)}"
        case "MANIFEST-NAME-CHARACTERS":
            return "name_for_model-illegal-chars"
        case "MANIFEST-VERSION":
            return f"schema_version={manifest.schema_version!r}"
        case "MANIFEST-AUTH-TYPE" | "MANIFEST-AUTH-UNKNOWN":
            return f"auth.type={manifest.auth.declared_type!r}"
        case "MANIFEST-AUTH-SCHEME":
            return "auth.authorization_type=None"
        case "MANIFEST-NO-TOKENS" if manifest.auth.type == "service_http":
            return "service_http-without-verification_tokens"
        case "MANIFEST-OAUTH-MISSING":
            return f"oauth-missing:{last}"
        case "MANIFEST-API-TYPE":
            return f"api.type={None if 'is missing' in finding.message else manifest.api.type!r}"
        case "MANIFEST-URL-RELATIVE" | "MANIFEST-LOGO-DATA" | "MANIFEST-LEGAL-EMAIL":
            return f"{place}-not-absolute"
        case "MANIFEST-CONTACT":
            return "contact_email-not-email"
        case _:
            return None
