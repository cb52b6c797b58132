"""Prompts of files become versions and test cases: all of them, or none."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from config.errors import DomainError, FieldError
from prompts import exchange
from prompts.apart import check_assertions
from prompts.cases import complete_case, keep_checked
from prompts.composition import check_version
from prompts.exchange.terms import Carried, File
from prompts.models import Prompt
from prompts.prompts import create_prompt, update_prompt
from prompts.templates.blocks import INCLUDE, read_includes
from prompts.versions import Prepared, Saved, keep_version, prepare

MAX_PROMPTS = 5_000
MOST_NAMED = 50
"""Faults that one refusal names."""


class ImportRefused(DomainError):
    """Something in the files cannot be saved, so nothing was."""

    code = "import-refused"
    remedy = "mend what `errors` names in the files, and import them again; nothing of them was kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    saved: list[Saved] = field(default_factory=list)
    cases: int = 0
    left: list[str] = field(default_factory=list)
    """In words, what of the files has no place here."""


def import_prompts(*, files: Sequence[File], form: exchange.Readable | None = None, activate: bool = False) -> Imported:
    """Save each prompt of files as its next version, with its test cases; all of them, or none.

    Without `form` the files tell it. With `activate` the versions become those that programs fetch.
    Raises Unreadable, ImportRefused, and what moving a label raises.
    """
    read = exchange.read(files, form or exchange.guess(files))
    active = {carried.prompt_id for carried in read.prompts} if activate else set()
    return keep_all(read, active)


def keep_all(read: exchange.Read, active: Collection[str]) -> Imported:
    """Save what was read; the prompts of `active` are activated. Raises as import_prompts does."""
    if len(read.prompts) > MAX_PROMPTS:
        raise ImportRefused(f"At most {MAX_PROMPTS:,} prompts at once; these are {len(read.prompts):,}.")
    ready = _looked_at(read.prompts)
    with transaction.atomic():
        saved = [_save(carried, prepared, carried.prompt_id in active) for carried, prepared in ready]
        composed = _in_order([carried for carried in read.prompts if _includes(carried)])
        saved += [_save(carried, _prepared(carried), carried.prompt_id in active) for carried in composed]
    cases = sum(len(carried.cases) for carried in read.prompts)
    return Imported(saved=saved, cases=cases, left=read.left)


def _looked_at(prompts: Sequence[Carried]) -> list[tuple[Carried, Prepared]]:
    """Every prompt that stands alone, before anything is written. Raises ImportRefused naming all that are wrong."""
    ready, errors, wrong = [], [], []
    for index, carried in enumerate(prompts):
        try:
            check_cases(carried.cases)
            if not _includes(carried):
                ready.append((carried, _prepared(carried)))
        except DomainError as error:
            wrong.append(f"{carried.prompt_id}: {error.detail}")
            parts = error.errors or [FieldError(field="", code=error.code, detail=error.detail)]
            errors += [
                FieldError(field=f"prompts[{index}].{item.field}".rstrip("."), code=item.code, detail=item.detail)
                for item in parts
            ]
    if wrong:
        more = f" ({len(wrong)} of {len(prompts)} cannot be saved.)" if len(prompts) > 1 else ""
        raise ImportRefused(f"Nothing was imported. {wrong[0]}{more}", errors=errors[:MOST_NAMED])
    return ready


def check_cases(cases: Sequence[dict[str, Any]]) -> None:
    """Cases that are to be kept together. Raises ImportRefused naming the one that is wrong."""
    names = [named(number, case)["name"] for number, case in enumerate(cases, start=1)]
    if twice := _twice(names):
        raise ImportRefused(f"Two test cases are named {twice[:80]!r}; names tell cases apart.")
    for number, case in enumerate(cases, start=1):
        try:
            complete_case(named(number, case))
        except DomainError as error:
            parts = [
                FieldError(field=f"cases[{number - 1}].{item.field}", code=item.code, detail=item.detail)
                for item in error.errors
            ]
            raise ImportRefused(f"Test case {number}: {error.detail}", errors=parts) from error
    try:
        check_assertions({f"cases[{at}].assertions": case.get("assertions") or [] for at, case in enumerate(cases)})
    except DomainError as error:
        raise ImportRefused(error.detail, errors=error.errors) from error


def _twice(names: Sequence[Any]) -> str:
    """A name that stands there more than once."""
    seen = set()
    for name in map(str, names):
        if name in seen:
            return name
        seen.add(name)
    return ""


def named(number: int, case: dict[str, Any]) -> dict[str, Any]:
    """A case that has a name."""
    return {"name": f"case {number}", **case}


def _prepared(carried: Carried) -> Prepared:
    composed = check_version(carried.prompt_id, carried.prompt_text, carried.messages)
    remarks = {"purpose": carried.purpose, "notes": carried.notes}
    return prepare(
        carried.prompt_id,
        composed,
        is_plain=carried.prompt_text is not None,
        settings=carried.settings,
        **remarks,
    )


def _save(carried: Carried, prepared: Prepared, activate: bool) -> Saved:
    said = {name: value for name in ("description", "folder", "tags") if (value := getattr(carried, name))}
    if not Prompt.objects.filter(prompt_id=carried.prompt_id).exists():
        create_prompt(prompt_id=carried.prompt_id, **said)
    elif said:
        update_prompt(prompt_id=carried.prompt_id, **said)
    saved = keep_version(prepared, activate=activate)
    for number, case in enumerate(carried.cases, start=1):
        keep_checked(carried.prompt_id, named(number, case))
    return saved


def _includes(carried: Carried) -> set[str]:
    """The prompts that it includes; they have to be there when it is saved."""
    if not any(INCLUDE in text for text in carried.texts):
        return set()
    found = [block.tokens[1][1][1:-1] for text in carried.texts for block in read_includes(text)]
    return {name.partition("@")[0] for name in found}


def _in_order(prompts: Sequence[Carried]) -> list[Carried]:
    """What is included before what includes it; in a circle the one that stands first, which is then refused."""
    waiting, ordered = list(prompts), []
    while waiting:
        names = {carried.prompt_id for carried in waiting}
        free = [carried for carried in waiting if not _includes(carried) & (names - {carried.prompt_id})]
        taken = free or waiting[:1]
        ordered += taken
        waiting = [carried for carried in waiting if carried not in taken]
    return ordered
