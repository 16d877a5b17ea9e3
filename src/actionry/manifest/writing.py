"""A manifest for an export (MG-05): v1, in the order in which people read it, and never with a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actionry.errors import ManifestError
from actionry.manifest.fields import is_secret_name
from actionry.manifest.model import Auth


def write_manifest(
    *,
    name_for_human: str,
    name_for_model: str,
    description_for_human: str,
    description_for_model: str,
    api_url: str,
    auth: Auth | None = None,
    logo_url: str = "",
    contact_email: str = "",
    legal_info_url: str = "",
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON object of `ai-plugin.json`; `read_manifest` says what is still missing for a listing.

    auth: None means none; see `write_auth` for what v1 cannot say.
    Raises ManifestError when `extra` holds a secret or a field of v1.
    """
    manifest: dict[str, Any] = {
        "schema_version": "v1",
        "name_for_human": name_for_human,
        "name_for_model": name_for_model,
        "description_for_human": description_for_human,
        "description_for_model": description_for_model,
        "auth": write_auth(auth or Auth()),
        "api": {"type": "openapi", "url": api_url},
        "logo_url": logo_url,
        "contact_email": contact_email,
        "legal_info_url": legal_info_url,
    }
    for key, value in (extra or {}).items():
        if key in manifest or is_secret_name(key):
            raise ManifestError(
                f"`{key}` cannot be written as an extra field.",
                mend="Leave it out." if is_secret_name(key) else "Use the argument of that name.",
                code="MANIFEST-SECRET" if is_secret_name(key) else "MANIFEST-EXTRA",
            )
        manifest[key] = value
    return manifest


def write_auth(auth: Auth) -> dict[str, Any]:
    """The `auth` section as v1 has it; an API key in a header of its own is the editor's `custom` (AU-05).

    Raises ManifestError for what v1 has no words for: an unknown kind, and keys in the query or a cookie.
    """
    if auth.type == "unknown" or (auth.type == "api_key" and auth.key_location != "header"):
        what = "an unknown kind" if auth.type == "unknown" else f"a key in the {auth.key_location}"
        raise ManifestError(
            f"A manifest cannot say that calls are authenticated by {what}.",
            mend="Choose none, service_http, user_http or oauth.",
            code="MANIFEST-AUTH-UNKNOWN",
        )
    section: dict[str, Any] = {"type": auth.type}
    match auth.type:
        case "none":
            pass
        case "service_http" | "user_http":
            section["authorization_type"] = auth.authorization_type or "bearer"
            if auth.custom_auth_header:
                section["custom_auth_header"] = auth.custom_auth_header
        case "api_key":
            section["type"] = "service_http"
            section["authorization_type"] = auth.authorization_type or "bearer"
            if auth.custom_auth_header:
                section["custom_auth_header"] = auth.custom_auth_header
        case "oauth":
            section |= {
                "client_url": auth.authorize_url,
                "scope": auth.scope,
                "authorization_url": auth.token_url,
                "authorization_content_type": auth.authorization_content_type or "application/x-www-form-urlencoded",
            }
    if auth.type in ("service_http", "oauth", "api_key"):
        section["verification_tokens"] = dict(auth.verification_tokens)
    if auth.instructions:
        section["instructions"] = auth.instructions
    return section
