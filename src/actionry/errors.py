"""Every error that Actionry raises, as one tree.

ActionryError
  DocumentError             the builder can mend the document
    UnreadableDocument        it cannot be parsed at all, or breaks a budget
    UnsupportedVersion        it is neither Swagger 2.0 nor OpenAPI 3
  ManifestError             the developer of the plugin can mend the manifest
  FunctionNotFound          the caller named a function that the action does not have
  ToolCallError             the model is told, and may try again
    ArgumentError             arguments do not fit the function
    ResponseTooLarge          the API answered more than the limit
  ConfirmationNeeded        the user is asked first
  ConfirmationDeclined      the user said no; nothing was sent
  CredentialError           a stored or given credential cannot be used
    LoginNeeded               the user signs in, or enters a key
    OAuthError                the provider, or the builder's OAuth settings, are at fault
  OutboundError             the request did not come back with an answer
    AddressRefused            the address is not public, or the URL is not one that we follow
    OutboundTimeout           the deadline passed
    ConnectionFailed          nothing answered, or the connection broke
    ResponseRefused           an answer that breaks a limit (size, headers, coding, redirect)
    CircuitOpen               the origin failed repeatedly; we wait before asking again
  CallConflict              the call is made already, or is over: it is not made twice
  OutcomeUnknown            sent, but no answer: it may have happened; never re-sent by itself
  VaultError                a secret cannot be sealed or opened with the keys at hand
  ProviderError             the model provider is at fault

The class tells who can act; `told_to` says it in data, `may_retry` tells whether trying again helps.
"""

from __future__ import annotations

from typing import Literal

Audience = Literal["builder", "model", "user", "operator", "developer", "api", "caller"]
"""Whose turn it is: `api` is the operator of the API that was called, `caller` the code that calls us."""


class ActionryError(Exception):
    """Base of every error here; `str(error)` is one message that says what, where and how to mend."""

    told_to: Audience = "caller"

    def __init__(
        self,
        message: str,
        *,
        mend: str | None = None,
        told_to: Audience | None = None,
        may_retry: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message if mend is None else f"{message} {mend}")
        self.message = message
        self.mend = mend
        if told_to is not None:
            self.told_to = told_to
        self.may_retry = may_retry
        self.retry_after_s = retry_after_s


class DocumentError(ActionryError):
    """The document cannot be used; `pointer`, `line` and `column` (1-based) say where, when known."""

    told_to: Audience = "builder"

    def __init__(
        self,
        message: str,
        *,
        mend: str | None = None,
        code: str = "DOC-UNREADABLE",
        pointer: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message, mend=mend)
        self.code = code
        self.pointer = pointer
        self.line = line
        self.column = column


class UnreadableDocument(DocumentError):
    """Not parsable as JSON or YAML, or beyond a budget (size, depth, aliases, nodes)."""


class UnsupportedVersion(DocumentError):
    """Parsable, but neither Swagger 2.0 nor OpenAPI 3."""


class ManifestError(DocumentError):
    """The plugin manifest cannot be used."""

    told_to: Audience = "developer"


class FunctionNotFound(ActionryError):
    """No function or operation of that name; the message offers the nearest names."""


class ToolCallError(ActionryError):
    """A call went wrong in a way that the model should read and may react to."""

    told_to: Audience = "model"


class ArgumentError(ToolCallError):
    """Arguments that do not fit: which argument, which rule, and an example that would pass."""

    def __init__(
        self,
        message: str,
        *,
        argument: str | None = None,
        rule: str | None = None,
        example: object = None,
        mend: str | None = None,
    ) -> None:
        super().__init__(message, mend=mend, may_retry=True)
        self.argument = argument
        """Path into the arguments, e.g. `body.items[2].price`; None when the whole is meant."""
        self.rule = rule
        """The JSON Schema keyword or our rule that was broken, e.g. `maximum`, `required`, `dot-segment`."""
        self.example = example
        """A value that would pass at that place."""


class ResponseTooLarge(ToolCallError):
    """The API answered more than the limit; `size` and `limit` are characters or bytes as the message says."""

    def __init__(self, message: str, *, size: int | None, limit: int, mend: str | None = None) -> None:
        super().__init__(message, mend=mend, may_retry=True)
        self.size = size
        self.limit = limit
        self.result: object = None
        """The shortened answer (an `actions.result.Result`), where enough of it was read."""


class ConfirmationNeeded(ActionryError):
    """The call waits for the user's word; `proposal` holds what will be sent, and its digest."""

    told_to: Audience = "user"

    def __init__(self, message: str, *, proposal: object = None, mend: str | None = None) -> None:
        super().__init__(message, mend=mend)
        self.proposal = proposal


class ConfirmationDeclined(ToolCallError):
    """The user declined; nothing was sent."""


class CredentialError(ActionryError):
    """A credential is missing, malformed, or bound to another action or origin."""

    told_to: Audience = "builder"


class LoginNeeded(CredentialError):
    """The user must sign in or enter a key before this operation can be called."""

    told_to: Audience = "user"

    def __init__(
        self, message: str, *, schemes: tuple[str, ...] = (), origin: str | None = None, mend: str | None = None
    ) -> None:
        super().__init__(message, mend=mend)
        self.schemes = schemes
        """Names of the security schemes that would satisfy the operation, smallest requirement first."""
        self.origin = origin


class OAuthError(CredentialError):
    """The authorization server refused, or answered nonsense; `error` is its RFC 6749 section 5.2 code."""

    def __init__(
        self,
        message: str,
        *,
        error: str | None = None,
        mend: str | None = None,
        told_to: Audience | None = None,
        may_retry: bool = False,
    ) -> None:
        super().__init__(message, mend=mend, told_to=told_to, may_retry=may_retry)
        self.error = error


class OutboundError(ActionryError):
    """No usable answer came back; `sent` tells whether any byte of the request may have left."""

    told_to: Audience = "api"

    def __init__(
        self,
        message: str,
        *,
        sent: bool,
        mend: str | None = None,
        told_to: Audience | None = None,
        may_retry: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, mend=mend, told_to=told_to, may_retry=may_retry, retry_after_s=retry_after_s)
        self.sent = sent


class AddressRefused(OutboundError):
    """The URL, port or address is not one that we connect to (THREATS S); nothing was sent."""

    told_to: Audience = "builder"


class OutboundTimeout(OutboundError):
    """The total deadline passed (D-15)."""


class ConnectionFailed(OutboundError):
    """Name not found, refused, reset, TLS failure."""


class ResponseRefused(OutboundError):
    """An answer beyond a cap, in a coding that we do not read, or a redirect that we do not follow."""

    max_bytes: int | None = None
    """Set when the body was longer than this."""


class CircuitOpen(OutboundError):
    """The origin failed repeatedly; `retry_after_s` tells when it is asked again (WI-12)."""


class CallConflict(ActionryError):
    """The call is not in the state that a step starts from: somebody else was faster, or it is over."""

    def __init__(self, message: str, *, entry: object = None, mend: str | None = None) -> None:
        super().__init__(message, mend=mend)
        self.entry = entry
        """The journal's `Entry`, when there is one."""


class OutcomeUnknown(ToolCallError):
    """The request left, no answer came: it may have happened. Never re-sent by itself (THREATS 5.1)."""


class VaultError(ActionryError):
    """A secret cannot be sealed or opened: unknown key id, wrong place, or changed ciphertext."""

    told_to: Audience = "operator"


class ProviderError(ActionryError):
    """The model provider refused or failed."""

    told_to: Audience = "operator"
