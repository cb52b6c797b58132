"""Skills and commands of agents: `NAME/SKILL.md`, `commands/NAME.md`.

Claude Code puts what was typed in the place of `$ARGUMENTS`, its words in the places of `$name` where the front matter
names them, and of `$1`. Others have no such places: there a skill says in words what a name in it stands for.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from prompts.exchange import front_matter, names
from prompts.exchange.literals import beyond, filled, names_in, with_variables
from prompts.exchange.terms import Carried, File, Read, Unreadable, Written, said_of
from prompts.templates.blocks import read_blocks

BY_HAND = "by-hand"
"""The tag of a command that only a person calls, since it changes something outside."""
USUAL = "input"
"""The variable of a skill whose argument has no name."""
_KNOWN = {"name", "description", "argument-hint", "arguments", "disable-model-invocation"}
_HINT = re.compile(r"<([A-Za-z_][\w-]*)>|\[([A-Za-z_][\w-]*)\]")
_NUMBER = re.compile(r"argument_(\d)")
_RUNS = re.compile(r"!`[^`]+`")


def read_skills(files: Sequence[File]) -> Read:
    """Each `SKILL.md`, with the cases in `evals/cases.jsonl` beside it. Raises Unreadable."""
    from prompts.exchange import jsonl

    cases = {file.path: file for file in files}
    skills = [file for file in files if file.name == "SKILL.md"]
    if not skills:
        raise Unreadable("There is no SKILL.md. Give the folder that has one in a folder for each skill.")
    found = Read()
    for file in skills:
        folder = file.path.removesuffix("SKILL.md")
        carried = _read(file, _name_of(folder), found)
        beside = cases.get(f"{folder}evals/cases.jsonl")
        found.prompts.append(replace(carried, cases=jsonl.read_cases(beside)) if beside else carried)
    return found


def read_commands(files: Sequence[File]) -> Read:
    """Each Markdown file is a command by its name. Raises Unreadable."""
    found = Read()
    for file in files:
        if file.name.endswith(".md"):
            found.prompts.append(_read(file, file.stem, found))
    if not found.prompts:
        raise Unreadable("There is no NAME.md. Give the folder .claude/commands, or files of it.")
    return found


def write_skills(prompts: Iterable[Carried]) -> Written:
    """`NAME/SKILL.md` as Claude Code takes it."""
    done = Written()
    for carried in prompts:
        _write(carried, f"{carried.prompt_id}/SKILL.md", done, by_name=True)
    return done


def write_commands(prompts: Iterable[Carried]) -> Written:
    """`NAME.md` as Claude Code takes it."""
    done = Written()
    for carried in prompts:
        _write(carried, f"{carried.prompt_id}.md", done, by_name=False)
    return done


def write_portable(prompts: Iterable[Carried]) -> Written:
    """`NAME/SKILL.md` with what every agent knows of it, for a folder such as .agents/skills or .cursor/skills."""
    done = Written()
    for carried in prompts:
        if (text := single_text(carried, done)) is None:
            continue
        variables = names_in(carried).names
        body = filled(text, {name: f"<{name}>" for name in variables})
        front = {"name": carried.prompt_id, "description": described(carried, done)}
        by_hand = {"disable-model-invocation": True} if BY_HAND in carried.tags else {}
        file = front_matter.joined({**front, **by_hand}, f"{_told(variables)}{body}")
        done.files.append(File(path=f"{carried.prompt_id}/SKILL.md", text=file))
    return done


def single_text(carried: Carried, done: Written) -> str | None:
    """The text of a prompt where it has a single one; else it is named as left, as is what no skill says."""
    done.leave(carried, said_of(carried, ("notes", "settings", "folder", "description")))
    done.leave(carried, [tag for tag in carried.tags if tag != BY_HAND], "are tags, which this format has not")
    if carried.cases:
        done.leave(carried, [f"{len(carried.cases)} test cases"], "stay here: they are for testing, not for use")
    if carried.prompt_text is None:
        done.leave(carried, ["it"], "is a conversation; a skill or command is one text")
        return None
    if said := beyond(carried.prompt_text, guards=True):
        done.leave(carried, [", ".join(said[:5])], "is said by templates alone, so the prompt stays behind")
        return None
    return carried.prompt_text


def described(carried: Carried, done: Written) -> str:
    """What an agent chooses a skill by."""
    said = " ".join((carried.purpose or carried.description).split())
    if not said:
        done.left.append(f"{carried.prompt_id}: has no purpose, by which an agent would choose it. Save one with it.")
    return said


def _read(file: File, name: str, found: Read) -> Carried:
    front, body = front_matter.parted(file)
    prompt_id, folder = names.placed(front_matter.text_of(front, "name") or name)
    found.leave(file.path, sorted(set(front) - _KNOWN))
    if runs := _RUNS.findall(body):
        found.leave(file.path, runs[:5], "is run by Claude Code alone; here it is text")
    places = _places(front)
    return Carried(
        prompt_id=prompt_id,
        folder=folder,
        prompt_text=with_variables(body, _pattern(places), lambda match: _variable(match[1], places)),
        purpose=front_matter.text_of(front, "description"),
        tags=(BY_HAND,) if front.get("disable-model-invocation") is True else (),
    )


def _name_of(folder: str) -> str:
    parts = [part for part in folder.split("/") if part]
    return parts[-1] if parts else "skill"


def _places(front: dict[str, Any]) -> dict[str, bool]:
    """The names of a command's arguments, and whether each must be there: `<so>`, and `[so]` or unsaid where not."""
    hint = front.get("argument-hint")
    words = (
        " ".join(f"[{item}]" for item in hint) if isinstance(hint, list) else str(hint or "")
    )  # YAML's [x] is a list
    hinted = {(must or may).replace("-", "_"): bool(must) for must, may in _HINT.findall(words)}
    named = front.get("arguments") or []
    listed = named.split() if isinstance(named, str) else [str(name) for name in named]
    return {name.replace("-", "_"): hinted.get(name.replace("-", "_"), False) for name in listed} or hinted


def _pattern(places: dict[str, bool]) -> re.Pattern[str]:
    own = "".join(f"|{re.escape(name)}" for name in sorted(places, key=len, reverse=True)) if len(places) > 1 else ""
    return re.compile(rf"\$(ARGUMENTS|\d{own})(?![\w\[])")


def _variable(word: str, places: dict[str, bool]) -> str:
    if word == "ARGUMENTS":
        name = next(iter(places)) if len(places) == 1 else USUAL
    else:
        name = f"argument_{word}" if word.isdigit() else word
    return f"{{{{ {name} }}}}" if places.get(name) else f'{{{{ {name}|default("") }}}}'


def _write(carried: Carried, path: str, done: Written, *, by_name: bool) -> None:
    if (text := single_text(carried, done)) is None:
        return
    variables = names_in(carried)
    marks = _marks(variables.names)
    named = [name for name in variables.names if marks[name] == f"${name}"]
    told = [name for name in variables.names if not _NUMBER.fullmatch(name)]
    front = {
        "name": carried.prompt_id if by_name else None,
        "description": described(carried, done),
        "argument-hint": " ".join(f"<{name}>" if name in variables.required else f"[{name}]" for name in told),
        "arguments": named,
        "disable-model-invocation": BY_HAND in carried.tags or None,
    }
    body = filled(text, marks)
    if len(found := _pattern(dict.fromkeys(named, False)).findall(body)) > len(read_blocks(text)):
        done.left.append(f"{carried.prompt_id}: {found[0]} is text here, and a place for arguments there.")
    done.files.append(File(path=path, text=front_matter.joined(front, body)))


def _marks(variables: Sequence[str]) -> dict[str, str]:
    """What Claude Code replaces: all that was typed where a prompt asks for one thing, else each by its name."""
    marks = {name: f"${match[1]}" if (match := _NUMBER.fullmatch(name)) else f"${name}" for name in variables}
    several = [name for name in variables if not _NUMBER.fullmatch(name)]
    return marks | ({several[0]: "$ARGUMENTS"} if len(several) == 1 else {})


def _told(variables: Sequence[str]) -> str:
    if not variables:
        return ""
    listed = " and ".join(f"`<{name}>`" for name in variables)
    return f"In this text {listed} stands for what was said beside its name; where nothing was said, for nothing.\n\n"
