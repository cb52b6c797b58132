"""Looks at the migrations of a project that has started, and tells what there is in plain data."""

from __future__ import annotations

import sys
from typing import Any, Sequence

import django
from django.db import connections
from django.db.migrations.state import ProjectState

from ..refusal import Refused
from .choosing import Choice, choose, without_migration
from .formatted import formatted_sql
from .functions import direct_imports
from .loading import Loaded, load, unfit
from .offline import offline_connection
from .sources import Source, source_of
from .writing import Step, parts, tables, write


def look(
    *,
    alias: str = "default",
    app: str | None = None,
    name: str | None = None,
    files: Sequence[str] | None = None,
    changed: Sequence[str] | None = None,
    asking: bool = True,
    has_catalog: bool = True,
) -> dict[str, Any]:
    """`files` are named, so that each has to hold a migration; those `changed` need not.

    With `asking` the database is asked, read only; `has_catalog` where whoever judges asks its catalog too.

    Raises Refused for an alias, app or name that is not there.
    """
    if alias not in connections:
        known = ", ".join(sorted(connections))
        raise Refused("database", "unknown", f"There is no database {alias!r}. Known are: {known}.")
    loaded = load(alias, asking=asking)
    answer: dict[str, Any] = {"migrations": [], "standing": [], "strange": [], "skipped": []}
    if loaded.loader is not None:
        choice = choose(loaded, app=app, name=name, files=files if files is not None else changed)
        _write(answer, loaded, choice, alias, has_catalog=has_catalog)
        answer["strange"], answer["skipped"] = without_migration(loaded.loader, files or ())
    answer.update(
        vendor=connections[alias].vendor,
        is_live=loaded.live is not None and loaded.live.vendor == "postgresql",
        away=loaded.away,
        apps=loaded.state(),
        problems=[dict(problem, source=Source(problem["path"]).as_dict()) for problem in loaded.problems],
    )
    return answer


def _write(answer: dict[str, Any], loaded: Loaded, choice: Choice, alias: str, *, has_catalog: bool) -> None:
    """The tables that stand before the first migration asked about, and every migration from it on.

    Where a catalog is asked, that holds what is applied, and only what is not comes before.
    """
    live = loaded.live if loaded.live is not None and loaded.live.vendor == "postgresql" else None
    nodes, written = loaded.loader.graph.nodes, answer["migrations"]
    of_catalog = live is not None and has_catalog
    with offline_connection(alias, live) as connection:
        state = _first_state(loaded.loader)
        for key in choice.plan:
            migration, is_chosen = nodes[key], key in choice.chosen
            is_known = key in loaded.applied if of_catalog else not written
            try:
                if is_known and not is_chosen:
                    state = migration.mutate_state(state, preserve=False)
                    continue
                if not of_catalog and not written:
                    answer["standing"] = tables(state, connection)
                steps, state = write(migration, state, connection)
            except Exception as error:  # noqa: BLE001  -- of an operation; what comes behind it cannot be known
                loaded.problems.append(unfit(migration, error))
                return
            written.append(_told(migration, steps, chosen=is_chosen, applied=key in loaded.applied))


def _first_state(loader: Any) -> Any:
    kind: Any = set if django.VERSION >= (4, 0) else list
    return ProjectState(real_apps=kind(loader.unmigrated_apps))


def _told(migration: Any, steps: list[Step], *, chosen: bool, applied: bool) -> dict[str, Any]:
    source = source_of(migration)
    told: dict[str, Any] = {
        "app": migration.app_label,
        "name": migration.name,
        "atomic": bool(migration.atomic),
        "chosen": chosen,
        "applied": applied,
        "source": source.as_dict(),
        "formatted": formatted_sql(source) if chosen else [],
        "operations": [step.as_dict() for step in steps],
    }
    module = sys.modules.get(type(migration).__module__)
    written = source.written_operations()
    for number, (step, operation) in enumerate(zip(steps, told["operations"])):
        # where the list is put together in a way that cannot be read, its beginning has to do
        node = written[number] if len(written) == len(steps) else None
        operation["place"] = (node.lineno, node.col_offset + 1) if node else told["source"]["operations_place"]
        operation["direct_imports"] = direct_imports(parts(step.operation), module) if chosen else []
    return told
