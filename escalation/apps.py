from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "escalation"
    verbose_name = "Bug escalation"
    about = "Bugs by urgency, from the first report to the resolution that holds."

    def ready(self) -> None:
        import escalation.subscribers  # noqa: F401
