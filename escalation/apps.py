from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class EscalationConfig(AppConfig):
    name = "escalation"
    verbose_name = "Bug escalation"
    about = "Bugs by urgency, from the first report to the resolution that holds."

    def ready(self) -> None:
        import escalation.subscribers  # noqa: F401

        post_migrate.connect(_ship_alerts, sender=self)


def _ship_alerts(using: str, apps: Any = installed, **kwargs: Any) -> None:
    """After a migration that goes back behind their table there is nowhere to put them."""
    from escalation.alerts.alerts import ship

    if "alert" in apps.all_models["escalation"]:
        ship()
