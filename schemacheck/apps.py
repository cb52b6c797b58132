from django.apps import AppConfig


class SchemacheckConfig(AppConfig):
    name = "schemacheck"
    verbose_name = "Schema checks"
    about = "Whether a schema change is safe, before it reaches a database."

    def ready(self) -> None:
        from schemacheck import subscribers  # noqa: F401  -- connects its receivers
