"""Which addresses OAuth may use: the form that is refused outright (O-14), and the domains that differ
(O-18, SV-07).
"""

from __future__ import annotations

import re
import sys
from urllib.parse import urlsplit

from actionry.credentials.attach import is_secure
from actionry.domains import VENDORS, is_owned_by, registrable_domain
from actionry.errors import Audience, OAuthError
from actionry.findings import Finding

SAFE_URL = re.compile(r"[A-Za-z0-9\-._~%:/?#\[\]@!*+,=&]+")
"""RFC 3986 without `$ ( ) ; '`: legal, used by no known provider, and read by shells (CVE-2025-6514)."""


def check_oauth_url(url: str, what: str, *, told_to: Audience = "builder") -> str:
    """The URL itself, when a browser or our client may open it: https, or http on loopback.

    `what` names the field in the message, e.g. "authorization URL". Raises OAuthError; the URL is shown
    only when it is harmless to show. O-14: `javascript:`, `data:`, `file:`, `--flag`, `https://x/$(…)`.
    """
    problem = _problem(url)
    if problem is not None:
        raise OAuthError(
            f"The {what} cannot be used: {problem}.",
            told_to=told_to,
            mend="Enter a full address such as https://login.example.com/authorize.",
        )
    return url


def _problem(url: str) -> str | None:
    if not url:
        return "it is empty"
    if not SAFE_URL.fullmatch(url):
        return "it holds a blank, a line break or a character such as $ ( ) ; ' \" \\ that no web address needs"
    if not re.match(r"https?://", url, re.IGNORECASE):
        return "it does not begin with https://"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "its host or port is malformed"
    if not host:
        return "it names no host"
    if "@" in parts.netloc:
        return "it holds a user name or password"
    if "#" in url:
        return "it holds a fragment (#…), which RFC 6749 section 3.1 forbids"
    return None if is_secure(url) else "http:// is allowed on this machine only"


def check_root_domain(authorize_url: str, token_url: str, api_url: str, *, pointer: str = "") -> list[Finding]:
    """Findings for OAuth addresses off the API's registrable domain; the builder acknowledges, the user is
    shown them.

    OAUTH-ROOT-DOMAIN: the rule of the original, with its exceptions for Google, Microsoft and Adobe (SV-07,
    E19). OAUTH-OTHER-AUDIENCE: one of those three signs the user in, but the token goes to somebody else's API.
    """
    hosts = {
        name: _host(url) for name, url in (("authorization", authorize_url), ("token", token_url), ("API", api_url))
    }
    domains = {name: registrable_domain(host) for name, host in hosts.items()}
    if len(set(domains.values())) == 1:
        return []
    vendor = next(
        (name for name in VENDORS if is_owned_by(name, hosts["authorization"]) and is_owned_by(name, hosts["token"])),
        None,
    )
    if vendor is None:
        return [_root_domain_finding(hosts, pointer)]
    return [] if is_owned_by(vendor, hosts["API"]) else [_audience_finding(vendor, hosts["API"], pointer)]


def _root_domain_finding(hosts: dict[str, str], pointer: str) -> Finding:
    listed = ", ".join(f"{name} {host}" for name, host in hosts.items())
    return Finding(
        code="OAUTH-ROOT-DOMAIN",
        severity="warning",
        pointer=pointer,
        message=f"The OAuth addresses and the API do not share one root domain: {listed}.",
        effect="Users are shown the other domain before they sign in; the original refused to save this.",
        mend="Use addresses of one domain, or confirm that you mean these.",
    )


def _audience_finding(vendor: str, host: str, pointer: str) -> Finding:
    return Finding(
        code="OAUTH-OTHER-AUDIENCE",
        severity="info",
        pointer=pointer,
        message=f"Users sign in with {vendor}, and the token is sent to {host}.",
        effect=f"Whoever runs {host} can use the token at {vendor} within its scopes.",
        mend="Ask for as few scopes as the API needs.",
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def open_command(url: str, *, platform: str = sys.platform) -> list[str]:
    """The argument list that opens the URL in the user's browser; never a shell's text (O-14).

    The URL is checked again here and begins with `http`, so that it can be no flag; `xdg-open` knows no `--`.
    """
    check_oauth_url(url, "address to open")
    if platform == "darwin":
        return ["open", "--", url]
    if platform.startswith("win"):
        return ["rundll32", "url.dll,FileProtocolHandler", url]
    return ["xdg-open", url]
