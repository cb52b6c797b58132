"""Fields made once a serializer class, and rows told by a plan made once.

REST framework makes every field anew for each body and each answer, a model's from its columns: 0.5 ms of a POST, 1 ms
of a list of 50. Nothing of ours alters a serializer's fields or reads its context, so one set of them serves all.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import models
from rest_framework import fields, serializers
from rest_framework.relations import PKOnlyObject
from rest_framework.utils.serializer_helpers import BindingDict


class PlannedFields(serializers.Serializer[Any]):
    """A serializer that shares its fields with all of its class. Its answers are those of REST framework's own."""

    @cached_property
    def fields(self) -> BindingDict:
        return super().fields if self.partial else _fields(type(self))

    def to_representation(self, instance: Any) -> dict[str, Any]:
        row: Any = type(instance)
        told = {}
        for name, read, shown in _plan(type(self), row):
            try:
                value = read(instance)
            except fields.SkipField:
                continue
            told[name] = value if value is None or shown is None else shown(value)
        return told


class _Step(NamedTuple):
    name: str
    read: Callable[[Any], Any]
    shown: Callable[[Any], Any] | None
    """None where the value is JSON already."""


@cache
def _fields(kind: type[PlannedFields]) -> BindingDict:
    first = kind()
    bound = BindingDict(first)
    for name, field in first.get_fields().items():
        bound[name] = field
    return bound


@cache
def _plan(kind: type[PlannedFields], row: Any) -> list[_Step]:
    columns = {column.attname for column in row._meta.concrete_fields} if issubclass(row, models.Model) else set()
    readable = [field for field in _fields(kind).values() if not field.write_only]
    return [_Step(str(field.field_name), _reader(field, columns), _shower(field)) for field in readable]


def _reader(field: Any, columns: set[str]) -> Callable[[Any], Any]:
    if type(field).get_attribute is not fields.Field.get_attribute:
        return lambda row: _unwrapped(field.get_attribute(row))
    return attrgetter(field.source) if field.source in columns else field.get_attribute


def _unwrapped(value: Any) -> Any:
    return None if isinstance(value, PKOnlyObject) and value.pk is None else value


_SHOWN: dict[Any, Callable[[Any], Any] | None] = {
    fields.CharField.to_representation: str,
    fields.IntegerField.to_representation: int,
    fields.FloatField.to_representation: float,
}
"""What some fields do to a value, without the call of a method around it: a page of 50 events has 900 values."""


def _time(otherwise: Callable[[Any], Any], value: Any) -> Any:
    """As REST framework tells times, without asking which zone is the present one: ours is UTC."""
    is_utc = type(value) is datetime and value.tzinfo is UTC
    return f"{value.replace(tzinfo=None).isoformat()}Z" if is_utc else otherwise(value)


def _shower(field: Any) -> Callable[[Any], Any] | None:
    method = type(field).to_representation
    if method is fields.JSONField.to_representation and not field.binary:
        return None
    if method is fields.DateTimeField.to_representation and not hasattr(field, "format"):
        return partial(_time, field.to_representation)
    return _SHOWN.get(method, field.to_representation)
