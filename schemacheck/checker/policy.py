"""What is wanted of checks: which rules, for which server, in which files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from schemacheck.checker.errors import InvalidPolicy

OLDEST, NEWEST = 9, 18
_LISTS = ("select", "ignore", "paths")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`select` and `ignore` name rules, families, `default` or `all`; what the server refuses is always said."""

    select: frozenset[str] = frozenset({"default"})
    ignore: frozenset[str] = frozenset()
    pg_version: int | None = None
    assume_in_transaction: bool = False
    small_table_rows: int = 0
    paths: tuple[str, ...] = ()
    layout: str = ""
    """The tool whose migrations the folders hold; found out where it is not said."""

    def changed(self, /, **given: Any) -> "Policy":
        """The policy with what a caller gave; None leaves a value as it is. Raises InvalidPolicy."""
        return replace(self, **_checked({key: value for key, value in given.items() if value is not None}))


DEFAULT_POLICY = Policy()


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    settings = list(Policy.__dataclass_fields__)
    checked: dict[str, Any] = {}
    for key, value in given.items():
        if key not in settings:
            raise refused(key, f"There is no setting {key!r}. Known are {', '.join(settings)}.")
        checked[key] = _list(key, value) if key in _LISTS else _single(key, value)
    return checked


def _list(key: str, value: Any) -> Any:
    if not isinstance(value, list | tuple | frozenset) or not all(isinstance(item, str) for item in value):
        raise refused(key, f"{key} is a list of strings.")
    if key == "paths":
        return tuple(value)
    return frozenset(value)


def _single(key: str, value: Any) -> Any:
    if key == "layout":
        if not isinstance(value, str):
            raise refused(key, "layout is the name of a tool, such as dbmate.")
    elif key == "assume_in_transaction":
        if not isinstance(value, bool):
            raise refused(key, "assume_in_transaction is true or false.")
    elif isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise refused(key, f"{key} is a whole number, 0 or more.")
    elif key == "pg_version" and not OLDEST <= value <= NEWEST:
        raise refused(key, f"pg_version is a major version of PostgreSQL from {OLDEST} to {NEWEST}.")
    return value


def refused(key: str, detail: str) -> InvalidPolicy:
    """What to raise for a setting that cannot be."""
    return InvalidPolicy(detail, fields={key: "invalid"})
