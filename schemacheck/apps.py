from django.apps import AppConfig


class SchemacheckConfig(AppConfig):
    name = "schemacheck"
    verbose_name = "Schema checks"

    def ready(self) -> None:
        from schemacheck import subscribers  # noqa: F401  -- connects its receivers
