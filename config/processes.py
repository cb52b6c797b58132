"""What `up` did: which processes it runs and which died of what, in a file that health and `restore` read.

A file, since the supervisor has no database, and the database may be what the processes die of. Standard library only.
"""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

OUTLASTED = 75
"""The exit code of a worker that ends since a job outlasted its time."""
_KEPT_DEATHS = 10


@dataclass(kw_only=True)
class Death:
    """One death of a child."""

    pid: int
    at: float
    how: str


@dataclass(kw_only=True)
class Process:
    """One child: running when it has a pid."""

    pid: int | None = None
    deaths: list[Death] = field(default_factory=list)

    def note_death(self, how: str) -> None:
        if self.pid is not None:
            self.deaths = [*self.deaths, Death(pid=self.pid, at=time.time(), how=how)][-_KEPT_DEATHS:]
            self.pid = None


@dataclass(kw_only=True)
class Record:
    """The processes of one `up`."""

    host: str = field(default_factory=socket.gethostname)
    processes: dict[str, Process] = field(default_factory=dict)
    stopped: bool = False

    def write(self, path: Path) -> None:
        """Replace the file as a whole. A disk that is full must not end the service: then nobody can read it."""
        draft = path.with_suffix(".new")
        with contextlib.suppress(OSError):
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(asdict(self), file)
            draft.replace(path)

    def dead(self) -> Iterator[str]:
        """The names, as heartbeats have them, of processes that surely ended."""
        for role, process in self.processes.items():
            for death in process.deaths:
                yield process_name(role, host=self.host, pid=death.pid)


def process_name(role: str, *, host: str | None = None, pid: int | None = None) -> str:
    """A process among all: role, host and process id; this one unless another is named."""
    return f"{role}@{host or socket.gethostname()}:{pid or os.getpid()}"[:255]


def path_of(data_dir: Path, port: int) -> Path:
    """Where the `up` of this port keeps its record."""
    return data_dir / f"processes-{port}.json"


def records(data_dir: Path) -> list[Record]:
    """What every `up` on this data directory left; a file that cannot be read is none."""
    found = []
    for path in sorted(data_dir.glob("processes-*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            found.append(_parse(json.loads(path.read_text(encoding="utf-8"))))
    return found


def _parse(text: dict[str, object]) -> Record:
    record = Record(**text)  # type: ignore[arg-type]
    given: dict[str, dict[str, object]] = record.processes  # type: ignore[assignment]
    record.processes = {name: Process(**fields) for name, fields in given.items()}  # type: ignore[arg-type]
    for process in record.processes.values():
        process.deaths = [Death(**fields) for fields in process.deaths]  # type: ignore[arg-type]
    return record


def describe_end(code: int) -> str:
    """An exit code as subprocess has it, in words: `signal 9 (SIGKILL)`, `exit code 1`."""
    if code == OUTLASTED:
        return f"exit code {code} (a job outlasted its time)"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"
