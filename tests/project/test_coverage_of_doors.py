"""Every command, operation, job, tool and sign of an app has a test that names it."""

import ast
import re
from pathlib import Path

import pytest

from tests.project.sources import APPS, PACKAGES, ROOT, names_in_tests, python_files, strings_in_tests, tree

# Modules that are doors or tables; what is left in an app computes or operates.
DOORS = {
    "admin",
    "apps",
    "dashboard",
    "demo",
    "filters",
    "health",
    "mcp",
    "metrics",
    "models",
    "serializers",
    "tasks",
    "urls",
    "views",
}


def commands() -> list[Path]:
    return [path for path in python_files(*PACKAGES) if path.parts[-3:-1] == ("management", "commands")]


@pytest.mark.parametrize("path", [path for path in commands() if path.stem != "__init__"], ids=lambda path: path.stem)
def test_a_command_has_a_test(path: Path) -> None:
    name = re.compile(rf"(?:^|manage\.py )(?:-m )?{re.escape(path.stem)}(?: |$)")
    where = path.relative_to(ROOT)
    assert any(name.search(text) for text in strings_in_tests()), (
        f"No test runs `manage.py {path.stem}` ({where}). Add one to tests/{path.parts[-4]}/ with "
        f'run_command("{path.stem}", ...).'
    )


def operations(app: str) -> list[tuple[Path, str]]:
    """Public functions that take keywords only: the house's sign of an operation."""
    found = []
    for path in python_files(app):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if set(parts) & (DOORS | {"management", "migrations"}):
            continue
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                given = node.args
                if given.kwonlyargs and not (given.args or given.posonlyargs):
                    found.append((path, node.name))
    return found


@pytest.mark.parametrize("app", APPS)
def test_every_operation_has_a_test(app: str) -> None:
    untested = [f"{path.relative_to(ROOT)}: {name}" for path, name in operations(app) if name not in names_in_tests()]
    assert not untested, "No test calls these operations by name; add one each:\n" + "\n".join(untested)


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_operations(app: str) -> None:
    """Guards the gate above: a renamed convention must not leave it looking at nothing."""
    assert operations(app), f"No public keyword-only function was found in {app}/."


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_a_test_of_its_doors(app: str) -> None:
    path = ROOT / "tests" / app / "test_doors.py"
    assert path.exists(), f"{path.relative_to(ROOT)} is missing: one operation through all five doors, one result."


@pytest.mark.parametrize("app", APPS)
def test_every_job_and_tool_has_a_test(app: str) -> None:
    """A job is called by its function, or named as Celery names it; a tool is called by its name."""
    untested = []
    for module, decorators in (("tasks", {"shared_task"}), ("mcp", {"tool"})):
        path = ROOT / app / f"{module}.py"
        for node in tree(path).body if path.exists() else []:
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") in decorators:
                    [name] = [word.value.value for word in decorator.keywords if word.arg == "name"]  # type: ignore[attr-defined]
                    if name not in strings_in_tests() and not (module == "tasks" and node.name in names_in_tests()):
                        untested.append(f"{path.relative_to(ROOT)}: {name}")
    assert not untested, "No test uses these jobs or tools:\n" + "\n".join(untested)
