"""Schemas of a document, normalized lazily to JSON Schema 2020-12 for one direction.

Stub interface: being written.
"""

from __future__ import annotations

from typing import Any

from actionry.openapi.model import Schema


class Schemas:
    """`#/$defs/NAME` -> schema, each normalized once, on first use."""

    def resolve(self, schema: Schema) -> Schema:
        """Follow `$ref`s at the top of the schema (cycle-safe); siblings of `$ref` are merged over the target."""
        raise NotImplementedError

    def definition(self, name: str) -> Schema:
        """The schema that `#/$defs/NAME` stands for; True (anything) when unknown."""
        raise NotImplementedError

    def names_in(self, schema: Schema) -> tuple[str, ...]:
        """Names that the schema refers to directly, in order of appearance."""
        raise NotImplementedError

    def closure(self, *schemas: Schema) -> dict[str, Schema]:
        """Every definition that the schemas reach, breadth first: what belongs under `$defs`."""
        raise NotImplementedError

    def properties(self, schema: Schema) -> dict[str, Any]:
        """Property name -> schema as far as references and allOf/anyOf/oneOf tell; {} when none are declared."""
        raise NotImplementedError
