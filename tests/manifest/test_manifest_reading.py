"""Manifests are read: v1 as written by hand, Microsoft's v2, slips, secrets, addresses, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actionry
from actionry.errors import ManifestError
from actionry.findings import Finding
from actionry.limits import ACTIONRY, OPENAI, Profile
from actionry.manifest import CODES, Manifest, read_manifest, write_manifest
from actionry.manifest.model import Auth

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = "https://todo.example.com/.well-known/ai-plugin.json"

TODO: dict[str, Any] = {
    "schema_version": "v1",
    "name_for_human": "TODO list",
    "name_for_model": "todo",
    "description_for_human": "Manage your TODO list.",
    "description_for_model": "Add, remove and view the user's TODOs.",
    "auth": {"type": "none"},
    "api": {"type": "openapi", "url": "https://todo.example.com/openapi.yaml"},
    "logo_url": "https://todo.example.com/logo.png",
    "contact_email": "hello@example.com",
    "legal_info_url": "https://www.example.com/legal",
}
SERVICE = {
    "type": "service_http",
    "authorization_type": "bearer",
    "verification_tokens": {"openai": "abc", "ours": "def"},
}
OAUTH = {
    "type": "oauth",
    "client_url": "https://login.example.com/authorize",
    "scope": "todos",
    "authorization_url": "https://login.example.com/token",
    "authorization_content_type": "application/json",
    "verification_tokens": {"ours": "def"},
}


def todo(**changes: Any) -> dict[str, Any]:
    """The sample with changes; None takes a field away."""
    return {key: value for key, value in {**TODO, **changes}.items() if value is not None}


def api(url: str, **changes: Any) -> dict[str, Any]:
    return {"type": "openapi", "url": url, **changes}


def codes(manifest: Manifest) -> list[str]:
    return [finding.code for finding in manifest.findings]


def found(manifest: Manifest, code: str) -> Finding:
    matching = [finding for finding in manifest.findings if finding.code == code]
    assert matching, f"{code} is not among {codes(manifest)}"
    return matching[0]


# ------------------------------------------------------------------------------------------- what is right


@pytest.mark.row("M-02")
@pytest.mark.parametrize("profile", [ACTIONRY, OPENAI])
def test_a_manifest_without_fault_has_no_findings(profile: Profile) -> None:
    manifest = read_manifest(TODO, profile=profile, source_url=SOURCE)
    assert manifest.findings == ()
    assert manifest.ok
    assert (manifest.name_for_human, manifest.name_for_model) == ("TODO list", "todo")
    assert (manifest.auth.type, manifest.api.type) == ("none", "openapi")
    assert manifest.root == "todo.example.com"
    assert manifest.document_url() == "https://todo.example.com/openapi.yaml"
    assert manifest.policy_link == "https://www.example.com/legal"


def test_every_kind_of_source_gives_the_same_manifest(tmp_path: Path) -> None:
    text = json.dumps(TODO)
    path = tmp_path / "ai-plugin.json"
    path.write_text(text, "utf-8")
    sources = (TODO, text, text.encode(), text.encode("utf-16"), path, str(path))
    manifests = [actionry.read_manifest(source) for source in sources]
    assert len({(each.name_for_model, each.api.url, each.auth.type) for each in manifests}) == 1


def test_yaml_is_a_manifest_too() -> None:
    manifest = read_manifest(
        "schema_version: v1\nname_for_model: todo\nauth:\n  type: none\napi: {type: openapi, url: /a}\n"
    )
    assert (manifest.name_for_model, manifest.auth.type, manifest.api.url) == ("todo", "none", "/a")


@pytest.mark.row("M-11")
def test_oauth_names_are_told_apart() -> None:
    auth = read_manifest(todo(auth=OAUTH), profile=OPENAI, source_url=SOURCE)
    assert auth.findings == ()
    assert auth.auth.authorize_url == "https://login.example.com/authorize"
    assert auth.auth.token_url == "https://login.example.com/token"


@pytest.mark.row("PA-03")
@pytest.mark.row("M-12")
def test_a_host_reads_its_own_verification_token_only() -> None:
    auth = read_manifest(todo(auth=SERVICE)).auth
    assert auth.is_verified("ours", "def")
    assert not auth.is_verified("ours", "abc")
    assert not auth.is_verified("theirs", "def")
    assert not auth.is_verified("ours", "")
    odd = read_manifest(todo(auth={**SERVICE, "verification_tokens": {"ours": 12, "openai": ["x"], "other": " def "}}))
    assert not odd.auth.is_verified("ours", "12")
    assert odd.auth.is_verified("other", "def")


# --------------------------------------------------------------------------------------------- rules, both profiles

RULES: list[tuple[dict[str, Any], str, str]] = [  # changes, code, pointer
    ({"schema_version": "v2"}, "MANIFEST-VERSION", "/schema_version"),
    ({"schema_version": "v1.1.0"}, "MANIFEST-VERSION", "/schema_version"),
    ({"schema_version": None}, "MANIFEST-MISSING", "/schema_version"),
    ({"logo_url": None}, "MANIFEST-MISSING", "/logo_url"),
    ({"auth": None}, "MANIFEST-MISSING", "/auth"),
    ({"api": None}, "MANIFEST-NO-DOCUMENT", "/api"),
    ({"api": {"type": "openapi"}}, "MANIFEST-NO-DOCUMENT", "/api/url"),
    ({"api": api("")}, "MANIFEST-NO-DOCUMENT", "/api/url"),
    ({"api": {"url": "https://todo.example.com/o"}}, "MANIFEST-API-TYPE", "/api/type"),
    ({"api": {"type": "website", "url": "https://todo.example.com"}}, "MANIFEST-API-TYPE", "/api/type"),
    ({"api": api("/openapi.yaml")}, "MANIFEST-URL-RELATIVE", "/api/url"),
    ({"api": api("PLUGIN_HOSTNAME/openapi.yaml")}, "MANIFEST-PLACEHOLDER", "/api/url"),
    ({"api": api("https://evil.test/openapi.yaml")}, "MANIFEST-API-DOMAIN", "/api/url"),
    ({"api": api("https://example.com/openapi.yaml")}, "MANIFEST-API-DOMAIN", "/api/url"),  # above the root
    ({"api": api("http://todo.example.com/o")}, "MANIFEST-URL-HTTP", "/api/url"),
    ({"name_for_human": "  "}, "MANIFEST-BLANK", "/name_for_human"),
    ({"name_for_model": "to do"}, "MANIFEST-NAME-CHARACTERS", "/name_for_model"),
    ({"name_for_model": "待办"}, "MANIFEST-NAME-CHARACTERS", "/name_for_model"),
    ({"name_for_human": "TODO\u202e list"}, "MANIFEST-HIDDEN-CHARACTERS", "/name_for_human"),
    ({"legal_info_url": "hello@example.com"}, "MANIFEST-LEGAL-EMAIL", "/legal_info_url"),
    ({"legal_info_url": ""}, "MANIFEST-URL-RELATIVE", "/legal_info_url"),
    ({"legal_info_url": "https://elsewhere.test/legal"}, "MANIFEST-LEGAL-DOMAIN", "/legal_info_url"),
    ({"logo_url": "https://cdn.test/logo.png"}, "MANIFEST-LOGO-DOMAIN", "/logo_url"),
    ({"logo_url": "data:image/png;base64,AAAA"}, "MANIFEST-LOGO-DATA", "/logo_url"),
    ({"logo_url": "https://todo.example.com/our logo.png"}, "MANIFEST-URL-BLANK", "/logo_url"),
    ({"contact_email": "someone@mail.test"}, "MANIFEST-CONTACT-DOMAIN", "/contact_email"),
    ({"contact_email": "support@a@example.com"}, "MANIFEST-CONTACT", "/contact_email"),
    ({"contact_email": "https://example.com/contact"}, "MANIFEST-CONTACT", "/contact_email"),
    ({"contact_email": ""}, "MANIFEST-CONTACT", "/contact_email"),
    ({"auth": {"type": "api_key"}}, "MANIFEST-AUTH-TYPE", "/auth/type"),
    ({"auth": {"type": "OAuth2"}}, "MANIFEST-AUTH-TYPE", "/auth/type"),
    ({"auth": {"type": "magic"}}, "MANIFEST-AUTH-UNKNOWN", "/auth/type"),
    ({"auth": {"type": "user_http"}}, "MANIFEST-AUTH-SCHEME", "/auth/authorization_type"),
    (
        {"auth": {"type": "user_http", "authorization_type": "digest"}},
        "MANIFEST-AUTH-SCHEME",
        "/auth/authorization_type",
    ),
    ({"auth": {"type": "service_http", "authorization_type": "basic"}}, "MANIFEST-NO-TOKENS", "/auth"),
    ({"auth": {**SERVICE, "verification_tokens": []}}, "MANIFEST-TYPE", "/auth/verification_tokens"),
    ({"auth": {**OAUTH, "client_url": ""}}, "MANIFEST-OAUTH-MISSING", "/auth/client_url"),
    ({"auth": {"type": "oauth"}}, "MANIFEST-OAUTH-MISSING", "/auth/authorization_content_type"),
    (
        {"auth": {**OAUTH, "authorization_content_type": "text/xml"}},
        "MANIFEST-OAUTH-CONTENT",
        "/auth/authorization_content_type",
    ),
    ({"auth": {**OAUTH, "client_url": "https://login.other.test/a"}}, "MANIFEST-OAUTH-HOSTS", "/auth"),
    ({"auth": {**OAUTH, "token_url": "https://login.example.com/t"}}, "MANIFEST-OAUTH-TOKEN-URL", "/auth/token_url"),
    ({"auth": "none"}, "MANIFEST-TYPE", "/auth"),
    ({"api": "https://todo.example.com/openapi.yaml"}, "MANIFEST-TYPE", "/api"),
    ({"schema_version": 1}, "MANIFEST-TYPE", "/schema_version"),
    ({"name_for_human": {"en": "TODO"}}, "MANIFEST-TYPE", "/name_for_human"),
    ({"is_dev": True}, "MANIFEST-EXTRA", "/is_dev"),
    ({"a/b~c": 1}, "MANIFEST-EXTRA", "/a~1b~0c"),
    (
        {"api": api("https://todo.example.com/o", is_user_authenticated="false")},
        "MANIFEST-TYPE",
        "/api/is_user_authenticated",
    ),
    (
        {"api": api("https://todo.example.com/o", has_user_authentication=True)},
        "MANIFEST-USER-AUTHENTICATED",
        "/api/has_user_authentication",
    ),
]


@pytest.mark.row("M-02")
@pytest.mark.parametrize(("changes", "code", "pointer"), RULES)
@pytest.mark.parametrize("profile", [ACTIONRY, OPENAI])
def test_a_broken_rule_is_a_finding_with_place_and_mend(
    changes: dict[str, Any], code: str, pointer: str, profile: Profile
) -> None:
    manifest = read_manifest(json.dumps(todo(**changes), indent=1), profile=profile, source_url=SOURCE)
    finding = next(each for each in manifest.findings if each.code == code and each.pointer == pointer)
    assert finding.severity == CODES[code].severity(profile.name)
    assert finding.message
    assert finding.mend
    assert finding.line is not None


LIMITS = [
    ("name_for_human", 20, 50),
    ("name_for_model", 50, None),
    ("description_for_human", 100, 120),
    ("description_for_model", 8000, None),
]


@pytest.mark.row("M-04")
@pytest.mark.row("M-06")
@pytest.mark.parametrize(("name", "limit", "spring"), LIMITS)
def test_lengths_are_minded_in_the_originals_profile_only(name: str, limit: int, spring: int | None) -> None:
    long = {name: "a" * (limit + 1)}
    assert codes(read_manifest(todo(**{name: "a" * limit}), profile=OPENAI)) == []
    assert codes(read_manifest(todo(**long), profile=OPENAI)) == ["MANIFEST-TOO-LONG"]
    assert codes(read_manifest(todo(**long), profile=ACTIONRY)) == []
    if spring is not None:
        longer = read_manifest(todo(**{name: "a" * (spring + 1)}), profile=OPENAI)
        assert codes(longer) == ["MANIFEST-TOO-LONG", "MANIFEST-TOO-LONG-2023"]


@pytest.mark.row("M-17")
def test_brand_words_are_advice_of_the_originals_profile() -> None:
    manifest = read_manifest(todo(name_for_human="TODO Plugin"), profile=OPENAI)
    assert found(manifest, "MANIFEST-BRAND").severity == "warning"
    assert codes(read_manifest(todo(name_for_human="TODO Plugin"))) == []


def test_findings_stand_at_their_lines() -> None:
    text = (
        '{\n "schema_version": "v9",\n "auth": {\n  "type": "magic"\n },\n "api": {"type": "openapi", "url": "/a"}\n}'
    )
    manifest = read_manifest(text)
    assert found(manifest, "MANIFEST-VERSION").line == 2
    assert found(manifest, "MANIFEST-AUTH-UNKNOWN").line == 4
    assert found(manifest, "MANIFEST-URL-RELATIVE").line == 6


def test_a_misspelt_field_is_named_in_the_mend() -> None:
    manifest = read_manifest({**todo(schema_version=None), "schema_version:": "v1"})
    assert "schema_version:" in found(manifest, "MANIFEST-MISSING").mend


# ------------------------------------------------------------------------------------------------ lenience


@pytest.mark.row("M-14")
def test_unknown_fields_are_kept_aside() -> None:
    manifest = read_manifest(todo(is_dev=True, support={"languages": ["en"]}))
    assert manifest.extra == {"is_dev": True, "support": {"languages": ["en"]}}
    assert manifest.ok


def test_slips_of_copied_text_are_mended() -> None:
    text = """{
      // copied from a page
      “schema_version”: “v1”,
      'name_for_model': 'todo',
      "auth": {"type": "user_http", "authorization_type": "bearer",},
      "api": {"type": "openapi", "url": "https://todo.example.com/openapi.yaml"},
    }"""
    manifest = read_manifest(text)
    assert (manifest.schema_version, manifest.auth.authorization_type) == ("v1", "bearer")
    assert found(manifest, "JSON-TRAILING-COMMA").line == 5


AUTH_SPELLINGS: list[tuple[Any, str]] = [
    ({"type": "None"}, "none"),
    ({"type": "no_auth"}, "none"),
    ({"type": None}, "none"),
    ({}, "none"),
    ("none", "none"),
    ([{"type": "none"}], "none"),
    ({"type": " user_http "}, "user_http"),
    ({"type": "Service-HTTP"}, "service_http"),
    ({"type": "OAuth 2.0"}, "oauth"),
    ({"type": "apiKey"}, "api_key"),
    ({"authorization_type": "bearer"}, "unknown"),
    ({"type": "saml"}, "unknown"),
    ({"type": 7}, "unknown"),
]


@pytest.mark.row("M-08")
@pytest.mark.parametrize(("auth", "kind"), AUTH_SPELLINGS)
def test_spellings_of_the_kind(auth: Any, kind: str) -> None:
    assert read_manifest({**TODO, "auth": auth}).auth.type == kind


API_KEYS: list[tuple[dict[str, str], tuple[str | None, str | None, str]]] = [
    ({"in": "query", "name": "appid"}, ("custom", "appid", "query")),
    ({"authorization_type": "header"}, ("custom", None, "header")),
    ({"authorization_type": "Bearer", "api_key_name": "Authorization"}, ("bearer", "Authorization", "header")),
    ({"in": "cookie", "name": "sid"}, ("custom", "sid", "cookie")),
    ({"authorization_type": "custom", "custom_auth_header": "X-Api-Key"}, ("custom", "X-Api-Key", "header")),
]


@pytest.mark.parametrize(("given_", "meant"), API_KEYS)
def test_api_key_says_where_the_key_goes(given_: dict[str, str], meant: tuple[str | None, str | None, str]) -> None:
    auth = read_manifest(todo(auth={"type": "api_key", **given_})).auth
    assert (auth.authorization_type, auth.custom_auth_header, auth.key_location) == meant
    assert auth.declared_type == "api_key"


def test_names_stand_in_for_each_other() -> None:
    manifest = read_manifest({"name": "TODO", "description": "Lists.", "api": TODO["api"], "auth": {"type": "none"}})
    assert (manifest.name_for_human, manifest.name_for_model) == ("TODO", "TODO")
    assert (manifest.description_for_human, manifest.description_for_model) == ("Lists.", "Lists.")
    assert read_manifest(todo(name_for_model="Placement Plugin!")).function_prefix == "Placement_Plugin"
    assert read_manifest(todo(name_for_model="待办")).function_prefix == "plugin"


PLACEHOLDERS = [
    ("PLUGIN_HOSTNAME/openapi.yaml", "https://todo.example.com/openapi.yaml"),
    ("$host/.well-known/openapi.yaml", "https://todo.example.com/.well-known/openapi.yaml"),
    ("{{BASE}}/openapi.yaml", "https://todo.example.com/openapi.yaml"),
    ("https://PLUGIN_HOSTNAME/openapi.yaml", "https://todo.example.com/openapi.yaml"),
    ("${HOST}/o", "https://todo.example.com/o"),
    ("http://<host>:5003/o", "https://todo.example.com/o"),
    ("/openapi.yaml", "https://todo.example.com/openapi.yaml"),
    ("openapi.yaml", "https://todo.example.com/.well-known/openapi.yaml"),
]


@pytest.mark.parametrize(("url", "meant"), PLACEHOLDERS)
def test_relative_addresses_and_placeholders_mean_the_manifests_own_host(url: str, meant: str) -> None:
    assert read_manifest(todo(api=api(url)), source_url=SOURCE).document_url() == meant
    unknown = read_manifest(todo(api=api(url)))
    assert "MANIFEST-URL-RELATIVE" in codes(unknown) or "MANIFEST-PLACEHOLDER" in codes(unknown)
    if not url.startswith("http"):
        with pytest.raises(ManifestError) as caught:
            unknown.document_url()
        assert caught.value.code == "MANIFEST-NO-DOCUMENT"


LINKS = [
    ("https://example.com/legal", "https://example.com/legal"),
    ("/legal", "https://todo.example.com/legal"),
    ("example.com/legal", "https://example.com/legal"),
    ("legal.html", "https://todo.example.com/.well-known/legal.html"),
    ("hello@example.com", None),
    ("mailto:hello@example.com", None),
    ("javascript:alert(1)", None),
    ("", None),
]


@pytest.mark.row("X-06")
@pytest.mark.parametrize(("text", "link"), LINKS)
def test_only_a_web_address_becomes_a_link(text: str, link: str | None) -> None:
    assert read_manifest(todo(legal_info_url=text), source_url=SOURCE).policy_link == link


# --------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "auth",
    [
        {**OAUTH, "client_secret": "s3cr3t-value"},
        {**OAUTH, "clientSecret": "s3cr3t-value"},
        {**OAUTH, "oauth": {"CLIENT-SECRET": "s3cr3t-value"}},
        {**SERVICE, "access_token": "s3cr3t-value"},
        {"type": "api_key", "api_key": "s3cr3t-value"},
        {"type": "user_http", "authorization_type": "bearer", "token": "s3cr3t-value"},
        {**OAUTH, "client_secret": {"value": "s3cr3t-value"}},
    ],
)
@pytest.mark.parametrize("profile", [ACTIONRY, OPENAI])
@pytest.mark.parametrize("as_text", [True, False])
def test_a_secret_is_refused_loudly_and_kept_nowhere(auth: dict[str, Any], profile: Profile, as_text: bool) -> None:
    data = todo(auth=auth)
    manifest = read_manifest(json.dumps(data, indent=1) if as_text else data, profile=profile)
    finding = found(manifest, "MANIFEST-SECRET")
    assert finding.severity == "error"
    assert not manifest.ok
    if as_text:
        assert finding.line is not None
        assert finding.line > 7
    everything = repr(manifest) + repr(manifest.findings) + repr(manifest.auth.extra) + repr(manifest.extra)
    assert "s3cr3t" not in everything
    assert all(each.locate is None for each in manifest.findings), "a locator would keep the text"
    assert manifest.auth.type != "unknown"


SLIPS_AROUND_A_SECRET = [
    '{"schema_version": "v1", "auth": {"type": "oauth", "client_secret": s3cr3t-value}}',
    '{"schema_version": "v1", "auth": {"type": "oauth", "client_secret": "s3cr3t-value}}',
    '{"schema_version": "v1", "auth": {"type": "oauth", "client_secret": @s3cr3t}}',
    "schema_version: v1\nauth:\n  client_secret: !s3cr3t x\n",
    "schema_version: v1\nauth:\n  client_secret: *s3cr3t\n",
    "schema_version: v1\nauth:\n  client_secret: {{s3cr3t}}\n",
    "schema_version: v1\nauth:\n  client_secret: %s3cr3t\n",
]


@pytest.mark.parametrize("text", SLIPS_AROUND_A_SECRET)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_slip_at_a_secret_does_not_quote_it(text: str, encoding: str) -> None:
    try:
        manifest = read_manifest(text.encode(encoding))
        told = repr(manifest) + repr(manifest.findings)
    except ManifestError as error:
        told = str(error) + repr(error.__cause__)
    assert "s3cr3t" not in told


def test_a_secret_anywhere_is_refused() -> None:
    manifest = read_manifest(todo(client_secret="s3cr3t-value", support=[{"password": "s3cr3t-value"}]))
    assert [each.pointer for each in manifest.findings if each.code == "MANIFEST-SECRET"] == [
        "/client_secret",
        "/support/0/password",
    ]
    assert "s3cr3t" not in repr(manifest)


def test_names_of_keys_are_no_secrets() -> None:
    manifest = read_manifest(todo(auth={"type": "api_key", "in": "header", "key": "X-Api-Key", "client_secret": ""}))
    assert "MANIFEST-SECRET" not in codes(manifest)


# ------------------------------------------------------------------------------------------------- addresses

PLACES = [
    ("api.url", "/api/url"),
    ("logo_url", "/logo_url"),
    ("legal_info_url", "/legal_info_url"),
    ("client_url", "/auth/client_url"),
    ("authorization_url", "/auth/authorization_url"),
    ("token_url", "/auth/token_url"),
]


def with_address(place: str, url: str) -> dict[str, Any]:
    if place == "api.url":
        return todo(api=api(url))
    if place in ("client_url", "authorization_url", "token_url"):
        return todo(auth={**OAUTH, place: url})
    return todo(**{place: url})


def address_in(manifest: Manifest, place: str) -> str:
    value = {
        "api.url": manifest.api.url,
        "logo_url": manifest.logo_url,
        "legal_info_url": manifest.legal_info_url,
        "client_url": manifest.auth.client_url,
        "authorization_url": manifest.auth.authorization_url,
        "token_url": str(manifest.auth.extra.get("token_url", "")),
    }
    return value[place]


INSIDE = [
    "http://localhost:8080/x", "http://127.0.0.1/x", "https://169.254.169.254/latest/meta-data", "http://[::1]/x",
    "http://10.0.0.5/x", "https://2130706433/x", "http://0x7f.1/x", "http://metadata.google.internal/x",
    "https://[::ffff:127.0.0.1]/x", "http://nas.local/x", "//127.0.0.1/x", "https://router/x", "http://0/x",
]  # fmt: skip


@pytest.mark.row("S-19")
@pytest.mark.parametrize(("place", "pointer"), PLACES)
@pytest.mark.parametrize("url", INSIDE)
def test_each_address_that_points_inside_is_refused_on_its_own(place: str, pointer: str, url: str) -> None:
    manifest = read_manifest(with_address(place, url), source_url=SOURCE)
    finding = found(manifest, "MANIFEST-URL-INSIDE")
    assert (finding.severity, finding.pointer) == ("error", pointer)
    assert address_in(manifest, place) == ""


ODD = [
    ("javascript:alert(1)", "MANIFEST-URL-SCHEME"),
    ("JaVaScRiPt:alert(1)", "MANIFEST-URL-SCHEME"),
    ("java\nscript:alert(1)", "MANIFEST-URL-SCHEME"),
    (" \tjavascript:alert(1)", "MANIFEST-URL-SCHEME"),
    ("\x01javascript:alert(1)", "MANIFEST-URL-SCHEME"),
    ("vbscript:x", "MANIFEST-URL-SCHEME"),
    ("file:///etc/passwd", "MANIFEST-URL-SCHEME"),
    ("data:text/html,<script>", "MANIFEST-URL-SCHEME"),
    ("ftp://example.com/x", "MANIFEST-URL-SCHEME"),
    ("https://example.com@evil.test/x", "MANIFEST-URL-INVALID"),
    ("https://user:pass@example.com/x", "MANIFEST-URL-INVALID"),
    ("https://exa\tmple.com/x", "MANIFEST-URL-INVALID"),
    ("https://evil.test\\@example.com/x", "MANIFEST-URL-INVALID"),
    ("https:///x", "MANIFEST-URL-INVALID"),
    ("https:example.com/x", "MANIFEST-URL-INVALID"),
    ("https://example.com:99999/x", "MANIFEST-URL-INVALID"),
    ("https://[::1/x", "MANIFEST-URL-INVALID"),
]


@pytest.mark.row("X-06")
@pytest.mark.row("S-19")
@pytest.mark.parametrize(("place", "pointer"), PLACES)
@pytest.mark.parametrize(("url", "code"), ODD)
def test_addresses_that_are_no_web_addresses_are_refused(place: str, pointer: str, url: str, code: str) -> None:
    manifest = read_manifest(with_address(place, url), source_url=SOURCE)
    finding = found(manifest, code)
    assert (finding.severity, finding.pointer) == ("error", pointer)
    assert address_in(manifest, place) == ""
    assert "pass@" not in finding.message


def test_a_manifest_without_known_source_is_measured_by_its_api() -> None:
    manifest = read_manifest(todo(logo_url="http://192.168.1.1/logo.png"))
    assert found(manifest, "MANIFEST-URL-INSIDE").pointer == "/logo_url"
    elsewhere = read_manifest(todo(api=api("https://other.test/openapi.yaml")))
    assert "MANIFEST-API-DOMAIN" not in codes(elsewhere)
    assert "MANIFEST-LEGAL-DOMAIN" in codes(elsewhere)


@pytest.mark.row("PA-02")
def test_a_plugin_on_this_machine_may_be_here_but_without_authentication() -> None:
    source = "http://localhost:5003/.well-known/ai-plugin.json"
    here = todo(
        api=api("http://localhost:5003/openapi.yaml"),
        logo_url="http://localhost:5003/logo.png",
        legal_info_url="http://localhost:5003/legal",
    )
    manifest = read_manifest(here, source_url=source)
    assert codes(manifest) == ["MANIFEST-LOCAL"]
    assert manifest.document_url() == "http://localhost:5003/openapi.yaml"
    guarded = read_manifest({**here, "auth": SERVICE}, source_url=source, profile=OPENAI)
    assert found(guarded, "MANIFEST-LOCAL-AUTH").severity == "error"


@pytest.mark.row("D-05")
@pytest.mark.row("D-08")
def test_the_legal_page_shares_the_registrable_domain() -> None:
    source = "https://shop.example.co.uk/.well-known/ai-plugin.json"
    base = {
        "api": api("https://shop.example.co.uk/o"),
        "logo_url": "https://example.co.uk/l",
        "contact_email": "a@example.co.uk",
    }
    same = read_manifest(todo(**base, legal_info_url="https://legal.example.co.uk/"), source_url=source, profile=OPENAI)
    other = read_manifest(todo(**base, legal_info_url="https://other.co.uk/"), source_url=source, profile=OPENAI)
    assert codes(same) == []
    assert found(other, "MANIFEST-LEGAL-DOMAIN").severity == "error"


@pytest.mark.row("D-04")
def test_document_url_minds_the_root_domain_of_the_place_that_answered() -> None:
    manifest = read_manifest(TODO)
    assert manifest.document_url("https://www.example.com/.well-known/ai-plugin.json")
    with pytest.raises(ManifestError) as caught:
        manifest.document_url("https://other.test/.well-known/ai-plugin.json")
    assert (caught.value.code, caught.value.pointer) == ("MANIFEST-API-DOMAIN", "/api/url")


@pytest.mark.row("P-13")
def test_look_alike_hosts_are_shown_in_ascii() -> None:
    manifest = read_manifest(
        todo(api=api("https://еxample.com/openapi.yaml")),  # Cyrillic е
        source_url="https://еxample.com/.well-known/ai-plugin.json",
    )
    findings = [each for each in manifest.findings if each.code == "MANIFEST-IDN"]
    assert [each.pointer for each in findings] == ["", "/api/url"]
    assert all("xn--xample-2of.com" in each.message for each in findings)
    assert manifest.root == "xn--xample-2of.com"


@pytest.mark.row("X-06")
def test_people_see_no_invisible_characters() -> None:
    manifest = read_manifest(todo(name_for_human="TO\u200bDO \u202etxt.exe", description_for_human="می\u200cخواهم"))
    assert manifest.name_for_human == "TODO txt.exe"
    assert manifest.description_for_human == "می\u200cخواهم", "a joiner between letters belongs to the word"


# ------------------------------------------------------------------------------------------------ Microsoft

MICROSOFT: dict[str, Any] = {
    "$schema": "https://schema.example/v2.2/schema.json",
    "schema_version": "v2.2",
    "name_for_human": "Repairs",
    "namespace": "repairs",
    "description_for_human": "Look up repairs.",
    "description_for_model": "Search and create repairs.",
    "logo_url": "https://repairs.example.com/logo.png",
    "contact_email": "a@example.com",
    "privacy_policy_url": "https://example.com/privacy",
    "functions": [
        {"name": "listRepairs", "description": "All repairs", "capabilities": {"confirmation": {"type": "None"}}},
        {"name": "createRepair"},
        {"name": "localOnly"},
    ],
    "runtimes": [
        {"type": "LocalPlugin", "spec": {"local_endpoint": "x"}, "run_for_functions": ["localOnly"]},
        {
            "type": "OpenApi",
            "auth": {"type": "ApiKeyPluginVault", "reference_id": "abc"},
            "spec": {"url": "https://repairs.example.com/openapi.json"},
            "run_for_functions": ["listRepairs", "create*"],
        },
    ],
    "capabilities": {"conversation_starters": [{"text": "Which repairs are open?"}, {"title": "no text"}]},
}


@pytest.mark.row("M-03")
def test_microsofts_v2_is_read_into_the_same_fields() -> None:
    manifest = read_manifest(json.dumps(MICROSOFT, indent=1))
    assert manifest.kind == "microsoft"
    assert manifest.name_for_model == "repairs"
    assert manifest.api.url == "https://repairs.example.com/openapi.json"
    assert (manifest.auth.type, manifest.auth.authorization_type) == ("service_http", "bearer")
    assert manifest.auth.extra == {"reference_id": "abc"}
    assert manifest.legal_info_url == "https://example.com/privacy"
    assert [each.name for each in manifest.functions] == ["listRepairs", "createRepair"]
    assert manifest.functions[0].description == "All repairs"
    assert manifest.conversation_starters == ("Which repairs are open?",)
    assert codes(manifest) == ["MANIFEST-MICROSOFT", "MANIFEST-RUNTIME"]
    assert found(read_manifest(MICROSOFT, profile=OPENAI), "MANIFEST-MICROSOFT").severity == "error"


@pytest.mark.parametrize(
    ("auth", "kind"),
    [
        ({"type": "None"}, "none"),
        ({"type": "OAuthPluginVault", "reference_id": "x"}, "oauth"),
        ({"type": "ApiKeyPluginVault"}, "service_http"),
        (None, "none"),
        ({"type": "Quantum"}, "unknown"),
    ],
)
def test_microsofts_kinds_of_authentication(auth: Any, kind: str) -> None:
    runtime = {"type": "OpenApi", "auth": auth, "spec": {"url": "https://repairs.example.com/openapi.json"}}
    manifest = read_manifest({**MICROSOFT, "schema_version": "v2.1", "runtimes": [runtime]})
    assert manifest.auth.type == kind
    assert "MANIFEST-OAUTH-MISSING" not in codes(manifest)
    assert [each.name for each in manifest.functions] == ["listRepairs", "createRepair", "localOnly"]


def test_microsofts_findings_point_at_the_source() -> None:
    runtimes = [
        {"type": "OpenApi", "auth": {"type": "None"}, "spec": {"url": "openapi.json"}, "run_for_functions": ["*"]}
    ]
    manifest = read_manifest(json.dumps({**MICROSOFT, "runtimes": runtimes}, indent=1))
    finding = found(manifest, "MANIFEST-URL-RELATIVE")
    assert finding.pointer == "/runtimes/0/spec/url"
    assert finding.line is not None
    assert len(manifest.functions) == 3
    nothing = read_manifest({**MICROSOFT, "runtimes": []})
    assert found(nothing, "MANIFEST-NO-DOCUMENT").severity == "error"


def test_a_v1_manifest_that_calls_itself_v2_stays_one() -> None:
    assert read_manifest(todo(schema_version="v2", functions={"a": 1})).kind == "v1"


@pytest.mark.row("M-15")
def test_the_fingerprint_changes_with_the_manifest_only() -> None:
    first = read_manifest(todo(auth=SERVICE)).fingerprint
    same = todo(auth={**SERVICE, "verification_tokens": {"ours": "new"}}, is_dev=True)
    assert read_manifest(json.dumps(same), source_url=SOURCE, profile=OPENAI).fingerprint == first
    for changes in ({"description_for_model": "Something else."}, {"api": api("https://todo.example.com/other")}):
        assert read_manifest(todo(auth=SERVICE, **changes)).fingerprint != first
    basic = {**SERVICE, "authorization_type": "basic"}
    assert read_manifest(todo(auth=basic)).fingerprint != first


# ------------------------------------------------------------------------------------------- what is refused

REFUSED: list[tuple[str | bytes, str]] = [
    ("", "MANIFEST-EMPTY"),
    (b" \n ", "MANIFEST-EMPTY"),
    ("<!DOCTYPE html><html><body>Not found</body></html>", "MANIFEST-HTML"),
    (b"\xef\xbb\xbf\n<html>", "MANIFEST-HTML"),
    ("<!-- x --><html>", "MANIFEST-HTML"),
    ("{", "MANIFEST-UNREADABLE"),
    ('{"schema_version": "v1"} trailing: {', "MANIFEST-UNREADABLE"),
    ('{"schema_version": "v1"\n "auth": {"type": "none"}}', "MANIFEST-UNREADABLE"),
    ("[]", "MANIFEST-NOT-OBJECT"),
    ("null", "MANIFEST-NOT-OBJECT"),
    ('"v1"', "MANIFEST-NOT-OBJECT"),
    ("42", "MANIFEST-NOT-OBJECT"),
    ("Not Found", "MANIFEST-NOT-OBJECT"),
    ("{}", "MANIFEST-NONE"),
    ('{"@context": "https://schema.org", "name": "x"}', "MANIFEST-NONE"),
    (json.dumps({"/.well-known/ai-plugin.json": TODO}), "MANIFEST-NONE"),
    ('{"openapi": "3.1.0", "info": {}, "paths": {}}', "MANIFEST-IS-DOCUMENT"),
    ("https://example.com/.well-known/ai-plugin.json", "MANIFEST-IS-ADDRESS"),
    ("[" * 5000, "SYNTAX-TOO-DEEP"),
    (b"{" + b'"a": 1,' * 200_000 + b"}", "SYNTAX-TOO-LARGE"),
]


@pytest.mark.parametrize(("source", "code"), REFUSED)
def test_what_is_no_manifest_is_refused_with_a_mend(source: str | bytes, code: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(source)
    assert caught.value.code == code
    assert caught.value.message
    assert caught.value.told_to == "developer"
    assert len(str(caught.value)) < 500


def test_a_missing_comma_is_not_guessed_over() -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest('{\n "schema_version": "v1"\n "auth": {"type": "none"}\n}')
    assert caught.value.line is not None


def test_files(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path / "no-such.json")
    assert caught.value.code == "MANIFEST-NO-FILE"
    with pytest.raises(ManifestError):
        read_manifest(tmp_path)
    assert read_manifest(ROOT / "docs" / "examples" / "ai-plugin.json").name_for_model == "todo"


def test_a_mapping_that_holds_itself_is_refused() -> None:
    endless: dict[str, Any] = todo()
    endless["extra"] = endless
    with pytest.raises(ManifestError):
        read_manifest(endless)


# ------------------------------------------------------------------------------------------------- writing


@pytest.mark.row("MG-05")
@pytest.mark.parametrize(
    "auth", [{"type": "none"}, SERVICE, OAUTH, {"type": "user_http", "authorization_type": "basic"}]
)
def test_what_is_written_is_read_back(auth: dict[str, Any]) -> None:
    first = read_manifest({**TODO, "auth": auth})
    fields = ("name_for_human", "name_for_model", "description_for_human", "description_for_model")
    more = ("logo_url", "contact_email", "legal_info_url")
    written = write_manifest(
        **{name: getattr(first, name) for name in (*fields, *more)}, api_url=first.api.url, auth=first.auth
    )
    assert written == {**TODO, "auth": auth}
    assert list(written) == list(TODO)
    assert read_manifest(written) == first


def written_with(*, auth: Auth | None = None, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    return write_manifest(
        name_for_human="x",
        name_for_model="x",
        description_for_human="x",
        description_for_model="x",
        api_url="https://a.test/o",
        auth=auth,
        extra=extra,
    )


@pytest.mark.row("MG-05")
def test_writing_refuses_what_a_manifest_cannot_or_must_not_say() -> None:
    extras: list[dict[str, Any]] = [{"client_secret": "s"}, {"auth": {}}]
    for extra in extras:
        with pytest.raises(ManifestError):
            written_with(extra=extra)
    for unsaid in (Auth(type="unknown"), Auth(type="api_key", key_location="query")):
        with pytest.raises(ManifestError):
            written_with(auth=unsaid)
    assert written_with(extra={"x-note": 1})["x-note"] == 1
    key = Auth(type="api_key", authorization_type="custom", custom_auth_header="X-Api-Key")
    auth = read_manifest(written_with(auth=key)).auth
    assert (auth.type, auth.authorization_type, auth.custom_auth_header) == ("service_http", "custom", "X-Api-Key")


# ---------------------------------------------------------------------------------------------------- laws

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(TODO, VALUES)), st.sampled_from([ACTIONRY, OPENAI]))
def test_any_values_are_read_or_refused_in_one_way(data: dict[str, Any], profile: Profile) -> None:
    try:
        manifest = read_manifest(data, profile=profile, source_url=SOURCE)
    except ManifestError:
        return
    assert all(each.code in CODES for each in manifest.findings)
    assert isinstance(manifest.api.url, str)
    assert manifest.policy_link is None or manifest.policy_link.startswith(("http://", "https://"))
    if not manifest.findings:
        assert {*TODO} <= data.keys()


@given(st.text(max_size=80))
def test_any_text_is_a_safe_legal_address(text: str) -> None:
    manifest = read_manifest(todo(legal_info_url=text), source_url=SOURCE)
    link = manifest.policy_link
    assert link is None or link.lower().startswith(("http://", "https://"))
    assert "\n" not in (link or "")


def test_the_page_has_every_code_as_it_is() -> None:
    page = (ROOT / "docs" / "reference" / "manifests.md").read_text("utf-8").splitlines()
    for code, row in CODES.items():
        assert (
            f"| `{code}` | {row.actionry or '–'} | {row.openai or '–'} | {row.meaning} | {row.effect} | {row.mend} |"
            in page
        )
