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
    "PARAMETER-NOT-OBJECT": Code(
        "error", "A parameter is not a mapping.", "It is left out.", "Write it as a mapping."
    ),
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
    "ARRAY-NO-ITEMS": Code(
        "info", "An array schema has no `items`.", "Its items may be anything.", "Add `items`."
    ),
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
