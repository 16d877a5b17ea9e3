"""Which rule of its schema a value breaks, in words that a person can follow."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from actionry.models.rehearsal.lexicon import words_in
from actionry.models.rehearsal.slots import Slot

_TYPES = {
    "integer": "it must be a whole number",
    "number": "it must be a number",
    "boolean": "it must be true or false",
    "array": "it must be a list",
    "object": "it must be an object",
    "string": "it must be text",
}


def broken_rule(value: Any, slot: Slot) -> str | None:
    """None when the schema takes the value, or cannot be read itself (then the call's own check rules)."""
    schema = {key: part for key, part in slot.schema.items() if key in _CHECKED}
    declared = schema.get("type")
    if not isinstance(declared, list) and declared not in _TYPES:
        schema.pop("type", None)
    if slot.enum and slot.type != "array":
        schema["enum"] = list(slot.enum)
    try:
        errors = list(jsonschema_rs.validator_for(schema, validate_formats=True).iter_errors(value))
    except (ValueError, TypeError, jsonschema_rs.ValidationError):
        return None
    return _in_words(errors[0], schema, slot) if errors else None


_CHECKED = frozenset(
    words_in(
        """
        type enum minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern minItems
        maxItems uniqueItems format
        """
    )
)


def _in_words(error: jsonschema_rs.ValidationError, schema: dict[str, Any], slot: Slot) -> str:
    if slot.enum:
        return "it must be one of " + ", ".join(str(choice) for choice in slot.enum[:20])
    low, high = schema.get("minimum"), schema.get("maximum")
    message = str(error.message)
    if ("minimum" in message or "maximum" in message) and low is not None and high is not None:
        return f"it must be between {low} and {high}"
    if "is not of type" in message:
        return _TYPES.get(slot.type, message)
    if slot.schema.get("format") and "is not a" in message:
        return f"it must be a {slot.schema['format']}"
    return message[:200]
