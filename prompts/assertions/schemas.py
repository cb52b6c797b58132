"""JSON Schema: what may be one, and what it says of a value."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonschema
from referencing import Registry
from referencing.exceptions import Unresolvable

from prompts.assertions.json_values import identity
from prompts.assertions.patterns import compile_pattern, search
from prompts.assertions.terms import Fault, show

MAX_PARTS = 5_000
"""Objects, lists and values of one schema."""
MAX_DEPTH = 60
_NAMED = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
"""Keywords whose value names schemas."""
_DATA = {"const", "enum", "default", "examples", "example"}
"""Keywords whose value is no schema."""


def check_schema(schema: Any) -> None:
    """Raises Fault when it is no schema, or one that costs too much to read."""
    if _parts(schema, MAX_DEPTH) > MAX_PARTS:
        raise Fault(f"A schema has at most {MAX_PARTS} parts. Judge less with one assertion.", "value")
    _check_schema(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=64)
def _check_schema(text: str) -> None:
    schema = json.loads(text)
    try:
        _class(schema).check_schema(schema)
    except (jsonschema.SchemaError, RecursionError) as error:
        said = getattr(error, "message", "it nests too deep")
        raise Fault(f"Not a JSON Schema: {said[:300]}", "value") from None
    for pattern in _patterns(schema):
        compile_pattern(pattern)


def _parts(value: Any, depth: int) -> int:
    if depth == 0:
        raise Fault(f"A schema nests at most {MAX_DEPTH} deep.", "value")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(_parts(item, depth - 1) for item in inner)


def _patterns(schema: Any) -> Iterator[str]:
    """The patterns a schema has where they are patterns: not in what it compares with."""
    if isinstance(schema, list):
        for item in schema:
            yield from _patterns(item)
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword == "pattern" and isinstance(value, str):
            yield value
        elif keyword in _NAMED and isinstance(value, dict):
            if keyword == "patternProperties":
                yield from value
            for named in value.values():
                yield from _patterns(named)
        elif keyword not in _DATA:
            yield from _patterns(value)


def schema_error(schema: Any, value: Any) -> str:
    """What a value lacks, or nothing. Raises Fault when the schema cannot be used."""
    bounded = jsonschema.validators.extend(_class(schema), _KEYWORDS)
    try:
        # An empty registry: a $ref to another host must not make this service fetch it.
        error = jsonschema.exceptions.best_match(bounded(schema, registry=Registry()).iter_errors(value))
    except (RecursionError, LookupError, ArithmeticError, Unresolvable) as problem:
        raise Fault(f"The schema cannot be used: {str(problem)[:300]}") from None
    return "" if error is None else f"{error.json_path}: {error.message}"


def _class(schema: Any) -> Any:
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if named is not None and not isinstance(named, str):
        raise Fault("Not a JSON Schema: $schema must be a string.", "value")
    return jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)


Errors = Iterator[jsonschema.ValidationError]


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Errors:
    if isinstance(instance, str) and not search(pattern, instance):
        yield jsonschema.ValidationError(f"{show(instance)} does not match {show(pattern)}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any) -> Errors:
    if isinstance(instance, dict):
        for pattern, schema in patterns.items():
            for key in [key for key in instance if search(pattern, key)]:
                yield from validator.descend(instance[key], schema, path=key, schema_path=pattern)


def _const(_: Any, wanted: Any, instance: Any, __: Any) -> Errors:
    if identity(instance) != identity(wanted):
        yield jsonschema.ValidationError(f"{show(wanted)} was expected")


def _enum(_: Any, wanted: list[Any], instance: Any, __: Any) -> Errors:
    if identity(instance) not in set(map(identity, wanted)):
        yield jsonschema.ValidationError(f"{show(instance)} is not one of {show(wanted)}")


def _unique_items(_: Any, unique: Any, instance: Any, __: Any) -> Errors:
    if unique and isinstance(instance, list) and len(set(map(identity, instance))) < len(instance):
        yield jsonschema.ValidationError(f"{show(instance)} has non-unique elements")


# jsonschema compares as Python does inside lists and objects, and searches without an end.
_KEYWORDS = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "const": _const,
    "enum": _enum,
    "uniqueItems": _unique_items,
}
