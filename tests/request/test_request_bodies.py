"""Choosing among media types, and bodies that cannot be written."""

from __future__ import annotations

import datetime
import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from actionry.errors import ArgumentError
from actionry.http import File, Request
from actionry.openapi.model import Values
from actionry.request import build_request
from support.wire_table import document_of, operation_of

SERVER = "https://api.example.com"
PICTURE = File("p.png", b"\x89PNG\xff", "image/png")


def build(value: Any, *content: str, wanted: str | None = None, boundary: str | None = None, **media: Any) -> Request:
    document = document_of(method="post", requestBody={"content": dict.fromkeys(content, {"schema": {}} | media)})
    values = Values(body=value, has_body=True, media_type=wanted)
    return build_request(operation_of(document), values, SERVER, boundary=boundary)


@pytest.mark.parametrize(
    ("content", "value", "chosen"),
    [
        (["application/xml", "application/json"], {}, "application/json"),
        (["application/vnd.x+json", "application/json"], {}, "application/json"),
        (["multipart/form-data", "application/x-www-form-urlencoded"], {}, "application/x-www-form-urlencoded"),
        (["text/plain", "*/*"], {}, "application/json"),
        (["application/octet-stream", "text/plain"], "a", "text/plain"),
        (["application/json", "application/octet-stream"], b"x", "application/octet-stream"),
        (["application/json", "image/png"], PICTURE, "image/png"),
        (["application/json", "multipart/form-data"], {"f": PICTURE}, "multipart/form-data; boundary=b"),
        (["application/x-www-form-urlencoded", "text/plain"], "a", "text/plain"),
        (["application/json-patch+json", "application/merge-patch+json"], {}, "application/merge-patch+json"),
        (["application/json-patch+json", "application/merge-patch+json"], [], "application/json-patch+json"),
        (["application/x-amz-json-1.1"], {}, "application/x-amz-json-1.1"),
        (["Application/JSON; Charset=UTF-8"], {}, "Application/JSON; Charset=UTF-8"),
        (["application/graphql"], "{ a }", "application/graphql"),
        (["*/*"], PICTURE, "image/png"),
        (["*/*"], None, "application/json"),
        (["application/*"], "a", "application/json"),
        (["text/*"], 5, "text/plain; charset=utf-8"),
    ],
)
def test_the_best_supported_type_that_fits_is_chosen(content: list[str], value: Any, chosen: str) -> None:
    assert build(value, *content, boundary="b").headers["Content-Type"] == chosen


def test_the_declared_types_of_a_schema_count() -> None:
    content = {
        "application/json": {"schema": {"type": "object"}},
        "text/plain": {"schema": {"type": "string"}},
    }
    operation = operation_of(document_of(method="post", requestBody={"content": content}))
    request = build_request(operation, Values(body="a", has_body=True), SERVER)
    assert request.headers["Content-Type"] == "text/plain"


def test_a_wanted_type_is_taken_or_refused() -> None:
    types = ("application/json", "text/plain; charset=utf-8", "image/*")
    assert build("a", *types, wanted="text/plain").headers["Content-Type"] == "text/plain; charset=utf-8"
    assert build(b"x", *types, wanted="image/webp").headers["Content-Type"] == "image/webp"
    with pytest.raises(ArgumentError, match="text/plain"):
        build("a", *types, wanted="application/xml")


def test_a_body_without_any_media_type_is_json() -> None:
    from dataclasses import replace

    from actionry.openapi.model import RequestBody

    operation = replace(operation_of(document_of(method="post")), request_body=RequestBody(content=()))
    request = build_request(operation, Values(body={"a": 1}, has_body=True), SERVER)
    assert (request.headers["Content-Type"], request.content) == ("application/json", b'{"a":1}')


@pytest.mark.row("R-07")
@pytest.mark.parametrize("value", [float("nan"), {"a": float("inf")}, "\ud800", {"\ud800": 1}, [object()]])
@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/xml"],
)
def test_what_cannot_be_written_is_refused_and_named(media_type: str, value: Any) -> None:
    if media_type in ("application/x-www-form-urlencoded", "multipart/form-data") and not isinstance(value, dict):
        value = {"field": value}
    with pytest.raises(ArgumentError) as caught:
        build(value, media_type)
    assert caught.value.argument is not None
    assert caught.value.argument.startswith("body")
    assert caught.value.mend


def test_python_values_have_their_usual_text() -> None:
    when = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
    assert build({"at": when, "on": when.date(), "t": (1, 2)}, "application/json").content == (
        b'{"at":"2024-02-29T12:00:00+00:00","on":"2024-02-29","t":[1,2]}'
    )


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("value", [5, True])
def test_a_form_is_an_object(media_type: str, value: Any) -> None:
    with pytest.raises(ArgumentError, match="object"):
        build(value, media_type)


@pytest.mark.parametrize("text", ["no base64!", "abc$", "a"])
def test_text_for_binary_content_must_be_base64(text: str) -> None:
    with pytest.raises(ArgumentError, match="base64"):
        build(text, "image/png")
    with pytest.raises(ArgumentError, match="base64"):
        build({"f": text}, "multipart/form-data", schema={"properties": {"f": {"type": "string", "format": "binary"}}})


def test_text_of_a_certain_form_is_sent_as_it_is() -> None:
    schema = {"type": "string", "contentEncoding": "base64"}
    assert build("aGk=", "application/octet-stream", schema=schema).content == b"aGk="
    assert build("aGk=", "application/octet-stream", schema={"type": "string"}).content == b"hi"


def test_json_given_as_bytes_is_the_document_itself() -> None:
    assert build(b'{"a": 1}', "application/json", schema={"type": "object"}).content == b'{"a": 1}'
    assert build(b"hi", "application/json", schema={"type": "string"}).content == b'"aGk="'


def test_a_charset_that_cannot_write_the_text_is_an_error() -> None:
    with pytest.raises(ArgumentError, match="iso8859-1"):
        build("日本", "text/plain; charset=iso-8859-1")


def test_a_boundary_is_never_part_of_the_content() -> None:
    request = build({"a": "x\r\n--b\r\ny", "f": b"--b-1"}, "multipart/form-data", boundary="b")
    assert request.headers["Content-Type"] == "multipart/form-data; boundary=b-2"
    assert request.content is not None
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + request.headers["Content-Type"].encode() + b"\r\n\r\n" + request.content
    )
    contents = [part.get_payload(decode=True) for part in message.iter_parts()]
    assert contents == [b"x\r\n--b\r\ny", b"--b-1"]


def test_boundaries_differ_unless_given() -> None:
    first, second = (build({"a": "x"}, "multipart/form-data").headers["Content-Type"] for _ in range(2))
    assert first != second
    with pytest.raises(ValueError, match="boundary"):
        build({"a": "x"}, "multipart/form-data", boundary="a\r\nb")


def test_part_types_and_headers_are_one_line_each() -> None:
    with pytest.raises(ArgumentError):
        build({"f": File("a", b"", "image/png\r\nX: 1")}, "multipart/form-data")


@pytest.mark.parametrize(
    ("own", "declared", "sent"),
    [
        ("image/png", "image/png, image/jpeg", "image/png"),
        ("image/webp", "image/*", "image/webp"),
        ("text/plain", "image/png, image/jpeg", "image/png"),
        ("text/plain", "image/*", "text/plain"),
        ("image/jpeg", None, "image/jpeg"),
    ],
)
def test_a_file_keeps_its_type_where_the_document_allows_it(own: str, declared: str | None, sent: str) -> None:
    encoding = {"f": {"contentType": declared}} if declared else {}
    request = build({"f": File("x", b"1", own)}, "multipart/form-data", encoding=encoding)
    assert request.content is not None
    assert f"Content-Type: {sent}\r\n\r\n1".encode() in request.content


def test_related_names_the_type_of_its_root() -> None:
    request = build([{"title": "x"}, PICTURE], "multipart/related", boundary="b", schema={"type": "array"})
    assert request.headers["Content-Type"] == 'multipart/related; type="application/json"; boundary=b'


NIL = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"'
TEXT_NODE = {"t": {"xml": {"nodeType": "text"}}, "k": {"xml": {"nodeType": "attribute"}}}
CDATA_NODE = {"c": {"xml": {"nodeType": "cdata"}}}


@pytest.mark.parametrize(
    ("schema", "value", "xml"),
    [
        ({"type": "object", "xml": {"name": "a"}}, {"b": None}, f"<a><b {NIL}/></a>"),
        (
            {"type": "array", "xml": {"name": "l"}, "items": {"xml": {"name": "i"}}},
            [1, "<"],
            "<l><i>1</i><i>&lt;</i></l>",
        ),
        ({"type": "object", "xml": {"name": "a", "namespace": "urn:x"}}, {}, '<a xmlns="urn:x"/>'),
        ({}, {"a": {"b": [True, 1.0]}}, "<root><a><b>true</b><b>1</b></a></root>"),
        ({"xml": {"name": "a"}, "properties": TEXT_NODE}, {"k": '"&', "t": "x"}, "<a k='\"&amp;'>x</a>"),
        ({"xml": {"name": "a"}, "properties": CDATA_NODE}, {"c": "<]]>"}, "<a><![CDATA[<]]]]><![CDATA[>]]></a>"),
    ],
)
def test_xml_follows_the_hints(schema: Any, value: Any, xml: str) -> None:
    content = build(value, "application/xml", schema=schema).content
    assert content is not None
    assert content.decode().partition("\n")[2] == xml


def test_an_xml_root_is_named_by_its_component() -> None:
    content = {"application/xml": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    components = {"schemas": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}}}
    document = document_of(method="post", requestBody={"content": content}, components=components)
    request = build_request(operation_of(document), Values(body={"name": "Rex"}, has_body=True), SERVER)
    assert request.content is not None
    assert request.content.endswith(b"<Pet><name>Rex</name></Pet>")


@pytest.mark.parametrize("value", [{"a b": 1}, {"": 1}, {"a": "\x00"}, {"<x>": 1}])
def test_what_xml_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentError):
        build(value, "application/xml")


def test_values_are_not_changed() -> None:
    value = {"a": [1.0, None, {"b": b"x"}]}
    before = repr(value)
    build(value, "application/json")
    build(value, "multipart/form-data")
    assert repr(value) == before
    assert json.loads(build({"a": {"1": None}}, "application/json").content or b"") == {"a": {"1": None}}


@pytest.mark.row("R-04")
def test_a_media_type_cannot_add_a_header() -> None:
    evil = "image/png\r\nX-Admin: 1"
    with pytest.raises(ArgumentError):
        build(File("a", b"", evil), "*/*")
    with pytest.raises(ArgumentError):
        build(b"", "image/*", wanted=evil)


@pytest.mark.row("R-07")
@pytest.mark.parametrize(
    "media_type", ["application/json", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"]
)
def test_deep_nesting_is_an_error_and_no_crash(media_type: str) -> None:
    value: Any = "x"
    for _ in range(100_000):
        value = {"a": [value]}
    with pytest.raises(ArgumentError):
        build(value, media_type)
    # Python's own repr and destructor would recurse too: take the value apart again.
    while isinstance(value, dict):
        value = value["a"].pop()
