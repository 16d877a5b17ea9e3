"""An action: one document's operations as functions for a model and exact requests for each call."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import urlsplit

from actionry.errors import DocumentError, FunctionNotFound, UnreadableDocument
from actionry.findings import Finding
from actionry.http import Request
from actionry.limits import ACTIONRY, READ_LIMITS, Profile, ReadLimits
from actionry.openapi.document import Document, read_document
from actionry.openapi.lint import lint_document
from actionry.openapi.model import Operation, SecurityScheme, Values
from actionry.openapi.operations import OperationReader
from actionry.request.build import build_request
from actionry.tools.arguments import read_arguments
from actionry.tools.function_schema import Function, build_functions
from actionry.tools.render import render

if TYPE_CHECKING:
    from actionry.actions.access import CredentialsInput
    from actionry.actions.call import ConfirmCallback
    from actionry.actions.plan import Plans
    from actionry.actions.result import Result
    from actionry.manifest import Manifest
    from actionry.outbound import Outbound

Source = str | bytes | Path | Mapping[str, Any]


class Action:
    """What `load_action` and `fetch_action` return. Functions are in document order, named uniquely and stably."""

    manifest: Manifest | None = None
    """Set by `fetch_action` when the document was found through one."""

    def __init__(self, document: Document, *, base_url: str | None = None, limits: ReadLimits = READ_LIMITS) -> None:
        self.document = document
        self._reader = OperationReader(document, base_url=base_url, limits=limits)
        self.operations: list[Operation] = self._reader.read()

    @property
    def title(self) -> str:
        """`info.title`, or the host of the first server, or `Untitled API`."""
        info = self.document.root.get("info")
        title = info.get("title") if isinstance(info, dict) else None
        if isinstance(title, str | int | float) and str(title).strip():
            return str(title).strip()
        host = urlsplit(self.server_url).hostname
        return host or "Untitled API"

    @property
    def description(self) -> str:
        """`info.description`, "" when there is none."""
        info = self.document.root.get("info")
        description = info.get("description") if isinstance(info, dict) else None
        return description.strip() if isinstance(description, str) else ""

    @property
    def server_url(self) -> str:
        """Base URL of the first operation that has one; "" when the document names no server."""
        return next((operation.server_url for operation in self.operations if operation.servers), "")

    @cached_property
    def functions(self) -> list[Function]:
        """What a model may call, one function for each operation, in document order."""
        return build_functions(self.operations)

    @cached_property
    def findings(self) -> list[Finding]:
        """Everything that is wrong or doubtful in the document, each with code, pointer, line and mend."""
        return self.lint()

    @property
    def security_schemes(self) -> dict[str, SecurityScheme]:
        """Every security scheme that the document defines, by name."""
        return self._reader.security_schemes()

    def lint(self, profile: Profile = ACTIONRY) -> list[Finding]:
        """Findings under one rule profile; `limits.OPENAI` answers "will this work as a GPT action?"."""
        names = {function.operation.pointer: function.name for function in self.functions}
        return lint_document(self.document, self._reader, self.operations, names, profile)

    @cached_property
    def plans(self) -> Plans:
        """What calls of this action need to know, worked out at the first of them."""
        from actionry.actions.plan import make_plans  # only calls need it

        return make_plans(self)

    @cached_property
    def _by_name(self) -> dict[str, Function]:
        by_name = {function.operation_id: function for function in reversed(self.functions) if function.operation_id}
        by_name.update({function.name: function for function in self.functions})
        return by_name

    def function(self, name: str) -> Function:
        """The function of that name (or operationId); raises FunctionNotFound with the nearest names."""
        found = self._by_name.get(name)
        if found is not None:
            return found
        near = difflib.get_close_matches(name, self._by_name, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else f"{self.title} has {len(self.functions)} functions."
        raise FunctionNotFound(f"`{name[:80]}` is not a function of {self.title}.", mend=hint)

    def read_arguments(self, name: str, arguments: Mapping[str, Any] | str | bytes) -> Values:
        """A model's arguments, checked and repaired, by HTTP location and wire name; raises ArgumentError."""
        return read_arguments(self.function(name), arguments)

    def build_request(self, name: str, arguments: Mapping[str, Any] | str | bytes = "{}") -> Request:
        """The exact request, without credentials. Pure: nothing is sent. Raises ArgumentError with a mend."""
        function = self.function(name)
        return build_request(function.operation, read_arguments(function, arguments))

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | str | bytes = "{}",
        *,
        credentials: CredentialsInput = None,
        outbound: Outbound | None = None,
        confirm: ConfirmCallback | None = None,
    ) -> Result:
        """Call one operation through the outbound door and shape the answer for a model.

        credentials: a key or token, a mapping of scheme name -> key, or credential objects (credentials/schemes.py).
        outbound: None uses a door that reaches public addresses only.
        confirm: shown a `Proposal` before the first call to a domain, before writes and, every time, before a
        consequential operation; says True, "always" or False. None means that the caller has decided already.
        Raises ArgumentError, LoginNeeded, ConfirmationDeclined, OutboundError, OutcomeUnknown.
        """
        from actionry.actions.call import (
            call_once,
        )  # loads the HTTP client, which reading and building do without

        return await call_once(self, name, arguments, credentials=credentials, outbound=outbound, confirm=confirm)

    def call_sync(
        self,
        name: str,
        arguments: Mapping[str, Any] | str | bytes = "{}",
        *,
        credentials: CredentialsInput = None,
        outbound: Outbound | None = None,
        confirm: ConfirmCallback | None = None,
    ) -> Result:
        """`call` for programs without an event loop; it works beside a running one, too."""
        from actionry.actions.sync import call_sync  # as in `call`

        return call_sync(self, name, arguments, credentials=credentials, outbound=outbound, confirm=confirm)

    @overload
    def tools(self, kind: Literal["openai", "anthropic", "mcp"]) -> list[dict[str, Any]]: ...
    @overload
    def tools(self, kind: Literal["typescript"]) -> str: ...
    def tools(self, kind: Literal["openai", "anthropic", "mcp", "typescript"]) -> list[dict[str, Any]] | str:
        """The functions in a provider's own form, or as the compact TypeScript-like text of the original (PR-02)."""
        return render(self.functions, kind, namespace=self.title)


def load_action(source: Source, base_url: str | None = None, *, limits: ReadLimits = READ_LIMITS) -> Action:
    """Read a document and load what can be loaded; never touches the network.

    source: a mapping, the text itself (str or bytes), or a file (Path, or str naming an existing file).
    base_url: takes the place of the document's servers; relative servers are resolved against it.
    Raises DocumentError when there is nothing that could be loaded.
    """
    return Action(read_document(_read_source(source, limits), limits=limits), base_url=base_url, limits=limits)


def _read_source(source: Source, limits: ReadLimits) -> str | bytes | Mapping[str, Any]:
    if isinstance(source, Path):
        return _read_file(source, limits)
    if not isinstance(source, str) or len(source) > 4096 or "\n" in source or source.lstrip()[:1] in ("{", "["):
        return source
    if source.startswith(("http://", "https://")):
        raise DocumentError(
            f"`{source[:200]}` is an address, and load_action never touches the network.",
            mend="Use `await actionry.fetch_action(url)`.",
            code="DOC-IS-ADDRESS",
        )
    path = Path(source)
    try:
        return _read_file(path, limits) if path.is_file() else source
    except (OSError, ValueError):  # not a possible file name: then it is the text itself
        return source


def _read_file(path: Path, limits: ReadLimits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.bytes:
            raise UnreadableDocument(
                f"`{path.name}` has {size:,} bytes; documents of up to {limits.bytes:,} bytes are read.",
                code="SYNTAX-TOO-LARGE",
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocument(
            f"`{path}` cannot be read: {error.strerror or 'unknown failure'}.",
            mend="Give the path of a document, its text, or a mapping.",
            code="DOC-NO-FILE",
        ) from None
