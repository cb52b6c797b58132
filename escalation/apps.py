from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "escalation"
    verbose_name = "Bug escalation"

    def ready(self) -> None:
        import escalation.subscribers  # noqa: F401
