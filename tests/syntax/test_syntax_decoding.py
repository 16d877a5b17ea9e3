"""Bytes: encodings are recognised, and what is no text document is named."""

from __future__ import annotations

import gzip

import pytest

from actionry.errors import UnreadableDocument
from actionry.syntax import read_tree

TEXT = '{"title": "Café 天气"}'


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_unicode_encodings(encoding: str) -> None:
    tree = read_tree(TEXT.encode(encoding))
    assert tree.root == {"title": "Café 天气"}
    assert [finding.line for finding in tree.findings] == [1]


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ("title: Café crème".encode("cp1252"), "Café crème"),
        ("title: “x” – y".encode("cp1252"), "“x” – y"),
        ("title: 天气查询接口".encode("gb18030"), "天气查询接口"),
        ("title: 天气查询接口说明文字 ".encode() + b"\xff", "天气查询接口说明文字 \ufffd"),
    ],
)
def test_other_encodings_are_read_with_a_finding(data: bytes, title: str) -> None:
    tree = read_tree(data)
    assert tree.root == {"title": title}
    assert [(finding.code, finding.line) for finding in tree.findings] == [("SYNTAX-ENCODING", 1)]


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (gzip.compress(b"{}", mtime=0), "SYNTAX-BINARY", "gzip"),
        (b"PK\x03\x04abc", "SYNTAX-BINARY", "ZIP"),
        (b"%PDF-1.7", "SYNTAX-BINARY", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "SYNTAX-BINARY", "PNG"),
        (b"a: \x00", "SYNTAX-BINARY", "zero bytes"),
        ("a: \x00", "SYNTAX-BINARY", "zero bytes"),
        (b"", "SYNTAX-EMPTY", "empty"),
        (b" \r\n\t", "SYNTAX-EMPTY", "empty"),
        (b"\xef\xbb\xbf", "SYNTAX-EMPTY", "empty"),
        (b"\n<!DOCTYPE html><html></html>", "SYNTAX-HTML", "web page"),
        (b"<html lang=en>", "SYNTAX-HTML", "web page"),
        (b'<?xml version="1.0"?><a/>', "SYNTAX-XML", "XML"),
    ],
)
def test_what_is_no_text_document_is_named(data: bytes | str, code: str, says: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_tree(data)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert "JSON or YAML" in str(caught.value)


def test_half_a_surrogate_pair_in_a_str() -> None:
    tree = read_tree('{"a": "x\ud800"}')
    assert tree.root == {"a": "x\ufffd"}
