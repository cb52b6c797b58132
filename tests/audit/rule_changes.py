"""Ways to change a rule, past the operations that record it; run as a program, each way named on stdin is taken once.

The program is the other process of tests/audit/test_kept_rules.py: it ends when its stdin does.
"""

import os
import sys
import uuid
from collections.abc import Callable

TOOL, SPECIFIER = "Bash", "npm test"


def _rule(decision: str = "deny") -> dict[str, str]:
    return {"tool": TOOL, "specifier": SPECIFIER, "decision": decision}


def create() -> None:
    from audit.models import PermissionRule

    PermissionRule.objects.create(**_rule())


def create_many() -> None:
    from audit.models import PermissionRule

    PermissionRule.objects.bulk_create([PermissionRule(**_rule())])


def create_unless_known() -> None:
    """On SQLite an INSERT OR IGNORE, whose OR IGNORE its triggers' statements inherit."""
    from audit.models import PermissionRule

    PermissionRule.objects.bulk_create([PermissionRule(**_rule())], ignore_conflicts=True)


def create_by_sql() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_permissionrule (uid, agent, tool, specifier, decision, reason, match, not_match,"
            " is_enabled, source, created_at, updated_at)"
            " VALUES (%s, '', %s, %s, 'deny', '', '[]', '[]', %s, '', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)",
            [uuid.uuid4().hex, TOOL, SPECIFIER, True],
        )


def tighten() -> None:
    from audit.models import PermissionRule

    assert PermissionRule.objects.filter(**_rule("allow")).update(decision="deny") == 1


def loosen() -> None:
    from audit.models import PermissionRule

    assert PermissionRule.objects.filter(**_rule()).update(decision="allow") == 1


def disable() -> None:
    from audit.models import PermissionRule

    row = PermissionRule.objects.get(**_rule())
    row.is_enabled = False
    row.save()


def enable() -> None:
    from audit.models import PermissionRule

    PermissionRule.objects.filter(**_rule()).update(is_enabled=True)


def delete() -> None:
    from audit.models import PermissionRule

    PermissionRule.objects.get(**_rule()).delete()


def delete_many() -> None:
    from audit.models import PermissionRule

    assert PermissionRule.objects.filter(**_rule()).delete()[0] == 1


def delete_by_sql() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_permissionrule WHERE decision = 'deny'")


WAYS: dict[str, Callable[[], None]] = {
    way.__name__: way
    for way in (
        create,
        create_many,
        create_unless_known,
        create_by_sql,
        tighten,
        loosen,
        disable,
        enable,
        delete,
        delete_many,
        delete_by_sql,
    )
}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        WAYS[line.strip()]()
        print("done", flush=True)
