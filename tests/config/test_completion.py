"""What Tab offers, asked of the shells themselves."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config.commandline.completion import places, script

OFFERED = {
    "aud": {"audit"},
    "audit ex": {"export"},
    "backup ": {"create", "list", "restore", "verify"},
    "audit export --fo": {"--format"},
    "audit export --format ": {"json", "jsonl", "csv", "ocsf"},
    "rules add ": {"allow", "deny", "confirm"},
    "escalation report --user-impact ": {"low", "medium", "high", "critical"},
    "audit --json ev": {"events"},
}
BASH = """
source "$1"; shift
COMP_WORDS=(handrail "$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _handrail; printf '%s\\n' "${COMPREPLY[@]}"
"""


def at(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not here: apt-get install {shell}")
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("completion")

    def write(shell: str) -> Path:
        path = folder / shell
        path.write_text(script(shell), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("typed", OFFERED)
def test_bash_offers_what_fits(typed: str, written: Any) -> None:
    done = subprocess.run(
        [at("bash"), "--norc", "-c", BASH, "bash", written("bash"), *typed.split(" ")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == OFFERED[typed]


@pytest.mark.parametrize("typed", OFFERED)
def test_fish_offers_what_fits(typed: str, written: Any, tmp_path: Path) -> None:
    done = subprocess.run(
        [at("fish"), "--no-config", "-c", f"source {written('fish')}; complete -C 'handrail {typed}'"],
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == OFFERED[typed]


def test_zsh_takes_the_script(written: Any) -> None:
    assert subprocess.run([at("zsh"), "-f", "-n", written("zsh")], check=False).returncode == 0


def test_older_names_are_not_offered_and_those_of_django_are() -> None:
    start = places()[""].following
    assert not {"verify_backup", "restore", "audit_export"} & set(start)
    assert start["migrate"] == "of Django"
    assert start["audit"].startswith("Record events")


def test_every_place_that_can_be_reached_is_known() -> None:
    known = places()
    for words in filter(None, known):
        before, _, word = words.rpartition(" ")
        assert word in known[before].following


def test_the_command_prints_the_script(run_command: Any) -> None:
    code, out, _ = run_command("completion", "bash")
    assert (code, out.strip()) == (0, script("bash"))
    assert json.loads(run_command("completion", "fish", "--json")[1])["script"] == script("fish")
    assert run_command("completion", "tcsh")[0] != 0
