"""From a document to operations: inheritance, versions, servers, security, and what defects cost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from actionry.errors import DocumentError
from actionry.limits import ReadLimits
from actionry.openapi.document import Document, read_document
from actionry.openapi.model import Operation, Parameter
from actionry.openapi.operations import read_operations

INFO = {"title": "T", "version": "1"}


def read(raw: dict[str, Any], **options: Any) -> list[Operation]:
    return read_operations(read_document(raw), **options)


def v3(paths: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": INFO, "servers": [{"url": "https://a.test/v1"}], "paths": paths, **sections}


def v2(paths: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"swagger": "2.0", "info": INFO, "host": "a.test", "basePath": "/v1", "paths": paths, **sections}


def by_name(operation: Operation) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in operation.parameters}


# --------------------------------------------------------------------- path items


@pytest.mark.row("SP-21")
def test_a_path_item_lends_parameters_summary_and_servers() -> None:
    shared = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    item = {
        "summary": "One pet",
        "servers": [{"url": "https://pets.test"}],
        "parameters": [shared, {"name": "lang", "in": "query", "schema": {"type": "string"}}],
        "get": {"parameters": [{"name": "lang", "in": "query", "schema": {"enum": ["en"]}}]},
        "put": {"servers": [{"url": "https://write.test"}], "summary": "Change"},
    }
    get, put = read(v3({"/pets/{id}": item}))
    assert (get.summary, get.server_url) == ("One pet", "https://pets.test")
    assert (put.summary, put.server_url) == ("Change", "https://write.test")
    assert by_name(get)["lang"].schema == {"enum": ["en"]}
    assert by_name(put)["lang"].schema == {"type": "string"}
    assert by_name(get)["id"].required


@pytest.mark.row("SP-16")
def test_references_lead_everywhere() -> None:
    document = v3(
        {
            "/pets": {"$ref": "#/components/pathItems/Pets"},
            "/cats": {"get": {"parameters": [{"$ref": "#/paths/~1pets/get/parameters/0"}]}},
            "/dogs": {"post": {"requestBody": {"$ref": "#/components/requestBodies/Dog%20Body"}}},
        },
        components={
            "pathItems": {"Pets": {"get": {"parameters": [{"$ref": "#/components/parameters/limit"}]}}},
            "parameters": {
                "limit": {"$ref": "#/components/parameters/max"},
                "max": {"name": "limit", "in": "query", "schema": {}},
            },
            "requestBodies": {"Dog Body": {"content": {"application/json": {"$ref": "#/components/mediaTypes/Dog"}}}},
            "mediaTypes": {"Dog": {"schema": {"type": "string"}}},
        },
    )
    pets, cats, dogs = read(document)
    assert by_name(pets)["limit"].location == by_name(cats)["limit"].location == "query"
    assert dogs.request_body is not None
    assert dogs.request_body.content[0].schema == {"type": "string"}


def test_operations_come_in_document_order_with_every_method() -> None:
    document = v3(
        {"/b": {"trace": {}, "post": {}, "get": {}, "head": {}, "options": {}}, "/a": {"patch": {}, "delete": {}}}
    )
    methods = [f"{operation.method} {operation.path}" for operation in read(document)]
    assert methods == ["TRACE /b", "POST /b", "GET /b", "HEAD /b", "OPTIONS /b", "PATCH /a", "DELETE /a"]


def test_3_2_adds_query_and_methods_of_ones_own() -> None:
    document = v3({"/a": {"query": {}, "additionalOperations": {"COPY": {}}}}) | {"openapi": "3.2.0"}
    assert [operation.method for operation in read(document)] == ["QUERY", "COPY"]


@pytest.mark.row("CO-02", "P-06")
@pytest.mark.parametrize(
    ("method", "declared", "consequential"),
    [
        ("get", None, False), ("head", None, True), ("post", None, True), ("delete", None, True),
        ("get", True, True), ("post", False, False), ("post", "false", False), ("get", "yes", False),
    ],
)  # fmt: skip
def test_what_is_consequential(method: str, declared: object, consequential: bool) -> None:
    operation = {} if declared is None else {"x-openai-isConsequential": declared}
    assert read(v3({"/a": {method: operation}}))[0].consequential is consequential


# --------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("location", "style", "explode"),
    [("path", "simple", False), ("query", "form", True), ("header", "simple", False), ("cookie", "form", True)],
)
def test_default_styles(location: str, style: str, explode: bool) -> None:
    """OpenAPI 3.1.0, Parameter Object, `style` and `explode`."""
    raw = {"name": "x", "in": location, "required": True, "schema": {"type": "array", "items": {}}}
    parameter = read(v3({"/a/{x}" if location == "path" else "/a": {"get": {"parameters": [raw]}}}))[0].parameters[0]
    assert (parameter.style, parameter.explode) == (style, explode)


def test_a_declared_style_other_than_form_does_not_explode_by_itself() -> None:
    raw = {"name": "x", "in": "query", "style": "deepObject", "schema": {"type": "object"}}
    assert read(v3({"/a": {"get": {"parameters": [raw]}}}))[0].parameters[0].explode is False


@pytest.mark.parametrize(
    ("template", "names", "path"),
    [
        ("/points/{lat},{lon}", ["lat", "lon"], "/points/{lat},{lon}"),
        ("/users/:id", ["id"], "/users/{id}"),
        ("/files/{path+}", ["path"], "/files/{path}"),
        ("/v1/things:batchGet", [], "/v1/things:batchGet"),
        ("/pets/{petID}", ["petId"], "/pets/{petId}"),
    ],
)
def test_templates_and_parameters_are_made_to_agree(template: str, names: list[str], path: str) -> None:
    raw = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    operation = read(v3({template: {"get": {"parameters": raw}}}))[0]
    assert operation.path == path
    assert [parameter.name for parameter in operation.parameters] == names


def test_a_parameter_by_content_keeps_its_media_type() -> None:
    raw = {"name": "f", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}
    parameter = read(v3({"/a": {"get": {"parameters": [raw]}}}))[0].parameters[0]
    assert (parameter.media_type, parameter.schema) == ("application/json", {"type": "object"})


# --------------------------------------------------------------------- Swagger 2.0


@pytest.mark.row("SP-25")
@pytest.mark.parametrize(
    ("collection", "style", "explode"),
    [
        (None, "form", False), ("csv", "form", False), ("ssv", "spaceDelimited", False),
        ("tsv", "tabDelimited", False), ("pipes", "pipeDelimited", False), ("multi", "form", True),
    ],
)  # fmt: skip
def test_collection_formats(collection: str | None, style: str, explode: bool) -> None:
    raw: dict[str, Any] = {"name": "x", "in": "query", "type": "array", "items": {"type": "string"}}
    raw |= {} if collection is None else {"collectionFormat": collection}
    parameter = read(v2({"/a": {"get": {"parameters": [raw]}}}))[0].parameters[0]
    assert (parameter.style, parameter.explode) == (style, explode)
    assert parameter.schema == {"type": "array", "items": {"type": "string"}}


def test_swagger_body_and_form_become_the_request_body() -> None:
    body = {"name": "b", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pet"}}
    fields = [
        {"name": "file", "in": "formData", "type": "file", "required": True},
        {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi"},
    ]
    document = v2(
        {
            "/a": {
                "post": {"parameters": [body], "consumes": ["application/xml", "application/json"]},
                "put": {"parameters": fields},
            }
        },
        definitions={"Pet": {"type": "object", "x-nullable": True}},
    )
    post, put = read(document)
    assert post.request_body is not None
    assert [media.media_type for media in post.request_body.content] == ["application/xml", "application/json"]
    assert post.request_body.required
    assert post.schemas.resolve(post.request_body.content[0].schema) == {"type": ["object", "null"]}
    assert put.request_body is not None
    media = put.request_body.content[0]
    assert media.media_type == "multipart/form-data"
    assert isinstance(media.schema, dict)
    assert media.schema["properties"]["file"] == {"type": "string", "format": "binary"}
    assert media.schema["required"] == ["file"]
    assert media.encoding["tags"].explode


# ------------------------------------------------------------------------ servers


@pytest.mark.row("SV-01", "SV-02", "SV-04")
@pytest.mark.parametrize(
    ("servers", "base_url", "source_url", "url"),
    [
        ([{"url": "https://a.test/v1/"}], None, None, "https://a.test/v1"),
        ([{"url": "https://a.test"}, {"url": "https://b.test"}], None, None, "https://a.test"),
        ([{"url": "wss://a.test"}, {"url": "https://b.test"}], None, None, "https://b.test"),
        ([{"url": "https://{r}.a.test/{v}", "variables": {"r": {"default": "eu"}, "v": {"enum": ["2"]}}}], None, None, "https://eu.a.test/2"),
        ([{"url": "//a.test/v1"}], None, None, "https://a.test/v1"),
        ([{"url": "a.test/v1"}], None, None, "https://a.test/v1"),
        ([{"url": "/v1"}], None, None, "/v1"),
        ([{"url": "/v1"}], None, "https://a.test/docs/openapi.json", "https://a.test/v1"),
        ([{"url": "./v1"}], None, "https://a.test/docs/openapi.json", "https://a.test/docs/v1"),
        ([{"url": "/v1"}], "http://127.0.0.1:8000", None, "http://127.0.0.1:8000/v1"),
        ([{"url": "https://a.test/v1"}], "http://127.0.0.1:8000/x/", None, "http://127.0.0.1:8000/x"),
        ([{"url": "PLUGIN_HOSTNAME"}], None, "https://a.test/openapi.yaml", "https://a.test"),
        ([{"url": "PLUGIN_HOSTNAME/v1"}], None, "http://localhost:5003/openapi.yaml", "http://localhost:5003/v1"),
        (None, None, "https://a.test:8443/docs/openapi.json", "https://a.test:8443"),
        (None, "http://127.0.0.1:8000/x", None, "http://127.0.0.1:8000/x"),
        (None, None, None, ""),
        ([], None, None, ""),
    ],
)  # fmt: skip
def test_where_an_operation_is_sent(servers: Any, base_url: str | None, source_url: str | None, url: str) -> None:
    raw = {"openapi": "3.0.0", "info": INFO, "paths": {"/a": {"get": {}}}} | (
        {} if servers is None else {"servers": servers}
    )
    assert read_operations(read_document(raw, source_url=source_url), base_url=base_url)[0].server_url == url


@pytest.mark.parametrize(
    ("root", "url"),
    [
        ({"host": "a.test", "basePath": "/v1", "schemes": ["http", "https"]}, "https://a.test/v1"),
        ({"host": "a.test", "schemes": ["http"]}, "http://a.test"),
        ({"host": "a.test", "basePath": "/"}, "https://a.test"),
        ({"host": "localhost:5003"}, "http://localhost:5003"),
        ({"basePath": "/v1"}, "/v1"),
        ({}, ""),
    ],
)
def test_where_a_swagger_operation_is_sent(root: dict[str, Any], url: str) -> None:
    assert read({"swagger": "2.0", "info": INFO, "paths": {"/a": {"get": {}}}, **root})[0].server_url == url


# ----------------------------------------------------------------------- security


def names(operation: Operation) -> list[list[str]]:
    return [[scheme.name for scheme, _ in requirement.schemes] for requirement in operation.security]


@pytest.mark.row("AU-06", "AU-07")
def test_security_is_or_of_and_and_can_be_switched_off() -> None:
    schemes = {name: {"type": "apiKey", "in": "header", "name": name} for name in ("a", "b", "c")}
    document = v3(
        {
            "/own": {"get": {"security": [{"a": [], "b": []}, {"c": []}, {}]}},
            "/none": {"get": {"security": []}},
            "/default": {"get": {}},
        },
        security=[{"c": []}],
        components={"securitySchemes": schemes},
    )
    own, none, default = read(document)
    assert names(own) == [["a", "b"], ["c"], []]
    assert none.security == ()
    assert names(default) == [["c"]]


def test_swagger_oauth_becomes_the_flow_of_its_name() -> None:
    scheme = {
        "type": "oauth2",
        "flow": "accessCode",
        "authorizationUrl": "https://a.test/a",
        "tokenUrl": "https://a.test/t",
        "scopes": {"r": "Read"},
    }
    operation = read(v2({"/a": {"get": {"security": [{"o": ["r"]}]}}}, securityDefinitions={"o": scheme}))[0]
    found, scopes = operation.security[0].schemes[0]
    assert (found.kind, scopes) == ("oauth2", ("r",))
    assert found.flows["authorizationCode"].token_url == "https://a.test/t"


# ------------------------------------------------------------------ what defects cost


@pytest.mark.row("SP-17", "SP-22")
def test_a_defect_costs_its_own_part_only() -> None:
    document = v3(
        {
            "/broken": {
                "get": "all",
                "post": {"requestBody": {"$ref": "#/nowhere"}, "parameters": [7, {"$ref": "other.yaml"}]},
            },
            "/null": None,
            "/fine": {"get": {"operationId": "fine"}},
        },
        components={"schemas": None},
    )
    operations = read(document)
    assert [(operation.method, operation.path) for operation in operations] == [("POST", "/broken"), ("GET", "/fine")]
    assert operations[0].request_body is None


@pytest.mark.row("S-17")
def test_external_references_are_reported_and_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("name: leaked\nin: query\n")
    references = [f"file://{secret}", str(secret), "../../x.yaml", "//host/x", "http://169.254.169.254/latest"]
    document = read_document(v3({"/a": {"get": {"parameters": [{"$ref": reference} for reference in references]}}}))
    assert read_operations(document)[0].parameters == ()
    found = [finding for finding in document.findings if finding.code == "REF-EXTERNAL"]
    assert [finding.pointer for finding in found] == [f"/paths/~1a/get/parameters/{index}" for index in range(5)]


@pytest.mark.row("D-08")
def test_too_many_operations_are_refused_in_one_sentence() -> None:
    document = v3({f"/p{number}": {"get": {}} for number in range(11)})
    with pytest.raises(DocumentError, match="more than 10 operations"):
        read_operations(read_document(document), limits=ReadLimits(operations=10))


def test_every_document_of_the_corpus_that_loads_yields_its_operations(corpus: Path) -> None:
    index = json.loads((corpus / "index.json").read_text(encoding="utf-8"))["documents"]
    wanted = found = 0
    for row in index:
        if row["expect"] == "load":
            operations = read_operations(_open(corpus / row["file"]))
            assert len(operations) >= row["operations"], row["id"]
            wanted, found = wanted + row["operations"], found + len(operations)
    assert found >= wanted > 8000


def _open(path: Path) -> Document:
    return read_document(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
