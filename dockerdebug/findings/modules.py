"""An import that failed: whose module it is, and what the container itself says of where it comes from.

A package is advised only when a file of the container names it, or when the list of `module_names` does; a name alone
proves nothing, and installing a stranger's package of that name would be worse than no advice.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Literal

from packaging.utils import canonicalize_name

from dockerdebug import commands
from dockerdebug.archive import is_python
from dockerdebug.facts import Facts, PythonFacts, shorten
from dockerdebug.findings.install import installing
from dockerdebug.findings.registry import Advice, Case, rule
from dockerdebug.module_names import (
    ADDED,
    COMPILED,
    DEBIAN_PARTS,
    PYTHON_2,
    REMOVED,
    added_in,
    is_standard,
    package_of,
    removed_in,
)
from dockerdebug.tracebacks import Raised, last_failure, missing_module


@rule(severity="error", rank=1, check="installed_packages")
def module_not_found(facts: Facts) -> Iterator[Case]:
    """An import failed."""
    raised = next((item for item in reversed(_believable(facts)) if missing_module(item)), None)
    if raised is None:
        return
    module = missing_module(raised)
    python = facts.python or PythonFacts(version="")
    if facts.outcome == "ran" and _importable(module, python):
        return  # what failed then is there now
    advice = _advice(module, raised, facts, python)
    yield Case(
        evidence=f"log: {raised.type}: {shorten(raised.message, 200)}{_raised_in(raised)}; {_looked(module, python)}",
        cause=advice.cause,
        fix=advice.fix,
        verify=commands.python(facts, f"{_as_the_program_starts(facts)}import {module}"),
        severity=log_severity(facts),
    )


def _as_the_program_starts(facts: Facts) -> str:
    """A script finds what lies beside it, and `python -c` what lies in the working directory."""
    script = script_of(facts)
    return f"import sys; sys.path[0] = {posixpath.dirname(script)!r}; " if script else ""


def script_of(facts: Facts) -> str:
    """The path of the script that the container's command runs, if it runs one."""
    container = facts.container
    words = container.command if container else ()
    if container is None or not words or not is_python(words[0]) or "-m" in words or "-c" in words:
        return ""
    script = next((word for word in words[1:] if word.endswith(".py")), "")
    return posixpath.normpath(posixpath.join(container.working_dir or "/", script)) if script else ""


def _believable(facts: Facts) -> tuple[Raised, ...]:
    """The last failure of the log, if it is this container's own and nothing speaks against it."""
    return last_failure(facts.logs) if is_own_failure(facts) else ()


def is_own_failure(facts: Facts) -> bool:
    """Whether the last traceback of the log can be this program's: not one it printed of another's, or got over.

    A program that ended well had no failure. Of a traceback that this container raised the outermost file is here.
    """
    container = facts.container
    if container is None or (container.state in ("exited", "dead") and container.exit_code == 0):
        return False
    named = [path for raised in last_failure(facts.logs)[-1:] for path in raised.files if path.startswith("/")]
    known = facts.python.search.files if facts.python else {}
    return not named or named[0] not in known or known[named[0]].exists


def log_severity(facts: Facts) -> Literal["error", "warning"]:
    """A running container may have got over what its log says."""
    running = facts.container is not None and facts.container.state == "running" and facts.container.restart_count < 3
    return "warning" if running else "error"


def _raised_in(raised: Raised) -> str:
    return f" (in {raised.files[-1]})" if raised.files else ""


def _looked(module: str, python: PythonFacts) -> str:
    places = python.search.places.get(module, ())
    if places:
        return f"found at {', '.join(places[:4])}"
    looked = ", ".join(dict.fromkeys(python.search.looked)) or "nothing could be looked at"
    whole = "" if python.search.complete or not python.search.looked else "; not everything could be read in time"
    return shorten(f"not found; looked in {looked}{whole}", 260)


def _importable(module: str, python: PythonFacts) -> bool:
    if not python.search.places:
        return False
    on_path = {entry.path for entry in python.path or () if entry.readable and entry.path}
    return any(root_of(place, module) in on_path for place in python.search.places.get(module, ()))


def root_of(place: str, module: str) -> str:
    """The directory that must be on sys.path for a module at this place."""
    return place.rsplit("/", module.count(".") + 1)[0] or "/"


def _advice(module: str, raised: Raised, facts: Facts, python: PythonFacts) -> Advice:
    for judge in (_not_a_package, _python_2, _standard, _not_whole, _elsewhere, _named_in_a_file, _well_known):
        found = judge(module, raised, facts, python)
        if found:
            return found
    return Advice(
        cause=f"Nothing in this container says what brings {module!r}, so it may be the application's own code that "
        "was not copied, or a package.",
        fix=f"If {module} is the application's own, COPY it into the image. If it is a package, find its name in the "
        "project's documentation: one that is merely called like the module may be a stranger's.",
    )


def _not_a_package(module: str, raised: Raised, facts: Facts, python: PythonFacts) -> Advice | None:
    """`import json.tool` where a json.py of the application came first."""
    found = re.search(r"; '([\w.]{1,200})' is not a package", raised.message)
    if not found:
        return None
    name = found[1]
    hiding = [path for shadow, path in python.shadows if shadow == name]
    where = hiding[0] if hiding else f"a file {name}.py"
    return Advice(
        cause=f"{where} is imported in place of the package {name!r}, and a file has no modules of its own.",
        fix=f"Rename {where}, and the imports of it.",
    )


def _python_2(module: str, raised: Raised, facts: Facts, python: PythonFacts) -> Advice | None:
    if module not in PYTHON_2:
        return None
    return Advice(
        cause=f"{module} is a module of Python 2; Python 3 calls it {PYTHON_2[module]}.",
        fix=f"Write `import {PYTHON_2[module]}` in {raised.files[-1] if raised.files else 'the program'}, or use a "
        "version of that code which is made for Python 3.",
    )


def _standard(module: str, raised: Raised, facts: Facts, python: PythonFacts) -> Advice | None:
    """Python's own modules; no package of PyPI brings them."""
    if not is_standard(module) or python.search.places.get(module, ()):
        return None
    top = module.partition(".")[0]
    where = f"{python.executable or 'the interpreter'} is {python.version or 'of an unknown version'}"
    if version := removed_in(module, python.minor):
        instead = REMOVED[top][1]
        use = f"Use {instead} instead" if instead else "Nothing in the standard library replaces it"
        return Advice(
            cause=f"Python {version} removed {top} from its standard library; {where}.",
            fix=f"{use}, take a version of the code that imports it which is made for this Python, or stay on a Python "
            f"before {version}.",
        )
    if version := added_in(module, python.minor):
        name = module if module in ADDED else top
        return Advice(
            cause=f"{name} is in Python's standard library since {version}; {where}.",
            fix=f"Run the program with Python {version} or later.",
        )
    return _missing_part(top, where, python)


def _missing_part(top: str, where: str, python: PythonFacts) -> Advice:
    own = python.realpath.startswith("/usr/bin/") and python.system in ("debian", "ubuntu")
    if own and top in DEBIAN_PARTS:
        package = DEBIAN_PARTS[top]
        return Advice(
            cause=f"{top} belongs to Python's standard library, and {python.system} keeps it in a package of its own.",
            fix=f"RUN apt-get update && apt-get install -y --no-install-recommends {package}",
        )
    if top in COMPILED:
        return Advice(
            cause=f"{top} is a compiled part of Python's standard library; {where} and has no such part: the headers "
            "it needs were not there when it was built, or its file was taken out.",
            fix=f"Take an image whose Python has it, as python:{python.minor or '3'} has, or install the headers "
            f"({COMPILED[top]} on Debian) and build this Python again.",
        )
    return Advice(
        cause=f"{top} belongs to Python's standard library; {where} and its library directory is not whole.",
        fix="Take the image's Python whole: copy bin/ and lib/ of one installation together, or use an image that has "
        "it.",
    )


def _not_whole(module: str, raised: Raised, facts: Facts, python: PythonFacts) -> Advice | None:
    """The package is there, by its metadata or by its directory, and this module of it is not."""
    places = python.search.places
    top = module.partition(".")[0]
    if places.get(module):
        return None
    wanted = {canonicalize_name(name.partition("<")[0]) for name in (package_of(module), top) if name}
    installed = next((item for item in python.distributions or () if item.key in wanted), None)
    if installed is not None:
        return Advice(
            cause=f"{installed.name} {installed.version} is installed at {installed.path} and has no {module}: its "
            "files are not whole, or another version of it has that module.",
            fix=f"Require the version of {installed.name} the program is made for, and install it again in the image.",
        )
    if top == module or package_of(module) != package_of(top) or not places.get(top):
        return None
    return Advice(
        cause=f"The package {top} is at {places[top][0]} and has no {module}: the file was not copied, or another "
        f"package {top} is meant than the one that is found first.",
        fix=f"COPY what is missing below {places[top][0]}, or rename one of two packages that are called {top}.",
    )


def _elsewhere(module: str, raised: Raised, facts: Facts, python: PythonFacts) -> Advice | None:
    """The module is in the container, at a place this Python does not look."""
    places = python.search.places.get(module, ())
    if not places:
        return None
    place, root = places[0], root_of(places[0], module)
    installed = re.fullmatch(r"(/.*)/lib/python(\d\.\d+|3)/(?:site|dist)-packages", root)
    if not installed:
        return Advice(
            cause=f"{module} lies at {place}, and {root} is not on the sys.path of the Python that ran: a script's own "
            "directory is, the working directory is not.",
            fix=_own_fix(root, facts),
        )
    prefix, version = installed.groups()
    own = python.venv.root if python.venv else posixpath.dirname(posixpath.dirname(python.executable))
    if prefix == own and version in ("3", python.minor):
        return Advice(
            cause=f"{module} is installed for {python.executable}, at {place}: another Python failed then, or it is "
            "mended since.",
            fix=f"See whether it still fails: {commands.starts(facts)}",
        )
    other = f"{prefix}/bin/python{version}"
    if version not in ("3", python.minor) and python.minor:
        return Advice(
            cause=f"{module} is installed for Python {version}, at {place}; the Python that ran is {python.minor}.",
            fix=f"Start the program with {other} if it is there, or install its packages for Python {python.minor}.",
        )
    if "/.local/" in root or prefix.endswith("/.local"):
        return Advice(
            cause=f"{module} is installed for one user alone, at {place}; the program ran as "
            f"{(facts.container.user if facts.container else '') or 'root'}, or with -s or another HOME.",
            fix="Install it for all users, without --user and as root, or run the program as that user.",
        )
    return Advice(
        cause=f"{module} is installed at {place}, which the Python that ran, {facts.interpreter}, does not look at.",
        fix=f"Start the program with the Python of {prefix}: {prefix}/bin/python{'3' if version == '3' else ''}"
        f" ..., or put {prefix}/bin first on PATH.",
    )


def _own_fix(root: str, facts: Facts) -> str:
    script = script_of(facts)
    setting = f"ENV PYTHONPATH={commands.quoted(root)}"
    if not script.startswith(root.rstrip("/") + "/"):
        return setting
    program = facts.container.command[0] if facts.container else facts.interpreter
    dotted = script[len(root.rstrip("/")) + 1 : -len(".py")].replace("/", ".")
    return f"WORKDIR {commands.quoted(root)} and CMD {json.dumps([program, '-m', dotted])}, or {setting}"


def _named_in_a_file(module: str, raised: Raised, facts: Facts, python: PythonFacts) -> Advice | None:
    """A file of the application names the package."""
    package = package_of(module) or module.partition(".")[0]
    wanted = canonicalize_name(re.split(r"[<>=!~]", package)[0])
    for path, content in python.search.requirements.items():
        if wanted in _names_in(content):
            return Advice(
                cause=f"{path} names {wanted}, and it is not installed for {facts.interpreter}.",
                fix=f"{installing(facts, wanted, file=path)}",
            )
    return None


def _names_in(content: str) -> set[str]:
    """Every word of a requirements, lock or project file that stands where a package's name does."""
    found = re.findall(
        r"""(?:^\s*(?:-\s+|name\s*=\s*)?|["'])([A-Za-z0-9][A-Za-z0-9._-]{0,80})(?=["']|\s*(?:[\[<>=!~;@#(:]|$))""",
        content,
        re.MULTILINE,
    )
    return {canonicalize_name(name) for name in found}


def _well_known(module: str, raised: Raised, facts: Facts, python: PythonFacts) -> Advice | None:
    package = package_of(module)
    if not package or not python.version:
        return None
    covered = _mounts_over(facts)
    hint = f" A mount lies over {covered}, which hides what the image has there." if covered else ""
    return Advice(
        cause=f"The package that brings {module} is {package}, and it is not installed for {facts.interpreter}.{hint}",
        fix=f"Add {package} to the requirements: {installing(facts, package)}",
    )


def _mounts_over(facts: Facts) -> str:
    working = facts.container.working_dir if facts.container else ""
    covers = [target for _, _, target in facts.container.mounts] if facts.container and working else []
    return next((target for target in covers if working == target or working.startswith(f"{target.rstrip('/')}/")), "")
