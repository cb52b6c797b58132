"""What was read about one environment, before anybody judges it. `reading` fills these types from hostile text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

from packaging.utils import canonicalize_name

from dockerdebug.targets import THIS_MACHINE

FileText = Annotated[str, "a file's"]
"""Bounded far beyond other texts when it is read from a container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why an engine, a container or an interpreter could not be reached at all; it becomes a finding of that key."""

    key: str
    evidence: str
    cause: str
    fix: str
    verify: str = "docker version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """An installed distribution, by its own metadata."""

    name: str
    version: str
    path: str = ""
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    tags: tuple[str, ...] = ()
    editable: str = ""

    @property
    def key(self) -> str:
        """The normalised name, by which requirements find it (PEP 503)."""
        return canonicalize_name(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Venv:
    """A virtual environment, by its pyvenv.cfg."""

    root: str
    home: str = ""
    home_exists: bool = True
    version: str = ""
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """How the interpreter starts when nothing protects it."""

    ok: bool = True
    timed_out: bool = False
    status: int = 0
    noise: str = ""
    prefix: str = ""
    stdout: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathEntry:
    path: str
    exists: bool = True
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PipFile:
    path: str
    content: str = ""
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the container's user may do with a path, and whose it is."""

    exists: bool = True
    readable: bool = True
    writable: bool = True
    owner: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where the things that a log misses lie in the file system."""

    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By module, or by shared library, the paths that bring it: /srv/app/settings.py, /usr/lib/libpq.so.5."""
    files: Mapping[str, Access] = field(default_factory=dict)
    """The files a traceback names."""
    requirements: Mapping[str, FileText] = field(default_factory=dict)
    """Files that name the application's packages, with their text."""
    looked: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFacts:
    """One interpreter and what it sees."""

    version: str
    release: str = "final"
    implementation: str = "cpython"
    executable: str = ""
    realpath: str = ""
    library: str = ""
    markers: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    """Where PATH finds python, python3, pip, pip3 and uv."""
    python_identity: str = ""
    pip: str = ""
    pip_interpreter: str = ""
    pip_identity: str = ""
    dangling: tuple[tuple[str, str], ...] = ()
    """Links to a Python that is not there: (link, target)."""
    hooks: tuple[str, ...] = ()
    """Files that run at every start: sitecustomize, usercustomize and .pth files with an import."""
    venv: Venv | None = None
    named_venv: Venv | None = None
    """The environment VIRTUAL_ENV names."""
    virtual_env: str = ""
    virtual_env_exists: bool = False
    venvs_about: tuple[Venv, ...] = ()
    broken_scripts: tuple[tuple[str, str], ...] = ()
    startup: Startup | None = None
    path: tuple[PathEntry, ...] | None = None
    distributions: tuple[Distribution, ...] | None = None
    invalid: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Metadata of packages the container's user may not read; they may be whole."""
    shadows: tuple[tuple[str, str], ...] = ()
    pip_files: tuple[PipFile, ...] | None = None
    externally_managed: bool = False
    pid1: tuple[str, ...] = ()
    cwd: str = ""
    bundles: tuple[str, ...] = ()
    """Certificate bundles at the usual places."""
    listening: tuple[int, ...] = ()
    """TCP ports something in here listens at."""
    system: str = ""
    """The distribution's ID of os-release: debian, alpine, ..."""
    missing_places: Mapping[str, str] = field(default_factory=dict)
    temporary: str = ""
    temporary_writable: bool = True
    search: Search = Search()
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_pip(self) -> bool:
        return any(item.key == "pip" for item in self.distributions or ())

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFacts:
    """A container as the engine describes it."""

    id: str
    name: str
    image: str = ""
    image_id: str = ""
    state: str = "running"
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    restart_count: int = 0
    restart_policy: str = ""
    health: str = ""
    health_output: str = ""
    health_exit_code: int = 0
    health_command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    tty: bool = False
    user: str = ""
    memory_bytes: int = 0
    read_only: bool = False
    started_at: str = ""
    mounts: tuple[tuple[str, str, str], ...] = ()
    """(type, source, destination)"""
    working_dir: str = ""
    init: bool = False
    network_mode: str = ""


Outcome = Literal["ran", "read", "not-tried", "no-python", "forbidden", "timed-out", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything one diagnosis read."""

    target: str = THIS_MACHINE
    problem: Problem | None = None
    container: ContainerFacts | None = None
    logs: str = ""
    python: PythonFacts | None = None
    outcome: Outcome = "not-tried"
    """`ran`: the probe answered. `read`: the files were read without starting anything. `forbidden`: there is a Python
    and the container's user may not run it."""
    why_not: str = ""
    """Why the probe did not run, in words that follow "not run, because"."""
    tried: tuple[str, ...] = ()
    found: str = ""
    """The interpreter the probe was started with, or would have been."""
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    today: date = field(default_factory=date.today)

    @property
    def interpreter(self) -> str:
        """The Python to name in a command."""
        return (self.python.executable if self.python else "") or self.found or "python3"

    @property
    def is_container(self) -> bool:
        return self.target != THIS_MACHINE


def shorten(text: str, limit: int = 300) -> str:
    """Text in one line, cut in the middle when it is too long."""
    line = " ".join(text.split())
    half = limit // 2 - 3
    return line if len(line) <= limit else f"{line[:half]} ... {line[-half:]}"


def last_lines(text: str, count: int) -> str:
    lines: Sequence[str] = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-count:])
