"""The repository's own files, as the gates read them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("audit", "visioncache", "escalation", "prompts", "schemacheck", "dockerdebug")
PACKAGES = ("config", *APPS)
_SKIPPED = {".git", ".venv", "data", "__pycache__", "node_modules", "htmlcov"}


@cache
def repository_files() -> tuple[Path, ...]:
    """Every file that is, or would be, under version control."""
    if (ROOT / ".git").exists():
        command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, capture_output=True, check=False, text=True)
        if listed.returncode == 0:
            paths = (ROOT / name for name in listed.stdout.split("\0") if name)
            return tuple(sorted(path for path in paths if path.is_file()))
    return tuple(  # an unpacked archive has no .git
        sorted(
            path
            for path in ROOT.rglob("*")
            if path.is_file()
            and not any(part in _SKIPPED or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
        )
    )


def python_files(*folders: str) -> list[Path]:
    wanted = [ROOT / folder for folder in folders]
    return [path for path in repository_files() if path.suffix == ".py" and any(path.is_relative_to(w) for w in wanted)]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def names_in_tests() -> frozenset[str]:
    """Every name and attribute that a test reads or imports."""
    found: set[str] = set()
    for node in _nodes_of_tests():
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                found.add(name)
    return frozenset(found)


@cache
def strings_in_tests() -> frozenset[str]:
    """Every string literal of a test, docstrings included."""
    return frozenset(
        node.value for node in _nodes_of_tests() if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _nodes_of_tests() -> Iterator[ast.AST]:
    for path in python_files("tests"):
        if not path.is_relative_to(ROOT / "tests" / "project"):
            yield from ast.walk(tree(path))
