"""A process that decides, goes back to a backup and decides on; run in a place of its own, on either database."""

import os

import django
from django.conf import settings
from django.core.management import call_command


def go_back() -> None:
    from audit.backups import making, restoring
    from audit.models import PermissionRule
    from audit.permissions import kept
    from audit.permissions.calls import Call

    def decided() -> str:
        return kept.bounds().decide(Call(tool="Bash", input={"command": "npm test"})).decision

    PermissionRule.objects.create(tool="Bash", decision="allow")
    assert decided() == "allow"
    run = making.back_up()
    PermissionRule.objects.create(tool="Bash", specifier="npm *", decision="deny")
    assert decided() == "deny"
    restored = restoring.restore(path=settings.BACKUP_DIR / run.file)
    # One change since the backup, as before: a version that counts would now be that of the deny.
    PermissionRule.objects.create(tool="Read", decision="deny")
    assert decided() == "allow"
    restoring.restore(path=settings.BACKUP_DIR / restored.before)
    assert decided() == "deny"
    PermissionRule.objects.filter(decision="deny").delete()
    assert decided() == "allow"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    go_back()
    print("held")
