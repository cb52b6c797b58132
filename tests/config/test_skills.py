"""The skills that ship: of a form that agents take, and about tools and commands that are there."""

import re
from inspect import signature
from pathlib import Path

import pytest
from django.core.management import get_commands

from config import skills
from config.commandline.names import joined
from config.mcp.tools import tools
from config.skills import InvalidSkill, Skill
from tests.project.doors import command_parser
from tests.project.sources import APPS

SHIPPED = skills.shipped()
each_skill = pytest.mark.parametrize("skill", SHIPPED, ids=lambda skill: skill.name)
MARKED = re.compile(r"`([^`\n]+)`")
TEXT = "---\nname: {name}\ndescription: {description}\n---\n{body}"


def test_each_tool_has_a_skill_and_no_two_share_a_name() -> None:
    assert len({skill.name for skill in SHIPPED}) == len(SHIPPED) >= len(APPS)


@each_skill
def test_a_skill_says_when_it_is_wanted_and_begins_with_a_title(skill: Skill) -> None:
    assert re.search(r"\bUse (?:only )?(?:when|on|before|after|visioncache)\b", skill.description), skill.description
    assert re.search(r"^---\n# [A-Z]", skill.text, re.MULTILINE)
    assert skill.text.isascii()


@each_skill
def test_a_skill_names_tools_with_their_arguments_that_are_there(skill: Skill) -> None:
    functions = [tool.function for tool in tools().values()]
    known = set(tools()) | {name for function in functions for name in signature(function).parameters}
    for function in functions:
        known |= set(getattr(signature(function).return_annotation, "__annotations__", {}))
    named = {word for word in MARKED.findall(skill.text) if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", word)}
    assert named <= known, named - known


@each_skill
def test_a_skill_names_commands_that_take_what_it_says(skill: Skill) -> None:
    for line in re.findall(r"`handrail ([^`\n]+)`", skill.text):
        words = line.split()
        name = joined(words, get_commands())
        rest = words[2:] if name else words[1:]
        name = name or words[0]
        assert name in get_commands(), line
        if name != "schemacheck":  # which has a parser of its own without the service
            command_parser(name).parse_args(rest)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no front matter", "front matter"),
        (TEXT.format(name="other", description="Use when.", body="Do it.\n"), "name must be that of its folder"),
        (TEXT.format(name="mine", description="", body="Do it.\n"), "description"),
        (TEXT.format(name="mine", description="x" * 1025, body="Do it.\n"), "1024 characters"),
        (TEXT.format(name="mine", description="a: b: c", body="Do it.\n"), "no YAML"),
        (TEXT.format(name="mine", description="Use when.", body=" \n"), "a text follows"),
        (TEXT.format(name="mine", description="Use when.", body="x\n" * 500), "less than 500 lines"),
        ("---\n- mine\n---\nDo it.\n", "has no names"),
    ],
)
def test_what_agents_would_not_take_is_refused_with_the_file_and_why(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine" / "SKILL.md"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InvalidSkill, match=said) as raised:
        skills.in_folder(tmp_path)
    assert str(path) in str(raised.value)


def test_of_two_with_one_name_a_team_has_its_own(tmp_path: Path) -> None:
    name = SHIPPED[0].name
    path = tmp_path / name / "SKILL.md"
    path.parent.mkdir()
    path.write_text(TEXT.format(name=name, description="Use when.", body="Ours.\n"))
    found = {skill.name: skill.text for skill in skills.with_folders([tmp_path])}
    assert (len(found), "Ours." in found[name]) == (len(SHIPPED), True)
    with pytest.raises(InvalidSkill, match=r"has no SKILL\.md"):
        skills.with_folders([tmp_path / name])
