"""The hour or the day a row belongs to, UTC, for grouping by it."""

from typing import Any

from django.db.models import DateTimeField, Func


class _Beginning(Func):
    """On SQLite the first letters of the stored text: Django's Trunc is a function in Python there, 4 us a row."""

    arity = 1
    output_field = DateTimeField()
    unit: str
    letters: int
    rest: str

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"substr(%(expressions)s, 1, {self.letters}) || '{self.rest}'"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template=f"date_trunc('{self.unit}', %(expressions)s, 'UTC')", **context
        )


class Hour(_Beginning):
    unit, letters, rest = "hour", 13, ":00:00"


class Day(_Beginning):
    unit, letters, rest = "day", 10, " 00:00:00"


class Minute(_Beginning):
    unit, letters, rest = "minute", 16, ":00"
