"""Runs a project's migrations on its database and prints every statement that changed the schema.

    PYTHON truth_django.py MANAGE.PY [APP NAME]

It runs under the project's own Python, with its own driver, and knows nothing of Handrail. With a name it stops there.
"""

import contextlib
import json
import os
import runpy
import sys
from pathlib import Path

CHANGES = ("CREATE", "ALTER", "DROP", "SET CONSTR", "COMMENT", "TRUNCATE")


class Stop(BaseException):
    pass


def main():
    manage = Path(sys.argv[1]).resolve()
    os.chdir(manage.parent)
    sys.path.insert(0, str(manage.parent))
    from django.core.management import ManagementUtility

    def stop(self):
        raise Stop

    ManagementUtility.execute = stop
    with contextlib.suppress(Stop):
        runpy.run_path(str(manage), run_name="__main__")
    import django

    django.setup()
    sys.stdout.write(json.dumps(sent_by_migrations([tuple(sys.argv[2:4])] if sys.argv[2:] else None)))


def sent_by_migrations(targets):
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    sent, per = [], {}

    def keep(execute, sql, params, many, context):
        text = str(sql)
        if text.lstrip().upper().startswith(CHANGES) and "django_migrations" not in text:
            sent.append(text if not params else text % tuple(map(repr, params)))
        return execute(sql, params, many, context)

    executor = MigrationExecutor(connection)
    executor.recorder.ensure_schema()
    state = executor._create_project_state(with_applied_migrations=True)
    with connection.execute_wrapper(keep):
        for migration, _ in executor.migration_plan(targets or executor.loader.graph.leaf_nodes()):
            del sent[:]
            state = executor.apply_migration(state, migration)
            per[f"{migration.app_label}.{migration.name}"] = list(sent)
    return per


main()
