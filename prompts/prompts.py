"""Prompts: made, described, deleted, and what the trail keeps of it."""

import re
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.trail import record
from config.context import caller
from config.errors import Conflict, NotFound
from config.secrets import blank
from prompts.content import invalid
from prompts.fields import LONGEST_FOLDER, LONGEST_TAG, MOST_TAGS
from prompts.models import FOLDER, TAG, Prompt, PromptTag, Run, VersionPart


class PromptNotFound(NotFound):
    code = "prompt-not-found"


class PromptExists(Conflict):
    code = "prompt-exists"
    remedy = "save a version of it, or choose another prompt_id"


class PromptUsed(Conflict):
    """A version of another prompt contains one of this."""

    code = "prompt-used"
    remedy = "delete the prompts that include it first"


class PromptBusy(Conflict):
    code = "prompt-busy"
    remedy = "cancel the run, or wait for it"


@transaction.atomic
def create_prompt(*, prompt_id: str, description: str = "", folder: str = "", tags: Sequence[str] = ()) -> Prompt:
    """Raises PromptExists, VersionInvalid."""
    prompt = Prompt(prompt_id=prompt_id, description=blank(description), folder=folder, created_by=caller().actor)
    _check_id(prompt)
    check_place(folder=folder, tags=tags)
    try:
        with transaction.atomic():
            prompt.save(force_insert=True)
    except IntegrityError as error:
        raise PromptExists(
            f"A prompt {prompt_id} exists. Save a version of it, or choose another prompt_id."
        ) from error
    place(prompt, tags)
    record_change(prompt, "prompt.created", None)
    return prompt


@transaction.atomic
def update_prompt(
    *,
    prompt_id: str,
    description: str | None = None,
    folder: str | None = None,
    tags: Sequence[str] | None = None,
) -> Prompt:
    """Change what is said of a prompt and where it is found; what is None stays.

    Raises PromptNotFound, VersionInvalid.
    """
    check_place(folder=folder or "", tags=tags or ())
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    before = prompt.state()
    prompt.description = prompt.description if description is None else blank(description)
    prompt.folder = prompt.folder if folder is None else folder
    prompt.save(update_fields=["description", "folder"])
    if tags is not None:
        place(prompt, tags)
    if prompt.state() != before:
        record_change(prompt, "prompt.updated", before)
    return prompt


def place(prompt: Prompt, tags: Sequence[str]) -> None:
    """Give a prompt these tags and no others."""
    prompt.tagged.exclude(name__in=tags).delete()
    PromptTag.objects.bulk_create(
        [PromptTag(prompt=prompt, name=name) for name in sorted(set(tags))], ignore_conflicts=True
    )


def check_place(*, folder: str, tags: Sequence[str]) -> None:
    """Raises VersionInvalid for a folder or a tag that is none."""
    if folder and (len(folder) > LONGEST_FOLDER or not re.fullmatch(FOLDER, folder)):
        raise invalid("folder", f"Words with / between, such as support/triage, at most {LONGEST_FOLDER} characters.")
    if len(set(tags)) > MOST_TAGS:
        raise invalid("tags", f"At most {MOST_TAGS}.")
    for tag in tags:
        if not isinstance(tag, str) or len(tag) > LONGEST_TAG or not re.fullmatch(TAG, tag):
            raise invalid("tags", f"Lower-case letters, digits and . _ - only, at most {LONGEST_TAG} characters each.")


@transaction.atomic
def delete_prompt(*, prompt_id: str) -> None:
    """Delete a prompt with its versions, cases and runs; the trail keeps what they were.

    Raises PromptNotFound, PromptUsed where another includes it, and PromptBusy while a run is open.
    """
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    if Run.objects.open().filter(version__prompt=prompt).exists():
        raise PromptBusy(f"A test of {prompt_id} is running. Cancel it or wait, then delete.")
    if users := VersionPart.objects.filter(part__prompt=prompt).select_related("version__prompt")[:5]:
        named = ", ".join(sorted({str(part.version) for part in users}))
        raise PromptUsed(f"{prompt_id} is included by {named}. Delete those prompts first, or keep it.")
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
