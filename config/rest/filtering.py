"""The filters of a list, read as strictly as a body."""

import re
from typing import Any, ClassVar

from django.db import models
from django_filters import BooleanFilter, CharFilter, Filter, NumberFilter
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.utils import get_model_field, translate_validation
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

_WHOLE = re.compile(r"-?[0-9]{1,18}")


class FilterBackend(DjangoFilterBackend):
    """Filters a list; an unknown parameter is an error, since a misspelt filter would answer with every row."""

    OWN: ClassVar = {"cursor", "page_size", "format"}

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        if self.OWN.issuperset(request.query_params):
            return queryset  # nothing to filter by: a filter set with its form takes 0.9 ms
        filterset = self.get_filterset(request, queryset, view)
        if getattr(view, "action", "list") == "list":
            known = self.OWN | (_parameters(filterset) if filterset else set())
            unknown = sorted(set(request.query_params) - known)
            if unknown:
                message = f"Unknown parameter. Known are: {', '.join(sorted(known))}."
                raise ValidationError(dict.fromkeys(unknown, message))
        if filterset is None:
            return queryset
        if misread := _misread(filterset, request.query_params, queryset.model):
            raise ValidationError(misread)
        if not filterset.is_valid():
            raise translate_validation(filterset.errors)
        return filterset.qs


def _parameters(filterset: Any) -> set[str]:
    names = set(filterset.filters)
    for name, declared in filterset.filters.items():
        suffixes = getattr(declared.field.widget, "suffixes", [])
        names |= {f"{name}_{suffix}" for suffix in suffixes}
    return names


def _misread(filterset: Any, sent: Any, model: Any) -> dict[str, str]:
    """Values django-filter would take for something else: 0.5 for a whole number, "null" for no filter at all."""
    errors = {}
    for name, declared in filterset.filters.items():
        for value in sent.getlist(name):
            match declared:
                case BooleanFilter() if value not in {"true", "false"}:
                    errors[name] = "Must be true or false."
                case NumberFilter() if not _WHOLE.fullmatch(value) and isinstance(
                    get_model_field(model, declared.field_name), models.IntegerField
                ):
                    errors[name] = "Must be a whole number."
                case Filter() if not value and not isinstance(declared, CharFilter):
                    errors[name] = "Must not be blank."
    return errors
