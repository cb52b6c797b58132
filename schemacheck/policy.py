"""What a project wants of its checks: which rules, for which server, in which files."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.errors import DomainError, FieldError

OLDEST, NEWEST = 9, 18
_LISTS = ("select", "ignore", "paths")


class InvalidPolicy(DomainError):
    code = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`select` and `ignore` name rules, families, `default` or `all`; what the server refuses is always said."""

    select: frozenset[str] = frozenset({"default"})
    ignore: frozenset[str] = frozenset()
    pg_version: int | None = None
    assume_in_transaction: bool = False
    small_table_rows: int = 0
    paths: tuple[str, ...] = ()

    def changed(self, **given: Any) -> "Policy":
        """The policy with what a caller gave; None leaves a value as it is. Raises InvalidPolicy."""
        return replace(self, **_checked({key: value for key, value in given.items() if value is not None}))


DEFAULT_POLICY = Policy()


def find_policy(start: Path) -> Policy:
    """The policy of the nearest pyproject.toml with a [tool.schemacheck]. Raises InvalidPolicy."""
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and (table := _table(file)) is not None:
            return read_policy(file, table)
    return Policy()


def read_policy(file: Path, table: Mapping[str, Any] | None = None) -> Policy:
    """The policy of one file. Raises InvalidPolicy where it cannot be read, or says what nobody knows."""
    found = _table(file) if table is None else table
    given = dict(found or {})
    policy = Policy().changed(**given)
    return replace(policy, paths=tuple(str(file.parent / path) for path in policy.paths))


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        document = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidPolicy(f"{file} cannot be read: {error}. Correct it, or name another with --config.") from error
    found = document.get("tool", {}).get("schemacheck")
    return found if isinstance(found, dict) else None


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    known = list(Policy.__dataclass_fields__)
    checked: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise _refused(key, f"There is no setting {key!r}. Known are {', '.join(known)}.")
        checked[key] = _list(key, value) if key in _LISTS else _single(key, value)
    return checked


def _list(key: str, value: Any) -> Any:
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise _refused(key, f"{key} is a list of strings.")
    if key == "paths":
        return tuple(value)
    from schemacheck.rules import RULES

    known = {"all", "default", *RULES, *(rule.family for rule in RULES.values())}
    for item in value:
        if item not in known:
            raise _refused(key, f"{key} names {item!r}, which is no rule and no family. See docs/schemacheck-rules.md.")
    return frozenset(value)


def _single(key: str, value: Any) -> Any:
    if key == "assume_in_transaction":
        if not isinstance(value, bool):
            raise _refused(key, "assume_in_transaction is true or false.")
    elif isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _refused(key, f"{key} is a whole number, 0 or more.")
    elif key == "pg_version" and not OLDEST <= value <= NEWEST:
        raise _refused(key, f"pg_version is a major version of PostgreSQL from {OLDEST} to {NEWEST}.")
    return value


def _refused(key: str, detail: str) -> InvalidPolicy:
    return InvalidPolicy(detail, errors=[FieldError(field=key, code="invalid", detail=detail)])
