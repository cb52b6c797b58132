from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections

from config.database import ownership
from config.errors import DomainError


class Command(MigrateCommand):
    """Django's own, guarded where SCHEMACHECK_GUARD_MIGRATE asks for it."""

    def handle(self, *args: Any, **options: Any) -> Any:
        from schemacheck.django_migrations import guarding

        try:
            ownership.require_ours(connections[options["database"]])
            if guarding.mode() != "off":
                guarding.guard(options, self.stderr)
        except DomainError as error:
            raise CommandError(error.detail, returncode=2) from error
        return super().handle(*args, **options)
