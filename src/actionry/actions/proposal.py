"""What a person is shown before a call, and the digest that ties their word to exactly that call.

The proposal is made from the request that will be sent, never from a model's words: method, real host, every argument
in full (THREATS P-01…P-03). Whatever it does not show is no part of the request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import idna
import orjson

from actionry.actions.content import dump_json
from actionry.credentials.choice import Chosen
from actionry.credentials.masking import Masker
from actionry.credentials.schemes import NoCredential, NotConnected, OAuthToken
from actionry.http import File, Request
from actionry.openapi.model import Values
from actionry.tools.function_schema import Function
from actionry.tools.plain_text import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who calls, and through what: consent is given for these together (CO-04, THREATS P-05)."""

    user: str = ""
    """An id, stable and not secret; "" for a program that calls for itself."""
    gpt: str = ""
    action_version: str = ""
    """Changes whenever the builder changes the action; "" leaves that to the operation's own fingerprint."""
    user_name: str = ""
    """As shown to the user; no part of the digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One call as it is shown before it is made. Everything in it may be shown: secrets are masked (CO-06)."""

    call_id: str
    digest: str
    """Of operation, final URL, method, headers, body, arguments and identity: what is approved is what runs."""
    title: str
    """Of the action."""
    function: str
    method: str
    host: str
    """As it is connected to, international names in their ASCII form (P-13), the port where it is not the scheme's."""
    url: str
    arguments: Any
    headers: tuple[tuple[str, str], ...]
    """Those that come from arguments or the body."""
    body: Any
    """JSON data or text; None when there is none."""
    sentence: str
    """`addTodo sends POST to todo.example.com.`"""
    credential: str
    """`your sign-in (oauth)`, `the builder's key (apiKey)`, or "" when the call is anonymous."""
    identity: Identity
    consequential: bool
    may_always_allow: bool = False
    reasons: tuple[str, ...] = ()
    """Why it is asked, each a sentence."""
    created_at: float
    """Seconds since the epoch."""
    expires_at: float

    def expired(self, now: float) -> bool:
        return now >= self.expires_at


def fingerprint_of(function: Function) -> str:
    """Of all that the document says about the operation: another text or server makes another operation (P-09)."""
    operation = function.operation
    facts = {
        "method": operation.method,
        "path": operation.path,
        "server": operation.server_url,
        "consequential": operation.consequential,
        "security": [[scheme.name for scheme, _ in each.schemes] for each in operation.security],
        "raw": operation.raw,
        "schema": function.wire_schema,
    }
    return hashlib.sha256(canonical(facts)).hexdigest()


def credential_facts(chosen: Chosen) -> list[Any]:
    """The credential by its scheme, place and owner, not by its value: a renewed token is the same consent, another
    person's key is not.
    """
    return [
        [[placement.location, placement.name] for placement in chosen.placements],
        [[type(credential).__name__, credential.owner] for credential in chosen.credentials],
        chosen.schemes,
        chosen.origin,
    ]


def digest_of(fingerprint: str, request: Request, values: Values, identity: Identity, credential: list[Any]) -> str:
    """SHA-256 of canonical JSON of everything that makes the call what it is."""
    content = request.content
    facts = [
        fingerprint,
        request.method,
        request.url,
        sorted((name.lower(), value) for name, value in request.headers.items()),
        None if content is None else hashlib.sha256(content).hexdigest(),
        values.path,
        values.query,
        values.header,
        values.cookie,
        values.querystring,
        values.body if values.has_body else None,
        identity.user,
        identity.gpt,
        identity.action_version,
        credential,
    ]
    return hashlib.sha256(canonical(facts)).hexdigest()


def values_boundary(values: Values) -> str:
    """A multipart boundary that the same values always get."""
    facts = [values.path, values.query, values.header, values.cookie, values.body]
    return f"actionry-{hashlib.sha256(canonical(facts)).hexdigest()[:32]}"


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no blanks; files by name, type and hash."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError):  # numbers beyond 64 bits, half surrogate pairs
        import json

        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, File):
        return {"name": value.name, "type": value.media_type, "sha256": hashlib.sha256(value.content).hexdigest()}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"sha256": hashlib.sha256(bytes(value)).hexdigest()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return str(value)


def make_proposal(
    function: Function,
    request: Request,
    *,
    call_id: str,
    digest: str,
    title: str,
    arguments: Mapping[str, Any],
    chosen: Chosen,
    masker: Masker,
    identity: Identity,
    reasons: tuple[str, ...],
    may_always_allow: bool,
    now: float,
    lifetime_s: float,
) -> Proposal:
    """The call as a person may see it."""
    shown = masker.request(request)
    host = real_host(request.url)
    return Proposal(
        call_id=call_id,
        digest=digest,
        title=visible(title),
        function=function.name,
        method=request.method,
        host=host,
        url=shown.url,
        arguments=masker.value(_without_bytes(arguments)),
        headers=shown.headers,
        body=shown.body,
        sentence=_sentence(function, request, host),
        credential=describe_credential(chosen),
        identity=identity,
        consequential=function.consequential,
        may_always_allow=may_always_allow,
        reasons=reasons,
        created_at=now,
        expires_at=now + lifetime_s,
    )


def real_host(url: str) -> str:
    """The host as it is connected to: `https://bücher.example:8443/x` -> `xn--bcher-kva.example:8443`."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            host = host.encode("ascii", "backslashreplace").decode()
    if ":" in host:
        host = f"[{host}]"
    return host if parts.port is None else f"{host}:{parts.port}"


def _sentence(function: Function, request: Request, host: str) -> str:
    summary = visible(function.summary).strip().splitlines()
    what = f"{function.name} sends {request.method} to {host}"
    return f"{what}: {summary[0][:120]}" if summary else f"{what}."


def _without_bytes(value: Any) -> Any:
    if isinstance(value, File):
        return f"[file {value.name}, {value.media_type}, {len(value.content):,} bytes]"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{len(value):,} bytes]"
    if isinstance(value, Mapping):
        return {key: _without_bytes(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_bytes(item) for item in value]
    return value


def describe_credential(chosen: Chosen) -> str:
    """Whose credential goes along, and of which kind; never the credential."""
    kinds = []
    for credential in chosen.credentials:
        if isinstance(credential, (NoCredential, NotConnected)):
            continue
        whose = "your" if credential.owner == "user" else "the builder's"
        kinds.append(f"{whose} {'sign-in' if isinstance(credential, OAuthToken) else 'key'}")
    schemes = f" ({', '.join(chosen.schemes)})" if chosen.schemes else ""
    return " and ".join(dict.fromkeys(kinds)) + schemes if kinds else ""


def proposal_text(proposal: Proposal) -> str:
    """The proposal as lines for a terminal or a log; a value is one line of JSON, so none can pose as another."""
    lines = [
        proposal.sentence,
        f"  {proposal.method} {visible(proposal.url)}",
        f"  host: {proposal.host}",
    ]
    if proposal.credential:
        lines.append(f"  with {proposal.credential}")
    if isinstance(proposal.arguments, dict):
        lines += [f"  {visible(name)}: {visible(dump_json(value))}" for name, value in proposal.arguments.items()]
    lines += [f"  ({reason})" for reason in proposal.reasons]
    return "\n".join(lines)
