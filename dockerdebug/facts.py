"""What was read about one environment, before anybody judges it.

Everything that comes out of a container is hostile text: it is read into these types with bounds on every length,
and what does not fit is dropped.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from packaging.utils import canonicalize_name

MAX_TEXT = 8192
MAX_ITEMS = 3000
THIS_MACHINE = "this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why an engine, a container or an interpreter could not be reached at all; it becomes a finding of that key."""

    key: str
    evidence: str
    cause: str
    fix: str
    verify: str = "Run the diagnosis again."


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
    shadows: tuple[tuple[str, str], ...] = ()
    pip_files: tuple[PipFile, ...] | None = None
    externally_managed: bool = False
    pid1: tuple[str, ...] = ()
    cwd: str = ""
    missing_places: Mapping[str, str] = field(default_factory=dict)
    temporary: str = ""
    temporary_writable: bool = True
    errors: Mapping[str, str] = field(default_factory=dict)

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
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    tty: bool = False
    user: str = ""
    memory_bytes: int = 0
    mounts: tuple[tuple[str, str, str], ...] = ()
    """(type, source, destination)"""
    working_dir: str = ""
    init: bool = False
    network_mode: str = ""


Outcome = Literal["ran", "read", "not-tried", "no-python", "timed-out", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything one diagnosis read."""

    target: str = THIS_MACHINE
    problem: Problem | None = None
    container: ContainerFacts | None = None
    logs: str = ""
    python: PythonFacts | None = None
    outcome: Outcome = "not-tried"
    """`ran`: the probe answered. `read`: the files were read without starting anything."""
    why_not: str = ""
    """Why the probe did not run, in words that follow "not run, because"."""
    tried: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    today: date = field(default_factory=date.today)

    def shell(self, command: str) -> str:
        """A command as a person would run it in this environment."""
        if self.container and self.container.state != "running":
            return f"docker run --rm --entrypoint '' {self.container.image} {command}"
        return f"docker exec {self.target} {command}" if self.is_container else command

    @property
    def is_container(self) -> bool:
        return self.target != THIS_MACHINE


class UnreadableProbe(Exception):
    """The probe's answer is not what the probe writes."""


class Tree:
    """Reads a JSON value of unknown shape; whatever is missing or of another type is empty."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, key: str) -> "Tree":
        return Tree(self.value.get(key) if isinstance(self.value, Mapping) else None)

    @property
    def text(self) -> str:
        return self.value[:MAX_TEXT] if isinstance(self.value, str) else ""

    @property
    def flag(self) -> bool:
        return self.value is True

    @property
    def number(self) -> int:
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else 0

    @property
    def items(self) -> "list[Tree]":
        return [Tree(item) for item in self.value[:MAX_ITEMS]] if isinstance(self.value, list) else []

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(item.text for item in self.items if isinstance(item.value, str))

    @property
    def mapping(self) -> dict[str, str]:
        if not isinstance(self.value, Mapping):
            return {}
        pairs = list(self.value.items())[:MAX_ITEMS]
        return {str(key)[:255]: str(value)[:MAX_TEXT] for key, value in pairs if isinstance(value, str)}


def read_probe(output: str) -> tuple[PythonFacts, dict[str, str]]:
    """The probe's answer as facts, and the environment it ran in. Raises UnreadableProbe."""
    try:
        data = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise UnreadableProbe(str(error)) from error
    tree = Tree(data)
    if tree["schema"].number != 1 or not re.fullmatch(r"\d+\.\d+\.\d+", tree["python"]["version"].text):
        raise UnreadableProbe("no schema or no version in it")
    return _python(tree), tree["environ"].mapping


def _python(tree: Tree) -> PythonFacts:
    python, found, venvs, places = tree["python"], tree["interpreters"], tree["environments"], tree["places"]
    distributions = tree["distributions"].items
    return PythonFacts(
        version=python["version"].text,
        release=python["release"].text,
        implementation=python["implementation"].text,
        executable=python["executable"].text,
        realpath=python["realpath"].text,
        library=python["library"].text,
        markers=tree["markers"].mapping,
        named=found["names"].mapping,
        python_identity=found["python_identity"].text,
        pip=found["pip"].text,
        pip_interpreter=found["pip_interpreter"].text,
        pip_identity=found["pip_identity"].text,
        dangling=tuple((item["path"].text, item["target"].text) for item in found["dangling"].items),
        venv=_venv(venvs["own"]),
        named_venv=_venv(venvs["named_venv"]),
        virtual_env=venvs["named"].text,
        virtual_env_exists=venvs["named_exists"].flag,
        venvs_about=tuple(filter(None, map(_venv, venvs["about"].items))),
        broken_scripts=tuple((i["script"].text, i["interpreter"].text) for i in venvs["broken_scripts"].items),
        startup=_startup(tree["child"]),
        path=tuple(
            PathEntry(path=item["path"].text, exists=item["exists"].flag, readable=item["readable"].flag)
            for item in tree["path"].items
        ),
        distributions=tuple(map(_distribution, distributions[0].items)) if distributions else None,
        invalid=distributions[1].texts if len(distributions) > 1 else (),
        shadows=tuple((item["name"].text, item["path"].text) for item in tree["shadows"].items),
        pip_files=tuple(
            PipFile(path=i["path"].text, content=i["content"].text, readable=i["readable"].text == "True")
            for i in tree["pip_files"].items
        ),
        externally_managed=tree["externally_managed"].flag,
        pid1=tree["pid1"]["argv"].texts,
        cwd=places["cwd"].text,
        missing_places=places["missing"].mapping,
        temporary=places["temporary"].text,
        temporary_writable=places["temporary_writable"].flag,
        errors=tree["errors"].mapping,
    )


def _venv(tree: Tree) -> Venv | None:
    if not tree["root"].text:
        return None
    return Venv(
        root=tree["root"].text,
        home=tree["home"].text,
        home_exists=tree["home_exists"].flag,
        version=tree["version"].text,
        libraries=tree["libraries"].texts,
    )


def _startup(tree: Tree) -> Startup | None:
    if not tree.value:
        return None
    return Startup(
        ok=tree["ok"].flag,
        timed_out=tree["timed_out"].flag,
        status=tree["status"].number,
        noise=tree["noise"].text,
        prefix=tree["prefix"].text,
        stdout=tree["stdout"].text,
    )


def _distribution(tree: Tree) -> Distribution:
    return Distribution(
        name=tree["name"].text,
        version=tree["version"].text,
        path=tree["path"].text,
        requires=tree["requires-dist"].texts,
        requires_python=tree["requires-python"].text,
        tags=tree["tags"].texts,
        editable=tree["editable"].text,
    )


def read_container(inspected: Mapping[str, Any]) -> ContainerFacts:
    """The engine's description of a container as facts."""
    tree = Tree(inspected)
    state, config, host = tree["State"], tree["Config"], tree["HostConfig"]
    checks = state["Health"]["Log"].items
    pairs = (entry.partition("=") for entry in config["Env"].texts)
    return ContainerFacts(
        id=tree["Id"].text,
        name=tree["Name"].text.lstrip("/"),
        image=config["Image"].text,
        image_id=tree["Image"].text,
        state=state["Status"].text,
        exit_code=state["ExitCode"].number,
        error=state["Error"].text,
        oom_killed=state["OOMKilled"].flag,
        restart_count=tree["RestartCount"].number,
        restart_policy=host["RestartPolicy"]["Name"].text,
        health=state["Health"]["Status"].text,
        health_output=checks[-1]["Output"].text if checks else "",
        health_exit_code=checks[-1]["ExitCode"].number if checks else 0,
        environment={name: value for name, equals, value in pairs if equals},
        command=(tree["Path"].text, *tree["Args"].texts),
        tty=config["Tty"].flag,
        user=config["User"].text,
        memory_bytes=host["Memory"].number,
        mounts=tuple((m["Type"].text, m["Source"].text, m["Destination"].text) for m in tree["Mounts"].items),
        working_dir=config["WorkingDir"].text,
        init=host["Init"].flag,
        network_mode=host["NetworkMode"].text,
    )


def cut_answer(output: str, mark: str) -> str | None:
    """The probe's JSON between its marks; start-up noise may stand before it."""
    begin = output.rfind(f"\x01{mark}")
    if begin < 0:
        return None
    begin += len(mark) + 1
    end = output.find("\x01", begin)
    return output[begin:end] if end > 0 else None


def shorten(text: str, limit: int = 300) -> str:
    """Text in one line, cut in the middle when it is too long."""
    line = " ".join(text.split())
    half = limit // 2 - 3
    return line if len(line) <= limit else f"{line[:half]} ... {line[-half:]}"


def last_lines(text: str, count: int) -> str:
    lines: Sequence[str] = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-count:])
