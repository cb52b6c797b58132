"""Skills: what a coding agent should know of a tool, as a SKILL.md in a folder of its own (agentskills.io).

An app offers some by `skills`, a package with such folders, or a module with a function of that name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from config.discovery import app_modules
from config.errors import DomainError

LONGEST_NAME, LONGEST_DESCRIPTION, MOST_LINES = 64, 1024, 500
"""What agents take; of a longer text they read the beginning."""
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PARTS = re.compile(r"---\n(?P<front>.*?\n)---\n(?P<body>.*)", re.DOTALL)


class InvalidSkill(DomainError):
    """A SKILL.md that agents would not take, or would take for another."""

    code = "invalid-skill"
    remedy = "mend the file that `detail` names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """An instruction that an agent reads when its description fits what it is about to do."""

    name: str
    description: str
    text: str
    """The whole SKILL.md."""
    by_hand: bool = False
    """Whether only a person calls it."""


def shipped() -> list[Skill]:
    """The skills of all apps, by name. Raises InvalidSkill."""
    found = [skill for _, module in app_modules("skills") for skill in _of(module)]
    return sorted(found, key=lambda skill: skill.name)


def with_folders(folders: Iterable[Path]) -> list[Skill]:
    """Those that ship, and those of a team's folders; of two with one name the team's. Raises InvalidSkill."""
    found = {skill.name: skill for skill in shipped()}
    for folder in folders:
        own = in_folder(folder)
        if not own:
            raise InvalidSkill(f"{folder} has no SKILL.md in a folder for each skill.")
        found.update((skill.name, skill) for skill in own)
    return list(found.values())


def in_folder(folder: Path) -> list[Skill]:
    """The skills of a folder that has one in a folder for each. Raises InvalidSkill."""
    return [read(path) for path in sorted(folder.glob("*/SKILL.md"))]


def read(path: Path) -> Skill:
    """A skill, held to what agents take. Raises InvalidSkill."""
    try:
        return parsed(path.read_text(encoding="utf-8"), path.parent.name)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InvalidSkill(f"{path}: {error}") from error


def parsed(text: str, folder: str) -> Skill:
    """A skill of its text, which stands in a folder of its name. Raises ValueError."""
    name, description, front = _front(text)
    if name != folder or not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ValueError(f"its name must be that of its folder, {folder}: small letters, digits, single hyphens")
    if not description or len(description) > LONGEST_DESCRIPTION:
        raise ValueError(f"it needs a description of at most {LONGEST_DESCRIPTION} characters")
    if text.count("\n") >= MOST_LINES:
        raise ValueError(f"it must have less than {MOST_LINES} lines")
    by_hand = front.get("disable-model-invocation") is True
    return Skill(name=name, description=description, text=text, by_hand=by_hand)


def _front(text: str) -> tuple[str, str, dict[str, Any]]:
    parts = _PARTS.fullmatch(text)
    if parts is None or not parts["body"].strip():
        raise ValueError("it begins with a front matter between two lines of ---, and a text follows")
    try:
        front = yaml.safe_load(parts["front"])
    except yaml.YAMLError as error:
        raise ValueError(f"its front matter is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(front, dict):
        raise ValueError("its front matter has no names")  # noqa: TRY004 -- of a text, not of an argument
    return str(front.get("name") or ""), str(front.get("description") or "").strip(), front


def _of(module: Any) -> Sequence[Skill]:
    own = getattr(module, "skills", None)
    return own() if own is not None else in_folder(Path(module.__file__).parent)
