"""A value can never lead out of the operation's path: THREATS R-01, R-02, R-03."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.errors import ArgumentError
from actionry.http import Request
from actionry.openapi.model import Operation, Values
from actionry.request import build_request
from support.wire_table import document_of, operation_of

SERVER = "https://api.example.com/v1"


def operation(template: str, **style: Any) -> Operation:
    names = re.findall(r"\{([^{}]+)\}", template)
    parameters = [{"name": n, "in": "path", "required": True, "schema": {}, **style} for n in dict.fromkeys(names)]
    return operation_of(document_of(template, parameters=parameters))


USERS = operation("/users/{id}")


def build(value: Any, of: Operation = USERS, name: str = "id") -> Request:
    return build_request(of, Values(path={name: value}), SERVER)


@pytest.mark.row("R-01")
@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("../../admin", "..%2F..%2Fadmin"),
        ("a/../../admin", "a%2F..%2F..%2Fadmin"),
        ("a?x=1", "a%3Fx%3D1"),
        ("a#f", "a%23f"),
        (";v=1", "%3Bv%3D1"),
        ("//evil/x", "%2F%2Fevil%2Fx"),
        ("https://evil.example", "https%3A%2F%2Fevil.example"),
        ("@evil.example", "%40evil.example"),
        ("\\\\evil\\x", "%5C%5Cevil%5Cx"),
        ("group%2Fproject", "group%252Fproject"),
        ("v1..2", "v1..2"),
        ("...", "..."),
        ("a／b", "a%EF%BC%8Fb"),
    ],
)
def test_goes_out_as_one_segment(value: str, segment: str) -> None:
    assert build(value).url == f"{SERVER}/users/{segment}"


@pytest.mark.row("R-02")
@pytest.mark.parametrize(
    "value",
    [
        ".", "..", "%2e", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00", ".%00", "\uff0e\uff0e", "\u2025", "\u2024",
        "%EF%BC%8E%EF%BC%8E", "..%2fadmin", "%2e%2e%2fadmin", "\uff0e\uff0e/admin", "..;", "..;x=1", "..\\admin",
        "a%2f..%2fadmin", "..%5cadmin", " ..%20",
    ],
)  # fmt: skip
def test_dot_segments_in_any_dress_are_refused(value: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        build(value)
    assert caught.value.argument == "path.id"
    assert caught.value.rule in ("dot-segment", "control-character")
    assert caught.value.mend


@pytest.mark.row("R-02")
@pytest.mark.parametrize("value", ["a\x00", "a\r\nb", "a\tb", "\x7f", "\x85", "%0d%0a", "%2500"])
def test_control_characters_are_refused(value: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        build(value)
    assert caught.value.rule == "control-character"


@pytest.mark.row("R-02")
def test_dots_that_several_values_make_together_are_refused() -> None:
    both = operation("/x/{a}{b}")
    with pytest.raises(ArgumentError):
        build_request(both, Values(path={"a": ".", "b": ""}), SERVER)
    with pytest.raises(ArgumentError):
        build(".", operation("/x/.{id}"))
    with pytest.raises(ArgumentError):
        build("", operation("/x/.{id}"))
    with pytest.raises(ArgumentError):
        build(".", operation("/x/{id}", style="label"))
    assert build(5, operation("/x/.{id}")).url == f"{SERVER}/x/.5"


@pytest.mark.row("R-02")
@pytest.mark.parametrize("value", [["..", "x"], ["a", "%2e%2e"], {"..": "x"}, {"a": "\x00"}])
def test_members_are_checked_too(value: Any) -> None:
    with pytest.raises(ArgumentError):
        build(value)


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_an_empty_value_would_be_another_address(value: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        build(value)
    assert caught.value.argument == "path.id"


def test_a_missing_value_is_named() -> None:
    with pytest.raises(ArgumentError, match=r"path\.id"):
        build_request(USERS, Values(), SERVER)


@pytest.mark.row("R-03")
@given(st.text(), st.sampled_from(["simple", "label", "matrix"]))
def test_whatever_is_given_origin_base_and_template_stay(value: str, style: str) -> None:
    template = operation_of(STYLED[style])
    try:
        request = build(value, template)
    except ArgumentError:
        return
    parts = urlsplit(request.url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "api.example.com", "", "")
    assert re.fullmatch(r"/v1/users/[^/?#]+/posts", parts.path)
    assert request.url.isascii()
    if style != "label" or value:
        assert "/./" not in parts.path
    assert "/../" not in parts.path


STYLED = {
    style: document_of(
        "/users/{id}/posts",
        parameters=[{"name": "id", "in": "path", "required": True, "schema": {}, "style": style}],
    )
    for style in ("simple", "label", "matrix")
}


@pytest.mark.row("R-03")
@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("https://api.example.com", "https://api.example.com/users/7"),
        ("https://api.example.com/", "https://api.example.com/users/7"),
        ("https://api.example.com/v1", "https://api.example.com/v1/users/7"),
        ("https://api.example.com/v1/", "https://api.example.com/v1/users/7"),
        ("http://[::1]:8080/a b/", "http://[::1]:8080/a%20b/users/7"),
        ("https://api.example.com/v1?key=1", "https://api.example.com/v1/users/7?key=1"),
        ("https://api.example.com/v1#x", "https://api.example.com/v1/users/7"),
        ("/v1/", "/v1/users/7"),
        ("", "/users/7"),
        ("/", "/users/7"),
    ],
)
def test_server_and_path_are_joined(server: str, url: str) -> None:
    assert build_request(USERS, Values(path={"id": 7}), server).url == url


@pytest.mark.row("R-05")
@pytest.mark.parametrize(
    "server", ["https://{host}/v1", "https://a.example\\@b.example", "https://a b/", "https://a:99999/", "https:/x"]
)
def test_an_unusable_server_is_refused(server: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        build_request(USERS, Values(path={"id": 7}), server)
    assert caught.value.rule == "server"


def test_a_path_is_never_read_as_another_host() -> None:
    slashes = operation("//evil.example/{id}")
    assert build_request(slashes, Values(path={"id": 1}), "").url == "/evil.example/1"
    assert build(1, slashes).url == f"{SERVER}/evil.example/1"


def test_the_document_own_server_is_the_default() -> None:
    document = document_of("/x", servers=[{"url": "https://own.example/base"}])
    assert build_request(operation_of(document), Values()).url == "https://own.example/base/x"


def test_a_variable_that_nobody_declares_is_filled_all_the_same() -> None:
    undeclared = operation_of(document_of("/x/{who}"))
    assert build_request(undeclared, Values(path={"who": "a b"}), SERVER).url == f"{SERVER}/x/a%20b"


def test_a_method_that_is_no_token_is_the_builder_s_to_mend() -> None:
    item: dict[str, Any] = {"additionalOperations": {"GET /\r\nX: 1": {"responses": {}}}}
    document = {"openapi": "3.2.0", "info": {"title": "t", "version": "1"}, "paths": {"/x": item}}
    with pytest.raises(ArgumentError) as caught:
        build_request(operation_of(document), Values(), SERVER)
    assert caught.value.told_to == "builder"


def test_dots_that_the_template_itself_encodes_are_the_document_s() -> None:
    assert build(5, operation("/a%2eb{id}")).url == f"{SERVER}/a%2eb5"
    with pytest.raises(ArgumentError):
        build("", operation("/%2e{id}"))
