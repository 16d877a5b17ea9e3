"""Every way in which the reference may differ from us, as a rule that checks both sides.

A class is never "something differs here": it says what the reference does, applies that to our text (or to the
value), and only explains the difference when the result is exactly the reference's. The specification's section
for each is in docs/explanations/serialization.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from actionry.http import File, Request
from actionry.openapi.model import Encoding, MediaType, Operation, Parameter, Values
from actionry.request.media import essence_of, kind_of
from oracle import model
from oracle.questions import BOUNDARY, SERVER

AskPart = Callable[[Values], tuple[Request, dict[str, Any]]]
"""The two requests for some of the values only."""

REFUSALS = {
    "dot-segment": "path values that decode to dot segments are refused",
    "control-character": "control characters in path values are refused",
    "minLength": "empty path values are refused",
    "header-text": "header and cookie values outside ISO 8859-1, or with control characters, are refused",
    "cookie-text": "header and cookie values outside ISO 8859-1, or with control characters, are refused",
}

EMPTY = "an empty text is sent as `name=`; the reference leaves it out"
EMPTY_LIST = "an empty list or object is left out; the reference sends `name=` without explode"
ALLOWED_EMPTY = "allowEmptyValue sends `name=` in place of an empty list; the reference leaves it out with explode"
NULL_INSIDE = "null inside a list or object is left out; the reference writes an empty text, or `null` in forms"
NULL_FIELD = "a field of null is left out of forms; the reference writes `null`"
DEEP = "deepObject beyond one level: a[b][0]=; the reference writes JSON, or repeats the name for a list"
PIPE = "the delimiter `|` is percent-encoded; the reference leaves it"
SPACES = "spaceDelimited and pipeDelimited objects use their delimiter; the reference uses commas"
SUB_DELIMS = "sub-delimiters are percent-encoded; the reference leaves !'()* where it uses encodeURIComponent"
RESERVED = "allowReserved still encodes `#`, `&` and `+`; the reference does not"
NAMES = "parameter and property names are percent-encoded everywhere; the reference leaves some"
JSON_TEXT = "text with a JSON media type is a JSON string; the reference takes it for JSON already"
PARSED = "text stays text; the reference reads it as JSON first"
FALSY = "bodies of false, 0, null and empty text are sent; the reference drops them"
ORDER = "members keep their order; JavaScript puts names that are integers first"
FORM_SPACE = "content-typed form fields follow WHATWG (`+`, `%7E`, `%21`); the reference uses encodeURIComponent"
FORM_LIST = "a list without style is one field per element; the reference joins with commas, or writes JSON"
COOKIES = "all cookies are sent; the reference keeps the last"
COOKIE_TEXT = "form-style cookies are percent-encoded like form queries; the reference encodes less"
COOKIE_LIST = "exploded cookies follow the style table; the reference nests the name"
PATH_ENCODED = "Swagger 2.0 path values are always percent-encoded once; the reference keeps encoded ones"
PATH_ARRAY = "Swagger 2.0 path lists are joined by plain commas; the reference encodes them"
PATH_BREAKS = "path values that the reference leaves unencoded; it cannot read the template any more after them"
PATH_MENDED = "path template mended by the reader; the reference leaves the variable in the URL"
PATH_QUERY = "a query or fragment inside a path template; the reference does not fill such templates"
PATH_LITERAL = "characters of the template that no URL may hold are percent-encoded"
LABEL = "label without explode joins with commas (corrected table); the reference with dots"
MATRIX = "matrix writes an empty text without `=`; the reference with it"
RANGE = "a media type range is sent as a concrete type"
OBJECT_TEXT = "an object in a field of type text is written as JSON; the reference writes [object Object]"
MULTIPART_OTHER = "multipart other than form-data is written as multipart; the reference writes JSON"
XML = "XML is built from the schema's hints; the reference writes JSON"
LINES = "JSON lines are one value per line; the reference writes a JSON array"
SAME_NAME = "parts that come to share a name are all sent; the reference keeps the last"
BASE64 = "files in urlencoded forms and JSON are base64; the reference turns the form into multipart"
LOCATION_MENDED = "a parameter location mended by the reader (`in: headers`); the reference ignores the parameter"
BODY_MENDED = "a request body mended by the reader (`in: body` in OpenAPI 3); the reference ignores it"
SWAGGER_OBJECT = (
    "an object in a Swagger 2.0 query (which knows none) is written like `form`; the reference writes nothing"
)

HEADER_TABS = (
    "Swagger 2.0 lists in headers use their delimiter (ssv, tsv, pipes); the reference leaves the list to fetch"
)


@dataclass(slots=True)
class Found:
    explained: set[str] = field(default_factory=set)
    unexplained: list[str] = field(default_factory=list)

    def say(self, what: str, ours: object, theirs: object) -> None:
        self.unexplained.append(f"{what}\n      ours   {ours!r:.700}\n      theirs {theirs!r:.700}")


def differences(
    operation: Operation,
    values: Values,
    raw: dict[str, Any],
    ours: Request,
    theirs: dict[str, Any],
    ask: AskPart,
) -> Found:
    found = Found()
    if "Cannot convert undefined or null to object" in theirs.get("error", "") and _has_null_field(values.body):
        found.explained.add(NULL_FIELD)
        return found
    if "error" in theirs:
        found.say(f"the reference fails: {theirs['error']}", f"{ours.url} {values}", None)
        return found
    if ours.method != theirs["method"]:
        found.say("method", ours.method, theirs["method"])
    _compare_url(operation, values, raw, ours, theirs, ask, found)
    _compare_headers(operation, values, raw, ours, theirs, ask, found)
    if values.has_body:
        _compare_body(operation, values, raw, ours, theirs, ask, found)
    elif ours.content is not None or theirs["body"] is not None:
        found.say("body", ours.content, theirs["body"])
    return found


def _has_null_field(body: Any) -> bool:
    return isinstance(body, dict) and any(item in (None, "null", ["null"]) for item in body.values())


# -------------------------------------------------------------------------------------------------------- URL


def _compare_url(
    operation: Operation,
    values: Values,
    raw: dict[str, Any],
    ours: Request,
    theirs: dict[str, Any],
    ask: AskPart,
    found: Found,
) -> None:
    if ours.url == theirs["url"]:
        return
    our_path, _, our_query = ours.url.partition("?")
    if "?" in raw["path"] or "#" in raw["path"]:
        _compare_odd_template(raw, ours.url, theirs["url"], found)
        return
    their_path, _, their_query = theirs["url"].partition("?")
    if our_path != their_path:
        _compare_path(operation, values, raw, our_path, their_path, found)
    if our_query != their_query:
        _compare_query(operation, values, raw, our_query, their_query, ask, found)


def _compare_odd_template(raw: dict[str, Any], ours: str, theirs: str, found: Found) -> None:
    """Templates with a query or fragment: the same pairs where the reference can read the template at all."""
    template = raw["path"]
    path, _, query = ours.partition("?")
    their_url, _, fragment = theirs.partition("#")
    their_path, _, their_query = their_url.partition("?")
    if fragment:  # the reference puts its query behind the fragment
        their_query = "&".join(filter(None, (their_query, fragment.partition("?")[2])))
    if "{" in template:
        same = "{" in theirs or path == their_path
    else:
        same = path == their_path and sorted(parse_qsl(query, True)) == sorted(parse_qsl(their_query, True))
        # An empty text, and what is not declared as a query parameter, the reference leaves out here too.
        declared = {p.get("name") for p in raw["parameters"] if p.get("in") == "query"}
        mine = [pair for pair in parse_qsl(query) if pair[0] in declared or pair in parse_qsl(their_query)]
        same = same or (unquote(path) == unquote(their_path) and sorted(mine) == sorted(parse_qsl(their_query)))
    if same:
        found.explained.add(PATH_QUERY)
    else:
        found.say("template with a query or fragment", ours, theirs)


def _compare_path(
    operation: Operation, values: Values, raw: dict[str, Any], ours: str, theirs: str, found: Found
) -> None:
    declared = {p.get("name") for p in raw["parameters"] if p.get("in") == "path"}
    if operation.path != raw["path"] or not values.path.keys() <= declared:
        found.explained.add(PATH_MENDED)
        return
    parameters = {p.name: p for p in operation.parameters if p.location == "path"}
    pattern, used = re.escape(SERVER), set()
    # The reference fills the template once per parameter and reads it anew each time; after a value with brackets
    # that it leaves unencoded it can no longer read it, and leaves the other variables.
    texts = [_their_path_text(parameters[name], value, raw["swagger"])[0] for name, value in values.path.items()]
    breaks = any(re.search(r"[^A-Za-z0-9._~!$&'()*+,;=:@%-]", text) for text in texts)
    for piece in re.split(r"(\{[^{}]*\})", operation.path):
        name = piece[1:-1]
        if piece.startswith("{") and name in values.path:
            text, labels = _their_path_text(parameters[name], values.path[name], raw["swagger"])
            pattern += f"(?:{re.escape(text)}|{re.escape(piece)})" if breaks else re.escape(text)
            used |= labels
        else:
            pattern += re.escape(piece)
    if breaks and "{" in theirs:
        used.add(PATH_BREAKS)
    if quote(operation.path, safe="/:@!$&'()*+,;=%{}~") != operation.path:
        used.add(PATH_LITERAL)
    if re.fullmatch(pattern, theirs) and used:
        found.explained |= used
    else:
        found.say("path", ours, theirs)


def _their_path_text(parameter: Parameter, value: Any, swagger: bool) -> tuple[str, set[str]]:
    if swagger:
        text = ",".join(map(model.text, value)) if isinstance(value, list) else model.text(value)
        if isinstance(value, str) and _decodes(text):
            return text, {PATH_ENCODED}
        encoded = quote(text, safe="!'()*~").replace("%5B", "[").replace("%5D", "]")
        labels = {PATH_ARRAY} if isinstance(value, list) else {SUB_DELIMS} if re.search(r"[!'()*\[\]]", text) else set()
        return encoded, labels
    if parameter.media_type is not None and kind_of(parameter.media_type) == "json":
        if isinstance(value, list):
            value = [_read(item) if isinstance(item, str) else item for item in value]
        return quote(model.text(value), safe=""), {JSON_TEXT}
    text = model.path(parameter.name, parameter.style, parameter.explode, value)
    labels = set()
    if isinstance(value, (dict, list)) and _cleaned(value) != value:
        labels.add(NULL_INSIDE)
    if isinstance(value, (dict, list)) and parameter.style == "label" and not parameter.explode:
        labels.add(LABEL)
    if value == "" and parameter.style == "matrix":
        labels.add(MATRIX)
    if isinstance(value, dict):
        labels.add(NAMES)
    return text, labels


def _decodes(text: str) -> bool:
    """decodeURIComponent(text) !== text, as JavaScript would have it."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return False
    try:
        return unquote(text, errors="strict") != text
    except UnicodeDecodeError:
        return False


def _compare_query(
    operation: Operation,
    values: Values,
    raw: dict[str, Any],
    ours: str,
    theirs: str,
    ask: AskPart,
    found: Found,
) -> None:
    """Parameter by parameter, then that both wholes are made of those parts."""
    parameters = {p.name: p for p in operation.parameters if p.location == "query"}
    our_parts, their_parts = [], []
    declared = {parameter.get("name") for parameter in raw["parameters"] if parameter.get("in") == "query"}
    for name in [name for name in parameters if name in values.query]:
        one, other = ask(Values(path=values.path, query={name: values.query[name]}))
        our_part, their_part = _query_of(one.url), _query_of(other.get("url", ""))
        our_parts.append(our_part)
        their_parts.append(their_part)
        if our_part != their_part:
            labels = explain_query(parameters[name], values.query[name], our_part, their_part, raw["swagger"])
            if labels is None and name not in declared and their_part == "":
                labels = {LOCATION_MENDED}
            if labels is None and raw["swagger"] and isinstance(values.query[name], dict):
                labels = {SWAGGER_OBJECT} if their_part == f"{quote(name, safe='')}=" else None
            if labels is None:
                found.say(f"query parameter {name} = {values.query[name]!r}", our_part, their_part)
            else:
                found.explained |= labels
    if ours != "&".join(filter(None, our_parts)):
        found.say("the query is not made of its parameters", ours, our_parts)
    if sorted(theirs.split("&")) != sorted("&".join(filter(None, their_parts)).split("&")):
        names = [pair.partition("=")[0] for part in our_parts for pair in part.split("&")]
        if len(set(names)) == len(names):
            found.say("the reference's query is not made of its parameters", theirs, their_parts)
        else:
            found.explained.add(SAME_NAME)


def _query_of(url: str) -> str:
    return url.partition("?")[2]


def explain_query(parameter: Parameter, value: Any, ours: str, theirs: str, swagger: bool) -> set[str] | None:
    """The classes that lead from our text to the reference's, or None."""
    name = quote(parameter.name, safe="")
    if value == "":
        return {EMPTY} if ours in (f"{name}=", f"{name}=%22%22") and theirs == "" else None
    if value in ([], {}) or (_cleaned(value) in ([], {}) and isinstance(value, (dict, list))):
        if parameter.allow_empty_value and ours == f"{name}=":
            return {ALLOWED_EMPTY}
        return {EMPTY_LIST} if ours == "" else None
    if parameter.media_type is not None:
        return _explain_content(parameter, value, ours, theirs)
    if isinstance(value, str) and _looks_like_json(value):
        return {PARSED}
    if swagger:
        piped = theirs.replace("|", "%7C")
        labels = ({PIPE} if piped != theirs else set()) | (
            {SUB_DELIMS} if _encode_sub_delims(piped) != piped else set()
        )
        return labels if ours == _encode_sub_delims(piped) else None
    return explain_styled(
        parameter.name, parameter.style, parameter.explode, parameter.allow_reserved, value, ours, theirs
    )


def _explain_content(parameter: Parameter, value: Any, ours: str, theirs: str) -> set[str] | None:
    assert parameter.media_type is not None
    if kind_of(parameter.media_type) == "json" and isinstance(value, str):
        quoted = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        decoded = (unquote(ours.partition("=")[2]), unquote(theirs.partition("=")[2]))
        return {JSON_TEXT} if decoded == (quoted, value) else None
    if isinstance(value, list) and any(_js_reads(item) for item in value):
        return {JSON_TEXT} if unquote(ours.partition("=")[2]) == model.text(value) else None
    return {SUB_DELIMS} if ours == _encode_sub_delims(theirs) else None


def _encode_sub_delims(text: str) -> str:
    return re.sub(r"[!'()*]", lambda match: f"%{ord(match[0]):02X}", text)


def explain_styled(
    name: str, style: str, explode: bool, reserved: bool, value: Any, ours: str, theirs: str
) -> set[str] | None:
    """By what the value is, once the model says that the reference wrote what it always writes."""
    if model.query(name, style, explode, reserved, value) != theirs:
        return None
    labels: set[str] = set()
    compound = isinstance(value, (dict, list))
    if compound and _cleaned(value) != value:
        labels.add(NULL_INSIDE)
    if style == "deepObject" and compound and _unflatten(ours, name) == _texts(value):
        labels.add(DEEP)
    if compound and not explode and style in ("spaceDelimited", "pipeDelimited"):
        labels.add(PIPE if isinstance(value, list) else SPACES)
    if reserved:
        labels.add(RESERVED)
    if isinstance(value, dict) and list(value) != list(model.js_order(value)):
        labels.add(ORDER)
    return labels or None


def _cleaned(value: Any) -> Any:
    """Without the nulls that stand directly in a list or object, at any depth."""
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_cleaned(item) for item in value if item is not None]
    return value


def _unflatten(query: str, name: str) -> Any:
    """{'a': {'b': ['x']}} of `p[a][b][0]=x`: an independent reading of what we wrote."""
    tree: dict[str, Any] = {}
    for key, text in parse_qsl(query, keep_blank_values=True, separator="&"):
        if not key.startswith(name):
            return None
        path = re.findall(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]", key[len(name) :])
        node = tree
        for token in path[:-1]:
            node = node.setdefault(token, {})
        if not path:
            return None
        node[path[-1]] = text
    return tree


def _texts(value: Any) -> Any:
    """The tree of texts that `_unflatten` should give; lists become mappings by index, empty ones vanish."""
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if isinstance(value, dict):
        inner = {key: _texts(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item != {} and item is not None}
    return model.text(value)


def _looks_like_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list))
    except ValueError:
        return False


# ---------------------------------------------------------------------------------------------------- headers


def _compare_headers(
    operation: Operation,
    values: Values,
    raw: dict[str, Any],
    ours: Request,
    theirs: dict[str, Any],
    ask: AskPart,
    found: Found,
) -> None:
    their_headers = {name.lower(): value for name, value in theirs["headers"].items()}
    declared = {parameter.get("name") for parameter in raw["parameters"] if parameter.get("in") == "header"}
    for name in values.header:
        if name not in declared:
            found.explained.add(LOCATION_MENDED)
            continue
        mine, other = ours.headers.get(name), their_headers.get(name.lower())
        if mine != other:
            labels = _explain_header(values.header[name], mine, other)
            if labels is None:
                found.say(f"header {name} = {values.header[name]!r}", mine, other)
            else:
                found.explained |= labels
    extra = set(map(str.lower, ours.headers)) - {n.lower() for n in values.header} - {"cookie", "content-type"}
    if extra:
        found.say("headers that nobody asked for", sorted(extra), None)
    if ours.headers.get("cookie") != their_headers.get("cookie"):
        _compare_cookies(operation, values, ask, found)


def _explain_header(value: Any, mine: str | None, other: Any) -> set[str] | None:
    if isinstance(other, list) and mine in [sign.join(map(model.text, other)) for sign in " \t|"]:
        return {HEADER_TABS}
    if isinstance(other, list):  # Swagger 2.0: fetch joins it
        other = ",".join(map(model.text, other))
    elif other is not None and not isinstance(other, str):
        other = model.text(other)
    if mine == other:
        return set()
    if isinstance(value, (dict, list)) and _cleaned(value) in ([], {}):
        return {EMPTY_LIST}
    if isinstance(value, (dict, list)) and _cleaned(value) != value:
        return {NULL_INSIDE}
    if isinstance(value, str) and mine is not None and mine == json.dumps(value, ensure_ascii=False):
        return {JSON_TEXT}
    if isinstance(value, list) and mine == model.text(value) and any(_js_reads(item) for item in value):
        return {JSON_TEXT}
    if isinstance(value, dict) and list(value) != list(model.js_order(value)):
        return {ORDER}
    return None


def _compare_cookies(operation: Operation, values: Values, ask: AskPart, found: Found) -> None:
    if len(values.cookie) > 1:
        found.explained.add(COOKIES)
    parameters = {p.name: p for p in operation.parameters if p.location == "cookie"}
    for name, value in values.cookie.items():
        one, other = ask(Values(path=values.path, cookie={name: value}))
        mine, their = one.headers.get("cookie"), other.get("headers", {}).get("Cookie")
        if mine == their:
            continue
        if isinstance(value, (dict, list)):
            found.explained.add(COOKIE_LIST)
        elif mine and their and unquote(mine) == unquote(their):
            found.explained.add(COOKIE_TEXT)
        elif mine and parameters[name].media_type and unquote(mine) == f"{name}={json.dumps(value)}":
            found.explained.add(JSON_TEXT)
        else:
            found.say(f"cookie {parameters[name].name} = {value!r}", mine, their)


# ------------------------------------------------------------------------------------------------------- body


def _compare_body(
    operation: Operation,
    values: Values,
    raw: dict[str, Any],
    ours: Request,
    theirs: dict[str, Any],
    ask: AskPart,
    found: Found,
) -> None:
    assert operation.request_body is not None
    chosen = next(m for m in operation.request_body.content if m.media_type == values.media_type)
    kind = kind_of(chosen.media_type)
    body = theirs["body"]
    _compare_content_type(chosen, raw, ours, theirs, found)
    if body is None:
        if values.body in (False, 0, None, "") or (values.body in ({}, []) and raw["swagger"]):
            found.explained.add(FALSY)
        elif not raw["swagger"] and raw["requestBody"] is None:
            found.explained.add(BODY_MENDED)
        elif raw["swagger"] and kind in ("form", "multipart"):
            _compare_fields(chosen, values, ours, {"text": ""} if kind == "form" else {"fields": []}, raw, ask, found)
        else:
            found.say("body", ours.content, body)
    elif kind in ("form", "multipart") and isinstance(values.body, dict):
        if kind == "multipart" and essence_of(chosen.media_type) != "multipart/form-data":
            found.explained.add(MULTIPART_OTHER)
        else:
            _compare_fields(chosen, values, ours, body, raw, ask, found)
    else:
        _compare_plain_body(kind, values.body, ours.content or b"", body, found)


def _compare_content_type(
    chosen: MediaType, raw: dict[str, Any], ours: Request, theirs: dict[str, Any], found: Found
) -> None:
    mine = ours.headers.get("content-type", "")
    other = {name.lower(): value for name, value in theirs["headers"].items()}.get("content-type")
    if kind_of(chosen.media_type) == "multipart":
        if not mine.endswith(f"boundary={BOUNDARY}"):
            found.say("content type", mine, other)
    elif mine != other:
        if kind_of(chosen.media_type) == "any" or chosen.media_type.endswith("/*"):
            found.explained.add(RANGE)
        elif theirs["body"] is not None:
            found.say("content type", mine, other)


def _compare_plain_body(kind: str, value: Any, mine: bytes, body: dict[str, Any], found: Found) -> None:
    import base64

    other = base64.b64decode(body["base64"]) if "base64" in body else body.get("text", "").encode()
    if mine == other:
        return
    if kind == "xml":
        found.explained.add(XML)
    elif kind == "json lines":
        found.explained.add(LINES)
    elif isinstance(value, str) and mine == _js_quoted(value) and other == value.encode():
        found.explained.add(JSON_TEXT)
    elif isinstance(value, (dict, list)) and _holds_file(value):
        found.explained.add(BASE64)
    elif (
        isinstance(value, (dict, list))
        and model.text(value).encode() == other
        and json.loads(mine) == json.loads(other)
    ):
        found.explained.add(ORDER)
    else:
        found.say("body", mine, other)


def _js_quoted(value: str) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _holds_file(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_file, value.values()))
    if isinstance(value, list):
        return any(map(_holds_file, value))
    return isinstance(value, File)


def _compare_fields(
    chosen: MediaType,
    values: Values,
    ours: Request,
    body: dict[str, Any],
    raw: dict[str, Any],
    ask: AskPart,
    found: Found,
) -> None:
    """Field by field: each alone is asked again."""
    whole: list[str] = []
    is_form = kind_of(chosen.media_type) == "form"
    for name, value in values.body.items():
        part = Values(path=values.path, body={name: value}, has_body=True, media_type=values.media_type)
        one, other = ask(part)
        encoding = chosen.encoding.get(name)
        if is_form:
            mine = (one.content or b"").decode()
            whole.append(mine)
            labels = _explain_form_field(name, value, encoding, mine, other.get("body"), raw["swagger"])
        else:
            labels = _explain_part(name, value, encoding, one, other.get("body"), raw["swagger"])
        if labels is None:
            shown = (one.content or b"").decode("utf-8", "replace")
            found.say(f"field {name} = {value!r:.200} ({encoding})", shown, other.get("body"))
        else:
            found.explained |= labels
    if is_form and "&".join(filter(None, whole)) != (ours.content or b"").decode():
        found.say("the form is not made of its fields", ours.content, whole)


def _explain_form_field(
    name: str, value: Any, encoding: Encoding | None, mine: str, body: dict[str, Any] | None, swagger: bool
) -> set[str] | None:
    if body is not None and "fields" in body:
        return {BASE64} if _holds_file({"": value}) else None
    theirs = "" if body is None else str(body.get("text", ""))
    if mine == theirs:
        return set()
    if value is None:
        return {NULL_FIELD} if mine == "" else None
    if value == "" and not (encoding and encoding.content_type):
        return {EMPTY} if mine in (f"{quote(name, safe='')}=", f"{_form(name)}=") else None
    if isinstance(value, (dict, list)) and _cleaned(value) in ({}, []) and mine == "":
        return {EMPTY_LIST}
    if encoding is not None and encoding.style is not None:
        # A list of one is joined to its item, which the reference then reads.
        single = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(single, str) and _js_reads(single):
            return {PARSED}
        if swagger:
            piped = theirs.replace("|", "%7C")
            return {PIPE, SUB_DELIMS} if mine == _encode_sub_delims(piped) else None
        return explain_styled(name, encoding.style, encoding.explode, encoding.allow_reserved, value, mine, theirs)
    return _explain_typed_field(name, value, encoding, mine, theirs)


def _form(text: str) -> str:
    return quote(text, safe=" ").replace(" ", "+").replace("~", "%7E")


def _explain_typed_field(name: str, value: Any, encoding: Encoding | None, mine: str, theirs: str) -> set[str] | None:
    pairs = parse_qsl(mine, keep_blank_values=True)
    if encoding is not None and kind_of(encoding.content_type or "text/plain") == "json":
        items = value if isinstance(value, list) else [value]
        expected = [
            (name, json.dumps(model.integral(item), ensure_ascii=False, separators=(",", ":"))) for item in items
        ]
        labels = {JSON_TEXT} if isinstance(value, str) else {FORM_LIST} if isinstance(value, list) else {FORM_SPACE}
        return labels if pairs == expected else None
    if isinstance(value, list):
        expected = [(name, model.text(item)) for item in value if item is not None]
        labels = {FORM_LIST} | ({NULL_INSIDE} if None in value else set())
        return labels if pairs == expected else None
    if isinstance(value, str) and pairs == [(name, value)]:
        if parse_qsl(theirs, keep_blank_values=True) == pairs:
            return {FORM_SPACE}
        return {PARSED} if _js_reads(value) else None
    if isinstance(value, dict) and pairs == [
        (name, json.dumps(model.integral(value), ensure_ascii=False, separators=(",", ":")))
    ]:
        return {FORM_SPACE}
    if isinstance(value, dict) and len(pairs) == 1 and _read(pairs[0][1]) == model.integral(value):
        return {FORM_SPACE, ORDER}
    return {FORM_SPACE} if pairs == parse_qsl(theirs, keep_blank_values=True) else None


def _read(text: str | bytes) -> Any:
    """The JSON value, or the text itself when it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _js_reads(text: Any) -> bool:
    """Whether JSON.parse takes the text, so that the reference sends something else."""
    if not isinstance(text, str):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def sections_of(request: Request) -> list[tuple[str, bytes, str | None, str | None]]:
    """(name, content, Content-Type or None, file name or None) of a multipart body, read by Python's own parser."""
    content_type = request.headers["content-type"]
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + (request.content or b""))
    found = []
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        disposition = part["content-disposition"].params if part["content-disposition"] else {}
        declared = part["content-type"]
        found.append(
            (
                disposition.get("name", ""),
                payload,
                None if declared is None else str(declared),
                disposition.get("filename"),
            )
        )
    return found


def _explain_part(
    name: str, value: Any, encoding: Encoding | None, one: Request, body: dict[str, Any] | None, swagger: bool
) -> set[str] | None:
    import base64

    mine = [(n, content) for n, content, _, _ in sections_of(one)]
    fields = (body or {}).get("fields", [])
    theirs = [(f["name"], f["text"].encode() if "text" in f else base64.b64decode(f["base64"])) for f in fields]
    if mine == theirs:
        return set()
    if value is None:
        return {NULL_FIELD} if not mine else None
    if value in ("", False, 0) and swagger and not theirs:
        return {EMPTY}
    if isinstance(value, (dict, list)) and _cleaned(value) in ({}, []) and not mine:
        return {EMPTY_LIST}
    if isinstance(value, list) and not (encoding and encoding.style) and all(n == name for n, _ in mine):
        labels = {FORM_LIST} | ({NULL_INSIDE} if None in value else set())
        return labels if len(mine) == len([item for item in value if item is not None]) else None
    if isinstance(value, str) and encoding is not None and kind_of(encoding.content_type or "text/plain") == "json":
        return {JSON_TEXT} if mine == [(name, _js_quoted(value))] else None
    if isinstance(value, str) and _js_reads(value):
        return {PARSED}
    if isinstance(value, (dict, list)) and encoding is not None and encoding.style == "deepObject":
        query = "&".join(f"{quote(key)}={quote(content)}" for key, content in mine)
        return {DEEP} if _unflatten(query, name) == _texts(value) else None
    if isinstance(value, dict) and encoding is not None and encoding.style in ("spaceDelimited", "pipeDelimited"):
        flat = [model.text(one) for pair in _cleaned(value).items() for one in pair]
        return {SPACES} if b",".join(t.encode() for t in flat) == theirs[0][1] else None
    if isinstance(value, dict) and theirs and theirs[0][1] == b"[object Object]":
        return {OBJECT_TEXT} if _read(mine[0][1]) == model.integral(value) else None
    if isinstance(value, dict) and len(mine) == 1 and _read(mine[0][1]) == model.integral(value):
        return {ORDER} if model.text(value).encode() == theirs[0][1] else None
    return None
