"""`actionry lint`: findings as an editor would jump to them, and the document written anew with safe mends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from actionry.actions.action import Action
from actionry.errors import DocumentError
from actionry.findings import Finding, Locator
from actionry.kit import terminal
from actionry.kit.sources import open_action, read_source
from actionry.limits import PROFILES, ProfileName
from actionry.openapi.fixes import apply_fixes
from actionry.openapi.writing import write_json, write_yaml


@click.command("lint")
@click.argument("source")
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), default="actionry", help="Whose rules; `openai`: the original's."
)
@click.option("--fix", is_flag=True, help="Write the document anew with every safe mend (comments of YAML are lost).")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="With --fix: write here, not over SOURCE."
)
@click.option("--allow", multiple=True, metavar="NETWORK", help="Also reach this network or host:port.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def command(
    context: click.Context,
    source: str,
    profile: ProfileName,
    fix: bool,
    output: Path | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """What is wrong with SOURCE, where, and how to mend it. Exit code 1 when there are errors or warnings."""
    try:
        action = open_action(source, allow=allow)
        findings = action.lint(PROFILES[profile])
        advice = _lint_descriptions(action, profile)
    except DocumentError as error:
        manifest = _lint_manifest(source, error, profile)
        if manifest is None:
            _print([_unreadable(error)], source, as_json)
            context.exit(1)
        _print(manifest, source, as_json)
        context.exit(_exit_code(manifest))
    if fix:
        findings = _write_mended(action, findings, source, output, profile)
    findings = sorted([*findings, *advice], key=lambda finding: _SEVERITIES.index(finding.severity))
    _print(findings, source, as_json)
    context.exit(_exit_code(findings))


_SEVERITIES = ("error", "warning", "info")


def _lint_descriptions(action: Action, profile: ProfileName) -> list[Finding]:
    """What descriptions should not say, and all about the manifest by which the document was found."""
    from actionry.kit.descriptions import lint_descriptions, lint_manifest_descriptions

    found = lint_descriptions(action, PROFILES[profile])
    if action.manifest is not None:
        found += [*action.manifest.findings, *lint_manifest_descriptions(action.manifest, PROFILES[profile])]
    return found


def _lint_manifest(source: str, error: DocumentError, profile: ProfileName) -> list[Finding] | None:
    """Findings of a plugin manifest, None when the source is none."""
    if error.code != "DOC-IS-MANIFEST":
        return None
    from actionry.kit.descriptions import lint_manifest_descriptions
    from actionry.manifest import read_manifest  # only manifests need the public-suffix list

    content = read_source(source)
    manifest = read_manifest(content, profile=PROFILES[profile])
    return [*manifest.findings, *lint_manifest_descriptions(manifest, PROFILES[profile], _locator(content))]


def _locator(content: bytes | Path) -> Locator:
    """Finds places in the manifest's text."""
    from actionry.syntax import read_tree

    return read_tree(content.read_bytes() if isinstance(content, Path) else content).locate


def _unreadable(error: DocumentError) -> Finding:
    from actionry.findings import Position

    place = Position(error.line, error.column or 1) if error.line else None
    return Finding(
        code=error.code,
        severity="error",
        pointer=error.pointer or "",
        message=error.message,
        effect="Nothing can be loaded (E01).",
        mend=error.mend or "",
        known_position=place,
    )


def _exit_code(findings: list[Finding]) -> int:
    return int(any(finding.severity != "info" for finding in findings))


# ------------------------------------------------------------------------ printing


def _print(findings: list[Finding], source: str, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps([_row(finding) for finding in findings], option=orjson.OPT_INDENT_2).decode())
        return
    for finding in findings:
        line, column = finding.line or 1, finding.column or 1
        fixable = "  [--fix mends it]" if finding.fix else ""
        click.echo(terminal.safe(f"{source}:{line}:{column} {finding.severity} {finding.code} {finding.message}"))
        click.echo(terminal.safe(f"    {finding.effect} {finding.mend}{fixable}"))
    counts = [f"{sum(f.severity == s for f in findings)} {s}" for s in ("error", "warning", "info")]
    click.echo(", ".join(counts) if findings else "No findings.")


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "pointer": finding.pointer,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "effect": finding.effect,
        "mend": finding.mend,
        "fix": finding.fix.description if finding.fix else None,
    }


# ------------------------------------------------------------------------- mending


def _write_mended(
    action: Action, findings: list[Finding], source: str, output: Path | None, profile: ProfileName
) -> list[Finding]:
    """Apply the mends, write the document in its own format, and lint what was written."""
    from actionry.actions.action import load_action

    tree = action.document.tree
    target = output or Path(source)
    if output is None and not target.is_file():
        raise click.UsageError("--fix writes over SOURCE, which is no file here: give --output FILE.")
    root = action.document.root
    mended = apply_fixes(root, findings)
    text = write_json(root) if tree is None or tree.format == "json" else write_yaml(root)
    target.write_text(text, encoding="utf-8")
    click.echo(f"Mended {len(mended)} findings in {target}.", err=True)
    return load_action(text).lint(PROFILES[profile])
