"""JSON Schemas as agents pay for them: nothing that repeats a name, and no field that is only there to be null."""

from typing import Any

_MAPS = ("properties", "$defs", "patternProperties")
_SAYS_NOTHING: list[tuple[str, Any]] = [
    ("default", None),
    ("default", ""),
    ("additionalProperties", True),
    ("items", {}),
]

_FAR = {"maxLength": 255, "maxItems": 100, "maximum": 1_000}
"""Bounds from here on nobody meets by accident; who does is told them, and an agent pays for each in every list."""


def without_far_bounds(schema: Any) -> Any:
    """The schema without bounds that are far away. They are still held to."""
    if isinstance(schema, list):
        return [without_far_bounds(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _MAPS:
            kept[name] = {key: without_far_bounds(item) for key, item in value.items()}
        elif name in ("enum", "const", "examples", "default") or name not in _FAR or value < _FAR[name]:
            kept[name] = without_far_bounds(value) if isinstance(value, dict | list) else value
    return kept


def slim(schema: Any) -> Any:
    """The schema without generated titles, null alternatives, and what says nothing. Never changes what is accepted."""
    if isinstance(schema, list):
        return [slim(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _MAPS and isinstance(value, dict):
            kept[name] = {key: slim(item) for key, item in value.items()}
        elif name in ("enum", "const", "examples"):
            kept[name] = value
        elif name == "anyOf" and {"type": "number"} in value:
            kept[name] = [slim(item) for item in value if item != {"type": "integer"}]  # which is a number
        elif (name, value) not in _SAYS_NOTHING and name != "title":
            kept[name] = slim(value)
    if "default" in schema and schema["default"] is None and "anyOf" in kept:
        alternatives = [item for item in kept["anyOf"] if item != {"type": "null"}]
        if len(alternatives) == 1:
            del kept["anyOf"]
            kept = alternatives[0] | kept
    return kept


def without_absent(value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """The answer without the optional fields that are None; free JSON inside it keeps its nulls."""
    if "$ref" in schema:
        schema = definitions.get(schema["$ref"].removeprefix("#/$defs/"), {})
    for alternative in schema.get("anyOf", ()):
        value = without_absent(value, alternative, definitions)
    if isinstance(value, list) and "items" in schema:
        return [without_absent(item, schema["items"], definitions) for item in value]
    if not isinstance(value, dict):
        return value
    properties = schema.get("properties", {})
    rest = schema.get("additionalProperties")
    required = schema.get("required", ())
    return {
        name: without_absent(item, properties.get(name) or (rest if isinstance(rest, dict) else {}), definitions)
        for name, item in value.items()
        if item is not None or name not in properties or name in required
    }
