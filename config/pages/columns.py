"""How a field is shown when nobody said otherwise: a time as a time, JSON as a tree, a long text as it is."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.helpers import AdminReadonlyField
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from config.pages import kit


def column(model: type[models.Model], name: Any) -> Any:
    """What stands in `list_display` for a name: of a field that holds a time, a function that says how long ago."""
    kind = _field(model, name)
    return _relative(name, str(label_for_field(name, model))) if isinstance(kind, models.DateTimeField) else name


def _relative(name: str, label: str) -> Callable[[Any], Any]:
    def shown(row: Any) -> Any:
        return kit.moment(getattr(row, name))

    shown.__name__ = name  # what the column's class is made of
    shown.short_description = label  # type: ignore[attr-defined]
    shown.admin_order_field = name  # type: ignore[attr-defined]
    return shown


def contents(shown: AdminReadonlyField, *, exact: bool = True) -> Any:
    """A field of an object's page that is only looked at."""
    name: Any = shown.field["field"]
    row = shown.form.instance
    match _field(type(row), name):
        case models.DateTimeField():
            return kit.moment(getattr(row, name), exact=exact)
        case models.JSONField():
            return kit.tree(getattr(row, name))
        case models.TextField() if "\n" in (text := getattr(row, name) or ""):
            return kit.code(text)
    return shown.contents()


def _field(model: type[models.Model], name: Any) -> models.Field | None:
    try:
        found = model._meta.get_field(name)
    except (FieldDoesNotExist, TypeError):
        return None
    return found if isinstance(found, models.Field) else None
