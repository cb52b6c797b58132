"""Where the things that a log misses lie in a container's files, when nothing can be started in it.

The probe answers the same question from inside. Here the likely places are asked for by name, and the directories of
the application are streamed; what could not be looked at is said.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from dockerdebug.archive import Archive
from dockerdebug.facts import Access, ContainerFacts, PythonFacts, Search
from dockerdebug.tracebacks import last_failure, missing_library, missing_module

RESERVE_SECONDS = 1.2
MAX_MEMBERS = 100_000
# Streamed whole, so these hold applications and environments rather than a system.
TREES = ("/app", "/code", "/src", "/srv", "/opt", "/home", "/root/.local", "/root/.cache/pypoetry", "/root/.pyenv")
LIBRARIES = ("/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/usr/lib64", "/usr/lib/x86_64-linux-gnu")
VERSIONS = tuple(f"3.{minor}" for minor in range(6, 16))
NAMING = re.compile(
    r"(?:^|/)(?:(?:requirements|constraints)[^/]*\.(?:txt|in)|requirements/[^/]+\.(?:txt|in)|(?:poetry|uv|pdm|Pipfile)"
    r"\.lock|pyproject\.toml|Pipfile|setup\.cfg|environment\.ya?ml)$"
)
MAX_NAMING = 12
MAX_FILES, MAX_PATH = 12, 300  # the question is one argument of the probe, of which Linux allows 128 KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a log misses."""

    modules: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def public(self) -> dict[str, Any]:
        """As the probe takes it."""
        return asdict(self)


def question_of(log: str) -> Question:
    """What the last failure in a log makes worth looking for."""
    chain = last_failure(log)
    files = [path for raised in chain for path in raised.files if path.startswith("/")]
    denied = [
        found[1] for raised in chain if (found := re.search(r"Permission denied: '(/[^'\n]{1,1000})'", raised.message))
    ]
    missing = [name for raised in reversed(chain) if (name := missing_module(raised))][:2]
    return Question(
        modules=tuple(dict.fromkeys([*missing, *(name.partition(".")[0] for name in missing)])),
        libraries=tuple(dict.fromkeys(filter(None, map(missing_library, chain))))[:3],
        files=tuple(dict.fromkeys(path for path in [*denied, *files] if len(path) <= MAX_PATH))[:MAX_FILES],
    )


def search(archive: Archive, container: ContainerFacts, python: PythonFacts, question: Question) -> Search:
    """Answer a question from the files alone."""
    reader = _Reader(archive=archive, question=question)
    known = [*_site_directories(container, python), *(LIBRARIES if question.libraries else ())]
    if question.modules or question.libraries:
        for directory in dict.fromkeys(known):
            reader.ask(directory)
        for tree in _trees(container):
            reader.stream(tree)
        for path in ("/requirements.txt", "/pyproject.toml"):  # `/` itself is not streamed
            reader.read(path)
    return Search(
        places={name: tuple(dict.fromkeys(paths)) for name, paths in reader.places.items()},
        files={
            path: Access(exists=archive.stat(path) is not None, readable=False, writable=False)
            for path in question.files
            if reader.has_time
        },
        requirements=reader.requirements,
        looked=tuple(reader.looked),
        complete=reader.has_time and not archive.partial,
    )


def _site_directories(container: ContainerFacts, python: PythonFacts) -> Iterator[str]:
    yield from filter(None, container.environment.get("PYTHONPATH", "").split(":"))
    for root in filter(None, (python.venv.root if python.venv else "", python.virtual_env, "/opt/venv", "/opt/conda")):
        yield from (f"{root}/lib/python{version}/site-packages" for version in VERSIONS)
    for version in VERSIONS:
        yield f"/usr/local/lib/python{version}/site-packages"
        yield f"/usr/local/lib/python{version}/dist-packages"
    yield "/usr/lib/python3/dist-packages"


def _trees(container: ContainerFacts) -> list[str]:
    """The application's directories first; none that lies in another."""
    script = next((word for word in container.command[1:] if word.endswith(".py")), "")
    home = posixpath.dirname(posixpath.join(container.working_dir or "/", script)) if script else ""
    known = [path.rstrip("/") for path in (container.working_dir, home, *TREES) if path and path.strip("/")]
    kept: list[str] = []
    for path in known:
        if not any(path == other or path.startswith(other + "/") for other in kept):
            kept.append(path)
    return kept


class _Reader:
    def __init__(self, *, archive: Archive, question: Question) -> None:
        self.archive, self.question = archive, question
        self.places: dict[str, list[str]] = {}
        self.requirements: dict[str, str] = {}
        self.looked: list[str] = []

    @property
    def has_time(self) -> bool:
        return self.archive.engine.deadline.left > RESERVE_SECONDS

    def ask(self, directory: str) -> None:
        """Whether one directory brings a module or a library, by name."""
        if not self.has_time or self.archive.stat(directory) is None:
            return
        self.looked.append(directory)
        for module in self.question.modules:
            base = posixpath.join(directory, module.replace(".", "/"))
            self._add(module, *(path for path in (base, f"{base}.py") if self.archive.stat(path) is not None))
        for library in self.question.libraries:
            path = posixpath.join(directory, library)
            self._add(library, *([path] if self.archive.stat(path) is not None else []))

    def read(self, path: str) -> None:
        content = self.archive.read(path) if self.has_time else None
        if content is not None:
            self.requirements[path] = content

    def stream(self, tree: str) -> None:
        """Whether anything below a directory brings them."""
        if not self.has_time or self.archive.stat(tree) is None:
            return
        self.looked.append(tree)
        packages: set[str] = set()
        found: list[tuple[str, str]] = []
        parent = posixpath.dirname(tree)
        for count, (member, file) in enumerate(self.archive.members(tree)):
            if count > MAX_MEMBERS:
                self.archive.partial = True
                break
            path = posixpath.join(parent, member.name.rstrip("/"))
            if member.isfile() and path.endswith("/__init__.py"):
                packages.add(posixpath.dirname(path))
            found += [(name, place) for name in self.question.modules if (place := _brings(path, name))]
            if posixpath.basename(path) in self.question.libraries:
                self._add(posixpath.basename(path), path)
            if member.isfile() and NAMING.search(path) and len(self.requirements) < MAX_NAMING:
                self.requirements[path] = file.read(64 * 1024).decode("utf-8", "replace")
        for name, place in found:
            # a module inside a package is imported by its dotted name
            root = place[: -len(_relative(place, name)) - 1]
            if root not in packages:
                self._add(name, place)

    def _add(self, name: str, *paths: str) -> None:
        if paths:
            self.places.setdefault(name, []).extend(paths)


def _brings(path: str, module: str) -> str:
    """The place that makes a file part of a module: /srv/shop for shop by /srv/shop/__init__.py or /srv/shop/x.py."""
    relative = module.replace(".", "/")
    if path.endswith(f"/{relative}.py"):
        return path
    parent = posixpath.dirname(path)
    if parent.endswith(f"/{relative}") and path.endswith((".py", ".so")):
        return parent
    name = posixpath.basename(path)
    is_native = name.endswith(".so") and name.split(".")[0] == posixpath.basename(relative)
    return path if is_native and posixpath.join(parent, posixpath.basename(relative)).endswith(f"/{relative}") else ""


def _relative(place: str, module: str) -> str:
    """The part of a place that is the module's: shop/models.py of /srv/shop/models.py for shop.models."""
    depth = module.count(".") + 1
    return "/".join(place.rsplit("/", depth)[1:])
