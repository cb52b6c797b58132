"""Reads a container's files without starting anything in it: for stopped, created and paused ones, and without a shell.

The archive API answers for every state. A directory comes as one tar stream, of which the few wanted files are kept.
"""

import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser
from typing import IO, TYPE_CHECKING, Any

from dockerdebug.facts import ContainerFacts, Distribution, PipFile, PythonFacts, Venv
from dockerdebug.probe import system_of
from dockerdebug.refusals import CallRefused

if TYPE_CHECKING:
    from dockerdebug.engine import Engine

MAX_STREAM = 192 * 1024 * 1024
MAX_FILE = 64 * 1024
MAX_LINKS = 8
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WANTED = re.compile(r"(?:\.dist-info/(?:METADATA|WHEEL)|\.egg-info/PKG-INFO|\.egg-info)$")


class Archive:
    """The files of one container."""

    def __init__(self, engine: "Engine", container: str) -> None:
        self.engine, self.container = engine, container
        self.partial = False

    def stat(self, path: str) -> Mapping[str, Any] | None:
        """What the engine says of one path (name, size, mode, linkTarget); None when it is not there."""
        try:
            with self.engine.calling(2.0) as api:
                # get_archive would start to stream the file; its HEAD twin costs 2 ms
                url = api._url("/containers/{0}/archive", self.container)  # noqa: SLF001
                response = api.head(url, params={"path": path}, timeout=api.timeout)
                if response.status_code != 200:
                    return None
                encoded = response.headers.get("x-docker-container-path-stat", "")
                return _decoded(encoded)
        except CallRefused:
            return None

    def resolve(self, path: str) -> tuple[str, str]:
        """(where the links lead, the dangling target if they lead nowhere); ("", "") when there is no such path."""
        for _ in range(MAX_LINKS):
            found = self.stat(path)
            if found is None:
                return "", ""
            target = str(found.get("linkTarget") or "")
            if not target:
                return path, ""
            following = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if following == path:
                return path, ""
            if self.stat(following) is None:
                return "", following
            path = following
        return path, ""

    def read(self, path: str) -> str | None:
        """The beginning of one file; None when there is none."""
        for member, file in self.members(path):
            if member.isfile():
                return file.read(MAX_FILE).decode("utf-8", "replace")
        return None

    def files(self, directory: str, wanted: re.Pattern[str]) -> dict[str, str]:
        """The wanted files below a directory, by their path."""
        parent = posixpath.dirname(directory.rstrip("/"))
        return {
            posixpath.join(parent, member.name): file.read(MAX_FILE).decode("utf-8", "replace")
            for member, file in self.members(directory)
            if member.isfile() and wanted.search(member.name)
        }

    def members(self, path: str) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
        try:
            with self.engine.calling(3.0) as api:
                stream, _ = api.get_archive(self.container, path)
                source: Any = _Stream(stream, self.engine)
                with tarfile.open(fileobj=source, mode="r|") as archive:
                    for member in archive:
                        file = archive.extractfile(member) if member.isfile() else None
                        yield member, file or _EMPTY
                self.partial |= source.cut
        except tarfile.TarError:
            self.partial = True
        except CallRefused:
            return


class _Empty:
    def read(self, size: int = -1) -> bytes:
        return b""


_EMPTY: Any = _Empty()


class _Stream:
    """Pieces of a response as a file that ends when the time or the bytes are used up."""

    def __init__(self, pieces: Iterator[bytes], engine: "Engine") -> None:
        self._pieces, self._engine = iter(pieces), engine
        self._buffer, self._total, self.cut = b"", 0, False

    def read(self, size: int = -1) -> bytes:
        while len(self._buffer) < size:
            if self._total > MAX_STREAM or self._engine.deadline.left < 1.0:
                self.cut = True
                break
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._buffer += piece
            self._total += len(piece)
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def _decoded(encoded: str) -> dict[str, Any] | None:
    import base64
    import json

    try:
        found = json.loads(base64.b64decode(encoded))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def interpreter_paths(container: ContainerFacts) -> list[str]:
    """Where a container's Python may be, the likeliest first, as absolute paths."""
    environment = container.environment
    usual = [*DEFAULT_PATH.split(":"), "/opt/venv/bin", "/app/.venv/bin", "/opt/conda/bin"]
    directories = [*environment.get("PATH", "").split(":"), *usual]  # PATH need not lead to the system's own Python
    first = [word for word in container.command[:1] if word.startswith("/") and is_python(word)]
    if venv := environment.get("VIRTUAL_ENV"):
        first.append(f"{venv}/bin/python")
    found = [f"{directory.rstrip('/')}/{name}" for directory in directories for name in ("python", "python3")]
    return list(dict.fromkeys(path for path in first + found if path.startswith("/")))


def is_python(path: str) -> bool:
    return re.fullmatch(r"(?:python|pypy)[\d.]*", posixpath.basename(path)) is not None


def find_interpreters(
    archive: Archive, container: ContainerFacts
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """([(path, where it leads)], [(link, its missing target)])"""
    found, dangling = [], []
    for path in interpreter_paths(container):
        if archive.engine.deadline.left < 2.0:
            break
        real, missing = archive.resolve(path)
        if real:
            found.append((path, real))
        elif missing:
            dangling.append((path, missing))
    return found, dangling


def read_python(archive: Archive, container: ContainerFacts) -> tuple[PythonFacts | None, list[str]]:
    """What the files alone say about a container's Python, and what was tried. None when there is no interpreter."""
    found, dangling = find_interpreters(archive, container)
    tried = [f"{path}: leads to {target}, which is not there" for path, target in dangling]
    if not found:
        return None, [*tried, *(f"{path}: not there" for path in interpreter_paths(container)[:6] if not tried)]
    path, real = found[0]
    venv = _venv(archive, posixpath.dirname(posixpath.dirname(path)))
    version = _version(real, venv, container)
    names: dict[str, str] = {}
    for candidate, _ in found:
        names.setdefault(posixpath.basename(candidate), candidate)
    distributions, invalid = _distributions(archive, _site_directories(path, real, version, venv))
    return PythonFacts(
        version=version,
        executable=path,
        realpath=real,
        named=names,
        venv=venv,
        virtual_env=container.environment.get("VIRTUAL_ENV", ""),
        virtual_env_exists=archive.stat(container.environment.get("VIRTUAL_ENV", "")) is not None
        if container.environment.get("VIRTUAL_ENV")
        else False,
        dangling=tuple(dangling),
        distributions=distributions,
        invalid=tuple(invalid),
        markers=_markers(version),
        pip_files=tuple(_pip_files(archive, venv)),
        pid1=container.command,
        externally_managed=archive.stat(f"{_library(real, version)}/EXTERNALLY-MANAGED") is not None,
        system=system_of(archive.read("/etc/os-release") or archive.read("/usr/lib/os-release") or ""),
        cwd=container.working_dir or "/",
    ), tried


def _venv(archive: Archive, root: str) -> Venv | None:
    content = archive.read(f"{root}/pyvenv.cfg")
    if not content:
        return None
    pairs = (line.partition("=") for line in content.splitlines())
    config = {key.strip().lower(): value.strip() for key, equals, value in pairs if equals}
    home = config.get("home", "")
    return Venv(
        root=root,
        home=home,
        home_exists=bool(home) and archive.stat(home) is not None,
        version=config.get("version", config.get("version_info", "")),
    )


def _version(real: str, venv: Venv | None, container: ContainerFacts) -> str:
    """The version as far as names tell: python3.11 is 3.11; an image's PYTHON_VERSION or a venv's file knows more."""
    named = re.search(r"python(\d+\.\d+)$", posixpath.basename(real))
    minor = named[1] if named else ""
    for known in (venv.version if venv else "", container.environment.get("PYTHON_VERSION", "")):
        if re.match(r"\d+\.\d+", known) and (not minor or known.startswith(f"{minor}.")):
            return known
    return minor


def _library(real: str, version: str) -> str:
    minor = ".".join(version.split(".")[:2])
    return f"{posixpath.dirname(posixpath.dirname(real))}/lib/python{minor}"


def _site_directories(path: str, real: str, version: str, venv: Venv | None) -> list[str]:
    minor = ".".join(version.split(".")[:2])
    if venv:
        return [f"{venv.root}/lib/python{minor}/site-packages"]
    prefix = posixpath.dirname(posixpath.dirname(real))
    return [
        f"{prefix}/lib/python{minor}/site-packages",
        f"/usr/local/lib/python{minor}/dist-packages",
        f"{prefix}/lib/python3/dist-packages",
    ]


def _distributions(archive: Archive, directories: list[str]) -> tuple[tuple[Distribution, ...], list[str]]:
    found: list[Distribution] = []
    invalid: list[str] = []
    for directory in directories:
        if archive.stat(directory) is None:
            continue
        files = archive.files(directory, WANTED)
        for path, content in files.items():
            # one level below only: what a package vendors is no distribution of its own
            if posixpath.basename(path) == "WHEEL" or path.count("/") > directory.count("/") + 2:
                continue
            item = _distribution(path, content)
            if item:
                found.append(item)
            else:
                invalid.append(posixpath.dirname(path))
    return tuple(found), invalid


def _distribution(path: str, content: str) -> Distribution | None:
    headers = HeaderParser().parsestr(content, headersonly=True)
    name, version = headers.get("Name"), headers.get("Version")
    if not name or not version:
        return None
    return Distribution(
        name=name,
        version=version,
        path=posixpath.dirname(path) if path.endswith(("METADATA", "PKG-INFO")) else path,
        requires=tuple(headers.get_all("Requires-Dist") or ()),
        requires_python=headers.get("Requires-Python", ""),
    )


def _markers(version: str) -> dict[str, str]:
    minor = ".".join(version.split(".")[:2])
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": version if version.count(".") == 2 else f"{minor}.0",
        "python_version": minor,
        "sys_platform": "linux",
    }


def _pip_files(archive: Archive, venv: Venv | None) -> Iterator[PipFile]:
    homes = ("/root/.pip/pip.conf", "/root/.config/pip/pip.conf")
    for path in ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", *homes, *([f"{venv.root}/pip.conf"] if venv else [])):
        content = archive.read(path)
        if content is not None:
            yield PipFile(path=path, content=content)
