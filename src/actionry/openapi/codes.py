"""The catalogue of findings about OpenAPI documents: stable codes, what they mean, what they do, how to mend.

Rows are data so that the reference page, the reader and the linter say the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass

from actionry.findings import Finding, Fix, Locator, Severity


@dataclass(frozen=True, slots=True)
class Code:
    severity: Severity
    meaning: str
    effect: str
    mend: str


CODES: dict[str, Code] = {
    # --- the document as a whole
    "VERSION-NOT-TEXT": Code(
        "warning",
        "The version is a number, not text; 3.10 and 3.1 would be the same number.",
        "None for calls; other tools refuse it.",
        "Put it into quotes.",
    ),
    "VERSION-FORM": Code(
        "warning",
        "The version is not written as the specification wants it.",
        "It is read as what is meant; other tools refuse it.",
        'Write e.g. openapi: "3.0.3", openapi: "3.1.0" or swagger: "2.0".',
    ),
    "VERSION-UNKNOWN": Code(
        "warning",
        "No such version of OpenAPI is known.",
        "The document is read like the nearest one.",
        'Write a published version, e.g. openapi: "3.1.0".',
    ),
    "VERSION-MISSING": Code(
        "warning",
        "Neither `openapi` nor `swagger` names the version.",
        "It is guessed from the content.",
        'Add openapi: "3.0.3" (or the version that was meant) as the first line.',
    ),
    "VERSION-TWICE": Code(
        "warning",
        "Both `openapi` and `swagger` are given.",
        "One of them is believed.",
        "Remove the one that is not meant.",
    ),
    "PATHS-MISSING": Code(
        "warning",
        "The document has no `paths`.",
        "There is nothing to call.",
        "Add `paths` with at least one operation.",
    ),
    "PATHS-NOT-OBJECT": Code(
        "error",
        "`paths` is not a mapping.",
        "Its operations are lost.",
        "Write `paths:` as a mapping of `/path: {get: …}`.",
    ),
    "SWAGGER-2": Code(
        "info",
        "The document is Swagger 2.0.",
        "It is read as the same operations in OpenAPI 3.1; other hosts may refuse it.",
        "Convert it: `actionry lint --fix` writes OpenAPI 3.1.",
    ),
    "SECTION-NOT-OBJECT": Code(
        "warning",
        "A section that must be a mapping is something else.",
        "It is treated as empty.",
        "Write it as a mapping.",
    ),
    # --- servers
    "SERVER-MISSING": Code(
        "warning",
        "The document names no server.",
        "Calls go to the origin that the document came from; read from text or a file there is none.",
        "Add `servers: [{url: https://api.example.com}]`.",
    ),
    "SERVER-INVALID": Code(
        "error",
        "A server's URL is not a usable http(s) URL.",
        "The server is left out.",
        "Write an absolute `https://` URL.",
    ),
    "SERVER-VARIABLE": Code(
        "warning",
        "A server variable has no default.",
        "The first allowed value is used, or the server is left out when there is none.",
        "Give the variable a `default`.",
    ),
    "SERVERS-NOT-LIST": Code(
        "warning",
        "`servers` is not a list.",
        "It is read as a list of one where possible.",
        "Write `servers:` as a list.",
    ),
    # --- paths and operations
    "PATH-NO-SLASH": Code(
        "warning", "A path does not start with `/`.", "The slash is added.", "Start the path with `/`."
    ),
    "PATH-ITEM-NOT-OBJECT": Code(
        "error", "A path item is not a mapping.", "Its operations are lost.", "Write it as a mapping."
    ),
    "PATH-ITEM-KEY": Code(
        "warning",
        "A path item has a key that is no method.",
        "The key is ignored.",
        "Remove it, or prefix it with `x-`.",
    ),
    "METHOD-CASE": Code(
        "warning", "A method is not in lower case.", "It is read as meant.", "Write the method in lower case."
    ),
    "OPERATION-NOT-OBJECT": Code(
        "error", "An operation is not a mapping.", "The operation is lost.", "Write it as a mapping."
    ),
    "OPID-NOT-TEXT": Code(
        "warning", "`operationId` is not text.", "It is read as text.", "Put the operationId in quotes."
    ),
    "PATH-VARIABLE-UNDECLARED": Code(
        "warning",
        "A variable of the path template has no parameter.",
        "It is offered to the model as a required text parameter.",
        "Declare it under `parameters` with `in: path` and `required: true`.",
    ),
    "PATH-PARAMETER-UNUSED": Code(
        "warning",
        "A path parameter does not occur in the path template.",
        "It is left out: there is no place where it could be sent.",
        "Add `{name}` to the path, or change `in`.",
    ),
    "PATH-VARIABLE-SPELLING": Code(
        "warning",
        "A path variable and its parameter are spelled differently.",
        "They are taken for the same.",
        "Spell both the same.",
    ),
    # --- parameters
    "PARAMETERS-NOT-LIST": Code(
        "warning",
        "`parameters` is not a list.",
        "It is read as a list where possible.",
        "Write `parameters:` as a list.",
    ),
    "PARAMETER-NOT-OBJECT": Code("error", "A parameter is not a mapping.", "It is left out.", "Write it as a mapping."),
    "PARAMETER-NO-NAME": Code("error", "A parameter has no name.", "It is left out.", "Add `name`."),
    "PARAMETER-NAME-NOT-TEXT": Code(
        "warning", "A parameter's name is not text.", "It is read as text.", "Put the name in quotes."
    ),
    "PARAMETER-IN": Code(
        "warning",
        "A parameter's `in` is missing or unknown.",
        "It is read as a path parameter when the template has its name, as a query parameter otherwise.",
        "Set `in` to path, query, header or cookie.",
    ),
    "PARAMETER-IN-BODY": Code(
        "warning",
        "`in: body` or `in: formData` stands in an OpenAPI 3 document.",
        "It is read as the request body.",
        "Use `requestBody`.",
    ),
    "PARAMETER-NO-SCHEMA": Code(
        "warning",
        "A parameter has neither `schema` nor `content`.",
        "Keywords beside it are read as its schema; without any it accepts text.",
        "Add `schema`.",
    ),
    "PARAMETER-DUPLICATE": Code(
        "warning", "A parameter is declared twice.", "The last one counts.", "Remove one of the two."
    ),
    "PARAMETER-STYLE": Code(
        "warning",
        "A parameter's `style` does not exist at its place.",
        "The default style of the place is used.",
        "Use one of the styles of OpenAPI's Style Values table.",
    ),
    "PATH-PARAMETER-NOT-REQUIRED": Code(
        "info",
        "A path parameter is not marked as required.",
        "It is required all the same.",
        "Add `required: true`.",
    ),
    "HEADER-IGNORED": Code(
        "info",
        "A header parameter names a header that the host sets.",
        "It is not offered to the model and never sent from arguments.",
        "Describe credentials under `securitySchemes`; remove the parameter.",
    ),
    # --- request bodies
    "BODY-NOT-OBJECT": Code(
        "error", "A request body is not a mapping.", "The operation has no body.", "Write it as a mapping."
    ),
    "BODY-NO-CONTENT": Code(
        "warning",
        "A request body has no `content`.",
        "A `schema` beside it is read as JSON; without one the operation has no body.",
        "Add `content: {application/json: {schema: …}}`.",
    ),
    # --- references
    "REF-MISSING": Code(
        "warning",
        "A `$ref` points to something that is not there.",
        "The part accepts anything, or is left out where it must have a name.",
        "Define the target, or correct the pointer.",
    ),
    "REF-EXTERNAL": Code(
        "warning",
        "A `$ref` points outside the document.",
        "It is never fetched; the part accepts anything, or is left out.",
        "Put the target into this document under `components`.",
    ),
    "REF-CYCLE": Code(
        "warning", "A `$ref` leads only to itself.", "The part accepts anything.", "Point it at a definition."
    ),
    "REF-MISSPELLED": Code(
        "warning",
        "A `$ref` points to the wrong section, but one definition of that name exists.",
        "That definition is used.",
        "Correct the pointer.",
    ),
    "REF-NOT-TEXT": Code(
        "warning",
        "`$ref` is not text.",
        "It is ignored.",
        "Write a JSON pointer such as `#/components/schemas/Pet`.",
    ),
    # --- schemas
    "SCHEMA-NOT-OBJECT": Code(
        "warning", "A schema is not a mapping.", "It accepts anything.", "Write it as a mapping."
    ),
    "SPEC-REQ-BOOL": Code(
        "warning",
        "`required` is true or false inside a schema, where only a list of names may stand.",
        "true on a property is read as: the parent requires it.",
        "Remove it and list the property under the parent's `required`.",
    ),
    "REQUIRED-NOT-LIST": Code(
        "warning",
        "`required` is not a list of names.",
        "Names in it are used, the rest is ignored.",
        "Write a list of names.",
    ),
    "TYPE-UNKNOWN": Code(
        "warning",
        "A schema's `type` is not one of JSON Schema's.",
        "It is read as what is plainly meant, otherwise it accepts anything.",
        "Use string, number, integer, boolean, array, object or null.",
    ),
    "ARRAY-NO-ITEMS": Code("info", "An array schema has no `items`.", "Its items may be anything.", "Add `items`."),
    "PROPERTIES-NOT-OBJECT": Code(
        "warning",
        "`properties` is not a mapping.",
        "The object's properties are unknown.",
        "Write it as a mapping.",
    ),
    "ENUM-TYPE": Code(
        "warning",
        "Values of `enum` do not have the schema's type.",
        "They are converted.",
        "Quote or unquote the values.",
    ),
    "ENUM-INVALID": Code(
        "warning",
        "`enum` is not a list with values.",
        "It is ignored.",
        "Write a list with at least one value.",
    ),
    "PATTERN-INVALID": Code(
        "info",
        "A `pattern` is not a regular expression that every host reads.",
        "It is shown to the model as text and not checked.",
        "Use plain ECMA-262 syntax without look-around.",
    ),
    "KEYWORD-INVALID": Code(
        "warning",
        "A schema keyword has a value of the wrong kind.",
        "The keyword is ignored.",
        "Correct or remove it.",
    ),
    # --- security
    "SECURITY-UNDEFINED": Code(
        "warning",
        "A security requirement names a scheme that is not defined.",
        "The operation needs a credential of that name; its kind is unknown, and it is sent as a bearer token.",
        "Define it under `components.securitySchemes`.",
    ),
    "SECURITY-INVALID": Code(
        "warning",
        "A security section is not of the form that OpenAPI gives it.",
        "The part is ignored.",
        "Write a list of mappings.",
    ),
    "SECURITY-SCHEME-INVALID": Code(
        "warning",
        "A security scheme is incomplete or of an unknown type.",
        "Its credential cannot be attached.",
        "Complete it.",
    ),
    "CONSEQUENTIAL-NOT-BOOL": Code(
        "warning",
        "`x-openai-isConsequential` is not true or false.",
        "It counts as absent: GET does not ask, everything else does.",
        "Write true or false.",
    ),
    # --- names and texts (linter)
    "OPID-MISSING": Code(
        "warning",
        "An operation has no `operationId`.",
        "The function's name is made from method and path.",
        "Add an `operationId` that says what the operation does.",
    ),
    "OPID-ILLEGAL": Code(
        "warning",
        "An `operationId` has characters that models' function names cannot have.",
        "The function is renamed; calls are mapped back.",
        "Use letters, digits, `_` and `-` only.",
    ),
    "OPID-LONG": Code(
        "warning",
        "An `operationId` has more than 64 characters.",
        "The function's name is shortened; calls are mapped back.",
        "Shorten it to at most 64 characters.",
    ),
    "OPID-DUPLICATE": Code(
        "warning",
        "Two operations have the same `operationId`.",
        "The later functions are renamed.",
        "Give each operation its own `operationId`.",
    ),
    "OP-NO-DESCRIPTION": Code(
        "info",
        "An operation has neither `summary` nor `description`.",
        "The model has only the name and the path to go by.",
        "Say in one sentence what the operation does and when it is useful.",
    ),
    "PARAM-NO-DESCRIPTION": Code(
        "info",
        "A parameter has no description.",
        "The model has only its name and type to go by.",
        "Say what the value means, with its form or an example.",
    ),
    "NAME-COLLISION": Code(
        "info",
        "Two arguments of one operation have the same name in different places.",
        "One of them is renamed for the model and mapped back.",
        "Give them different names if the API allows it.",
    ),
    "INVISIBLE-TEXT": Code(
        "warning",
        "A text holds characters that people do not see (zero-width, bidirectional controls, tags).",
        "They are left out before a model reads the text; they may carry hidden instructions.",
        "Remove them.",
    ),
    # --- what the specification asks for and calls do without (linter)
    "INFO-MISSING": Code(
        "warning", "The document has no `info`.", "The action has no title.", "Add `info` with `title` and `version`."
    ),
    "INFO-TITLE-MISSING": Code(
        "warning", "`info` has no `title`.", "The server's host stands in for it.", "Add `info.title`."
    ),
    "INFO-VERSION-MISSING": Code(
        "info", "`info` has no `version`.", "None for calls; other tools refuse it.", "Add `info.version`."
    ),
    "INFO-VERSION-NOT-TEXT": Code(
        "info", "`info.version` is not text.", "None for calls; other tools refuse it.", "Put the version in quotes."
    ),
    "RESPONSES-MISSING": Code(
        "info",
        "An operation has no `responses`.",
        "None for calls; other tools refuse it.",
        "Describe at least one response.",
    ),
    "COMPONENT-KEY-ILLEGAL": Code(
        "info",
        "A component's key has characters outside `A-Z a-z 0-9 . _ -`.",
        "None for calls; other tools refuse it.",
        "Rename the component and the references to it.",
    ),
    # --- what surprises when it is called (linter)
    "SERVER-LOCALHOST": Code(
        "warning",
        "A server is this machine or a private network.",
        "Calls are refused unless the operator allows that address.",
        "Name the public address before you publish.",
    ),
    "SERVER-PLACEHOLDER": Code(
        "warning",
        "A server's URL looks like a placeholder.",
        "Calls go to an address that is not yours.",
        "Write the address of your API.",
    ),
    "SERVER-RELATIVE": Code(
        "info",
        "A server's URL is relative.",
        "It is resolved against the address of the document; text and files have none.",
        "Write an absolute `https://` URL.",
    ),
    "SERVER-HTTP": Code(
        "info", "A server is not https.", "Requests and credentials travel unencrypted.", "Offer the API over https."
    ),
    "SERVER-ORIGINS": Code(
        "warning",
        "Operations go to different origins.",
        "A credential saved for one origin is not sent to the other (R-12).",
        "Split the document by origin, or save a credential for each.",
    ),
    "PATH-WITH-QUERY": Code(
        "warning",
        "A path holds a query string.",
        "It is sent as written, before the query parameters.",
        "Declare the values as query parameters.",
    ),
    "PATH-WITH-FRAGMENT": Code(
        "warning",
        "A path holds a fragment (`#…`), which is never sent.",
        "Operations that differ only in it send the same request.",
        "Remove the fragment.",
    ),
    "BODY-ON-GET": Code(
        "warning",
        "A GET or HEAD operation declares a request body.",
        "It is sent as declared; many servers and proxies drop it.",
        "Use query parameters, or POST.",
    ),
    "BODY-ON-DELETE": Code(
        "info",
        "A DELETE operation declares a request body.",
        "It is sent as declared; some servers and proxies drop it.",
        "Prefer path or query parameters.",
    ),
    # --- profile `openai`: what the original's validator said (CANON section 3)
    "GPT-VERSION": Code(
        "error",
        "Only OpenAPI 3.0 and 3.1 are accepted.",
        "The import fails (E01).",
        "Convert the document to OpenAPI 3.1.",
    ),
    "GPT-SERVER-NONE": Code(
        "error",
        "No valid URL in `servers`.",
        "The import fails (E02).",
        "Add one absolute `https://` server URL.",
    ),
    "GPT-SERVER-SEVERAL": Code(
        "warning", "Several servers; the first is used (W03).", "The others are ignored.", "Keep one server."
    ),
    "GPT-HOST-SEVERAL": Code(
        "warning",
        "Several host names; all but the first are dropped (W04).",
        "Calls go to the first.",
        "Keep one host.",
    ),
    "GPT-SERVER-ORIGIN": Code(
        "error",
        "A server is not `https://` with a lower-case host and no port (E05).",
        "It is ignored; when none is left the import fails.",
        "Serve the API over https on port 443 and write the host in lower case.",
    ),
    "GPT-SECURITY-SEVERAL": Code(
        "warning",
        "Several security schemes; only one is supported (W06).",
        "All operations use the one that the dialog sets.",
        "Keep one security scheme.",
    ),
    "GPT-METHOD": Code(
        "warning",
        "A path item has a key that the original takes for a method it does not know (W07).",
        "The key is skipped: shared parameters, summaries and servers are lost.",
        "Repeat it in each operation.",
    ),
    "GPT-DESCRIPTION-LONG": Code(
        "error",
        "An operation's description or summary is longer than the limit (E08).",
        "The operation is refused.",
        "Shorten it; move details into parameter descriptions.",
    ),
    "GPT-PARAMETER-DESCRIPTION-LONG": Code(
        "error", "A parameter's description is longer than the limit (E08).", "The operation is refused.", "Shorten it."
    ),
    "GPT-OBJECT-NO-PROPERTIES": Code(
        "error",
        "An object schema has no `properties` (E09).",
        "The import fails, or the model cannot fill the object.",
        "List the properties.",
    ),
    "GPT-REF-UNKNOWN": Code(
        "warning",
        "A reference to an unknown component (W10).",
        "An empty schema takes its place.",
        "Define the component, or correct the pointer.",
    ),
    "GPT-PARAMETER-NAME": Code(
        "error",
        "A parameter has no name of its own: it is missing, not text, or behind a `$ref` (E11).",
        "The operation is skipped.",
        "Write the parameter out in the operation, with a `name`.",
    ),
    "GPT-HEADER-IGNORED": Code(
        "warning",
        "A header or cookie parameter is ignored (W12).",
        "It is never sent.",
        "Use a query parameter, or set it on your side.",
    ),
    "GPT-BODY-NOT-OBJECT": Code(
        "error",
        "A request body's schema is not an object (E13).",
        "The operation is skipped.",
        "Wrap the value into an object with one property.",
    ),
    "GPT-PARAMETER-DUPLICATE": Code(
        "error",
        "A parameter's name occurs twice in one operation (E14).",
        "The operation is skipped.",
        "Give every parameter and body property its own name.",
    ),
    "GPT-SCHEMAS-NOT-OBJECT": Code(
        "error", "`components.schemas` is not a mapping (E15).", "The import fails.", "Write `schemas: {}`."
    ),
    "GPT-SCHEMA-CIRCULAR": Code(
        "error",
        "Components refer to each other in a circle (E16).",
        "The import fails.",
        "Break the circle, e.g. by naming an id instead of the whole object.",
    ),
    "GPT-OPERATIONS-MANY": Code(
        "error",
        "More operations than one action may have (E17).",
        "The import fails.",
        "Keep the operations that the GPT needs.",
    ),
    "GPT-DOMAIN-TAKEN": Code(
        "error",
        "Another action of the GPT has the same domain (E18).",
        "The action cannot be saved.",
        "Join both documents into one action.",
    ),
    "GPT-OAUTH-HOSTS": Code(
        "error",
        "Authorization, token and API hosts do not share a root domain (E19).",
        "The authentication cannot be saved.",
        "Serve OAuth under the API's domain.",
    ),
    "GPT-PUBLISH": Code(
        "error",
        "Something that publishing needs is missing or too long (E20).",
        "The GPT cannot be shared.",
        "Fill in or shorten the field.",
    ),
    "GPT-NULL-SECTION": Code(
        "error",
        "A section is present but empty, which the original met with an internal failure (E21).",
        "The import fails with an unhelpful message.",
        "Remove the key, or give it a value.",
    ),
    "GPT-OPID-MISSING": Code(
        "error",
        "An operation has no `operationId`.",
        "The operation has no name to be called by.",
        "Add an `operationId`.",
    ),
}


def make_finding(
    code: str,
    pointer: str,
    message: str = "",
    *,
    locate: Locator | None = None,
    mend: str = "",
    fix: Fix | None = None,
) -> Finding:
    """A finding of the catalogue; `message` and `mend` say it for this place, else the general text stands."""
    row = CODES[code]
    return Finding(
        code=code,
        severity=row.severity,
        pointer=pointer,
        message=message or row.meaning,
        effect=row.effect,
        mend=mend or row.mend,
        fix=fix,
        locate=locate,
    )
