"""What a repository wants: `[tool.handrail]` of its pyproject.toml."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import DomainError


class InvalidWishes(DomainError):
    """A pyproject.toml that cannot be read, or says what nobody knows."""

    code = "invalid-repository-settings"
    remedy = "correct the file that `detail` names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    forbidden: Sequence[tuple[str, str]] = ()
    """Modules that must not import modules: `["shop.models -> shop.views"]`."""
    test: str = ""
    """The command that runs the tests."""
    has_import_linter: bool = False
    """Whether import-linter's own settings stand here."""


def wishes_of(root: Path) -> Wishes:
    """Raises InvalidWishes."""
    path = root / "pyproject.toml"
    if not path.is_file():
        return Wishes()
    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
        ours = dict(tools.get("handrail", {}))
        forbidden, test = ours.pop("forbidden-imports", []), ours.pop("test", "")
        if ours or not isinstance(test, str):
            raise ValueError(f"[tool.handrail] knows forbidden-imports and test, no {', '.join(ours) or 'such test'}")  # noqa: TRY301
        pairs = [_pair(text) for text in forbidden]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InvalidWishes(f"{path}: {error}") from error
    return Wishes(forbidden=pairs, test=test, has_import_linter="importlinter" in tools)


def _pair(text: Any) -> tuple[str, str]:
    importing, arrow, imported = (part.strip() for part in str(text).partition("->"))
    if not (importing and arrow and imported):
        raise ValueError(f'an entry of forbidden-imports is "a.module -> another.one", not {text!r}')
    return importing, imported
