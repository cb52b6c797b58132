"""What two doors say of one operation is the same: its fields, their types, limits and defaults.

What a door leaves out or says otherwise stands in tests/project/operations/, with a reason. The doors are read as a
client sees them (tests/project/doors.py), so a field that is added to one of them is missed at the others here.
"""

import ast
import re
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class

from tests.project.doors import DOORS, Field, command_parser, fields_at, mcp_schemas, openapi, verbs_of
from tests.project.operations import APART, OPERATIONS
from tests.project.operations.terms import QUIET, SILENT, Operation
from tests.project.sources import APPS, ROOT, python_files, tree
from tests.project.test_coverage_of_doors import operations

DOOR_MODULES = {"views", "admin", "mcp", "tasks", "commands"}  # or folders of such
EVERY = [pytest.param(operation, id=operation.name) for operation in OPERATIONS]


def fields_of(operation: Operation) -> dict[str, dict[str, Field]]:
    """The fields at each door, by the names the first door has for them."""
    found = {}
    for door, where in operation.doors.items():
        renamed = operation.names.get(door, {})
        own = operation.own.get(door, {})
        fields = fields_at(door, where)
        assert set(own) <= set(fields), f"{operation.name} at {door}: {sorted(set(own) - set(fields))} are not there."
        found[door] = {renamed.get(name, name): field for name, field in fields.items() if name not in own}
    return found


def is_quiet(door: str, operation: Operation) -> bool:
    """Whether a door is a REST list: its filters state no limits, since what fits nothing finds nothing."""
    return door == "rest" and operation.doors["rest"].startswith("GET ")


def differences(door: str, field: Field, first: Field, *, quiet: bool, is_update: bool) -> dict[str, tuple[Any, Any]]:
    """Which parts a door says otherwise; one that it, or a quiet first door, leaves to the operation is none."""
    found = {}
    for part in (item.name for item in dataclass_fields(Field)):
        here, there = getattr(field, part), getattr(first, part)
        if part == "item" and here is not None and there is not None:
            found |= {
                f"item.{name}": pair
                for name, pair in differences(door, here, there, quiet=quiet, is_update=is_update).items()
            }
        elif part == "kind" and "json" in (here, there) and {here, there} <= {"json", "object", "list", "text"}:
            continue  # a text that holds the JSON
        elif door == "admin" and part in ("required", "default") and is_update:
            continue  # a form of a row holds what the row has
        elif here == there or ((door, part) in SILENT and not here) or (quiet and part in QUIET and not there):
            continue
        else:
            found[part] = (here, there)
    return found


@pytest.mark.parametrize("operation", EVERY)
def test_every_door_has_every_field_or_a_reason(operation: Operation) -> None:
    found = fields_of(operation)
    names = {name for fields in found.values() for name in fields}
    wrong = []
    for door, fields in found.items():
        lacking = names - set(fields) - (in_path(operation) if door == "admin" else set())  # the admin's row says it
        excused = set(operation.lacks.get(door, {}))
        if lacking != excused:
            wrong.append(f"{door}: without a reason {sorted(lacking - excused)}, not so {sorted(excused - lacking)}")
    assert not wrong, f"{operation.name}\n" + "\n".join(wrong)


@pytest.mark.parametrize("operation", EVERY)
def test_every_door_says_the_same_of_a_field_or_a_reason_why_not(operation: Operation) -> None:
    found = fields_of(operation)
    first = next(iter(found))
    quiet, is_update, wrong = is_quiet(first, operation), "PATCH" in operation.doors.get("rest", ""), []
    for door in list(found)[1:]:
        said = {
            name: unlike
            for name, field in found[door].items()
            if name in found[first]
            and name not in in_path(operation)  # a row that is there or not, whatever its name may be
            and (unlike := differences(door, field, found[first][name], quiet=quiet, is_update=is_update))
        }
        excused = set(operation.differs.get(door, {}))
        unexcused = {name: unlike for name, unlike in said.items() if name not in excused}
        if set(said) != excused:
            wrong.append(f"{door} (here, at {first}): {unexcused}, not so {sorted(excused - set(said))}")
    assert not wrong, f"{operation.name}\n" + "\n".join(wrong)


def in_path(operation: Operation) -> set[str]:
    return set(re.findall(r"{(\w+)}", operation.doors.get("rest", "")))


@pytest.mark.parametrize("operation", EVERY)
def test_a_door_that_does_not_offer_an_operation_has_a_reason(operation: Operation) -> None:
    assert set(operation.without) == set(DOORS) - set(operation.doors)
    assert all(operation.without.values())


def called_by_doors(app: str) -> set[str]:
    """The operations an app's doors name, as module.function."""
    known = {f"{_module(path)}.{name}" for path, name in operations(app)}
    named: set[str] = set()
    for path in python_files(app):
        if DOOR_MODULES & {path.stem, path.parent.name}:
            named |= set(_references(path))
    return known & named


def _references(path: Path) -> list[str]:
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree(path)):
        match node:
            case ast.Name(id=name) if name in imported:
                found.append(imported[name])
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in imported:
                found.append(f"{imported[name]}.{attribute}")
    return found


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("app", APPS)
def test_the_table_has_every_operation_a_door_calls(app: str) -> None:
    called = called_by_doors(app)
    assert called, f"No door of {app} calls an operation: the gate looks at nothing."
    listed = {name for operation in OPERATIONS for name in operation.calls} | set(APART)
    assert not called - listed, f"Add to tests/project/operations/: {sorted(called - listed)}"
    assert not {name for name in APART if name.startswith(f"{app}.")} - called, "An exception nobody needs any more."


def test_the_table_has_every_tool() -> None:
    assert {item.doors["mcp"] for item in OPERATIONS if "mcp" in item.doors} == set(mcp_schemas())


def test_the_table_has_every_endpoint_that_changes_something() -> None:
    there = {
        f"{method.upper()} {path.removeprefix('/api/v1/')}"
        for path, methods in openapi()["paths"].items()
        for method in methods
        if method in {"post", "put", "patch", "delete"}
    }
    listed = {item.doors["rest"] for item in OPERATIONS if "rest" in item.doors}
    assert there - listed - set(APART) == set()


def test_the_table_has_every_verb_of_the_tools_commands() -> None:
    there = set()
    for app in APPS:
        for path in (ROOT / app / "management" / "commands").glob("[a-z]*.py"):
            if getattr(load_command_class(app, path.stem), "older_name_of", ""):
                continue  # the same as the command it names
            verbs = verbs_of(command_parser(path.stem))
            there |= {f"{path.stem} {verb}" for verb in verbs} or {path.stem}
    listed = {item.doors["command"] for item in OPERATIONS if "command" in item.doors}
    assert there - listed - set(APART) == set()


@pytest.mark.parametrize(
    ("here", "seen"),
    [
        (Field(kind="text", most=255), set()),
        (Field(kind="text"), {"most"}),
        (Field(kind="integer", most=255), {"kind"}),
        (Field(kind="text", most=255, choices=frozenset({"a"})), {"choices"}),
        (Field(kind="text", most=255, required=True), {"required"}),
        (Field(kind="text", most=255, null=True), {"null"}),
        (Field(kind="text", most=255, default="x"), {"default"}),
    ],
    ids=lambda value: str(value) if isinstance(value, set) else "",
)
def test_the_comparison_sees(here: Field, seen: set[str]) -> None:
    first = Field(kind="text", most=255)
    assert set(differences("mcp", here, first, quiet=False, is_update=False)) == seen
