"""The catalogue of findings about plugin manifests: stable codes, and what each profile thinks of them.

Rows are data so that the reference page, the reader and the developer's kit say the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from actionry.findings import Finding, Position, Severity
from actionry.limits import Profile, ProfileName


@dataclass(frozen=True, slots=True)
class Code:
    actionry: Severity | None
    """Severity in the lenient profile; None: not reported."""
    openai: Severity | None
    """Severity in the original's profile: `error` where a plugin would not have been accepted."""
    meaning: str
    effect: str
    mend: str

    def severity(self, profile: ProfileName) -> Severity | None:
        return self.actionry if profile == "actionry" else self.openai


CODES: dict[str, Code] = {
    # --- the fields
    "MANIFEST-MISSING": Code(
        "warning",
        "error",
        "A required field is missing (M-02).",
        "Names and descriptions stand in for each other where they can; other fields stay empty.",
        "Add the field.",
    ),
    "MANIFEST-NO-DOCUMENT": Code(
        "error",
        "error",
        "The manifest does not say where its OpenAPI document is (M-02, M-13).",
        "There is nothing to call.",
        'Add `"api": {"type": "openapi", "url": "https://…/openapi.yaml"}`.',
    ),
    "MANIFEST-BLANK": Code(
        "warning",
        "error",
        "A field that must not be blank is (M-04).",
        "It counts as missing.",
        "Fill it in.",
    ),
    "MANIFEST-TYPE": Code(
        "warning",
        "error",
        "A value is of another kind than the field wants.",
        "It is read as what is meant where that is plain, and left out otherwise.",
        "Write it as the field wants it.",
    ),
    "MANIFEST-TOO-LONG": Code(
        "warning",
        "error",
        "A text is longer than the original's limit (M-04…M-07).",
        "The original refused the manifest.",
        "Shorten it.",
    ),
    "MANIFEST-TOO-LONG-2023": Code(
        "warning",
        "error",
        "A text is longer than even the wider limit of spring 2023 (M-04, M-06).",
        "The original refused the manifest at any time.",
        "Shorten it.",
    ),
    "MANIFEST-NAME-CHARACTERS": Code(
        "warning",
        "error",
        "`name_for_model` holds something else than letters, digits and `_` (M-05).",
        "Models may not accept the name; it is written with `_` instead where a model reads it.",
        "Use letters, digits and `_` only.",
    ),
    "MANIFEST-HIDDEN-CHARACTERS": Code(
        "warning",
        "warning",
        "A text holds invisible characters or such that turn the direction of writing.",
        "They are left out of what people see.",
        "Remove them.",
    ),
    "MANIFEST-BRAND": Code(
        None,
        "warning",
        "A name uses a brand word of the host, or the word plugin (M-17).",
        "The original's reviewers refused such names.",
        "Choose a name without it.",
    ),
    "MANIFEST-VERSION": Code(
        "warning",
        "error",
        "`schema_version` is not `v1` (M-03).",
        "The manifest is read as v1.",
        'Write `"schema_version": "v1"`.',
    ),
    "MANIFEST-EXTRA": Code(
        "info",
        "info",
        "A field is not part of a manifest (M-14).",
        "It is ignored, and kept under `extra`.",
        "Remove it, or check how it is spelled.",
    ),
    "MANIFEST-USER-AUTHENTICATED": Code(
        "info",
        "info",
        "`is_user_authenticated` and `has_user_authentication` have no effect.",
        "None; `auth` says how users are authenticated.",
        "Leave it out.",
    ),
    "MANIFEST-PLACEHOLDER": Code(
        "warning",
        "error",
        "A placeholder was not filled in.",
        "In an address it is replaced by the host that served the manifest, when that is known.",
        "Write the real value.",
    ),
    "MANIFEST-SECRET": Code(
        "error",
        "error",
        "The manifest holds a secret, and everybody can read a manifest.",
        "It was thrown away unread and is used for nothing.",
        "Remove it, withdraw it where it was issued, and enter a new one when you register the plugin.",
    ),
    # --- authentication
    "MANIFEST-AUTH-TYPE": Code(
        "warning",
        "error",
        "`auth.type` is not written as one of none, service_http, user_http, oauth (M-08).",
        "It is read as what is meant.",
        "Write none, service_http, user_http or oauth.",
    ),
    "MANIFEST-AUTH-UNKNOWN": Code(
        "error",
        "error",
        "`auth.type` is none that is known (M-08).",
        "No credential is sent before you choose the authentication yourself.",
        "Write none, service_http, user_http or oauth.",
    ),
    "MANIFEST-AUTH-SCHEME": Code(
        "warning",
        "error",
        "`auth.authorization_type` is missing, or is neither bearer nor basic (M-09, M-10).",
        "bearer is assumed.",
        'Write `"authorization_type": "bearer"` or `"basic"`.',
    ),
    "MANIFEST-NO-TOKENS": Code(
        "warning",
        "error",
        "There are no `verification_tokens` (M-09, M-11).",
        "The plugin cannot be activated for others: nothing shows that its developer registered it (PA-03).",
        "Register the plugin, and add the token that you are shown.",
    ),
    "MANIFEST-OAUTH-MISSING": Code(
        "warning",
        "error",
        "A field of the OAuth section is missing (M-11).",
        "A missing address must be entered by hand; without a content type the form encoding is used.",
        "Add the field.",
    ),
    "MANIFEST-OAUTH-CONTENT": Code(
        "warning",
        "error",
        "`authorization_content_type` is neither JSON nor a form (M-11).",
        "The form encoding is used.",
        "Write application/json or application/x-www-form-urlencoded.",
    ),
    "MANIFEST-OAUTH-HOSTS": Code(
        "info",
        "error",
        "The OAuth addresses are on another domain than the API (E19).",
        "Users are shown that domain before they sign in.",
        "Serve OAuth under the API's domain.",
    ),
    "MANIFEST-OAUTH-TOKEN-URL": Code(
        "info",
        "warning",
        "The token endpoint stands in `token_url`; a manifest gives it in `authorization_url`.",
        "`token_url` is used.",
        "Write the login page into `client_url` and the token endpoint into `authorization_url`.",
    ),
    "MANIFEST-LOCAL-AUTH": Code(
        "warning",
        "error",
        "A plugin on this machine wants authentication (PA-02).",
        "The original took localhost plugins without authentication only.",
        "Use `none` while developing, or a remote host.",
    ),
    # --- the document and the addresses
    "MANIFEST-API-TYPE": Code(
        "warning",
        "error",
        "`api.type` is not `openapi` (M-13).",
        "The address is tried as an OpenAPI document.",
        'Write `"type": "openapi"`.',
    ),
    "MANIFEST-URL-RELATIVE": Code(
        "warning",
        "error",
        "An address is not absolute (M-13).",
        "It is resolved against the manifest's own address, when that is known.",
        "Write a full `https://` address.",
    ),
    "MANIFEST-LEGAL-EMAIL": Code(
        "warning",
        "error",
        "`legal_info_url` is an e-mail address.",
        "There is no page to show to users.",
        "Give the address of a page.",
    ),
    "MANIFEST-LOGO-DATA": Code(
        "info",
        "error",
        "`logo_url` holds the picture itself.",
        "It is shown; the original wanted an address.",
        "Give the picture's address.",
    ),
    "MANIFEST-URL-SCHEME": Code(
        "error",
        "error",
        "An address is neither https nor http.",
        "It is refused and left empty.",
        "Write a full `https://` address.",
    ),
    "MANIFEST-URL-INVALID": Code(
        "error",
        "error",
        "An address is malformed, or names a user before its host.",
        "It is refused and left empty.",
        "Write a plain `https://host/path` address.",
    ),
    "MANIFEST-URL-BLANK": Code(
        "warning",
        "warning",
        "An address holds a blank.",
        "It is read as `%20`.",
        "Write `%20` instead.",
    ),
    "MANIFEST-URL-INSIDE": Code(
        "error",
        "error",
        "A public manifest names an address that is not public (S-19).",
        "It is refused and left empty.",
        "Give a public address.",
    ),
    "MANIFEST-URL-HTTP": Code(
        "warning",
        "error",
        "A public address is http; only this machine may be (D-11).",
        "Others can read and change what is sent.",
        "Serve it by https.",
    ),
    "MANIFEST-LOCAL": Code(
        "info",
        "warning",
        "The manifest is about a plugin on this machine.",
        "It works on this machine only.",
        "Nothing while developing; write the public address before you publish it.",
    ),
    "MANIFEST-IDN": Code(
        "warning",
        "warning",
        "A host name is written in other letters than a to z and may look like another one (P-13).",
        "It is shown in its ASCII form.",
        "Nothing if the name is meant; compare it letter by letter otherwise.",
    ),
    "MANIFEST-API-DOMAIN": Code(
        "error",
        "error",
        "`api.url` is neither on the root domain nor below it (D-04).",
        "The plugin cannot be installed from that domain.",
        "Serve the document on the manifest's host or below it.",
    ),
    "MANIFEST-LEGAL-DOMAIN": Code(
        "warning",
        "error",
        "`legal_info_url` is on another registrable domain (D-05).",
        "None for private use; a public listing needs its own page.",
        "Serve the page on the plugin's domain.",
    ),
    "MANIFEST-CONTACT": Code(
        "warning",
        "error",
        "`contact_email` is no e-mail address.",
        "Users cannot reach the developer.",
        "Write one address, e.g. hello@example.com.",
    ),
    "MANIFEST-CONTACT-DOMAIN": Code(
        "info",
        "warning",
        "`contact_email` is on another registrable domain (D-06).",
        "None.",
        "Use an address of the plugin's domain.",
    ),
    "MANIFEST-LOGO-DOMAIN": Code(
        "info",
        "warning",
        "`logo_url` is on another registrable domain (D-07).",
        "None.",
        "Serve the picture on the plugin's domain.",
    ),
    # --- Microsoft's v2
    "MANIFEST-MICROSOFT": Code(
        "info",
        "error",
        "The manifest is Microsoft's v2 (M-03).",
        "It is read as the same fields; the original did not know it.",
        "Nothing; a v1 manifest can be exported.",
    ),
    "MANIFEST-RUNTIME": Code(
        "warning",
        "warning",
        "A runtime is not an OpenAPI document at an address.",
        "Its functions cannot be called.",
        'Use `{"type": "OpenApi", "spec": {"url": "https://…"}}`.',
    ),
    # --- why a manifest cannot be used at all (ManifestError)
    "MANIFEST-UNREADABLE": Code(
        "error", "error", "The text is neither JSON nor YAML.", "Nothing is read.", "Mend the text at that place."
    ),
    "MANIFEST-EMPTY": Code("error", "error", "There is no text.", "Nothing is read.", "Check the address or file."),
    "MANIFEST-HTML": Code(
        "error",
        "error",
        "The text is a web page.",
        "Nothing is read.",
        "Serve the manifest as JSON at /.well-known/ai-plugin.json.",
    ),
    "MANIFEST-NOT-OBJECT": Code(
        "error", "error", "The text is no mapping of fields.", "Nothing is read.", "Write one JSON object."
    ),
    "MANIFEST-NONE": Code(
        "error",
        "error",
        "The mapping has no field of a manifest.",
        "Nothing is read.",
        "Give the file from /.well-known/ai-plugin.json.",
    ),
    "MANIFEST-IS-DOCUMENT": Code(
        "error", "error", "It is an OpenAPI document, not a manifest.", "Nothing is read.", "Load it as a document."
    ),
    "MANIFEST-IS-ADDRESS": Code(
        "error", "error", "An address was given where text is wanted.", "Nothing is fetched.", "Fetch it first."
    ),
    "MANIFEST-ADDRESS": Code(
        "error", "error", "The text names no domain.", "Nothing is fetched.", "Enter e.g. `example.com`."
    ),
    "MANIFEST-NO-FILE": Code(
        "error", "error", "The file cannot be read.", "Nothing is read.", "Check the path and its rights."
    ),
    "MANIFEST-REDIRECT-PARENT": Code(
        "error",
        "error",
        "The manifest's address redirects to its parent domain (D-03).",
        "It is not followed.",
        "Redirect to a sub-domain only, or not at all.",
    ),
    "MANIFEST-REDIRECT-SIBLING": Code(
        "error",
        "error",
        "The manifest's address redirects to a sibling domain (D-03).",
        "It is not followed.",
        "Redirect to a sub-domain only, or not at all.",
    ),
    "MANIFEST-REDIRECT-OTHER": Code(
        "error",
        "error",
        "The manifest's address redirects to another domain (D-03).",
        "It is not followed.",
        "Redirect to a sub-domain only, or not at all.",
    ),
}
"""Code -> what it is."""


@dataclass(slots=True)
class Report:
    """Collects findings as one profile sees them; positions are looked up at once, so that no text is kept."""

    profile: Profile
    locate: Callable[[str], Position | None] | None = field(default=None, repr=False)
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: str, pointer: str, message: str = "", mend: str = "", *, effect: str = "") -> None:
        """A finding of the catalogue; the texts say it for this place, else the general ones stand."""
        row = CODES[code]
        severity = row.severity(self.profile.name)
        if severity is None:
            return
        self.findings.append(
            Finding(
                code=code,
                severity=severity,
                pointer=pointer,
                message=message or row.meaning,
                effect=effect or row.effect,
                mend=mend or row.mend,
                known_position=self.locate(pointer) if self.locate is not None else None,
            )
        )
