from __future__ import annotations

from actionry.actions.action import Action
from actionry.findings import Finding


def lint_descriptions(action: Action) -> list[Finding]:
    return []
