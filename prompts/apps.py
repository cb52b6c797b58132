from django.apps import AppConfig


class PromptsConfig(AppConfig):
    name = "prompts"
    verbose_name = "Prompts"

    def ready(self) -> None:
        from audit import rollback
        from prompts.versions import ActiveVersion

        rollback.register("prompt", ActiveVersion())
