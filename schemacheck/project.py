"""What a project wants of its checks, as its pyproject.toml says."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from schemacheck.checker.policy import Policy
from schemacheck.checker.rules import recognised
from schemacheck.refusals import InvalidPolicy, translated


@translated()
def policy_for(file: Path | None = None, **given: Any) -> Policy:
    """The policy of a file, by default of the nearest pyproject.toml, with what a caller gave. Raises InvalidPolicy."""
    policy = read_policy(file) if file else find_policy(Path.cwd())
    return recognised(policy.changed(**given))


def find_policy(start: Path) -> Policy:
    """The policy of the nearest pyproject.toml with a [tool.schemacheck]. Raises InvalidPolicy."""
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and (table := _table(file)) is not None:
            return read_policy(file, table)
    return Policy()


@translated()
def read_policy(file: Path, table: Mapping[str, Any] | None = None) -> Policy:
    """The policy of one file. Raises InvalidPolicy where it cannot be read, or says what nobody knows."""
    settings = (_table(file) if table is None else table) or {}
    policy = recognised(Policy().changed(**settings))
    return replace(policy, paths=tuple(str(file.parent / path) for path in policy.paths))


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        document = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidPolicy(f"{file} cannot be read: {error}. Correct it, or name another with --config.") from error
    tools = document.get("tool")
    settings = tools.get("schemacheck") if isinstance(tools, dict) else None
    if settings is not None and not isinstance(settings, dict):
        raise InvalidPolicy(
            f"{file} has a tool.schemacheck that is no table. Write [tool.schemacheck] and lines below."
        )
    return settings
