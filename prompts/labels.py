"""Labels: which version is for what. A label moves, is taken away, comes back by a rollback."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from config.context import caller
from config.errors import Conflict, Forbidden
from prompts import gate
from prompts.content import invalid
from prompts.lookup import get_label, get_version
from prompts.models import LABEL_RULE, LATEST, PRODUCTION, Label, Prompt
from prompts.prompts import get_prompt, record_change


class LabelProtected(Conflict):
    code = "label-protected"
    remedy = "take its protection off first, with a key of scope admin"


class ProtectionKept(Forbidden):
    """Whoever may move a label may not also lift what holds it."""

    code = "protection-kept"
    remedy = "ask somebody whose key has the scope admin"


@transaction.atomic
def move_label(*, prompt_id: str, label: str, version: int, protected: bool | None = None) -> Label:
    """Let a version hold a label, which is made when it is new; nothing changes when it holds it already.

    `protected` says whether from now on it moves only through the gate; None leaves that as it is.
    Raises PromptNotFound, VersionNotFound, VersionInvalid, ProtectionKept, LabelHeld.
    """
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    before = prompt.state()
    evidence = _place(prompt, label, version, protected)
    if prompt.state() != before:
        kind = "prompt.version_activated" if label == PRODUCTION else "prompt.label_moved"
        record_change(prompt, kind, before, context=evidence)
    return get_label(prompt=prompt, name=label)


@transaction.atomic
def remove_label(*, prompt_id: str, label: str) -> None:
    """Take a label away; its version stays. Raises PromptNotFound, LabelNotFound, LabelProtected."""
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    before = prompt.state()
    _take_away(get_label(prompt=prompt, name=label))
    record_change(prompt, "prompt.label_removed", before)


def restore_labels(prompt: Prompt, state: Mapping[str, Any]) -> None:
    """Make the labels those of a state that the trail kept; the prompt is locked. Raises as move and remove do."""
    active = state["active_version"]
    wanted = {**dict(state.get("labels", {})), **({} if active is None else {PRODUCTION: active})}
    protected = set(state.get("protected", ()))
    for label in prompt.labels.exclude(name__in=wanted):
        _take_away(label)
    for name, number in wanted.items():
        _place(prompt, name, number, name in protected)


def _place(prompt: Prompt, name: str, number: int, protected: bool | None) -> dict[str, Any]:
    """What the gate says of it, where there is one."""
    _check_name(name)
    version = get_version(prompt=prompt, number=number)
    label = prompt.labels.select_related("version__prompt", "prompt").filter(name=name).first() or Label(
        prompt=prompt, name=name
    )
    if label.protected and protected is False and caller().scope != "admin":
        raise ProtectionKept(f"{name} is protected; only a key of scope admin takes that off.")
    evidence: dict[str, Any] = {}
    if label.version_id != version.pk:
        evidence = gate.let_pass(label, version) if label.protected else {}
        label.version, label.moved_at, label.moved_by = version, timezone.now(), caller().actor
    label.protected = label.protected if protected is None else protected
    label.save()
    return evidence


def _take_away(label: Label) -> None:
    if label.protected:
        raise LabelProtected(f"{label} is protected. Take its protection off, then remove it.")
    label.delete()


def _check_name(name: str) -> None:
    if name == LATEST:
        raise invalid("label", f"{LATEST} is always the version that was saved last; choose another name.")
    try:
        LABEL_RULE(name)
    except ValidationError as error:
        raise invalid("label", error.messages[0]) from error
