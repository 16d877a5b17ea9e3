"""Our own OpenAPI document: complete, without errors of our own linter, usable as an action."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actionry import load_action
from actionry.limits import ACTIONRY, OPENAI, Profile
from actionry.server.app import Server, make_server
from actionry.server.openapi import Section, document
from actionry.server.settings import read_settings
from support.routes import routes_of
from support.server import serving

SECTIONS: tuple[Section, ...] = ("chat", "account", "build", "admin")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return make_server(read_settings({"ACTIONRY_PUBLIC_URL": "https://gpts.actionry.dev"}, data_dir=tmp_path))


def errors(document: dict[str, Any], profile: Profile) -> list[str]:
    found = load_action(document).lint(profile)
    return [f"{each.code} {each.pointer}: {each.message}" for each in found if each.severity == "error"]


def test_the_whole_document_has_no_errors(server: Server) -> None:
    whole = server.api.openapi()
    assert errors(whole, ACTIONRY) == []
    # More than 30 operations, which is what the sections are for.
    assert [each for each in errors(whole, OPENAI) if not each.startswith("GPT-OPERATIONS-MANY")] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_fits_a_gpt(server: Server, section: Section) -> None:
    part = document(server.api, server.settings.public_url, section)
    assert errors(part, ACTIONRY) == []
    assert errors(part, OPENAI) == []


def test_every_operation_has_a_good_name_and_a_short_description(server: Server) -> None:
    action = load_action(server.api.openapi())
    assert len(action.functions) == len(action.operations)
    for function in action.functions:
        assert function.operation_id == function.name
        assert function.name[0].islower()
        assert "_" not in function.name
        assert 0 < len(function.description) <= 300


def test_every_object_schema_lists_its_properties(server: Server) -> None:
    def missing(node: Any, path: str) -> list[str]:
        if isinstance(node, list):
            return [found for index, item in enumerate(node) for found in missing(item, f"{path}/{index}")]
        if not isinstance(node, dict):
            return []
        here = [path] if node.get("type") == "object" and "properties" not in node else []
        return here + [found for key, value in node.items() for found in missing(value, f"{path}/{key}")]

    assert missing(server.api.openapi(), "") == []


def test_every_route_of_the_api_stands_in_the_document(server: Server) -> None:
    """But those that a browser is sent to."""
    listed = set(server.api.openapi()["paths"])
    served = {path for _, path in routes_of(server.api) if path.startswith("/api/")}
    assert served - listed == {"/api/v1/openapi.json", "/api/v1/session/oidc/callback"}


async def test_the_document_is_served_whole_and_in_sections(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        anybody = server.somebody()
        whole = (await anybody.get("/api/v1/openapi.json")).json
        chat = (await anybody.get("/api/v1/openapi.json?section=chat")).json
        assert whole["servers"] == [{"url": server.url}]
        assert set(chat["paths"]) < set(whole["paths"])
        assert "/api/v1/conversations/{conversation_id}/messages" in chat["paths"]
        assert (await anybody.get("/api/v1/openapi.json?section=nonsense")).status == 422
