"""Which operation yields what another one needs: by path, response, schema name, link, description, naming."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from actionry.openapi.document import read_document
from actionry.openapi.operations import read_operations
from actionry.tools.function_schema import build_functions
from actionry.tools.search import OperationIndex


@dataclass(frozen=True)
class Function:
    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    method: str = ""
    path: str = ""
    returns: dict[str, Any] | None = None
    links: tuple[str, ...] = ()


def taking(name: str, description: str = "", *, required: bool = True, **more: Any) -> dict[str, Any]:
    schema = {"type": "string", "description": description, **more}
    return {"type": "object", "properties": {name: schema}, "required": [name] if required else []}


def yielding(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


NOISE = [
    Function(f"getNoise{number}", f"Noise of kind {number} about the weather of a planet.") for number in range(30)
]
DETAILS = Function("getCredits", "Cast and crew of a film.", taking("film_id"), "GET", "/film/{film_id}/credits")


@pytest.mark.parametrize(
    ("host", "source"),
    [
        pytest.param(DETAILS, Function("browse", "All of them.", method="GET", path="/film"), id="path-nesting"),
        pytest.param(
            Function("getCredits", "Cast and crew.", taking("film_id")),
            Function("lookup", "Look up by title.", returns=yielding(film_id={"type": "integer"})),
            id="response-field-of-that-name",
        ),
        pytest.param(
            Function("getCredits", "Cast and crew.", taking("filmId")),
            Function(
                "lookup",
                "Look up by title.",
                returns=yielding(films={"type": "array", "items": yielding(id={"type": "integer"})}),
            ),
            id="id-inside-a-list-of-that-name",
        ),
        pytest.param(
            Function("getCredits", "Cast and crew.", taking("filmId")),
            Function(
                "lookup",
                "Look up by title.",
                returns={"$ref": "#/$defs/Film", "$defs": {"Film": yielding(id={"type": "integer"})}},
            ),
            id="schema-identity",
        ),
        pytest.param(
            Function("getCredits", "Cast and crew.", taking("film_id")),
            Function("lookup", "Something else entirely.", links=("getCredits",)),
            id="link",
        ),
        pytest.param(
            Function("getCredits", "Cast and crew.", taking("ref", "Taken from the answer of the Search Archive API")),
            Function("SearchArchive", "Look into the shelves."),
            id="named-in-the-description",
        ),
        pytest.param(
            Function("Film_Get_Cast_And_Crew", "Cast and crew.", taking("filmId")),
            Function("Film_Get_Film_ID_By_Title", "Resolve titles."),
            id="named-after-what-it-yields",
        ),
    ],
)
def test_the_source_is_found(host: Function, source: Function) -> None:
    found = OperationIndex([*NOISE, source, host]).search("cast and crew", k=2)
    assert [one.name for one in found] == [host.name, source.name]
    assert found[1].reason.startswith("yields `")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            Function("getFilm", "One film.", taking("film_id"), "GET", "/film/{film_id}"), id="needs-the-same-value"
        ),
        pytest.param(
            Function("deleteFilms", "Empty the shelf.", method="DELETE", path="/film"),
            id="destroys-what-it-would-yield",
        ),
    ],
)
def test_what_cannot_come_first_is_no_source(other: Function) -> None:
    found = OperationIndex([*NOISE, other, DETAILS]).search("cast and crew", k=5)
    assert all(not one.reason.startswith("yields") for one in found)


def test_nothing_is_added_when_the_sentence_gives_the_id() -> None:
    lists = Function("listFilms", "All that there are.", method="GET", path="/film")
    rest = [Function("playbill", "Cast and crew of a play on the stage of a theatre in town.")]
    index = OperationIndex([*NOISE, *rest, lists, DETAILS])
    assert [one.name for one in index.search("cast and crew of Titanic", k=2)] == ["getCredits", "listFilms"]
    assert "listFilms" not in [one.name for one in index.search("cast and crew of the film with ID tt0120338", k=2)]


def test_needs_of_needs_are_followed() -> None:
    board = Function("listBoards", "Boards.", method="GET", path="/boards", returns=yielding(id={"type": "string"}))
    lists = Function("listColumns", "Columns.", taking("board_id"), "GET", "/boards/{board_id}/columns")
    card = Function("archiveTicket", "Put tickets away.", taking("column_id"), "POST", "/columns/{column_id}/archive")
    names = [one.name for one in OperationIndex([*NOISE, board, lists, card]).search("put my tickets away", k=4)]
    assert names[:3] == ["archiveTicket", "listColumns", "listBoards"]


FILM = "#/components/schemas/Film"


def test_sources_are_read_from_a_document() -> None:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Films", "version": "1"},
        "paths": {
            "/search": {
                "get": {
                    "operationId": "searchEverything",
                    "summary": "Full text search",
                    "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}],
                    "responses": {
                        "200": {
                            "description": "hits",
                            "content": {
                                "application/json": {"schema": {"$ref": "#/components/schemas/Hits"}},
                            },
                        }
                    },
                }
            },
            "/credits": {
                "get": {
                    "operationId": "getCredits",
                    "summary": "Cast and crew",
                    "parameters": [{"name": "film_id", "in": "query", "required": True, "schema": {"type": "integer"}}],
                    "responses": {"200": {"description": "ok"}},
                }
            },
        },
        "components": {
            "schemas": {
                "Hits": {"type": "object", "properties": {"films": {"type": "array", "items": {"$ref": FILM}}}},
                "Film": {"type": "object", "properties": {"id": {"type": "integer"}, "next": {"$ref": FILM}}},
            }
        },
    }  # fmt: skip
    functions = build_functions(read_operations(read_document(document)))
    assert [one.name for one in OperationIndex(functions).search("cast and crew")] == ["getCredits", "searchEverything"]
