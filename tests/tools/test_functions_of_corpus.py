"""Every function of real documents: legal names, valid schemas within the budget, arguments that pass."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from actionry.openapi.document import read_document
from actionry.openapi.operations import read_operations
from actionry.tools.arguments import read_arguments
from actionry.tools.checker import compile_schema
from actionry.tools.definitions import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS, encode
from actionry.tools.examples import example_of
from actionry.tools.function_schema import Function, build_functions

LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")


def documents(corpus: Path) -> Iterator[tuple[str, bytes]]:
    for entry in json.loads((corpus / "index.json").read_text())["documents"]:
        if entry["expect"] == "load":
            data = (corpus / entry["file"]).read_bytes()
            yield entry["id"], gzip.decompress(data) if entry["file"].endswith(".gz") else data


def property_names(schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in SCHEMA_MAPS or key == "$defs":
            for name, child in value.items():
                if key == "properties":
                    yield name
                yield from property_names(child)
        elif key in SCHEMA_LISTS:
            for child in value:
                yield from property_names(child)
        elif key in SCHEMA_KEYWORDS:
            yield from property_names(value)


def sample_arguments(function: Function) -> dict[str, Any] | None:
    """Required arguments as the model would write them; None when no example was found."""
    values: dict[str, Any] = {}
    for binding in function.bindings.offered:
        if not binding.required:
            continue
        schema = function.checker.argument_schema(binding.argument)
        assert schema is not None
        found = (v for v in example_of(schema, function.definitions) if function.checker.fits(v, schema))
        value = next(found, ...)
        if value is ...:
            return None
        values.update(function.arguments(body=value) if binding.parameter is None else {binding.argument: value})
    return values


def check(function: Function) -> None:
    parameters = function.parameters
    assert LEGAL.fullmatch(function.name)
    assert function.description
    assert len(encode(parameters)) <= function.limits.function_bytes
    assert jsonschema_rs.meta.is_valid(parameters)
    assert all(LEGAL.fullmatch(name) for name in property_names(parameters))
    assert function.compacted == bool(function.cuts)


@pytest.mark.slow
def test_every_function_of_the_corpus_is_one_that_every_provider_accepts(corpus: Path) -> None:
    count = 0
    for identifier, data in documents(corpus):
        functions = build_functions(read_operations(read_document(data)))
        assert len({function.name for function in functions}) == len(functions), identifier
        for function in functions:
            count += 1
            check(function)
    assert count > 5_000


@pytest.mark.slow
def test_arguments_made_from_a_schema_pass_it_full_and_compact(corpus: Path) -> None:
    tried = 0
    for identifier, data in documents(corpus):
        functions = build_functions(read_operations(read_document(data)))
        for function in functions[:: max(len(functions) // 4, 1)]:
            given = sample_arguments(function)
            if given is None:
                continue
            tried += 1
            read_arguments(function, given)
            for schema in (function.full_parameters, function.parameters):
                assert compile_schema(schema).is_valid(given), (identifier, function.name)
    assert tried > 1_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "seconds"),
    [("api-github-com", 0.7), ("kubernetes-swagger", 0.3), ("openai-openapi", 0.5), ("stripe-com", 0.3)],
)
def test_giant_documents_become_functions_in_time(corpus: Path, part: str, seconds: float) -> None:
    """Processor time, with room for a machine half as fast as the one the bar was set on."""
    (path,) = (corpus / "openapi" / "giant").glob(f"*{part}*")
    document = read_document(gzip.decompress(path.read_bytes()))
    start = time.process_time()
    for function in build_functions(read_operations(document)):
        assert function.parameters["type"] == "object"
    assert time.process_time() - start < 2 * seconds
