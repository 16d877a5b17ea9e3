"""What went wrong at a provider, as one error that says whose turn it is and whether trying again helps (T-08).

Every adapter, whatever it speaks, ends in the table here: an HTTP status and the provider's error object become a
`ModelFailure`. The provider's own words are quoted, cut, with the key masked; of a refused key nothing is quoted,
because providers echo parts of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from actionry.credentials.masking import Masker
from actionry.credentials.secret import DOTS, Secret
from actionry.errors import Audience, ProviderError
from actionry.outbound.retry import read_retry_after

Reason = Literal[
    "connection", "timeout", "rate_limit", "quota", "overloaded", "server", "key", "model", "context", "request",
    "cut", "malformed", "empty", "setup",
]  # fmt: skip


class ModelFailure(ProviderError):
    """A ProviderError with its reason, for code that reacts: `context` lets a turn drop old messages."""

    def __init__(
        self,
        message: str,
        *,
        reason: Reason,
        told_to: Audience,
        may_retry: bool,
        mend: str | None = None,
        retry_after_s: float | None = None,
        status: int | None = None,
        parameter: str | None = None,
    ) -> None:
        super().__init__(message, mend=mend, told_to=told_to, may_retry=may_retry, retry_after_s=retry_after_s)
        self.reason = reason
        self.status = status
        """HTTP status, also of an error inside an open stream where the provider names one."""
        self.parameter = parameter
        """The request's field that the provider complained about, as it named it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    told_to: Audience
    may_retry: bool
    says: str
    """After the provider's name: `openai ` + `is overloaded`."""
    mend: str


VERDICTS: Final[dict[Reason, Verdict]] = {
    "connection": Verdict("operator", True, "could not be reached", "Check that {base_url} is right and running."),
    "timeout": Verdict("user", True, "did not answer in time", "Try again."),
    "rate_limit": Verdict("user", True, "takes no more requests for the moment", "Try again later."),
    "quota": Verdict("operator", False, "says that the account's credit or quota is used up", "Look at its billing."),
    "overloaded": Verdict("user", True, "is overloaded", "Try again in a moment."),
    "server": Verdict("user", True, "failed", "Try again."),
    "key": Verdict("operator", False, "refused the key", "Check {key_name}."),
    "model": Verdict("operator", False, "does not have the model {model}", "Choose one that it lists."),
    "context": Verdict(
        "user", False, "says that the conversation is too long for the model", "Start a new one, or shorten it."
    ),
    "request": Verdict("operator", False, "refused the request", "Choose another model, or change the settings."),
    "cut": Verdict("user", True, "broke off in the middle of its answer", "Try again."),
    "malformed": Verdict("user", True, "sent something that is no answer", "Try again."),
    "empty": Verdict("user", True, "answered with nothing", "Try again."),
    "setup": Verdict("operator", False, "does not speak as expected", "Check the base URL {base_url}."),
}  # fmt: skip

_BY_STATUS: Final[dict[int, Reason]] = {
    401: "key", 403: "key", 402: "quota", 404: "model", 405: "setup", 408: "timeout", 409: "server", 410: "model",
    413: "context", 425: "server", 429: "rate_limit", 498: "overloaded", 503: "overloaded", 529: "overloaded",
    504: "timeout", 524: "timeout",
}  # fmt: skip
_BY_CODE: Final[dict[str, Reason]] = {
    # OpenAI and compatible servers (`code` or `type`); Anthropic (`type`); Google (`status`); llama.cpp (`type`).
    "context_length_exceeded": "context", "exceed_context_size_error": "context", "request_too_large": "context",
    "string_above_max_length": "context",
    "insufficient_quota": "quota", "billing_hard_limit_reached": "quota", "billing_error": "quota",
    "credit_balance_exhausted": "quota", "exceeded_current_quota_error": "quota",
    "invalid_api_key": "key", "authentication_error": "key", "permission_error": "key", "unauthenticated": "key",
    "permission_denied": "key", "api_key_invalid": "key",
    "model_not_found": "model", "not_found_error": "model", "not_found": "model",
    "rate_limit_exceeded": "rate_limit", "rate_limit_error": "rate_limit", "resource_exhausted": "rate_limit",
    "overloaded_error": "overloaded", "server_is_overloaded": "overloaded", "service_unavailable": "overloaded",
    "unavailable_error": "overloaded", "unavailable": "overloaded", "slow_down": "overloaded",
    "server_error": "server", "api_error": "server", "internal_server_error": "server", "internal": "server",
    "timeout_error": "timeout", "deadline_exceeded": "timeout",
    "invalid_request_error": "request", "invalid_argument": "request", "bad_request": "request",
}  # fmt: skip
_TOO_LONG: Final = re.compile(
    r"context[ _](?:length|size|window)|prompt is too long|input (?:token count|is too long|length)|too many tokens|"
    r"reduce the length|maximum number of tokens|exceeds? the (?:available )?context",
    re.IGNORECASE,
)
# `sk-proj-ab**yz`, `AIza…`: what providers echo of a key that they refuse, ours or a mistyped one.
_KEY_LIKE: Final = re.compile(r"\b(?:sk|pk|rk|gsk|xai|or|hf|AIza)[-_A-Za-z0-9*•…]{8,}|(?i:bearer)\s+\S+")
_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_QUOTED_CHARACTERS: Final = 300
_LONGEST_WAIT_S: Final = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Words a provider's failures: knows its name, where its key is set, and what must not be shown."""

    provider: str
    model: str
    base_url: str = ""
    """As shown: no user information or query."""
    key_name: str = "its key"
    """Where a person changes the key: an environment variable, or a place in the settings."""
    secrets: tuple[Secret, ...] = field(default=(), repr=False)

    def failure(
        self,
        reason: Reason,
        detail: str = "",
        *,
        quoted: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
        parameter: str | None = None,
        may_retry: bool | None = None,
        mend: str | None = None,
    ) -> ModelFailure:
        """`detail` are our words and replace the reason's; `quoted` are the provider's and are masked and cut."""
        verdict = VERDICTS[reason]
        places = {"model": self.model, "base_url": self.base_url or "its address", "key_name": self.key_name}
        said = f"{self.provider} {detail or _filled(verdict.says, places)}"
        if status is not None:
            said += f" ({status})"
        if quoted and reason != "key":
            said += f": {self.quote(quoted)}"
        return ModelFailure(
            said if said.endswith((".", "…", "!", "?")) else said + ".",
            reason=reason,
            told_to=verdict.told_to,
            may_retry=verdict.may_retry if may_retry is None else may_retry,
            mend=_filled(verdict.mend, places) if mend is None else mend,
            retry_after_s=retry_after_s,
            status=status,
            parameter=parameter,
        )

    def quote(self, text: str) -> str:
        """The provider's words on one line, without keys, at most 300 characters."""
        text = Masker(self.secrets).text(_BLANKS.sub(" ", text[:10_000])).strip()
        text = _KEY_LIKE.sub(DOTS, text)
        return text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS].rstrip() + "…"

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> ModelFailure:
        """An answer with an error status."""
        try:
            data: Any = orjson.loads(body)
        except ValueError:
            data = None
        error = read_error(data) if isinstance(data, (dict, list)) else None
        if error is None:
            text = body.decode("utf-8", "replace").strip()
            error = ErrorObject(message="" if text.startswith("<") else text)  # a proxy's HTML page says nothing
        return self.from_error(error, status=status, retry_after_s=retry_after(headers, error))

    def from_error(
        self, error: ErrorObject, *, status: int | None = None, retry_after_s: float | None = None
    ) -> ModelFailure:
        """An error object, of an answer or inside an open stream."""
        reason = reason_of(error, status if status is not None else error.status)
        mend = None
        if reason == "model" and not error.message and not error.codes:
            # A 404 without a word is the address more often than the model.
            mend = f"Check the base URL {self.base_url}, and that it lists this model."
        return self.failure(
            reason,
            quoted=error.message,
            status=status if status is not None else error.status,
            retry_after_s=retry_after_s,
            parameter=error.parameter,
            mend=mend,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorObject:
    """The error object of a provider, whichever shape it has."""

    message: str = ""
    codes: tuple[str, ...] = ()
    """Lower-case `code`, `type`, `status` and detail reasons, most telling first."""
    parameter: str | None = None
    status: int | None = None
    retry_after_s: float | None = None


def read_error(data: Any) -> ErrorObject | None:
    """The error in a JSON answer or stream event; None when there is none.

    {"error": {"message": "…", "code": "model_not_found", "param": "model"}}    OpenAI, OpenRouter, llama.cpp, vLLM
    {"type": "error", "error": {"type": "overloaded_error", "message": "…"}}    Anthropic
    {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": […]}}    Google (also in a list)
    {"error": "model 'x' not found"}                                            Ollama
    {"object": "error", "message": "…", "code": 400} and {"detail": "…"}        older vLLM, FastAPI
    """
    if isinstance(data, list):
        return next((found for each in data if (found := read_error(each))), None)
    if not isinstance(data, dict):
        return None
    inner = data.get("error")
    if isinstance(inner, str):
        return ErrorObject(message=inner)
    if not isinstance(inner, dict):
        if data.get("object") != "error" and data.get("type") != "error" and not ({"detail", "message"} & data.keys()):
            return None
        inner = data
    message = inner.get("message") or inner.get("detail") or ""
    listed = inner.get("details")
    details = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    codes = [inner.get("code"), inner.get("type"), inner.get("status"), *(each.get("reason") for each in details)]
    code = inner.get("code")
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    return ErrorObject(
        message=message if isinstance(message, str) else orjson.dumps(message).decode(),
        codes=tuple(each.lower() for each in codes if isinstance(each, str) and not each.isdigit()),
        parameter=inner["param"] if isinstance(inner.get("param"), str) else None,
        status=code if isinstance(code, int) and 400 <= code < 600 else None,
        retry_after_s=_google_delay(details),
    )


def reason_of(error: ErrorObject, status: int | None) -> Reason:
    """The most telling of: a known code, the words of an overflow, the status."""
    named = [_BY_CODE[code] for code in error.codes if code in _BY_CODE]
    # A general code (`invalid_request_error`) says less than the words beside it.
    telling = next((reason for reason in named if reason not in ("request", "server")), None)
    if telling == "rate_limit" and "quota" in named:
        telling = "quota"
    if telling is not None and not (telling == "model" and status in (400, 422)):
        return telling
    if status in (None, 400, 413, 422, 500) and _TOO_LONG.search(error.message):
        return "context"
    if status is None:
        return named[0] if named else "server"
    if (known := _BY_STATUS.get(status)) is not None:
        return known
    if status >= 500:
        return "server"
    return "setup" if status < 400 else "request"


def retry_after(headers: Mapping[str, str], error: ErrorObject | None = None) -> float | None:
    """Seconds that the provider asks to wait: `Retry-After` as seconds or date, `retry-after-ms`, or Google's detail.

    Uncut: a provider that asks for an hour is not asked again after a minute.
    """
    text = (headers.get("Retry-After") or "").strip()
    seconds = read_retry_after(text or None, cap_s=_LONGEST_WAIT_S)
    if seconds is None:
        seconds = _number(text)
    if (exact := _number(headers.get("retry-after-ms") or "")) is not None:
        seconds = exact / 1000
    if seconds is None and error is not None:
        seconds = error.retry_after_s
    return None if seconds is None else min(seconds, _LONGEST_WAIT_S)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text.strip()) else None


def _google_delay(details: list[dict[str, Any]]) -> float | None:
    """google.rpc.RetryInfo: `{"retryDelay": "14.5s"}`."""
    for each in details:
        delay = each.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s"):
            return _number(delay[:-1])
    return None


def _filled(text: str, places: Mapping[str, str]) -> str:
    """`str.format` would read braces in a model's name."""
    for name, value in places.items():
        text = text.replace("{" + name + "}", value)
    return text
