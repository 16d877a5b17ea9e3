"""What went wrong, as RFC 9457 problem documents: one shape for every 4xx and 5xx, which names the field.

No traceback, no secret and no echo of what was sent leaves here; the log keeps what the operator needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from actionry import errors
from actionry.errors import ActionryError
from actionry.gpts import access
from actionry.models.failures import ModelFailure
from actionry.storage import errors as storage_errors

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One value of the request that cannot be used."""

    model_config = ConfigDict(frozen=True)

    location: str = Field(description="Where it stands: body, query, path, header or cookie.")
    pointer: str = Field(description="JSON pointer to it within that place, e.g. `/text`; empty for the whole.")
    message: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """RFC 9457, with whose turn it is and whether trying again helps."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(default="about:blank", description="Always about:blank; `code` tells problems apart.")
    title: str = Field(description="The name of the status.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="A stable name for programs, e.g. `not_found`.")
    detail: str = Field(description="What happened and what to do, in words.")
    errors: list[FieldProblem] = Field(default_factory=list, description="The fields that cannot be used.")
    whose_turn: str | None = Field(default=None, description="Who can mend it: user, builder, operator, api or caller.")
    may_retry: bool = Field(default=False, description="Whether the same request may succeed later.")


class ProblemError(Exception):
    """Raised by a route: becomes the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        whose_turn: str | None = "caller",
        may_retry: bool = False,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(
            title=_title(status), status=status, code=code, detail=detail, errors=list(errors),
            whose_turn=whose_turn, may_retry=may_retry,
        )  # fmt: skip
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def not_found(what: str) -> ProblemError:
    """Not there and not yours read the same (THREATS A)."""
    return ProblemError(
        404, "not_found", f"There is no such {what}. It may have been deleted, or belong to somebody else."
    )


def field_problem(name: str, message: str, *, location: str = "body", status: int = 422) -> ProblemError:
    """One field that a route itself finds wrong."""
    return ProblemError(
        status,
        "invalid",
        f"`{name}`: {message}",
        errors=[FieldProblem(location=location, pointer=f"/{name}" if name else "", message=message)],
    )


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


# -------------------------------------------------------------------------------------------- errors of the parts below

_BY_KIND: tuple[tuple[type[ActionryError], int, str], ...] = (
    # the most particular first
    (access.NotThere, 404, "not_found"),
    (access.NotAllowed, 403, "not_allowed"),
    (storage_errors.NotFound, 404, "not_found"),
    (storage_errors.TurnStillOpen, 409, "turn_still_open"),
    (storage_errors.QuotaExceeded, 413, "quota_exceeded"),
    (storage_errors.Conflict, 409, "conflict"),
    (storage_errors.StorageError, 503, "storage_unavailable"),
    (errors.DocumentError, 422, "unusable_document"),
    (errors.FunctionNotFound, 404, "no_such_function"),
    (errors.ArgumentError, 422, "arguments"),
    (errors.ConfirmationNeeded, 409, "confirmation_needed"),
    (errors.LoginNeeded, 409, "sign_in_needed"),
    (errors.OAuthError, 400, "sign_in_failed"),
    (errors.CredentialError, 422, "unusable_credential"),
    (errors.AddressRefused, 422, "address_refused"),
    (errors.OutboundTimeout, 504, "timed_out"),
    (errors.CircuitOpen, 503, "waiting_for_api"),
    (errors.OutboundError, 502, "no_answer"),
    (errors.CallConflict, 409, "call_conflict"),
    (ModelFailure, 422, "unusable_provider"),
    (errors.ProviderError, 502, "model_unavailable"),
    (errors.VaultError, 503, "secrets_unavailable"),
    (errors.ToolCallError, 422, "call_failed"),
)


def problem_of(error: ActionryError) -> ProblemError:
    """The answer for an error that says itself what happened."""
    status, code = next(
        ((status, code) for kind, status, code in _BY_KIND if isinstance(error, kind)), (500, "internal")
    )
    fields: list[FieldProblem] = []
    if isinstance(error, errors.ArgumentError) and error.argument:
        fields = [FieldProblem(location="body", pointer="/" + error.argument.replace(".", "/"), message=error.message)]
    headers = {}
    if error.retry_after_s is not None or status == 503:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s or 5)))
    return ProblemError(
        status, code, str(error), errors=fields, whose_turn=error.told_to, may_retry=error.may_retry, headers=headers
    )


_VALIDATION_WORDS = {
    "missing": "It is missing.",
    "extra_forbidden": "There is no such field.",
    "json_invalid": "The body is not JSON.",
    "model_attributes_type": "Give a JSON object.",
    "model_type": "Give a JSON object.",
    "dict_type": "Give a JSON object.",
    "string_unicode": "It is not Unicode text.",
}


def problem_of_validation(error: RequestValidationError) -> ProblemError:
    """Each field with what is wrong; the values themselves are not repeated, a secret may be among them."""
    fields = [_field(each) for each in error.errors()[:20]]
    not_json = any(each["type"] == "json_invalid" for each in error.errors())
    first = fields[0] if fields else FieldProblem(location="body", pointer="", message="It cannot be used.")
    name = first.pointer.lstrip("/").replace("/", ".") or f"the {first.location}"
    more = f" ({len(fields) - 1} more)" if len(fields) > 1 else ""
    return ProblemError(
        400 if not_json else 422,
        "not_json" if not_json else "invalid",
        f"`{name}`: {first.message}{more}",
        errors=fields,
    )


def _field(error: Mapping[str, Any]) -> FieldProblem:
    location, *rest = [str(part) for part in error["loc"]] or ["body"]
    if error["type"] == "json_invalid":
        rest = []
    message = _VALIDATION_WORDS.get(error["type"]) or str(error["msg"]).rstrip(".") + "."
    pointer = "".join("/" + part[:80].replace("~", "~0").replace("/", "~1") for part in rest[:20])
    return FieldProblem(location=location, pointer=_unicode(pointer), message=_unicode(message)[:300])


def _unicode(text: str) -> str:
    """A name that the caller sent may hold half surrogate pairs, which no JSON encoder writes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def problem_of_http(error: HTTPException) -> ProblemError:
    """Of the framework: no such route, wrong method, a body that cannot be read."""
    words = {
        404: ("not_found", "There is nothing at this address."),
        405: ("method_not_allowed", "This address does not take that method."),
        400: ("bad_request", "The request cannot be read."),
        413: ("too_large", "The request body is too large."),
    }
    code, detail = words.get(error.status_code, ("error", _title(error.status_code)))
    return ProblemError(error.status_code, code, detail, headers=dict(error.headers or {}))


INTERNAL = ProblemError(
    500, "internal", "Something failed in the server; its log says what. Nothing that was acknowledged is lost.",
    whose_turn="operator",
)  # fmt: skip


def problem_response(error: ProblemError) -> Response:
    content = orjson.dumps({**error.problem.model_dump(mode="json", exclude_none=True), **error.extra})
    return Response(content, error.problem.status, headers=error.headers, media_type=MEDIA_TYPE)


# ------------------------------------------------------------------------------------------------------- for the app


async def on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error)


async def on_known(request: Request, error: Exception) -> Response:
    assert isinstance(error, ActionryError)
    return problem_response(problem_of(error))


async def on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(problem_of_validation(error))


async def on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_response(problem_of_http(error))


async def on_anything(request: Request, error: Exception) -> Response:
    """The rim is told as well, and logs it."""
    return problem_response(INTERNAL)


HANDLERS: dict[int | type[Exception], Any] = {
    ProblemError: on_problem,
    ActionryError: on_known,
    RequestValidationError: on_validation,
    HTTPException: on_http,
    Exception: on_anything,
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: the problems that it answers with."""
    return {status: {"model": Problem, "description": _title(status)} for status in statuses}
