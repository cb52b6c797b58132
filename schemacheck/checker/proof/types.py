"""Whether the types a statement names exist and may be used for a column."""

from schemacheck.checker.database.builtin_types import EXTENSION, MODIFIERS
from schemacheck.checker.database.catalog import TypeInfo
from schemacheck.checker.findings import Severity
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.reading.shapes import TypeShape
from schemacheck.checker.scope import Scope

_SECONDS = {"time", "timetz", "timestamp", "timestamptz"}


def column_type(scope: Scope, column: str, shape: TypeShape) -> TypeInfo | None:
    """The type of a column; reports what is wrong with it."""
    info = scope.catalog.type(shape)
    if shape.is_set:
        scope.error("invalid-column-type", f'column "{column}" cannot be declared SETOF', "42P16", shape.location)
    elif info is None:
        _unknown_type(scope, shape)
    elif info.kind == "p":
        message = f'column "{column}" has pseudo-type {info.display}'
        scope.error("invalid-column-type", message, "42P16", shape.location)
    elif not info.usable:
        scope.error("permission", f"permission denied for type {info.display}", "42501", shape.location)
    elif shape.modifiers and info.schema == "pg_catalog" and shape.name.name not in MODIFIERS:
        message = f'type modifier is not allowed for type "{shape.name.name}"'
        scope.error("invalid-type-modifier", message, "42601", shape.location)
    else:
        _check_modifiers(scope, shape)
    if shape.name.name in _SERIAL_WORDS and shape.name.schema is None and shape.is_array:
        scope.error("invalid-column-type", "array of serial is not implemented", "0A000", shape.location)
    return info


_SERIAL_WORDS = {"serial", "serial4", "bigserial", "serial8", "smallserial", "serial2"}


def _unknown_type(scope: Scope, shape: TypeShape) -> None:
    catalog, name = scope.catalog, shape.name
    if shape.is_array and name.schema is None and name.name in _SERIAL_WORDS:
        return
    if name.schema is not None and not catalog.has_schema(name.schema):
        scope.unknown("undefined-schema", f'schema "{name.schema}" does not exist', "3F000", name.location)
        return
    message = f'type "{name}{"[]" if shape.is_array else ""}" does not exist'
    hint = did_you_mean(name.name, catalog.type_names())
    if name.name in EXTENSION:
        hint = f"The type {name.name} comes from an extension; CREATE EXTENSION it first."
    if catalog.is_live:
        scope.unknown("undefined-type", message, "42704", name.location, hint=hint)
    else:
        perhaps = name.schema not in (None, "pg_catalog") or name.name in EXTENSION
        severity = Severity.WARNING if perhaps or not catalog.is_certain else Severity.ERROR
        hint = f"{hint} {_ONLY_BUILT_IN}".strip()
        facts = {"known_types": "built-in"}
        scope.add("undefined-type", severity, message, name.location, sqlstate="42704", hint=hint, facts=facts)


_ONLY_BUILT_IN = (
    "Only PostgreSQL's built-in types are known here: create the type earlier in the script, or check against the "
    "database that has it."
)


def _check_modifiers(scope: Scope, shape: TypeShape) -> None:
    name, given = shape.name.name, shape.modifiers
    if name not in MODIFIERS or not given or shape.name.schema not in (None, "pg_catalog"):
        return
    limit, low, high = MODIFIERS[name]
    shown = {"bpchar": "char"}.get(name, name)
    if name == "interval":
        return
    if len(given) > limit:
        message = "invalid NUMERIC type modifier" if name == "numeric" else "invalid type modifier"
        scope.error("invalid-type-modifier", message, "22023", shape.location)
        return
    first = given[0]
    if isinstance(first, int) and not low <= first <= high:
        if name == "numeric":
            message = f"NUMERIC precision {first} must be between 1 and 1000"
        elif name in _SECONDS:
            message = f"{shown.upper()}({first}) precision must not be negative"
        elif first < low:
            message = f"length for type {shown} must be at least 1"
        else:
            message = f"length for type {shown} cannot exceed {high}"
        scope.error("invalid-type-modifier", message, "22023", shape.location)
    elif name == "numeric" and len(given) == 2 and all(isinstance(item, int) for item in given):
        _check_scale(scope, shape, int(given[0]), int(given[1]))


def _check_scale(scope: Scope, shape: TypeShape, precision: int, scale: int) -> None:
    if scope.catalog.major < 15 and not 0 <= scale <= precision:
        message = f"NUMERIC scale {scale} must be between 0 and precision {precision}"
        scope.error("invalid-type-modifier", message, "22023", shape.location)
    elif not -1000 <= scale <= 1000:
        message = f"NUMERIC scale {scale} must be between -1000 and 1000"
        scope.error("invalid-type-modifier", message, "22023", shape.location)
