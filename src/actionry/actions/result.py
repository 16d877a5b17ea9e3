"""What came back of a call: data for programs, text for a model, files for people.

The API is not trusted: secrets that it echoes are taken out before anyone reads them (THREATS L-04), and so is text
that a person would not see (P-11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, assert_never

from actionry.actions.content import BAD, Content, dump_json, parse_json, parse_json_lines, read_content
from actionry.actions.file_names import name_of_download
from actionry.actions.html_text import html_to_text
from actionry.actions.shape import WHOLE, Shape, Shaped, shape_json, shape_lines, shape_text
from actionry.credentials.masking import Masker
from actionry.errors import ActionryError, OutboundError, OutboundTimeout, ResponseTooLarge
from actionry.http import File, Headers, Response, shown_url
from actionry.tools.plain_text import visible

NO_SECRETS = Masker()


@dataclass(slots=True, kw_only=True, repr=False)
class Result:
    """The answer to one call, whatever its status: an API's "no" is something that a model should read (WI-13)."""

    status: int
    media_type: str
    """`application/json` of `Application/JSON; charset=utf-8`; "" when undeclared."""
    data: Any
    """JSON as Python data, a list for one JSON value per line, other text as str, bytes as `File`, None when empty."""
    text_for_model: str
    """The answer as a model should read it, within the budget; begins with the status when it is not a success."""
    headers: Headers
    url: str
    """The address that was called, without credentials."""
    elapsed_s: float = 0.0
    truncated: bool = False
    """Whether `text_for_model` says less than the answer; the whole is in `rest`."""
    rest: File | None = None
    """The whole answer, when it was shortened: to be kept, and asked for."""
    files: tuple[File, ...] = ()
    """What came as a file: a binary answer, or `openaiFileResponse` (FI-05)."""
    remarks: tuple[str, ...] = field(default=())
    """What was left out or read otherwise than declared, each a sentence."""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        # An answer may hold personal data: it is not for tracebacks and logs (L-03).
        return f"<Result {self.status} {self.media_type or 'no type'} from {shown_url(self.url)}>"


def read_result(
    response: Response,
    *,
    url: str,
    masker: Masker = NO_SECRETS,
    shape: Shape = WHOLE,
    limit: int | None = None,
    name: str = "answer",
) -> Result:
    """The response as a Result.

    `url`: as called, without credentials. `limit`: characters of text beyond which ResponseTooLarge is raised; its
    `result` holds the shortened answer. `name` begins the names of files that are made of the answer.
    """
    content_type = response.headers.get("Content-Type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    content = read_content(response.content, content_type)
    headers, text = _without_secrets(response.headers, content.text, masker)
    result = Result(
        status=response.status,
        media_type=media_type,
        data=None,
        text_for_model="",
        headers=headers,
        url=url,
        elapsed_s=response.elapsed_s,
        remarks=(f"The answer is {content.remark}.",) if content.remark else (),
    )
    if content.kind == "empty":
        result.text_for_model = f"{_status_text(response.status, headers)}, no content."
    elif content.kind == "binary":
        file_type = media_type or "application/octet-stream"
        file_name = name_of_download(headers.get("Content-Disposition"), url, name, file_type)
        file = File(file_name, masker.content(response.content), file_type)
        result.data, result.files = file, (file,)
        result.text_for_model = _with_status(describe_file(file), response.status, headers)
    else:
        _fill_with_text(result, content, text, masker, shape, limit, name)
    return result


def _fill_with_text(
    result: Result, content: Content, text: str, masker: Masker, shape: Shape, limit: int | None, name: str
) -> None:
    if content.kind == "json" and _is_plain(text, shape, limit):
        data = parse_json(text)
        if data is not BAD:
            result.data = data
            result.text_for_model = text if result.ok else f"{_status_text(result.status, result.headers)}\n{text}"
            return
    too_large = limit is not None and len(text) > limit
    if too_large and limit is not None and shape.characters > limit:
        shape = replace(shape, characters=limit)
    result.data, shaped = _read_text(content, text, masker, shape, result.url, too_large=too_large)
    shown = shaped.text
    if not (shown.isascii() and shown.isprintable()):
        shown = visible(shown)
    result.text_for_model = shown if result.ok else f"{_status_text(result.status, result.headers)}\n{shown}"
    if shaped.cut:
        result.truncated = True
        result.rest = File(
            f"{name}{_EXTENSIONS[content.kind]}", text.encode("utf-8", "replace"), result.media_type or "text/plain"
        )
    if too_large and limit is not None:
        raise too_large_error(len(text), limit, result)


def _is_plain(text: str, shape: Shape, limit: int | None) -> bool:
    """Whether JSON text, as nearly all is, goes to the model as it came: short, on one line, in visible ASCII."""
    size = len(text)
    return (
        size <= shape.characters
        and (limit is None or size <= limit)
        and not shape.fields
        and text.isascii()
        and text.isprintable()
        and "\\u" not in text
    )


def _without_secrets(headers: Headers, text: str, masker: Masker) -> tuple[Headers, str]:
    """Both in one look: nearly every answer echoes nothing."""
    joined = "\n".join((*headers.values(), text))
    if masker.text(joined) == joined:
        return headers, text
    return Headers((name, masker.text(value)) for name, value in headers.items()), masker.text(text)


def too_large_error(size: int | None, limit: int, result: Result | None = None) -> ResponseTooLarge:
    """WI-04: the size, and how to get less."""
    told = f"{size:,} characters" if size is not None else "more than can be read"
    error = ResponseTooLarge(
        f"The API answered {told}; a model reads up to {limit:,}.",
        size=size,
        limit=limit,
        mend="Ask for less: fewer items a page (e.g. `limit`, `page_size`), a page (`page`, `offset`, `cursor`), "
        "fewer fields, or a narrower filter.",
    )
    error.result = result
    return error


_NOT_FINITE = re.compile(r"\b(?:NaN|Infinity)\b")  # no JSON, so they cannot be written out again
_EXTENSIONS = {
    "json": ".json", "json lines": ".jsonl", "csv": ".csv", "html": ".html", "xml": ".xml", "events": ".txt",
    "text": ".txt", "binary": ".bin", "empty": ".txt",
}  # fmt: skip


def _read_text(
    content: Content, text: str, masker: Masker, shape: Shape, url: str, *, too_large: bool
) -> tuple[Any, Shaped]:
    match content.kind:
        case "json":
            data = _parse_masked(content.text, text, masker)
            if data is BAD:
                return text, shape_text(text, shape)
            # Escapes may spell invisible characters; written out, they are seen and taken out (P-11).
            tidy = ("\\u" in text or "\n" in text) and not _NOT_FINITE.search(text)
            shown = dump_json(data) if tidy else text
            return data, shape_json(data, shown, shape)
        case "json lines":
            data = parse_json_lines(text)
            if data is BAD:
                return text, shape_lines(text, shape)
            shown = "\n".join(dump_json(item) for item in data) if "\\u" in text else text.strip()
            return data, shape_lines(shown, shape, what="values")
        case "csv":
            return text, shape_lines(text, shape, header=1, what="rows")
        case "html":
            # The parser's work grows with the text: an answer that is refused anyway is not read through.
            return text, shape_text(text if too_large else html_to_text(text, url), shape)
        case "xml" | "events" | "text":
            return text, shape_text(text, shape)
        case "empty" | "binary":
            raise AssertionError("handled before")
        case _:
            assert_never(content.kind)


def _parse_masked(original: str, masked: str, masker: Masker) -> Any:
    """The data of the masked text; where masking broke the JSON (a number was the secret), its strings one by one."""
    data = parse_json(masked)
    if data is not BAD or masked is original or masked == original:
        return data
    data = parse_json(original)
    return BAD if data is BAD else _mask_exactly(data, masker)


def _mask_exactly(value: Any, masker: Masker) -> Any:
    """Only the exact secrets, unlike `Masker.value`: a `token` that the API hands out is its answer (L-04)."""
    if isinstance(value, str):
        return masker.text(value)
    if isinstance(value, list):
        return [_mask_exactly(item, masker) for item in value]
    if isinstance(value, dict):
        return {masker.text(key): _mask_exactly(item, masker) for key, item in value.items()}
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        shown = str(value)
        return value if masker.text(shown) == shown else masker.text(shown)
    return value


def describe_file(file: File, file_id: str | None = None) -> str:
    """`[file report.pdf, application/pdf, 12,345 bytes]`: what a model reads in a file's place."""
    known = f", id {file_id}" if file_id else ""
    return f"[file {file.name}, {file.media_type}, {len(file.content):,} bytes{known}]"


def _with_status(text: str, status: int, headers: Headers) -> str:
    return text if 200 <= status < 300 else f"{_status_text(status, headers)}\n{text}"


def _status_text(status: int, headers: Headers) -> str:
    """`HTTP 404 Not Found`; a redirect names where to, and that it was not followed (D-12)."""
    phrase = _PHRASES.get(status, "")
    text = f"HTTP {status} {phrase}".rstrip()
    location = headers.get("Location")
    if location and 300 <= status < 400:
        return f"{text} (redirects to {visible(shown_url(location))}; not followed)"
    retry = headers.get("Retry-After")
    if retry and status in (429, 503):
        return f"{text} (try again after {visible(retry)[:40]})"
    return text


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


# ------------------------------------------------------------------------------------------ other words for the model


def error_for_model(error: ActionryError) -> str:
    """An error as a model should read it: one JSON object that says what happened and whose turn it is.

    `{"error": {"kind": "ArgumentError", "message": "…", "mend": "…", "may_retry": true}}`
    """
    told: dict[str, Any] = {"kind": type(error).__name__, "message": visible(error.message)}
    if error.mend:
        told["mend"] = visible(error.mend)
    if isinstance(error, OutboundTimeout):
        told["timed_out"] = True
    if isinstance(error, OutboundError):
        told["sent"] = error.sent
    if isinstance(error, ResponseTooLarge):
        told.update(size=error.size, limit=error.limit)
    for name in ("argument", "rule", "example"):
        if getattr(error, name, None) is not None:
            told[name] = getattr(error, name)
    told["told_to"] = error.told_to
    told["may_retry"] = error.may_retry
    if error.retry_after_s is not None:
        told["retry_after_s"] = error.retry_after_s
    return dump_json({"error": told})


_TERMINAL = re.compile(
    # OSC, DCS, SOS, PM, APC up to their end (OSC 8 links, OSC 52 clipboard); CSI; other escapes; C1 forms.
    "(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?"
    "|(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"
    "|\x1b[ -/]*[0-~]?"
)


def for_terminal(text: str) -> str:
    """Text that can be printed: no escape sequence, control character or invisible text in it (THREATS X-12)."""
    return visible(_TERMINAL.sub("", text)).replace("\r\n", "\n").replace("\r", "\n")


# ----------------------------------------------------------------------------------------------- for the journal


def outcome_of(what: Result | BaseException | None) -> dict[str, Any]:
    """What a journal keeps of a call that ended: enough to give its answer again, and no secret."""
    if isinstance(what, Result):
        return {
            "status": what.status,
            "media_type": what.media_type,
            "text_for_model": what.text_for_model,
            "url": shown_url(what.url),
            "truncated": what.truncated,
        }
    if isinstance(what, ActionryError):
        return {"error": type(what).__name__, "why": what.message}
    return {"error": type(what).__name__ if what is not None else "Cancelled", "why": "The call was given up."}


def result_of(outcome: Mapping[str, Any]) -> Result | None:
    """The Result that `outcome_of` was given, as far as it was kept; None of an error's."""
    if "status" not in outcome:
        return None
    return Result(
        status=outcome["status"],
        media_type=outcome["media_type"],
        data=outcome["text_for_model"],
        text_for_model=outcome["text_for_model"],
        headers=Headers(),
        url=outcome["url"],
        truncated=outcome["truncated"],
        remarks=("This call was made before; this is its recorded answer.",),
    )
