"""Functions as tools of providers, as MCP tools and as the compact TypeScript-like view."""

from __future__ import annotations

from typing import Any

import pytest

from actionry.openapi.document import read_document
from actionry.openapi.operations import read_operations
from actionry.tools.function_schema import Function, build_functions
from actionry.tools.render import OPENAI_DESCRIPTION, count_tokens, render

TODO = {
    "openapi": "3.1.0",
    "info": {"title": "TODO", "version": "1"},
    "servers": [{"url": "https://todo.example.com"}],
    "paths": {
        "/todos/{user}": {
            "parameters": [
                {
                    "name": "user",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string"},
                    "description": "Whose list.",
                }
            ],
            "get": {
                "operationId": "getTodos",
                "summary": "Get the list",
                "parameters": [
                    {"name": "state", "in": "query", "schema": {"enum": ["open", "done"], "default": "open"}},
                    {"name": "limit", "in": "query", "schema": {"type": ["integer", "null"]}},
                ],
                "responses": {"200": {"description": "Never shown to the model"}},
            },
            "post": {
                "operationId": "addTodo",
                "summary": "Add",
                "description": "Add a todo.\nIt goes to the end.",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Todo"}}},
                },
            },
            "delete": {"operationId": "deleteTodo", "x-openai-isConsequential": False},
            "put": {"operationId": "find-todos", "x-openai-isConsequential": False, "deprecated": True},
        }
    },
    "components": {
        "schemas": {
            "Todo": {
                "type": "object",
                "required": ["text"],
                "properties": {
                    "text": {"type": "string", "description": "What to do"},
                    "tags": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Todo"}},
                    "extra": {"type": "object", "additionalProperties": {"type": "boolean"}},
                    "odd-name": {"allOf": [{"type": "object", "properties": {"a": {"type": "null"}}}]},
                },
            }
        }
    },
}


@pytest.fixture
def functions() -> list[Function]:
    return build_functions(read_operations(read_document(TODO)))


def test_openai_tools(functions: list[Function]) -> None:
    tools = render(functions, "openai")
    assert tools[0] == {
        "type": "function",
        "function": {"name": "getTodos", "description": "Get the list", "parameters": functions[0].parameters},
    }
    assert [tool["function"]["name"] for tool in tools] == [function.name for function in functions]


def test_openai_descriptions_are_cut_where_its_api_would_refuse_them() -> None:
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Long", "version": "1"},
        "paths": {"/x": {"get": {"operationId": "x", "description": "word " * 1000}}},
    }
    functions = build_functions(read_operations(read_document(document)))
    (openai,) = render(functions, "openai")
    (anthropic,) = render(functions, "anthropic")
    assert len(openai["function"]["description"]) <= OPENAI_DESCRIPTION
    assert openai["function"]["description"].endswith("…")
    assert len(anthropic["description"]) == 4999


def test_anthropic_tools(functions: list[Function]) -> None:
    assert render(functions, "anthropic")[0] == {
        "name": "getTodos",
        "description": "Get the list",
        "input_schema": functions[0].parameters,
    }


def test_mcp_tools_carry_hints(functions: list[Function]) -> None:
    tools = {tool["name"]: tool for tool in render(functions, "mcp")}
    assert tools["getTodos"]["title"] == "Get the list"
    assert tools["getTodos"]["inputSchema"]["type"] == "object"
    hints = {name: tuple(tool["annotations"].values()) for name, tool in tools.items()}
    assert list(tools["getTodos"]["annotations"]) == [
        "readOnlyHint",
        "destructiveHint",
        "idempotentHint",
        "openWorldHint",
    ]
    assert hints == {
        "getTodos": (True, False, True, True),
        "addTodo": (False, True, False, True),
        "deleteTodo": (False, True, True, True),
        "find-todos": (False, True, True, True),
    }


@pytest.mark.row("PR-02")
def test_the_typescript_view(functions: list[Function]) -> None:
    chosen = [function for function in functions if function.name in ("getTodos", "addTodo", "find-todos")]
    chosen.sort(key=lambda function: function.name)
    text = render(chosen, "typescript", namespace="todo list", about="Manage todos.")
    assert (
        text
        == """\
// Manage todos.
namespace todo_list {

// Add a todo.
// It goes to the end.
type addTodo = (_: {
// Whose list.
user: string,
body: {
// What to do
text: string,
tags?: (string | number)[],
parts?: any /* Todo */[],
extra?: {
[key: string]: boolean,
},
"odd-name"?: {
a?: null,
},
},
}) => any;

// Deprecated. PUT /todos/{user}
type _find_todos = (_: {
// Whose list.
user: string,
}) => any;

// Get the list
type getTodos = (_: {
// Whose list.
user: string,
state?: "open" | "done", // default: "open"
limit?: number | null,
}) => any;

} // namespace todo_list"""
    )


def test_a_function_without_parameters_takes_nothing() -> None:
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Ping", "version": "1"},
        "paths": {"/ping": {"get": {"operationId": "ping", "summary": "Ping"}}},
    }
    functions = build_functions(read_operations(read_document(document)))
    assert "type ping = () => any;" in render(functions, "typescript")


@pytest.mark.row("PR-03")
@pytest.mark.parametrize(
    ("text", "tokens"),  # of the o200k vocabulary
    [
        ("", 0),
        ("hello world", 2),
        ("Get the current weather in a given location", 8),
        ('{"type":"object","properties":{"id":{"type":"integer"}}}', 14),
        ("今天北京的天气怎么样？", 6),
    ],
)
def test_tokens_are_counted_near_enough(text: str, tokens: int) -> None:
    assert count_tokens(text) == pytest.approx(tokens, abs=3)


def test_tokens_of_anything_else_are_those_of_its_json() -> None:
    assert count_tokens({"a": [1, "b"]}) == count_tokens('{"a":[1,"b"]}')
