"""The catalogue of small real APIs that tests call: each is served on loopback and remembers what it received."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Literal, assert_never

from apps.server import App, Received, Reply, answer, text

Auth = Literal["none", "bearer", "basic", "header", "query", "cookie", "oauth", "and", "or", "token"]
KEY = "k-123-a-key-of-the-tests"
SECOND_KEY = "app-456-another-key"
USER, PASSWORD = "ada", "correct horse battery"


def operation(operation_id: str, summary: str = "", **more: Any) -> dict[str, Any]:
    return {"operationId": operation_id, "summary": summary, "responses": {"200": {"description": "Fine."}}, **more}


def parameter(name: str, location: str = "query", schema: Any = None, **more: Any) -> dict[str, Any]:
    found = {"name": name, "in": location, "schema": schema or {"type": "string"}, **more}
    return {**found, "required": True} if location == "path" else found


def json_body(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def document(title: str, paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "paths": paths, **more}


# ------------------------------------------------------------------------------------------------------------ TODO

SCHEMES: dict[str, dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "api_key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
    "app": {"type": "apiKey", "in": "header", "name": "X-App-Id"},
    "token": {"type": "http", "scheme": "token"},
    "oauth": {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "https://login.example.com/authorize",
                "tokenUrl": "https://login.example.com/token",
                "scopes": {"todos": "Read and write TODOs."},
            }
        },
    },
}


def todo_api(auth: Auth = "none") -> App:
    """The TODO list of the plugin days: GET, POST and DELETE (with a body) on `/todos/{username}`.

    `listTodos` reads, `addTodo` is declared without consequence, `deleteTodo` is consequential, `health` needs no
    credential whatever `auth` is.
    """
    todos: dict[str, list[str]] = {}

    def list_todos(received: Received) -> Reply:
        return answer({"todos": todos.get(received.variables["username"], [])})

    def add_todo(received: Received) -> Reply:
        todos.setdefault(received.variables["username"], []).append(received.json["todo"])
        return answer({"added": received.json["todo"]}, 201)

    def delete_todo(received: Received) -> Reply:
        kept = todos.get(received.variables["username"], [])
        index = received.json["todo_idx"]
        return answer({"deleted": kept.pop(index)}) if index < len(kept) else answer({"error": "no such todo"}, 404)

    path = {
        "parameters": [parameter("username", "path")],
        "get": operation("listTodos", "List the TODOs", parameters=[parameter("limit", schema={"type": "integer"})]),
        "post": operation(
            "addTodo",
            "Add a TODO",
            requestBody=json_body({"todo": {"type": "string"}}, ["todo"]),
            **{"x-openai-isConsequential": False},
        ),
        "delete": operation(
            "deleteTodo", "Delete a TODO", requestBody=json_body({"todo_idx": {"type": "integer"}}, ["todo_idx"])
        ),
    }
    health = {"get": operation("health", "Is it up?", security=[])}
    security = _security(auth)
    names = {name for requirement in security for name in requirement}
    components = {"securitySchemes": {name: SCHEMES[name] for name in SCHEMES if name in names}}
    paths = {"/todos/{username}": path, "/health": health}
    more = {"security": security, "components": components} if security else {}
    app = App(
        document("TODO list", paths, **more),
        {
            ("GET", "/todos/{username}"): list_todos,
            ("POST", "/todos/{username}"): add_todo,
            ("DELETE", "/todos/{username}"): delete_todo,
            ("GET", "/health"): lambda _: answer({"ok": True}),
        },
    )
    app.guard = lambda received: None if received.path == "/health" or is_signed_in(received, auth) else refused()
    return app


def _security(auth: Auth) -> list[dict[str, list[str]]]:
    match auth:
        case "none":
            return []
        case "and":
            return [{"bearer": [], "app": []}]
        case "or":
            return [{"oauth": ["todos"]}, {"header": []}]
        case "oauth":
            return [{"oauth": ["todos"]}]
        case "bearer" | "basic" | "header" | "query" | "cookie" | "token":
            return [{auth: []}]
        case _:
            assert_never(auth)


def is_signed_in(received: Received, auth: Auth) -> bool:
    """Whether the request carries what the kind asks for."""
    authorization = received.headers.get("Authorization", "")
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    match auth:
        case "none":
            return "Authorization" not in received.headers
        case "bearer" | "oauth":
            return authorization == f"Bearer {KEY}"
        case "basic":
            return authorization == f"Basic {basic}"
        case "token":
            return authorization == f"Token {KEY}"
        case "header":
            return received.headers.get("X-Api-Key") == KEY
        case "query":
            return received.query.get("api_key") == KEY
        case "cookie":
            return received.cookies.get("session") == KEY
        case "and":
            return authorization == f"Bearer {KEY}" and received.headers.get("X-App-Id") == SECOND_KEY
        case "or":
            return authorization == f"Bearer {KEY}" or received.headers.get("X-Api-Key") == KEY
        case _:
            assert_never(auth)


def refused() -> Reply:
    return answer({"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


# --------------------------------------------------------------------------------------------------- weather, pets


def weather_api() -> App:
    """Reads only; `getPoint` has two values in one path segment, `getForecast` a list in the query."""

    def forecast(received: Received) -> Reply:
        days = [value for name, value in received.pairs if name == "day"]
        return answer({"city": received.query.get("city"), "days": days, "temperature": 21.5})

    paths = {
        "/forecast": {
            "get": operation(
                "getForecast",
                "Weather of a city",
                parameters=[
                    parameter("city", required=True),
                    parameter("day", schema={"type": "array", "items": {"type": "string"}}),
                    parameter("units", schema={"type": "string", "enum": ["metric", "imperial"]}),
                ],
            )
        },
        "/points/{lat},{lon}": {
            "get": operation(
                "getPoint",
                "Weather of a place",
                parameters=[parameter("lat", "path", {"type": "number"}), parameter("lon", "path", {"type": "number"})],
            )
        },
    }
    return App(
        document("Weather", paths),
        {
            ("GET", "/forecast"): forecast,
            ("GET", "/points/{lat},{lon}"): lambda received: answer(received.variables),
        },
    )


def pet_store() -> App:
    """A list that is paged, one record, a form, an upload of a picture and its download."""
    pets = [{"id": number, "name": f"pet {number}", "tag": "cat" if number % 2 else "dog"} for number in range(200)]
    pictures: dict[str, bytes] = {}

    def list_pets(received: Received) -> Reply:
        start, limit = int(received.query.get("offset", "0")), int(received.query.get("limit", "20"))
        return answer({"pets": pets[start : start + limit], "total": len(pets)})

    def get_pet(received: Received) -> Reply:
        number = int(received.variables["petId"])
        return answer(pets[number]) if number < len(pets) else answer({"error": "no such pet"}, 404)

    def upload(received: Received) -> Reply:
        pictures[received.variables["petId"]] = received.body
        return answer({"bytes": len(received.body), "type": received.headers.get("Content-Type")}, 201)

    def download(received: Received) -> Reply:
        found = pictures.get(received.variables["petId"], b"\x89PNG\r\n\x1a\n\x00\x00")
        return Reply(200, found, {"Content-Type": "image/png"})

    binary = {"type": "string", "format": "binary"}
    form = {"type": "object", "properties": {"photo": binary, "caption": {"type": "string"}}, "required": ["photo"]}
    identifier = parameter("petId", "path", {"type": "integer", "minimum": 0})
    paths = {
        "/pets": {
            "get": operation(
                "listPets",
                "List pets",
                parameters=[
                    parameter("limit", schema={"type": "integer"}),
                    parameter("offset", schema={"type": "integer"}),
                ],
            ),
        },
        "/pets/{petId}": {
            "get": operation("getPet", "One pet", parameters=[identifier]),
        },
        "/pets/{petId}/photo": {
            "parameters": [identifier],
            "get": operation("getPhoto", "Its picture"),
            "put": operation(
                "putPhoto", "Replace its picture", requestBody={"content": {"image/png": {"schema": binary}}}
            ),
            "post": operation(
                "postPhoto", "Add a picture", requestBody={"content": {"multipart/form-data": {"schema": form}}}
            ),
        },
    }
    return App(
        document("Pet store", paths),
        {
            ("GET", "/pets"): list_pets,
            ("GET", "/pets/{petId}"): get_pet,
            ("GET", "/pets/{petId}/photo"): download,
            ("PUT", "/pets/{petId}/photo"): upload,
            ("POST", "/pets/{petId}/photo"): upload,
        },
    )


# ----------------------------------------------------------------------------------------------------- any answer


def answering(*replies: Reply, method: str = "get", more: dict[str, Any] | None = None) -> App:
    """One operation `read` on `/x` that gives these answers in turn, the last one again and again; `more` of it."""
    script = list(replies)

    def respond(_: Received) -> Reply:
        return script.pop(0) if len(script) > 1 else script[0]

    return App(document("Answers", {"/x": {method: operation("read", **(more or {}))}}), {("*", "/x"): respond})


# ---------------------------------------------------------------------------------------------- jobs, files, plugin


def jobs_api(*, looks: int = 2, style: Literal["location", "body", "operation"] = "location") -> App:
    """`startReport` answers 202 with a link to its status, which is done after so many looks."""
    seen: dict[str, int] = {}

    def start(_: Received) -> Reply:
        if style == "body":
            return answer({"status": "queued", "status_url": "/jobs/1"}, 202, {"Retry-After": "0"})
        name = "Location" if style == "location" else "Operation-Location"
        return answer({"status": "queued"}, 202, {name: "/jobs/1", "Retry-After": "0"})

    def status(received: Received) -> Reply:
        number = received.variables["id"]
        seen[number] = seen.get(number, 0) + 1
        if seen[number] >= looks:
            if style == "location":
                return Reply(303, b"", {"Location": "/reports/1"})
            return answer({"status": "succeeded", "report": "ready"})
        if style == "operation":
            return answer({"status": "Running"}, 200, {"Retry-After": "0"})
        return answer({"status": "working"}, 202, {"Retry-After": "0"})

    paths = {"/reports": {"post": operation("startReport", "Make a report")}}
    return App(
        document("Reports", paths),
        {
            ("POST", "/reports"): start,
            ("GET", "/jobs/{id}"): status,
            ("GET", "/reports/{id}"): lambda _: answer({"report": "ready"}),
        },
    )


def files_api() -> App:
    """Takes `openaiFileIdRefs`, and returns `openaiFileResponse` inline and by address."""
    pdf = b"%PDF-1.4 of the tests"

    def returned(received: Received) -> Reply:
        url = f"http://{received.headers['Host']}/download"
        inline = {
            "name": "../../notes.txt",
            "mime_type": "text/plain",
            "content": base64.b64encode(b"hello").decode(),
        }
        return answer({"message": "two files", "openaiFileResponse": [inline, url]})

    disposition = {"Content-Type": "application/pdf", "Content-Disposition": 'attachment; filename="Report 1.pdf"'}
    references = {"type": "array", "items": {"type": "string"}}
    paths = {
        "/send": {
            "post": operation(
                "sendFiles", requestBody=json_body({"openaiFileIdRefs": references}, ["openaiFileIdRefs"])
            )
        },
        "/get": {"get": operation("getFiles")},
    }
    return App(
        document("Files", paths),
        {
            ("POST", "/send"): lambda received: answer({"files": len(received.json["openaiFileIdRefs"])}),
            ("GET", "/get"): returned,
            ("GET", "/download"): lambda _: Reply(200, pdf, disposition),
        },
    )


def plugin_site(manifest: bool = True, document_path: str = "/openapi.yaml") -> App:
    """A plugin's site: the manifest at its well-known place, the document where it says."""
    app = App(document("Plugin", {"/ping": {"get": operation("ping")}}), {})

    def find(received: Received) -> Reply | None:
        served = {**app.document, "servers": [{"url": "/"}]}
        if received.path == "/.well-known/ai-plugin.json" and manifest:
            return answer(plugin_manifest(app.url, document_path))
        if received.path == document_path:
            return text(json.dumps(served), "text/yaml")
        return answer({"pong": True}) if received.path == "/ping" else None

    app.guard = find
    return app


def plugin_manifest(site: str, document_path: str = "/openapi.yaml") -> dict[str, Any]:
    return {
        "schema_version": "v1",
        "name_for_human": "Plugin",
        "name_for_model": "plugin",
        "description_for_human": "Answers a ping.",
        "description_for_model": "Answers a ping.",
        "auth": {"type": "none"},
        "api": {"type": "openapi", "url": f"{site}{document_path}"},
        "logo_url": f"{site}/logo.png",
        "contact_email": "hello@example.com",
        "legal_info_url": f"{site}/legal",
    }


EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
