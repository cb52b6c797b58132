"""Saving and activating: what changes a prompt and what the trail keeps of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.trail import record
from config.canonical import compute_hash
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.secrets import blank, scrub
from prompts.models import Prompt, Run, Version
from prompts.templates import ROLES, Message, inspect_messages
from prompts.tokens import check_size, count_messages

MAX_MESSAGES = 200


class PromptNotFound(NotFound):
    code = "prompt-not-found"


class VersionNotFound(NotFound):
    code = "version-not-found"


class PromptExists(Conflict):
    code = "prompt-exists"


class PromptBusy(Conflict):
    code = "prompt-busy"


class VersionInvalid(DomainError):
    code = "version-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """`created` is false when the prompt had this very version already."""

    version: Version
    created: bool


@transaction.atomic
def create_prompt(*, prompt_id: str, description: str = "") -> Prompt:
    """Raises PromptExists, VersionInvalid."""
    prompt = Prompt(prompt_id=prompt_id, description=description, created_by=caller().actor)
    _check_id(prompt)
    try:
        with transaction.atomic():
            prompt.save(force_insert=True)
    except IntegrityError as error:
        raise PromptExists(
            f"A prompt {prompt_id} exists. Save a version of it, or choose another prompt_id."
        ) from error
    _record(prompt, "prompt.created", None)
    return prompt


@transaction.atomic
def update_prompt(*, prompt_id: str, description: str | None = None) -> Prompt:
    """Raises PromptNotFound."""
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    before = prompt.state()
    if description is not None and prompt.description != description:
        prompt.description = description
        prompt.save(update_fields=["description"])
        _record(prompt, "prompt.updated", before)
    return prompt


@transaction.atomic
def delete_prompt(*, prompt_id: str) -> None:
    """Delete a prompt with its versions, cases and runs; the trail keeps what they were.

    Raises PromptNotFound, and PromptBusy while a run is open.
    """
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    if Run.objects.open().filter(version__prompt=prompt).exists():
        raise PromptBusy(f"A test of {prompt_id} is running. Cancel it or wait, then delete.")
    versions = [describe(version) for version in prompt.versions.order_by("number")]
    record(
        event_type="prompt.deleted",
        entity_type="prompt",
        entity_id=prompt_id,
        old_value=prompt.state(),
        context={"versions": versions},
    )
    prompt.delete()


def save_version(
    *,
    prompt_id: str,
    prompt_text: str | None = None,
    messages: Sequence[Mapping[str, str]] | None = None,
    purpose: str = "",
    notes: str = "",
    settings: Mapping[str, Any] | None = None,
    variables: Sequence[str] | None = None,
    activate: bool = False,
) -> Saved:
    """Save the next version; the prompt is made when there is none of that id.

    A version that says exactly the same (text, settings, purpose and notes) is not saved twice: it is returned.
    Raises VersionInvalid, TemplateInvalid, TextTooLarge.
    """
    settings = dict(settings or {})
    content = check_content(prompt_text, messages, variables)
    check_settings(settings)
    _check_storable(purpose=purpose, notes=notes)
    version = Version(
        prompt_text=prompt_text,
        messages=None if prompt_text is not None else [asdict(message) for message in content],
        purpose=purpose,
        notes=notes,
        settings=settings,
        tokens=count_messages(content, str(settings.get("model", ""))).tokens,
        created_by=caller().actor,
    )
    version.content_hash = _hash(version)
    return _keep(version, prompt_id, activate=activate)


@transaction.atomic
def _keep(version: Version, prompt_id: str, *, activate: bool) -> Saved:
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
        record(
            event_type="prompt.version_saved",
            entity_type="prompt_version",
            entity_id=version.entity_id,
            new_value=describe(version),
            context={"prompt_id": prompt_id, "version": version.number},
        )
    kept = same or version
    if activate:
        kept = activate_version(prompt_id=prompt_id, number=kept.number)
    return Saved(version=kept, created=same is None)


@transaction.atomic
def activate_version(*, prompt_id: str, number: int) -> Version:
    """Make a version the one active; nothing changes when it is. Raises PromptNotFound, VersionNotFound."""
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    version = get_version(prompt=prompt, number=number)
    if not version.is_active:
        before = prompt.state()
        _set_active(prompt, number)
        version.is_active = True
        _record(prompt, "prompt.version_activated", before)
    return version


def get_prompt(*, prompt_id: str, lock: bool = False) -> Prompt:
    """Raises PromptNotFound."""
    prompts = Prompt.objects.select_for_update() if lock else Prompt.objects.all()
    prompt = prompts.filter(prompt_id=prompt_id).first()
    if prompt is None:
        raise PromptNotFound(f"There is no prompt {prompt_id[:200]}. Save a version to make it, or list the prompts.")
    return prompt


def get_version(*, prompt: Prompt, number: int | None = None) -> Version:
    """A version by number, or the active one. There is no falling back from it. Raises VersionNotFound."""
    versions = prompt.versions.select_related("prompt")
    if number is None:
        version = versions.active().first()
        if version is None:
            raise VersionNotFound(
                f"Prompt {prompt.prompt_id} has no active version ({_known(prompt)}). Name a version or activate one."
            )
        return version
    # Beyond the column's range there is nothing to find, and PostgreSQL would complain.
    version = versions.filter(number=number).first() if 0 < number < 2**31 else None
    if version is None:
        raise VersionNotFound(f"Prompt {prompt.prompt_id} has no version {number} ({_known(prompt)}).")
    return version


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
        _set_active(prompt, number)
        prompt.description = str(state.get("description", prompt.description))
        prompt.save(update_fields=["description"])


def describe(version: Version) -> dict[str, Any]:
    """A version as the trail keeps it, where nothing is changed later: without what looks like a secret."""
    if version.prompt_text is not None:
        content: dict[str, Any] = {"prompt_text": blank(version.prompt_text)}
    else:
        messages = version.messages or []
        content = {"messages": [{**item, "content": blank(item["content"])} for item in messages]}
    remarks = {name: blank(getattr(version, name)) for name in ("purpose", "notes")}
    return {
        "version": version.number,
        **content,
        **remarks,
        "settings": scrub(version.settings),
        "content_hash": version.content_hash,
    }


def _set_active(prompt: Prompt, number: int | None) -> None:
    # Off before on: the database holds that there is one at most.
    if number is None:
        prompt.versions.active().update(is_active=False)
    else:
        prompt.versions.active().exclude(number=number).update(is_active=False)
        prompt.versions.filter(number=number).update(is_active=True)


def _record(prompt: Prompt, event_type: str, before: dict[str, Any] | None) -> None:
    record(
        event_type=event_type,
        entity_type="prompt",
        entity_id=prompt.prompt_id,
        old_value=before,
        new_value=prompt.state(),
    )


def _known(prompt: Prompt) -> str:
    if prompt.latest_number == 0:
        return "it has none yet"
    return "it has version 1" if prompt.latest_number == 1 else f"it has 1 to {prompt.latest_number}"


def _hash(version: Version) -> str:
    content = {"prompt_text": version.prompt_text} if version.is_plain else {"messages": version.messages}
    try:
        return compute_hash({**content, "settings": version.settings})
    except ValueError as error:
        raise VersionInvalid(f"The version cannot be kept as JSON: {error}") from error


def _same(version: Version) -> Version | None:
    """The saved version that says exactly this: text, settings, purpose and notes."""
    saved = version.prompt.versions.filter(content_hash=version.content_hash)
    return saved.filter(purpose=version.purpose, notes=version.notes).first()


def _check_id(prompt: Prompt) -> None:
    try:
        prompt.clean_fields(exclude=["created_by", "description"])
    except ValidationError as error:
        raise _invalid("prompt_id", error.messages[0]) from error


def _invalid(field: str, detail: str) -> VersionInvalid:
    return VersionInvalid(f"{field}: {detail}", errors=[FieldError(field=field, code="invalid", detail=detail)])


def check_content(
    prompt_text: str | None, messages: Sequence[Mapping[str, str]] | None, variables: Sequence[str] | None = None
) -> list[Message]:
    """The messages of a version to be: templates that parse and use exactly the declared variables, when some are.

    Raises VersionInvalid, TemplateInvalid, TextTooLarge.
    """
    content = _content(prompt_text, messages)
    check_size(*(message.content for message in content))
    for message in content:
        _check_storable(content=message.content)
    found = inspect_messages(content)
    if variables is not None:
        if missing := sorted(set(found.names) - set(variables)):
            raise _invalid("variables", f"The template uses {', '.join(missing)}, which is not declared.")
        if unused := sorted(set(variables) - set(found.names)):
            raise _invalid("variables", f"The template does not use {', '.join(unused)}.")
    return content


def _check_storable(**texts: str) -> None:
    for field, text in texts.items():
        if "\x00" in text:
            raise _invalid(field, "Must not hold a NUL character.")


def _content(prompt_text: str | None, messages: Sequence[Mapping[str, str]] | None) -> list[Message]:
    if (prompt_text is None) == (messages is None):
        raise _invalid("prompt_text", "Give either prompt_text or messages.")
    if prompt_text is not None:
        if not prompt_text.strip():
            raise _invalid("prompt_text", "Must not be blank.")
        return [Message(role="user", content=prompt_text)]
    assert messages is not None
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise _invalid("messages", f"Must hold 1 to {MAX_MESSAGES} messages.")
    content = []
    for index, message in enumerate(messages):
        if set(message) != {"role", "content"} or not all(isinstance(part, str) for part in message.values()):
            raise _invalid(f"messages[{index}]", "Must be {role, content}, both strings.")
        if message["role"] not in ROLES:
            raise _invalid(f"messages[{index}].role", f"Must be one of {', '.join(ROLES)}.")
        content.append(Message(role=message["role"], content=message["content"]))
    return content


_NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_INTEGERS = {"top_k": 0, "max_tokens": 1, "max_completion_tokens": 1, "seed": -(2**53)}
_OTHERS = {"model": str, "stop": (str, list), "response_format": dict, "reasoning_effort": str, "extra": dict}
SETTINGS = sorted([*_NUMBERS, *_INTEGERS, *_OTHERS])
"""Names a version's settings may have; `extra` goes to the model's API as it is."""


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raises VersionInvalid for a setting that is unknown or out of its range."""
    for name, value in settings.items():
        field = f"settings.{name}"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in _NUMBERS:
            low, high = _NUMBERS[name]
            if not number or not low <= value <= high:
                raise _invalid(field, f"Must be a number from {low} to {high}.")
        elif name in _INTEGERS:
            if not isinstance(value, int) or not number or not _INTEGERS[name] <= value <= 2**53:
                raise _invalid(field, f"Must be a whole number of at least {_INTEGERS[name]}.")
        elif name not in _OTHERS:
            raise _invalid(field, f"Unknown setting. Known are {', '.join(SETTINGS)}; extra takes any others.")
        elif not isinstance(value, _OTHERS[name]):  # type: ignore[arg-type]
            raise _invalid(field, "Has the wrong JSON type.")
    stop = settings.get("stop", [])
    if isinstance(stop, list) and not all(isinstance(item, str) for item in stop):
        raise _invalid("settings.stop", "Must be a string or a list of strings.")
