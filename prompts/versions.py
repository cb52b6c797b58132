"""Versions of a prompt: saved under the next number and never changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from audit.trail import record
from config.canonical import compute_hash
from config.context import caller
from config.secrets import blank
from prompts.composition import check_version
from prompts.content import VersionInvalid, check_storable, invalid
from prompts.labels import move_label
from prompts.lookup import get_version
from prompts.model_settings import check_settings
from prompts.models import LABEL, LABEL_RULE, PRODUCTION, Prompt, Version, VersionPart
from prompts.prompts import PromptExists, create_prompt, get_prompt
from prompts.tokens import count_messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """`created` is false when the prompt had this very version already."""

    version: Version
    created: bool


def save_version(
    *,
    prompt_id: str,
    prompt_text: str | None = None,
    messages: Sequence[Mapping[str, str]] | None = None,
    purpose: str = "",
    notes: str = "",
    settings: Mapping[str, Any] | None = None,
    variables: Sequence[str] | None = None,
    branch: str = "",
    activate: bool = False,
) -> Saved:
    """Save the next version; the prompt is made when there is none of that id.

    `branch` names a try beside the line, whose versions are numbered with the others and are never `latest`.
    A version that says exactly the same (text, settings, purpose and notes) is not saved twice: it is returned.
    Raises VersionInvalid, TemplateInvalid, TextTooLarge.
    """
    settings = dict(settings or {})
    composed = check_version(prompt_id, prompt_text, messages, variables)
    check_settings(settings)
    check_storable(purpose=purpose, notes=notes)
    if branch and not re.fullmatch(LABEL, branch):
        raise invalid("branch", str(LABEL_RULE.message))
    version = Version(
        prompt_text=prompt_text,
        messages=None if prompt_text is not None else [asdict(message) for message in composed.source],
        purpose=blank(purpose),
        notes=blank(notes),
        branch=branch,
        settings=settings,
        tokens=count_messages(composed.whole, str(settings.get("model", ""))).tokens,
        created_by=caller().actor,
    )
    version.content_hash = _hash(version, composed.parts)
    return _keep(version, prompt_id, composed.parts, activate=activate)


@transaction.atomic
def _keep(version: Version, prompt_id: str, parts: Mapping[str, Version], *, activate: bool) -> Saved:
    """Give it the next number; what takes time is done before, since SQLite has one writer."""
    prompt = Prompt.objects.select_for_update().filter(prompt_id=prompt_id).first()
    if prompt is None:
        try:
            prompt = create_prompt(prompt_id=prompt_id)
        except PromptExists:  # another saved its first version at this very moment; wait for it and be the next
            prompt = get_prompt(prompt_id=prompt_id, lock=True)
    version.prompt = prompt
    same = _same(version)
    if same is None:
        prompt.latest_number += 1
        prompt.save(update_fields=["latest_number"])
        version.number = prompt.latest_number
        version.save(force_insert=True)
        VersionPart.objects.bulk_create(
            [VersionPart(version=version, name=name, part=part) for name, part in parts.items()]
        )
        record(
            event_type="prompt.version_saved",
            entity_type="prompt_version",
            entity_id=version.entity_id,
            new_value=version.state(),
            context={"prompt_id": prompt_id, "version": version.number},
        )
    kept = same or version
    if activate:
        kept = activate_version(prompt_id=prompt_id, number=kept.number)
    return Saved(version=kept, created=same is None)


def activate_version(*, prompt_id: str, number: int) -> Version:
    """Make a version the one that programs fetch: `production` moves to it. Raises what move_label raises."""
    return move_label(prompt_id=prompt_id, label=PRODUCTION, version=number).version


def adopt_version(*, prompt_id: str, number: int) -> Saved:
    """Save what a version of a branch says as the next of the line. Raises PromptNotFound, VersionNotFound."""
    tried = get_version(prompt=get_prompt(prompt_id=prompt_id), number=number)
    if not tried.branch:
        return Saved(version=tried, created=False)
    return save_version(
        prompt_id=prompt_id,
        prompt_text=tried.prompt_text,
        messages=tried.messages,
        purpose=tried.purpose,
        notes=tried.notes or f"Version {number}, of the branch {tried.branch}.",
        settings=tried.settings,
    )


def _hash(version: Version, parts: Mapping[str, Version]) -> str:
    content = {"prompt_text": version.prompt_text} if version.is_plain else {"messages": version.messages}
    try:
        held = {"parts": {name: part.content_hash for name, part in parts.items()}} if parts else {}
        return compute_hash({**content, "settings": version.settings, **held})
    except ValueError as error:
        raise VersionInvalid(f"The version cannot be kept as JSON: {error}") from error


def _same(version: Version) -> Version | None:
    """The saved version that says exactly this: text, settings, purpose and notes."""
    saved = version.prompt.versions.filter(content_hash=version.content_hash)
    return saved.filter(purpose=version.purpose, notes=version.notes, branch=version.branch).first()
