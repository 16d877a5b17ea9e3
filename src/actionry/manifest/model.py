"""What a plugin manifest says, checked: `ai-plugin.json` v1, and Microsoft's v2 in the same fields (M-02, M-03)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from actionry.domains import is_within, root_domain
from actionry.errors import ManifestError
from actionry.findings import Finding
from actionry.manifest.fields import looks_like_host

AuthType = Literal["none", "service_http", "user_http", "oauth", "api_key", "unknown"]
"""`api_key` is none of the standard, but found in the wild; `unknown` never sends a credential by itself."""
AuthorizationType = Literal["bearer", "basic", "custom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How calls are authenticated (M-08…M-11). No secret stands here, whatever the text held."""

    type: AuthType = "none"
    declared_type: str = ""
    """As written."""
    instructions: str = ""
    """Shown where a user or developer is asked for a key."""
    authorization_type: AuthorizationType | None = None
    """service_http, user_http and api_key; None: not of that kind."""
    custom_auth_header: str | None = None
    """api_key: name of the header, query parameter or cookie."""
    key_location: Literal["header", "query", "cookie"] = "header"
    client_url: str = ""
    """oauth: the page where a browser signs in."""
    authorization_url: str = ""
    """oauth: the *token* endpoint (contradiction 14); see `authorize_url` and `token_url`."""
    scope: str = ""
    authorization_content_type: str = ""
    """oauth: `application/json` or `application/x-www-form-urlencoded`; "" means the latter."""
    verification_tokens: Mapping[str, str] = field(default_factory=dict)
    """Service -> token; a host reads its own only (M-12)."""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def authorize_url(self) -> str:
        """Where the browser goes: the manifest's `client_url`."""
        return self.client_url

    @property
    def token_url(self) -> str:
        """Where codes are exchanged: the manifest's `authorization_url`, or the `token_url` that some write."""
        other = self.extra.get("token_url")
        return other if isinstance(other, str) and other else self.authorization_url

    def is_verified(self, service: str, expected: str) -> bool:
        """Whether our token stands under our name (PA-03); other services' tokens are ignored (M-12).

        Compared in constant time; an empty `expected` is never verified.
        """
        found = self.verification_tokens.get(service)
        if found is None or not expected:
            return False
        return hmac.compare_digest(found.strip().encode("utf-8", "surrogatepass"), expected.encode("utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    type: str = "openapi"
    """As written; other values are tried as OpenAPI all the same."""
    url: str = ""
    """The document's address as written, placeholders filled in where the manifest's address is known."""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeclaredFunction:
    """A function that Microsoft's v2 names: an operation of the document, perhaps with its own description."""

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One manifest; made by `read_manifest`. Texts for people hold no invisible or direction-turning characters."""

    schema_version: str = ""
    name_for_human: str = ""
    name_for_model: str = ""
    """As written; `function_prefix` is what a model reads."""
    description_for_human: str = ""
    description_for_model: str = ""
    auth: Auth = field(default_factory=Auth)
    api: Api = field(default_factory=Api)
    logo_url: str = ""
    contact_email: str = ""
    legal_info_url: str = ""
    """As written: perhaps relative or an e-mail address; `policy_link` is safe to link to."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are not part of a manifest, without secrets (M-14)."""
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    source_url: str | None = None
    """Where it was read from, when told."""
    kind: Literal["v1", "microsoft"] = "v1"
    functions: tuple[DeclaredFunction, ...] = ()
    """Microsoft's v2 only: the operations that are offered; empty: all."""
    conversation_starters: tuple[str, ...] = ()
    """Microsoft's v2 only."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that the profile calls errors; the original's profile: why it would have been refused."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def fingerprint(self) -> str:
        """Changes when the manifest does, so that its developer has to register it again (M-15, M-16).

        Without verification tokens (they are added while registering) and without what is ignored.
        """
        facts = asdict(replace(self, findings=(), extra={}, source_url=None))
        facts["auth"] |= {"verification_tokens": None, "extra": None}
        facts["api"]["extra"] = None
        return hashlib.sha256(repr(sorted(facts.items())).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def function_prefix(self) -> str:
        """`name_for_model` in letters, digits and `_`: `Placement Plugin` -> `Placement_Plugin`."""
        kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in self.name_for_model)
        return kept.strip("_") or "plugin"

    @property
    def policy_link(self) -> str | None:
        """`legal_info_url` as an absolute http(s) address, or None: the one form that may become a link."""
        return _link(self.legal_info_url, self.source_url)

    @property
    def logo_link(self) -> str | None:
        """`logo_url` as an absolute http(s) address or a data: picture, or None."""
        if self.logo_url.lower().startswith("data:image/"):
            return self.logo_url
        return _link(self.logo_url, self.source_url)

    @property
    def root(self) -> str | None:
        """The root domain (D-01), when it is known where the manifest was read from."""
        host = _host(self.source_url or "")
        return root_domain(host) if host else None

    def document_url(self, manifest_url: str | None = None) -> str:
        """The absolute address of the OpenAPI document, checked against the root domain (D-04).

        manifest_url: where the manifest answered, when it was read without `source_url`.
        Raises ManifestError with the code MANIFEST-NO-DOCUMENT or MANIFEST-API-DOMAIN.
        """
        base = manifest_url or self.source_url
        url = urljoin(base, self.api.url) if base and self.api.url else self.api.url
        host = _host(url)
        if not host or urlsplit(url).scheme not in ("http", "https"):
            raise self._without_document()
        if base and not is_within(host, root_domain(_host(base))):
            raise ManifestError(
                f"The manifest's api.url is on {host}, outside its root domain {root_domain(_host(base))}.",
                mend=f"Serve the document on {root_domain(_host(base))} or a sub-domain of it.",
                code="MANIFEST-API-DOMAIN",
                pointer="/api/url",
            )
        return url

    def _without_document(self) -> ManifestError:
        """The error that says why: the first finding about `api` that is an error, else that it is relative."""
        for finding in self.findings:
            if finding.severity == "error" and finding.pointer.startswith("/api"):
                return ManifestError(
                    finding.message,
                    mend=finding.mend,
                    code=finding.code,
                    pointer=finding.pointer,
                    line=finding.line,
                    column=finding.column,
                )
        return ManifestError(
            "The manifest's api.url is not absolute, and it is not known where the manifest came from.",
            mend="Write a full `https://` address into api.url.",
            code="MANIFEST-NO-DOCUMENT",
            pointer="/api/url",
        )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _link(text: str, base: str | None) -> str | None:
    if not text or ("@" in text and "/" not in text):
        return None
    if looks_like_host(text):
        text = f"https://{text}"
    try:
        url = urljoin(base, text) if base else text
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None
