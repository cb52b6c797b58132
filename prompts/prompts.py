"""Prompts: made, described, deleted, and what the trail keeps of it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.trail import record
from config.context import caller
from config.errors import Conflict, NotFound
from config.secrets import blank
from prompts.content import invalid
from prompts.models import Prompt, Run


class PromptNotFound(NotFound):
    code = "prompt-not-found"


class PromptExists(Conflict):
    code = "prompt-exists"
    remedy = "save a version of it, or choose another prompt_id"


class PromptBusy(Conflict):
    code = "prompt-busy"
    remedy = "cancel the run, or wait for it"


@transaction.atomic
def create_prompt(*, prompt_id: str, description: str = "") -> Prompt:
    """Raises PromptExists, VersionInvalid."""
    prompt = Prompt(prompt_id=prompt_id, description=blank(description), created_by=caller().actor)
    _check_id(prompt)
    try:
        with transaction.atomic():
            prompt.save(force_insert=True)
    except IntegrityError as error:
        raise PromptExists(
            f"A prompt {prompt_id} exists. Save a version of it, or choose another prompt_id."
        ) from error
    record_change(prompt, "prompt.created", None)
    return prompt


@transaction.atomic
def update_prompt(*, prompt_id: str, description: str | None = None) -> Prompt:
    """Raises PromptNotFound."""
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    before = prompt.state()
    if description is not None and prompt.description != blank(description):
        prompt.description = blank(description)
        prompt.save(update_fields=["description"])
        record_change(prompt, "prompt.updated", before)
    return prompt


@transaction.atomic
def delete_prompt(*, prompt_id: str) -> None:
    """Delete a prompt with its versions, cases and runs; the trail keeps what they were.

    Raises PromptNotFound, and PromptBusy while a run is open.
    """
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    if Run.objects.open().filter(version__prompt=prompt).exists():
        raise PromptBusy(f"A test of {prompt_id} is running. Cancel it or wait, then delete.")
    versions = [version.state() for version in prompt.versions.order_by("number")]
    record(
        event_type="prompt.deleted",
        entity_type="prompt",
        entity_id=prompt_id,
        old_value=prompt.state(),
        context={"versions": versions},
    )
    prompt.delete()


def get_prompt(*, prompt_id: str, lock: bool = False) -> Prompt:
    """Raises PromptNotFound."""
    prompts = Prompt.objects.select_for_update() if lock else Prompt.objects.all()
    prompt = prompts.filter(prompt_id=prompt_id).first()
    if prompt is None:
        raise PromptNotFound(f"There is no prompt {prompt_id[:200]}. Save a version to make it, or list the prompts.")
    return prompt


def record_change(
    prompt: Prompt, event_type: str, before: dict[str, Any] | None, *, context: dict[str, Any] | None = None
) -> None:
    record(
        event_type=event_type,
        entity_type="prompt",
        entity_id=prompt.prompt_id,
        old_value=before,
        new_value=prompt.state(),
        context=context or {},
    )


def _check_id(prompt: Prompt) -> None:
    try:
        prompt.clean_fields(exclude=["created_by", "description"])
    except ValidationError as error:
        raise invalid("prompt_id", error.messages[0]) from error
