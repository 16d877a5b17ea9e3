"""Addresses inside a manifest: form, scheme, reach, and the domain rules (D-04…D-08, D-11, S-19)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urljoin, urlsplit

from actionry.domains import (
    ascii_host,
    fill_host,
    host_address,
    is_inside,
    is_international,
    is_local,
    is_within,
    registrable_domain,
    root_domain,
    same_owner,
    same_site,
)
from actionry.manifest.codes import Report
from actionry.manifest.fields import EMAIL, is_placeholder, looks_like_host

Use = Literal["api", "oauth", "logo", "legal"]

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(?!\d)", re.IGNORECASE)
"""`localhost:5003/x` is a host with a port, not a scheme."""
_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0]")
_POINTERS: dict[str, str] = {
    "/api/url": "api.url",
    "/logo_url": "logo_url",
    "/legal_info_url": "legal_info_url",
    "/auth/client_url": "auth.client_url",
    "/auth/authorization_url": "auth.authorization_url",
    "/auth/token_url": "auth.token_url",
}


@dataclass(slots=True)
class AddressBook:
    """Checks one manifest's addresses; `base_host` is whose manifest it is, as far as that is known."""

    report: Report
    source_url: str | None
    base_host: str = ""

    def __post_init__(self) -> None:
        self.base_host = _host(self.source_url or "")
        if is_international(self.base_host):
            self.report.add("MANIFEST-IDN", "", f"The manifest is served by {ascii_host(self.base_host)}.")

    @property
    def is_public(self) -> bool:
        """Whether the manifest is known to be a public one."""
        return bool(self.base_host) and not is_inside(self.base_host)

    def check(self, text: str, pointer: str, use: Use) -> str:
        """The address as it is kept: "" when it is refused, each refusal with its finding."""
        name = _POINTERS.get(pointer, pointer.rpartition("/")[2])
        if not text:
            self.report.add("MANIFEST-URL-RELATIVE", pointer, f"`{name}` is blank.")
            return ""
        text = self._without_placeholder(text, pointer, name)
        scheme = _SCHEME.match(_BLANKS.sub("", text))
        if scheme is not None and scheme[1].lower() not in ("http", "https"):
            return self._check_other_scheme(text, scheme[1].lower(), pointer, name, use)
        if " " in text:
            self.report.add("MANIFEST-URL-BLANK", pointer, f"`{name}` holds a blank.")
            text = text.replace(" ", "%20")
        if scheme is None:
            return self._check_relative(text, pointer, name, use)
        return self._check_absolute(text, pointer, name, use)

    def _without_placeholder(self, text: str, pointer: str, name: str) -> str:
        """`PLUGIN_HOSTNAME/openapi.yaml` -> the source's origin and the path (contradiction 4)."""
        if not is_placeholder(text):
            return text
        self.report.add("MANIFEST-PLACEHOLDER", pointer, f"`{name}` holds a placeholder that was not filled in.")
        filled = fill_host(text, self.source_url) if self.source_url else text
        if filled != text:
            # Reported all the same: other readers have no source to fill it from.
            self.report.add("MANIFEST-URL-RELATIVE", pointer, f"`{name}` is not absolute.")
        return filled

    def _check_relative(self, text: str, pointer: str, name: str, use: Use) -> str:
        if use == "legal" and EMAIL.fullmatch(text):
            self.report.add("MANIFEST-LEGAL-EMAIL", pointer)
            return text
        mend = f"Write `https://{text[:80]}`." if looks_like_host(text) else ""
        self.report.add("MANIFEST-URL-RELATIVE", pointer, f"`{name}` is not absolute.", mend)
        if self.source_url or text.startswith(("//", "\\\\", "/\\")):
            resolved = urljoin(self.source_url or "https:", text.replace("\\", "/"))
            return text if self._check_reach(resolved, pointer, name, use) else ""
        return text

    def _check_other_scheme(self, text: str, scheme: str, pointer: str, name: str, use: Use) -> str:
        if use == "logo" and text.lower().startswith("data:image/"):
            self.report.add("MANIFEST-LOGO-DATA", pointer)
            return text
        if use == "legal" and scheme == "mailto":
            self.report.add("MANIFEST-LEGAL-EMAIL", pointer)
            return ""
        self.report.add("MANIFEST-URL-SCHEME", pointer, f"`{name}` is a `{scheme}:` address; it is refused.")
        return ""

    def _check_absolute(self, text: str, pointer: str, name: str, use: Use) -> str:
        if not self._check_reach(text, pointer, name, use):
            return ""
        parts = urlsplit(text)
        host = parts.hostname or ""
        if use in ("api", "oauth") and parts.scheme.lower() == "http" and not is_inside(host):
            self.report.add("MANIFEST-URL-HTTP", pointer, f"`{name}` is http, which is for this machine only.")
        if use == "api" and is_inside(host):
            self.report.add("MANIFEST-LOCAL", pointer, f"`{name}` is on {ascii_host(host)}, which is not public.")
        return text

    def _check_reach(self, url: str, pointer: str, name: str, use: Use) -> bool:
        """Whether the address may be kept: well formed, and not inside when the manifest is public."""
        parts = _parts(url)
        if parts is None:
            self.report.add("MANIFEST-URL-INVALID", pointer, f"`{name}` is malformed; it is refused.")
            return False
        if "@" in parts.netloc:
            self.report.add(
                "MANIFEST-URL-INVALID",
                pointer,
                f"`{name}` names a user before its host {_shown(parts)}; it is refused.",
            )
            return False
        host = parts.hostname or ""
        address = host_address(ascii_host(host))
        if use == "api" and not self.base_host:
            self.base_host = host
        if (address is not None and address.is_link_local) or (is_inside(host) and self._refuses_inside(host)):
            self.report.add(
                "MANIFEST-URL-INSIDE",
                pointer,
                f"`{name}` is on {ascii_host(host)}, which is not public; it is refused.",
            )
            return False
        if is_international(host):
            self.report.add("MANIFEST-IDN", pointer, f"`{name}` is on {ascii_host(host)}.")
        return True

    def _refuses_inside(self, host: str) -> bool:
        return self.is_public or (not self.base_host and not is_local(host))

    def check_domains(self, api_url: str, legal_url: str, logo_url: str, email: str, oauth_urls: list[str]) -> None:
        """D-04…D-07 and E19, as far as the addresses are known."""
        base, add = self.base_host, self.report.add
        if not base:
            return
        root, owner = root_domain(base), registrable_domain(base)
        api_host = _host(urljoin(self.source_url, api_url) if self.source_url and api_url else api_url)
        if self.source_url and api_host and not is_within(api_host, root):
            add(
                "MANIFEST-API-DOMAIN",
                "/api/url",
                f"`api.url` is on {ascii_host(api_host)}, outside the root domain {root}.",
            )
        legal_host = _host(legal_url)
        if legal_host and not same_site(legal_host, base):
            add(
                "MANIFEST-LEGAL-DOMAIN",
                "/legal_info_url",
                f"`legal_info_url` is on {registrable_domain(legal_host)}, the plugin on {owner}.",
            )
        if is_inside(base):
            return  # while developing, a logo or contact elsewhere is no news
        if (logo_host := _host(logo_url)) and not same_site(logo_host, base):
            add(
                "MANIFEST-LOGO-DOMAIN",
                "/logo_url",
                f"`logo_url` is on {registrable_domain(logo_host)}, the plugin on {owner}.",
            )
        mail_host = email.rpartition("@")[2] if EMAIL.fullmatch(email) else ""
        if mail_host and not same_site(mail_host, base):
            add(
                "MANIFEST-CONTACT-DOMAIN",
                "/contact_email",
                f"`contact_email` is on {registrable_domain(mail_host)}, the plugin on {owner}.",
            )
        others = sorted(
            {ascii_host(host) for url in oauth_urls if (host := _host(url)) and not same_owner(host, api_host or base)}
        )
        if others:
            add("MANIFEST-OAUTH-HOSTS", "/auth", f"Users sign in at {', '.join(others)}; the API is on {owner}.")


def _parts(url: str) -> SplitResult | None:
    """The parts of a URL that every reader takes apart alike; None for anything doubtful."""
    if re.search(r"[\x00-\x20\x7f\\]", url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or not re.match(r"https?://[^/?#]", url, re.IGNORECASE):
        return None
    shown = ascii_host(host)
    if len(shown) > 253:  # RFC 1035 section 3.1
        return None
    return parts if ":" in shown or re.fullmatch(r"[a-z0-9_.${}<>-]+", shown) else None


def _shown(parts: SplitResult) -> str:
    return ascii_host(parts.hostname or "")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
