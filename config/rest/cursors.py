"""Lists by cursor: `{next, previous, results}`.

A cursor is `[r]OFFSET:POSITION`: `r` reads backwards, and the position is where the page begins in the first column of
the order. Each kind of column writes its positions so that a pattern says exactly which there are, and OpenAPI says
that pattern: whatever fits it is a place in the list, so no cursor is refused that the schema allows.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from rest_framework import pagination
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from config.rest.paging import Weighed

PAGE_SIZE, MAX_PAGE_SIZE = 50, 500
_ROWS = "Rows a page, at most; a page of large rows ends earlier, so follow `next`."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind of column writes a position; `read` gives what `str()` of the column's value is."""

    pattern: str
    write: Callable[[str], str] = str
    read: Callable[[str], str] = str


def _time_of(microseconds: str) -> str:
    return str(_EPOCH + int(microseconds) * _MICROSECOND)


# One pattern for both, since a list may be ordered by either. Seventeen digits of microseconds end in the year 5138;
# sixteen of them before 1970 begin in 1653.
_DIGITS = "-?[0-9]{1,16}|[0-9]{17}"
_NUMBER = _Kind(_DIGITS)
_TIME = _Kind(_DIGITS, lambda text: str((datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND), _time_of)
_UUID = _Kind("[0-9a-f]{32}", lambda text: UUID(text).hex, lambda text: str(UUID(text)))
_TEXT = _Kind("[^\\u0000]{1,255}")


def _kind(model: type[models.Model], ordering: tuple[str, ...]) -> _Kind:
    name = ordering[0].lstrip("-")
    column = model._meta.pk if name == "pk" else model._meta.get_field(name)
    match column:
        case models.DateTimeField():
            return _TIME
        case models.UUIDField():
            return _UUID
        case models.IntegerField():
            return _NUMBER
    return _TEXT


class CursorPagination(pagination.CursorPagination):
    """A view sets `ordering`, by default the newest first."""

    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    ordering = "-id"

    def get_ordering(self, request: Request | None, queryset: Any, view: Any) -> tuple[str, ...]:
        ordering = getattr(view, "ordering", self.ordering)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        self.kind = _kind(queryset.model, self.get_ordering(request, queryset, view))
        if large := getattr(view, "large_fields", ()):
            queryset = Weighed(queryset, large, self)
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get("page_size")
        if asked is None:
            return PAGE_SIZE
        if not (asked.isascii() and asked.isdigit() and len(asked) < 9 and 1 <= int(asked) <= MAX_PAGE_SIZE):
            raise ValidationError({"page_size": f"Must be a whole number from 1 to {MAX_PAGE_SIZE}."})
        return int(asked)

    def decode_cursor(self, request: Request) -> Any:
        sent = request.query_params.get("cursor")
        if sent is None:
            return None
        if not re.fullmatch(_pattern(self.kind), sent):
            raise ValidationError({"cursor": "Not a cursor of this list. Take it whole from `next` or `previous`."})
        offset, _, position = sent.removeprefix("r").partition(":")
        read = self.kind.read(position) if position else None
        return pagination.Cursor(offset=int(offset), reverse=sent.startswith("r"), position=read)  # type: ignore[arg-type]

    def encode_cursor(self, cursor: Any) -> str:
        position = "" if cursor.position is None else self.kind.write(cursor.position)
        text = f"{'r' if cursor.reverse else ''}{cursor.offset}:{position}"
        return replace_query_param(str(self.base_url), "cursor", text)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        kind = _kind(view.queryset.model, self.get_ordering(None, view.queryset, view))
        return [
            {
                "name": "cursor",
                "in": "query",
                "description": "From `next` or `previous`.",
                "schema": {"type": "string", "pattern": f"^{_pattern(kind)}$"},
            },
            {"name": "page_size", "in": "query", "description": _ROWS, "schema": size},
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """As OpenAPI 3.1 says null: REST framework says it as 3.0 did, and a client made from that fails at the end."""
        address = {"type": ["string", "null"], "format": "uri"}
        properties = {"next": address, "previous": address, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}


def _pattern(kind: _Kind) -> str:
    # Five digits of offset: rows that share a page's border, such as an import's that have one timestamp.
    return f"(r?[0-9]{{1,5}}:({kind.pattern})?)"
