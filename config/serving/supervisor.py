"""Watches the processes of `manage.py up`. Standard library only: `up` becomes this small process by exec.

python -m config.serving.supervisor DESCRIPTOR     where Plan's JSON can be read; in an argument, a search for the
                                                   children would find it
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from config import home, processes
from config.serving.child_process import Child, adopt_orphans, end_group, end_orphans, spawn

STOP_SECONDS = 4.0  # after SIGTERM; then SIGKILL, and unfinished jobs go back to the queue by their leases
POLL_SECONDS = 0.02
LOOK_SECONDS = 1.0
SILENT_SECONDS = 30
"""A child that stands still so long is replaced: nothing it may do holds it as long, and callers wait a minute."""
START_SECONDS = 180
"""How long it may take to its first sign of life; a loaded machine was seen to need 60 s for the imports."""


@dataclass(kw_only=True)
class Plan:
    """What `up` hands over: the web, which runs already, and the commands of all children."""

    host: str
    port: int
    address: str
    """What to print: where people reach it."""
    data_dir: str
    started_at: float
    web_pid: int
    web_gate: int
    web_pulse: int
    children: dict[str, list[str]] = field(default_factory=dict)
    """Processes that are started again when they die; the web first, the others once it answers."""
    once: dict[str, list[str]] = field(default_factory=dict)
    """Processes that end by themselves."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def hand_over(self) -> int:
        """A descriptor that survives exec, with the plan to read; it fits into a pipe many times."""
        reader, writer = os.pipe()
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            pipe.write(self.to_json())
        os.set_inheritable(reader, True)
        return reader


started_web: tuple[int, int, int] | None = None


def start_web() -> tuple[int, int, int]:
    """Start the web process, once; it loads and then waits for its address.

    Its pid, where to write the address, and where its signs of life come from.
    """
    global started_web  # noqa: PLW0603 -- manage.py starts it long before the command can
    if started_web is None:
        os.environ.update(home.environment())
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # glibc's one arena a thread wastes 10 MB
        reader, gate = os.pipe()
        pid, felt = spawn(home.module("config.serving.child", "web", str(reader)), keep=reader)
        os.close(reader)
        started_web = pid, gate, felt
    return started_web


def say(text: str) -> None:
    """A line for the log. Nobody who reads it, or a disk that is full, is no reason to end."""
    with contextlib.suppress(OSError):
        os.write(1, f"{text}\n".encode())  # stdout itself: a buffer that cannot be written would change the exit code


class Supervisor:
    """Starts, watches, restarts and stops the children."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.children = {name: Child(name=name, command=command) for name, command in plan.children.items()}
        self.children["web"].adopt(plan.web_pid, plan.web_pulse)
        self.passing: dict[int, str] = {}
        self.serving = False
        self._record_path = processes.path_of(Path(plan.data_dir), plan.port)
        self._woken, self._waker = os.pipe()
        self._looked_at = time.monotonic()

    def run(self) -> int:
        """Watch until a signal or a child that cannot live ends it all; the exit code."""
        adopt_orphans()
        for end in (self._woken, self._waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, lambda *_: None)  # one that is ignored by inheritance would never arrive
        with contextlib.suppress(BrokenPipeError):  # it died already, which _watch finds out
            os.write(self.plan.web_gate, json.dumps([self.plan.host, self.plan.port]).encode())
        threading.Thread(target=self._await_web, daemon=True).start()
        self._note()
        code = self._watch()
        self._stop()
        return code

    def _watch(self) -> int:
        while True:
            self._reap()
            if hopeless := next((child for child in self.children.values() if child.restarts.is_hopeless), None):
                deaths = len(hopeless.restarts.died_at)
                say(
                    f"[FAIL] {hopeless.name} ended {deaths} times within a minute, the last time: {hopeless.ended}; "
                    "stopping the rest. Its output above says why."
                )
                return 1
            self._start_due()
            received = self._wait()
            if received & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
                say("Stopping.")
                return 0
            if signal.SIGUSR1 in received and not self.serving:
                self._start_rest()
            self._end_silent()

    def _wait(self) -> set[int]:
        """Sleep until a signal, a sign of life or a start is due; which signals came."""
        pulses = [child.pulse for child in self.children.values() if child.pulse is not None]
        due = [child.due_at - time.monotonic() for child in self.children.values() if child.due_at is not None]
        select.select([self._woken, *pulses], [], [], max(0.0, min([LOOK_SECONDS, *due])))
        try:
            return set(os.read(self._woken, 4096))
        except BlockingIOError:
            return set()

    def _reap(self) -> None:
        """Collect the dead, and arrange when those who must live come back."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            how = processes.describe_end(os.waitstatus_to_exitcode(status))
            name = self.passing.pop(pid, None)
            if name is not None and status:
                say(f"[WARN] {name} failed: {how}")
            for child in self.children.values():
                if child.pid == pid:
                    self._bury(child, how)

    def _bury(self, child: Child, how: str) -> None:
        child.note_death(how)
        end_orphans(self._known())
        self._note()
        if not child.restarts.is_hopeless:
            say(f"[WARN] {child.name} ended: {child.ended}; it starts again in {child.restarts.pause:g} s")

    def _start_due(self) -> None:
        for child in self.children.values():
            if child.due_at is not None and time.monotonic() >= child.due_at:
                try:
                    child.start()
                except OSError as error:  # no memory or no processes left: as good as a death
                    child.note_death(f"{error.strerror or error} at its start")
                self._note()

    def _end_silent(self) -> None:
        """End who stands still. Time in which we stood still ourselves, as in a frozen container, is not counted."""
        now = time.monotonic()
        passed, self._looked_at = min(now - self._looked_at, LOOK_SECONDS), now
        for child in self.children.values():
            if child.feel():
                say(f"[OK] {child.name} runs again")
            child.silent_seconds += passed
            limit = SILENT_SECONDS if child.ready_at is not None else START_SECONDS
            if child.pid is not None and child.silent_seconds > limit:
                child.fault = f", ended after {limit} s without a sign of life"
                child.silent_seconds = 0.0
                end_group(child.pid)

    def _await_web(self) -> None:
        """In a thread: wait for the first answer, then tell the main thread by a signal."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.plan.host, self.plan.host)  # noqa: S104
        while True:
            try:
                with socket.create_connection((host, self.plan.port), 2) as connection:
                    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if connection.recv(1):
                        break
            except OSError:
                pass
            time.sleep(POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGUSR1)

    def _start_rest(self) -> None:
        self.serving = True
        for child in self.children.values():
            if child.pid is None and child.due_at is None:
                child.due_at = time.monotonic()
        self._start_due()
        for name, command in self.plan.once.items():
            pid, felt = spawn(command)
            os.close(felt)
            self.passing[pid] = name
        seconds = time.time() - self.plan.started_at
        say(f"[OK] {self.plan.address} answers ({seconds:.1f} s). Ctrl-C stops it.")

    def _known(self) -> set[int]:
        return {child.pid for child in self.children.values() if child.pid is not None} | set(self.passing)

    def _note(self, *, stopped: bool = False) -> None:
        record = processes.Record(stopped=stopped)
        record.processes = {name: child.history for name, child in self.children.items()}
        record.write(self._record_path)

    def _stop(self) -> None:
        everyone = self._known()
        for pid in everyone:
            end_group(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while everyone and time.monotonic() < deadline:
            everyone = {pid for pid in everyone if not _is_gone(pid)}
            time.sleep(POLL_SECONDS)
        for pid in everyone:
            end_group(pid)
            _is_gone(pid, block=True)
        for child in self.children.values():
            if child.pid is not None:
                end_group(child.pid)  # what its jobs left running
                child.history.note_death("the stop of the service")
        end_orphans(set())
        self._note(stopped=True)


def _is_gone(pid: int, *, block: bool = False) -> bool:
    try:
        return os.waitpid(pid, 0 if block else os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), encoding="utf-8") as handed_over:
        plan = Plan(**json.load(handed_over))
    sys.exit(Supervisor(plan).run())
