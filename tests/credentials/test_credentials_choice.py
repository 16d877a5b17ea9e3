"""OR of AND: which combination of security schemes is met, by whose credential, and what is asked for when
none is.
"""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.credentials import (
    ApiKey,
    Basic,
    Bearer,
    Credential,
    Credentials,
    NoCredential,
    NotConnected,
    OAuthToken,
    Secret,
    choose,
    read_credentials,
)
from actionry.errors import CredentialError, LoginNeeded
from actionry.openapi.model import SecurityRequirement, SecurityScheme

HEADER = SecurityScheme(name="header", kind="apiKey", location="header", parameter_name="X-Key")
QUERY = SecurityScheme(name="query", kind="apiKey", location="query", parameter_name="key")
LOGIN = SecurityScheme(name="login", kind="oauth2")
LOGIN_AGAIN = SecurityScheme(name="loginAgain", kind="oauth2")
BASIC = SecurityScheme(name="basic", kind="http", http_scheme="basic")
TLS = SecurityScheme(name="tls", kind="mutualTLS")


def needs(*schemes: SecurityScheme, scopes: tuple[str, ...] = ()) -> SecurityRequirement:
    return SecurityRequirement(tuple((scheme, scopes if scheme.kind == "oauth2" else ()) for scheme in schemes))


ANONYMOUS = SecurityRequirement()


@pytest.mark.row("AU-06")
@pytest.mark.row("PA-01")
def test_an_operation_with_empty_security_gets_nothing() -> None:
    chosen = choose((), Credentials(default=Bearer(Secret("k")), by_scheme={"login": Bearer(Secret("k"))}))
    assert chosen.anonymous


def test_a_document_that_declares_no_security_at_all_may_get_the_builders_choice() -> None:
    credentials = Credentials(default=Bearer(Secret("k")))
    chosen = choose((), credentials, document_declares_security=False)
    assert [p.name for p in chosen.placements] == ["Authorization"]
    assert choose((), Credentials(), document_declares_security=False).anonymous
    assert choose((), Credentials(default=NoCredential()), document_declares_security=False).anonymous


@pytest.mark.row("AU-07")
@pytest.mark.parametrize(
    ("security", "given_names", "met"),
    [
        ([needs(HEADER)], ["header"], ("header",)),
        ([needs(HEADER), needs(QUERY)], ["query"], ("query",)),
        ([needs(HEADER), needs(QUERY)], ["query", "header"], ("header",)),
        ([needs(HEADER, QUERY)], ["query", "header"], ("header", "query")),
        ([needs(HEADER, QUERY), needs(LOGIN)], ["query", "header", "login"], ("login",)),
        ([needs(HEADER, QUERY), needs(LOGIN)], ["query", "header"], ("header", "query")),
        ([ANONYMOUS, needs(HEADER)], ["header"], ("header",)),
        ([ANONYMOUS, needs(HEADER)], [], ()),
        ([needs(HEADER, QUERY), ANONYMOUS], ["header"], ()),
        ([needs(TLS), needs(HEADER)], ["header", "tls"], ("header",)),
    ],
)
def test_the_smallest_combination_that_can_be_met(
    security: list[SecurityRequirement], given_names: list[str], met: tuple[str, ...]
) -> None:
    chosen = choose(security, read_credentials(dict.fromkeys(given_names, "key")))
    assert chosen.schemes == met
    assert chosen.anonymous == (met == ())


@pytest.mark.parametrize(
    ("security", "given_names"),
    [([needs(HEADER)], []), ([needs(HEADER, QUERY)], ["header"]), ([needs(HEADER, QUERY), needs(LOGIN)], ["query"])],
)
def test_and_needs_all(security: list[SecurityRequirement], given_names: list[str]) -> None:
    with pytest.raises(LoginNeeded) as caught:
        choose(security, read_credentials(dict.fromkeys(given_names, "key")))
    smallest = min(security, key=lambda requirement: len(requirement.schemes))
    assert caught.value.schemes[0] == smallest.schemes[0][0].name
    assert "Nothing was sent" in str(caught.value)


@given(st.lists(st.sets(st.sampled_from("abcd")), min_size=1, max_size=4), st.sets(st.sampled_from("abcd")))
def test_choice_agrees_with_set_inclusion(wanted: list[set[str]], held: set[str]) -> None:
    schemes = {n: SecurityScheme(name=n, kind="apiKey", location="header", parameter_name=f"X-{n}") for n in "abcd"}
    security = [needs(*(schemes[name] for name in sorted(names))) for names in wanted]
    satisfiable = [names for names in wanted if names <= held and names]
    try:
        chosen = choose(security, read_credentials(dict.fromkeys(held, "key")) if held else Credentials())
    except LoginNeeded:
        assert not satisfiable
        assert set() not in wanted
        return
    if satisfiable:
        assert set(chosen.schemes) in satisfiable
        assert len(chosen.schemes) == min(map(len, satisfiable))
    else:
        assert chosen.anonymous
        assert set() in wanted


def test_one_text_for_one_scheme_wherever_it_stands() -> None:
    for scheme in (HEADER, QUERY, LOGIN, BASIC):
        assert len(choose([needs(scheme)], read_credentials("user:key")).placements) == 1


def test_one_text_is_never_sent_in_two_places() -> None:
    for pair in combinations((HEADER, QUERY, LOGIN), 2):
        with pytest.raises(LoginNeeded, match="together with"):
            choose([needs(*pair)], read_credentials("key"))


def test_one_token_does_not_stand_for_a_key_that_is_needed_with_it() -> None:
    with pytest.raises(LoginNeeded):
        choose([needs(HEADER, LOGIN)], read_credentials(Bearer(Secret("t"))))
    both = choose(
        [needs(HEADER, LOGIN)], Credentials(by_scheme={"header": ApiKey(Secret("k"))}, default=Bearer(Secret("t")))
    )
    assert {p.name for p in both.placements} == {"X-Key", "Authorization"}


def test_one_login_under_two_names_is_sent_once() -> None:
    chosen = choose([needs(LOGIN, LOGIN_AGAIN)], read_credentials("key"))
    assert len(chosen.placements) == 1
    assert chosen.schemes == ("login", "loginAgain")


def test_a_credential_goes_to_the_scheme_of_its_kind() -> None:
    security = [needs(HEADER), needs(BASIC), needs(LOGIN)]
    assert choose(security, read_credentials(Basic(Secret("a"), Secret("b")))).schemes == ("basic",)
    assert choose(security, read_credentials(OAuthToken(access_token=Secret("t")))).schemes == ("login",)
    assert choose(security, read_credentials(ApiKey(Secret("k"), "header", "X-Key"))).schemes == ("header",)


def test_the_builders_dialog_serves_a_document_that_declares_another_kind() -> None:
    chosen = choose([needs(HEADER)], Credentials(default=Bearer(Secret("k"), owner="action")))
    assert [(p.location, p.name) for p in chosen.placements] == [("header", "Authorization")]


@pytest.mark.row("PA-01")
def test_a_builder_who_chose_none_gets_calls_without_credentials() -> None:
    assert choose([needs(HEADER)], Credentials(default=NoCredential())).anonymous


def test_two_values_for_one_header_are_not_sent() -> None:
    with pytest.raises(CredentialError, match="Two different credentials"):
        choose([needs(LOGIN, LOGIN_AGAIN)], read_credentials({"login": "one", "loginAgain": "two"}))
    assert len(choose([needs(LOGIN, LOGIN_AGAIN)], read_credentials({"login": "1", "loginAgain": "1"})).placements) == 1


def test_mutual_tls_and_digest_say_why_they_cannot_be_met() -> None:
    digest = SecurityScheme(name="digest", kind="http", http_scheme="digest")
    for scheme, word in ((TLS, "certificate"), (digest, "digest")):
        with pytest.raises(CredentialError, match=word):
            choose([needs(scheme)], read_credentials("key"))


def test_a_key_with_a_line_break_is_reported_rather_than_a_missing_login() -> None:
    with pytest.raises(CredentialError, match="line break") as caught:
        choose([needs(HEADER)], read_credentials("key\n"))
    assert not isinstance(caught.value, LoginNeeded)


@pytest.mark.row("R-13")
class TestNobodyElsesSecret:
    builders = Bearer(Secret("builder-secret"), owner="action")
    users = Bearer(Secret("user-secret"), owner="user")

    def test_a_missing_user_login_is_asked_for(self) -> None:
        credentials = Credentials.resolve(
            {"login": "user"}, action={"login": self.builders}, user={}, origin="https://a.test"
        )
        with pytest.raises(LoginNeeded, match="Connect your account") as caught:
            choose([needs(LOGIN)], credentials)
        assert caught.value.told_to == "user"
        assert caught.value.origin == "https://a.test:443"

    def test_the_builders_default_does_not_stand_in(self) -> None:
        credentials = Credentials(by_scheme={"login": NotConnected()}, default=self.builders)
        with pytest.raises(LoginNeeded):
            choose([needs(LOGIN)], credentials)

    def test_nor_does_another_combination_of_the_builders_alone(self) -> None:
        key = ApiKey(Secret("builder-secret"), owner="action")
        credentials = Credentials(by_scheme={"login": NotConnected(), "header": key})
        with pytest.raises(LoginNeeded):
            choose([needs(LOGIN), needs(HEADER)], credentials)
        assert choose([needs(HEADER)], credentials).schemes == ("header",)

    def test_a_missing_default_of_the_user_is_asked_for(self) -> None:
        credentials = Credentials.resolve(
            {None: "user"}, action={None: self.builders}, user={}, origin="https://a.test"
        )
        with pytest.raises(LoginNeeded):
            choose([needs(LOGIN)], credentials)

    def test_another_owner_under_the_users_name_is_not_taken(self) -> None:
        credentials = Credentials.resolve(
            {"login": "user"}, action={}, user={"login": self.builders}, origin="https://a.test"
        )
        with pytest.raises(LoginNeeded):
            choose([needs(LOGIN)], credentials)

    def test_an_application_key_beside_the_users_login_is_fine(self) -> None:
        key = ApiKey(Secret("builder-secret"), owner="action")
        credentials = Credentials.resolve(
            {"login": "user", "header": "action"},
            action={"header": key},
            user={"login": self.users},
            origin="https://a.test",
        )
        chosen = choose([needs(LOGIN, HEADER)], credentials)
        assert {p.name for p in chosen.placements} == {"Authorization", "X-Key"}

    def test_anonymous_is_still_allowed_where_the_document_allows_it(self) -> None:
        credentials = Credentials(by_scheme={"login": NotConnected()}, default=self.builders)
        assert choose([needs(LOGIN), ANONYMOUS], credentials).anonymous


@pytest.mark.parametrize(
    "bad",
    [
        7,
        b"key",
        ["a"],
        ("a", "b", "c"),
        object(),
        "",
        {"header": 7},
        {1: "a"},
        {"access_token": 7},
        {"username": "a", "password": 7},
        {"header": b"k"},
    ],
)
def test_what_is_no_credential_is_refused(bad: object) -> None:
    with pytest.raises(CredentialError) as caught:
        read_credentials(bad, [needs(HEADER)])
    assert caught.value.told_to == "caller"


def test_a_mapping_without_any_of_the_operations_schemes_names_them() -> None:
    with pytest.raises(CredentialError, match="`header`"):
        read_credentials({"headr": "key"}, [needs(HEADER)])
    assert read_credentials({"header": "k", "elsewhere": "k"}, [needs(HEADER)]).by_scheme.keys() == {
        "header",
        "elsewhere",
    }


def test_credentials_pass_through_and_none_is_none() -> None:
    credentials = Credentials(default=Bearer(Secret("k")))
    assert read_credentials(credentials) is credentials
    assert read_credentials(None) == Credentials()
    assert read_credentials({"header": None}, [needs(HEADER)]) == Credentials()


def test_a_scheme_called_username_is_a_scheme() -> None:
    scheme = SecurityScheme(name="username", kind="apiKey", location="header", parameter_name="X-User")
    read = read_credentials({"username": "ada"}, [needs(scheme)])
    assert isinstance(read.by_scheme["username"], ApiKey)


def test_missing_scopes() -> None:
    token: Credential = OAuthToken(access_token=Secret("t"), scope="read profile")
    security = [needs(LOGIN, scopes=("read", "write"))]
    assert choose(security, read_credentials(token)).missing_scopes() == ("write",)
    assert choose(security, read_credentials("t")).missing_scopes() == ()


def test_a_bad_origin_is_refused() -> None:
    with pytest.raises(CredentialError):
        Credentials(origin="not a url")
