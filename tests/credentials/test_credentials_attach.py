"""A credential goes to the origin it was saved for, in the form its scheme asks for, and nowhere else."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from actionry.credentials import (
    ApiKey,
    Basic,
    Bearer,
    Credential,
    Credentials,
    NoCredential,
    OAuthToken,
    Secret,
    ServiceHttp,
    UserHttp,
    attach,
    basic_value,
    choose,
    from_key_form,
    read_credentials,
)
from actionry.credentials.schemes import (
    KeyLocation,
    describe,
    dump_token,
    from_description,
    load_token,
    read_manifest_auth,
    secrets_of,
)
from actionry.errors import CredentialError
from actionry.http import Request
from actionry.openapi.model import SecurityRequirement, SecurityScheme

ORIGIN = "https://api.example.com"
KEY = "k-123456"


def api_key(location: KeyLocation, name: str) -> SecurityScheme:
    return SecurityScheme(name="key", kind="apiKey", location=location, parameter_name=name)


def http(scheme: str) -> SecurityScheme:
    return SecurityScheme(name="key", kind="http", http_scheme=scheme)


OAUTH = SecurityScheme(name="key", kind="oauth2")
UNKNOWN = SecurityScheme(name="key", kind="unknown")


def sent(
    credential: object, scheme: SecurityScheme, url: str = f"{ORIGIN}/v1", headers: dict[str, str] | None = None
) -> Request:
    requirements = [SecurityRequirement(((scheme, ()),))]
    request = Request("GET", url, CIMultiDict(headers or {}))
    return attach(request, choose(requirements, read_credentials(credential)), action_origin=ORIGIN)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.row("AU-07")
@pytest.mark.row("AU-03")
@pytest.mark.row("PA-04")
@pytest.mark.parametrize(
    ("credential", "scheme", "header", "value"),
    [
        (KEY, api_key("header", "X-Api-Key"), "X-Api-Key", KEY),
        (KEY, api_key("header", "Authorization"), "Authorization", KEY),
        (KEY, http("bearer"), "Authorization", f"Bearer {KEY}"),
        (f"Bearer {KEY}", http("bearer"), "Authorization", f"Bearer {KEY}"),
        (KEY, http("token"), "Authorization", f"Token {KEY}"),
        (KEY, OAUTH, "Authorization", f"Bearer {KEY}"),
        (KEY, SecurityScheme(name="key", kind="openIdConnect"), "Authorization", f"Bearer {KEY}"),
        (KEY, UNKNOWN, "Authorization", f"Bearer {KEY}"),
        ("ada:pw", http("basic"), "Authorization", f"Basic {b64('ada:pw')}"),
        (b64("ada:pw"), http("basic"), "Authorization", f"Basic {b64('ada:pw')}"),
        (f"Basic {b64('ada:pw')}", http("basic"), "Authorization", f"Basic {b64('ada:pw')}"),
        ("opaque", http("basic"), "Authorization", "Basic opaque"),
        (("ada", "p:w"), http("basic"), "Authorization", f"Basic {b64('ada:p:w')}"),
        (("ada", "pässwörd"), http("basic"), "Authorization", f"Basic {b64('ada:pässwörd')}"),
        ({"username": "ada", "password": "pw"}, http("basic"), "Authorization", f"Basic {b64('ada:pw')}"),
        ({"access_token": KEY, "token_type": "bearer"}, OAUTH, "Authorization", f"Bearer {KEY}"),
        (OAuthToken(access_token=Secret(KEY)), OAUTH, "Authorization", f"Bearer {KEY}"),
        (ApiKey(Secret(KEY), "header", "X-Own"), api_key("header", "X-Api-Key"), "X-Own", KEY),
        (ApiKey(Secret(KEY), prefix="Token "), api_key("header", "Authorization"), "Authorization", f"Token {KEY}"),
        (ServiceHttp(authorization_type="bearer", token=Secret(KEY)), UNKNOWN, "Authorization", f"Bearer {KEY}"),
        (ServiceHttp(authorization_type="basic", token=Secret("YTpi")), UNKNOWN, "Authorization", "Basic YTpi"),
        (UserHttp(authorization_type="custom", token=Secret(KEY), custom_auth_header="X-K"), UNKNOWN, "X-K", KEY),
    ],
)
def test_header_credentials(credential: object, scheme: SecurityScheme, header: str, value: str) -> None:
    request = sent(credential, scheme)
    assert request.headers.getall(header) == [value]
    assert len(request.headers) == 1
    assert request.url == f"{ORIGIN}/v1"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{ORIGIN}/v1", f"{ORIGIN}/v1?api_key=a%20b%26c%3D%2B%C3%A9"),
        (f"{ORIGIN}/v1?", f"{ORIGIN}/v1?api_key=a%20b%26c%3D%2B%C3%A9"),
        (f"{ORIGIN}/v1?q=%7Bx%7D&r", f"{ORIGIN}/v1?q=%7Bx%7D&r&api_key=a%20b%26c%3D%2B%C3%A9"),
        (f"{ORIGIN}/v1?api_key=model&q=1&api%5Fkey=again", f"{ORIGIN}/v1?q=1&api_key=a%20b%26c%3D%2B%C3%A9"),
        (f"{ORIGIN}/v1#part", f"{ORIGIN}/v1?api_key=a%20b%26c%3D%2B%C3%A9#part"),
    ],
)
def test_query_key_is_encoded_and_stands_alone(url: str, expected: str) -> None:
    assert sent("a b&c=+é", api_key("query", "api_key"), url).url == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "sid=k-123456"), ("a=1; b=2", "a=1; b=2; sid=k-123456"), ("a=1; sid=model", "a=1; sid=k-123456")],
)
def test_cookie_joins_the_one_cookie_header(before: str | None, after: str) -> None:
    request = sent(KEY, api_key("cookie", "sid"), headers={} if before is None else {"cookie": before})
    assert request.headers.getall("Cookie") == [after]


@pytest.mark.row("R-06")
def test_the_credential_replaces_what_an_argument_set() -> None:
    request = sent(KEY, api_key("header", "X-Api-Key"), headers={"x-api-key": "model", "X-Other": "kept"})
    assert request.headers.getall("X-Api-Key") == [KEY]
    assert request.headers["X-Other"] == "kept"


def test_the_request_that_was_given_is_left_as_it_was() -> None:
    request = Request("GET", f"{ORIGIN}/v1")
    chosen = choose([SecurityRequirement(((OAUTH, ()),))], read_credentials(KEY))
    assert attach(request, chosen, action_origin=ORIGIN) is not request
    assert len(request.headers) == 0


ELSEWHERE = [
    "https://evil.example/v1",
    "https://api.example.com:8443/v1",
    "http://api.example.com/v1",
    "http://api.example.com:443/v1",
    "https://example.com/v1",
    "https://v2.api.example.com/v1",
    "https://api.example.com./v1",
    "https://api.example.com@evil.example/v1",
    "https://ada:pw@api.example.com/v1",
    "https://evil.example\\@api.example.com/v1",
    "https://api.example.com\\@evil.example/v1",
    "https://api.example.com%2Eevil.example/v1",
    "https://api.example.com\t/v1",
    "https:///v1",
    "//api.example.com/v1",
    "/v1",
    "https://api.example.com:99999/v1",
]

EVERY_KIND: list[tuple[Credential, SecurityScheme]] = [
    (ApiKey(Secret(KEY)), api_key("header", "X-Api-Key")),
    (ApiKey(Secret(KEY)), api_key("query", "key")),
    (ApiKey(Secret(KEY)), api_key("cookie", "sid")),
    (Basic(Secret("ada"), Secret(KEY)), http("basic")),
    (Bearer(Secret(KEY)), http("bearer")),
    (OAuthToken(access_token=Secret(KEY)), OAUTH),
    (ServiceHttp(authorization_type="bearer", token=Secret(KEY)), UNKNOWN),
    (UserHttp(authorization_type="custom", token=Secret(KEY), custom_auth_header="X-K"), UNKNOWN),
]


@pytest.mark.row("R-10")
@pytest.mark.row("R-11")
@pytest.mark.row("R-12")
@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize(("credential", "scheme"), EVERY_KIND)
def test_nothing_is_attached_for_another_origin(credential: Credential, scheme: SecurityScheme, url: str) -> None:
    request = Request("GET", url)
    chosen = choose([SecurityRequirement(((scheme, ()),))], read_credentials(credential))
    with pytest.raises(CredentialError) as caught:
        attach(request, chosen, action_origin=ORIGIN)
    assert KEY not in str(caught.value)
    assert KEY not in request.url
    assert len(request.headers) == 0


@pytest.mark.parametrize("url", ["https://API.Example.COM/v1", "https://api.example.com:443/v1", f"{ORIGIN}?a=1"])
def test_the_same_origin_in_another_spelling(url: str) -> None:
    assert "Authorization" in sent(KEY, OAUTH, url).headers


@pytest.mark.row("R-14")
def test_moving_the_host_detaches_a_saved_secret() -> None:
    saved = Credentials(default=Bearer(Secret(KEY)), origin=ORIGIN)
    chosen = choose([SecurityRequirement(((OAUTH, ()),))], saved)
    moved = "https://new.example.com"
    with pytest.raises(CredentialError, match=r"belongs to https://api\.example\.com:443"):
        attach(Request("GET", f"{moved}/v1"), chosen, action_origin=moved)
    assert "Authorization" in attach(Request("GET", f"{ORIGIN}/v1"), chosen, action_origin=moved).headers


@pytest.mark.row("R-11")
def test_plain_http_only_on_this_machine_or_where_the_operator_allows_it() -> None:
    chosen = choose([SecurityRequirement(((OAUTH, ()),))], read_credentials(KEY))
    for origin in ("http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://127.9.9.9"):
        assert "Authorization" in attach(Request("GET", f"{origin}/x"), chosen, action_origin=origin).headers
    for origin in ("http://10.0.0.5:8000", "http://api.example.com", "http://localhost.example.com"):
        with pytest.raises(CredentialError, match="unencrypted"):
            attach(Request("GET", f"{origin}/x"), chosen, action_origin=origin)
        attach(Request("GET", f"{origin}/x"), chosen, action_origin=origin, allow_http=True)


@pytest.mark.row("R-04")
@pytest.mark.parametrize(
    "bad", ["a\r\nX: 1", "a\nb", "a\rb", "a\0b", "a\x7f", "秘密", "", " a", "a ", "a\u2028b", "\ud800"]
)
def test_header_values_that_cannot_be_sent(bad: str) -> None:
    with pytest.raises(CredentialError):
        sent(Bearer(Secret(bad)), OAUTH)
    with pytest.raises(CredentialError):
        sent(ApiKey(Secret(bad)), api_key("header", "X-Api-Key"))


@pytest.mark.row("R-04")
@pytest.mark.parametrize("bad", ["a\r\nb", "a\0b", "\ud800"])
def test_query_values_that_cannot_be_sent(bad: str) -> None:
    with pytest.raises(CredentialError):
        sent(ApiKey(Secret(bad)), api_key("query", "key"))


@pytest.mark.row("R-04")
@pytest.mark.parametrize("bad", ["a;b=1", "a\r\nb", "a b", 'a"b', "a,b", "a\\b", "é"])
def test_cookie_values_that_cannot_be_sent(bad: str) -> None:
    with pytest.raises(CredentialError):
        sent(ApiKey(Secret(bad)), api_key("cookie", "sid"))


@pytest.mark.row("S-12")
@pytest.mark.parametrize(
    "name",
    [
        "Metadata",
        "metadata",
        "Metadata-Flavor",
        "X-aws-ec2-metadata-token",
        "X-aws-ec2-metadata-token-ttl-seconds",
        "X-Google-Metadata-Request",
        "Host",
        "Cookie",
        "Set-Cookie",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Proxy-Authorization",
        "X-Forwarded-For",
        "X-HTTP-Method-Override",
        "TE",
        "Upgrade",
        "Expect",
        "Sec-Fetch-Site",
        "X Key",
        "X:Key",
        "X-Key\r\nY",
        "",
        "Schlüssel",
    ],
)
def test_header_names_that_cannot_carry_a_key_are_refused_when_saved_and_when_sent(name: str) -> None:
    with pytest.raises(CredentialError):
        from_key_form("custom", KEY, name=name)
    with pytest.raises(CredentialError):
        ServiceHttp(authorization_type="custom", token=Secret(KEY), custom_auth_header=name)
    with pytest.raises(CredentialError):
        sent(KEY, api_key("header", name))


@pytest.mark.row("AU-02")
@pytest.mark.row("AU-04")
@pytest.mark.parametrize(
    ("mode", "key", "name", "expected", "shown"),
    [
        ("basic", "ada:pw", None, ("Authorization", f"Basic {b64('ada:pw')}"), {"authorization_type": "basic"}),
        ("basic", "YTpi", None, ("Authorization", "Basic YTpi"), {"authorization_type": "basic"}),
        ("bearer", KEY, None, ("Authorization", f"Bearer {KEY}"), {"authorization_type": "bearer"}),
        (
            "custom",
            KEY,
            "X-Api-Key",
            ("X-Api-Key", KEY),
            {"authorization_type": "custom", "custom_auth_header": "X-Api-Key"},
        ),
    ],
)
def test_the_builders_dialog(
    mode: str, key: str, name: str | None, expected: tuple[str, str], shown: dict[str, str]
) -> None:
    credential = from_key_form(mode, key, name=name)  # type: ignore[arg-type]  # the table holds only known modes
    request = sent(credential, api_key("query", "ignored"))
    assert list(request.headers.items()) == [expected]
    assert describe(credential) == {"type": "service_http", **shown, "set": True}
    assert key not in repr(describe(credential))


def test_the_dialog_also_takes_query_and_cookie_keys() -> None:
    assert sent(from_key_form("query", KEY, name="key"), OAUTH).url == f"{ORIGIN}/v1?key={KEY}"
    assert sent(from_key_form("cookie", KEY, name="sid"), OAUTH).headers["Cookie"] == f"sid={KEY}"
    with pytest.raises(CredentialError):
        from_key_form("query", KEY)
    with pytest.raises(CredentialError):
        from_key_form("bearer", "")


@pytest.mark.row("AU-03")
@pytest.mark.parametrize(
    ("text", "encode", "value", "looks_like", "encoded"),
    [
        ("ada:pw", None, b64("ada:pw"), "user:pass", True),
        ("ada:pw", False, "ada:pw", "user:pass", False),
        (b64("ada:pw"), None, b64("ada:pw"), "base64", False),
        (b64("ada:pw"), True, b64(b64("ada:pw")), "base64", True),
        ("sk_live_1", None, "sk_live_1", "opaque", False),
        ("sk_live_1:", None, b64("sk_live_1:"), "user:pass", True),
    ],
)
def test_basic_value_offers_to_encode(
    text: str, encode: bool | None, value: str, looks_like: str, encoded: bool
) -> None:
    found = basic_value(text, encode)
    assert (found.value.reveal(), found.looks_like, found.encoded) == (value, looks_like, encoded)


@pytest.mark.row("M-09")
@pytest.mark.row("M-10")
@pytest.mark.row("PA-05")
@pytest.mark.row("PA-04")
def test_manifest_kinds() -> None:
    service = read_manifest_auth({"type": "service_http", "authorization_type": "Bearer"}, KEY)
    assert isinstance(service, ServiceHttp)
    assert service.owner == "action"
    user = read_manifest_auth({"type": "user_http", "authorization_type": "basic"}, "ada:pw")
    assert user.owner == "user"
    assert sent(user, UNKNOWN).headers["Authorization"] == f"Basic {b64('ada:pw')}"
    assert read_manifest_auth({"type": "user_http"}, KEY).authorization_type == "bearer"
    for auth in ({"type": "oauth"}, {"type": "service_http", "authorization_type": "digest"}, {}):
        with pytest.raises(CredentialError):
            read_manifest_auth(auth, KEY)


@pytest.mark.row("AU-04")
@pytest.mark.parametrize(
    "credential",
    [
        NoCredential(),
        ServiceHttp(authorization_type="bearer", token=Secret(KEY)),
        UserHttp(authorization_type="custom", token=Secret(KEY), custom_auth_header="X-K"),
        from_key_form("basic", "ada:pw"),
        from_key_form("bearer", KEY, owner="user"),
        from_key_form("custom", KEY, name="X-Api-Key"),
        from_key_form("query", KEY, name="key"),
        from_key_form("cookie", KEY, name="sid", owner="user"),
    ],
)
def test_what_is_stored_makes_the_same_call_again(credential: Credential) -> None:
    form = describe(credential)
    secret = (secrets_of(credential) or (Secret(""),))[0]
    again = from_description(form, secret)
    assert describe(again) == form
    assert again.owner == credential.owner
    first, second = (choose([SecurityRequirement(((OAUTH, ()),))], Credentials(default=c)) for c in (credential, again))
    assert first.placements == second.placements


def test_a_token_comes_back_from_the_vault_as_it_was() -> None:
    token = OAuthToken(
        access_token=Secret("at"), refresh_token=Secret("rt"), expires_at=5.5, scope="a b", remarks=("x",)
    )
    assert load_token(dump_token(token)) == token
    assert load_token(dump_token(OAuthToken(access_token=Secret("é")))).access_token == Secret("é")
    for bad in ("", "{}", "[]", '{"access_token": 7, "remarks": []}', '{"access_token": "a", "remarks": [], "x": 1}'):
        with pytest.raises(CredentialError):
            load_token(Secret(bad))


def test_a_basic_user_name_cannot_hold_a_colon() -> None:
    with pytest.raises(CredentialError):
        Basic(Secret("a:b"), Secret("pw"))


SENDABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


@given(SENDABLE)
def test_a_server_reads_back_every_header_key(key: str) -> None:
    assert sent(ApiKey(Secret(key)), api_key("header", "X-Api-Key")).headers["X-Api-Key"] == key


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(lambda key: key == key.strip(" ")))
def test_a_server_reads_back_every_query_key(key: str) -> None:
    url = sent(ApiKey(Secret(key)), api_key("query", "api key"), f"{ORIGIN}/v1?a=%2F").url
    assert parse_qsl(urlsplit(url).query) == [("a", "/"), ("api key", key)]
    assert url.isascii()


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=":")),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_a_server_reads_back_user_and_password(user: str, password: str) -> None:
    value = sent(Basic(Secret(user), Secret(password)), http("basic")).headers["Authorization"]
    assert base64.b64decode(value.removeprefix("Basic ")).decode() == f"{user}:{password}"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_the_key_a_header_never_grows_a_line(key: str) -> None:
    try:
        request = sent(ApiKey(Secret(key)), api_key("header", "X-Api-Key"))
    except CredentialError:
        return
    assert not set("\r\n\0") & set(request.headers["X-Api-Key"])
    request.headers["X-Api-Key"].encode("latin-1")


def test_names_of_query_keys_are_encoded() -> None:
    url = sent(KEY, api_key("query", "api[key]&x")).url
    assert unquote(urlsplit(url).query) == f"api[key]&x={KEY}"
    assert "%26" in url
