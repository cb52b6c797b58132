"""What keeps the admin's lists quick when tables are large: nothing here reads a whole table to draw a page of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.contrib.admin import AllValuesFieldListFilter, FieldListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

MOST_COUNTED = 10_000
MOST_VALUES = 100
MOST_MONTHS = 24
MOST_SEARCHED = 10_000
MOST_FOUND = 1_000
MOST_WORDS = 20


class Number(int):
    """How many rows a list has; from MOST_COUNTED on nobody counted further."""

    def __str__(self) -> str:
        return f"{MOST_COUNTED:,} or more" if self >= MOST_COUNTED else super().__repr__()


class BoundedPaginator(Paginator):
    """Counts no further than MOST_COUNTED rows: a million took 50 to 400 ms. What lies beyond is found by filters."""

    @cached_property
    def count(self) -> int:
        return counted(self.object_list)


def counted(rows: Any) -> Number:
    """How many rows there are, to the bound."""
    # Without the order, which would keep the database from the narrowest index, and what is computed beside each row.
    return Number(rows.order_by().values("pk")[:MOST_COUNTED].count())


class ValuesFilter(AllValuesFieldListFilter):
    """The values of an indexed column, found by stepping from one to the next: DISTINCT reads the whole index."""

    def __init__(self, field: Any, *args: Any, **named: Any) -> None:
        super().__init__(field, *args, **named)
        if leads_an_index(field):
            self.lookup_choices: Any = list(values_of(field.model, field.column))


def leads_an_index(field: Any) -> bool:
    """Whether an index over all rows begins with the column."""
    named = any(index.condition is None and index.fields[:1] == [field.name] for index in field.model._meta.indexes)
    return named or field.db_index or field.unique


def values_of(model: type[models.Model], column: str, among: str = "TRUE") -> Iterator[str]:
    """The values, least first; of the rows `among`, where an index is over those alone and says so in these words."""
    table, name = (connection.ops.quote_name(part) for part in (model._meta.db_table, column))
    with connection.cursor() as cursor:
        cursor.execute(_STEPS.format(table=table, name=name, among=among), [MOST_VALUES])
        for (value,) in cursor.fetchall():
            yield value


_STEPS = """
WITH RECURSIVE found(value) AS (
    SELECT MIN({name}) FROM {table} WHERE {among}
    UNION ALL
    SELECT (SELECT MIN({name}) FROM {table} WHERE {among} AND {name} > found.value)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL LIMIT %s
"""


AGES = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}


class MonthFilter(FieldListFilter):
    """The last hour to the last 30 days, then months from the newest row to the oldest: of an indexed column two
    look-ups, where Django's own drill-down by date truncates the time of every row."""

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        self.parameter, self.age_parameter = f"{field_path}__month", f"{field_path}__within"
        super().__init__(field, request, params, model, model_admin, field_path)
        asked: Any = self.used_parameters.get(self.parameter, [""])
        self.chosen = str(asked[-1])
        aged: Any = self.used_parameters.get(self.age_parameter, [""])
        self.age = str(aged[-1])
        times = model_admin.get_queryset(request).order_by(field_path).values_list(field_path, flat=True)
        # One statement each: SQLite looks up the least or the greatest of an index, and reads all of it for both.
        self.months = list(_months(times.first(), times.last()))

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter, self.age_parameter]

    def has_output(self) -> bool:
        return bool(self.months)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.age:
            if self.age not in AGES:
                raise ValueError(f"{self.age} is no age; one of {', '.join(AGES)} is.")
            queryset = queryset.filter(**{f"{self.field_path}__gte": timezone.now() - AGES[self.age][1]})
        if not self.chosen:
            return queryset
        start = datetime.strptime(f"{self.chosen}-01+0000", "%Y-%m-%d%z")  # its ValueError tells the person
        return queryset.filter(**{f"{self.field_path}__gte": start, f"{self.field_path}__lt": _next(start)})

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        everything = changelist.get_query_string(remove=[self.parameter, self.age_parameter])
        yield {"selected": not (self.chosen or self.age), "query_string": everything, "display": "Any time"}
        for age, (name, _) in AGES.items():
            query = changelist.get_query_string({self.age_parameter: age}, remove=[self.parameter])
            yield {"selected": age == self.age, "query_string": query, "display": name}
        for month in self.months:
            query = changelist.get_query_string({self.parameter: month}, remove=[self.age_parameter])
            yield {"selected": month == self.chosen, "query_string": query, "display": month}


def _months(first: datetime | None, last: datetime | None) -> Iterator[str]:
    if first is None or last is None:
        return
    newest, oldest = (moment.year * 12 + moment.month - 1 for moment in (last, first))
    for month in range(newest, max(oldest, newest - MOST_MONTHS + 1) - 1, -1):
        yield f"{month // 12:04}-{month % 12 + 1:02}"


def _next(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def found_by(rows: QuerySet[Any], exact: Sequence[str], parts: Sequence[str], term: str) -> QuerySet[Any]:
    """Rows with the term in an `exact` column, of all there are; and those of the newest MOST_SEARCHED in whose `parts`
    each of its words occurs."""
    words = term.split()[:MOST_WORDS]
    if not words:
        return rows
    every = rows.model._default_manager.order_by("-pk")  # noqa: SLF001 -- of any model: the documented way
    floor = every.values_list("pk", flat=True)[MOST_SEARCHED : MOST_SEARCHED + 1].first()
    newest = every if floor is None else every.filter(pk__gt=floor)
    for word in words:
        newest = newest.filter(reduce(or_, (Q(**{f"{name}__icontains": word}) for name in parts)))
    # Each by itself and then by their keys: a plan for "this or that" may read the table.
    found = [newest, *(known_by(every, [name], term.strip()) for name in exact)]
    return rows.filter(pk__in={pk for some in found for pk in some.values_list("pk", flat=True)[:MOST_FOUND]})


def known_by(rows: QuerySet[Any], columns: Sequence[str], term: str) -> QuerySet[Any]:
    """Rows with the term in one of the columns, exactly; as each column writes it, so that its index is of use."""
    found = Q(pk__in=[])
    for name in columns:
        field = rows.model._meta.get_field(name)
        try:
            found |= Q(**{name: field.to_python(term)})
        except (ValidationError, ValueError):
            continue  # no value of this column is written like that
    return rows.filter(found)


FieldListFilter.register(
    lambda field: isinstance(field, models.CharField) and not field.choices, ValuesFilter, take_priority=True
)
