from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit"
    about = "What happened, provably; and which commands an agent may run."

    def ready(self) -> None:
        from audit import capture, rollback, subscribers  # noqa: F401  -- subscribers connects its receivers

        rollback.register("rule", "audit.permissions.store.RuleAdapter", scope="admin")
        for kind in ("posture", "exception"):
            adapter = f"audit.permissions.latitude.restoring.{kind.capitalize()}Adapter"
            rollback.register(kind, adapter, scope="admin")
        post_migrate.connect(_install_triggers, sender=self)
        post_migrate.connect(_take_prices, sender=self)
        connection_created.connect(capture.watch)
        # Who may do what is Django's own to keep, and the trail's to know, whoever writes it.
        capture.register("auth.User", exclude=["password", "last_login"])
        capture.register("auth.Group")
        for through in ("auth.User_groups", "auth.User_user_permissions", "auth.Group_permissions"):
            capture.register(through)


def _install_triggers(using: str, **kwargs: Any) -> None:
    from audit import capture
    from audit.ledger import triggers
    from audit.permissions import version

    triggers.install(using)
    capture.install(using)
    version.install(using)


def _take_prices(using: str, **kwargs: Any) -> None:
    """Those of MODEL_PRICES, at every start, once their table is there."""
    from django.db import DEFAULT_DB_ALIAS, connections

    from audit.models import ModelPrice
    from audit.prices import keeping

    if using == DEFAULT_DB_ALIAS and ModelPrice._meta.db_table in connections[using].introspection.table_names():
        keeping.take_settings()
