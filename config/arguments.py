"""A command's options made of a body's fields: the same names, types, limits, choices and defaults as at REST.

`offer` adds them to a parser, `given` collects what the operation is called with.
"""

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError
from rest_framework import serializers
from rest_framework.fields import empty

from config.commands import json_of, text_of

Shape = type[serializers.Serializer[Any]]
Field = serializers.Field[Any, Any, Any, Any]
NOTHING = "none"
"""The word for null where a field may be null and is no text."""


@dataclass(frozen=True, slots=True)
class Value:
    """Reads an argument as REST reads the field. Raises CommandError."""

    field: Field
    in_file: bool = False

    def __call__(self, text: str) -> Any:
        if self.in_file:
            text = text_of(text, errors="replace")
        elif text == default_of(self.field):  # argparse has a default that is text read, too
            return text
        return _checked(self.field, self._read(text))

    def _read(self, text: str) -> Any:
        if text == NOTHING and self.field.allow_null and not isinstance(self.field, serializers.CharField):
            return None
        if not isinstance(self.field, serializers.DictField | serializers.JSONField):
            return text
        try:
            return json_of(text)
        except CommandError as error:
            raise CommandError(f"{_name(self.field)}: {error}", returncode=2) from error


def offer(
    parser: ArgumentParser,
    shape: Shape,
    *,
    first: Collection[str] = (),
    files: Collection[str] = (),
    only: Collection[str] = (),
    partial: bool = False,
) -> None:
    """Add an option for each field of a body.

    `first` are positional, `files` name a file that holds the value (`-` is standard input). With `partial` no option
    is required and none has a default: what is left out stays as it is. `only` names the fields where not all are.
    """
    for name, field in shape(partial=partial).fields.items():
        if not field.read_only and (name in only or not only):
            _add(parser, name, field, positional=name in first, in_file=name in files)


def reads(shape: Shape, name: str) -> Value:
    """The type of an option that has a name or a default of its own."""
    return Value(shape().fields[name])


def given(options: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """What was said of a body's fields, by the names the operation has for them. Raises CommandError."""
    said = {field: options[name] for name, field in shape().fields.items() if name in options}
    for field, values in said.items():
        if isinstance(values, list):
            _checked(field, values)  # each item was when it was read, but not how many there are
    return {str(field.source): value for field, value in said.items()}


def _add(parser: ArgumentParser, name: str, field: Field, *, positional: bool, in_file: bool) -> None:
    partial = field.parent.partial if isinstance(field.parent, serializers.Serializer) else False
    options: dict[str, Any] = {"help": _help(field), "default": SUPPRESS if partial else default_of(field)}
    item = getattr(field, "child", None) if isinstance(field, serializers.ListField) else None
    if isinstance(field, serializers.BooleanField):
        options["action"] = "store_true"
    elif item is not None:
        options |= {"action": "append", "type": Value(item), "metavar": name.removesuffix("s").upper()}
    elif isinstance(field, serializers.ChoiceField):
        options |= {"type": Value(field), "metavar": f"{{{','.join(_choices(field))}}}"}
    else:
        options["type"] = Value(field, in_file)
        options["metavar"] = "FILE" if in_file else _metavar(field)
    if positional:
        options |= {} if field.required else {"nargs": "?"}
        parser.add_argument(name, **options)
        return
    word = name.removesuffix("s") if item is not None else name
    parser.add_argument(f"--{word.replace('_', '-')}", dest=name, required=field.required and not partial, **options)


def default_of(field: Field) -> Any:
    """SUPPRESS where REST has none either: the operation has its own."""
    default = getattr(field, "default", empty)
    if default is empty:
        return SUPPRESS
    return default() if callable(default) else default


def _help(field: Field) -> str | None:
    text = str(field.help_text).replace("%", "%%") if field.help_text else ""
    nothing = f"`{NOTHING}` for null." if field.allow_null and not isinstance(field, serializers.CharField) else ""
    return f"{text} {nothing}".strip() or None


def _metavar(field: Field) -> str | None:
    return "JSON" if isinstance(field, serializers.DictField | serializers.JSONField) else None


def _checked(field: Field, value: Any) -> Any:
    try:
        return field.run_validation(value)
    except serializers.ValidationError as error:
        ways = f" Choose from {', '.join(_choices(field))}." if isinstance(field, serializers.ChoiceField) else ""
        raise CommandError(f"{_name(field)}: {_first(error.detail)}{ways}", returncode=2) from error


def _name(field: Field) -> str:
    return str(field.field_name or getattr(field.parent, "field_name", ""))  # an item has its list's


def _choices(field: serializers.ChoiceField) -> list[str]:
    return [str(choice) for choice in field.choices if choice != ""]


def _first(detail: Any) -> str:
    while isinstance(detail, list | dict):
        detail = next(iter(detail.values() if isinstance(detail, dict) else detail))
    return str(detail)
