"""A server reads back what was sent, for made-up values: round trips through independent readers."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.http import File, Request
from actionry.openapi.model import Operation, Values
from actionry.request import build_request
from support.wire_table import document_of, operation_of

SERVER = "https://api.example.com"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = TEXTS.filter(bool)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@cache
def query_operation(style: str, explode: bool, name: str = "p", media_type: str | None = None) -> Operation:
    described: dict[str, Any] = {"name": name, "in": "query"}
    described |= {"content": {media_type: {}}} if media_type else {"schema": {}, "style": style, "explode": explode}
    return operation_of(document_of(parameters=[described]))


def sent_query(operation: Operation, value: Any, name: str = "p") -> str:
    url = build_request(operation, Values(query={name: value}), SERVER).url
    assert url.isascii()
    return urlsplit(url).query


def pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []


@given(TEXTS)
def test_text_in_a_query(value: str) -> None:
    assert pairs(sent_query(query_operation("form", True), value)) == [("p", value)]


@given(NAMES, TEXTS)
def test_a_name_in_a_query(name: str, value: str) -> None:
    operation = operation_of(document_of(parameters=[{"name": name, "in": "query", "schema": {}}]))
    assert pairs(sent_query(operation, value, operation.parameters[0].name)) == [(operation.parameters[0].name, value)]


@given(st.lists(TEXTS, min_size=1))
def test_an_exploded_list(value: list[str]) -> None:
    for style in ("form", "spaceDelimited", "pipeDelimited"):
        assert pairs(sent_query(query_operation(style, True), value)) == [("p", text) for text in value]


@pytest.mark.parametrize(("style", "delimiter"), [("form", ","), ("spaceDelimited", "%20"), ("pipeDelimited", "%7C")])
@given(value=st.lists(st.text("abcäö,&=+#/", min_size=1), min_size=1))
def test_a_joined_list_is_split_before_it_is_decoded(style: str, delimiter: str, value: list[str]) -> None:
    _, _, joined = sent_query(query_operation(style, False), value).partition("=")
    assert [unquote(text) for text in joined.split(delimiter)] == value


@given(st.dictionaries(TEXTS, TEXTS, min_size=1))
def test_an_exploded_object(value: dict[str, str]) -> None:
    assert dict(pairs(sent_query(query_operation("form", True), value))) == value


@given(st.dictionaries(NAMES.filter(lambda name: "[" not in name and "]" not in name), TEXTS, min_size=1))
def test_a_deep_object(value: dict[str, str]) -> None:
    read = {key[2:-1]: text for key, text in pairs(sent_query(query_operation("deepObject", True), value))}
    assert read == value


@given(JSON.filter(lambda value: value is not None))
def test_json_content_in_a_query(value: Any) -> None:
    ((name, text),) = pairs(sent_query(query_operation("", True, "p", "application/json"), value))
    assert name == "p"
    assert json.loads(text) == value


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_and_has_no_exponent(value: float) -> None:
    text = sent_query(query_operation("form", True), value).removeprefix("p=")
    assert "e" not in text.lower()
    assert (int(text) if isinstance(value, int) else float(text)) == value


@cache
def body_operation(media_type: str) -> Operation:
    return operation_of(document_of(method="post", requestBody={"content": {media_type: {"schema": {}}}}))


def body_of(media_type: str, value: Any) -> Request:
    return build_request(body_operation(media_type), Values(body=value, has_body=True), SERVER)


@given(JSON)
def test_json(value: Any) -> None:
    assert json.loads(body_of("application/json", value).content or b"") == value


@given(st.lists(JSON))
def test_json_lines(value: list[Any]) -> None:
    content = body_of("application/x-ndjson", value).content or b""
    assert [json.loads(line) for line in content.decode().split("\n")[:-1]] == value


@given(st.dictionaries(TEXTS, TEXTS))
def test_a_form(value: dict[str, str]) -> None:
    content = (body_of("application/x-www-form-urlencoded", value).content or b"").decode()
    assert content.isascii()
    assert dict(pairs(content)) == value


@given(st.dictionaries(st.text("abc ü[]-", min_size=1), TEXTS | st.binary(), min_size=1))
def test_multipart(value: dict[str, Any]) -> None:
    request = body_of("multipart/form-data", value)
    head = b"Content-Type: " + request.headers["Content-Type"].encode() + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + (request.content or b""))
    contents = [part.get_payload(decode=True) for part in message.iter_parts()]
    assert contents == [item if isinstance(item, bytes) else item.encode() for item in value.values()]


@given(st.binary())
def test_octets(value: bytes) -> None:
    for given_as in (value, File("f", value), bytearray(value)):
        assert body_of("application/octet-stream", given_as).content == value


@given(TEXTS)
def test_text(value: str) -> None:
    assert (body_of("text/plain", value).content or b"").decode() == value


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_a_cookie(value: str) -> None:
    operation = operation_of(document_of(parameters=[{"name": "c", "in": "cookie", "schema": {}}]))
    cookie = build_request(operation, Values(cookie={"c": value}), SERVER).headers["Cookie"]
    assert unquote(cookie.removeprefix("c=")) == value
    assert not set(cookie) & set(' ",;\\')
