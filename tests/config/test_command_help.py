"""What a command says of itself: examples that work, Django's options out of the way, names of two words."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.commandline.help import OF_DJANGO, Documented, parsers
from config.commandline.names import joined
from config.commandline.overview import ours
from tests.project.doors import command_parser
from tests.project.sources import ROOT

EVERY = [pytest.param(name, command, id=name) for _, name, command in ours()]


def spelled(name: str, command: Documented) -> str:
    return command.older_name_of or name.replace("_", " ", 1)


@pytest.mark.parametrize(("name", "command"), EVERY)
def test_a_command_has_two_examples_and_each_verb_one(name: str, command: Documented) -> None:
    lines = [line for line, _ in command.examples]
    assert len(lines) >= 2
    assert any(f"{line} ".startswith(f"{spelled(name, command)} ") for line in lines)
    verbs = [words for words, _ in parsers(command_parser(name), name)][1:]
    lacking = [words for words in verbs if not any(f"{line} ".startswith(f"{words} ") for line in lines)]
    assert not lacking, f"No example of {lacking}"


@pytest.mark.parametrize(("name", "command"), EVERY)
def test_an_example_is_what_the_command_takes(name: str, command: Documented) -> None:
    for line, _ in command.examples:
        words = shlex.split(line)
        two = joined(words, get_commands())
        command_parser(two or words[0]).parse_args(words[2 if two else 1 :])


@pytest.mark.parametrize(("name", "command"), EVERY)
def test_the_options_of_django_stand_last_and_not_in_the_usage(name: str, command: Documented) -> None:
    usage, _, rest = command_parser(name).format_help().partition("\n\n")
    own, _, last = rest.partition("options of every command:")
    for option in OF_DJANGO:
        flag = f"--{option.replace('_', '-')}"
        assert flag not in usage
        assert flag not in own.partition("examples:")[0]
        assert flag in last


def test_a_verb_shows_its_own_examples() -> None:
    text = command_parser("rules remove").format_help()
    assert "manage.py rules remove 01a" in text
    assert "rules add" not in text


def test_a_noun_names_the_commands_that_begin_with_it() -> None:
    also = command_parser("audit").format_help().partition("also:")[2].partition("\n\n")[0]
    assert re.findall(r"manage\.py (audit \w+)", also) == [
        *("audit export", "audit prove", "audit prune", "audit seal", "audit stream", "audit verify")
    ]


def test_an_older_name_says_which_is_the_newer() -> None:
    assert "older name of `manage.py backup verify`" in " ".join(command_parser("verify_backup").format_help().split())


def test_no_command_of_two_words_hides_a_verb() -> None:
    names = {name for _, name, _ in ours()}
    for name in names:
        for words, _ in list(parsers(command_parser(name), name))[1:]:
            assert joined(words.split(), names) is None, f"`{words}` is a verb and a command."


def manage(data: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}}
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *words],
        env=own | {"DATA_DIR": str(data), "COLUMNS": "100"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation")
    assert manage(folder, "migrate", "--verbosity", "0").returncode == 0
    return folder


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("audit verify", "audit_verify"),
        ("audit export --format csv", "audit_export --format csv"),
        ("backup list", "backup --list"),
        ("backup verify none.gz", "verify_backup none.gz"),
        ("backup restore none.gz --yes", "restore none.gz --yes"),
    ],
)
def test_the_older_name_does_the_same(new: str, old: str, data: Path) -> None:
    here, there = manage(data, *new.split()), manage(data, *old.split())
    assert (here.returncode, here.stdout) == (there.returncode, there.stdout)
    assert here.stderr.partition(": error: ")[2] == there.stderr.partition(": error: ")[2]


def test_help_lists_ours_by_tool_and_those_of_django_last(data: Path) -> None:
    shown = manage(data, "help").stdout
    ours_part, _, djangos = shown.partition("of Django:")
    assert re.search(r"^  audit export +Write", ours_part, re.MULTILINE)
    assert re.search(r"^  backup verify ", ours_part, re.MULTILINE)
    assert re.search(r"^  language-server +Show findings", ours_part, re.MULTILINE)
    assert "makemigrations" in djangos
    assert "makemigrations" not in ours_part
    assert "verify_backup" not in shown
    assert all(len(line) <= 100 for line in shown.splitlines())


@pytest.mark.parametrize("words", [["help", "audit", "export"], ["audit", "export", "--help"]])
def test_help_of_a_command_of_two_words(words: list[str], data: Path) -> None:
    assert manage(data, *words).stdout.startswith("usage: manage.py audit export [-h]")


def test_an_error_is_said_once_with_what_was_typed(data: Path) -> None:
    done = manage(data, "rules", "check", "nowhere.yaml")
    assert done.returncode == 2
    assert done.stderr == "manage.py rules: error: Cannot read nowhere.yaml: No such file or directory.\n"


def test_a_database_that_is_away_is_said_once_with_its_reason(data: Path) -> None:
    done = manage(data, "rules", "list", DATABASE_URL="postgres://nobody@127.0.0.1:9/none")
    assert done.returncode == 2
    assert done.stderr.startswith("manage.py rules: error: The database cannot be used: connection failed")
    assert done.stderr.count("127.0.0.1") == 1
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_command_is_a_usage_error_with_the_nearest_name(data: Path) -> None:
    done = manage(data, "audit_exprot")
    assert done.returncode == 2
    assert done.stderr == (
        "There is no command audit_exprot. Did you mean audit export? `manage.py help` lists them.\n"
    )
