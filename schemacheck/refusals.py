"""What the engine's errors are to the service: status, code and fields, the same at every door."""

from collections.abc import Iterator
from contextlib import contextmanager

from config.errors import DomainError, FieldError, PayloadTooLarge, Unavailable
from schemacheck.checker import errors


class InvalidCheck(DomainError):
    code = "invalid"


class AmbiguousName(DomainError):
    code = "ambiguous-name"
    remedy = "give more of the migration's name"


class InvalidPolicy(DomainError):
    code = "invalid"


class InvalidBaseline(DomainError):
    code = "invalid-baseline"


class UnsupportedDatabase(DomainError):
    code = "unsupported-database"


class TooLong(PayloadTooLarge):
    pass


class DatabaseAway(Unavailable):
    code = "database-away"


class Busy(Unavailable):
    pass


class ProjectFailed(DomainError):
    code = "project-failed"
    remedy = "`detail` has the project's own words: give it the Python, settings and variables it needs"


_MEANING: dict[type[errors.CheckError], type[DomainError]] = {
    errors.InvalidCheck: InvalidCheck,
    errors.InvalidPolicy: InvalidPolicy,
    errors.InvalidBaseline: InvalidBaseline,
    errors.UnsupportedDatabase: UnsupportedDatabase,
    errors.TooLong: TooLong,
    errors.DatabaseAway: DatabaseAway,
    errors.Busy: Busy,
    errors.ProjectFailed: ProjectFailed,
}


@contextmanager
def translated() -> Iterator[None]:
    """Whatever calls the engine stands inside; also a decorator."""
    try:
        yield
    except errors.CheckError as error:
        wrong = [FieldError(field=field, code=code, detail=error.detail) for field, code in error.fields.items()]
        headers = {"Retry-After": str(error.wait_seconds)} if error.wait_seconds else {}
        raise _MEANING[type(error)](error.detail, errors=wrong, headers=headers) from error
