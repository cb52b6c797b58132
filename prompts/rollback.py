"""Going back: what the trail does to a prompt when it is rolled back."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from config.errors import Conflict
from prompts.labels import restore_labels
from prompts.models import Prompt
from prompts.prompts import check_place, get_prompt, place


class PromptState:
    """Rolling back a prompt in the trail gives each label back to the version that held it."""

    def read(self, entity_id: str) -> Any:
        with transaction.atomic():
            prompt = Prompt.objects.select_for_update().filter(prompt_id=entity_id).first()
            return prompt.state() if prompt else None

    @transaction.atomic
    def write(self, entity_id: str, state: Any) -> None:
        """Raises Conflict when the state is no state of a prompt, and what moving its labels raises."""
        if not isinstance(state, Mapping) or "active_version" not in state:
            raise Conflict("A prompt is not removed by rolling back: delete it, or roll back to an activation.")
        prompt = get_prompt(prompt_id=entity_id, lock=True)
        restore_labels(prompt, state)
        folder, tags = str(state.get("folder", "")), list(state.get("tags", ()))
        check_place(folder=folder, tags=tags)
        prompt.description, prompt.folder = str(state.get("description", prompt.description)), folder
        prompt.save(update_fields=["description", "folder"])
        place(prompt, tags)
