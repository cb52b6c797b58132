"""Rules in the files of others: what is carried in and out, and that the rest is named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.permissions import formats
from audit.permissions.defaults import RULES
from audit.permissions.matching import check, spelled_out
from audit.permissions.rules import InvalidRule, Rule, check_form, parse_rule


def rule(text: str, decision: Any = "deny", **fields: Any) -> Rule:
    tool, specifier = parse_rule(text)
    return Rule(tool=tool, specifier=specifier, decision=decision, **fields)


CLAUDE = {
    "permissions": {
        "allow": ["Bash(npm run test:*)", "Read(~/.zshrc)", "mcp__github__get_issue"],
        "ask": ["Bash(git push *)"],
        "deny": ["Read(./.env)", "WebFetch(domain:evil.net)", "Bash(rm"],
        "defaultMode": "acceptEdits",
    },
    "model": "x",
}
CODEX = '''
"""What may run outside the sandbox."""
prefix_rule(
    pattern = ["gh", "pr", ["view", "list"]],
    decision = "prompt",
    justification = "seen by others",
    match = [["gh", "pr", "view", "7"]],
    not_match = ["gh pr close 7"],
)
prefix_rule(pattern=["rm"], decision="forbidden")
prefix_rule(pattern=["ls"])
prefix_rule(pattern=[x], decision="forbidden")
host_executable(name="git", paths=["/usr/bin/git"])
__import__("os").system("touch /tmp/never")
'''
YAML = """
commands:
  allow: [git status, "npm test *"]
  deny:
    - {pattern: "rm -rf *", reason: gone for good, match: [rm -fr x]}
deny:
  reads: [.env, "secrets/**"]
confirm:
  writes: [".github/**"]
  tools: [mcp__db, "WebFetch(domain:x.org)"]
nonsense: 7
"""


def said(found: formats.Read) -> list[tuple[str, str]]:
    return [(item.decision, item.text) for item in found.rules]


def test_a_claude_settings_file_is_read() -> None:
    found = formats.read(json.dumps(CLAUDE), "claude")
    assert said(found) == [
        ("allow", "Bash(npm run test:*)"),
        ("allow", "Read(~/.zshrc)"),
        ("allow", "mcp__github__get_issue"),
        ("confirm", "Bash(git push *)"),
        ("deny", "Read(./.env)"),
        ("deny", "WebFetch(domain:evil.net)"),
    ]
    assert len(found.notes) == 2  # defaultMode, and the rule that is not closed


def test_codex_rules_are_read_and_never_run(tmp_path: Any) -> None:
    found = formats.read(CODEX, "codex")
    assert said(found) == [
        ("confirm", "Bash(gh pr view *)"),
        ("confirm", "Bash(gh pr list *)"),
        ("deny", "Bash(rm *)"),
        ("allow", "Bash(ls *)"),
    ]
    assert found.rules[0].reason == "seen by others"
    assert len(found.notes) == 4
    for item in found.rules:
        check(item)


def test_yaml_lists_are_read_in_both_orders() -> None:
    found = formats.read(YAML, "yaml")
    assert said(found) == [
        ("allow", "Bash(git status)"),
        ("allow", "Bash(npm test *)"),
        ("deny", "Bash(rm -rf *)"),
        ("deny", "Read(.env)"),
        ("deny", "Read(secrets/**)"),
        ("confirm", "Edit(.github/**)"),
        ("confirm", "mcp__db"),
        ("confirm", "WebFetch(domain:x.org)"),
    ]
    assert found.rules[2].match == ("rm -fr x",)
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("claude", "["),
        ("claude", "[]"),
        ("claude", '{"permissions": {"allow": 7}}'),
        ("claude", "[" * 100_000),
        ("codex", "prefix_rule("),
        ("codex", "(" * 10_000),
        ("yaml", "a: [b"),
        ("yaml", "just text"),
        ("yaml", "!!python/object/apply:os.system ['touch /tmp/never']"),
        ("yaml", "{}"),
        ("claude", "x" * 1_000_001),
        ("cursor", "{}"),
        ("cursor", '{"permissions": {"allow": 7}}'),
        ("cursor", "[" * 100_000),
        ("gemini", "[[rule"),
        ("gemini", "rule = 7"),
        ("copilot", "--allow-tool='"),
        ("copilot", ""),
        ("opencode", '{"permissions": {}}'),
        ("opencode", "[" * 100_000),
    ],
)
def test_a_file_that_is_none_is_refused(form: Any, text: str) -> None:
    with pytest.raises(formats.Unreadable):
        formats.read(text, form)


def test_aliases_that_multiply_cost_nothing() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    found = formats.read(bomb + "deny:\n  commands: [*a39]\n", "yaml")
    assert found.rules == []


@pytest.mark.parametrize("form", formats.FORMATS)
def test_what_is_written_reads_back_as_it_was_and_the_rest_is_named(form: formats.Format) -> None:
    done = formats.write(RULES, form)
    again = {(item.decision, item.text) for item in formats.read(done.text, form).rules}
    written = {(item.decision, item.text.replace(":*)", " *)")) for item in RULES}
    again = {(decision, text.replace(":*)", " *)")) for decision, text in again}
    assert again <= written
    assert again
    lost = [f"{decision} {text}" for decision, text in written - again]
    named = " ".join(done.notes).replace(":*)", " *)")
    assert [text for text in lost if text not in named] == []


CURSOR = """{"permissions": {
    "allow": ["Shell(ls)", "Shell(npm:run test*)", "Read(src/**)", "Mcp(github:get_issue)", "WebFetch(docs.x.org)"],
    "deny": ["Shell(rm)", "Write(/etc/**)", "Mcp(github:*)", "Shell(?)", "Nothing", 7]
}}"""
GEMINI = """
[[rule]]
toolName = "run_shell_command"
commandPrefix = ["git push", "git reset"]
decision = "ask_user"
priority = 200
[[rule]]
toolName = ["write_file", "replace"]
decision = "deny"
denyMessage = "not here"
priority = 300
[[rule]]
mcpName = "github"
toolName = "*"
decision = "allow"
priority = 100
[[rule]]
toolName = "run_shell_command"
argsPattern = "status"
decision = "allow"
priority = 100
[[rule]]
toolName = "run_shell_command"
commandPrefix = "rm"
modes = ["yolo"]
decision = "deny"
priority = 100
"""
COPILOT = """--allow-all-paths --allow-tool='shell(git:*), write' --deny-tool 'shell(git push)' \\
--allow-tool='shell(npm test)' --deny-tool='github(delete_repo)' --deny-tool='url(evil.net)' --deny-tool=memory"""
OPENCODE = """{ // mine
    "permission": {
        "*": "ask",
        "bash": {"*": "ask", "git *": "allow", "rm *": "deny", "rm -i *": "allow"},
        "edit": {"~/notes/**": "allow", "/etc/**": "deny"},
        "webfetch": "deny",
        "external_directory": {"/tmp/*": "allow"}
    }
}"""


@pytest.mark.parametrize(
    ("form", "text", "rules", "notes"),
    [
        (
            "cursor", CURSOR,
            ("allow Bash(ls *)|allow Bash(npm run test*)|allow Read(src/**)|allow mcp__github__get_issue"
            "|allow WebFetch(domain:docs.x.org)|deny Bash(rm *)|deny Edit(//etc/**)|deny mcp__github"),
            ["Shell(?)", "Nothing", "7"],
        ),
        (
            "gemini", GEMINI,
            "confirm Bash(git push *)|confirm Bash(git reset *)|deny Write|deny Edit|allow mcp__github|deny Bash(rm *)",
            ["argsPattern", "Rule 4 allows only on conditions", "Rule 5: modes", "Priorities"],
        ),
        (
            "copilot", COPILOT,
            ("allow Bash(git *)|allow Edit|deny Bash(git push *)|allow Bash(npm test)|deny mcp__github__delete_repo"
            "|deny WebFetch(domain:evil.net)"),
            ["--allow-all-paths", "memory"],
        ),
        (
            "opencode", OPENCODE,
            ("allow Bash(git *)|deny Bash(rm *)|allow Bash(rm -i *)|allow Edit(~/notes/**)|deny Edit(//etc/**)"
            "|deny WebFetch"),
            ["* *: ask", "bash *: ask", "rm *: deny holds here for rm -i *", "external_directory"],
        ),
    ],
    ids=["cursor", "gemini", "copilot", "opencode"],
)  # fmt: skip
def test_rules_of_other_agents_are_read(form: formats.Format, text: str, rules: str, notes: list[str]) -> None:
    found = formats.read(text, form, "claude")
    assert sorted(f"{decision} {rule}" for decision, rule in said(found)) == sorted(rules.split("|"))
    assert {item.agent for item in found.rules} == {"claude"}
    assert [note for note in notes if note not in " ".join(found.notes)] == []
    for item in found.rules:
        check(item)


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        (".cursor/cli.json", "{}", "cursor"), ("opencode.jsonc", "{}", "opencode"), ("p.toml", "", "gemini"),
        ("-", "--deny-tool=shell", "copilot"), ("-", "[[rule]]", "gemini"), ("settings.json", "{}", "claude"),
        ("-", 'prefix_rule(pattern=["ls"])', "codex"), ("x.yml", "", "yaml"), ("-", "deny:", "yaml"),
    ],
)  # fmt: skip
def test_a_file_tells_whose_it_is(name: str, text: str, form: formats.Format) -> None:
    assert formats.guess(name, text) == form


def test_what_is_allowed_on_a_condition_that_is_not_understood_is_not_allowed() -> None:
    for condition in ('commandRegex = "x"', 'argsPattern = "x"', 'modes = ["plan"]', "interactive = true"):
        text = f'[[rule]]\ntoolName = "run_shell_command"\n{condition}\ndecision = "allow"\n'
        assert formats.read(text, "gemini").rules == []


def test_what_a_file_cannot_hold_is_told() -> None:
    """Nothing is lost in silence on the way out or in."""
    rules = [rule("Bash(rm *)", reason="no", match=("rm x",)), rule("Bash(ls *)", agent="codex"), rule("SQL(drop *)")]
    notes = {form: " ".join(formats.write(rules, form).notes) for form in formats.FORMATS}
    assert all("1 rules for other agents" in note for note in notes.values())
    assert "1 rules lose their reason" in notes["claude"]
    assert "1 rules lose their agent, match" in notes["codex"]
    assert "lose" not in notes["yaml"]
    entry = {"pattern": "rm *", "match": "rm x", "reasons": "typo", "reason": 7}
    found = formats.read(json.dumps({"deny": {"commands": [entry]}}), "yaml")
    assert (found.rules[0].match, found.rules[0].reason, len(found.notes)) == ((), "", 1)
    assert "match, reasons, reason" in found.notes[0]
    wide = formats.read('prefix_rule(pattern=["a", "*"])\nprefix_rule(pattern=["git", "push -f"])', "codex")
    assert (wide.rules, len(wide.notes)) == ([], 2)


SOME = st.builds(
    Rule,
    tool=st.sampled_from(["Bash", "Read", "Edit", "WebFetch", "mcp__a__b", "SQL"]),
    specifier=st.text("ab *./:-'\"#{}é", max_size=12).map(str.strip),
    decision=st.sampled_from(["allow", "deny", "confirm"]),
    reason=st.text(max_size=12),
    agent=st.sampled_from(["", "codex"]),
    match=st.lists(st.text(min_size=1, max_size=6), max_size=2).map(tuple),
    not_match=st.just(()),
    **dict.fromkeys(("uid", "id", "safer", "spares"), st.just("")),
)


@given(st.lists(SOME, max_size=4), st.sampled_from(formats.FORMATS))
def test_no_rule_comes_back_as_another(rules: list[Rule], form: formats.Format) -> None:
    kept = [item for item in rules if _is_sound(item)]
    done = formats.write(kept, form, "codex")
    if kept and done.text.strip():
        again = {(item.decision, item.tool, _spelled(item)) for item in formats.read(done.text, form).rules}
        assert again <= {(item.decision, item.tool, _spelled(item)) for item in kept}


def _is_sound(item: Rule) -> bool:
    try:
        check(item._replace(match=()))
    except InvalidRule:
        return False
    return True


def _spelled(item: Rule) -> str:
    """What two spellings of one rule have in common."""
    if item.tool != "Bash":
        return "" if item.specifier in ("*", "**") else item.specifier
    return "" if item.specifier in ("*", ":*") else " ".join(spelled_out(item.specifier).split())


@given(st.lists(SOME, max_size=4))
def test_yaml_reads_back_every_rule_as_it_was(rules: list[Rule]) -> None:
    kept = [item for item in rules if _is_valid(item)]
    if kept:
        done = formats.write(kept, "yaml", "codex")
        assert done.notes == []
        again = formats.read(done.text, "yaml")
        assert sorted(again.rules) == sorted(kept)
        assert again.notes == []


@pytest.mark.parametrize("reason", ["\x85", "a\u2028b", "\u2029", "na\u00efve\x85 end"])
def test_yaml_keeps_the_line_ends_of_unicode(reason: str) -> None:
    kept = [Rule(tool="Bash", specifier="ls *", decision="allow", reason=reason)]
    assert formats.read(formats.write(kept, "yaml", "").text, "yaml").rules == kept


def _is_valid(item: Rule) -> bool:
    try:
        check_form(item)
    except InvalidRule:
        return False
    return item.specifier != "*"
