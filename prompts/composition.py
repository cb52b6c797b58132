"""Versions made of other prompts' versions: which ones are meant, held fast when the version is saved.

A reference follows no label later on: what was tested is what runs. So no version can come to contain itself; that a
prompt contains itself by an older version is refused, since nobody means it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.errors import DomainError, NotFound
from prompts.content import check_templates, read_content
from prompts.lookup import get_version
from prompts.models import PRODUCTION, Version, VersionPart
from prompts.prompts import get_prompt
from prompts.templates import Message, TemplateInvalid
from prompts.templates.composing import compose, included

MAX_PARTS = 50
MAX_LEVELS = 10
"""How deep versions may include others."""


class ReferenceInvalid(TemplateInvalid):
    """What a template includes is not there, or cannot be included."""

    code = "reference-invalid"
    remedy = "include a prompt whose version is a text, and that does not contain this one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What a version is to say."""

    source: list[Message]
    whole: list[Message]
    """With what it includes in its place."""
    parts: dict[str, Version]


def check_version(
    prompt_id: str,
    prompt_text: str | None,
    messages: Sequence[Mapping[str, str]] | None,
    variables: Sequence[str] | None = None,
) -> Composed:
    """What a version of a prompt would say: sound templates, and references that lead somewhere.

    Raises VersionInvalid, TemplateInvalid, ReferenceInvalid, TextTooLarge.
    """
    source = read_content(prompt_text, messages)
    names = included(source)
    if len(names) > MAX_PARTS:
        raise ReferenceInvalid(f"A version includes at most {MAX_PARTS} others.")
    parts = {name: _part(name) for name in names}
    _refuse_cycles(prompt_id, parts)
    whole = compose(source, {name: version.whole_text for name, version in parts.items()})
    check_templates(whole, plain=prompt_text is not None, variables=variables)
    return Composed(source=source, whole=whole, parts=parts)


def _part(name: str) -> Version:
    """`house-style` is what programs fetch of it now, `house-style@3` and `house-style@staging` say which."""
    prompt_id, at, which = name.rpartition("@")
    prompt_id, which = (prompt_id, which) if at and prompt_id and which else (name, PRODUCTION)
    try:
        prompt = get_prompt(prompt_id=prompt_id)
        numbered = which.isascii() and which.isdigit() and len(which) < 11
        version = get_version(prompt=prompt, number=int(which)) if numbered else get_version(prompt=prompt, label=which)
    except NotFound as error:
        raise _invalid(name, error) from error
    if not version.is_plain:
        raise ReferenceInvalid(f"{name} cannot be included: {version} is a conversation, not a text.")
    return version


def _invalid(name: str, error: DomainError) -> ReferenceInvalid:
    return ReferenceInvalid(f"{name[:200]} cannot be included. {error.detail}")


def _refuse_cycles(prompt_id: str, parts: Mapping[str, Version]) -> None:
    for name, version in parts.items():
        level = {version.pk}
        for _ in range(MAX_LEVELS):
            if Version.objects.filter(pk__in=level, prompt__prompt_id=prompt_id).exists():
                raise ReferenceInvalid(f"{name} cannot be included: it contains {prompt_id}, or is it.")
            level = set(VersionPart.objects.filter(version__in=level).values_list("part", flat=True))
            if not level:
                break
        else:
            raise ReferenceInvalid(f"{name} cannot be included: versions include others at most {MAX_LEVELS} deep.")
