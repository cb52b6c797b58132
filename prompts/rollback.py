"""Going back: what the trail does to a prompt when it is rolled back."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from config.errors import Conflict
from prompts.models import Prompt
from prompts.prompts import get_prompt
from prompts.versions import get_version, set_active


class ActiveVersion:
    """Rolling back a prompt in the trail makes the version active that was."""

    def read(self, entity_id: str) -> Any:
        with transaction.atomic():
            prompt = Prompt.objects.select_for_update().filter(prompt_id=entity_id).first()
            return prompt.state() if prompt else None

    @transaction.atomic
    def write(self, entity_id: str, state: Any) -> None:
        """Raises Conflict when the state is no state of a prompt or its version is gone."""
        if not isinstance(state, Mapping) or "active_version" not in state:
            raise Conflict("A prompt is not removed by rolling back: delete it, or roll back to an activation.")
        prompt = get_prompt(prompt_id=entity_id, lock=True)
        number = state["active_version"]
        if number is not None:
            get_version(prompt=prompt, number=number)
        set_active(prompt, number)
        prompt.description = str(state.get("description", prompt.description))
        prompt.save(update_fields=["description"])
