from django.apps import AppConfig


class PromptsConfig(AppConfig):
    name = "prompts"
    verbose_name = "Prompts"

    def ready(self) -> None:
        from audit import rollback
        from prompts import subscribers  # noqa: F401  -- connects its receivers

        rollback.register("prompt", "prompts.rollback.ActiveVersion")
