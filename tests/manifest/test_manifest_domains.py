"""Which hosts belong together: the eight redirects of the original, and every domain rule (CANON D-01…D-09)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.domains import (
    ascii_host,
    check_redirect,
    choose_server,
    is_inside,
    is_local,
    is_within,
    manifest_url,
    registrable_domain,
    root_domain,
    same_owner,
    same_site,
)
from actionry.errors import ManifestError

LABELS = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@pytest.mark.row("D-01")
@pytest.mark.parametrize(
    ("host", "root"),
    [
        ("example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("WWW.Example.COM.", "example.com"),
        ("www.example.com:8443", "example.com"),
        ("foo.example.com", "foo.example.com"),
        ("www.foo.example.com", "foo.example.com"),
        ("wwwexample.com", "wwwexample.com"),
        ("www2.example.com", "www2.example.com"),
        ("www.com", "www.com"),  # the name itself, not a prefix of one
        ("localhost:5003", "localhost"),
        ("[::1]:5003", "::1"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("https://www.example.com/x", "example.com"),
    ],
)
def test_the_root_domain_is_the_host_without_www(host: str, root: str) -> None:
    assert root_domain(host) == root


ALLOWED = [  # the five worked cases that are accepted: asked, answered by, root domain
    ("example.com", "example.com", "example.com"),
    ("www.example.com", "www.example.com", "example.com"),
    ("www.example.com", "example.com", "example.com"),
    ("foo.example.com", "bar.foo.example.com", "bar.foo.example.com"),
    ("foo.example.com", "bar.foo.example.com", "bar.foo.example.com"),  # with another path: `/baz/ai-plugin.json`
    # and what follows from them
    ("example.com", "foo.example.com", "foo.example.com"),
    ("example.com", "www.example.com", "example.com"),
    ("foo.example.com", "a.b.foo.example.com", "a.b.foo.example.com"),
    ("EXAMPLE.com.", "foo.Example.com:443", "foo.example.com"),
    ("localhost:5003", "localhost:5003", "localhost"),
    ("bücher.example", "api.xn--bcher-kva.example", "api.xn--bcher-kva.example"),
]
REFUSED = [  # the three worked cases that are refused
    ("foo.example.com", "example.com", "MANIFEST-REDIRECT-PARENT"),
    ("foo.example.com", "bar.example.com", "MANIFEST-REDIRECT-SIBLING"),
    ("example.com", "example2.com", "MANIFEST-REDIRECT-OTHER"),
    # and what follows from them
    ("a.b.example.com", "example.com", "MANIFEST-REDIRECT-PARENT"),
    ("a.b.example.com", "c.example.com", "MANIFEST-REDIRECT-SIBLING"),
    ("foo.example.com", "www.example.com", "MANIFEST-REDIRECT-SIBLING"),
    ("www.example.com", "foo.example.com", "MANIFEST-REDIRECT-SIBLING"),  # to the bare name only
    ("a.example.co.uk", "b.example.co.uk", "MANIFEST-REDIRECT-SIBLING"),
    ("example.co.uk", "example2.co.uk", "MANIFEST-REDIRECT-OTHER"),  # `co.uk` is no domain of theirs (D-08)
    ("one.github.io", "two.github.io", "MANIFEST-REDIRECT-OTHER"),
    ("example.com", "notexample.com", "MANIFEST-REDIRECT-OTHER"),
    ("example.com", "example.com.evil.test", "MANIFEST-REDIRECT-OTHER"),
    ("example.com", "localhost", "MANIFEST-REDIRECT-OTHER"),
    ("example.com", "169.254.169.254", "MANIFEST-REDIRECT-OTHER"),
    ("10.0.0.1", "0.1", "MANIFEST-REDIRECT-OTHER"),  # an address has no parent
    ("example.com", "", "MANIFEST-REDIRECT-OTHER"),
]


@pytest.mark.row("D-02")
@pytest.mark.parametrize(("asked", "answered", "root"), ALLOWED)
def test_a_redirect_to_a_sub_domain_is_followed(asked: str, answered: str, root: str) -> None:
    assert check_redirect(asked, answered) == root


@pytest.mark.row("D-03")
@pytest.mark.parametrize(("asked", "answered", "code"), REFUSED)
def test_any_other_redirect_is_refused_in_its_own_words(asked: str, answered: str, code: str) -> None:
    with pytest.raises(ManifestError) as caught:
        check_redirect(asked, answered)
    assert caught.value.code == code
    assert ascii_host(asked).removeprefix("www.") in str(caught.value)
    assert caught.value.mend


def test_the_three_refusals_read_differently() -> None:
    messages = set()
    for asked, answered, _ in REFUSED[:3]:
        with pytest.raises(ManifestError) as caught:
            check_redirect(asked, answered)
        messages.add(caught.value.message.replace(asked, "").replace(answered, ""))
    assert len(messages) == 3


@pytest.mark.row("D-03")
def test_redirects_add_up_from_host_to_host() -> None:
    root = check_redirect("www.example.com", "example.com")
    root = check_redirect(root, "foo.example.com")
    with pytest.raises(ManifestError) as caught:
        check_redirect(root, "example.com")
    assert caught.value.code == "MANIFEST-REDIRECT-PARENT"


@pytest.mark.row("D-08")
@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("login.example.co.uk", "example.co.uk"),
        ("a.example.com.cn", "example.com.cn"),
        ("one.github.io", "one.github.io"),
        ("x.one.github.io", "one.github.io"),
        ("shop.例子.中国", "xn--fsqu00a.xn--fiqs8s"),
        ("co.uk", "co.uk"),
        ("127.0.0.1", "localhost"),
        ("todo.localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]:8080", "2001:db8::1"),
    ],
)
def test_the_registrable_domain_comes_from_the_public_suffix_list(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


@pytest.mark.row("D-05")
def test_same_site() -> None:
    assert same_site("docs.example.com", "api.example.com")
    assert same_site("Example.COM.", "example.com")
    assert not same_site("one.co.uk", "two.co.uk")
    assert not same_site("", "")
    assert same_owner("login.microsoftonline.com", "graph.microsoft.com")
    assert not same_owner("login.microsoftonline.com", "api.example.com")
    assert not same_owner("accounts.google.com.evil.test", "www.googleapis.com")


@pytest.mark.row("D-04")
@pytest.mark.parametrize(
    ("host", "root", "within"),
    [
        ("example.com", "example.com", True),
        ("api.example.com:8443", "example.com", True),
        ("API.EXAMPLE.COM.", "example.com", True),
        ("example.com", "api.example.com", False),
        ("badexample.com", "example.com", False),
        ("example.com.evil.test", "example.com", False),
        ("1.127.0.0.1", "127.0.0.1", False),
        ("", "example.com", False),
        ("example.com", "", False),
    ],
)
def test_equal_to_or_below_the_root(host: str, root: str, within: bool) -> None:
    assert is_within(host, root) is within


@pytest.mark.row("D-09")
@pytest.mark.parametrize(
    ("servers", "root", "document_host", "chosen"),
    [
        (["https://api.example.com/v1"], "example.com", "example.com", "https://api.example.com/v1"),
        (
            ["https://other.test", "https://a.example.com", "https://b.example.com"],
            "example.com",
            "example.com",
            "https://a.example.com",
        ),
        (["https://other.test"], "example.com", "docs.example.com", "https://docs.example.com"),
        (["https://badexample.com"], "example.com", "example.com", "https://example.com"),
        (["https://example.com"], "api.example.com", "api.example.com", "https://api.example.com"),
        ([], "example.com", "example.com:8443", "https://example.com:8443"),
        ([], "localhost", "localhost:5003", "http://localhost:5003"),
        (["/v2"], "example.com", "api.example.com", "https://api.example.com/v2"),
        (["v2"], "example.com", "https://api.example.com/docs/openapi.yaml", "https://api.example.com/docs/v2"),
        (["http://localhost:5002"], "localhost", "localhost:5003", "http://localhost:5002"),
        (["ftp://example.com", "javascript:alert(1)"], "example.com", "example.com", "https://example.com"),
        (["https://[bad", "https://example.com:x"], "example.com", "example.com", "https://example.com"),
        (["PLUGIN_HOSTNAME"], "localhost", "localhost:5003", "http://localhost:5003"),
        (["PLUGIN_HOSTNAME/v1"], "example.com", "https://api.example.com/o.yaml", "https://api.example.com/v1"),
        (["https://PLUGIN_HOSTNAME"], "example.com", "example.com", "https://example.com"),
        (["https://example.com/PLUGIN_HOSTNAME/v1"], "example.com", "example.com", "https://example.com/v1"),
        (["$host/v1", "{{BASE}}"], "example.com", "example.com", "https://example.com/v1"),
        (["https://example.com/$metadata"], "example.com", "example.com", "https://example.com/$metadata"),
        (["https://example.com@evil.test"], "example.com", "example.com", "https://example.com"),
    ],
)
def test_the_first_server_on_the_root_is_chosen_else_the_documents_host(
    servers: list[str], root: str, document_host: str, chosen: str
) -> None:
    assert choose_server(servers, root, document_host) == chosen


@pytest.mark.row("M-01")
@pytest.mark.row("D-11")
@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("example.com", "https://example.com/.well-known/ai-plugin.json"),
        (" Example.com. ", "https://example.com/.well-known/ai-plugin.json"),
        ("http://example.com", "https://example.com/.well-known/ai-plugin.json"),
        ("https://example.com/some/path?x=1", "https://example.com/.well-known/ai-plugin.json"),
        ("example.com:8443", "https://example.com:8443/.well-known/ai-plugin.json"),
        ("localhost:5003", "http://localhost:5003/.well-known/ai-plugin.json"),
        ("https://localhost:5003", "https://localhost:5003/.well-known/ai-plugin.json"),
        ("127.0.0.1:3333", "http://127.0.0.1:3333/.well-known/ai-plugin.json"),
        ("[::1]:3333", "http://[::1]:3333/.well-known/ai-plugin.json"),
        ("bücher.example", "https://xn--bcher-kva.example/.well-known/ai-plugin.json"),
    ],
)
def test_where_a_domains_manifest_is(domain: str, url: str) -> None:
    assert manifest_url(domain) == url


@pytest.mark.parametrize(
    "domain", ["", "   ", "https://", "file:///etc/passwd", "user@example.com", "https://a@b.test"]
)
def test_what_is_no_domain_has_no_manifest(domain: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifest_url(domain)
    assert caught.value.code == "MANIFEST-ADDRESS"


@pytest.mark.row("P-13")
@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("аррlе.example", "xn--l-7sbq6ba.example"),  # Cyrillic а, р, р, е
        ("EXAMPLE.com", "example.com"),
        ("例子.测试", "xn--fsqu00a.xn--0zwm56d"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("[2001:DB8::0:1]", "2001:db8::1"),
    ],
)
def test_hosts_are_shown_in_one_form(host: str, shown: str) -> None:
    assert ascii_host(host) == shown


@pytest.mark.row("S-19")
@pytest.mark.parametrize(
    ("host", "inside", "local"),
    [
        ("localhost", True, True),
        ("app.localhost", True, True),
        ("127.0.0.1", True, True),
        ("2130706433", True, True),
        ("0x7f000001", True, True),
        ("[::1]", True, True),
        ("::ffff:127.0.0.1", True, True),
        ("10.1.2.3", True, False),
        ("169.254.169.254", True, False),
        ("192.168.0.1:8080", True, False),
        ("::ffff:10.0.0.1", True, False),
        ("fd00::1", True, False),
        ("metadata.google.internal", True, False),
        ("nas.local", True, False),
        ("todo", True, False),
        ("example.com", False, False),
        ("8.8.8.8", False, False),
        ("localhost.example.com", False, False),
        ("999.999.999.999", False, False),
    ],
)
def test_what_is_not_public_by_its_text_alone(host: str, inside: bool, local: bool) -> None:
    assert is_inside(host) is inside
    assert is_local(host) is local


@given(NAMES, NAMES)
def test_a_redirect_never_leaves_the_site_and_never_goes_up(asked: str, answered: str) -> None:
    try:
        root = check_redirect(asked, answered)
    except ManifestError:
        assert not is_within(answered, asked)
    else:
        assert is_within(root, root_domain(asked))


@given(NAMES, LABELS)
def test_a_sub_domain_is_always_within_and_allowed(name: str, label: str) -> None:
    below = f"{label}.{name}"
    assert is_within(below, name)
    assert check_redirect(name, below) == root_domain(below)


@given(st.lists(st.text(max_size=40), max_size=5), NAMES)
def test_the_chosen_server_is_on_the_root_or_is_the_documents_host(servers: list[str], root: str) -> None:
    chosen = choose_server(servers, root, f"docs.{root}")
    assert chosen.startswith(("https://", "http://"))
    assert is_within(chosen, root)


@given(st.text(max_size=60))
def test_no_text_is_too_odd_for_a_host(text: str) -> None:
    assert isinstance(ascii_host(text), str)
    is_inside(text)
    registrable_domain(text)
