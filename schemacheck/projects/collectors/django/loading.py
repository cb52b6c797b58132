"""Reads all migrations there are and which are applied; what hinders that is a problem, not an exception."""

from __future__ import annotations

import os
import traceback
from typing import Any, Collection

from django.apps import apps
from django.db import Error, connections
from django.db.migrations import Migration
from django.db.migrations.exceptions import CircularDependencyError, NodeNotFoundError
from django.db.migrations.loader import MigrationLoader

from .sources import Source, place, source_of
from .writing import Unfit


class Loaded:
    """The migrations there are. `loader` is None where they cannot be loaded; `away` says why the database is."""

    def __init__(self) -> None:
        self.loader: Any = None
        self.live: Any = None
        self.away = ""
        self.problems: list[dict[str, Any]] = []

    @property
    def applied(self) -> Collection[tuple[str, str]]:
        return self.loader.applied_migrations or {} if self.loader else {}

    def state(self) -> list[dict[str, Any]]:
        """For each app: how many migrations are applied, the last of them, and those that are not."""
        states: dict[str, dict[str, Any]] = {}
        order: dict[tuple[str, str], None] = {}
        for leaf in self.loader.graph.leaf_nodes() if self.loader else ():
            order.update(dict.fromkeys(self.loader.graph.forwards_plan(leaf)))
        for app, name in order:
            entry = states.setdefault(app, {"app": app, "applied": 0, "last_applied": None, "unapplied": []})
            if (app, name) in self.applied:
                entry["applied"] += 1
                entry["last_applied"] = name
            else:
                entry["unapplied"].append(name)
        return [states[app] for app in sorted(states)]


def load(alias: str, *, asking: bool = True) -> Loaded:
    """With `asking` the database tells what is applied; a file of SQLite that is not there is not made."""
    loaded = Loaded()
    connection: Any = connections[alias]
    if asking and _is_missing(connection):
        asking, loaded.away = False, "{} is not there".format(connection.settings_dict["NAME"])
    try:
        try:
            loaded.loader = MigrationLoader(connection if asking else None)
            loaded.live = connection if asking else None
        except Error as error:
            loaded.loader = MigrationLoader(None)
            loaded.away = f"{type(error).__name__}: {str(error).strip()[:300]}"
    except (NodeNotFoundError, CircularDependencyError) as error:
        loaded.problems.append(_graph_problem(error))
    except Exception as error:  # noqa: BLE001  -- importing a migration runs code of any kind
        loaded.problems.append(_import_problem(error))
    else:
        loaded.problems += _conflicts(loaded.loader) + _history(loaded)
    return loaded


def unfit(migration: Any, error: Exception) -> dict[str, Any]:
    """A migration whose operations do not fit the models those before it make."""
    source, why = source_of(migration), error.__cause__ if isinstance(error, Unfit) else error
    written = source.written_operations()
    at = source.attribute_place("operations")
    if isinstance(error, Unfit) and len(written) == len(migration.operations):
        at = place(written[error.index])
    message = (
        f"this does not fit the models that the migrations before it make ({type(why).__name__}: {why}); neither it "
        "nor what comes behind it was checked"
    )
    hint = "Django cannot run it either: correct the operation, or the dependencies that bring it behind another."
    return _problem("migration-unreadable", source, at, message, hint)


def _is_missing(connection: Any) -> bool:
    if connection.vendor != "sqlite" or connection.is_in_memory_db():
        return False
    name = str(connection.settings_dict["NAME"])
    return not name.startswith("file:") and not os.path.exists(name)


def _problem(rule: str, source: Source, place: tuple[int, int], message: str, hint: str, **more: Any) -> dict[str, Any]:
    told = {"rule": rule, "path": source.path, "line": place[0], "column": place[1], "message": message, "hint": hint}
    return dict(told, **more)


def _conflicts(loader: Any) -> list[dict[str, Any]]:
    problems = []
    for app, names in sorted(loader.detect_conflicts().items()):
        message = "{} has {} last migrations: {}".format(app, len(names), " and ".join(names))
        for name in names:
            source = source_of(loader.disk_migrations[app, name])
            problems.append(
                _problem(
                    "migration-conflict",
                    source,
                    source.attribute_place("dependencies"),
                    message,
                    "Make one depend on the other, or join them.",
                    fix=f"manage.py makemigrations --merge {app}",
                    facts={"app": app, "leaves": names},
                )
            )
    return problems


def _history(loaded: Loaded) -> list[dict[str, Any]]:
    """Applied migrations whose dependencies are not."""
    if loaded.live is None:
        return []
    graph, applied = loaded.loader.graph, loaded.applied
    problems = []
    for key in sorted(key for key in applied if key in graph.nodes):
        for parent in sorted(parent for parent in graph.node_map[key].parents if parent not in applied):
            source = source_of(graph.nodes[parent.key])
            message = "{} is applied, but {}, which it depends on, is not".format(".".join(key), ".".join(parent.key))
            hint = "Apply the missing one with --fake if its tables are there, or correct the dependency."
            problems.append(_problem("migration-history", source, source.class_place, message, hint))
    return problems


def _graph_problem(error: Any) -> dict[str, Any]:
    origin = getattr(error, "origin", None)
    if isinstance(origin, Migration):
        source = source_of(origin)
        node = ".".join(str(part) for part in error.node)
        message = f"{origin.app_label}.{origin.name} depends on {node}, which is not there"
        hint = "Correct the name, or bring the file back."
        place = source.attribute_place("dependencies")
        return _problem("migration-missing-dependency", source, place, message, hint, facts={"missing": node})
    return {
        "rule": "migration-missing-dependency",
        "path": "",
        "line": None,
        "column": None,
        "message": str(error),
        "hint": "Correct the dependencies of the migrations named.",
    }


def _import_problem(error: Exception) -> dict[str, Any]:
    """The migration whose import failed, and its line."""
    path, line, column = "", None, None
    if isinstance(error, SyntaxError) and error.filename:
        path, line, column = error.filename, error.lineno, error.offset
    else:
        folders = tuple(os.path.realpath(config.path) + os.sep for config in apps.get_app_configs())
        for frame in traceback.extract_tb(error.__traceback__):
            if os.path.realpath(frame.filename).startswith(folders):
                path, line, column = frame.filename, frame.lineno, 1
                if os.path.basename(os.path.dirname(path)) == "migrations":
                    break
    return {
        "rule": "migration-unreadable",
        "path": os.path.realpath(path) if path else "",
        "line": line,
        "column": column or (1 if line else None),
        "message": f"{type(error).__name__}: {error}",
        "hint": "No migration can be checked or run until this file can be imported.",
    }
