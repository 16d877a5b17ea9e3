"""What a document is, in which version, and what is no OpenAPI document at all."""

from __future__ import annotations

import datetime
import gzip
import json
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from actionry.errors import DocumentError, UnreadableDocument, UnsupportedVersion
from actionry.limits import READ_LIMITS, ReadLimits
from actionry.openapi.codes import CODES
from actionry.openapi.document import Document, read_document
from actionry.openapi.operations import read_operations


def codes(document: Document) -> list[str]:
    return [finding.code for finding in document.findings]


@pytest.mark.row("SP-01")
@pytest.mark.parametrize(
    ("declared", "version", "family", "expected"),
    [
        ('openapi: "3.0.0"', "3.0.0", "3.0", []),
        ("openapi: 3.0.9", "3.0.9", "3.0", []),
        ("openapi: 3.1.0", "3.1.0", "3.1", []),
        ("openapi: 3.1.1", "3.1.1", "3.1", []),
        ("openapi: 3.2.0", "3.2.0", "3.2", []),
        ("openapi: 3.0.0-rc1", "3.0.0-rc1", "3.0", []),
        ("openapi: 3.0", "3.0", "3.0", ["VERSION-NOT-TEXT"]),
        ("openapi: 3.1", "3.1", "3.1", ["VERSION-NOT-TEXT"]),
        ("openapi: 3", "3", "3.0", ["VERSION-NOT-TEXT", "VERSION-FORM"]),
        ('openapi: "3"', "3", "3.0", ["VERSION-FORM"]),
        ("openapi: v3", "v3", "3.0", ["VERSION-FORM", "VERSION-FORM"]),
        ("openapi: v3.1.0", "v3.1.0", "3.1", ["VERSION-FORM"]),
        ("openapi: 3.x\nwebhooks: {}", "3.x", "3.1", ["VERSION-FORM"]),
        ("openapi: 3.5.1", "3.5.1", "3.2", ["VERSION-UNKNOWN"]),
        ("openapi: latest", "latest", "3.0", ["VERSION-FORM"]),
        ("openapi:", "3.0", "3.0", ["VERSION-FORM"]),
        ("OpenAPI: 3.0.1", "3.0.1", "3.0", ["VERSION-FORM"]),
        ("swagger: '2.0'", "2.0", "2.0", []),
        ("swagger: 2.0", "2.0", "2.0", ["VERSION-NOT-TEXT"]),
        ("openapi: '2.0'", "2.0", "2.0", ["VERSION-FORM"]),
        ("swagger: 3.0.0", "3.0.0", "3.0", ["VERSION-FORM"]),
        ("swagger: '2.0'\nopenapi: 3.0.0", "3.0.0", "3.0", ["VERSION-TWICE"]),
        ("info: {}", "3.0", "3.0", ["VERSION-MISSING"]),
        ("definitions: {}\nbasePath: /v1", "2.0", "2.0", ["VERSION-MISSING"]),
        ("webhooks: {}", "3.1", "3.1", ["VERSION-MISSING"]),
    ],
)
def test_versions(declared: str, version: str, family: str, expected: list[str]) -> None:
    document = read_document(f"{declared}\npaths: {{}}\n")
    assert (document.version, document.family) == (version, family)
    assert codes(document) == expected
    for finding in document.findings:
        assert finding.line == (2 if "VERSION-TWICE" in expected else 1)
        assert finding.code in CODES
        assert finding.mend


@pytest.mark.parametrize("declared", ["swagger: '1.2'", "openapi: 4.0.0", "openapi: 1.0.0", "swaggerVersion: '1.2'"])
def test_other_versions_are_refused(declared: str) -> None:
    with pytest.raises(UnsupportedVersion):
        read_document(f"info: {{}}\n{declared}\napis: []\n")


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("openapi: 3.0.0\ninfo: {}", "PATHS-MISSING", "has no `paths`"),
        ("openapi: 3.0.0\npaths:", "PATHS-NOT-OBJECT", "empty"),
        ("openapi: 3.0.0\npaths: []", "PATHS-NOT-OBJECT", "a list"),
        ("openapi: 3.1.0\nwebhooks: {}", "PATHS-MISSING", "has no `paths`"),
    ],
)
def test_without_paths_it_still_loads(text: str, code: str, expected: str) -> None:
    document = read_document(text)
    assert read_operations(document) == []
    assert [finding.message for finding in document.findings if finding.code == code and expected in finding.message]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"schema_version": "v1", "name_for_model": "x", "api": {"type": "openapi", "url": "u"}}, "its api.url names"),
        ({"schema_version": "v2.1", "name_for_human": "x", "runtimes": []}, "plugin manifest"),
        ({"info": {"_postman_id": "1", "schema": "https://schema.getpostman.com/x"}, "item": []}, "Postman"),
        ({"info": "text", "item": []}, "Postman"),
        ({"asyncapi": "2.6.0", "channels": {}}, "AsyncAPI"),
        ({"arazzo": "1.0.0"}, "Arazzo"),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}, "JSON Schema"),
        ({"type": "object", "properties": {}}, "JSON Schema"),
        ({"data": {"__schema": {}}}, "GraphQL"),
        ({"kind": "discovery#restDescription"}, "Google"),
        ({"mcpServers": {}}, "MCP"),
        ({"log": {"entries": []}}, "HAR"),
        ({"detail": "Not Found"}, "error answer"),
        ({"spec": {"openapi": "3.0.0", "paths": {}}}, "/spec"),
        ({"name": "x", "scripts": {}}, "package.json"),
        ({}, "empty"),
        ({"hello": 1, "world": 2}, "hello, world"),
    ],
)
def test_other_kinds_are_named(source: dict[str, Any], says: str) -> None:
    for given in (source, json.dumps(source)):
        with pytest.raises(UnsupportedVersion) as caught:
            read_document(given)
        assert says.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"openapi": "3.0.0"}]', "a list"),
        ('"openapi: 3.0.0\\npaths: {}"', "quoted"),
        ("just some prose", "plain text"),
        ("https://example.com/openapi.json", "an address"),
        ("curl https://example.com", "cURL"),
        ("42", "a number"),
        ("null", "empty"),
        ("# only a comment", "empty"),
        ("<!doctype html><html>", "web page"),
        ("", "empty"),
    ],
)
def test_what_is_no_mapping_is_named(text: str, says: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(text)
    assert says in str(caught.value)


# Mappings


def test_a_plain_mapping_is_taken_as_it_is() -> None:
    source = {"openapi": "3.0.0", "paths": {"/a": {"get": {"responses": {"200": {}}}}}}
    document = read_document(source)
    assert document.root is source
    assert (document.tree, document.locate("/paths"), document.findings) == (None, None, [])


def test_other_mappings_are_made_plain_where_needed() -> None:
    schema = {"type": "object"}
    source = OrderedDict(
        openapi="3.0.0",
        info={"version": datetime.date(2024, 1, 2)},
        paths={"/a": {"get": {"responses": {200: {}, None: {}, True: {}}, "tags": ("a", "b"), "x": schema}}},
    )
    root = read_document(source).root
    get = root["paths"]["/a"]["get"]
    assert type(root) is dict
    assert list(get["responses"]) == ["200", "null", "true"]
    assert get["tags"] == ["a", "b"]
    assert get["x"] is schema
    assert root["info"] == {"version": "2024-01-02"}
    assert 200 in source["paths"]["/a"]["get"]["responses"]  # type: ignore[index]  # the caller's own is untouched


def test_cycles_bombs_and_foreign_values_in_a_mapping_are_refused() -> None:
    cycle: dict[str, Any] = {"openapi": "3.0.0", "paths": {}}
    cycle["paths"]["again"] = cycle
    deep: Any = {}
    for _ in range(5_000):
        deep = {"a": deep}
    bomb: Any = ["x"] * 9
    for _ in range(20):
        bomb = [bomb] * 9
    for bad in (cycle, {"paths": deep}, {"paths": bomb}, {"paths": {"a": object()}}, {"paths": {"a": b"x"}}):
        with pytest.raises(UnreadableDocument) as caught:
            read_document(bad)
        assert caught.value.pointer is not None


def test_limits_and_address_are_handed_on() -> None:
    with pytest.raises(UnreadableDocument):
        read_document("openapi: 3.0.0\npaths: {/a: {get: {}}}", limits=ReadLimits(depth=2))
    document = read_document("openapi: 3.0.0\npaths: {}", source_url="https://example.com/openapi.yaml")
    assert document.source_url == "https://example.com/openapi.yaml"
    place = document.locate("/paths")
    assert place is not None
    assert place.line == 2


# The corpus of third-party documents, where it is at hand


CORPUS = Path(os.environ.get("ACTIONRY_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")


@pytest.mark.slow
@pytest.mark.skipif(not (CORPUS / "index.json").exists(), reason="the corpus (ACTIONRY_CORPUS) is not at hand")
def test_the_corpus_loads_as_expected() -> None:
    wrong: list[str] = []
    for entry in json.loads((CORPUS / "index.json").read_bytes())["documents"]:
        data = (CORPUS / entry["file"]).read_bytes()
        if entry["file"].endswith(".gz"):
            data = gzip.decompress(data)
        try:
            document = read_document(data, limits=READ_LIMITS)
        except DocumentError as error:
            if entry["expect"] == "load" or not str(error):
                wrong.append(f"{entry['id']}: {error}")
            continue
        if entry["expect"] == "reject":
            wrong.append(f"{entry['id']} loaded")
        elif entry["version"] and document.version != entry["version"]:
            wrong.append(f"{entry['id']}: version {document.version}")
        elif isinstance(document.root.get("paths"), dict) and len(document.root["paths"]) != entry.get("paths", 0):
            wrong += [f"{entry['id']}: paths"] if entry["expect"] == "load" else []
    assert not wrong
