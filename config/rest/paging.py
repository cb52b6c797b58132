"""Pages of large rows: 500 rows of 2 MiB each would be a gigabyte in one answer."""

from typing import Any, Self

from django.db import connection
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL
from rest_framework.pagination import CursorPagination

MOST_PAGE_CHARACTERS = 4 * 1024 * 1024
"""What the large fields of a page's rows hold together. One row is always shown, whatever its size."""


class Weighed:
    """What DRF's cursor pagination does with a queryset, its slice ending where the rows become too much."""

    def __init__(self, rows: QuerySet[Any], fields: tuple[str, ...], pagination: CursorPagination) -> None:
        self._rows, self._fields, self._pagination = rows, fields, pagination

    def order_by(self, *names: str) -> Self:
        return type(self)(self._rows.order_by(*names), self._fields, self._pagination)

    def filter(self, **conditions: Any) -> Self:
        return type(self)(self._rows.filter(**conditions), self._fields, self._pagination)

    def __getitem__(self, part: slice) -> list[Any]:
        fit = _fitting(list(self._rows.values_list(self._weight(), flat=True)[part]))
        size = min(part.stop - part.start - 1, fit)  # DRF asks for one row more, to see whether a page follows
        self._pagination.page_size = size
        return list(self._rows[part.start : part.start + size + 1])

    def _weight(self) -> Any:
        """Measured by the database, so that only rows that are shown leave it.

        As text: expressions of Length, Cast and Coalesce would take the ORM longer to compose than the query takes.
        """
        meta, quote = self._rows.model._meta, connection.ops.quote_name
        columns = (f"{quote(meta.db_table)}.{quote(meta.get_field(name).column)}" for name in self._fields)
        lengths = " + ".join(f"coalesce(length(cast({column} AS text)), 0)" for column in columns)
        return RawSQL(lengths, (), IntegerField())  # noqa: S611 -- the names of our own columns


def _fitting(weights: list[int]) -> int:
    """How many of the rows fit a page, at least one."""
    total = 0
    for count, weight in enumerate(weights):
        total += weight
        if total > MOST_PAGE_CHARACTERS:
            return max(count, 1)
    return max(len(weights), 1)
