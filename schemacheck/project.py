"""What a project wants of its checks, as its pyproject.toml says."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from schemacheck.checker.policy import InvalidPolicy, Policy
from schemacheck.checker.rules import recognised


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
    policy = recognised(Policy().changed(**given))
    return replace(policy, paths=tuple(str(file.parent / path) for path in policy.paths))


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        document = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidPolicy(f"{file} cannot be read: {error}. Correct it, or name another with --config.") from error
    found = document.get("tool", {}).get("schemacheck")
    return found if isinstance(found, dict) else None
