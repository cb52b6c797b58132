"""The processes that judge: few, kept while they are small, ended when their time is over."""

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemacheck.checker.clock import WALL_FACTOR
from schemacheck.checker.errors import Busy

_ROOT = Path(__file__).resolve().parents[3]
_AT_ONCE = 4
_PATIENCE_SECONDS = 10.0
_START_SECONDS = 5.0
_CHUNK = 256 * 1024

_slots = threading.BoundedSemaphore(_AT_ONCE)
_idle: list["_Process"] = []


@dataclass(slots=True)
class Answer:
    """Verdicts in their public shape; `stopped` says what ran out: "time", "memory", or "crash" for neither."""

    statements: list[dict[str, Any]] = field(default_factory=list)
    stopped: str = ""


def ask(request: dict[str, Any], seconds: float) -> Answer:
    """What a process answers within its time. Raises Busy."""
    if not _slots.acquire(timeout=_PATIENCE_SECONDS):
        raise Busy("Too many checks run at once. Check again in a few seconds.")
    try:
        line = json.dumps(request).encode() + b"\n"
        process = _idle.pop() if _idle else _Process()
        try:
            process.send(line)
        except OSError:  # it ended while it was idle
            process.end()
            process = _Process()
            process.send(line)
        return process.answer(time.monotonic() + seconds * WALL_FACTOR + _START_SECONDS)
    finally:
        _slots.release()


class _Process:
    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "schemacheck.checker.sqlite.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": str(_ROOT)},  # and no secret of ours
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for us, and ends it with its pipe
        )

    def send(self, line: bytes) -> None:
        assert self._popen.stdin
        view = memoryview(line)
        while view:
            view = view[self._popen.stdin.write(view) :]

    def answer(self, deadline: float) -> Answer:
        """Every line until the last; kept for the next script where it ended well, else killed."""
        answer = Answer()
        kept = False
        try:
            for line in self._lines(deadline):
                said = json.loads(line)
                if "stopped" in said:
                    answer.stopped, kept = said["stopped"], said["kept"]
                    return answer
                answer.statements.append(said)
            answer.stopped = self._why()
            return answer
        finally:
            if kept:
                _idle.append(self)
            else:
                self.end()

    def end(self) -> None:
        self._popen.kill()
        self._popen.wait()
        self.leave()

    def leave(self) -> None:
        """Close the pipes: it ends by itself, and nobody here waits for it."""
        self._popen.returncode = self._popen.returncode or 0
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _lines(self, deadline: float) -> Any:
        assert self._popen.stdout
        number = self._popen.stdout.fileno()
        rest = b""
        poll = select.poll()  # select() knows no numbers beyond 1,023
        poll.register(number, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0 and poll.poll(left * 1000):
            chunk = os.read(number, _CHUNK)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def _why(self) -> str:
        """What ended it: we, at the deadline, the system at its time, or something else."""
        code = self._popen.poll()
        if code is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._popen.wait(0.2)
        return {-signal.SIGXCPU: "time", -signal.SIGKILL: "memory"}.get(code, "crash") if code else "time"


def _forget() -> None:
    """In a fork: the processes talk with the parent."""
    for process in _idle:
        process.leave()
    _idle.clear()


def _end_all() -> None:
    while _idle:
        _idle.pop().end()


os.register_at_fork(after_in_child=_forget)
atexit.register(_end_all)
