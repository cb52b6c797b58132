"""Collecting is bounded, whatever hangs, and an engine that fails half way spoils nothing."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from config.errors import DomainError
from dockerdebug import collection, engine
from dockerdebug.collection import Draft, collect
from dockerdebug.facts import Problem
from dockerdebug.interpreter_search import SEARCH, candidates
from dockerdebug.refusals import EngineUnavailable
from dockerdebug.targets import THIS_MACHINE
from tests.dockerdebug.makers import container
from tests.patience import FOREVER_SECONDS, comes_back


def test_this_machine_is_read_without_an_engine(settings: Any) -> None:
    settings.DOCKER_HOST = "unix:///nowhere.sock"
    facts = collect()
    assert (facts.target, facts.outcome, facts.problem) == (THIS_MACHINE, "ran", None)
    assert facts.python
    assert facts.python.executable == sys.executable


def test_an_engine_that_hangs_for_ever_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(engine, "connect", lambda deadline: release.wait(FOREVER_SECONDS))
    with comes_back():
        facts = collect("api", seconds=0.3)
    release.set()
    assert facts.problem
    assert (facts.problem.key, facts.outcome) == ("engine_timeout", "timed-out")


def test_an_interpreter_of_this_machine_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nsleep 600\n")
    fake.chmod(0o755)
    monkeypatch.setattr(collection.sys, "executable", str(fake))
    monkeypatch.setattr(collection, "PROBE_SECONDS", 0.3)
    with comes_back():
        facts = collect()
    assert (facts.outcome, facts.python) == ("timed-out", None)


def test_an_interpreter_that_says_something_else_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho I am no python >&2; exit 3\n")
    fake.chmod(0o755)
    monkeypatch.setattr(collection.sys, "executable", str(fake))
    facts = collect()
    assert facts.outcome == "unreadable"
    assert "I am no python" in facts.why_not


def test_a_name_no_container_can_have_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(DomainError):
        collect("../etc")


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(deadline: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(engine, "connect", fail)
    with pytest.raises(ZeroDivisionError):
        collect("api")


def test_what_was_read_before_the_engine_failed_stays() -> None:
    problem = Problem(key="engine_timeout", evidence="x", cause="It hangs.", fix="Restart it.")
    draft = Draft(target="api", container=container())
    collection._engine_failed(draft, EngineUnavailable(problem).problem)
    facts = draft.freeze(seconds=1)
    assert facts.problem is None
    assert facts.why_not == "the engine failed meanwhile (It hangs.)"


def test_the_applications_own_python_is_tried_first() -> None:
    own = container(command=("/srv/env/bin/python3.12", "main.py"), environment={"VIRTUAL_ENV": "/opt/venv"})
    assert candidates(own)[:4] == ["/srv/env/bin/python3.12", "/opt/venv/bin/python", "python", "python3"]
    assert candidates(container(command=("gunicorn", "app:app")))[0] == "python"


def run_search(*names: str, **environment: str) -> tuple[int, str, str]:
    import subprocess

    command = ["/bin/sh", "-c", SEARCH, "sh", "print('probed')", "MARK", "1", "{}", *names]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_search_says_what_it_skipped_and_takes_the_next(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("/nowhere/python")
    (tmp_path / "broken").write_text("#!/bin/sh\nexit 5\n")
    (tmp_path / "broken").chmod(0o755)
    (tmp_path / "plain").write_text("")
    names = [str(tmp_path / name) for name in ("gone", "plain", "missing", "broken")]
    code, out, err = run_search(*names, sys.executable, PATH="/usr/bin:/bin")
    assert (code, out) == (0, "probed\n")
    assert err.splitlines() == [
        f"{tmp_path}/gone: a link that leads nowhere",
        f"{tmp_path}/plain: not executable",
        f"taken: {tmp_path}/broken",
        f"{tmp_path}/broken: does not start (exit code 5)",
        f"taken: {sys.executable}",
    ]
