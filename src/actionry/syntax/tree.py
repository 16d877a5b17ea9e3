"""The plain tree that a text becomes, and where each part of it stands in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from actionry.findings import Finding, Position, unescape_token
from actionry.syntax.mends import Lines, MendedText
from actionry.syntax.places import JsonPlaces, Places, YamlPlaces

Format = Literal["json", "yaml"]


@dataclass(slots=True, eq=False)
class Tree:
    """`root` is dicts, lists and scalars that JSON can carry; every key of a mapping is text."""

    root: Any
    format: Format
    text: str
    """The source as decoded (without byte order mark); positions count in it."""
    findings: list[Finding] = field(default_factory=list)
    """What was mended while reading."""
    parsed: MendedText | None = field(default=None, repr=False)
    """What was parsed after mending, when that is not `text` itself."""
    _places: Places | None = field(default=None, init=False, repr=False)
    _lines: Lines | None = field(default=None, init=False, repr=False)

    def locate(self, pointer: str) -> Position | None:
        """Where the key (or list item) stands; of its nearest ancestor that exists, when it does not itself.

        Nothing is indexed before the first call; then each mapping is read once. None for a foreign pointer.
        """
        if pointer and not pointer.startswith("/"):
            return None
        tokens = [unescape_token(token) for token in pointer.split("/")[1:]]
        return self.position(self.places.find(tokens))

    @property
    def places(self) -> Places:
        """Offsets into the parsed text, see `source_position`."""
        if self._places is None:
            text = self.text if self.parsed is None else self.parsed.text
            self._places = JsonPlaces(text) if self.format == "json" else YamlPlaces(text)
        return self._places

    def position(self, offset: int) -> Position:
        """Line and column in the source of an offset into the parsed text."""
        if self._lines is None:
            self._lines = Lines(self.text)
        return self._lines.position(offset if self.parsed is None else self.parsed.source_offset(offset))
