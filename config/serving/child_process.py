"""A child as its supervisor sees it: started with a pipe for its signs of life, ended with all it started itself.

Standard library only.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from config.processes import Process
from config.serving import pulse
from config.serving.restarts import Restarts

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_ORPHAN_ROUNDS = 50


def spawn(command: list[str], keep: int | None = None) -> tuple[int, int]:
    """Start a child in its own process group, so that a Ctrl-C reaches only us. Its pid, and its signs of life."""
    reader, writer = pulse.pipe()
    try:
        child = subprocess.Popen(  # noqa: S603 -- our own modules
            command,
            stdin=subprocess.DEVNULL,
            process_group=0,
            pass_fds=(writer,) if keep is None else (writer, keep),
            env=os.environ | {pulse.VARIABLE: str(writer)},
        )
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    child.returncode = 0  # waited for by pid; Popen's destructor must not complain
    return child.pid, reader


@dataclass(kw_only=True)
class Child:
    """One that must live as long as the service does."""

    name: str
    command: list[str]
    pid: int | None = None
    pulse: int | None = None
    """Where its signs of life come from."""
    ready_at: float | None = None
    """Its first sign of life."""
    silent_seconds: float = 0.0
    due_at: float | None = None
    """When to start it."""
    fault: str = ""
    """Why we ended it."""
    ended: str = ""
    """How it ended last."""
    restarts: Restarts = field(default_factory=Restarts)
    history: Process = field(default_factory=Process)

    def start(self) -> None:
        self.due_at = None
        self.adopt(*spawn(self.command))

    def adopt(self, pid: int, felt: int) -> None:
        """Watch a process that was just started."""
        self.pid = self.history.pid = pid
        self.pulse = felt
        self.ready_at, self.silent_seconds, self.fault = None, 0.0, ""

    def feel(self) -> bool:
        """Take note of signs of life; whether it was the first after a death."""
        if self.pulse is None:
            return False
        felt = pulse.was_felt(self.pulse)
        if felt is None:
            os.close(self.pulse)
            self.pulse = None
        if not felt:
            return False
        self.silent_seconds = 0.0
        first, self.ready_at = self.ready_at is None, self.ready_at or time.monotonic()
        return first and bool(self.ended)

    def note_death(self, how: str) -> None:
        """It ended: clear away what it left behind and fix when it starts again."""
        now = time.monotonic()
        self.ended = how + self.fault
        self.history.note_death(self.ended)
        if self.pid is not None:
            end_group(self.pid)
        if self.pulse is not None:
            os.close(self.pulse)
        self.restarts.note_death(at=now, served_seconds=0 if self.ready_at is None else now - self.ready_at)
        self.pid = self.pulse = None
        self.due_at = now + self.restarts.pause


def end_group(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal a child and the processes it started. They are in its group, which may outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def adopt_orphans() -> None:
    """Become the parent of what dead children leave behind in sessions of their own, so that it can be ended."""
    with contextlib.suppress(OSError, AttributeError):  # Linux's own; elsewhere only the group is ended
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans(known: AbstractSet[int]) -> None:
    """End the children we never started: their parent, a child of ours, is dead. Theirs come to us in turn."""
    for _ in range(_ORPHAN_ROUNDS):
        orphans = _children() - known
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


def _children() -> set[int]:
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:  # not Linux
        return set()
    return {int(word) for word in listed.split()}
