"""What a parameter may never put into a header or cookie: THREATS R-04, R-06, R-09; CANON WI-06."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actionry.errors import ArgumentError
from actionry.http import Request
from actionry.openapi.model import Location, Parameter, Style, Values
from actionry.request import build_request, ignored_header
from support.wire_table import document_of, operation_of

SERVER = "https://api.example.com"


def build(location: str, value: Any, name: str = "X-Trace", **extra: Any) -> Request:
    if "content" not in extra:
        extra["schema"] = {}
    operation = operation_of(document_of(parameters=[{"name": name, "in": location, **extra}], version="3.2.0"))
    values = Values()
    getattr(values, location)[name] = value
    return build_request(operation, values, SERVER)


@pytest.mark.row("R-04")
@pytest.mark.parametrize("location", ["header", "cookie"])
@pytest.mark.parametrize("text", ["v\r\nX: 1", "v\n", "\rv", "v\x00", "日本", "v\x7f", "\u2028", "😀", "\ud800"])
def test_text_that_would_break_the_message_is_refused(location: str, text: str) -> None:
    values: list[Any] = [text, [text], ["a", text], {"k": text}, {text: "v"}]
    for value in values:
        with pytest.raises(ArgumentError) as caught:
            build(location, value)
        assert caught.value.argument is not None
        assert caught.value.argument.startswith(f"{location}.X-Trace")


@pytest.mark.row("R-04")
@pytest.mark.parametrize("style", ["form", "cookie"])
def test_a_cookie_value_begins_no_other_cookie(style: str) -> None:
    if style == "form":
        assert build("cookie", "a; admin=1", "sid", style=style).headers["Cookie"] == "sid=a%3B%20admin%3D1"
    else:
        with pytest.raises(ArgumentError):
            build("cookie", "a; admin=1", "sid", style=style)


@pytest.mark.row("R-04")
def test_a_query_carries_any_text_percent_encoded() -> None:
    assert build("query", "a\r\nX: 1\x00é日", "q").url == f"{SERVER}/x?q=a%0D%0AX%3A%201%00%C3%A9%E6%97%A5"


def test_latin_1_and_tabs_are_fine_and_blanks_around_are_no_part() -> None:
    assert build("header", " caf\xe9\tx ").headers["X-Trace"] == "caf\xe9\tx"


RESERVED = [
    "Authorization", "authorization", "COOKIE", "Host", "Content-Length", "Transfer-Encoding", "Connection",
    "X-Forwarded-For", "x-forwarded-host", "Proxy-Authorization", "proxy-connection", "TE", "Upgrade", "Accept",
    "Content-Type", "Forwarded", "Keep-Alive", "Trailer", "Expect",
]  # fmt: skip


@pytest.mark.row("R-06")
@pytest.mark.parametrize("name", RESERVED)
def test_reserved_headers_are_never_set_by_a_parameter(name: str) -> None:
    assert ignored_header(name)
    assert not build("header", "stolen", name).headers


@pytest.mark.row("R-09")
@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"])
def test_the_method_is_never_overridden(name: str) -> None:
    assert ignored_header(name)
    with pytest.raises(ArgumentError) as caught:
        build("header", "DELETE", name)
    assert caught.value.argument == f"header.{name}"


@pytest.mark.row("WI-06")
@pytest.mark.parametrize("name", ["X-Api-Version", "If-Match", "Idempotency-Key", "Accept-Language", "Range"])
def test_other_headers_are_sent(name: str) -> None:
    assert not ignored_header(name)
    assert build("header", "1", name).headers[name] == "1"


def test_a_header_name_that_http_does_not_allow_is_refused() -> None:
    with pytest.raises(ArgumentError):
        build("header", "v", "X Bad:\r\n")


@pytest.mark.row("R-09")
@pytest.mark.parametrize("method", ["get", "head", "post", "delete"])
def test_a_body_that_the_document_does_not_declare_is_refused(method: str) -> None:
    operation = operation_of(document_of(method=method))
    with pytest.raises(ArgumentError) as caught:
        build_request(operation, Values(body={"a": 1}, has_body=True), SERVER)
    assert caught.value.argument == "body"


@pytest.mark.row("R-07")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), [float("nan")], {"a": float("inf")}])
@pytest.mark.parametrize("location", ["query", "header", "cookie"])
def test_what_is_no_number_is_refused(location: str, value: Any) -> None:
    with pytest.raises(ArgumentError):
        build(location, value)


@pytest.mark.row("R-08")
@pytest.mark.parametrize("location", ["query", "header", "cookie"])
def test_values_for_undeclared_parameters_are_refused(location: str) -> None:
    operation = operation_of(document_of())
    values = Values()
    getattr(values, location)["admin"] = "1"
    with pytest.raises(ArgumentError, match="admin"):
        build_request(operation, values, SERVER)


def test_objects_without_a_text_are_refused() -> None:
    with pytest.raises(ArgumentError, match="object"):
        build("query", object())


@pytest.mark.parametrize(
    ("location", "style", "sent"),
    [
        ("path", "spaceDelimited", "/x/a%20b"),
        ("path", "pipeDelimited", "/x/a%7Cb"),
        ("path", "tabDelimited", "/x/a%09b"),
        ("header", "spaceDelimited", "a b"),
        ("header", "pipeDelimited", "a|b"),
        ("header", "tabDelimited", "a\tb"),
    ],
)
def test_collection_formats_that_only_swagger_2_has(location: Location, style: Style, sent: str) -> None:
    parameter = Parameter(name="c", location=location, style=style, schema={"type": "array"})
    operation = replace(operation_of(document_of("/x/{c}" if location == "path" else "/x")), parameters=(parameter,))
    values = Values()
    getattr(values, location)["c"] = ["a", "b"]
    request = build_request(operation, values, SERVER)
    assert sent in (request.url.removeprefix(SERVER), request.headers.get("c"))
