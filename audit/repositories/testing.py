"""How a repository runs its tests."""

import json
import re
from pathlib import Path

from audit.repositories.wishes import Wishes
from config.errors import DomainError


class NoTests(DomainError):
    """Nothing says how the tests run."""

    code = "no-tests-known"
    remedy = 'say so in pyproject.toml: [tool.handrail], test = "the command"'


def test_command(root: Path, wishes: Wishes) -> str:
    """What is said, else what is usual where such files are. Raises NoTests."""
    if wishes.test:
        return wishes.test
    if re.search(r"^test\s*:(?!=)", _text(root / "Makefile"), re.MULTILINE):
        return "make test"
    if _script(root / "package.json"):
        return "npm test"
    if (root / "tests").is_dir() or (root / "pytest.ini").is_file():
        own = root / ".venv" / "bin" / "python"
        return f"{'.venv/bin/python' if own.exists() else 'python3'} -m pytest -q"
    if (root / "go.mod").is_file():
        return "go test ./..."
    if (root / "Cargo.toml").is_file():
        return "cargo test"
    raise NoTests(f"Nothing in {root} says how its tests run.")


def _script(path: Path) -> bool:
    try:
        return bool(json.loads(_text(path) or "{}")["scripts"]["test"])
    except (ValueError, KeyError, TypeError):
        return False


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
