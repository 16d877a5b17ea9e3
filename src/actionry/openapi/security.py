"""Which credentials an operation needs: alternatives (OR) of sets (AND) of schemes.

OpenAPI 3.1.1, Security Requirement / Security Scheme Object; CANON AU-06, AU-07.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from actionry.findings import escape_token
from actionry.openapi import swagger2
from actionry.openapi.document import Document
from actionry.openapi.model import OAuthFlow, SecurityRequirement, SecurityScheme
from actionry.openapi.references import References

_KINDS = {kind.lower(): kind for kind in ("apiKey", "http", "oauth2", "openIdConnect", "mutualTLS")}


class SecurityReader:
    def __init__(self, document: Document, references: References, report: Callable[[str, str, str], None]) -> None:
        self._references = references
        self._report = report
        self._is_swagger = document.family == "2.0"
        root = document.root
        components = root.get("components")
        if self._is_swagger and "securityDefinitions" in root:
            section, self._place = root["securityDefinitions"], "/securityDefinitions"
        else:
            section = components.get("securitySchemes") if isinstance(components, dict) else None
            self._place = "/components/securitySchemes"
        if section is not None and not isinstance(section, dict):
            report("SECTION-NOT-OBJECT", self._place, "")
            section = None
        self._section: Mapping[str, Any] = section or {}
        self._schemes: dict[str, SecurityScheme] = {}
        self._default = self._read(root.get("security"), "/security")

    def requirements(self, operation: Mapping[str, Any], pointer: str) -> tuple[SecurityRequirement, ...]:
        """The operation's own `security`, `[]` included, else the document's."""
        own = operation.get("security")
        return self._default if own is None else self._read(own, f"{pointer}/security")

    def schemes(self) -> dict[str, SecurityScheme]:
        """Every scheme that the document defines, used or not."""
        return {name: self._scheme(name, "") for name in self._section}

    def _read(self, raw: Any, pointer: str) -> tuple[SecurityRequirement, ...]:
        if raw is None:
            return ()
        if isinstance(raw, dict):
            self._report(
                "SECURITY-INVALID",
                pointer,
                "`security` is a mapping where a list belongs; it is read as a list of one.",
            )
            raw = [raw]
        if not isinstance(raw, list):
            self._report("SECURITY-INVALID", pointer, "`security` is not a list.")
            return ()
        found: list[SecurityRequirement] = []
        for index, item in enumerate(raw):
            place = f"{pointer}/{index}"
            if isinstance(item, str):
                self._report("SECURITY-INVALID", place, f"`- {item}` is read as `- {item}: []`.")
                item = {item: []}
            if not isinstance(item, dict):
                self._report("SECURITY-INVALID", place, "")
                continue
            found.append(
                SecurityRequirement(tuple((self._scheme(name, place), _names(scopes)) for name, scopes in item.items()))
            )
        return tuple(found)

    def _scheme(self, name: str, at: str) -> SecurityScheme:
        scheme = self._schemes.get(name)
        if scheme is None:
            scheme = self._schemes[name] = self._read_scheme(name)
        if scheme.kind == "unknown" and name not in self._section and at:
            self._report("SECURITY-UNDEFINED", at, f"The security scheme `{name}` is not defined.")
        return scheme

    def _read_scheme(self, name: str) -> SecurityScheme:
        pointer = f"{self._place}/{escape_token(name)}"
        unknown = SecurityScheme(name=name, kind="unknown", pointer=pointer)
        if name not in self._section:
            return unknown
        target = self._references.follow(self._section[name], pointer)
        raw = target.node if target is not None else None
        if not isinstance(raw, dict):
            self._report("SECURITY-SCHEME-INVALID", pointer, "")
            return unknown
        if self._is_swagger:
            raw = swagger2.security_scheme(raw)
        declared = str(raw.get("type", "")).lower()
        kind: Any = _KINDS.get(declared, "http" if declared in ("basic", "bearer") else "unknown")
        scheme = SecurityScheme(
            name=name,
            kind=kind,
            location=_choice(raw.get("in")) if kind == "apiKey" else None,
            parameter_name=_text(raw.get("name")) if kind == "apiKey" else None,
            http_scheme=_http_scheme(raw, declared) if kind == "http" else None,
            bearer_format=_text(raw.get("bearerFormat")),
            flows=_read_flows(raw.get("flows")) if kind == "oauth2" else {},
            openid_connect_url=_text(raw.get("openIdConnectUrl")),
            oauth2_metadata_url=_text(raw.get("oauth2MetadataUrl")),
            description=_text(raw.get("description")) or "",
            pointer=pointer,
        )
        if kind == "unknown" or (kind == "apiKey" and not (scheme.location and scheme.parameter_name)):
            self._report(
                "SECURITY-SCHEME-INVALID",
                pointer,
                f"The security scheme `{name}` is incomplete or of an unknown type.",
            )
        return scheme


def _read_flows(raw: Any) -> dict[str, OAuthFlow]:
    if not isinstance(raw, dict):
        return {}
    return {
        name: OAuthFlow(
            authorization_url=_text(flow.get("authorizationUrl")),
            token_url=_text(flow.get("tokenUrl")),
            refresh_url=_text(flow.get("refreshUrl")),
            device_authorization_url=_text(flow.get("deviceAuthorizationUrl")),
            scopes={scope: str(what) for scope, what in flow["scopes"].items()}
            if isinstance(flow.get("scopes"), dict)
            else {},
        )
        for name, flow in raw.items()
        if isinstance(flow, dict)
    }


def _http_scheme(raw: Mapping[str, Any], declared: str) -> str:
    return (_text(raw.get("scheme")) or (declared if declared in ("basic", "bearer") else "bearer")).lower()


def _choice(value: Any) -> Any:
    word = value.strip().lower() if isinstance(value, str) else ""
    return word if word in ("query", "header", "cookie") else None


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _names(scopes: Any) -> tuple[str, ...]:
    return tuple(scope for scope in scopes if isinstance(scope, str)) if isinstance(scopes, list) else ()
