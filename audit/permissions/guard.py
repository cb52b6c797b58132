"""Running one command under the rules: no shell, inside a project, with a time limit and a cap on its output."""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from audit.models import Event
from audit.permissions import decisions
from audit.permissions.confinement import GuardUsage, check_inside
from audit.permissions.deciding import Decision
from audit.permissions.records import tidy
from audit.permissions.told import messages
from audit.shell.environment import is_loaded
from config.errors import DomainError
from config.home import PREFIX, PROGRAM, SETTINGS_GIVEN
from config.secrets import find_tokens, find_userinfo, is_secret_name

MAX_OUTPUT_BYTES = 1_000_000
MAX_KEPT_BYTES = 100_000_000
TIMEOUT_SECONDS = 60.0
MAX_TIMEOUT_SECONDS = 86_400.0
_GRACE_SECONDS = 2.0
_CHAINS = {"&&", "||", ";", "|", "&", ";;", ">", ">>", "<", "2>", "2>&1"}
_OURS = {"DATABASE_URL", "CREDENTIAL_KEYS", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}


class GuardRefused(DomainError):
    """The command is not run."""

    status = 403
    code = "guard-refused"
    remedy = "`detail` names the rule; ask a person, or do it another way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a guarded command."""

    decision: Decision
    exit_code: int | None
    """None when it was killed."""
    stdout: bytes
    stderr: bytes
    timed_out: bool
    is_cut: bool
    """More was written than is kept."""
    seconds: float
    event: Event
    """The execution in the trail."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "decision": self.decision.decision,
            "rule": self.decision.rule.text if self.decision.rule else None,
            "exit_code": self.exit_code,
            "timed_out": self.timed_out,
            "is_cut": self.is_cut,
            "seconds": round(self.seconds, 3),
            "stdout": self.stdout.decode(errors="replace"),
            "stderr": self.stderr.decode(errors="replace"),
            "event": str(self.event.uid),
        }


def run(
    command: Sequence[str],
    *,
    root: str | Path = ".",
    timeout_seconds: float = TIMEOUT_SECONDS,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
    confirmed: bool = False,
    agent: str = "guard",
    session_id: str = "",
) -> Outcome:
    """Decide on a command and run it in `root`. `confirmed` says that a person has agreed to what must be confirmed.

    Raises GuardUsage for what is not one command inside the project, GuardRefused when the rules say no.
    """
    words, place = list(command), Path(root).resolve()
    if not 0 < timeout_seconds <= MAX_TIMEOUT_SECONDS or not 0 <= max_output_bytes <= MAX_KEPT_BYTES:
        raise GuardUsage(f"The time limit is up to a day, the output kept up to {MAX_KEPT_BYTES:,} bytes.")
    program = _check(words, place)
    decided = decisions.decide(
        tool_name="Bash",
        tool_input={"command": words},
        agent=agent,
        cwd=str(place),
        session_id=session_id,
        local=True,
        home=str(Path.home()),
        asks=not confirmed,
    )
    answer = decided.decision
    denied = answer.decision == "deny"
    if denied or (answer.decision == "confirm" and not confirmed):
        hint = answer.asked.sentence if answer.asked else "A person may confirm it, by --yes."
        raise GuardRefused(f"Not run, {answer.decision}: {answer.reason}.{f' {hint}' if not denied else ''}")
    try:
        ran = _execute([program, *words[1:]], place, timeout_seconds, max_output_bytes)
    except (KeyboardInterrupt, SystemExit):
        decisions.record_run(decided, {"exit_code": None, "interrupted": True, "confirmed": confirmed})
        raise
    event = decisions.record_run(
        decided,
        {
            "exit_code": ran.exit_code,
            "timed_out": ran.timed_out,
            "duration_ms": round(ran.seconds * 1000, 3),
            "stdout_bytes": ran.written[0],
            "stderr_bytes": ran.written[1],
            "confirmed": confirmed,
        },
    )
    return Outcome(
        decision=answer,
        exit_code=ran.exit_code,
        stdout=ran.kept[0],
        stderr=ran.kept[1],
        timed_out=ran.timed_out,
        is_cut=ran.is_cut,
        seconds=ran.seconds,
        event=event,
    )


def _check(words: list[str], root: Path) -> str:
    """The program to run. Raises GuardUsage."""
    if not words or not words[0] or not all(isinstance(word, str) for word in words):
        raise GuardUsage(f"Name a command: {PROGRAM} guard -- git status.")
    if not root.is_dir():
        raise GuardUsage(f"The project folder {root} is not there.")
    kept = messages(words)
    for place, word in enumerate(words):
        if "\0" in word:
            raise GuardUsage("An argument has a NUL.")
        if word in _CHAINS or (place not in kept and ("$(" in word or "`" in word)):
            raise GuardUsage(
                f"{tidy(word)[:80]!r} is for a shell, and guard runs one command without one. Run commands one by one."
            )
    check_inside(words, root)
    program = words[0]
    found = shutil.which(program, path=os.environ.get("PATH")) if "/" not in program else str(root / program)
    if found is None or not Path(found).is_file() or not Path(found).is_absolute():
        raise GuardUsage(f"The program {tidy(program)[:80]!r} is not found.")
    return found


@dataclass(slots=True)
class _Ran:
    exit_code: int | None = None
    timed_out: bool = False
    is_cut: bool = False
    seconds: float = 0.0
    kept: tuple[bytes, bytes] = (b"", b"")
    written: tuple[int, int] = (0, 0)


def _execute(words: list[str], root: Path, timeout: float, limit: int) -> _Ran:
    start = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603  -- decided by the rules, and no shell reads it
            words,
            cwd=root,
            env=_environment(root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise GuardUsage(f"{words[0]} cannot be started: {getattr(error, 'strerror', None) or error}.") from error
    ran = _Ran()
    try:
        _read(process, start + timeout, limit, ran)
    finally:
        _end(process)
    if not ran.timed_out:
        ran.exit_code = process.returncode
    ran.seconds = time.monotonic() - start
    return ran


def _read(process: "subprocess.Popen[bytes]", deadline: float, limit: int, ran: _Ran) -> None:
    """Read both pipes until they end, the program ends, or the time is over."""
    streams: list[IO[bytes]] = [stream for stream in (process.stdout, process.stderr) if stream]
    kept = [bytearray(), bytearray()]
    written = [0, 0]
    with selectors.DefaultSelector() as selector:
        for index, stream in enumerate(streams):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ, index)
        ended_at: float | None = None
        while selector.get_map():
            now = time.monotonic()
            if now >= deadline:
                ran.timed_out = process.poll() is None
                break
            if process.poll() is not None:  # a child it left behind may hold the pipes open
                ended_at = ended_at or now
                if now - ended_at > 0.5:
                    break
            for key, _ in selector.select(min(0.1, deadline - now)):
                chunk = os.read(key.fd, 65_536)
                if not chunk:
                    selector.unregister(key.fileobj)
                written[key.data] += len(chunk)
                kept[key.data] += chunk[: max(limit - len(kept[key.data]), 0)]
        if not selector.get_map() and process.poll() is None:
            try:
                process.wait(max(deadline - time.monotonic(), 0.01))
            except subprocess.TimeoutExpired:
                ran.timed_out = True
    ran.kept, ran.written = (bytes(kept[0]), bytes(kept[1])), (written[0], written[1])
    ran.is_cut = any(count > limit for count in written)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the whole process group, politely first."""
    group = process.pid
    if process.poll() is None:
        _signal(group, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    _signal(group, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _environment(root: Path) -> dict[str, str]:
    """Without secrets, and without what would run or load something besides the command."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.removeprefix(PREFIX) not in _OURS
        and not name.endswith("_FILE")
        and not is_loaded(name)
        and not is_secret_name(name)
        and not find_userinfo(value)
        and not find_tokens(value)
    }
    theirs = {} if SETTINGS_GIVEN is None else {"DJANGO_SETTINGS_MODULE": SETTINGS_GIVEN}  # ours is not for the command
    return {**kept, **theirs, "PWD": str(root)}
