from django.apps import AppConfig


class PromptsConfig(AppConfig):
    name = "prompts"
    verbose_name = "Prompts"
    about = "Prompts in versions, with test cases that show what a change would break."

    def ready(self) -> None:
        from audit import rollback
        from prompts import subscribers  # noqa: F401  -- connects its receivers

        rollback.register("prompt", "prompts.rollback.ActiveVersion")
