"""Faults of what Python imports, and from where."""

import re
from collections.abc import Iterator

from dockerdebug import commands
from dockerdebug.facts import Facts, last_lines, shorten
from dockerdebug.findings.registry import Case, rule

CHECK = "sys_path"


@rule(severity="error", rank=7, check=CHECK)
def pythonhome_invalid(facts: Facts) -> Iterator[Case]:
    """PYTHONHOME keeps Python from starting."""
    home = facts.environment.get("PYTHONHOME", "")
    startup = facts.python.startup if facts.python else None
    if home and startup and not startup.ok and not startup.timed_out:
        yield Case(
            evidence=f"PYTHONHOME is {home}; Python starts isolated from it and fails with it: "
            f"{shorten(last_lines(startup.noise, 6), 160)}",
            cause="PYTHONHOME names a directory that has no standard library for this interpreter.",
            fix="Remove ENV PYTHONHOME from the Dockerfile (nothing needs it in a container).",
            verify=commands.python(facts, "import encodings"),
        )


@rule(severity="error", rank=9, check=CHECK)
def site_startup_fault(facts: Facts) -> Iterator[Case]:
    """Something that runs at every start of Python fails."""
    startup = facts.python.startup if facts.python else None
    if startup is None or startup.timed_out or facts.environment.get("PYTHONHOME"):
        return
    noise = shorten(last_lines(startup.noise, 3), 300)
    if not startup.ok:
        yield Case(
            evidence=f"python -I -S starts; without these options it ends with status {startup.status}: {noise}",
            cause="sitecustomize, usercustomize, a .pth file or the installation itself keeps Python from starting.",
            fix=f"Mend or remove what the message names. {hooks_of(facts)}",
            verify=commands.python(facts, "pass"),
        )
    elif re.search(r"Error processing line|Traceback|Error in (?:sitecustomize|usercustomize)", startup.noise):
        yield Case(
            evidence=f"at every start: {noise}",
            cause="A .pth file or sitecustomize fails each time Python starts, and what it should set up is missing.",
            fix=f"Install again the package whose file the message names, or mend that file. {hooks_of(facts)}",
            verify=f"! {commands.python(facts, 'pass')} 2>&1 | grep -q .",
            severity="warning",
        )


def hooks_of(facts: Facts) -> str:
    """Which files run at every start, as far as they were found."""
    hooks = facts.python.hooks if facts.python else ()
    return f"At every start run: {shorten(', '.join(hooks), 300)}" if hooks else "No hook was found on sys.path."


@rule(severity="warning", rank=12, check=CHECK)
def shadowed_stdlib(facts: Facts) -> Iterator[Case]:
    """A file of the application hides a standard module."""
    for name, path in facts.python.shadows if facts.python else ():
        yield Case(
            evidence=f"{path} is imported in place of the standard module {name}",
            cause=f"The directory of {path} comes before the standard library on sys.path, so `import {name}` "
            "gets this file: odd AttributeErrors and circular imports follow.",
            fix=f"Rename {path}, and the imports of it (if it came with a package, that package is a copy of a "
            "standard module for older Pythons: remove the package).",
            verify=commands.python(facts, f"import os, sys; sys.exit(os.path.exists({path!r}))"),
        )


@rule(severity="warning", rank=24, check=CHECK)
def pythonpath_missing_dir(facts: Facts) -> Iterator[Case]:
    """PYTHONPATH names a directory that is not there."""
    path = facts.python.path if facts.python else None
    missing = {entry.path for entry in path or () if not entry.exists}
    for part in filter(None, facts.environment.get("PYTHONPATH", "").split(":")):
        if part in missing:
            yield Case(
                evidence=f"PYTHONPATH names {part}; there is no such directory",
                cause="The directory was not copied into the image, or was renamed.",
                fix=f"Remove {part} from ENV PYTHONPATH, or COPY what belongs there.",
                verify=commands.python(
                    facts,
                    "import os, sys; sys.exit(any(p and not os.path.exists(p) for p in "
                    "os.environ.get('PYTHONPATH', '').split(':')))",
                ),
            )


@rule(severity="warning", rank=23, check=CHECK)
def pythonpath_other_version(facts: Facts) -> Iterator[Case]:
    """PYTHONPATH names packages of another version of Python."""
    minor = facts.python.minor if facts.python else ""
    for part in facts.environment.get("PYTHONPATH", "").split(":"):
        named = re.search(r"python(\d\.\d+)(?:/|$)", part)
        if named and minor and named[1] != minor:
            yield Case(
                evidence=f"PYTHONPATH names {part}; the interpreter is {minor}",
                cause=f"Packages installed for Python {named[1]} are put before those of {minor}; compiled ones fail.",
                fix="Remove ENV PYTHONPATH and install the packages for the interpreter that runs.",
                verify=commands.variables_lack(facts, f"^PYTHONPATH=.*{re.escape(named[0].rstrip('/'))}(/|:|$)"),
            )


@rule(severity="error", rank=19, check=CHECK)
def site_packages_unreadable(facts: Facts) -> Iterator[Case]:
    """The container's user may not read a directory of sys.path, or a package in it."""
    python = facts.python
    shut = [entry.path for entry in (python.path or ()) if entry.exists and not entry.readable] if python else []
    for path in shut:
        yield Case(
            evidence=f"{path} is there and {_user(facts)} may not read it",
            cause="The packages were installed by another user, with a mode that shuts others out.",
            fix=_opening(path),
            verify=commands.python(facts, f"import os; os.listdir({path!r})"),
        )
    paths = python.unreadable if python else ()
    if paths:
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        yield Case(
            evidence=f"{_user(facts)} may not read {', '.join(paths[:3])}{more}",
            cause="The packages were installed by another user, with a mode that shuts others out; they may be whole.",
            fix=_opening(*paths[:3]) if not more else _opening(paths[0].rpartition("/")[0]),
            verify=commands.python(
                facts,
                f"import glob, os, sys; sys.exit(not all(os.listdir(p) and all(os.access(f, os.R_OK) for f in "
                f"glob.glob(p + '/*')) if os.path.isdir(p) else os.access(p, os.R_OK) for p in {list(paths[:3])!r}))",
            ),
        )


def _user(facts: Facts) -> str:
    return (facts.container.user if facts.container else "") or "this user"


def _opening(*paths: str) -> str:
    """How others may read them; a home directory is not opened to everyone for that."""
    if any(path.startswith(("/root/", "/home/")) for path in paths):
        return "Install them where every user may look, in /usr/local or a virtual environment in /opt, not in a home."
    return f"RUN chmod -R a+rX {' '.join(map(commands.quoted, paths))}"
