"""What must arrive, byte for byte: the specification's style tables and every kind of body.

Read by test_request_wire.py and by bench/wire_cases.py, which both let a loopback server receive each request.
Sources: OpenAPI 3.0.4, 3.1.1 and 3.2.0, Parameter Object, "Style Examples"; RFC 6570; Swagger 2.0, Parameter Object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from actionry.http import File, Request
from actionry.openapi.document import read_document
from actionry.openapi.model import Operation, Values
from actionry.openapi.operations import read_operations
from actionry.request import build_request

BOUNDARY = "frontier"
TEXTS = ["blue", "black", "brown"]
COLORS = {"R": 100, "G": 200, "B": 150}
PIXEL = bytes((0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x00, 0xFF))


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    document: dict[str, Any]
    values: Values
    target: str
    """Path and query as they stand in the request line."""
    headers: dict[str, str] = field(default_factory=dict)
    """Those that must be there, exactly."""
    body: bytes | None = None

    @property
    def operation(self) -> Operation:
        return operation_of(self.document)

    def build(self, server_url: str) -> Request:
        return build_request(self.operation, self.values, server_url, boundary=BOUNDARY)


def operation_of(document: dict[str, Any]) -> Operation:
    (operation,) = read_operations(read_document(document))
    return operation


def document_of(path: str = "/x", method: str = "get", version: str = "3.1.0", **operation: Any) -> dict[str, Any]:
    """A document of one operation; components and the like are passed as `components=`."""
    top: dict[str, Any] = {name: operation.pop(name) for name in ("components", "servers") if name in operation}
    key = {"swagger": "2.0"} if version == "2.0" else {"openapi": version}
    info = {"title": "Wire", "version": "1"}
    operation.setdefault("responses", {"200": {"description": "ok"}})
    return {**key, "info": info, "paths": {path: {method: {"operationId": "op", **operation}}}, **top}


def _parameter(location: str, name: str = "color", **extra: Any) -> dict[str, Any]:
    extra.setdefault("schema", {}) if "content" not in extra else None
    return {"name": name, "in": location, "required": location == "path", **extra}


def _one(location: str, value: Any, **extra: Any) -> tuple[dict[str, Any], Values]:
    parameter = _parameter(location, **extra)
    document = document_of("/x/{color}" if location == "path" else "/x", parameters=[parameter])
    values = Values()
    if location == "querystring":
        values.querystring = value
    else:
        getattr(values, location)[parameter["name"]] = value
    return document, values


def path_cases() -> Iterator[Case]:
    table = [
        ("simple", False, "blue", "blue"),
        ("simple", False, TEXTS, "blue,black,brown"),
        ("simple", False, COLORS, "R,100,G,200,B,150"),
        ("simple", True, "blue", "blue"),
        ("simple", True, TEXTS, "blue,black,brown"),
        ("simple", True, COLORS, "R=100,G=200,B=150"),
        ("label", False, "", "."),
        ("label", False, "blue", ".blue"),
        ("label", False, TEXTS, ".blue,black,brown"),
        ("label", False, COLORS, ".R,100,G,200,B,150"),
        ("label", True, "blue", ".blue"),
        ("label", True, TEXTS, ".blue.black.brown"),
        ("label", True, COLORS, ".R=100.G=200.B=150"),
        ("matrix", False, "", ";color"),
        ("matrix", False, "blue", ";color=blue"),
        ("matrix", False, TEXTS, ";color=blue,black,brown"),
        ("matrix", False, COLORS, ";color=R,100,G,200,B,150"),
        ("matrix", True, "", ";color"),
        ("matrix", True, "blue", ";color=blue"),
        ("matrix", True, TEXTS, ";color=blue;color=black;color=brown"),
        ("matrix", True, COLORS, ";R=100;G=200;B=150"),
        # Values of other types, and characters that may not stand in a path.
        ("simple", False, 0, "0"),
        ("simple", False, 5.0, "5"),
        ("simple", False, -0.5, "-0.5"),
        ("simple", False, True, "true"),
        ("simple", False, 2**64, "18446744073709551616"),
        ("simple", False, 1e-7, "0.0000001"),
        ("simple", False, "a b/c?d#e%;=&", "a%20b%2Fc%3Fd%23e%25%3B%3D%26"),
        ("simple", False, "日本", "%E6%97%A5%E6%9C%AC"),
        ("simple", False, ["a,b", "c"], "a%2Cb,c"),
        ("simple", True, {"a=b": "c"}, "a%3Db=c"),
        ("simple", False, "%2F", "%252F"),
    ]
    for style, explode, value, text in table:
        document, values = _one("path", value, style=style, explode=explode)
        yield Case(f"path {style} {'exploded' if explode else 'joined'} {value!r}", document, values, f"/x/{text}")


def query_cases() -> Iterator[Case]:
    table: list[tuple[str, bool, Any, str]] = [
        ("form", False, "", "color="),
        ("form", False, "blue", "color=blue"),
        ("form", False, TEXTS, "color=blue,black,brown"),
        ("form", False, COLORS, "color=R,100,G,200,B,150"),
        ("form", True, "", "color="),
        ("form", True, "blue", "color=blue"),
        ("form", True, TEXTS, "color=blue&color=black&color=brown"),
        ("form", True, COLORS, "R=100&G=200&B=150"),
        ("spaceDelimited", False, TEXTS, "color=blue%20black%20brown"),
        ("spaceDelimited", False, COLORS, "color=R%20100%20G%20200%20B%20150"),
        ("spaceDelimited", True, TEXTS, "color=blue&color=black&color=brown"),
        ("pipeDelimited", False, TEXTS, "color=blue%7Cblack%7Cbrown"),
        ("pipeDelimited", False, COLORS, "color=R%7C100%7CG%7C200%7CB%7C150"),
        ("pipeDelimited", True, TEXTS, "color=blue&color=black&color=brown"),
        ("deepObject", True, COLORS, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
        ("deepObject", True, {"a": {"b": ["x", "y"]}}, "color%5Ba%5D%5Bb%5D%5B0%5D=x&color%5Ba%5D%5Bb%5D%5B1%5D=y"),
        ("deepObject", True, ["x", "y"], "color%5B0%5D=x&color%5B1%5D=y"),
        ("deepObject", True, [{"k": 1}], "color%5B0%5D%5Bk%5D=1"),
        ("deepObject", True, "blue", "color=blue"),
        # Nothing to say is nothing sent (RFC 6570 section 2.3).
        ("form", True, None, ""),
        ("form", True, [], ""),
        ("form", False, [], ""),
        ("form", True, {}, ""),
        ("deepObject", True, {}, ""),
        ("form", True, ["a", None, "b"], "color=a&color=b"),
        ("form", False, {"a": None, "b": 1}, "color=b,1"),
        # Types and characters.
        ("form", True, False, "color=false"),
        ("form", True, 0, "color=0"),
        ("form", True, 5.0, "color=5"),
        ("form", True, 12.5, "color=12.5"),
        ("form", True, 1e21, "color=1000000000000000000000"),
        ("form", True, "2024-02-29T12:00:00+01:00", "color=2024-02-29T12%3A00%3A00%2B01%3A00"),
        ("form", True, "a&b=c+d e#f", "color=a%26b%3Dc%2Bd%20e%23f"),
        ("form", True, "~!*'()", "color=~%21%2A%27%28%29"),
        ("form", True, "😀", "color=%F0%9F%98%80"),
        ("form", False, ["a,b", "c d"], "color=a%2Cb,c%20d"),
        ("form", True, [{"k": "v"}], "color=%7B%22k%22%3A%22v%22%7D"),
        ("pipeDelimited", False, "blue", "color=blue"),
    ]
    for style, explode, value, text in table:
        document, values = _one("query", value, style=style, explode=explode)
        target = f"/x?{text}" if text else "/x"
        yield Case(f"query {style} {'exploded' if explode else 'joined'} {value!r}", document, values, target)
    yield from _other_query_cases()


def _other_query_cases() -> Iterator[Case]:
    reserved: list[tuple[str, bool, Any, str]] = [
        ("allowReserved keeps reserved characters", True, "a/b:c?d=e,f;g@h!$'()*", "color=a/b:c?d=e,f;g@h!$'()*"),
        ("allowReserved keeps percent triples", True, "a%20b%2Fc 100%", "color=a%20b%2Fc%20100%25"),
        ("allowReserved guards the query", True, "a#b&c+d", "color=a%23b%26c%2Bd"),
        ("without allowReserved", False, "a/b?c=d", "color=a%2Fb%3Fc%3Dd"),
    ]
    for name, allow, value, text in reserved:
        document, values = _one("query", value, allowReserved=allow)
        yield Case(f"query {name}", document, values, f"/x?{text}")
    empty: list[tuple[Any, str]] = [(None, ""), ([], "color="), ("", "color="), ("a", "color=a")]
    for value, text in empty:
        document, values = _one("query", value, allowEmptyValue=True)
        target = f"/x?{text}" if text else "/x"
        yield Case(f"query allowEmptyValue {value!r}", document, values, target)
    content: list[tuple[str, Any, str]] = [
        ("application/json", {"lat": 40.6, "long": -73.9}, "color=%7B%22lat%22%3A40.6%2C%22long%22%3A-73.9%7D"),
        ("application/json", ["a", None], "color=%5B%22a%22%2Cnull%5D"),
        ("application/json", "blue", "color=%22blue%22"),
        ("text/plain", "a b", "color=a%20b"),
    ]
    for media_type, value, text in content:
        document, values = _one("query", value, content={media_type: {"schema": {}}})
        yield Case(f"query content {media_type} {value!r}", document, values, f"/x?{text}")
    for name, text in (
        ("filter[color]", "filter%5Bcolor%5D=a"),
        ("$filter", "%24filter=a"),
        ("ids[]", "ids%5B%5D=a"),
        ("größe", "gr%C3%B6%C3%9Fe=a"),
        ("a.b-c_d~e", "a.b-c_d~e=a"),
    ):
        document, values = _one("query", "a", name=name)
        yield Case(f"query name {name}", document, values, f"/x?{text}")
    two = [_parameter("query", "b"), _parameter("query", "a")]
    yield Case(
        "query order is the document's", document_of(parameters=two), Values(query={"a": 1, "b": 2}), "/x?b=2&a=1"
    )
    yield from _querystring_cases()


def _querystring_cases() -> Iterator[Case]:
    table: list[tuple[str, Any, str]] = [
        ("application/x-www-form-urlencoded", {"foo": "a + b", "bar": True}, "foo=a+%2B+b&bar=true"),
        (
            "application/json",
            {"numbers": [1, 2], "flag": None},
            "%7B%22numbers%22%3A%5B1%2C2%5D%2C%22flag%22%3Anull%7D",
        ),
        ("application/jsonpath", "$.a.b[1:1]", "%24.a.b%5B1%3A1%5D"),
    ]
    for media_type, value, text in table:  # OpenAPI 3.2.0, Parameter Object Examples
        parameter = {"name": "q", "in": "querystring", "content": {media_type: {"schema": {}}}}
        document = document_of(version="3.2.0", parameters=[parameter])
        yield Case(f"querystring {media_type}", document, Values(querystring=value), f"/x?{text}")


def header_and_cookie_cases() -> Iterator[Case]:
    headers: list[tuple[bool, Any, str]] = [
        (False, "blue", "blue"),
        (False, TEXTS, "blue,black,brown"),
        (False, COLORS, "R,100,G,200,B,150"),
        (True, TEXTS, "blue,black,brown"),
        (True, COLORS, "R=100,G=200,B=150"),
        (False, True, "true"),
        (False, 0, "0"),
        (False, "a b%2F,c", "a b%2F,c"),
        (False, 'W/"etag"', 'W/"etag"'),
        (False, [12345678, 90099], "12345678,90099"),
    ]
    for explode, value, text in headers:
        document, values = _one("header", value, name="X-Color", explode=explode)
        name = f"header {'exploded' if explode else 'joined'} {value!r}"
        yield Case(name, document, values, "/x", {"X-Color": text})
    document, values = _one("header", {"a": [1]}, name="X-Color", content={"application/json": {}})
    yield Case("header content JSON", document, values, "/x", {"X-Color": '{"a":[1]}'})
    cookies: list[tuple[str, bool, Any, str]] = [
        ("form", True, "blue", "color=blue"),
        ("form", False, "blue", "color=blue"),
        ("form", True, "Hello, world!", "color=Hello%2C%20world%21"),
        ("form", True, "", "color="),
        ("form", False, TEXTS, "color=blue,black,brown"),
        ("form", False, COLORS, "color=R,100,G,200,B,150"),
        ("form", True, TEXTS, "color=blue&color=black&color=brown"),
        ("form", True, COLORS, "R=100&G=200&B=150"),
        ("cookie", True, "Hello%2C%20world!", "color=Hello%2C%20world!"),
        ("cookie", True, TEXTS, "color=blue; color=black; color=brown"),
        ("cookie", True, {"greeting": "hi", "code": 42}, "greeting=hi; code=42"),
    ]
    for style, explode, value, text in cookies:
        parameter = _parameter("cookie", style=style, explode=explode)
        document = document_of(version="3.2.0", parameters=[parameter])
        name = f"cookie {style} {'exploded' if explode else 'joined'} {value!r}"
        yield Case(name, document, Values(cookie={"color": value}), "/x", {"Cookie": text})
    pair = [_parameter("cookie", "a"), _parameter("cookie", "b")]
    yield Case(
        "two cookies", document_of(parameters=pair), Values(cookie={"a": 1, "b": "x"}), "/x", {"Cookie": "a=1; b=x"}
    )


def swagger_cases() -> Iterator[Case]:
    """Swagger 2.0, Parameter Object, `collectionFormat`."""
    array = {"type": "array", "items": {"type": "string"}}
    table = [
        ("csv", "color=blue,black,brown"),
        ("ssv", "color=blue%20black%20brown"),
        ("tsv", "color=blue%09black%09brown"),
        ("pipes", "color=blue%7Cblack%7Cbrown"),
        ("multi", "color=blue&color=black&color=brown"),
    ]
    for collection, text in table:
        parameter = {"name": "color", "in": "query", "collectionFormat": collection, **array}
        document = document_of(version="2.0", parameters=[parameter])
        yield Case(f"Swagger 2.0 query {collection}", document, Values(query={"color": TEXTS}), f"/x?{text}")
        form = {"name": "color", "in": "formData", "collectionFormat": collection, **array}
        document = document_of(
            method="post", version="2.0", parameters=[form], consumes=["application/x-www-form-urlencoded"]
        )
        yield Case(
            f"Swagger 2.0 form {collection}",
            document,
            Values(body={"color": TEXTS}, has_body=True),
            "/x",
            {"Content-Type": "application/x-www-form-urlencoded"},
            text.encode(),
        )
    path = {"name": "color", "in": "path", "required": True, **array}
    document = document_of("/x/{color}", version="2.0", parameters=[path])
    yield Case("Swagger 2.0 path csv", document, Values(path={"color": TEXTS}), "/x/blue,black,brown")
    body = {"name": "b", "in": "body", "schema": {"type": "object"}}
    document = document_of(method="delete", version="2.0", parameters=[body], consumes=["application/json"])
    yield Case(
        "Swagger 2.0 body on DELETE",
        document,
        Values(body={"todo": "milk"}, has_body=True),
        "/x",
        {"Content-Type": "application/json"},
        b'{"todo":"milk"}',
    )


def template_cases() -> Iterator[Case]:
    table: list[tuple[str, dict[str, Any], str]] = [
        ("/points/{lat},{lon}", {"lat": 39.7456, "lon": -97.0892}, "/points/39.7456,-97.0892"),
        ("/files/{path}.json", {"path": "a/b"}, "/files/a%2Fb.json"),
        ("/{a}{b}", {"a": "x", "b": "y"}, "/xy"),
        ("/{a}/{a}", {"a": "x"}, "/x/x"),
        ("/a b/{x}/ü", {"x": 1}, "/a%20b/1/%C3%BC"),
        ("/a%20b/{x}", {"x": 1}, "/a%20b/1"),
        ("/search?kind={x}", {"x": "a b"}, "/search?kind=a%20b"),
        ("/rpc/{x}#Action", {"x": 1}, "/rpc/1"),
        ("/trailing/{x}/", {"x": 1}, "/trailing/1/"),
        ("/odata/Products({x})", {"x": 7}, "/odata/Products(7)"),
        ("/v1/{x}:cancel", {"x": "job 1"}, "/v1/job%201:cancel"),
    ]
    for template, path, target in table:
        parameters = [_parameter("path", name) for name in path]
        yield Case(f"template {template}", document_of(template, parameters=parameters), Values(path=path), target)
    document = document_of("/x?fixed=1", parameters=[_parameter("query", "q")])
    yield Case("template with a fixed query", document, Values(query={"q": "a"}), "/x?fixed=1&q=a")


def _body(
    name: str,
    media_type: str,
    value: Any,
    sent: bytes,
    *,
    schema: Any = None,
    encoding: Any = None,
    method: str = "post",
    content_type: str | None = None,
    version: str = "3.1.0",
) -> Case:
    media: dict[str, Any] = {"schema": {} if schema is None else schema}
    if encoding is not None:
        media["encoding"] = encoding
    document = document_of(method=method, version=version, requestBody={"content": {media_type: media}})
    headers = {"Content-Type": content_type or media_type}
    return Case(name, document, Values(body=value, has_body=True), "/x", headers, sent)


def _bytes_in(encoding: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"f": {"type": "string", "contentEncoding": encoding}}}


def body_cases() -> Iterator[Case]:
    yield _body("JSON keeps null", "application/json", {"a": None, "b": [1, None]}, b'{"a":null,"b":[1,null]}')
    yield _body("JSON null", "application/json", None, b"null")
    yield _body("JSON false", "application/json", False, b"false")
    yield _body("JSON zero", "application/json", 0, b"0")
    yield _body("JSON text", "application/json", "blue", b'"blue"')
    yield _body("JSON empty object", "application/json", {}, b"{}")
    yield _body("JSON unicode", "application/json", {"ü": "日"}, '{"ü":"日"}'.encode())
    yield _body("JSON whole float", "application/json", {"n": 5.0, "m": 1.5}, b'{"n":5,"m":1.5}')
    yield _body("JSON large integer", "application/json", [2**70], b"[1180591620717411303424]")
    yield _body("JSON keeps order", "application/json", {"2": 1, "10": 2, "1": 3}, b'{"2":1,"10":2,"1":3}')
    yield _body("JSON with charset", "application/json; charset=utf-8", [1], b"[1]")
    yield _body("vendor JSON", "application/vnd.api+json", {"a": 1}, b'{"a":1}')
    yield _body("merge patch", "application/merge-patch+json", {"a": None}, b'{"a":null}', method="patch")
    yield _body("JSON patch", "application/json-patch+json", [{"op": "remove", "path": "/a"}],
                b'[{"op":"remove","path":"/a"}]', method="patch")  # fmt: skip
    yield _body("JSON on DELETE", "application/json", {"todo": "milk"}, b'{"todo":"milk"}', method="delete")
    yield _body("JSON on GET", "application/json", {"query": {}}, b'{"query":{}}', method="get")
    yield _body(
        "JSON bytes as base64", "application/json", {"f": b"hi?>"}, b'{"f":"aGk/Pg=="}', schema=_bytes_in("base64")
    )
    yield _body(
        "JSON bytes as base64url",
        "application/json",
        {"f": b"hi?>"},
        b'{"f":"aGk_Pg=="}',
        schema=_bytes_in("base64url"),
    )
    yield _body("NDJSON", "application/x-ndjson", [{"a": 1}, {"a": 2}], b'{"a":1}\n{"a":2}\n')
    yield _body("JSON sequence", "application/json-seq", [1, 2], b"\x1e1\n\x1e2\n")
    yield from _form_cases()
    yield from _multipart_cases()
    yield from _other_body_cases()


def _form_cases() -> Iterator[Case]:
    form = "application/x-www-form-urlencoded"
    yield _body("form text", form, {"todo": "buy milk & eggs", "n": 1}, b"todo=buy+milk+%26+eggs&n=1")
    yield _body("form boolean and empty", form, {"a": True, "b": "", "c": 0}, b"a=true&b=&c=0")
    yield _body("form null is left out", form, {"a": None, "b": 1}, b"b=1")
    yield _body("form list repeats", form, {"a": ["x", "y"]}, b"a=x&a=y")
    # OpenAPI 3.2.0, "URL Encoded Form with JSON Values"
    address = {"streetAddress": "123 Example Dr.", "city": "Somewhere", "state": "CA", "zip": "99999+1234"}
    yield _body(
        "form object is JSON",
        form,
        {"id": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "address": address},
        b"id=f81d4fae-7dec-11d0-a765-00a0c91e6bf6&address=%7B%22streetAddress%22%3A%22123+Example+Dr.%22%2C"
        b"%22city%22%3A%22Somewhere%22%2C%22state%22%3A%22CA%22%2C%22zip%22%3A%2299999%2B1234%22%7D",
    )
    yield _body(
        "form text as JSON", form, {"id": "a"}, b"id=%22a%22", encoding={"id": {"contentType": "application/json"}}
    )
    styles: list[tuple[dict[str, Any], Any, bytes]] = [
        ({"style": "form", "explode": True}, TEXTS, b"c=blue&c=black&c=brown"),
        ({"style": "form", "explode": False}, TEXTS, b"c=blue,black,brown"),
        ({"explode": False}, TEXTS, b"c=blue,black,brown"),
        ({"style": "spaceDelimited"}, TEXTS, b"c=blue%20black%20brown"),
        ({"style": "pipeDelimited"}, TEXTS, b"c=blue%7Cblack%7Cbrown"),
        ({"style": "form", "explode": True}, COLORS, b"R=100&G=200&B=150"),
        ({"style": "deepObject", "explode": True}, COLORS, b"c%5BR%5D=100&c%5BG%5D=200&c%5BB%5D=150"),
        (
            {"style": "deepObject", "explode": True},
            {"items": [{"price": "p 1"}]},
            b"c%5Bitems%5D%5B0%5D%5Bprice%5D=p%201",
        ),
        ({"style": "deepObject", "explode": True}, ["a", "b"], b"c%5B0%5D=a&c%5B1%5D=b"),
        ({"allowReserved": True}, "a/b", b"c=a/b"),
    ]
    for encoding, value, sent in styles:
        yield _body(f"form {encoding} {value!r}", form, {"c": value}, sent, encoding={"c": encoding})


def _multipart_cases() -> Iterator[Case]:
    multipart = "multipart/form-data"
    full = f"{multipart}; boundary={BOUNDARY}"

    def parts(*sections: bytes) -> bytes:
        return b"".join(b"--frontier\r\n" + one + b"\r\n" for one in sections) + b"--frontier--\r\n"

    def plain(name: str, value: bytes) -> bytes:
        return b'Content-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value

    yield _body("multipart text", multipart, {"a": "x y", "n": 5.0, "b": True, "z": None},
                parts(plain("a", b"x y"), plain("n", b"5"), plain("b", b"true")), content_type=full)  # fmt: skip
    yield _body(
        "multipart list", multipart, {"a": ["x", "y"]}, parts(plain("a", b"x"), plain("a", b"y")), content_type=full
    )
    yield _body(
        "multipart object",
        multipart,
        {"o": {"k": [1]}},
        parts(b'Content-Disposition: form-data; name="o"\r\nContent-Type: application/json\r\n\r\n{"k":[1]}'),
        content_type=full,
    )
    file = b'Content-Disposition: form-data; name="f"; filename="p.png"\r\nContent-Type: image/png\r\n\r\n' + PIXEL
    yield _body("multipart file", multipart, {"f": File("p.png", PIXEL, "image/png")}, parts(file), content_type=full)
    yield _body(
        "multipart files",
        multipart,
        {"f": [File("p.png", PIXEL, "image/png")] * 2},
        parts(file, file),
        content_type=full,
    )
    raw = (
        b'Content-Disposition: form-data; name="f"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\n'
        + PIXEL
    )
    yield _body("multipart bytes", multipart, {"f": PIXEL}, parts(raw), content_type=full)
    yield _body("multipart base64 text", multipart, {"f": "iVBORw0KAP8="}, parts(raw), content_type=full,
                schema={"type": "object", "properties": {"f": {"type": "string", "format": "binary"}}})  # fmt: skip
    yield _body(
        "multipart content type",
        multipart,
        {"f": File("p.png", PIXEL), "t": "<a/>"},
        parts(
            file,
            b'Content-Disposition: form-data; name="t"\r\nContent-Type: application/xml; charset=utf-8\r\n\r\n<a/>',
        ),
        encoding={"f": {"contentType": "image/png"}, "t": {"contentType": "application/xml; charset=utf-8"}},
        content_type=full,
    )
    yield _body(
        "multipart part header",
        multipart,
        {"a": "x"},
        parts(b'Content-Disposition: form-data; name="a"\r\nX-Kind: fixed\r\n\r\nx'),
        encoding={"a": {"headers": {"X-Kind": {"schema": {"type": "string", "enum": ["fixed"]}}}}},
        content_type=full,
    )
    yield _body(
        "multipart names are quoted",
        multipart,
        {'na"me': File('a"\r\nX: ü.txt', b"", "text/plain")},
        parts(
            'Content-Disposition: form-data; name="na%22me"; filename="a%22%0D%0AX: ü.txt"\r\n'
            "Content-Type: text/plain\r\n\r\n".encode()
        ),
        content_type=full,
    )
    yield _body(
        "multipart deepObject",
        multipart,
        {"c": COLORS},
        parts(plain("c[R]", b"100"), plain("c[G]", b"200"), plain("c[B]", b"150")),
        encoding={"c": {"style": "deepObject", "explode": True}},
        content_type=full,
    )
    yield _body(
        "multipart mixed by position",
        "multipart/mixed",
        [{"author": "A"}, File("", PIXEL, "image/png")],
        parts(
            b'Content-Type: application/json\r\n\r\n{"author":"A"}',
            b"Content-Type: image/png\r\n\r\n" + PIXEL,
        ),
        schema={"type": "array"},
        content_type=f"multipart/mixed; boundary={BOUNDARY}",
    )


def _other_body_cases() -> Iterator[Case]:
    yield _body("text", "text/plain", "grüße\n", "grüße\n".encode())
    yield _body("text in Latin-1", "text/plain; charset=iso-8859-1", "grüße", "grüße".encode("latin-1"))
    yield _body("text of a number", "text/plain", 5.0, b"5")
    yield _body("CSV", "text/csv", "a,b\r\n1,2\r\n", b"a,b\r\n1,2\r\n")
    yield _body("octets", "application/octet-stream", PIXEL, PIXEL)
    yield _body("octets of a file", "image/png", File("p.png", PIXEL, "image/png"), PIXEL)
    yield _body("octets from base64", "image/png", "iVBORw0KAP8=", PIXEL)
    yield _body("octets from a data URL", "application/octet-stream", "data:image/png;base64,iVBORw0KAP8=", PIXEL)
    yield _body("image range", "image/*", File("p.png", PIXEL, "image/png"), PIXEL, content_type="image/png")
    yield _body("any: object", "*/*", {"a": 1}, b'{"a":1}', content_type="application/json")
    yield _body("any: text", "*/*", "hi", b"hi", content_type="text/plain; charset=utf-8")
    yield _body("any: octets", "*/*", PIXEL, PIXEL, content_type="application/octet-stream")
    yield _body("application range", "application/*", {"a": 1}, b'{"a":1}', content_type="application/json")
    yield _body("XML text", "application/xml", "<a>1</a>", b"<a>1</a>")
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    schema = {
        "type": "object",
        "xml": {"name": "order"},
        "properties": {
            "id": {"type": "integer", "xml": {"attribute": True}},
            "note": {"type": "string"},
            "tags": {"type": "array", "xml": {"wrapped": True}, "items": {"type": "string", "xml": {"name": "tag"}}},
            "line": {"type": "array", "items": {"type": "integer"}},
            "s": {"type": "string", "xml": {"prefix": "p", "namespace": "https://example.com/n", "name": "who"}},
        },
    }
    value = {"id": 7, "note": "a<b&c", "tags": ["x", "y"], "line": [1, 2], "s": "me"}
    yield _body(
        "XML from an object",
        "application/xml",
        value,
        head
        + b'<order id="7"><note>a&lt;b&amp;c</note><tags><tag>x</tag><tag>y</tag></tags><line>1</line><line>2</line>'
        b'<p:who xmlns:p="https://example.com/n">me</p:who></order>',
        schema=schema,
    )
    alternatives: dict[str, Any] = {"text/plain": {"schema": {}}, "application/json": {"schema": {}}}
    document = document_of(method="post", requestBody={"content": alternatives})
    json_type = {"Content-Type": "application/json"}
    yield Case("JSON before text", document, Values(body={"a": 1}, has_body=True), "/x", json_type, b'{"a":1}')
    chosen = Values(body="a", has_body=True, media_type="text/plain")
    yield Case("the media type that was asked for", document, chosen, "/x", {"Content-Type": "text/plain"}, b"a")
    yield Case("no body", document, Values(), "/x")


CASES: tuple[Case, ...] = (
    *path_cases(),
    *query_cases(),
    *header_and_cookie_cases(),
    *swagger_cases(),
    *template_cases(),
    *body_cases(),
)
