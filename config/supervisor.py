"""Watches the processes of `manage.py up`. Standard library only: `up` becomes this small process by exec.

python -m config.supervisor PLAN     PLAN is JSON, see Plan
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field

STOP_SECONDS = 4.0  # after SIGTERM; then SIGKILL, and unfinished jobs go back to the queue by their leases
POLL_SECONDS = 0.02


@dataclass(kw_only=True)
class Plan:
    """What `up` hands over: children that run already, and commands that come once the web answers."""

    host: str
    port: int
    address: str
    """What to print: where people reach it."""
    started_at: float
    web_pid: int
    web_gate: int
    later: dict[str, list[str]] = field(default_factory=dict)
    """Processes that must live as long as the web does."""
    once: dict[str, list[str]] = field(default_factory=dict)
    """Processes that end by themselves."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def spawn(command: list[str], gate: int | None = None) -> int:
    """Start a child in its own process group, so that a Ctrl-C reaches only us. Its pid."""
    # `process_group` keeps the quick posix_spawn path; a session of its own would need a fork of all of `up`.
    child = subprocess.Popen(  # noqa: S603 -- our own modules
        command, stdin=subprocess.DEVNULL, process_group=0, pass_fds=() if gate is None else (gate,)
    )
    child.returncode = 0  # waited for by pid; Popen's destructor must not complain
    return child.pid


started_web: tuple[int, int] | None = None


def start_web() -> tuple[int, int]:
    """Start the web process, once; it loads and then waits for its address. Its pid, and where to write that."""
    global started_web  # noqa: PLW0603 -- manage.py starts it long before the command can
    if started_web is None:
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 -- loads less
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # glibc's one arena a thread wastes 10 MB
        reader, gate = os.pipe()
        started_web = spawn([sys.executable, "-m", "config.child", "web", str(reader)], gate=reader), gate
        os.close(reader)
    return started_web


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Supervisor:
    """Starts, watches and stops the children."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.children = {plan.web_pid: "web"}
        self.passing: dict[int, str] = {}

    def run(self) -> int:
        """Watch until a signal or a death ends it all; the exit code."""
        watched = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1}
        for number in watched - {signal.SIGCHLD}:
            signal.signal(number, lambda *_: None)  # one that is ignored by inheritance would never arrive
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, watched)
        with contextlib.suppress(BrokenPipeError):  # it died already, which _watch reports
            os.write(self.plan.web_gate, json.dumps([self.plan.host, self.plan.port]).encode())
        threading.Thread(target=self._await_web, daemon=True).start()
        code = self._watch(watched)
        self._stop()
        return code

    def _watch(self, watched: set[signal.Signals]) -> int:
        while True:
            died = self._reap()
            if died is not None:
                name, code = died
                say(f"[FAIL] {name} ended ({_describe(code)}); stopping the rest. Its output above says why.")
                return 1
            received = signal.sigwait(watched)
            if received == signal.SIGUSR1:
                self._start_rest()
            elif received != signal.SIGCHLD:
                say("Stopping.")
                return 0

    def _reap(self) -> tuple[str, int] | None:
        """Collect the dead; the first of them that must not die."""
        while self.children or self.passing:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid == 0:
                return None
            code = os.waitstatus_to_exitcode(status)
            if pid in self.passing:
                name = self.passing.pop(pid)
                if code:
                    say(f"[WARN] {name} failed ({_describe(code)})")
            elif pid in self.children:
                return self.children.pop(pid), code
        return None

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
        for name, command in self.plan.later.items():
            self.children[spawn(command)] = name
        for name, command in self.plan.once.items():
            self.passing[spawn(command)] = name
        seconds = time.time() - self.plan.started_at
        say(f"[OK] {self.plan.address} answers ({seconds:.1f} s). Ctrl-C stops it.")

    def _stop(self) -> None:
        everyone = [*self.children, *self.passing]
        for pid in everyone:
            _signal_group(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while everyone and time.monotonic() < deadline:
            everyone = [pid for pid in everyone if not _is_gone(pid)]
            time.sleep(POLL_SECONDS)
        for pid in everyone:
            _signal_group(pid, signal.SIGKILL)
            _is_gone(pid, block=True)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _is_gone(pid: int, *, block: bool = False) -> bool:
    try:
        return os.waitpid(pid, 0 if block else os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _describe(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


if __name__ == "__main__":
    sys.exit(Supervisor(Plan(**json.loads(sys.argv[1]))).run())
