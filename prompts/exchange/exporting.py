"""Versions of prompts as files."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from prompts import exchange
from prompts.exchange import shipping
from prompts.exchange.jsonl import said
from prompts.exchange.terms import Carried, Written
from prompts.lookup import LabelNotFound, VersionNotFound, get_version
from prompts.models import LATEST, PRODUCTION, Prompt, Version
from prompts.prompts import PromptNotFound, get_prompt


def export_prompts(*, form: exchange.Writable, prompt_ids: Sequence[str] = (), label: str = PRODUCTION) -> Written:
    """The version that holds a label of each named prompt, or of every prompt, as files of a format.

    A command that ships is among them in the formats of agents as long as no prompt has its name.
    Raises PromptNotFound, VersionNotFound, LabelNotFound.
    """
    ships = shipping.shipped() if form in exchange.OF_AGENTS else {}
    left: list[str] = []
    found = list(_named(prompt_ids, label, ships) if prompt_ids else _all(label, ships, left))
    whole = form not in exchange.KEEPS_INCLUDES
    carried = [item if isinstance(item, Carried) else _carried(item, whole=whole) for item in found]
    done = exchange.write(carried, form)
    return replace(done, left=[*left, *done.left])


def _named(prompt_ids: Sequence[str], label: str, ships: dict[str, Carried]) -> Iterator[Version | Carried]:
    for prompt_id in dict.fromkeys(prompt_ids):
        try:
            prompt = get_prompt(prompt_id=prompt_id)
        except PromptNotFound:
            if prompt_id not in ships:
                raise
            yield ships[prompt_id]
        else:
            yield get_version(prompt=prompt, label=label)


def _all(label: str, ships: dict[str, Carried], left: list[str]) -> Iterator[Version | Carried]:
    taken = set()
    for prompt in Prompt.objects.order_by("prompt_id"):
        taken.add(prompt.prompt_id)
        try:
            yield get_version(prompt=prompt, label=label)
        except (VersionNotFound, LabelNotFound):
            left.append(f"{prompt.prompt_id}: no version holds {label}.")
    if label in {PRODUCTION, LATEST}:
        yield from (carried for name, carried in ships.items() if name not in taken)


def _carried(version: Version, *, whole: bool) -> Carried:
    turns = version.conversation if whole else version.source
    prompt = version.prompt
    content: dict[str, Any] = (
        {"prompt_text": turns[0].content} if version.is_plain else {"messages": [asdict(turn) for turn in turns]}
    )
    return Carried(
        prompt_id=prompt.prompt_id,
        purpose=version.purpose,
        notes=version.notes,
        settings=version.settings,
        description=prompt.description,
        folder=prompt.folder,
        tags=tuple(prompt.tags),
        cases=tuple(said(case.state()) for case in prompt.test_cases.order_by("pk")),
        **content,
    )
