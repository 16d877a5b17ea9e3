"""All findings about a document: what the reader met, and what the rules of the chosen profile see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from actionry.findings import Finding, join_pointer
from actionry.limits import ACTIONRY, Profile
from actionry.openapi.codes import make_finding
from actionry.openapi.document import Document
from actionry.openapi.fixes import fix_for
from actionry.openapi.gpt_rules import GPT_RULES
from actionry.openapi.model import Operation
from actionry.openapi.operations import OperationReader
from actionry.openapi.responses import response_schemas
from actionry.openapi.rules import RULES, Row, Subject
from actionry.openapi.walk import walk_references
from actionry.syntax import find_duplicate_keys

_SEVERITIES = ("error", "warning", "info")


def lint_document(
    document: Document,
    reader: OperationReader,
    operations: Sequence[Operation],
    names: Mapping[str, str],
    profile: Profile = ACTIONRY,
) -> list[Finding]:
    """All findings, worst first and then in document order, each once, with its automatic mend where one is safe."""
    subject = Subject(document, reader, operations, names, profile)
    _read_everything(subject)
    found = list(document.findings)
    if document.tree is not None:
        found += find_duplicate_keys(document.tree)
    seen = {(finding.code, finding.pointer) for finding in found}
    for code, pointer, message in _run(subject):
        if (code, pointer) not in seen:
            seen.add((code, pointer))
            found.append(make_finding(code, pointer, message, locate=document.locate))
    found = [finding if finding.fix else replace(finding, fix=fix_for(finding, names)) for finding in found]
    return sorted(found, key=lambda finding: _SEVERITIES.index(finding.severity))


def _run(subject: Subject) -> Iterator[Row]:
    for rule in (*RULES, *GPT_RULES) if subject.profile.name == "openai" else RULES:
        yield from rule(subject)


def _read_everything(subject: Subject) -> None:
    """Definitions are read on first use; a linter wants the unused and the answers' schemas read as well."""
    schemas = subject.reader.schemas
    for section in ("components/schemas", "definitions"):
        target = subject.reader.references.find(f"#/{section}")
        if target is not None and isinstance(target.node, dict):
            for name, raw in target.node.items():
                schemas.read(raw, join_pointer(target.pointer, name))
    for operation in subject.operations:
        responses = operation.raw.get("responses")
        for status in responses if isinstance(responses, dict) else ():
            for raw, pointer in response_schemas(operation, status):
                operation.answers.read(raw, pointer)
    for pointer, node in walk_references(subject.root):
        subject.reader.references.follow(node, pointer)
