"""Processes beside the service that work under a budget of the kernel's, and are kept for the next caller.

CPU is bounded by a timer whose signal ends the process wherever it is, memory by RLIMIT_AS. A process ends when it has
been idle for long, and with the service: its input closes.
"""

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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from config import home
from config.errors import DomainError, FieldError, Unavailable

MOST_PROCESSES = 4
"""At once, of one process of the service; further callers wait."""
MOST_IDLE = 2
IDLE_SECONDS = 60
LONGEST_WAIT_SECONDS = 60
"""Of the clock, for a process that gets no CPU to use its budget up with."""
TRIES = 3
ROOT = Path(__file__).resolve().parents[1]
_TOO_MUCH_MEMORY = 3


class Stopped(DomainError):
    """The work passed its budget of time or memory and was ended."""

    code = "budget-passed"
    remedy = "make the template, pattern or schema simpler, or send less"


@dataclass(frozen=True, slots=True)
class Work:
    function: Callable[[Any], Any]
    """Takes and returns JSON; may raise a DomainError."""
    seconds: float
    """Of CPU."""
    megabytes: int
    """Beside what the process has when it begins."""
    name: str
    advice: str


class _Gone(Exception):
    """The process ended for no reason of the work: it was idle for long, or somebody killed it."""


class Process:
    def __init__(self, module: str) -> None:
        self._waits = True
        try:
            self._popen = subprocess.Popen(  # noqa: S603  -- a module of our own
                home.module(module),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what a caller wrote is in its tracebacks
                cwd=ROOT,
                env=home.environment(),
                process_group=0,  # Ctrl-C is for the service, which closes it
            )
        except OSError as error:
            raise Unavailable(f"No process could be started to work in ({error.strerror}). Try again.") from error

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def can_be_asked(self) -> bool:
        """Not while an answer is outstanding, as after an interrupt: the next caller would get it."""
        return self._waits and self._lives()

    def ask(self, work: Work, request: Mapping[str, Any]) -> Any:
        """Raises Stopped, and _Gone when it can be asked of another."""
        assert self._popen.stdin
        assert self._popen.stdout
        self._waits = False
        try:
            _write(self._popen.stdin, {**request, "seconds": work.seconds, "megabytes": work.megabytes})
            answer = _read(self._popen.stdout, LONGEST_WAIT_SECONDS)
        except OSError:
            answer = None
        if answer is None:
            raise self._ended(work)
        self._waits = True
        return answer

    def end(self) -> None:
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _lives(self) -> bool:
        return self._popen.poll() is None

    def _ended(self, work: Work) -> Exception:
        late = not self._ends_soon()
        self.end()
        code = self._popen.returncode
        if code in {0, -signal.SIGKILL} and not late:
            return _Gone()
        if late or code == -signal.SIGPROF:
            why = f"took more than {work.seconds:g} s of CPU"
        else:
            why = f"took more than {work.megabytes} MB of memory, or nested too deep"
        return Stopped(f"{work.name} {why} and was stopped. {work.advice}")

    def _ends_soon(self) -> bool:
        """A pipe closes a moment before its process has ended."""
        end = time.monotonic() + 1
        while self._lives() and time.monotonic() < end:
            time.sleep(0.005)
        return not self._lives()


class Pool:
    """The processes that run `module`, which calls `serve` with the same works."""

    def __init__(self, module: str, works: Mapping[str, Work], errors: Mapping[str, type[DomainError]]) -> None:
        self.works = dict(works)
        self.idle: list[Process] = []
        self._module, self._errors = module, errors
        self._free = threading.BoundedSemaphore(MOST_PROCESSES)
        self._lock = threading.Lock()
        atexit.register(self.end)
        os.register_at_fork(after_in_child=self.idle.clear)  # a pipe has one reader

    def call(self, name: str, argument: Any) -> Any:
        """What the work returns. Raises Stopped, Unavailable, and the errors the work raises."""
        work = self.works[name]
        with self._free:
            for _ in range(TRIES):
                process = self._take()
                try:
                    return self._opened(process.ask(work, {"work": name, "argument": argument}))
                except _Gone:
                    continue
                finally:
                    self._give_back(process)
        raise Unavailable(f"{work.name} was killed {TRIES} times. Look whether the machine is out of memory.")

    def end(self) -> None:
        """End those that wait."""
        while self.idle:
            self.idle.pop().end()

    def _take(self) -> Process:
        with self._lock:
            while self.idle:
                process = self.idle.pop()
                if process.can_be_asked:
                    return process
                process.end()
        return Process(self._module)

    def _give_back(self, process: Process) -> None:
        with self._lock:
            if process.can_be_asked and len(self.idle) < MOST_IDLE:
                self.idle.append(process)
                return
        process.end()

    def _opened(self, answer: Any) -> Any:
        match answer:
            case {"value": value}:
                return value
            case {"code": str(code), "detail": str(detail), "errors": list(errors)}:
                raise self._errors[code](detail, errors=[FieldError(**error) for error in errors])
        raise RuntimeError(f"Work in another process failed with {answer}")


# What passes between the two: the length in eight bytes, then JSON.


def _write(pipe: IO[bytes], message: Any) -> None:
    raw = json.dumps(message, default=str).encode()
    pipe.write(len(raw).to_bytes(8, "big") + raw)
    pipe.flush()


def _read(pipe: IO[bytes], seconds: float) -> Any | None:
    """None when the other side is gone, or says nothing for so long."""
    waiting = select.poll()  # `select` knows no descriptor above 1024
    waiting.register(pipe, select.POLLIN)
    if not waiting.poll(seconds * 1000):
        return None
    head = pipe.read(8)
    size = int.from_bytes(head, "big")
    raw = pipe.read(size) if len(head) == 8 else b""
    return json.loads(raw) if raw and len(raw) == size else None


# The other side


def serve(works: Mapping[str, Work]) -> None:
    """Work until the input closes or nothing comes for IDLE_SECONDS."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe_in, pipe_out = sys.stdin.buffer, sys.stdout.buffer
    while (request := _read(pipe_in, IDLE_SECONDS)) is not None:
        try:
            with _limits(request["seconds"], request["megabytes"]):
                _write(pipe_out, _answer(works[request["work"]], request["argument"]))
        except MemoryError:
            os._exit(_TOO_MUCH_MEMORY)


def _answer(work: Work, argument: Any) -> dict[str, Any]:
    try:
        return {"value": work.function(argument)}
    except DomainError as error:
        return {"code": error.code, "detail": error.detail, "errors": [asdict(item) for item in error.errors]}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  -- told to the service, which logs it
        return {"failed": type(error).__name__}


@contextlib.contextmanager
def _limits(seconds: float, megabytes: int) -> Iterator[None]:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(OSError):  # no /proc: this system does not say, and has no such limit either
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit if most < 0 else min(limit, most), most))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
