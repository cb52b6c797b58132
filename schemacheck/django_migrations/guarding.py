"""Whether `manage.py migrate` may go on: SCHEMACHECK_GUARD_MIGRATE says off, warn or refuse."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from config.home import PROGRAM
from schemacheck.checker.checked import Checked
from schemacheck.formats import render

MODES = ("off", "warn", "refuse")


def mode() -> str:
    """The setting. Raises CommandError for a word it does not know."""
    wanted = str(getattr(settings, "SCHEMACHECK_GUARD_MIGRATE", "off") or "off").lower()
    if wanted not in MODES:
        raise CommandError(f"SCHEMACHECK_GUARD_MIGRATE is {wanted!r}. Use off, warn or refuse.", returncode=2)
    return wanted


def guard(options: dict[str, Any], stderr: Any = sys.stderr) -> None:
    """Check what is about to be applied; say it, and refuse it where the setting does. Raises CommandError."""
    wanted = mode()
    goes_back = bool(options.get("migration_name"))
    skipped = any(options.get(name) for name in ("plan", "check_unapplied", "fake", "prune"))
    if wanted == "off" or skipped or (goes_back and options["migration_name"] == "zero"):
        return
    from schemacheck.django_migrations.reviewing import keep, review_migrations

    alias = str(options.get("database") or "default")
    reviewed = review_migrations(app=options.get("app_label") or None, database=alias)
    new = [item for item in reviewed.migrations if not item.applied]
    alarming = [item for item in new if item.report.errors or item.report.warnings]
    keep(reviewed)
    if not alarming:
        return
    shown = [Checked(path=str(item.path), sql=item.text, report=item.report.as_dict()) for item in alarming]
    stderr.write(render("text", shown))
    if wanted == "refuse":
        raise CommandError(
            "Nothing was migrated: see above. Correct the migrations, or, if it is meant, run "
            f"SCHEMACHECK_GUARD_MIGRATE=warn {PROGRAM} migrate.",
            returncode=1,
        )
