"""The `auth` section: its kind, what each kind needs, and the spellings that real manifests use (M-08…M-12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from actionry.manifest.addresses import AddressBook
from actionry.manifest.codes import Report
from actionry.manifest.fields import read_text, unknown_fields
from actionry.manifest.model import Auth, AuthorizationType, AuthType

KINDS: dict[str, AuthType] = {
    "none": "none", "service_http": "service_http", "user_http": "user_http", "oauth": "oauth",
}  # fmt: skip
SLIPS: dict[str, AuthType] = {
    "": "none", "no": "none", "noauth": "none", "no_auth": "none", "null": "none", "false": "none", "public": "none",
    "servicehttp": "service_http", "service": "service_http", "service_level": "service_http",
    "userhttp": "user_http", "user": "user_http", "user_level": "user_http",
    "oauth2": "oauth", "oauth2.0": "oauth", "oauth_2.0": "oauth", "oauth_2": "oauth", "oauth2_0": "oauth",
    "api_key": "api_key", "apikey": "api_key", "key": "api_key", "x_api_key": "api_key",
    # Everybody's calls carry the one token that the developer pasted; asking each user would be the other reading.
    "bearer": "service_http", "basic": "service_http", "http": "service_http",
    "bearer_token": "service_http", "http_bearer": "service_http",
}  # fmt: skip
"""Small letters, blanks and `-` as `_` -> what is meant."""
CONTENT_TYPES: dict[str, str] = {
    "application/json": "application/json", "json": "application/json",
    "application/x-www-form-urlencoded": "application/x-www-form-urlencoded",
    "form": "application/x-www-form-urlencoded", "x-www-form-urlencoded": "application/x-www-form-urlencoded",
}  # fmt: skip
KEY_NAMES = ("custom_auth_header", "api_key_name", "header_name", "key_name", "name")
OAUTH_FIELDS = ("client_url", "authorization_url", "scope", "authorization_content_type")
_KNOWN = frozenset(
    {"type", "authorization_type", "verification_tokens", "instructions", "custom_auth_header", *OAUTH_FIELDS}
)


def read_auth(data: Mapping[str, Any] | None, report: Report, addresses: AddressBook) -> Auth:
    """The section, checked. Absent: none, which was reported before."""
    if data is None:
        return Auth()
    declared = read_text(data, "type", report, "/auth")
    if declared is None and (not data or ("type" in data and data["type"] is None)):
        declared = ""  # `{}` and `{"type": null}` say: nothing
    kind = _kind(declared, report)
    common: dict[str, Any] = {
        "type": kind,
        "declared_type": declared or "",
        "instructions": read_text(data, "instructions", report, "/auth") or "",
        "verification_tokens": _tokens(data, report),
        "extra": dict(unknown_fields(data, _KNOWN)),
    }
    match kind:
        case "service_http" | "user_http":
            common |= _http(data, declared or "", report)
        case "api_key":
            common |= _api_key(data)
        case "oauth":
            common |= _oauth(data, report, addresses)
            if isinstance(token_url := data.get("token_url"), str):
                report.add("MANIFEST-OAUTH-TOKEN-URL", "/auth/token_url")
                common["extra"]["token_url"] = addresses.check(token_url.strip(), "/auth/token_url", "oauth")
        case "none" | "unknown":
            pass
    if kind in ("service_http", "oauth") and not common["verification_tokens"]:
        report.add("MANIFEST-NO-TOKENS", "/auth", f"auth of type {kind} has no `verification_tokens`.")
    return Auth(**common)


def _kind(declared: str | None, report: Report) -> AuthType:
    if declared in KINDS:
        return KINDS[declared]
    if declared is None:
        report.add("MANIFEST-AUTH-UNKNOWN", "/auth/type", "`auth` has no `type`.")
        return "unknown"
    folded = declared.strip().lower().replace("-", "_").replace(" ", "_")
    kind = KINDS.get(folded) or SLIPS.get(folded)
    if kind is None:
        report.add("MANIFEST-AUTH-UNKNOWN", "/auth/type", f"`auth.type` is {declared[:40]!r}, which is not known.")
        return "unknown"
    report.add("MANIFEST-AUTH-TYPE", "/auth/type", f"`auth.type` is {declared[:40]!r}; it is read as {kind}.")
    return kind


def _http(data: Mapping[str, Any], declared: str, report: Report) -> dict[str, Any]:
    folded = declared.lower()
    implied: AuthorizationType = "basic" if folded == "basic" else "bearer"
    given = read_text(data, "authorization_type", report, "/auth")
    header = data.get("custom_auth_header")
    name = header.strip() if isinstance(header, str) and header.strip() else None
    way = (given or "").lower()
    if way == "bearer" or way == "basic":
        return {"authorization_type": way}
    if way == "custom" and name:  # the action editor's third way (AU-05), exported by some
        return {"authorization_type": "custom", "custom_auth_header": name}
    what = "is missing" if given is None else f"is {given[:40]!r}"
    report.add(
        "MANIFEST-AUTH-SCHEME",
        "/auth/authorization_type",
        f"`auth.authorization_type` {what}.",
        effect=f"{implied} is assumed.",
    )
    return {"authorization_type": implied}


def _api_key(data: Mapping[str, Any]) -> dict[str, Any]:
    """`in` and `name` as in OpenAPI, or `authorization_type` header, query, bearer, basic."""
    given = data.get("authorization_type")
    way = given.strip().lower() if isinstance(given, str) else ""
    place = data.get("in") or data.get("location") or data.get("placement")
    place = place.strip().lower() if isinstance(place, str) else way
    name = next((data[key].strip() for key in KEY_NAMES if isinstance(data.get(key), str) and data[key].strip()), None)
    location: Literal["header", "query", "cookie"] = (
        "query" if place == "query" else "cookie" if place == "cookie" else "header"
    )
    if location == "header" and way in ("bearer", "basic"):
        return {"authorization_type": way, "custom_auth_header": name}
    return {"authorization_type": "custom", "custom_auth_header": name, "key_location": location}


def _oauth(data: Mapping[str, Any], report: Report, addresses: AddressBook) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in OAUTH_FIELDS:
        text = read_text(data, name, report, "/auth")
        if text is None or (not text and name in ("client_url", "authorization_url")):
            report.add("MANIFEST-OAUTH-MISSING", f"/auth/{name}", f"auth of type oauth has no `{name}`.")
        elif name.endswith("_url"):
            text = addresses.check(text, f"/auth/{name}", "oauth")
        values[name] = text or ""
    declared = values["authorization_content_type"]
    if declared:
        media_type = CONTENT_TYPES.get(declared.partition(";")[0].strip().lower(), "")
        if media_type != declared:
            report.add(
                "MANIFEST-OAUTH-CONTENT",
                "/auth/authorization_content_type",
                f"`authorization_content_type` is {declared[:60]!r}.",
                effect=f"{media_type or 'application/x-www-form-urlencoded'} is used.",
            )
        values["authorization_content_type"] = media_type
    return values


def _tokens(data: Mapping[str, Any], report: Report) -> dict[str, str]:
    """Service -> token (M-12); what is no text is left out."""
    value = data.get("verification_tokens")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        report.add(
            "MANIFEST-TYPE", "/auth/verification_tokens", "`verification_tokens` is no mapping of service to token."
        )
        return {}
    return {str(key): token.strip() for key, token in value.items() if isinstance(token, str) and token.strip()}
