"""The reference pages of the API and its events are those of the code."""

from __future__ import annotations

from pathlib import Path

from actionry.server.app import make_server
from actionry.server.reference import api_page, events_page
from actionry.server.settings import read_settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_the_api_page_is_the_generated_one(tmp_path: Path) -> None:
    server = make_server(read_settings({}, data_dir=tmp_path))
    assert (REFERENCE / "api.md").read_text("utf-8") == api_page(server.api.openapi())


def test_the_events_page_is_the_generated_one() -> None:
    assert (REFERENCE / "events.md").read_text("utf-8") == events_page()
