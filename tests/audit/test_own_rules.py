"""What the rules deny, in agents' own permissions: beside what is there, known by a record, and taken out whole."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.agents import installing
from audit.agents.merging import NotMergeable
from audit.agents.own_rules import Record, denials, with_denials
from audit.permissions.latitude.excepting import except_rule
from audit.permissions.rules import Rule
from audit.permissions.store import create_rule
from config.context import acting_as

LISTS = {"permissions": {"deny": ["Bash(rm *)", "Read(.env)"]}}
PATTERNS = {"permission": {"bash": {"rm *": "deny"}, "read": {".env": "deny"}}}
each_shape = pytest.mark.parametrize("entries", [LISTS, PATTERNS], ids=["lists", "patterns"])
THEIRS = [
    "",
    "{}",
    '{\n  // mine\n  "permissions": {"deny": ["Bash(rm *)"], "allow": ["Bash(ls)"]},\n}\n',
    '{"permission": {"bash": {"*": "ask", "rm *": "deny"}, "read": {}}}\n',
    '{\r\n\t"permissions": {\r\n\t\t"deny": [] // nothing yet\r\n\t}\r\n}\r\n',
]


@each_shape
@pytest.mark.parametrize("text", THEIRS)
def test_what_was_there_comes_back_to_the_last_character(text: str, entries: Any) -> None:
    mixed, record = with_denials(text or None, entries, Record())
    assert with_denials(mixed, entries, record) == (mixed, record)
    back, nothing = with_denials(mixed, {}, Record.read(record.text()))
    assert ((back or "").strip().removeprefix("{}"), nothing.text()) == (text.strip().removeprefix("{}"), None)


@given(
    st.lists(st.text("abc *", min_size=1, max_size=4), max_size=4, unique=True),
    st.lists(st.text("abc *", min_size=1, max_size=4), max_size=4, unique=True),
    st.lists(st.text("abc *", min_size=1, max_size=4), max_size=4, unique=True),
)
def test_rules_that_change_leave_none_of_ours_and_all_of_theirs(
    theirs: list[str], first: list[str], then: list[str]
) -> None:
    text = json.dumps({"permissions": {"deny": theirs}}, indent=2)
    mixed, record = with_denials(text, {"permissions": {"deny": first}}, Record())
    again, record = with_denials(mixed, {"permissions": {"deny": then}}, record)
    assert again is not None
    assert json.loads(again)["permissions"]["deny"] == [*theirs, *(item for item in then if item not in theirs)]
    assert with_denials(again, {}, record)[0] == text


@pytest.mark.parametrize("text", ['{"permissions": []}', '{"permissions": {"deny": {}}}', '{"permissions": "no"}', "{"])
def test_a_file_with_something_else_in_that_place_is_not_rewritten(text: str) -> None:
    with pytest.raises(NotMergeable):
        with_denials(text, LISTS, Record())


@pytest.mark.parametrize("text", ["[]", '{"put": [1]}', "{", '{"made": 1}'])
def test_a_record_that_somebody_changed_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotMergeable, match="record of ours"):
        Record.read(text)


def test_only_denials_for_that_agent_are_written_and_what_it_cannot_say_is_named() -> None:
    rules = [
        Rule(tool="Bash", specifier="rm *", decision="deny", reason="no"),
        Rule(tool="Bash", specifier="ls", decision="allow"),
        Rule(tool="Bash", specifier="make *", decision="confirm"),
        Rule(tool="Bash", specifier="go *", decision="deny", agent="codex"),
        Rule(tool="SQL", specifier="drop *", decision="deny"),
    ]
    done = denials("claude", rules)
    assert json.loads(done.text)["permissions"] == {"allow": [], "ask": [], "deny": ["Bash(rm *)"]}
    assert [note.partition(":")[0] for note in done.notes] == ["deny SQL(drop *)"]


def test_the_rules_of_a_service_are_installed_renewed_and_undone(tmp_path: Path, run_command: Any) -> None:
    files = {"claude": ".claude/settings.json", "cursor": ".cursor/cli.json", "opencode": "opencode.json"}
    shop = tmp_path / "shop"
    for path in files.values():
        (shop / path).parent.mkdir(parents=True, exist_ok=True)
        (shop / path).write_text('{\n  "mine": 1\n}\n')
    with acting_as(scope="admin"):
        rule = create_rule(tool="Bash", decision="deny", specifier="touch *")
        create_rule(tool="SQL", decision="deny", specifier="drop *")
        create_rule(tool="Bash", decision="allow", specifier="mkdir *")
    names = [word for agent in files for word in ("--agent", agent)]
    install = ("agent_install", "--yes", "--no-skills", "--permissions", *names, str(shop))
    _, out, _ = run_command(*install)
    assert "[WARN] claude: deny SQL(drop *)" in out
    assert all("touch" in (shop / path).read_text() for path in files.values())
    assert not any("mkdir" in (shop / path).read_text() for path in files.values())
    with acting_as(scope="admin"):
        except_rule(rule_id=str(rule.uid), project="/srv/shop", reason="elsewhere")
    run_command(*install)
    assert not any("touch" in (shop / path).read_text() for path in files.values())
    run_command("agent_install", "--yes", "--undo", *names, str(shop))
    assert {path: (shop / path).read_text() for path in files.values()} == dict.fromkeys(
        files.values(), '{\n  "mine": 1\n}\n'
    )
    assert list(shop.rglob("handrail-permissions.json")) == []
    code, _, err = run_command(*install[:2], "--permissions", "--url", "https://handrail.example", *names, str(shop))
    assert (code, "another" in err) == (2, True)


def test_a_project_without_rules_of_its_own_gets_no_permissions(tmp_path: Path) -> None:
    where = installing.site("project", tmp_path, url="http://x", remote=False, rules=[])
    assert not [
        change for change in installing.plan(["cursor"], where) if change.path.name == "cli.json" and change.after
    ]
