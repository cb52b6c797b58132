"""Which imports a repository forbids: by import-linter where it has that, else by a simple list."""

import ast
import configparser
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.repositories.wishes import Wishes
from config.errors import DomainError

_SOURCES = ("src", "lib")
"""Folders that are not part of a module's name."""


class LinterMissing(DomainError):
    """The repository has rules for import-linter, which is not installed for it."""

    code = "import-linter-missing"
    remedy = "install import-linter in the project's .venv, or where this runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """An import that is forbidden."""

    path: str
    line: int
    importing: str
    imported: str
    rule: str


def has_contracts(root: Path, wishes: Wishes) -> bool:
    """Whether import-linter has something to say here."""
    if wishes.has_import_linter or (root / ".importlinter").is_file():
        return True
    settings = configparser.ConfigParser(interpolation=None)
    try:
        settings.read(root / "setup.cfg", encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return False
    return settings.has_section("importlinter")


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the repository, the project's own before another. Raises LinterMissing."""
    own = root / ".venv" / "bin" / "lint-imports"
    program = str(own) if own.is_file() else shutil.which("lint-imports")
    if program is None:
        raise LinterMissing("This repository has contracts for import-linter, and there is no lint-imports.")
    return subprocess.run(  # noqa: S603  -- the project's own linter, as its developer runs it
        [program], cwd=root, capture_output=True, text=True, check=False
    )


def breaches(root: Path, files: Iterable[Path], forbidden: Sequence[tuple[str, str]]) -> list[Breach]:
    """The forbidden imports of files, which are below the root. What is no Python is passed over."""
    return [
        Breach(
            path=path.relative_to(root).as_posix(),
            line=line,
            importing=module,
            imported=imported,
            rule=f"{left} -> {right}",
        )
        for path in files
        if path.suffix == ".py"
        for module in [module_of(path.relative_to(root))]
        for left, right in forbidden
        if _is_within(module, left)
        for line, imported in _imports(path, module)
        if _is_within(imported, right)
    ]


def module_of(path: Path) -> str:
    """The name of the module in a file, from the root of the repository."""
    parts = list(path.with_suffix("").parts)
    if len(parts) > 1 and parts[0] in _SOURCES:
        parts = parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _imports(path: Path, module: str) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{name.name}".strip(".")) for name in node.names)
