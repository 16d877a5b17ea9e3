"""Every limit and refusal of the system as data, in two named profiles (CANON, "Two rule profiles").

`ACTIONRY` is lenient and used at run time; `OPENAI` holds the original's limits and is used by the linter to
answer "will this work as a GPT action?". Numbers never stand in code elsewhere. None means: no limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

ProfileName = Literal["actionry", "openai"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """Budgets for untrusted text; they stop bombs, not large honest documents (THREATS D-01…D-11)."""

    bytes: int = 64_000_000
    """Text beyond this is refused unread. The server sets 16 MB for pasted and fetched text."""
    depth: int = 100
    """Nested mappings and lists."""
    nodes: int = 5_000_000
    """Mappings, lists and scalars, after alias expansion."""
    aliases: int = 10_000
    """YAML aliases (`*name`) in one text."""
    reference_nodes: int = 50_000
    """Schema nodes that one function may reach by following references before it is cut."""
    reference_hops: int = 100
    """A `$ref` to a `$ref` to … this often is called a cycle."""
    operations: int = 50_000
    integer_digits: int = 4_300


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: ProfileName
    name_for_human: int | None
    name_for_model: int | None
    description_for_human: int | None
    description_for_model: int | None
    operation_description: int | None
    """Characters of an operation's description or summary."""
    parameter_description: int | None
    operations_per_action: int | None
    actions_per_gpt: int | None
    one_action_per_domain: bool
    call_timeout_s: float
    fetch_timeout_s: float
    """Manifest or document."""
    file_fetch_timeout_s: float
    request_characters: int
    response_characters: int
    files_per_call: int
    file_bytes: int
    file_link_lifetime_s: int
    instructions: int | None
    function_bytes: int
    """JSON bytes of one function's parameters; a compact form is used beyond it."""
    name_characters: int
    """Of a function or argument name."""


OPENAI = Profile(
    name="openai",
    name_for_human=20,
    name_for_model=50,
    description_for_human=100,
    description_for_model=8000,
    operation_description=300,
    parameter_description=700,
    operations_per_action=30,
    actions_per_gpt=10,
    one_action_per_domain=True,
    call_timeout_s=45.0,
    fetch_timeout_s=15.0,
    file_fetch_timeout_s=10.0,
    request_characters=100_000,
    response_characters=100_000,
    files_per_call=10,
    file_bytes=10_000_000,
    file_link_lifetime_s=300,
    instructions=8000,
    function_bytes=32 * 1024,
    name_characters=64,
)

ACTIONRY = replace(
    OPENAI,
    name="actionry",
    name_for_human=None,
    name_for_model=None,
    description_for_human=None,
    description_for_model=None,
    operation_description=None,
    parameter_description=None,
    operations_per_action=None,
    actions_per_gpt=None,
    one_action_per_domain=False,
)

PROFILES: dict[ProfileName, Profile] = {"actionry": ACTIONRY, "openai": OPENAI}
READ_LIMITS = ReadLimits()
