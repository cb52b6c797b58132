"""What a shell command would really run."""

import random
import shlex
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from audit import shell
from audit.permissions.calls import Call
from audit.permissions.deciding import RuleSet
from audit.permissions.defaults import RULES
from audit.permissions.rules import Rule, parse_rule
from audit.shell import programs, sed
from tests.audit.permission_cases import (
    ALLOWED_COMMANDS,
    ASKED_COMMANDS,
    DENIED_COMMANDS,
    EVERYDAY_COMMANDS,
    NEVER_ALLOWED_COMMANDS,
)
from tests.patience import costs_little


def denied(*texts: str) -> RuleSet:
    """Everything is allowed but this."""
    named = [Rule(tool=tool, specifier=specifier, decision="deny") for tool, specifier in map(parse_rule, texts)]
    return RuleSet([*named, Rule(tool="Bash", decision="allow")])


STRICT_RULES = ["Bash(rm *)", "Bash(git push --force *)", "Bash(docker volume rm *)", "SQL(drop table *)"]
STRICT_RULES += ["Read(.env)", "Edit(.env)"]
STRICT = denied(*STRICT_RULES)
DENY_RM = RuleSet([Rule(tool="Bash", specifier="rm *", decision="deny"), Rule(tool="Bash", decision="allow")])


def decide(command: str, rules: RuleSet = DENY_RM) -> str:
    return rules.decide(Call(tool="Bash", input={"command": command}, cwd="/project")).decision


@pytest.mark.parametrize("command", DENIED_COMMANDS)
def test_a_denied_command_is_found_wherever_it_hides(command: str) -> None:
    assert decide(command) == "deny"


@pytest.mark.parametrize("command", ASKED_COMMANDS)
def test_what_cannot_be_seen_through_is_asked(command: str) -> None:
    assert decide(command) == "confirm"


@pytest.mark.parametrize("command", ALLOWED_COMMANDS)
def test_harmless_look_alikes_are_allowed(command: str) -> None:
    assert decide(command) == "allow"


@pytest.mark.parametrize("command", NEVER_ALLOWED_COMMANDS)
def test_a_way_around_a_rule_is_never_allowed(command: str) -> None:
    assert decide(command, STRICT) != "allow"


def test_of_everyday_commands_none_is_denied_and_few_are_asked_by_the_shipped_rules() -> None:
    decisions = {command: decide(command, RuleSet(RULES)) for command in EVERYDAY_COMMANDS}
    assert len(decisions) >= 100
    assert [command for command, said in decisions.items() if said == "deny"] == []
    asked = [command for command, said in decisions.items() if said == "confirm"]
    assert len(asked) <= 0.03 * len(decisions), asked


def test_what_is_denied_is_never_allowed_in_any_dress() -> None:
    """500 lines made by chance: wrappers around wrappers, each with one of the denied acts inside."""
    chance = random.Random(3)
    for _ in range(500):
        line = chance.choice(ACTS)
        for _ in range(chance.choice([1, 1, 2, 3])):
            line = chance.choice(DRESSES)(line)
        assert decide(line, STRICT) != "allow", line


ACTS = ["rm x", "git push --force", "git -C a push -f", "docker volume rm x", "psql -c 'drop table x'"]
ACTS += ["sqlite3 f 'drop table x'", "cat .env", "echo x > .env", "tee .env", "cp .env y", "base64 ./.env", "r''m x"]
DRESSES: list[Any] = [
    lambda line: f"git status; {line}",
    lambda line: f"true && {line} || true",
    lambda line: f"echo a | {line}",
    lambda line: f"( {line} ) & wait",
    lambda line: f"f() {{ {line}; }}; f",
    lambda line: f"for i in 1; do {line}; done",
    lambda line: f'echo "$( {line} )"',
    lambda line: f"cat <( {line} )",
    lambda line: f"X=$( {line} ) ls",
    lambda line: f"[[ -n $( {line} ) ]]",
    lambda line: f"echo $(( $( {line} ) + 1 ))",
    lambda line: f"coproc {{ {line}; }}",
    lambda line: f"cat <<E7\n$( {line} )\nE7",
    lambda line: f"bash <<'E8'\n{line}\nE8",
    lambda line: f"echo {shlex.quote(line)} | sh",
    lambda line: f"printf %s {shlex.quote(line)} | base64 | base64 -d | bash",
    lambda line: f"eval {shlex.quote(line)}",
    lambda line: f"bash -c {shlex.quote(line)}",
    lambda line: f"sudo -u bob sh -c {shlex.quote(line)}",
    lambda line: f"env -S {shlex.quote(f'sh -c {shlex.quote(line)}')}",
    lambda line: f"timeout 5 nice bash -lc {shlex.quote(line)}",
    lambda line: f"xargs -n 1 sh -c {shlex.quote(line)}",
    lambda line: f"find . -exec sh -c {shlex.quote(line)} {{}} +",
    lambda line: f"parallel sh -c {shlex.quote(shlex.quote(line))} ::: a",
    lambda line: f"ssh host {shlex.quote(line)}",
    lambda line: f"ssh -o ProxyCommand={shlex.quote(line)} host",
    lambda line: f"docker run -i alpine sh -c {shlex.quote(line)}",
    lambda line: f"git -c alias.z={shlex.quote('!' + line)} z",
    lambda line: f"git rebase --exec {shlex.quote(line)} main",
    lambda line: f"tar xf a --to-command={shlex.quote(line)}",
    lambda line: f"trap {shlex.quote(line)} EXIT",
    lambda line: f"alias z={shlex.quote(line)}",
    lambda line: f"script -c {shlex.quote(line)} f",
    lambda line: f"watch {shlex.quote(line)}",
    lambda line: f"awk {shlex.quote(f'BEGIN {{ system({line!r}) }}')}",
    lambda line: f"perl -e {shlex.quote(f'system q({line})')}",
    lambda line: f"python3 -c {shlex.quote(f'import os; os.system({line!r})')}",
    lambda line: f"vim -c {shlex.quote(':!' + line)}",
    lambda line: f"frobnicate --hook {shlex.quote(line)}",
    lambda line: f"X={shlex.quote(line)}; $X",
    lambda line: f'X={shlex.quote(line)}; eval "$X"',
]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sudo -u root timeout 5 rm -rf x", [["sudo", "-u", "root", "timeout", "5", "rm", "-rf", "x"]]),
        ("cd a && git -C b status", [["cd", "a"], ["git", "-C", "b", "status"]]),
        ("echo 'a b' \"c d\" e\\ f $'g\\th'", [["echo", "a b", "c d", "e f", "g\th"]]),
        ('git commit -m "it\'s $5 \\$x"', [["git", "commit", "-m", "it's \0\x04 $x"]]),
    ],
)
def test_words_are_as_the_program_gets_them(command: str, expected: list[list[str]]) -> None:
    found = [list(item.words) for item in shell.find(command).commands]
    assert found[: len(expected)] == expected


def test_every_program_is_listed_with_the_module_that_understands_it() -> None:
    """The list is written out so that a hook imports only what its command needs."""
    for module, names in programs._MODULES.items():
        assert set(import_module(f"audit.shell.{module}").HANDLERS) == set(names.split()) | (
            {"python"} if module == "interpreters" else set()
        ), module


def test_files_of_redirects_and_arguments_are_found() -> None:
    found = shell.find("cat < a.txt > b.txt 2>> c.log; tee d.txt; cp e.txt f.txt; sed -i s/x/y/ g.txt; dd if=h of=i")
    assert {(use.kind, use.path) for use in found.files} == {
        ("read", "a.txt"),
        ("write", "b.txt"),
        ("write", "c.log"),
        ("write", "d.txt"),
        ("read", "e.txt"),
        ("read", "f.txt"),
        ("write", "f.txt"),
        ("write", "f.txt/e.txt"),
        ("read", "g.txt"),
        ("write", "g.txt"),
        ("read", "h"),
        ("write", "i"),
    }


def test_devices_that_are_no_files_are_left_out() -> None:
    assert shell.find("git status > /dev/null 2>&1 < /dev/null").files == []


def test_sql_for_a_client_is_found_in_arguments_and_input() -> None:
    for command in (
        "psql -d x -c 'select 1'",
        "psql <<'E'\nselect 1\nE",
        "echo 'select 1' | psql",
        "sqlite3 f 'select 1'",
    ):
        assert [text.strip() for text in shell.find(command).sql] == ["select 1"], command


@pytest.mark.parametrize(
    ("script", "runs"),
    [
        ("s/a/b/g", False),
        ("s/[/]/b/2p", False),
        ("/x/,/y/{s|a|b|;d}", False),
        ("1~2!d;$p", False),
        ("a\\\nhello", False),
        ("y/abc/xyz/;q5", False),
        ("1e date", True),
        ("s/a/b/e", True),
        ("s/a/b/ge", True),
        ("s/a/b", True),
        ("v", True),
    ],
)
def test_a_sed_script_that_runs_commands_is_told_from_one_that_edits(script: str, *, runs: bool) -> None:
    assert sed.effects(script).runs is runs


def test_a_sed_script_tells_its_files() -> None:
    found = sed.effects("s/a/b/w out.txt\nr in.txt")
    assert (found.writes, found.reads, found.runs) == (["out.txt"], ["in.txt"], False)


ENDLESS = {
    "subshells": "(" * 9_990,
    "substitutions": "$(" * 4_990,
    "quotes": '"$(' * 3_300,
    "expansions": "${" * 4_990,
    "here-documents": "<<a " * 2_400,
    "sudo": "sudo " * 1_900 + "rm",
    "eval": "eval " * 1_900 + "rm",
    "chain": "a&&" * 3_300 + "rm",
    "pipeline": "a|" * 4_900 + "rm",
    "lines": "a\n" * 4_900 + "rm",
    "functions": "f(){ " * 1_900,
    "tests": "[[ ( " * 1_900,
    "exec": "find " + "-exec a ; " * 900 + "-exec rm ;",
    "long": "rm x #" + "x" * 20_000,
    "nul": "rm \0 x",
    "surrogate": "rm \udcff",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_commands_are_asked_and_cost_little(name: str) -> None:
    with costs_little():
        assert decide(ENDLESS[name]) in ("confirm", "deny")


# --- against bash itself ---------------------------------------------------------------------------------------------

RM = [
    "rm x",
    "r''m x",
    '"rm" x',
    "\\rm x",
    "$'\\x72m' x",
    "V=rm; $V x",
    "r\\\nm x",
    "${Y:-rm} x",
    "rm${IFS}x",
    "rm 'a;b'",
]
HARMLESS = ["git status", "echo rm x", "true", "printf %s rm", "grep rm f"]


def _around(command: str, other: str) -> list[str]:
    """Ways to put a command into a line, so that bash runs it."""
    quoted = shlex.quote(command)
    ways = [
        f"{command}; {other}",
        f"{other} && {command}",
        f"{other} | {command}",
        f"{command} & wait",
        f"{other}\n{command}",
        f"( {command} )",
        "{ " + command + "\n}",
        f"echo $( {command}\n)",
        f'echo "$( {command}\n)"',
        f"X=$( {command}\n) {other}",
        f"cat <<EOF\n$( {command}\n)\nEOF\n",
        f'cat <<< "$( {command}\n)"',
        f"cat <( {command}\n)",
        f"echo $((1 + $( {command} >/dev/null\necho 1)))",
        f"echo ${{Z:-$( {command}\n)}}",
        f"echo ${{HOME/$( {command}\n)/y}}",
        f"if {command}\nthen {other}; fi",
        f"for i in 1; do {command}\ndone",
        f"case a in a) {command}\n;; esac",
        f"f() {{ {command}\n}}; f",
        f"bash -c {quoted}",
        f"eval {quoted}",
        f"trap {quoted} EXIT",
        f"bash <<< {quoted}",
        f"echo {quoted} | bash",
        f"timeout 5 bash -c {quoted}",
        f"env A=1 sh -c {quoted}",
        f"xargs sh -c {quoted} < /dev/null",
        f"find . -maxdepth 0 -exec sh -c {quoted} \\;",
        f"[[ -n $( {command}\n) ]]",
        f"a=( $( {command}\n) )",
        f"echo > $( {command} >/dev/null\necho /dev/null)",
        f"echo $[ $( {command} >/dev/null\necho 1) + 1 ]",
        f"coproc {{ {command}\n}}; wait",
        f"# comment `x` $(y)\n{command}",
        f"time {command}",
        f"cat <<-E6\n\tfoo\n\tE6\n{command}",
    ]
    if "'" not in command:
        ways += [
            f"y='a[$( {command} >/dev/null\necho 0)]'; echo $((y))",
            f"p='$( {command}\n)'; echo ${{p@P}}",
            f"PS4='$( {command}\n)'; set -x; ls",
        ]
    if not set("`\\\"'") & set(command):
        ways += [f"echo `{command}`", f"echo ${{Z:-`{command}`}}", f"cat <<EOF\n`{command}`\nEOF\n"]
    return ways


@pytest.fixture
def bash(tmp_path: Path) -> Any:
    """Runs a line with bash where rm and its like only leave a mark; says whether rm ran."""
    found = shutil.which("bash")
    if found is None:
        pytest.skip("install bash")
    programs, folder, log = tmp_path / "bin", tmp_path / "work", tmp_path / "log"
    programs.mkdir()
    folder.mkdir()
    for name in ("rm", "git", "ls", "grep"):
        (programs / name).write_text(f"#!/bin/sh\necho {name} >> {log}\n")
        (programs / name).chmod(0o755)
    for name in ("sh", "bash", "cat", "timeout", "env", "xargs", "find"):
        (programs / name).symlink_to(str(shutil.which(name)))

    def ran_rm(line: str) -> bool:
        log.write_text("")
        subprocess.run(
            [found, "-c", line],
            env={"PATH": str(programs), "HOME": str(folder)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=240,
            check=False,
        )
        return "rm" in log.read_text().split()

    return ran_rm


def test_nothing_that_bash_runs_is_allowed(bash: Any) -> None:
    """120 lines made by chance are run by bash itself; whenever rm ran, the line was not allowed."""
    chance, ran = random.Random(20261121), 0
    for _ in range(120):
        line = chance.choice(RM)
        for _ in range(chance.choice([1, 1, 2, 2, 3])):
            line = chance.choice(_around(line, chance.choice(HARMLESS)))
        if bash(line):
            ran += 1
            assert decide(line) != "allow", line
    assert ran > 80
