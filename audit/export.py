"""The trail as a file: JSON, JSON lines or CSV, streamed with constant memory."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from django.core.serializers.json import DjangoJSONEncoder

from audit.models import Event, EventQuerySet
from config.errors import DomainError, FieldError

Format = Literal["json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
CONTENT_TYPES = {"json": "application/json", "jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}

COLUMNS = (
    "uid",
    "timestamp",
    "event_type",
    "entity_type",
    "entity_id",
    "old_value",
    "new_value",
    "changes",
    "user",
    "actor",
    "correlation_id",
    "context",
)
_JSON_COLUMNS = {"old_value", "new_value", "changes", "context"}
_ROWS_A_READ = 2000


def export(*, events: EventQuerySet, form: str) -> Iterator[str]:
    """The events, oldest first, as chunks of text. Raises DomainError for an unknown format."""
    if form not in FORMATS:
        detail = f"Unknown export format. Known are: {', '.join(FORMATS)}."
        raise DomainError(detail, errors=[FieldError(field="format", code="unknown", detail=detail)])
    rows = events.order_by("id").values_list(*COLUMNS).iterator(_ROWS_A_READ)
    return {"json": _json, "jsonl": _json_lines, "csv": _csv}[form](rows)


def _json_lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for row in rows:
        yield _object(row) + "\n"


def _json(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    yield "["
    for index, row in enumerate(rows):
        yield (",\n" if index else "\n") + _object(row)
    yield "\n]\n"


def _object(row: tuple[Any, ...]) -> str:
    return json.dumps(dict(zip(COLUMNS, row, strict=True)), cls=DjangoJSONEncoder, ensure_ascii=False)


def _csv(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    line = _Line()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    yield line.text
    for row in rows:
        writer.writerow(_cell(name, value) for name, value in zip(COLUMNS, row, strict=True))
        yield line.text


class _Line:
    """Holds what csv.writer wrote last."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _JSON_COLUMNS:
        return _unarmed(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False))
    return _unarmed(value.isoformat() if name == "timestamp" else str(value))


def _unarmed(text: str) -> str:
    """A spreadsheet runs a cell that starts like a formula; a leading apostrophe makes it text again."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def file_name(form: str) -> str:
    return f"audit-events.{form}"


def select(
    *,
    entity_type: str | None = None,
    entity_id: str | None = None,
    event_type: str | None = None,
    start: Any = None,
    end: Any = None,
) -> EventQuerySet:
    """The events that match every filter given."""
    wanted = {"entity_type": entity_type, "entity_id": entity_id, "event_type": event_type}
    given = {name: value for name, value in wanted.items() if value}
    return Event.objects.filter(**given).between(start, end)
