"""Faults of what Python imports, and from where."""

import re
from collections.abc import Iterator

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
            f"{shorten(last_lines(startup.noise, 1), 160)}",
            cause="PYTHONHOME names a directory that has no standard library for this interpreter.",
            fix="Remove ENV PYTHONHOME from the Dockerfile (nothing needs it in a container).",
            verify=facts.shell("python3 -c 'import encodings'"),
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
            fix="Remove what the message names from site-packages; python -X importtime -c pass shows what runs.",
            verify=facts.shell("python3 -c pass"),
        )
    elif re.search(r"Error processing line|Traceback|Error in (?:sitecustomize|usercustomize)", startup.noise):
        yield Case(
            evidence=f"at every start: {noise}",
            cause="A .pth file or sitecustomize fails each time Python starts, and what it should set up is missing.",
            fix="Install the package it belongs to again, or remove the file.",
            verify=facts.shell("python3 -c pass"),
            severity="warning",
        )


@rule(severity="warning", rank=12, check=CHECK)
def shadowed_stdlib(facts: Facts) -> Iterator[Case]:
    """A file of the application hides a standard module."""
    for name, path in facts.python.shadows if facts.python else ():
        yield Case(
            evidence=f"{path} is imported in place of the standard module {name}",
            cause=f"The directory of {path} comes before the standard library on sys.path, so `import {name}` "
            "gets this file: odd AttributeErrors and circular imports follow.",
            fix=f"Rename it: git mv {path.rpartition('/')[2]} {name}_.py (and its imports)",
            verify=facts.shell(f'python -c "import {name}; print({name}.__file__)"'),
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
                verify=facts.shell(f"ls {part}"),
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
                verify=facts.shell("python -c 'import sys; print(sys.path)'"),
            )


@rule(severity="error", rank=19, check=CHECK)
def site_packages_unreadable(facts: Facts) -> Iterator[Case]:
    """The container's user may not read a directory of sys.path."""
    for entry in (facts.python.path or ()) if facts.python else ():
        if entry.exists and not entry.readable:
            user = (facts.container.user if facts.container else "") or "this user"
            yield Case(
                evidence=f"{entry.path} is there and {user} may not read it",
                cause="The packages were installed by root with a umask that shuts others out.",
                fix=f"RUN chmod -R a+rX {entry.path}",
                verify=facts.shell(f"ls {entry.path}"),
            )
