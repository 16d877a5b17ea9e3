"""Write docs/reference/findings.md from the catalogues of findings: `./run python scripts/findings_page.py`."""

from __future__ import annotations

from pathlib import Path

from actionry.kit.description_rules import CODES as DESCRIPTION_CODES
from actionry.openapi.codes import CODES
from actionry.syntax.codes import FINDING_CODES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "findings.md"

_HEAD = """# Findings

What `actionry lint`, `Action.findings` and the editor say about a document. Codes are stable: they may be put into
scripts and searched for. This page is generated (`./run python scripts/findings_page.py`).

Severity `error`: the part it names is lost or unusable. `warning`: it works, but not as written. `info`: advice.
Codes that begin with `GPT-` appear in the profile `openai` only (`actionry lint --profile openai`): they answer
whether the original would have taken the document, and stand for its message families (E02 … E21).
"""


def render() -> str:
    """The page's whole text."""
    lines = [_HEAD, "## The text", "", "| code | severity | what is wrong | mend |", "|---|---|---|---|"]
    lines += [f"| `{code}` | {severity} | {what} | {mend} |" for code, (severity, what, mend) in FINDING_CODES.items()]
    for title, is_gpt in (("The document", False), ("Profile `openai`", True)):
        lines += ["", f"## {title}", "", "| code | severity | what is wrong | effect | mend |", "|---|---|---|---|---|"]
        lines += [
            f"| `{code}` | {row.severity} | {row.meaning} | {row.effect} | {row.mend} |"
            for code, row in CODES.items()
            if code.startswith("GPT-") is is_gpt
        ]
    lines += ["", "## Descriptions", "", "Of a document or a manifest; in English and Chinese.", ""]
    lines += ["| code | severity | what is wrong | effect | mend |", "|---|---|---|---|---|"]
    lines += [
        f"| `{code}` | {row.severity} | {row.meaning} | {row.effect} | {row.mend} |"
        for code, row in DESCRIPTION_CODES.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
