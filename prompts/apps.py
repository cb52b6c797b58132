from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_delete, pre_migrate


class PromptsConfig(AppConfig):
    name = "prompts"
    verbose_name = "Prompts"
    about = "Prompts in versions, with test cases that show what a change would break."

    def ready(self) -> None:
        from audit import rollback
        from prompts import subscribers  # noqa: F401  -- connects its receivers
        from prompts.models import Prompt

        rollback.register("prompt", "prompts.rollback.PromptState")
        pre_migrate.connect(_remove_triggers, sender=self)
        post_migrate.connect(_install_triggers, sender=self)
        pre_delete.connect(_go_first, sender=Prompt)


def _install_triggers(using: str, **kwargs: Any) -> None:
    from prompts import triggers

    triggers.install(using)


def _remove_triggers(using: str, plan: list[Any], **kwargs: Any) -> None:
    """Only where something is to migrate: on PostgreSQL it waits for all who read versions, a backup among them."""
    from prompts import triggers

    if plan:
        triggers.remove(using)


def _go_first(sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
    """The row of a prompt goes before its versions: the database lets none go while their prompt is there."""
    with connections[using].cursor() as cursor:
        cursor.execute("DELETE FROM prompts_prompt WHERE id = %s", [instance.pk])
