"""The fields of an operation as each door states them: OpenAPI, an MCP schema, an argparse parser, an admin form."""

import argparse
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

from asgiref.sync import async_to_sync
from django import forms
from django.core.management import get_commands, load_command_class
from django.core.validators import RegexValidator
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

from config.arguments import Value
from config.commands import Whole, json_of, object_of, time_of
from config.pages.lines import Lines
from config.pages.refusals import Refusing
from config.rest.contract import NOT_BLANK, TEXT
from config.rest.times import TIME

DOORS = ("rest", "mcp", "command", "admin")
_OF_EVERY_COMMAND = {
    *("help", "version", "verbosity", "settings", "pythonpath"),
    *("traceback", "no_color", "force_color", "skip_checks"),
}
_OF_EVERY_LIST = {"cursor", "page_size"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What a door says a field may be. `most` and `least` are of a number, or of the length of a text or list."""

    kind: str
    required: bool = False
    default: Any = None
    choices: frozenset[str] = frozenset()
    least: float | None = None
    most: float | None = None
    patterned: bool = False
    null: bool = False
    item: "Field | None" = None


def fields_at(door: str, where: str) -> dict[str, Field]:
    """The fields an operation takes at a door, by the door's own names."""
    read = {"rest": _at_rest, "mcp": _at_mcp, "command": _at_command, "admin": _at_admin}
    return dict(read[door](where))


def _at_rest(where: str) -> Iterator[tuple[str, Field]]:
    method, path = where.split()
    described = openapi()["paths"][f"/api/v1/{path}"][method.lower()]
    for parameter in described.get("parameters", ()):
        if parameter["in"] != "header" and parameter["name"] not in _OF_EVERY_LIST:
            yield parameter["name"], _of_schema(parameter["schema"], required=parameter.get("required", False))
    content = described.get("requestBody", {}).get("content", {})
    for body in list(content.values())[:1]:
        schema = _resolved(body["schema"])
        if "properties" not in schema and (shapes := schema.get("oneOf") or schema.get("anyOf")):
            schema = _resolved(shapes[0])
        for name, item in schema.get("properties", {}).items():
            found = _of_schema(item, required=name in schema.get("required", ()))
            # null is a value of its own where it is not the default: PATCH leaves as it is what is left out
            null = found.null and (found.required or found.default is not None or method == "PATCH")
            yield name, replace(found, null=null, default=None if method == "PATCH" else found.default)


def _at_mcp(where: str) -> Iterator[tuple[str, Field]]:
    schema = mcp_schemas()[where]
    for name, item in schema["properties"].items():
        if name not in _OF_EVERY_LIST:
            yield name, _of_schema(item, required=name in schema.get("required", ()))


def _at_command(where: str) -> Iterator[tuple[str, Field]]:
    for action in command_parser(where)._actions:
        if action.dest not in _OF_EVERY_COMMAND | {"json"} and not isinstance(action, argparse._SubParsersAction):
            yield action.dest, _of_action(action)


def _at_admin(where: str) -> Iterator[tuple[str, Field]]:
    owner, _, attribute = where.rpartition(".")
    if attribute == "delete_selected":  # Django's own action, which calls the operation
        shown = _named(owner)
        many = shown.delete_queryset is Refusing.delete_queryset  # which deletes each by `delete_model`
        assert "delete_model" in vars(shown), f"{owner} deletes past the operation."
        assert many, f"{owner} deletes many in a way of its own."
        return
    found = _named(where)
    if inspect.isfunction(found):  # an action or a move: what its form asks, beside the rows it is about
        shown = _named(owner)
        assert attribute in {*(shown.actions or ()), *shown.moves, *shown.list_moves}, (
            f"{where} is no action and no move."
        )
        form = getattr(getattr(found, "move", None), "form", None)
        yield from ((name, _of_form(field)) for name, field in (form.base_fields if form else {}).items())
        return
    for name, field in found.base_fields.items():
        yield name, _of_form(field)


def _of_schema(schema: dict[str, Any], *, required: bool = False) -> Field:
    schema = _resolved(schema)
    kinds = _kinds(schema)
    null = "null" in kinds
    kinds -= {"null"}
    default = _plain(schema.get("default"))
    if len(kinds) != 1:
        return Field(kind="json", required=required, default=default)
    [kind] = kinds
    for shape in ("anyOf", "oneOf", "allOf"):
        parts = [part for item in schema.get(shape, ()) if (part := _resolved(item)).get("type") != "null"]
        schema = schema | {key: value for part in reversed(parts) for key, value in part.items()}
    bounds = {"text": ("minLength", "maxLength"), "list": ("minItems", "maxItems")}
    least, most = (schema.get(name) for name in bounds.get(kind, ("minimum", "maximum")))
    return Field(
        kind=kind,
        required=required,
        default=default,
        choices=frozenset(map(str, schema.get("enum", ()))) - {"", "None"},
        least=None if kind == "text" else least,
        most=most,
        patterned=schema.get("pattern") not in (None, TEXT, NOT_BLANK, TIME),
        null=null,
        item=_of_schema(schema["items"]) if "items" in schema and kind == "list" else None,
    )


def _kinds(schema: dict[str, Any]) -> set[str]:
    if "enum" in schema and "type" not in schema:
        return {"text"}
    names = {"string": "text", "array": "list"}
    given = schema.get("type", ())
    kinds = {names.get(kind, kind) for kind in ([given] if isinstance(given, str) else given)}
    if schema.get("format") == "date-time" or schema.get("pattern") == TIME:
        kinds = {"time" if kind == "text" else kind for kind in kinds}
    for shape in ("anyOf", "oneOf", "allOf"):
        for item in schema.get(shape, ()):
            if "required" not in item:  # which fields go together says nothing of a kind
                kinds |= _kinds(_resolved(item))
    return kinds


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        schema = openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]] | rest
    return schema


def _of_action(action: argparse.Action) -> Field:
    required = action.required if action.option_strings else action.nargs in (None, "+")
    default = None if action.default == argparse.SUPPRESS else _plain(action.default)
    several = isinstance(action, argparse._AppendAction) or action.nargs in ("*", "+")
    if isinstance(action, argparse._StoreTrueAction):
        return Field(kind="boolean", default=default)
    one = _of_type(action)
    if several:
        most = getattr(action.type.field.parent, "max_length", None) if isinstance(action.type, Value) else None
        return Field(kind="list", required=required, default=default, item=one, most=most)
    if isinstance(action.type, Value):
        partial = action.type.field.parent.partial
        one = replace(one, null=one.null and (required or default is not None or partial))
    return replace(one, required=required, default=default)


def _of_type(action: argparse.Action) -> Field:
    if action.choices is not None:
        return Field(kind="text", choices=frozenset(map(str, action.choices)))
    match action.type:
        case Value(field=field):
            return _of_serializer(field)
        case Whole(least=least, most=most):
            return Field(kind="integer", least=least, most=most)
        case argument if argument in (json_of, object_of):
            return Field(kind="json")
        case argument if argument is time_of:
            return Field(kind="time")
    return Field(kind={int: "integer", float: "number"}.get(action.type, "text"))  # type: ignore[call-overload]


def _of_serializer(field: Any) -> Field:
    kinds = (
        (serializers.IntegerField, "integer"),
        (serializers.FloatField, "number"),
        (serializers.DateTimeField, "time"),
        (serializers.DictField, "object"),
        (serializers.JSONField, "json"),
    )
    kind = next((kind for kinds_of, kind in kinds if isinstance(field, kinds_of)), "text")
    lengths = ("min_length", "max_length") if kind == "text" else ("min_value", "max_value")
    least, most = (getattr(field, name, None) for name in lengths)
    return Field(
        kind=kind,
        choices=frozenset(map(str, getattr(field, "choices", ()))) - {""},
        least=None if kind == "text" else least,
        most=most,
        patterned=any(isinstance(check, RegexValidator) for check in field.validators),
        null=field.allow_null and kind != "text",
    )


def _of_form(field: Any) -> Field:
    kinds = (
        (forms.BooleanField, "boolean"),
        (forms.FloatField, "number"),
        (forms.IntegerField, "integer"),
        (forms.DateTimeField, "time"),
        (forms.JSONField, "json"),
        (Lines, "list"),
    )
    kind = next((kind for kinds_of, kind in kinds if isinstance(field, kinds_of)), "text")
    choices = getattr(field, "choices", ()) if not isinstance(field, forms.ModelChoiceField) else ()
    initial = None if callable(field.initial) else _plain(field.initial)
    return Field(
        kind=kind,
        required=field.required and initial is None,
        default=initial,
        choices=frozenset(str(value) for value, _ in choices) - {""},
        least=getattr(field, "min_value", None),
        most=getattr(field, "max_length", None) or getattr(field, "max_value", None),
    )


def _plain(default: Any) -> Any:
    """Nothing in any of its spellings is None, and a choice is its text."""
    if default in (None, "", [], {}, (), False):
        return None
    return default if isinstance(default, int | float) else str(default)


def _named(path: str) -> Any:
    parts = path.split(".")
    found: Any = import_module(".".join(parts[:2]))
    for part in parts[2:]:
        found = getattr(found, part)
    return found


@cache
def openapi() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-any-return]


@cache
def mcp_schemas() -> dict[str, dict[str, Any]]:
    """The input schema of each tool, as it is served, and with the bounds that are held to but not told."""
    from mcp.server.mcpserver import MCPServer

    from config.mcp.schema import slim
    from config.mcp.server import server

    return {item.name: slim(item.input_schema) for item in async_to_sync(MCPServer.list_tools)(server())}


def command_parser(where: str) -> argparse.ArgumentParser:
    """The parser of a command, or of its verbs."""
    name, *verbs = where.split()
    parser: Any = load_command_class(get_commands()[name], name).create_parser("manage.py", name)  # type: ignore[arg-type]
    for verb in verbs:
        parser = verbs_of(parser)[verb]
    return parser  # type: ignore[no-any-return]


def verbs_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}
