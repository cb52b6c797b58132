from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from audit import subscribers  # noqa: F401  -- connects its receivers

        post_migrate.connect(_guard_events, sender=self)


def _guard_events(using: str, **kwargs: Any) -> None:
    from audit.triggers import install

    install(using)
