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
from prompts.composition import Composed, check_version
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A version that was looked at, and has everything but its number."""

    prompt_id: str
    version: Version
    parts: Mapping[str, Version]


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
    composed = check_version(prompt_id, prompt_text, messages, variables)
    remarks = {"purpose": purpose, "notes": notes, "branch": branch}
    is_plain = prompt_text is not None
    return keep_version(
        prepare(prompt_id, composed, is_plain=is_plain, settings=settings, **remarks), activate=activate
    )


def prepare(
    prompt_id: str,
    composed: Composed,
    *,
    is_plain: bool,
    settings: Mapping[str, Any] | None = None,
    purpose: str = "",
    notes: str = "",
    branch: str = "",
) -> Prepared:
    """What takes time of saving a version, outside the transaction: SQLite has one writer. Raises VersionInvalid."""
    settings = dict(settings or {})
    check_settings(settings)
    check_storable(purpose=purpose, notes=notes)
    if branch and not re.fullmatch(LABEL, branch):
        raise invalid("branch", str(LABEL_RULE.message))
    version = Version(
        prompt_text=composed.source[0].content if is_plain else None,
        messages=None if is_plain else [asdict(message) for message in composed.source],
        purpose=blank(purpose),
        notes=blank(notes),
        branch=branch,
        settings=settings,
        tokens=count_messages(composed.whole, str(settings.get("model", ""))).tokens,
        created_by=caller().actor,
    )
    version.content_hash = _hash(version, composed.parts)
    return Prepared(prompt_id=prompt_id, version=version, parts=composed.parts)


@transaction.atomic
def keep_version(prepared: Prepared, *, activate: bool) -> Saved:
    """Give it the next number."""
    prompt_id, version, parts = prepared.prompt_id, prepared.version, prepared.parts
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
