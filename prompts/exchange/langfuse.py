"""Langfuse's prompts as its API tells them: `{name, version, type, prompt, config, labels, tags, commitMessage}`."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from prompts.exchange import names
from prompts.exchange.jsonl import objects, parsed
from prompts.exchange.literals import BARE, beyond, filled, with_variables
from prompts.exchange.terms import Carried, File, Read, Unreadable, Written, said_of
from prompts.model_settings import SETTINGS
from prompts.templates import inspect
from prompts.templates.blocks import read_blocks

_KNOWN = {
    *("name", "version", "type", "prompt", "config", "tags", "commitMessage"),
    *("id", "createdAt", "updatedAt", "createdBy", "projectId", "isActive", "resolutionGraph"),
}
_REFERENCE = re.compile(r"@@@langfusePrompt:name=([^|@]+)\|(?:label|version)=([^|@]+)@@@")
_MEANS = re.compile(rf"{BARE.pattern}|{_REFERENCE.pattern}")


def read(files: Sequence[File]) -> Read:
    """The prompts of an answer of its API, of a list or a line each; versions in their order. Raises Unreadable."""
    found, read_items = Read(), []
    for file in files:
        read_items += list(_items(file))
    read_items.sort(key=lambda item: (str(item[1].get("name")), _number(item[1].get("version"))))
    for where, item in read_items:
        found.leave(where, sorted(set(item) - _KNOWN - {"labels"}))
        found.leave(where, item.get("labels") or [], "are labels: move them here, or import with activate")
        found.prompts.append(_carried(where, item, found))
    return found


def _items(file: File) -> Iterable[tuple[str, dict[str, Any]]]:
    if file.text.lstrip("\ufeff \r\n\t").startswith("{") and '"data"' in file.text:
        whole = parsed(file.text, file.path)
        if isinstance(whole, dict) and isinstance(whole.get("data"), list):
            file = File(path=file.path, text=json.dumps(whole["data"]))
    elif "\n" in file.text.strip() and file.text.lstrip().startswith("{"):
        try:
            file = File(path=file.path, text=json.dumps([parsed(file.text, file.path)]))  # one prompt, indented
        except Unreadable:
            return objects(file)
    return objects(file)


def _number(version: Any) -> int:
    return version if isinstance(version, int) else 0


def _carried(where: str, item: dict[str, Any], found: Read) -> Carried:
    name, content, config = item.get("name"), item.get("prompt"), item.get("config") or {}
    if not isinstance(name, str) or not isinstance(content, str | list) or not isinstance(config, dict):
        raise Unreadable(f"{where} is no prompt of Langfuse: it needs name and prompt, and an object as config.")
    prompt_id, folder = names.placed(name)
    found.leave(where, [f"config.{key}" for key in config if key not in SETTINGS], "is no setting of a model here")
    turns = [_turn(where, turn, found) for turn in content] if isinstance(content, list) else None
    return Carried(
        prompt_id=prompt_id,
        folder=folder,
        prompt_text=_template(content) if isinstance(content, str) else None,
        messages=[turn for turn in turns if turn] if turns is not None else None,
        notes=str(item.get("commitMessage") or ""),
        settings={key: value for key, value in config.items() if key in SETTINGS},
        tags=names.tags(item.get("tags")),
    )


def _turn(where: str, turn: Any, found: Read) -> dict[str, str] | None:
    if isinstance(turn, dict) and turn.get("type") == "placeholder":
        found.leave(where, [f"the placeholder {turn.get('name')}"], "is a place for messages, which has no match here")
        return None
    if not isinstance(turn, dict) or not isinstance(turn.get("content"), str):
        raise Unreadable(f"{where}: its messages are of role and content.")
    return {"role": str(turn.get("role", "")), "content": _template(turn["content"])}


def _template(text: str) -> str:
    return with_variables(text, _MEANS, _meant)


def _meant(match: re.Match[str]) -> str:
    if match[1]:
        return f"{{{{ {match[1]} }}}}"
    return f'{{% include "{names.placed(match[2])[0]}@{match[3].strip()}" %}}'


def write(prompts: Iterable[Carried]) -> Written:
    """All of them in one list. Only bare variables can be said; a prompt with more in it stays behind."""
    done, listed = Written(), []
    for carried in prompts:
        if said := [word for text in carried.texts for word in _beyond(text)]:
            done.leave(carried, [", ".join(said[:5])], "is said by templates alone, so the prompt stays behind")
            continue
        done.leave(carried, said_of(carried, ("purpose", "description")))
        if carried.cases:
            done.leave(carried, [f"{len(carried.cases)} test cases"], "are no part of its prompts")
        listed.append(_told(carried))
    text = json.dumps(listed, ensure_ascii=False, indent=2) + "\n"
    return Written(files=[File(path="langfuse.json", text=text)], left=done.left)


def _beyond(template: str) -> list[str]:
    """What would be lost, or be a variable there that is none here."""
    if said := beyond(template, guards=False):
        return said
    told = _filled(template)
    return [] if len(_MEANS.findall(told)) == len(read_blocks(template)) else ["{% raw %}"]


def _filled(template: str) -> str:
    return filled(template, {name: f"{{{{{name}}}}}" for name in inspect(template).names})


def _told(carried: Carried) -> dict[str, Any]:
    turns = [{"role": turn["role"], "content": _filled(turn["content"])} for turn in carried.messages or ()]
    return {
        "name": f"{carried.folder}/{carried.prompt_id}" if carried.folder else carried.prompt_id,
        "type": "text" if carried.prompt_text is not None else "chat",
        "prompt": _filled(carried.prompt_text) if carried.prompt_text is not None else turns,
        "config": carried.settings,
        "tags": list(carried.tags),
        "commitMessage": carried.notes or None,
    }
