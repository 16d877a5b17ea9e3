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
    gpt_name: int | None
    gpt_description: int | None
    welcome_message: int | None
    function_bytes: int
    """Compact JSON bytes of one function's parameters; a shorter form is used beyond it.

    28 KiB, so that it stays within 32 KiB when it is written with blanks after `,` and `:`.
    """
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
    gpt_name=40,
    gpt_description=300,
    welcome_message=100,
    function_bytes=28 * 1024,
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

SPRING_2023 = replace(
    OPENAI, name_for_human=50, description_for_human=120, operation_description=200, parameter_description=200
)
"""The original's first limits for plugins, wider for what people read (M-04, M-06)."""
MANIFEST_READ_LIMITS = ReadLimits(bytes=1_000_000, depth=50, nodes=50_000, aliases=100)
"""A manifest is a page of text; a logo may be inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundLimits:
    """What one request through the door may cost (THREATS section 4, D-13…D-18)."""

    total_s: float = OPENAI.call_timeout_s
    """Wall clock from `send` to the last byte, redirects, waits and retries included."""
    resolve_s: float = 5.0
    connect_s: float = 5.0
    """TCP and TLS, all addresses of a name together."""
    first_byte_s: float = 15.0
    """From the request's last byte to the answer's head; a caller who states `timeout_s` waits that long instead."""
    look_ups: int = 32
    """Names that are asked for at the same time; each holds a thread."""
    addresses: int = 3
    """Addresses of one name that are tried."""
    attempt_delay_s: float = 0.25
    """A further address is tried when the one before has not answered by then (RFC 8305 section 5)."""
    url_characters: int = 65_536
    response_bytes: int = 10 * 1024 * 1024
    """Decoded body, when the caller names no cap."""
    model_response_bytes: int = 1024 * 1024
    """Decoded body of an answer that is meant for a model; `actions` asks for it."""
    framing_bytes: int = 256 * 1024
    """What may come over the wire on top of twice the body's cap: head, chunk sizes and extensions, trailers."""
    header_lines: int = 200
    header_line_bytes: int = 16 * 1024
    header_bytes: int = 64 * 1024
    interim_responses: int = 8
    """1xx answers before the final one."""
    gzip_members: int = 1000
    step_bytes: int = 64 * 1024
    """Body bytes that are read and decoded in one step."""
    redirects: int = 3
    idle_s: float = 4.0
    """An unused connection is kept so long; below the 5 s after which common servers hang up."""
    connections_per_origin: int = 64
    connections: int = 256
    idle_connections: int = 100
    origins_remembered: int = 1024
    tries: int = 3
    """Of a GET or HEAD that met 429, 502, 503, 504 or a broken connection."""
    backoff_s: float = 0.5
    """Full jitter: after try n a random wait up to `backoff_s * 2**(n - 1)`."""
    retry_after_s: float = 60.0
    """A longer `Retry-After` is cut to this."""
    circuit_failures: int = 10
    """Failures in a row (429, 5xx, no answer) within `circuit_window_s` that open an origin's circuit."""
    circuit_window_s: float = 30.0
    circuit_open_s: float = 10.0


OUTBOUND_LIMITS = OutboundLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """What stands around one call: consent, what a model reads of the answer, and waiting for a long job."""

    confirmation_s: float = 15 * 60.0
    """A question that is answered later than this is asked anew (THREATS P-07)."""
    domain_consent_s: float = 12 * 3600.0
    """An answered question opens its domain to further reads for so long (CO-01)."""
    grant_s: float = 90 * 24 * 3600.0
    """"Always" is asked again after this."""
    text_response_bytes: int = OUTBOUND_LIMITS.model_response_bytes
    """Decoded body of an answer that the document declares to be text (D-13)."""
    poll_tries: int = 20
    """How often the status of a long job is asked for (WI-16)."""
    poll_s: float = 60.0
    """All waiting for a long job together."""
    poll_wait_s: float = 1.0
    """Before the first look; each further wait is half as long again, up to `poll_longest_wait_s`."""
    poll_longest_wait_s: float = 10.0
    signature_age_s: float = 300.0
    """A caller token is valid for so long (WI-17)."""
    shown_string: int = 2_000
    """Characters of one text inside an answer that has to be shortened."""
    journal_entries: int = 10_000
    """Finished calls that the journal in memory remembers."""


CALL_LIMITS = CallLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorLimits:
    """What the GPT editor takes, beside the profile's lengths (GE-03, GE-05, D-12)."""

    starters: int = 12
    starter_characters: int = 500
    knowledge_files: int = 20
    actions: int = 50
    """Of one GPT; the original's ten are the profile's."""
    reading_at_once: int = 2
    """Documents that are read at the same time; each takes a process."""
    reading_waiting: int = 16
    """Further ones that may wait; beyond, the caller is asked to come back."""
    reading_s: float = 20.0
    """Of the child process that parses."""
    reading_bytes: int = 1024 * 1024 * 1024
    """Memory of the child process that parses."""
    read_documents: int = 16
    """Documents that are kept as they were read."""


EDITOR_LIMITS = EditorLimits()
