"""JSON columns, read in half the time (a page of the trail has hundreds of them) and with the numbers as written."""

import json
import re
from typing import Any

from django.db import models

from config.canonical import LARGEST_INTEGER

_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # the C scanner, which typeshed leaves out
_MANY_DIGITS = re.compile(r"\d{16}")


def _number(digits: str) -> int | float:
    """PostgreSQL keeps 1e22 as digits; what is beyond an exact integer was a double, since nothing else goes in."""
    whole = int(digits)
    return whole if -LARGEST_INTEGER <= whole <= LARGEST_INTEGER else float(digits)


_careful = json.JSONDecoder(parse_int=_number)


def load_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError; without json.loads' care for white space, which no database adds."""
    if _MANY_DIGITS.search(text):
        return _careful.decode(text)
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
