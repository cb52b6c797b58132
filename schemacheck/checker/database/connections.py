"""Whose connection was given: Django's, or a plain one of psycopg or sqlite3.

Told by what it offers and by the names of its classes, so that nobody has to import what the caller may not even have.
"""

from typing import Any

from schemacheck.checker.errors import UnsupportedDatabase
from schemacheck.checker.findings import DIALECTS

_PLAIN = {"psycopg.Connection": "postgresql", "sqlite3.Connection": "sqlite"}
_DATABASE_ERRORS = {"django.db.utils.Error", "psycopg.Error", "sqlite3.Error"}


def is_django(connection: Any) -> bool:
    """Whether it is one of Django's, which holds the driver's own as `connection`."""
    return hasattr(connection, "vendor") and hasattr(connection, "ensure_connection")


def vendor_of(connection: Any) -> str:
    """`postgresql` or `sqlite`. Raises UnsupportedDatabase for any other."""
    if is_django(connection):
        vendor = str(connection.vendor)
    else:
        vendor = next((_PLAIN[name] for name in _class_names(connection) if name in _PLAIN), type(connection).__name__)
    if vendor not in DIALECTS:
        raise UnsupportedDatabase(f"Checks know PostgreSQL and SQLite, not {vendor}. Choose another database.")
    return vendor


def is_database_error(error: Exception) -> bool:
    """Whether the database, its driver or Django's wrapping of it says so; anything else is a fault of ours."""
    return any(name in _DATABASE_ERRORS for name in _class_names(error))


def _class_names(value: Any) -> list[str]:
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__]
