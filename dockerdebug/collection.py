"""Reads everything one diagnosis needs: the engine's description, the log, one exec of the probe, or the files alone.

The whole is bounded twice: every call takes its limit from one deadline, and the collecting thread is left behind
when even that does not hold (a name server that hangs, an engine that sends a byte a second).
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils import timezone

from dockerdebug import archive, execution
from dockerdebug.deadline import Deadline
from dockerdebug.facts import ContainerFacts, Facts, Outcome, Problem, PythonFacts, shorten
from dockerdebug.file_search import Question, question_of, search
from dockerdebug.interpreter_search import CANNOT_EXECUTE, NO_PYTHON, SEARCH, TAKEN, candidates
from dockerdebug.reading import UnreadableProbe, cut_answer, read_container, read_probe
from dockerdebug.redaction import plain
from dockerdebug.refusals import HANGS, CallRefused, ContainerMissing, EngineUnavailable
from dockerdebug.targets import THIS_MACHINE, require_name

if TYPE_CHECKING:
    from dockerdebug.engine import Engine

BUDGET_SECONDS = 9.0
"""What collecting may take; judging and storing fit in the second that is left of the promised ten."""
PROBE_SECONDS = 6.0
SETTLE_SECONDS = 1.5
CHILD_SECONDS = 3.0
PROBE = Path(__file__).with_name("probe.py")
STATIC_STATES = {
    "paused": "the container is paused",
    "exited": "the container is stopped",
    "dead": "the container is dead",
    "created": "the container was never started",
    "restarting": "the container is restarting",
    "removing": "the container is being removed",
}


@dataclass(kw_only=True)
class Draft:
    """Facts while they are being read; the reader may be left behind at any point."""

    target: str
    problem: Problem | None = None
    container: ContainerFacts | None = None
    logs: str = ""
    python: PythonFacts | None = None
    outcome: Outcome = "not-tried"
    why_not: str = ""
    tried: list[str] = field(default_factory=list)
    found: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    failure: BaseException | None = None

    def freeze(self, *, seconds: float) -> Facts:
        return Facts(
            target=self.target,
            problem=self.problem,
            container=self.container,
            logs=self.logs,
            python=self.python,
            outcome=self.outcome,
            why_not=self.why_not,
            tried=tuple(self.tried),
            found=self.found,
            environment=dict(self.environment),
            seconds=round(seconds, 3),
            today=timezone.now().date(),
        )


def collect(container: str = "", *, seconds: float = BUDGET_SECONDS) -> Facts:
    """Read one environment within `seconds`: a container's, or with no name this machine's. Raises DomainError for a
    name no container can have; whatever else is wrong is in the facts."""
    if container:
        require_name(container)
    deadline = Deadline(seconds)
    draft = Draft(target=container or THIS_MACHINE)
    reader = threading.Thread(target=_read, args=(draft, deadline), daemon=True, name="diagnosis")
    reader.start()
    reader.join(deadline.left)
    if draft.failure is not None:
        raise draft.failure
    if reader.is_alive() and draft.problem is None and draft.outcome == "not-tried":
        draft.outcome, draft.why_not = "timed-out", f"{seconds:g} s were over"
        if draft.container is None and container:
            draft.problem = _engine_hangs(seconds)
    return draft.freeze(seconds=deadline.elapsed)


def _engine_hangs(seconds: float) -> Problem:
    return Problem(
        key="engine_timeout",
        evidence=f"no description of the container within {seconds:g} s",
        cause="The container engine does not answer in time.",
        fix=HANGS,
    )


def _read(draft: Draft, deadline: Deadline) -> None:
    try:
        if draft.target == THIS_MACHINE:
            _read_machine(draft, deadline)
        else:
            _read_container(draft, deadline)
    except (EngineUnavailable, ContainerMissing) as error:
        _engine_failed(draft, error.problem)
    except Exception as error:  # noqa: BLE001 - carried to the caller's thread and raised there
        draft.failure = error


def _engine_failed(draft: Draft, problem: Problem) -> None:
    """Nothing read yet: that is the finding. Something read: it stays, and the rest says why it is missing."""
    if draft.container is None:
        draft.problem = problem
    else:
        draft.why_not = draft.why_not or f"the engine failed meanwhile ({problem.cause})"


def _read_machine(draft: Draft, deadline: Deadline) -> None:
    draft.environment = dict(os.environ)
    mark = secrets.token_hex(12)
    limit = deadline.within(PROBE_SECONDS)
    command = [sys.executable, "-I", "-S", "-B", "-c", PROBE.read_text(), mark, "machine", f"{CHILD_SECONDS:g}"]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        draft.outcome, draft.why_not = "timed-out", f"{sys.executable} gave no answer in {limit:g} s"
        return
    _take(draft, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"), mark)


def _read_container(draft: Draft, deadline: Deadline) -> None:
    from dockerdebug.engine import connect

    engine = connect(deadline)
    try:
        draft.container = read_container(engine.inspect(draft.target))
        draft.logs = plain(engine.logs(draft.container.id))
        question = question_of(draft.logs)
        if draft.container.state == "running":
            _probe(draft, engine, draft.container, question)
            if draft.outcome != "ran":
                _look_again(draft, engine, draft.container)
        container = draft.container
        draft.environment = {**container.environment, **draft.environment}
        if container.state != "running":
            draft.why_not = STATIC_STATES.get(container.state, f"the container is in the state {container.state!r}")
        if draft.outcome in ("not-tried", "timed-out", "no-python") and not deadline.passed:
            _read_files(draft, engine, container, question)
        if draft.outcome != "ran":
            _require_there(draft, engine, container)
    finally:
        engine.close()


def _look_again(draft: Draft, engine: "Engine", before: ContainerFacts) -> None:
    """Whether the container was still the same when the probe gave no answer. Raises ContainerMissing."""
    now = _require_there(draft, engine, before)
    waiting = Deadline(engine.deadline.within(SETTLE_SECONDS, reserve=2.0))
    # The engine ends what runs in a container before it says that the container itself ends.
    while draft.outcome == "unreadable" and _same(now, before) and not waiting.passed:
        time.sleep(0.1)
        now = _require_there(draft, engine, before)
    if not _same(now, before):
        draft.container, draft.outcome, draft.tried = now, "not-tried", []
        draft.why_not = "the container ended or started again while it was examined"


def _same(now: ContainerFacts, before: ContainerFacts) -> bool:
    return now.state == "running" and now.started_at == before.started_at


def _require_there(draft: Draft, engine: "Engine", container: ContainerFacts) -> ContainerFacts:
    """The container as it is now: where little could be read, it may be gone. Raises ContainerMissing."""
    try:
        return read_container(engine.inspect(container.id))
    except ContainerMissing as missing:
        draft.container, draft.python, draft.outcome, draft.tried = None, None, "not-tried", []
        raise ContainerMissing(_removed(draft.target)) from missing


def _removed(name: str) -> Problem:
    return Problem(
        key="container_missing",
        evidence=f"the engine described {name!r}, and a moment later there was no such container",
        cause=f"The container {name!r} was removed while it was examined.",
        fix="`docker ps -a` lists the containers there are; diagnose the one that took its place.",
        verify=f"docker inspect -f '{{{{.State.Status}}}}' {name}",
    )


def _probe(draft: Draft, engine: "Engine", container: ContainerFacts, question: Question) -> None:
    mark = secrets.token_hex(12)
    arguments = [PROBE.read_text(), mark, f"{CHILD_SECONDS:g}", json.dumps(question.public())]
    # By its path, since the application's PATH need not lead to a shell.
    command = ["/bin/sh", "-c", SEARCH, "sh", *arguments, *candidates(container)]
    python = ""
    try:
        done = execution.run(
            engine, container.id, command, seconds=engine.deadline.within(PROBE_SECONDS, reserve=2.5), mark=mark
        )
        if done.not_found:
            done, python = _without_shell(draft, engine, container, arguments)
    except CallRefused as error:
        draft.why_not = _refusal(error)
        return
    said = done.stderr.splitlines()
    taken = [line[len(TAKEN) :] for line in said if line.startswith(TAKEN)]
    draft.found = python or (taken[-1] if taken else draft.found)
    draft.tried += [shorten(line) for line in said if line.startswith("/")][:20]
    if done.timed_out:
        ended = execution.kill(engine, container.id, mark, python=python)
        left = "" if ended else "; it could not be ended and may still run in the container"
        draft.outcome, draft.why_not = "timed-out", f"the interpreter gave no answer in time{left}"
    elif done.exit_code == NO_PYTHON or (done.not_found and not python):
        draft.outcome, draft.why_not = "no-python", "no Python was found in the container"
    else:
        _take(draft, done.stdout, "\n".join(line for line in said if not line.startswith(TAKEN)), mark)


def _without_shell(
    draft: Draft, engine: "Engine", container: ContainerFacts, arguments: list[str]
) -> tuple[execution.Execution, str]:
    """No shell in the container: find the interpreters by their files and start them directly."""
    found, dangling = archive.find_interpreters(archive.Archive(engine, container.id), container)
    draft.tried = [f"{path}: leads to {target}, which is not there" for path, target in dangling]
    done = execution.Execution(not_found=True)
    probe, mark, seconds, question = arguments
    for path, _ in found:
        command = [path, "-I", "-S", "-B", "-c", probe, mark, "container", seconds, question]
        limit = engine.deadline.within(PROBE_SECONDS, reserve=2.5)
        done = execution.run(engine, container.id, command, seconds=limit, mark=mark)
        if done.timed_out or done.exit_code == 0:
            return done, path
        draft.tried.append(f"{path}: does not start (exit code {done.exit_code})")
        draft.found = path if done.exit_code != CANNOT_EXECUTE else draft.found
    return execution.Execution(not_found=True), ""


def _take(draft: Draft, stdout: str, stderr: str, mark: str) -> None:
    answer = cut_answer(stdout, mark)
    if answer is None:
        draft.outcome = "unreadable"
        draft.why_not = (
            f"the interpreter ended without an answer ({shorten(stderr or stdout, 200) or 'it said nothing'})"
        )
        return
    try:
        draft.python, environment = read_probe(answer)
    except UnreadableProbe as error:
        draft.outcome, draft.why_not = (
            "unreadable",
            f"the interpreter's answer was not understood ({shorten(str(error))})",
        )
        return
    draft.environment = {**draft.environment, **environment}
    draft.outcome = "ran"


def _read_files(draft: Draft, engine: "Engine", container: ContainerFacts, question: Question) -> None:
    """What can be known without starting anything."""
    files = archive.Archive(engine, container.id)
    python, tried = archive.read_python(files, container)
    if python is not None:
        draft.python = replace(python, search=search(files, container, python, question))
    if draft.outcome == "no-python" and draft.found:
        draft.outcome, draft.why_not = "unreadable", f"{draft.found} was found and does not start"
    elif draft.outcome == "no-python" and python is not None:
        draft.outcome, draft.found = "forbidden", python.executable
        draft.why_not = f"the container's user may not run {python.executable}"
    elif draft.outcome == "not-tried":
        draft.tried = tried
        draft.outcome = "read" if python is not None else "no-python"
        if python is None and tried:
            draft.why_not = f"{draft.why_not}, and no Python was found in its files"


def _refusal(error: CallRefused) -> str:
    if error.status == 404:
        return "the container is gone"
    if error.status == 403:
        return "the engine, or a proxy before it, refuses to start anything in the container"
    if error.status == 409 or "state improper" in error.explanation:
        return f"the container cannot run anything now ({shorten(error.explanation, 120)})"
    return f"the engine refused to start the probe (HTTP {error.status}: {shorten(error.explanation, 120)})"
