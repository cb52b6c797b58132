"""Which migrations are asked about: those not applied, one by name, or those whose files changed."""

import traceback
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import Error, connections
from django.db.migrations import Migration
from django.db.migrations.exceptions import AmbiguityError, CircularDependencyError, NodeNotFoundError
from django.db.migrations.loader import MigrationLoader

from config.errors import FieldError, NotFound
from schemacheck.checker.findings import Finding, Severity
from schemacheck.django_migrations import sources
from schemacheck.refusals import InvalidCheck

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the migrations as a whole, in one of their files."""

    path: Path
    finding: Finding


@dataclass(slots=True)
class Loaded:
    """The migrations there are. `loader` is None where they cannot be loaded; `away` says the database is."""

    loader: MigrationLoader | None
    live: Any = None
    away: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def applied(self) -> Collection[Key]:
        return self.loader.applied_migrations or {} if self.loader else {}


@dataclass(frozen=True, slots=True)
class Choice:
    """`plan` in the order of applying, with what comes before; `chosen` are those asked about."""

    plan: list[Key]
    chosen: frozenset[Key]


def load(alias: str) -> Loaded:
    """Read all migrations and which are applied; what hinders that is a problem, not an exception."""
    connection = connections[alias]
    loaded = Loaded(None)
    try:
        try:
            loaded.loader = MigrationLoader(connection)
            loaded.live = connection
        except Error:
            loaded.loader = MigrationLoader(None)
            loaded.away = True
    except (NodeNotFoundError, CircularDependencyError) as error:
        loaded.problems.append(_graph_problem(alias, error))
    except Exception as error:  # noqa: BLE001  -- importing a migration runs code of any kind
        loaded.problems.append(_import_problem(error))
    else:
        loaded.problems += _conflicts(loaded.loader)
        loaded.problems += _history(loaded)
    return loaded


def choose(
    loaded: Loaded, *, app: str | None = None, name: str | None = None, changed: Sequence[Path] | None = None
) -> Choice:
    """Raises NotFound for an app or migration that is not there, InvalidCheck for a name that fits two."""
    loader = loaded.loader
    assert loader is not None
    if app is not None:
        _require_app(app, loader)
    if name is not None and app is not None:
        wanted = {_named(loader, app, name)}
    elif changed is not None:
        files = {path.resolve() for path in changed}
        wanted = {key for key in loader.graph.nodes if _file(loader.graph.nodes[key]) in files}
    else:
        wanted = {key for key in loader.graph.nodes if key not in loaded.applied}
        if app is None:
            wanted = {key for key in wanted if not _is_installed(loader.graph.nodes[key])}
    if app is not None:
        wanted = {key for key in wanted if key[0] == app}
    if wanted - loader.graph.nodes.keys():  # named, but replaced by a squashed one: judged as it stands in its file
        loader = loaded.loader = MigrationLoader(loaded.live, replace_migrations=False)
    plan: dict[Key, None] = {}
    for key in sorted(wanted):
        plan |= dict.fromkeys(loader.graph.forwards_plan(key))
    return Choice(list(plan), frozenset(wanted))


def migration_files(loader: MigrationLoader) -> dict[Path, Key]:
    """Every migration by its file."""
    return {_file(migration): key for key, migration in loader.disk_migrations.items()}


def without_migration(loader: MigrationLoader, files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Of the files those that hold no migration, and apart from them the `__init__.py` beside migrations."""
    there = migration_files(loader)
    folders = {path.parent for path in there}
    others = [path for path in files if path.resolve() not in there]
    skipped = [path for path in others if path.name == "__init__.py" and path.resolve().parent in folders]
    return [path for path in others if path not in skipped], skipped


def _require_app(app: str, loader: MigrationLoader) -> None:
    if app not in loader.migrated_apps:
        migrated = ", ".join(sorted(loader.migrated_apps))
        detail = f"There is no app {app!r} with migrations. Known are: {migrated}."
        raise NotFound(detail, errors=[FieldError(field="app", code="unknown", detail=detail)])


def _named(loader: MigrationLoader, app: str, name: str) -> Key:
    if (app, name) in loader.disk_migrations:
        return app, name
    try:
        migration = loader.get_migration_by_prefix(app, name)
    except AmbiguityError as error:
        detail = f"Several migrations of {app} begin with {name!r}. Give more of the name."
        raise InvalidCheck(detail, errors=[FieldError(field="name", code="ambiguous", detail=detail)]) from error
    except KeyError as error:
        detail = f"{app} has no migration {name!r}. `manage.py showmigrations {app}` lists them."
        raise NotFound(detail, errors=[FieldError(field="name", code="unknown", detail=detail)]) from error
    return app, str(migration.name)


def _file(migration: Migration) -> Path:
    return sources.source_of(migration).path.resolve()


def _is_installed(migration: Migration) -> bool:
    """Whether it is somebody else's, whom findings would not help."""
    return any(part in ("site-packages", "dist-packages") for part in _file(migration).parts)


def _conflicts(loader: MigrationLoader) -> list[Problem]:
    problems = []
    for app, names in sorted(loader.detect_conflicts().items()):
        listed = " and ".join(names)
        for name in names:
            source = sources.source_of(loader.disk_migrations[app, name])
            place = source.attribute_place("dependencies")
            finding = Finding(
                rule="migration-conflict",
                severity=Severity.ERROR,
                message=f"{app} has {len(names)} last migrations: {listed}",
                line=place.line,
                column=place.column,
                hint="Make one depend on the other, or join them.",
                fix=f"manage.py makemigrations --merge {app}",
                facts={"app": app, "leaves": names},
            )
            problems.append(Problem(source.path, finding))
    return problems


def _history(loaded: Loaded) -> list[Problem]:
    """Applied migrations whose dependencies are not."""
    loader = loaded.loader
    if loader is None or loaded.live is None:
        return []
    problems = []
    for key in sorted(key for key in loaded.applied if key in loader.graph.nodes):
        missing = sorted(parent for parent in loader.graph.node_map[key].parents if parent not in loaded.applied)
        for parent in missing:
            source = sources.source_of(loader.graph.nodes[parent.key])
            finding = Finding(
                rule="migration-history",
                severity=Severity.ERROR,
                message=f"{'.'.join(key)} is applied, but {'.'.join(parent.key)}, which it depends on, is not",
                line=source.class_place.line,
                column=source.class_place.column,
                hint="Apply the missing one with --fake if its tables are there, or correct the dependency.",
            )
            problems.append(Problem(source.path, finding))
    return problems


def _graph_problem(alias: str, error: NodeNotFoundError | CircularDependencyError) -> Problem:
    if isinstance(error, NodeNotFoundError) and isinstance(error.origin, Migration):
        source = sources.source_of(error.origin)
        place = source.attribute_place("dependencies")
        node = ".".join(str(part) for part in error.node)
        return Problem(
            source.path,
            Finding(
                rule="migration-missing-dependency",
                severity=Severity.ERROR,
                message=f"{error.origin.app_label}.{error.origin.name} depends on {node}, which is not there",
                line=place.line,
                column=place.column,
                hint="Correct the name, or bring the file back.",
                facts={"missing": node},
            ),
        )
    finding = Finding(
        rule="migration-missing-dependency",
        severity=Severity.ERROR,
        message=str(error),
        hint="Correct the dependencies of the migrations named.",
    )
    return Problem(Path(), finding)


def _import_problem(error: Exception) -> Problem:
    """The migration whose import failed, and its line."""
    path, line, column = Path(), None, None
    if isinstance(error, SyntaxError) and error.filename:
        path, line, column = Path(error.filename), error.lineno, error.offset
    else:
        folders = tuple(Path(config.path).resolve() for config in apps.get_app_configs())
        for frame in traceback.extract_tb(error.__traceback__):
            file = Path(frame.filename)
            if any(file.resolve().is_relative_to(folder) for folder in folders):
                path, line, column = file, frame.lineno, 1
                if file.parent.name == "migrations":
                    break
    finding = Finding(
        rule="migration-unreadable",
        severity=Severity.ERROR,
        message=f"{type(error).__name__}: {error}",
        line=line,
        column=column or (1 if line else None),
        hint="No migration can be checked or run until this file can be imported.",
    )
    return Problem(sources.shown_path(path), finding)
