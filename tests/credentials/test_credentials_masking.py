"""What is shown holds no secret, and still says what it has to."""

from __future__ import annotations

import base64
import html
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from actionry.credentials import Basic, Bearer, Masker, Secret, mask
from actionry.credentials.masking import is_secret_name
from actionry.credentials.schemes import secrets_of
from actionry.http import Request

SECRET = 'p@ss/w+rd="ö&<x>'
MASKER = Masker([Secret(SECRET)])


@pytest.mark.row("L-03")
@pytest.mark.row("L-04")
@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        html.escape(SECRET),
        repr(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_every_spelling_in_which_a_secret_travels(spelled: str) -> None:
    assert MASKER.text(f"before {spelled} after") == "before ••• after"
    assert MASKER.content(f"before {spelled} after".encode()) == "before ••• after".encode()


@pytest.mark.row("L-04")
@pytest.mark.parametrize("user", ["a", "ab", "abc", "ada.lovelace@example.com"])
def test_a_password_inside_basic_is_hidden_whoever_the_user_is(user: str) -> None:
    header = "Basic " + base64.b64encode(f"{user}:correct-horse-battery".encode()).decode()
    shown = Masker([Secret("correct-horse-battery")]).text(f"You sent {header}")
    decodable = "".join(c for c in shown.split("Basic ")[1] if c.isascii())
    assert "•••" in shown
    assert "horse" not in base64.b64decode(decodable + "=" * (-len(decodable) % 4)).decode("utf-8", "replace")
    whole = Masker(secrets_of(Basic(Secret(user), Secret("correct-horse-battery"))))
    assert whole.text(f"You sent {header}") == "You sent Basic •••"


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    masker = Masker([Secret("7")])
    assert masker.text("pin=7, year 1972, x7, 7") == "pin=•••, year 1972, x7, •••"
    assert Masker([Secret("")]).text("nothing") == "nothing"


def test_an_ordinary_user_name_is_no_secret_but_a_key_in_its_place_is() -> None:
    ordinary = Masker(secrets_of(Basic(Secret("admin"), Secret("correct-horse"))))
    assert ordinary.text("role admin") == "role admin"
    key = Masker(secrets_of(Basic(Secret("sk-0123456789"), Secret(""))))
    assert key.text("key sk-0123456789") == "key •••"


@pytest.mark.row("CO-06")
@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apiKey",
        "APIKey",
        "X-Api-Key",
        "x-api-key",
        "token",
        "access_token",
        "accessToken",
        "refresh_token",
        "password",
        "Passwd",
        "user.password",
        "client_secret",
        "clientSecret",
        "Authorization",
        "secret",
        "private_key",
        "sessionid",
        "session_id",
        "sig",
        "signature",
        "otp",
        "X-Auth-Token",
        "subscription-key",
        "Ocp-Apim-Subscription-Key",
        "apikey2",
        "db[password]",
        "AWSSecretKey",
        "cookie",
        "security_code",
        "auth",
        "id_token",
        "code_verifier",
        "x-amz-security-token",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "q",
        "key",
        "keyword",
        "monkey",
        "max_tokens",
        "page_token",
        "nextPageToken",
        "continuationToken",
        "sync_token",
        "token_type",
        "token_count",
        "tokens",
        "password_policy",
        "secretary",
        "author",
        "authors",
        "sign",
        "assigned",
        "pinned",
        "spin",
        "code",
        "state",
        "primary_key",
        "sort_key",
        "cookie_policy",
        "",
        "42",
        "signature_required",
        "名前",
    ],
)
def test_names_that_only_sound_like_it(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.row("CO-06")
def test_arguments_are_masked_by_name_and_by_value() -> None:
    arguments = {
        "q": f"find {SECRET}",
        "api_key": "abc",
        "page_token": "p2",
        "max_tokens": 5,
        "deep": [{"password": 1234, "n": None}],
        "credentials": {"user": "ada", "on": True},
        SECRET: 1,
    }
    assert mask(arguments, [Secret(SECRET)]) == {
        "q": "find •••",
        "api_key": "•••",
        "page_token": "p2",
        "max_tokens": 5,
        "deep": [{"password": "•••", "n": None}],
        "credentials": {"user": "•••", "on": True},
        "•••": 1,
    }
    assert mask([Secret("x"), 123456, 1.5], [Secret("123456")]) == ["•••", "•••", 1.5]


@pytest.mark.row("L-03")
def test_a_whole_request() -> None:
    request = Request(
        "POST",
        "https://ada:pw@api.example.com/v1/a?q=x&key=topsecret&access_token=t%20t&page=2&api_key=",
        CIMultiDict(
            [
                ("Authorization", "Bearer abc.def"),
                ("Cookie", "a=1; b=2"),
                ("X-Api-Key", "zzz"),
                ("Accept", "*/*"),
                ("X-Echo", "hidden-value-1"),
            ]
        ),
        b'{"password": "pw", "name": "hidden-value-1"}',
    )
    shown = Masker([Secret("hidden-value-1")]).request(request)
    assert shown.url == "https://•••@api.example.com/v1/a?q=x&key=•••&access_token=•••&page=2&api_key="
    assert dict(shown.headers) == {
        "Authorization": "Bearer •••",
        "Cookie": "a=•••; b=•••",
        "X-Api-Key": "•••",
        "Accept": "*/*",
        "X-Echo": "•••",
    }
    assert shown.body == {"password": "•••", "name": "•••"}


@pytest.mark.parametrize(
    ("content", "media_type", "shown"),
    [
        (None, "", None),
        (b"a=1&client_secret=s&code=c", "application/x-www-form-urlencoded", "a=1&client_secret=•••&code=•••"),
        (b"text hidden-value-1", "text/plain", "text •••"),
        (b"\xff\xfe\x00", "application/octet-stream", "3 bytes"),
        (b"[1]", "application/json", [1]),
    ],
)
def test_bodies(content: bytes | None, media_type: str, shown: Any) -> None:
    request = Request("POST", "https://a.test/", CIMultiDict({"Content-Type": media_type}), content)
    assert Masker([Secret("hidden-value-1")]).request(request).body == shown


@given(st.text(min_size=6), st.text(), st.text())
def test_no_secret_of_some_length_survives(secret: str, before: str, after: str) -> None:
    # What stands around a secret, or our dots, may happen to spell it anew; that is no leak.
    assume(secret not in before + "•••" + after and "•" not in secret)
    assert secret not in Masker([Secret(secret)]).text(before + secret + after)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=6))
def test_percent_encoding_hides_nothing_from_the_masker(secret: str) -> None:
    assume("•" not in secret)
    shown = Masker([Secret(secret)]).url(f"https://a.test/x?v={quote(secret, safe='')}&w={quote_plus(secret)}")
    assert shown == "https://a.test/x?v=•••&w=•••"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_without_secrets_data_keeps_its_shape(value: Any) -> None:
    def names(data: Any) -> list[str]:
        if isinstance(data, dict):
            return [*data, *(n for item in data.values() for n in names(item))]
        return [n for item in data for n in names(item)] if isinstance(data, list) else []

    assume(not any(is_secret_name(name) for name in names(value)))
    assert Masker().value(value) == value


def test_bytes_in_any_coding_pass() -> None:
    assert MASKER.content(b"\xff\xfebinary\x00") == b"\xff\xfebinary\x00"
    assert repr(Masker(secrets_of(Bearer(Secret("canary-123"))))).startswith("<Masker of")
