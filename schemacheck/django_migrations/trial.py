"""The process of a trial: `python -m schemacheck.django_migrations.trial`, asked and answering in JSON."""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any


def main() -> None:
    asked = json.load(sys.stdin)
    out = sys.stdout
    sys.stdout = sys.stderr  # what migrations print must not mix with the answer
    _point_at_copy(asked["alias"], asked["settings"])
    import django

    django.setup()
    answer = _try(asked)
    out.write(json.dumps(answer) + "\n")


def _point_at_copy(alias: str, copied: dict[str, Any]) -> None:
    """Before anything is imported: no other database is within reach."""
    from django.conf import settings

    databases = settings.DATABASES
    for other in list(databases):
        databases[other] = {"ENGINE": "django.db.backends.dummy"}
    databases[alias] = copied
    if alias != "default":
        databases["default"] = {}


def _try(asked: dict[str, Any]) -> dict[str, Any]:
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    connection = connections[asked["alias"]]
    if asked["applied"] is not None:
        first = MigrationExecutor(connection)
        applied = {tuple(key) for key in asked["applied"]}
        first.migrate(
            sorted(applied), plan=[item for item in first.migration_plan(sorted(applied)) if _key(item) in applied]
        )
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan([tuple(key) for key in asked["targets"]])
    before = _schema(connection)
    # What is applied already is reached by taking back what is applied behind it.
    there = list(_steps(executor, plan))
    done = [step for step in there if step["status"] == "done"]
    back = [(migration, not backwards) for migration, backwards in plan[: len(done)]]
    steps = [*there, *_steps(executor, back[::-1])]
    returned = all(step["status"] == "done" for step in steps)
    differences = _differences(before, _schema(connection)) if returned else []
    connection.close()
    return {"steps": steps, "differences": differences}


def _steps(executor: Any, plan: list[tuple[Any, bool]]) -> Iterator[dict[str, Any]]:
    """Run a plan up to the first migration that does not come through; each item says whether it goes backwards."""
    from django.db.migrations.exceptions import IrreversibleError

    for migration, backwards in plan:
        state = executor.loader.project_state((migration.app_label, migration.name), at_end=False)
        state.apps  # noqa: B018  -- as the executor does, so that signals and models work
        run = executor.unapply_migration if backwards else executor.apply_migration
        direction = "backwards" if backwards else "forwards"
        started = time.perf_counter()
        try:
            run(state, migration)
        except IrreversibleError as error:
            yield _step(migration, direction, "irreversible", started, error)
            return
        except Exception as error:  # noqa: BLE001  -- a migration may raise anything
            yield _step(migration, direction, "failed", started, error)
            return
        yield _step(migration, direction, "done", started)


def _key(item: tuple[Any, bool]) -> tuple[str, str]:
    return item[0].app_label, item[0].name


def _step(
    migration: Any, direction: str, status: str, started: float, error: Exception | None = None
) -> dict[str, Any]:
    said = f"{type(error).__name__}: {error}".strip() if error else ""
    seconds = round(time.perf_counter() - started, 3)
    label = f"{migration.app_label}.{migration.name}"
    return {"migration": label, "direction": direction, "status": status, "seconds": seconds, "error": said[:2000]}


def _schema(connection: Any) -> dict[str, str]:
    """Every column, constraint and index by its name, as Django sees them."""
    found: dict[str, str] = {}
    looking = connection.introspection
    with connection.cursor() as cursor:
        for table in sorted(info.name for info in looking.get_table_list(cursor) if info.type == "t"):
            found[f"table {table}"] = ""
            for column in looking.get_table_description(cursor, table):
                shown = (column.type_code, column.display_size, column.null_ok, column.default)
                found[f"column {table}.{column.name}"] = repr(shown)
            for name, known in looking.get_constraints(cursor, table).items():
                told = {key: value for key, value in known.items() if key not in ("definition", "options")}
                # SQLite renames what has no name of its own when Django makes a table anew.
                label = f"{table} {known['columns']}" if name.startswith(("__", "sqlite_")) else f"{table}.{name}"
                found[f"constraint or index {label}"] = repr(sorted(told.items(), key=lambda item: item[0]))
    return found


def _differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    lost = [f"{name} is gone" for name in before if name not in after and name != "table django_migrations"]
    made = [f"{name} was left behind" for name in after if name not in before and "django_migrations" not in name]
    changed = [f"{name} differs" for name in before if name in after and before[name] != after[name]]
    return [*lost, *made, *changed]


if __name__ == "__main__":
    main()
