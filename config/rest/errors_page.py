"""Writes docs/errors.md: `python -m config.rest.errors_page > docs/errors.md`."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from config.errors import DomainError

_HEAD = """# Errors

REST answers `code` and `detail` as problem+json, a job logs both; MCP and the commands say `detail`, and commands end
with 2. `detail` is about this one request; what is here is what to do about the kind. Lists, bodies and repeated
requests: [operating.md](operating.md#errors-a-client-may-see).

| status | code | raised in | what to do |
|---|---|---|---|
"""
_FOOT = """
Written by `python -m config.rest.errors_page > docs/errors.md`; a test holds it to the code.
"""
_MOST_MODULES = 3
_ELSEWHERE = {"migrations", "collectors"}
"""Modules that Django loads, and those that run under another project's Python."""


def render() -> str:
    """The page."""
    from django.conf import settings

    packages = ["config", "audit", *settings.TOOLS]
    raised = _raised(settings.BASE_DIR, packages)
    rows: dict[tuple[int, str, str], set[str]] = defaultdict(set)
    for kind in _kinds(packages):
        rows[kind.status, kind.code, kind.remedy] |= raised[kind.__name__]
    return _HEAD + "".join(_row(*row, modules) for row, modules in sorted(rows.items()) if modules) + _FOOT


def _row(status: int, code: str, remedy: str, modules: set[str]) -> str:
    places = modules if len(modules) <= _MOST_MODULES else {module.partition("/")[0] for module in modules}
    return f"| {status} | `{code}` | {', '.join(sorted(places))} | {remedy} |\n"


def _kinds(packages: list[str]) -> list[type[DomainError]]:
    """Every kind of error there is in the packages, once all of their modules are loaded."""
    for package in packages:
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            if not _ELSEWHERE & set(module.name.split(".")):
                import_module(module.name)
    kinds = [DomainError]
    for kind in kinds:
        kinds += kind.__subclasses__()  # the list grows as it is read
    return [kind for kind in kinds if kind.__module__.partition(".")[0] in packages]


def _raised(base: Path, packages: list[str]) -> dict[str, set[str]]:
    """The modules that make an error of each name."""
    found: dict[str, set[str]] = defaultdict(set)
    for package in packages:
        for path in (base / package).rglob("*.py"):
            for name in _made(ast.parse(path.read_text(encoding="utf-8"))):
                found[name].add(path.relative_to(base).as_posix())
    return found


def _made(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                yield name
            case ast.Raise(exc=ast.Name(id=name)):
                yield name
            case ast.Dict(values=values):  # a table from another library's errors to ours
                yield from (value.id for value in values if isinstance(value, ast.Name))


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    sys.stdout.write(render())
