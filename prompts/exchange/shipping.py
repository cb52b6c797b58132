"""The slash commands that ship: `prompts/shipped/`, a folder of skills as agents have them, each with its test cases.

Beside them stands what a person might ask an agent for, and which of them should answer: that is a prompt of its own,
so that how well they are chosen by their descriptions is tested as anything else is.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from prompts import exchange
from prompts.exchange.importing import Imported, keep_all
from prompts.exchange.jsonl import objects
from prompts.exchange.terms import Carried, File, Read
from prompts.models import PRODUCTION, Version

FOLDER = Path(__file__).resolve().parents[1] / "shipped"
TRIGGERS = "skill-triggers"
"""The prompt that asks which command a request is for."""
NONE = "none"
_NOTES = "As it ships."
_CHOOSING = """You are a coding agent with these skills:

{skills}

Which of them is the request of the user for? Choose one only where its description covers what is asked. \
Answer with its name alone, or with none."""


@cache
def shipped() -> dict[str, Carried]:
    """The commands by name, as they ship."""
    files = [_file(path) for path in sorted(FOLDER.rglob("*")) if path.is_file()]
    return {
        carried.prompt_id: replace(carried, notes=_NOTES) for carried in exchange.read(files, "claude-skills").prompts
    }


def save_shipped() -> Imported:
    """Save the shipped commands as prompts, each with its test cases, and the prompt that tells which is meant.

    One whose active version is a team's own gets the shipped text beside it, not in its place. Raises as
    import_prompts does.
    """
    every = [*shipped().values(), triggers(shipped())]
    names = [carried.prompt_id for carried in every]
    own = Version.objects.filter(prompt__prompt_id__in=names, labels__name=PRODUCTION).exclude(notes=_NOTES)
    kept = set(own.values_list("prompt__prompt_id", flat=True))
    return keep_all(Read(prompts=every), set(names) - kept)


def triggers(skills: Mapping[str, Carried]) -> Carried:
    """The prompt that asks which skill a request is for, with the requests that ship as its test cases."""
    listed = "\n".join(f"- {name}: {' '.join(carried.purpose.split())}" for name, carried in skills.items())
    asked = [item for _, item in objects(_file(FOLDER / "triggers.jsonl"))]
    return Carried(
        prompt_id=TRIGGERS,
        purpose="Which skill a request is for: whether descriptions call what they should, and nothing else.",
        notes=_NOTES,
        messages=[
            {"role": "system", "content": _CHOOSING.format(skills=listed)},
            {"role": "user", "content": "{{ input }}"},
        ],
        settings={"temperature": 0},
        cases=tuple(_case(item["request"], item["skill"]) for item in asked),
    )


def _case(request: str, skill: str) -> dict[str, object]:
    """A name in quotes or with a full stop behind it is that name."""
    return {
        "name": f"{skill}: {request}"[:120],
        "type": "silent" if skill == NONE else "triggers",
        "input": request,
        "assertions": [{"type": "regex", "value": rf"\A\W*{re.escape(skill)}\W*\Z"}],
    }


def _file(path: Path) -> File:
    return File(path=path.relative_to(FOLDER).as_posix(), text=path.read_text(encoding="utf-8"))
