"""Which migrations are asked about: those not applied, an app's, one by name, or those in some files."""

from __future__ import annotations

import os
from typing import Any, Sequence, Tuple

from django.db.migrations.exceptions import AmbiguityError
from django.db.migrations.loader import MigrationLoader

from ..refusal import Refused
from .loading import Loaded
from .sources import file_of

Key = Tuple[str, str]


class Choice:
    """`plan` in an order in which they can be applied, with what comes before; `chosen` are those asked about."""

    def __init__(self, plan: list[Key], chosen: set[Key]) -> None:
        self.plan, self.chosen = plan, chosen


def choose(
    loaded: Loaded, *, app: str | None = None, name: str | None = None, files: Sequence[str] | None = None
) -> Choice:
    """Raises Refused for an app or migration that is not there, and for a name that fits two."""
    loader = loaded.loader
    if name is not None and app is None:
        raise Refused("name", "incomplete", "Name the app too: a migration's name is known only within one.")
    if app is not None:
        _require_app(app, loader)
    if name is not None and app is not None:
        wanted = {_named(loader, app, name)}
    elif files is not None:
        there = {os.path.realpath(path) for path in files}
        wanted = {key for key in loader.graph.nodes if file_of(loader.graph.nodes[key]) in there}
    else:
        wanted = {key for key in loader.graph.nodes if key not in loaded.applied}
        if app is None:
            wanted = {key for key in wanted if not _is_installed(loader.graph.nodes[key])}
    if app is not None:
        wanted = {key for key in wanted if key[0] == app}
    if wanted - set(loader.graph.nodes):  # named, but replaced by a squashed one: judged as it stands in its file
        loader = loaded.loader = MigrationLoader(loaded.live, replace_migrations=False)
    return Choice(_plan(loader.graph, wanted), wanted)


def without_migration(loader: Any, files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of the files those that hold no migration, and apart from them the `__init__.py` beside migrations."""
    there = {file_of(migration) for migration in loader.disk_migrations.values()}
    folders = {os.path.dirname(path) for path in there}
    others = [path for path in files if os.path.realpath(path) not in there]
    skipped = [
        path
        for path in others
        if os.path.basename(path) == "__init__.py" and os.path.dirname(os.path.realpath(path)) in folders
    ]
    return [path for path in others if path not in skipped], skipped


def _plan(graph: Any, wanted: set[Key]) -> list[Key]:
    """What depends on none of those wanted comes first, so that they are told from the tables that stand."""
    plan: dict[Key, None] = {}
    for key in sorted(wanted):
        plan.update(dict.fromkeys(graph.forwards_plan(key)))
    behind: set[Key] = set()
    for key in plan:
        if key in wanted or any(parent.key in behind for parent in graph.node_map[key].parents):
            behind.add(key)
    return [key for key in plan if key not in behind] + [key for key in plan if key in behind]


def _require_app(app: str, loader: Any) -> None:
    if app not in loader.migrated_apps:
        migrated = ", ".join(sorted(loader.migrated_apps))
        raise Refused("app", "unknown", f"There is no app {app!r} with migrations. Known are: {migrated}.")


def _named(loader: Any, app: str, name: str) -> Key:
    if (app, name) in loader.disk_migrations:
        return app, name
    try:
        migration = loader.get_migration_by_prefix(app, name)
    except AmbiguityError as error:
        detail = f"Several migrations of {app} begin with {name!r}. Give more of the name."
        raise Refused("name", "ambiguous", detail) from error
    except KeyError as error:
        detail = f"{app} has no migration {name!r}. `manage.py showmigrations {app}` lists them."
        raise Refused("name", "unknown", detail) from error
    return app, str(migration.name)


def _is_installed(migration: Any) -> bool:
    """Whether it is somebody else's, whom findings would not help."""
    return not {"site-packages", "dist-packages"}.isdisjoint(file_of(migration).split(os.sep))
