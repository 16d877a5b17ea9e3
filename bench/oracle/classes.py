"""Every way in which the reference may differ from us, as a rule that checks both sides.

A class is never "something differs here": it says what the reference does, applies that to our text (or to the
value), and only explains the difference when the result is exactly the reference's. The specification's section
for each is in docs/explanation/serialization.md.
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
MULTIPART_OTHER = "multipart other than form-data is written as multipart; the reference writes JSON"
XML = "XML is built from the schema's hints; the reference writes JSON"
LINES = "JSON lines are one value per line; the reference writes a JSON array"
SAME_NAME = "parts that come to share a name are all sent; the reference keeps the last"
BASE64 = "files in urlencoded forms and JSON are base64; the reference turns the form into multipart"
BLOB = "a typed text part has no file name; the reference calls it `blob`"
LOCATION_MENDED = "a parameter location mended by the reader (`in: headers`); the reference ignores the parameter"
BODY_MENDED = "a request body mended by the reader (`in: body` in OpenAPI 3); the reference ignores it"
SWAGGER_OBJECT = (
    "an object in a Swagger 2.0 query (which knows none) is written like `form`; the reference writes nothing"
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
        found.say(f"the reference fails: {theirs['error']}", ours.url, None)
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
    return isinstance(body, dict) and None in body.values()


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
        same = same or (path == their_path and sorted(mine) == sorted(parse_qsl(their_query)))
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
        text = ",".join(map(_js, value)) if isinstance(value, list) else _js(value)
        if isinstance(value, str) and _decodes(text):
            return text, {PATH_ENCODED}
        encoded = quote(text, safe="!'()*~").replace("%5B", "[").replace("%5D", "]")
        labels = {PATH_ARRAY} if isinstance(value, list) else {SUB_DELIMS} if re.search(r"[!'()*\[\]]", text) else set()
        return encoded, labels
    if parameter.media_type is not None and kind_of(parameter.media_type) == "json":
        return quote(_js(value), safe=""), {JSON_TEXT} if isinstance(value, str) else set()
    if isinstance(value, str):
        plain = quote(value, safe="")
        if parameter.style == "matrix":
            return f";{parameter.name}={plain}", {MATRIX} if not value else set()
        return (f".{plain}" if parameter.style == "label" else plain), set()
    if isinstance(value, list) and parameter.style == "label":
        return "." + ".".join(quote(_js(item), safe="") for item in value), {LABEL}
    if isinstance(value, list):
        return ",".join(quote(_js(item), safe="") for item in value), {NULL_INSIDE} if None in value else set()
    if isinstance(value, dict):
        joined = "=" if parameter.explode else ","
        pairs = [f"{key}{joined}{quote(_js(item), safe='')}" for key, item in _js_order(value).items()]
        return ",".join(pairs), {NAMES}
    return quote(_js(value), safe=""), set()


def _decodes(text: str) -> bool:
    """decodeURIComponent(text) !== text, as JavaScript would have it."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return False
    try:
        return unquote(text, errors="strict") != text
    except UnicodeDecodeError:
        return False


def _js(value: Any) -> str:
    """String(value), with JSON for lists and objects."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(_integral(value), ensure_ascii=False, separators=(",", ":"))


def _integral(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _integral(item) for key, item in _js_order(value).items()}
    if isinstance(value, list):
        return [_integral(item) for item in value]
    return value


def _js_order(value: dict[str, Any]) -> dict[str, Any]:
    """JavaScript's order of members: array indices first, ascending."""
    indices = sorted((key for key in value if re.fullmatch(r"0|[1-9]\d{0,9}", key)), key=int)
    return {key: value[key] for key in [*indices, *(key for key in value if key not in indices)]}


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
            labels = explain_query(parameters[name], values.query[name], our_part, their_part)
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


def explain_query(parameter: Parameter, value: Any, ours: str, theirs: str) -> set[str] | None:
    """The classes that lead from our text to the reference's, or None."""
    name = quote(parameter.name, safe="")
    if value == "":
        return {EMPTY} if ours == f"{name}=" and theirs == "" else None
    if value in ([], {}) or (_cleaned(value) in ([], {}) and isinstance(value, (dict, list))):
        if parameter.allow_empty_value and ours == f"{name}=":
            return {ALLOWED_EMPTY}
        return {EMPTY_LIST} if ours == "" else None
    if parameter.media_type is not None:
        return _explain_content(parameter, value, ours, theirs)
    return explain_styled(
        parameter.name, parameter.style, parameter.explode, parameter.allow_reserved, value, ours, theirs
    )


def _explain_content(parameter: Parameter, value: Any, ours: str, theirs: str) -> set[str] | None:
    assert parameter.media_type is not None
    if kind_of(parameter.media_type) == "json" and isinstance(value, str):
        quoted = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        decoded = (unquote(ours.partition("=")[2]), unquote(theirs.partition("=")[2]))
        return {JSON_TEXT} if decoded == (quoted, value) else None
    return {SUB_DELIMS} if ours == _encode_sub_delims(theirs) else None


def _encode_sub_delims(text: str) -> str:
    return re.sub(r"[!'()*]", lambda match: f"%{ord(match[0]):02X}", text)


def explain_styled(
    name: str, style: str, explode: bool, reserved: bool, value: Any, ours: str, theirs: str
) -> set[str] | None:
    labels: set[str] = set()
    if isinstance(value, (dict, list)) and _cleaned(value) != value:
        value = _cleaned(value)
        labels.add(NULL_INSIDE)
    key = quote(name, safe="")
    if style == "deepObject" and isinstance(value, (dict, list)):
        if isinstance(value, dict) and not any(isinstance(item, (dict, list)) for item in value.values()):
            return _same_pairs(ours, theirs, value, labels | {NAMES})
        return {DEEP} if _unflatten(ours, name) == _texts(value) else None
    if isinstance(value, dict) and style in ("spaceDelimited", "pipeDelimited") and not explode:
        return {SPACES}
    if isinstance(value, str) and _looks_like_json(value):
        labels.add(PARSED)
        return labels
    expected = theirs
    if isinstance(value, list) and style == "pipeDelimited" and not explode and "|" in expected:
        expected = expected.replace("|", "%7C")
        labels.add(PIPE)
    if reserved:
        head, mark, tail = expected.partition("=")
        encoded = tail if isinstance(value, list) and explode else tail.replace("&", "%26")
        expected = quote(unquote(head), safe="") + mark + encoded.replace("#", "%23").replace("+", "%2B")
        labels.add(RESERVED)
    if expected != ours and _encode_sub_delims(expected) == ours:
        expected = _encode_sub_delims(expected)
        labels.add(SUB_DELIMS)
    if NULL_INSIDE in labels:
        pairs = [pair for pair in expected.split("&") if not pair.endswith("=")]
        if "&".join(pairs) == ours or _without_holes(expected, key) == ours or explode:
            return labels
        return labels if parse_qsl(ours) else None
    if isinstance(value, dict):
        return _same_pairs(ours, expected, value, labels | {NAMES})
    return labels if expected == ours and labels else None


def _without_holes(text: str, key: str) -> str:
    head, _, tail = text.partition("=")
    return f"{head}=" + ",".join(part for part in tail.split(",") if part)


def _same_pairs(ours: str, theirs: str, value: dict[str, Any], labels: set[str]) -> set[str] | None:
    """The same names and texts once decoded, in JavaScript's order."""
    mine = parse_qsl(ours, keep_blank_values=True)
    other = parse_qsl(theirs, keep_blank_values=True)
    if mine == other:
        return labels
    return (
        labels - {NAMES} | {ORDER} if sorted(mine) == sorted(other) and list(value) != list(_js_order(value)) else None
    )


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
    return _js(value)


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
    if isinstance(other, list):  # Swagger 2.0: fetch joins it
        other = ",".join(map(_js, other))
    elif other is not None and not isinstance(other, str):
        other = _js(other)
    if mine == other:
        return set()
    if isinstance(value, (dict, list)) and _cleaned(value) in ([], {}):
        return {EMPTY_LIST}
    if isinstance(value, (dict, list)) and _cleaned(value) != value:
        return {NULL_INSIDE}
    if isinstance(value, str) and mine is not None and mine == json.dumps(value, ensure_ascii=False):
        return {JSON_TEXT}
    if isinstance(value, dict) and list(value) != list(_js_order(value)):
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
    elif isinstance(value, (dict, list)) and _js(value).encode() == other and json.loads(mine) == json.loads(other):
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
    if value == "":
        return {EMPTY} if mine in (f"{quote(name, safe='')}=", f"{_form(name)}=") else None
    if isinstance(value, (dict, list)) and _cleaned(value) in ({}, []) and mine == "":
        return {EMPTY_LIST}
    if encoding is not None and encoding.style is not None:
        return explain_styled(name, encoding.style, encoding.explode, encoding.allow_reserved, value, mine, theirs)
    return _explain_typed_field(name, value, mine, theirs, swagger)


def _form(text: str) -> str:
    return quote(text, safe=" ").replace(" ", "+").replace("~", "%7E")


def _explain_typed_field(name: str, value: Any, mine: str, theirs: str, swagger: bool) -> set[str] | None:
    pairs = parse_qsl(mine, keep_blank_values=True)
    if isinstance(value, list):
        expected = [(name, _js(item)) for item in value if item is not None]
        labels = {FORM_LIST} | ({NULL_INSIDE} if None in value else set())
        return labels if pairs == expected else None
    if isinstance(value, str) and pairs == [(name, value)]:
        if parse_qsl(theirs, keep_blank_values=True) == pairs:
            return {FORM_SPACE}
        return {PARSED} if _js_reads(value) else None
    if isinstance(value, dict) and pairs == [
        (name, json.dumps(_integral(value), ensure_ascii=False, separators=(",", ":")))
    ]:
        return {FORM_SPACE}
    if isinstance(value, dict) and len(pairs) == 1 and json.loads(pairs[0][1]) == _integral(value):
        return {FORM_SPACE, ORDER}
    return {FORM_SPACE} if pairs == parse_qsl(theirs, keep_blank_values=True) else None


def _js_reads(text: str) -> bool:
    """Whether JSON.parse takes the text, so that the reference sends something else."""
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
    if isinstance(value, list) and all(n == name for n, _ in mine):
        labels = {FORM_LIST} | ({NULL_INSIDE} if None in value else set())
        return labels if len(mine) == len([item for item in value if item is not None]) else None
    if isinstance(value, str) and _js_reads(value):
        return {PARSED}
    if isinstance(value, dict) and encoding is not None and encoding.style == "deepObject":
        return {DEEP}
    if isinstance(value, dict) and len(mine) == 1 and json.loads(mine[0][1]) == _integral(value):
        return {ORDER} if _js(value).encode() == theirs[0][1] else None
    return None
