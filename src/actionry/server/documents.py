"""Documents as the editor reads them: parsed in a process that can be killed, a few at a time, and explained.

An import is untrusted text from outside (THREATS D-04, D-12): parsing happens in a child process with time and memory
limits, everything else in threads, and who comes when too many wait is asked to come back.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, ParamSpec, TypeVar
from urllib.parse import urlsplit

from actionry.actions.action import Action
from actionry.actions.fetch import fetch_action
from actionry.chat.services import domain_allowed
from actionry.domains import registrable_domain
from actionry.errors import ActionryError, DocumentError, OutboundError
from actionry.findings import Finding, Position
from actionry.limits import ACTIONRY, EDITOR_LIMITS, PROFILES, READ_LIMITS, EditorLimits, ProfileName, ReadLimits
from actionry.manifest import Manifest, read_manifest
from actionry.openapi.document import Document, document_of
from actionry.openapi.fixes import apply_fixes
from actionry.openapi.writing import write_document
from actionry.outbound import Outbound
from actionry.server.problems import ProblemError
from actionry.server.shapes_gpts import FindingOut, OperationOut, ReadingOut, SchemeOut
from actionry.server.suggesting import suggest
from actionry.syntax import Tree
from actionry.syntax.worker import read_tree_in_worker
from actionry.tools.function_schema import Function

COUNTING_S = 4.0
"""After so long the tokens of the remaining functions are left uncounted: the table matters more."""


P = ParamSpec("P")
T = TypeVar("T")


class _Pause:
    """No cyclic garbage collection while documents are read: each full one would stop every stream for as long as it
    takes to look at all that was read so far (D-04). Pauses may overlap; the last one ends it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._was_on = True

    @contextmanager
    def hold(self) -> Iterator[None]:
        with self._lock:
            if self._holders == 0:
                self._was_on = gc.isenabled()
                gc.disable()
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0 and self._was_on:
                    gc.enable()


_PAUSE = _Pause()


async def _apart(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In a thread, beside the event loop."""

    def run() -> T:
        with _PAUSE.hold():
            return work(*args, **kwargs)

    return await asyncio.to_thread(run)


@dataclass(slots=True, eq=False)
class Loaded:
    """One text, read."""

    text: str
    action: Action
    source_url: str | None = None
    base_url: str | None = None
    manifest: Manifest | None = None
    tokens: dict[str, int] = field(default_factory=dict)
    """Function name -> tokens, as far as they were counted."""

    @property
    def format(self) -> Literal["json", "yaml"]:
        tree = self.action.document.tree
        return "json" if tree is None or tree.format == "json" else "yaml"


class Documents:
    """Reads texts and addresses. One per server."""

    def __init__(self, outbound: Outbound, *, max_bytes: int, limits: EditorLimits = EDITOR_LIMITS) -> None:
        self.outbound = outbound
        self.limits = limits
        self.read_limits: ReadLimits = replace(READ_LIMITS, bytes=max_bytes)
        self._reading = asyncio.Semaphore(limits.reading_at_once)
        self._fetching = asyncio.Semaphore(limits.reading_at_once * 3)
        self._waiting = 0
        self._kept: dict[tuple[str, str | None], Loaded] = {}

    # -------------------------------------------------------------------------------------------------------- reading

    async def read(self, text: str, *, base_url: str | None = None) -> Loaded:
        """Raises DocumentError for what is no document, ProblemError 429 when too many wait."""
        key = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), base_url)
        found = self._kept.pop(key, None)
        if found is None:
            async with self._slot(self._reading):
                found = await _apart(self._load, text, base_url)
        self._kept[key] = found  # put in anew: the first is the one that was used the longest ago
        while len(self._kept) > self.limits.read_documents:
            del self._kept[next(iter(self._kept))]
        return found

    async def find(self, source: str) -> Loaded:
        """From what somebody put into the box: an address, a bare domain, a document or a manifest (SP-02, SP-06)."""
        source = source.strip("\ufeff \t\r\n")
        if is_address(source):
            return await self._fetch(source)
        try:
            return await self.read(source)
        except DocumentError as error:
            if error.code != "DOC-IS-MANIFEST":
                raise
        manifest = await asyncio.to_thread(read_manifest, source)
        loaded = await self._fetch(manifest.document_url())
        loaded.manifest = manifest
        return loaded

    async def fix(
        self, text: str, *, base_url: str | None, profile: ProfileName, code: str | None, pointer: str | None
    ) -> tuple[str, list[Finding]]:
        """The text with the chosen automatic mends, and what was mended."""
        async with self._slot(self._reading):  # changes the tree, so it is read anew
            return await _apart(self._fix, text, base_url, profile, code, pointer)

    async def format(self, text: str, to: Literal["same", "json", "yaml"]) -> str:
        """Two spaces; YAML at 120 columns. Raises DocumentError for what cannot be parsed (SP-03)."""
        async with self._slot(self._reading):
            return await _apart(self._format, text, to)

    @asynccontextmanager
    async def _slot(self, places: asyncio.Semaphore) -> AsyncIterator[None]:
        if places.locked() and self._waiting >= self.limits.reading_waiting:
            raise ProblemError(
                429, "busy_reading", "Too many documents are being read; try again in a few seconds.", may_retry=True,
                headers={"Retry-After": "3"},
            )  # fmt: skip
        self._waiting += 1
        try:
            await places.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            places.release()

    async def _fetch(self, address: str) -> Loaded:
        async with self._slot(self._fetching):
            action = await fetch_action(
                address, outbound=self.outbound, limits=self.read_limits, read=self._parse, profile=ACTIONRY
            )
        tree = action.document.tree
        assert tree is not None  # it was read from text
        async with self._slot(self._reading):
            loaded = await _apart(self._with_own_server, action, tree.text)
        loaded.manifest = action.manifest
        return loaded

    # ----------------------------------------------------------------------------------------------------- in threads

    def _parse(self, content: bytes | str, limits: ReadLimits, source_url: str | None) -> Document:
        tree = self._tree(content, limits)
        return document_of(tree.root, tree, source_url)

    def _tree(self, content: bytes | str, limits: ReadLimits) -> Tree:
        own = self.limits
        return read_tree_in_worker(content, limits, timeout_s=own.reading_s, memory_bytes=own.reading_bytes)

    def _load(self, text: str, base_url: str | None) -> Loaded:
        document = self._parse(text, self.read_limits, None)
        loaded = Loaded(text, Action(document, base_url=base_url, limits=self.read_limits), base_url=base_url)
        loaded.tokens = _count(loaded.action.functions)
        return loaded

    def _with_own_server(self, action: Action, text: str) -> Loaded:
        """The text is kept without its address, so what was resolved against the address becomes the base URL."""
        source_url, server = action.document.source_url, action.server_url
        loaded = self._load(text, None)
        for base_url in (server, source_url):
            if loaded.action.server_url == server:
                break
            loaded = self._load(text, base_url)
        if loaded.action.server_url != server:  # neither resolves alike: the servers are written out
            root = dict(loaded.action.document.root)
            root["servers"] = [{"url": server}]
            loaded = self._load(write_document(root, loaded.format), None)
        loaded.source_url = source_url
        return loaded

    def _fix(
        self, text: str, base_url: str | None, profile: ProfileName, code: str | None, pointer: str | None
    ) -> tuple[str, list[Finding]]:
        action = Action(self._parse(text, self.read_limits, None), base_url=base_url, limits=self.read_limits)
        chosen = [
            finding
            for finding in action.lint(PROFILES[profile])
            if (code is None or finding.code == code) and (pointer is None or finding.pointer == pointer)
        ]
        # Positions are looked up before the tree changes.
        shown = {id(finding): replace(finding, known_position=finding.position) for finding in chosen}
        mended = apply_fixes(action.document.root, chosen)
        if not mended:
            return text, []
        tree = action.document.tree
        kind: Literal["json", "yaml"] = "json" if tree is None or tree.format == "json" else "yaml"
        return write_document(action.document.root, kind), [shown[id(finding)] for finding in mended]

    def _format(self, text: str, to: Literal["same", "json", "yaml"]) -> str:
        tree = self._tree(text, self.read_limits)
        kind: Literal["json", "yaml"] = ("json" if tree.format == "json" else "yaml") if to == "same" else to
        return write_document(tree.root, kind)


def is_address(text: str) -> bool:
    """A URL or a bare domain, on one line: `example.com`, `localhost:5003`, `https://example.com/openapi.json`."""
    if not text or len(text) > 4_000 or any(c.isspace() for c in text) or text[0] in "{[":
        return False
    if text.lower().startswith(("http://", "https://")):
        return True
    host, _, rest = text.partition("/")
    name, _, port = host.partition(":")
    if rest.startswith("/") or (port and not port.isdigit()):
        return False
    return name == "localhost" or ("." in name and all(part.replace("-", "").isalnum() for part in name.split(".")))


def _count(functions: list[Function]) -> dict[str, int]:
    end = time.monotonic() + COUNTING_S
    counted: dict[str, int] = {}
    for function in functions:
        if time.monotonic() > end:
            break
        counted[function.name] = tokens_of(function)
    return counted


def tokens_of(function: Function) -> int:
    from actionry.tools.tokens import count_tokens

    return count_tokens(function.name) + count_tokens(function.description) + count_tokens(function.parameters)


# ------------------------------------------------------------------------------------------------------------- reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a reading is judged by, beside the document itself."""

    profile: ProfileName = "actionry"
    domains: tuple[str, ...] | None = None
    """That actions may call (SV-05)."""
    disabled: frozenset[str] = frozenset()


async def report(documents: Documents, loaded: Loaded, around: Surroundings) -> ReadingOut:
    """The whole answer of SP-07, made off the event loop: a linter takes its time with a large document."""
    return await _apart(_report, documents.outbound, loaded, around)


def _report(outbound: Outbound, loaded: Loaded, around: Surroundings) -> ReadingOut:
    action = loaded.action
    found = action.findings if around.profile == "actionry" else action.lint(PROFILES[around.profile])
    places = address_findings(outbound, action, around.domains)
    host = urlsplit(action.server_url).hostname or ""
    operations = [_operation(function, loaded, around.disabled) for function in action.functions]
    suggestion, known = suggest(action, loaded.manifest)
    usable = bool(operations) and bool(action.server_url) and not any(place.pointer == "" for place in places)
    return ReadingOut(
        ok=usable,
        title=action.title,
        description=action.description[:2000],
        format=loaded.format,
        version=action.document.version,
        server_url=action.server_url,
        servers=servers_of(action),
        root_domain=registrable_domain(host) if host else "",
        operations=operations,
        tokens=sum(each.tokens or 0 for each in operations if each.enabled),
        findings=[finding_out(finding) for finding in (*places, *found)],
        schemes=[
            SchemeOut(
                name=scheme.name, kind=scheme.kind, location=scheme.location, parameter_name=scheme.parameter_name,
                http_scheme=scheme.http_scheme, flows=list(scheme.flows), description=scheme.description[:1000],
            )
            for scheme in action.security_schemes.values()
        ],
        suggestion=suggestion,
        known_provider=known,
    )  # fmt: skip


def _operation(function: Function, loaded: Loaded, disabled: frozenset[str]) -> OperationOut:
    operation = function.operation
    return OperationOut(
        name=function.name,
        operation_id=operation.operation_id,
        method=operation.method,
        path=operation.path,
        summary=(operation.summary or operation.description.strip().partition("\n")[0])[:300],
        asks_first=operation.consequential,
        deprecated=operation.deprecated,
        tokens=loaded.tokens.get(function.name),
        enabled=function.name not in disabled,
        server_url=operation.server_url,
        schemes=list(dict.fromkeys(s.name for requirement in operation.security for s, _ in requirement.schemes)),
    )


def servers_of(action: Action) -> list[str]:
    """Every server that some operation offers, the used ones first."""
    first = [operation.servers[0].url for operation in action.operations if operation.servers]
    every = [server.url for operation in action.operations for server in operation.servers]
    return list(dict.fromkeys([*first, *every]))[:50]


def address_findings(outbound: Outbound, action: Action, domains: tuple[str, ...] | None) -> list[Finding]:
    """Servers that may not be called from here (S-01, SV-05); of the action's own server with an empty pointer."""
    found: list[Finding] = []
    by_server: dict[str, str] = {}
    for operation in action.operations:
        by_server.setdefault(operation.server_url, operation.pointer)
    for url, pointer in by_server.items():
        refused = refusal(outbound, url, domains)
        if refused is None:
            continue
        found.append(
            Finding(
                code="SERVER-REFUSED",
                severity="error",
                pointer="" if url == action.server_url else pointer,
                message=refused.message,
                effect="Its operations cannot be called from here.",
                mend=refused.mend or "Name a server that is publicly reachable.",
                locate=action.document.locate,
            )
        )
    return found


def refusal(outbound: Outbound, url: str, domains: tuple[str, ...] | None) -> ActionryError | None:
    """Why this server may not be called, None when it may. Asks no name server."""
    if not url:
        return None
    try:
        outbound.check_url(url)
    except OutboundError as error:
        return error
    host = urlsplit(url).hostname or ""
    if not domain_allowed(host, domains):
        return ActionryError(
            f"Actions may not call {host} here.",
            mend=f"Allowed are: {', '.join(domains or ()) or 'none'}. An administrator can add domains.",
            told_to="operator",
        )
    return None


def finding_out(finding: Finding) -> FindingOut:
    position = finding.position
    return FindingOut(
        code=finding.code,
        severity=finding.severity,
        pointer=finding.pointer,
        line=position.line if position else None,
        column=position.column if position else None,
        message=finding.message,
        effect=finding.effect,
        mend=finding.mend,
        fix=finding.fix.description if finding.fix else None,
    )


def unreadable(error: DocumentError) -> Finding:
    """A document that cannot be read at all, as a finding (E01)."""
    place = Position(error.line, error.column or 1) if error.line else None
    return Finding(
        code=error.code or "DOC-UNREADABLE",
        severity="error",
        pointer=error.pointer or "",
        message=error.message,
        effect="Nothing can be loaded.",
        mend=error.mend or "",
        known_position=place,
    )


def unreadable_reading(error: DocumentError) -> ReadingOut:
    return ReadingOut(ok=False, findings=[finding_out(unreadable(error))])
