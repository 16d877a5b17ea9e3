"""From text to manifest: what can be read is read, each broken rule is a finding, and what is no manifest is refused.

What a server calls its answer is not believed (contradiction 13): JSON, JSON with slips, and YAML are told by content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from actionry.domains import is_local
from actionry.errors import ManifestError, UnreadableDocument
from actionry.findings import Finding, Position
from actionry.limits import ACTIONRY, MANIFEST_READ_LIMITS, Profile
from actionry.manifest.addresses import AddressBook
from actionry.manifest.authentication import read_auth
from actionry.manifest.codes import Report
from actionry.manifest.fields import (
    EMAIL,
    FIELDS,
    is_placeholder,
    mentions_secret,
    read_fields,
    read_section,
    read_text,
    remove_secrets,
    unknown_fields,
)
from actionry.manifest.microsoft import is_microsoft, map_fields
from actionry.manifest.model import Api, Manifest
from actionry.syntax import FINDING_CODES, read_tree

Source = str | bytes | Path | Mapping[str, Any]
Locate = Callable[[str], Position | None]

_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body|!doctype)\b", re.I | re.S
)
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_MARKS = frozenset(
    {"schema_version", "name_for_model", "name_for_human", "description_for_model", "auth", "api", "runtimes"}
)
"""A mapping with none of these is no manifest."""
REFUSED_SLIPS = frozenset({"JSON-MISSING-COMMA"})
"""Slips that are not mended here: something may be lost between two members, and a manifest says where keys go."""
_API_FIELDS = frozenset({"type", "url", "is_user_authenticated", "has_user_authentication"})


def read_manifest(source: Source, *, profile: Profile = ACTIONRY, source_url: str | None = None) -> Manifest:
    """Read a plugin manifest, v1 or Microsoft's v2; never touches the network.

    source: the text (str or bytes), a mapping, or a file (Path, or str naming an existing file).
    source_url: where it was read from; needed for the domain rules, relative addresses and placeholders.
    Rules that are broken are findings of the profile. Raises ManifestError when it cannot be used at all.
    """
    data, syntax, locate = _read_mapping(source)
    report = Report(profile, locate)
    report.findings += syntax
    _require_manifest(data)
    clean = remove_secrets(data, report)
    return _read_microsoft(clean, report, source_url) if is_microsoft(clean) else _read_v1(clean, report, source_url)


def _read_microsoft(data: Mapping[str, Any], report: Report, source_url: str | None) -> Manifest:
    """The same rules on the mapped fields; findings point at where the source says it."""
    report.add("MANIFEST-MICROSOFT", "/schema_version")
    mapped = map_fields(data, report)
    inner = Report(report.profile, None)
    manifest = _read_v1(mapped.fields, inner, source_url)
    for finding in inner.findings:
        if finding.code not in _V1_ONLY and not _is_v1_field(finding):
            pointer = _source_pointer(finding.pointer, mapped.pointers)
            report.findings.append(
                replace(finding, pointer=pointer, known_position=report.locate(pointer) if report.locate else None)
            )
    return replace(
        manifest,
        kind="microsoft",
        functions=mapped.functions,
        conversation_starters=mapped.conversation_starters,
        findings=tuple(report.findings),
    )


_V1_ONLY = frozenset({"MANIFEST-VERSION", "MANIFEST-NO-TOKENS", "MANIFEST-OAUTH-MISSING", "MANIFEST-AUTH-SCHEME"})
"""Rules of v1 that v2 does not have: its secrets and OAuth addresses are registered elsewhere."""


def _is_v1_field(finding: Finding) -> bool:
    # v2 wants neither; `description_for_model` is optional there and the functions carry their own.
    return finding.code == "MANIFEST-MISSING" and finding.pointer != "/name_for_human"


def _source_pointer(pointer: str, pointers: Mapping[str, str]) -> str:
    for place in sorted(pointers, key=len, reverse=True):
        if pointer == place or pointer.startswith(place + "/"):
            return pointers[place] + pointer[len(place) :]
    return pointer


# ------------------------------------------------------------------------------------------------ the text


def _read_mapping(source: Source) -> tuple[Mapping[str, Any], list[Finding], Locate | None]:
    if isinstance(source, Mapping):
        return source, [], None
    text = _read_source(source)
    _refuse_what_is_no_text(text)
    try:
        tree = read_tree(text, limits=MANIFEST_READ_LIMITS)
    except UnreadableDocument as error:
        raise _unreadable(error, text) from None
    _refuse_slips(tree.findings)
    if not isinstance(tree.root, Mapping):
        raise _not_an_object(tree.root)
    # Positions are looked up now: a finding that remembered the text would remember a secret in it.
    syntax = [replace(one, known_position=one.position, locate=None) for one in tree.findings]
    if mentions_secret(tree.text):
        # Slips quote what they met, and that may be the secret itself: the general text says enough.
        syntax = [replace(one, message=FINDING_CODES[one.code][1], mend=FINDING_CODES[one.code][2]) for one in syntax]
    return tree.root, syntax, tree.locate


def _unreadable(error: UnreadableDocument, text: str | bytes) -> ManifestError:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    message, mend = f"The manifest cannot be read: {error.message}", error.mend
    if mentions_secret(shown.replace("\0", "")):  # UTF-16 as well
        place = f" at line {error.line}, column {error.column}" if error.line is not None else ""
        message, mend = f"The manifest cannot be read: it is neither JSON nor YAML{place}.", "Mend the text there."
    return ManifestError(
        message,
        mend=mend,
        code=error.code if error.code.startswith("SYNTAX-TOO") else "MANIFEST-UNREADABLE",
        line=error.line,
        column=error.column,
    )


def _read_source(source: str | bytes | Path) -> str | bytes:
    if isinstance(source, Path):
        return _read_file(source)
    if not isinstance(source, str) or len(source) > 4096 or "\n" in source or source.lstrip()[:1] in ("{", "["):
        return source
    if _ADDRESS.fullmatch(source.strip()):
        raise ManifestError(
            f"`{source.strip()[:200]}` is an address, and read_manifest never touches the network.",
            mend="Use `await actionry.fetch_action(url)`.",
            code="MANIFEST-IS-ADDRESS",
        )
    try:
        return _read_file(Path(source)) if Path(source).is_file() else source
    except (OSError, ValueError):  # not a possible file name: then it is the text itself
        return source


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MANIFEST_READ_LIMITS.bytes + 1)  # one more, so that the reader says it is too large
    except OSError as error:
        raise ManifestError(
            f"`{path}` cannot be read: {error.strerror or 'unknown failure'}.",
            mend="Give the path of a manifest, its text, or a mapping.",
            code="MANIFEST-NO-FILE",
        ) from None


def _refuse_what_is_no_text(text: str | bytes) -> None:
    start = text[:4096].decode("utf-8", "replace") if isinstance(text, bytes) else text[:4096]
    if not text.strip():
        raise ManifestError(
            "The manifest is empty.", mend="Check the address or file that it came from.", code="MANIFEST-EMPTY"
        )
    if _HTML.match(start.lstrip("\ufeff")):
        raise ManifestError(
            "This is a web page, not a manifest.",
            mend="Serve the manifest as JSON at /.well-known/ai-plugin.json.",
            code="MANIFEST-HTML",
        )


def _refuse_slips(findings: list[Finding]) -> None:
    for finding in findings:
        if finding.code in REFUSED_SLIPS:
            raise ManifestError(
                f"The manifest cannot be read: {finding.message}",
                mend=finding.mend,
                code="MANIFEST-UNREADABLE",
                line=finding.line,
                column=finding.column,
            )


def _not_an_object(root: object) -> ManifestError:
    what = {list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}.get(type(root), "a number")
    return ManifestError(
        f"The manifest is {what}, not a mapping of fields.",
        mend='Write one JSON object: {"schema_version": "v1", …}.',
        code="MANIFEST-NOT-OBJECT",
    )


def _require_manifest(data: Mapping[str, Any]) -> None:
    """Refuse a mapping that is something else; by what it looks like."""
    if "paths" in data or "openapi" in data or "swagger" in data:
        raise ManifestError(
            "This is an OpenAPI document, not a manifest.", mend="Load it as a document.", code="MANIFEST-IS-DOCUMENT"
        )
    if _MARKS & data.keys():
        return
    for key, value in data.items():
        if isinstance(value, Mapping) and len(_MARKS & value.keys()) > 2:
            raise ManifestError(
                f"The manifest stands one level too deep, under `{str(key)[:80]}`.",
                mend="Write its fields at the top level.",
                code="MANIFEST-NONE",
            )
    shown = ", ".join(f"`{str(key)[:40]}`" for key in list(data)[:4])
    raise ManifestError(
        f"This is no plugin manifest: it has {f'{shown} …, but none of its fields' if data else 'no fields'}.",
        mend="Give the file from /.well-known/ai-plugin.json; it has name_for_model, auth and api.",
        code="MANIFEST-NONE",
    )


# ---------------------------------------------------------------------------------------------- the fields


def _read_v1(data: Mapping[str, Any], report: Report, source_url: str | None) -> Manifest:
    """Each field in turn; the address of the document first, because it says whose manifest it is."""
    values = read_fields(data, report)
    addresses = AddressBook(report, source_url)
    api = _read_api(data, report, addresses)
    auth_section = read_section(data, "auth", "type", report)
    if data.get("auth") is None:
        report.add(
            "MANIFEST-MISSING", "/auth", "The required field `auth` is missing.", 'Add `"auth": {"type": "none"}`.'
        )
    auth = read_auth(auth_section, report, addresses)
    _read_addresses(values, data, report, addresses)
    addresses.check_domains(
        api.url,
        values["legal_info_url"],
        values["logo_url"],
        values["contact_email"],
        [auth.client_url, auth.token_url] if auth.type == "oauth" else [],
    )
    if auth.type not in ("none", "unknown") and addresses.base_host and is_local(addresses.base_host):
        report.add("MANIFEST-LOCAL-AUTH", "/auth/type", f"A plugin on this machine asks for auth of type {auth.type}.")
    extra = dict(unknown_fields(data, frozenset(FIELDS)))
    for key in extra:
        report.add("MANIFEST-EXTRA", f"/{_escaped(key)}", f"`{key[:80]}` is not a field of a manifest.")
    _fill_names(values, extra)
    parts: dict[str, Any] = {**values, "auth": auth, "api": api, "extra": extra}
    return Manifest(**parts, findings=tuple(report.findings), source_url=source_url)


def _read_api(data: Mapping[str, Any], report: Report, addresses: AddressBook) -> Api:
    section = read_section(data, "api", "url", report)
    if section is None:
        report.add("MANIFEST-NO-DOCUMENT", "/api", "The required field `api` is missing.")
        return Api(type="", url="")
    declared = read_text(section, "type", report, "/api")
    if declared is None and isinstance(data.get("api"), str):
        declared = "openapi"
    if (declared or "").lower() != "openapi":
        what = "is missing" if declared is None else f"is {declared[:40]!r}"
        report.add("MANIFEST-API-TYPE", "/api/type", f"`api.type` {what}.")
    text = read_text(section, "url", report, "/api")
    if not text:
        report.add("MANIFEST-NO-DOCUMENT", "/api/url", "`api` has no `url`.")
    for name in ("is_user_authenticated", "has_user_authentication"):
        if name in section:
            _read_flag(section[name], name, report)
    url = addresses.check(text, "/api/url", "api") if text else ""
    if not declared or declared.lower() == "openapi":
        declared = "openapi"
    return Api(type=declared, url=url, extra=dict(unknown_fields(section, _API_FIELDS)))


def _read_flag(value: object, name: str, report: Report) -> None:
    report.add("MANIFEST-USER-AUTHENTICATED", f"/api/{name}", f"`{name}` has no effect.")
    if not isinstance(value, bool):
        report.add("MANIFEST-TYPE", f"/api/{name}", f"`{name}` is not true or false.")


def _read_addresses(values: dict[str, str], data: Mapping[str, Any], report: Report, addresses: AddressBook) -> None:
    if data.get("logo_url") is not None:
        values["logo_url"] = addresses.check(values["logo_url"], "/logo_url", "logo")
    if data.get("legal_info_url") is not None:
        values["legal_info_url"] = addresses.check(values["legal_info_url"], "/legal_info_url", "legal")
    email = values["contact_email"]
    if data.get("contact_email") is not None and not EMAIL.fullmatch(email):
        what = f"is {email[:80]!r}" if email else "is blank"
        report.add("MANIFEST-CONTACT", "/contact_email", f"`contact_email` {what}, which is no e-mail address.")
    elif is_placeholder(email):
        report.add("MANIFEST-PLACEHOLDER", "/contact_email", "`contact_email` holds a placeholder.")


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _fill_names(values: dict[str, str], extra: Mapping[str, Any]) -> None:
    """Names and descriptions stand in for each other, and `name` and `description` for both."""

    def first(*texts: object) -> str:
        return next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "")

    human, model = values["name_for_human"], values["name_for_model"]
    values["name_for_human"] = first(human, extra.get("name"), model)
    values["name_for_model"] = first(model, extra.get("name"), human)
    human, model = values["description_for_human"], values["description_for_model"]
    values["description_for_human"] = first(human, extra.get("description"), model)
    values["description_for_model"] = first(model, extra.get("description"), human)
