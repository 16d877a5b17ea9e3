"""Every defect class has a small document of its own; each costs no more than its own part."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import actionry
from actionry.limits import ACTIONRY, OPENAI
from actionry.openapi.codes import CODES
from actionry.openapi.fixes import apply_fixes
from actionry.openapi.gpt_rules import Publication, lint_domain, lint_oauth_hosts, lint_publication

ROOT = Path(__file__).resolve().parents[2]
OK: dict[str, Any] = {"responses": {"200": {"description": "fine"}}, "operationId": "op", "summary": "Does it"}
URL = "https://api.pets.test"


def document(paths: Any = None, **sections: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1"},
        "servers": [{"url": URL}],
        "paths": {"/pets": {"get": OK}} if paths is None else paths,
    }
    return {key: value for key, value in (base | sections).items() if value != "-"}


def fresh(raw: dict[str, Any]) -> dict[str, Any]:
    """A copy in which nothing is shared, as parsed text is."""
    copied: dict[str, Any] = json.loads(json.dumps(raw))
    return copied


def get(path: str = "/pets", method: str = "get", **operation: Any) -> dict[str, Any]:
    return document({path: {method: OK | operation}})


def schema(raw: Any) -> dict[str, Any]:
    """A document whose one operation sends a body of this schema."""
    return get(method="post", requestBody={"content": {"application/json": {"schema": raw}}})


def parameter(**raw: Any) -> dict[str, Any]:
    return get(parameters=[raw])


BODY = "/paths/~1pets/post/requestBody/content/application~1json/schema"
OP = "/paths/~1pets/get"
Q = {"in": "query", "description": "what", "schema": {"type": "string"}}

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("VERSION-NOT-TEXT", document(openapi=3.1), "/openapi"),
    ("VERSION-FORM", document(openapi="v3"), "/openapi"),
    ("VERSION-UNKNOWN", document(openapi="3.9.0"), "/openapi"),
    ("VERSION-MISSING", document(openapi="-"), ""),
    ("VERSION-TWICE", document(swagger="2.0"), ""),
    ("PATHS-MISSING", document("-"), ""),
    ("PATHS-NOT-OBJECT", document(["/pets"]), "/paths"),
    ("SECTION-NOT-OBJECT", document(components=["x"]), "/components"),
    ("SERVER-MISSING", document(servers="-"), ""),
    ("SERVER-INVALID", document(servers=[{"url": "ftp://x.test"}, {"url": URL}]), "/servers/0/url"),
    ("SERVER-INVALID", document(servers=[{"uri": URL}]), "/servers/0"),
    ("SERVER-VARIABLE", document(servers=[{"url": "https://{r}.pets.test"}]), "/servers/0/url"),
    ("SERVERS-NOT-LIST", document(servers={"url": URL}), "/servers"),
    ("SERVER-LOCALHOST", document(servers=[{"url": "http://localhost:5003"}]), "/servers/0/url"),
    ("SERVER-PLACEHOLDER", document(servers=[{"url": "https://your-api.test"}]), "/servers/0/url"),
    ("SERVER-RELATIVE", document(servers=[{"url": "/v1"}]), "/servers/0/url"),
    ("SERVER-HTTP", document(servers=[{"url": "http://pets.test"}]), "/servers/0/url"),
    (
        "SERVER-ORIGINS",
        document(
            {
                "/a": {"get": OK | {"operationId": "a", "security": [{"k": []}]}},
                "/b": {
                    "get": OK | {"operationId": "b", "security": [{"k": []}], "servers": [{"url": "https://b.test"}]}
                },
            },
            components={"securitySchemes": {"k": {"type": "http", "scheme": "bearer"}}},
        ),
        "/paths/~1b/get",
    ),
    ("PATH-NO-SLASH", document({"pets": {"get": OK}}), "/paths/pets"),
    ("PATH-ITEM-NOT-OBJECT", document({"/pets": ["get"]}), "/paths/~1pets"),
    ("PATH-ITEM-KEY", document({"/pets": {"fetch": OK}}), "/paths/~1pets/fetch"),
    ("METHOD-CASE", document({"/pets": {"GET": OK}}), "/paths/~1pets/GET"),
    ("OPERATION-NOT-OBJECT", document({"/pets": {"get": "all"}}), OP),
    ("OPID-NOT-TEXT", get(operationId=7), f"{OP}/operationId"),
    ("OPID-MISSING", document({"/pets": {"get": {"responses": {"200": {"description": "x"}}}}}), OP),
    ("OPID-ILLEGAL", get(operationId="list pets"), f"{OP}/operationId"),
    ("OPID-LONG", get(operationId="p" * 65), f"{OP}/operationId"),
    ("OPID-DUPLICATE", document({"/a": {"get": OK}, "/b": {"get": OK}}), "/paths/~1b/get/operationId"),
    ("OP-NO-DESCRIPTION", get(summary=""), OP),
    ("RESPONSES-MISSING", get(responses={}), OP),
    ("PATH-VARIABLE-UNDECLARED", get("/pets/{id}"), "/paths/~1pets~1{id}/get"),
    ("PATH-PARAMETER-UNUSED", parameter(**Q | {"name": "id", "in": "path", "required": True}), f"{OP}/parameters/0"),
    (
        "PATH-VARIABLE-SPELLING",
        get("/pets/{petId}", parameters=[Q | {"name": "petid", "in": "path", "required": True}]),
        "/paths/~1pets~1{petId}/get",
    ),
    (
        "PATH-PARAMETER-NOT-REQUIRED",
        get("/pets/{id}", parameters=[Q | {"name": "id", "in": "path"}]),
        "/paths/~1pets~1{id}/get/parameters/0",
    ),
    ("PATH-WITH-QUERY", get("/pets?all=1"), "/paths/~1pets?all=1"),
    ("PATH-WITH-FRAGMENT", get("/pets#dogs"), "/paths/~1pets#dogs"),
    ("PARAMETERS-NOT-LIST", get(parameters={"name": "q", **Q}), f"{OP}/parameters"),
    ("PARAMETER-NOT-OBJECT", get(parameters=["q"]), f"{OP}/parameters/0"),
    ("PARAMETER-NO-NAME", parameter(**Q), f"{OP}/parameters/0"),
    ("PARAMETER-NAME-NOT-TEXT", parameter(name=7, **Q), f"{OP}/parameters/0/name"),
    ("PARAMETER-IN", parameter(**Q | {"name": "q", "in": "url"}), f"{OP}/parameters/0"),
    ("PARAMETER-IN-BODY", parameter(**Q | {"name": "q", "in": "body"}), f"{OP}/parameters/0/in"),
    (
        "PARAMETER-NO-SCHEMA",
        parameter(name="q", type="integer", description="d", **{"in": "query"}),
        f"{OP}/parameters/0",
    ),
    ("PARAMETER-DUPLICATE", get(parameters=[Q | {"name": "q"}, Q | {"name": "q"}]), f"{OP}/parameters/1"),
    ("PARAMETER-STYLE", parameter(name="q", style="matrix", **Q), f"{OP}/parameters/0/style"),
    ("PARAM-NO-DESCRIPTION", parameter(name="q", schema={"type": "string"}, **{"in": "query"}), f"{OP}/parameters/0"),
    ("HEADER-IGNORED", parameter(**Q | {"name": "Authorization", "in": "header"}), f"{OP}/parameters/0"),
    ("NAME-COLLISION", get(parameters=[Q | {"name": "q"}, Q | {"name": "q", "in": "header"}]), OP),
    ("BODY-NOT-OBJECT", get(method="post", requestBody="text"), "/paths/~1pets/post/requestBody"),
    ("BODY-NO-CONTENT", get(method="post", requestBody={"schema": {}}), "/paths/~1pets/post/requestBody"),
    ("BODY-ON-GET", get(requestBody={"content": {"text/plain": {}}}), f"{OP}/requestBody"),
    (
        "BODY-ON-DELETE",
        get(method="delete", requestBody={"content": {"text/plain": {}}}),
        "/paths/~1pets/delete/requestBody",
    ),
    ("REF-MISSING", schema({"$ref": "#/components/schemas/Gone"}), BODY),
    ("REF-EXTERNAL", schema({"$ref": "pet.yaml#/Pet"}), BODY),
    ("REF-EXTERNAL", schema({"$ref": "https://x.test/pet.json"}), BODY),
    ("REF-NOT-TEXT", schema({"$ref": 7}), BODY),
    (
        "REF-MISSPELLED",
        schema({"$ref": "#/definitions/Pet"})
        | {"components": {"schemas": {"Pet": {"type": "object", "properties": {}}}}},
        BODY,
    ),
    (
        "REF-CYCLE",
        schema({"$ref": "#/components/schemas/A"})
        | {
            "components": {
                "schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
            }
        },
        "/components/schemas/",
    ),
    ("SCHEMA-NOT-OBJECT", schema("string"), BODY),
    (
        "SPEC-REQ-BOOL",
        schema({"type": "object", "properties": {"todo": {"type": "string", "required": True}}}),
        f"{BODY}/properties/todo/required",
    ),
    ("REQUIRED-NOT-LIST", schema({"type": "object", "properties": {"a": {}}, "required": "a"}), f"{BODY}/required"),
    ("TYPE-UNKNOWN", schema({"type": "int"}), BODY),
    ("ARRAY-NO-ITEMS", schema({"type": "array"}), BODY),
    ("PROPERTIES-NOT-OBJECT", schema({"type": "object", "properties": ["a"]}), f"{BODY}/properties"),
    ("ENUM-TYPE", schema({"type": "string", "enum": [1, 2]}), f"{BODY}/enum"),
    ("ENUM-INVALID", schema({"type": "string", "enum": []}), f"{BODY}/enum"),
    ("PATTERN-INVALID", schema({"type": "string", "pattern": "(?<year>[0-9]+"}), f"{BODY}/pattern"),
    ("KEYWORD-INVALID", schema({"type": "string", "minLength": "short"}), f"{BODY}/minLength"),
    ("SECURITY-UNDEFINED", get(security=[{"key": []}]), f"{OP}/security/0"),
    ("SECURITY-INVALID", get(security={"key": []}), f"{OP}/security"),
    (
        "SECURITY-SCHEME-INVALID",
        get(security=[{"key": []}]) | {"components": {"securitySchemes": {"key": {"type": "apiKey"}}}},
        "/components/securitySchemes/key",
    ),
    ("CONSEQUENTIAL-NOT-BOOL", get(**{"x-openai-isConsequential": "no"}), f"{OP}/x-openai-isConsequential"),
    ("INFO-MISSING", document(info="-"), ""),
    ("INFO-TITLE-MISSING", document(info={"version": "1"}), "/info"),
    ("INFO-VERSION-MISSING", document(info={"title": "Pets"}), "/info"),
    ("INFO-VERSION-NOT-TEXT", document(info={"title": "Pets", "version": 1.0}), "/info/version"),
    (
        "COMPONENT-KEY-ILLEGAL",
        schema({"$ref": "#/components/schemas/Big%20Pet"})
        | {"components": {"schemas": {"Big Pet": {"type": "object", "properties": {"a": {}}}}}},
        "/components/schemas/Big Pet",
    ),
    ("INVISIBLE-TEXT", get(description="Lists\u200b pets"), f"{OP}/description"),
    (
        "SWAGGER-2",
        {
            "swagger": "2.0",
            "info": {"title": "P", "version": "1"},
            "host": "pets.test",
            "paths": {"/pets": {"get": OK}},
        },
        "/swagger",
    ),
]


@pytest.mark.parametrize(("code", "raw", "pointer"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_each_defect_has_its_finding(code: str, raw: dict[str, Any], pointer: str) -> None:
    action = actionry.load_action(fresh(raw))
    found = [finding for finding in action.findings if finding.code == code]
    assert found, [finding.code for finding in action.findings]
    assert any(finding.pointer.startswith(pointer) for finding in found), [finding.pointer for finding in found]
    assert all(finding.message and finding.effect and finding.mend for finding in found)


@pytest.mark.parametrize(("code", "raw", "pointer"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_an_automatic_mend_removes_its_finding_and_loses_no_operation(
    code: str, raw: dict[str, Any], pointer: str
) -> None:
    action = actionry.load_action(fresh(raw))
    root = fresh(raw)
    mended = apply_fixes(root, action.findings)
    again = actionry.load_action(root)
    left = {(finding.code, finding.pointer) for finding in again.findings if finding.fix is not None}
    assert not left & {(finding.code, finding.pointer) for finding in mended}
    assert len(again.functions) >= len(action.functions)


def test_a_document_without_defects_has_no_findings() -> None:
    clean = get("/pets/{id}", parameters=[Q | {"name": "id", "in": "path", "required": True}, Q | {"name": "limit"}])
    assert actionry.load_action(clean).findings == []


def test_the_mend_of_the_sources_todo_sample_lists_the_property_as_required() -> None:
    raw = schema(
        {"type": "object", "properties": {"todo": {"type": "string", "required": True}, "note": {"required": False}}}
    )
    apply_fixes(raw, actionry.load_action(fresh(raw)).findings)
    body = raw["paths"]["/pets"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"type": "object", "properties": {"todo": {"type": "string"}, "note": {}}, "required": ["todo"]}


# ------------------------------------------------------------- profile `openai`

GPT_CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("E01", "GPT-VERSION", CASES[-1][1], "/swagger"),
    ("E02", "GPT-SERVER-NONE", document(servers=[]), "/servers"),
    ("W03", "GPT-SERVER-SEVERAL", document(servers=[{"url": URL}, {"url": f"{URL}/v2"}]), "/servers"),
    ("W04", "GPT-HOST-SEVERAL", document(servers=[{"url": URL}, {"url": "https://b.test"}]), "/servers/1/url"),
    ("E05", "GPT-SERVER-ORIGIN", document(servers=[{"url": "https://API.pets.test:8443"}]), "/servers/0/url"),
    (
        "W06",
        "GPT-SECURITY-SEVERAL",
        get(security=[{"a": []}, {"b": []}])
        | {"components": {"securitySchemes": {name: {"type": "http", "scheme": "bearer"} for name in "ab"}}},
        "/components/securitySchemes/b",
    ),
    ("W07", "GPT-METHOD", document({"/pets": {"parameters": [], "get": OK}}), "/paths/~1pets/parameters"),
    ("E08", "GPT-DESCRIPTION-LONG", get(description="d" * 301), f"{OP}/description"),
    (
        "E08",
        "GPT-PARAMETER-DESCRIPTION-LONG",
        parameter(**Q | {"name": "q", "description": "d" * 701}),
        f"{OP}/parameters/0",
    ),
    ("E09", "GPT-OBJECT-NO-PROPERTIES", schema({"type": "object"}), BODY),
    ("W10", "GPT-REF-UNKNOWN", schema({"$ref": "#/components/schemas/Gone"}), BODY),
    (
        "E11",
        "GPT-PARAMETER-NAME",
        get(parameters=[{"$ref": "#/components/parameters/q"}])
        | {"components": {"parameters": {"q": Q | {"name": "q"}}}},
        f"{OP}/parameters/0",
    ),
    ("W12", "GPT-HEADER-IGNORED", parameter(**Q | {"name": "X-Trace", "in": "header"}), f"{OP}/parameters/0"),
    ("E13", "GPT-BODY-NOT-OBJECT", schema({"type": "array", "items": {}}), "/paths/~1pets/post/requestBody"),
    ("E14", "GPT-PARAMETER-DUPLICATE", get(parameters=[Q | {"name": "q"}, Q | {"name": "q"}]), f"{OP}/parameters/1"),
    ("E15", "GPT-SCHEMAS-NOT-OBJECT", document(components={"schemas": None}), "/components/schemas"),
    (
        "E16",
        "GPT-SCHEMA-CIRCULAR",
        document(
            components={
                "schemas": {
                    "A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}},
                    "B": {"$ref": "#/components/schemas/A"},
                }
            }
        ),
        "/components/schemas/A",
    ),
    (
        "E17",
        "GPT-OPERATIONS-MANY",
        document({f"/p{n}": {"get": OK | {"operationId": f"op{n}"}} for n in range(31)}),
        "/paths",
    ),
    ("E21", "GPT-NULL-SECTION", document(components=None), "/components"),
    ("E21", "GPT-NULL-SECTION", get(parameters=None), f"{OP}/parameters"),
    ("SP-13", "GPT-OPID-MISSING", get(operationId=None), OP),
]


@pytest.mark.parametrize(
    ("family", "code", "raw", "pointer"), GPT_CASES, ids=[f"{case[0]}-{case[1]}" for case in GPT_CASES]
)
def test_the_openai_profile_has_every_message_family(family: str, code: str, raw: dict[str, Any], pointer: str) -> None:
    action = actionry.load_action(fresh(raw))
    assert any(f.code == code and f.pointer.startswith(pointer) for f in action.lint(OPENAI)), family
    assert not any(finding.code.startswith("GPT-") for finding in action.lint(ACTIONRY))


def test_a_document_the_original_took_has_no_complaint_in_its_profile() -> None:
    clean = get("/pets/{id}", parameters=[Q | {"name": "id", "in": "path", "required": True}, Q | {"name": "limit"}])
    assert actionry.load_action(clean).lint(OPENAI) == []


@pytest.mark.row("SP-11")
def test_one_action_per_domain_is_the_originals_rule() -> None:
    assert [f.code for f in lint_domain("api.pets.test", ["API.pets.test"])] == ["GPT-DOMAIN-TAKEN"]
    assert lint_domain("api.pets.test", ["b.test"]) == []


@pytest.mark.row("SV-07")
def test_oauth_hosts_share_a_root_domain() -> None:
    def same_site(one: str, other: str) -> bool:
        return one.split(".")[-2:] == other.split(".")[-2:]

    assert lint_oauth_hosts("api.pets.test", "https://login.pets.test/a", "https://pets.test/t", same_site) == []
    found = lint_oauth_hosts("api.pets.test", "https://login.other.test/a", "https://pets.test/t", same_site)
    assert [finding.code for finding in found] == ["GPT-OAUTH-HOSTS"]


@pytest.mark.row("ST-03", "ST-04", "GE-03")
def test_publishing_needs_a_policy_a_name_and_a_category() -> None:
    ready = Publication(name="Pets", category="lifestyle", privacy_policy_urls=["https://pets.test/privacy"])
    assert lint_publication(ready) == []
    bare = Publication(name=" ", description="d" * 301, privacy_policy_urls=[None, "javascript:alert(1)"])
    messages = [finding.message for finding in lint_publication(bare)]
    assert len(messages) == 5, messages


# ------------------------------------------------------------------ the catalogue


def test_every_code_of_the_catalogue_has_a_document_here() -> None:
    tested = {case[0] for case in CASES} | {case[1] for case in GPT_CASES}
    tested |= {"GPT-DOMAIN-TAKEN", "GPT-OAUTH-HOSTS", "GPT-PUBLISH"}
    assert set(CODES) == tested


def test_the_reference_page_is_what_the_catalogue_says() -> None:
    import findings_page

    written = (ROOT / "docs" / "reference" / "findings.md").read_text(encoding="utf-8")
    assert written == findings_page.render(), "run `./run python scripts/findings_page.py`"


def test_positions_point_at_the_defect() -> None:
    text = (
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\nservers: [{url: 'https://a.test'}]\n"
        "paths:\n  /x:\n    post:\n      summary: s\n      operationId: x y\n"
    )
    found = {finding.code: finding for finding in actionry.load_action(text).findings}
    assert (found["OPID-ILLEGAL"].line, found["OPID-ILLEGAL"].column) == (8, 7)
    assert found["RESPONSES-MISSING"].line == 6


def test_codes_are_stable_in_form() -> None:
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+", code) for code in CODES)
