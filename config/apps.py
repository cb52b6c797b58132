from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Service"

    def ready(self) -> None:
        import config.celery  # noqa: F401 -- so that `@shared_task` finds our Celery wherever it is used
