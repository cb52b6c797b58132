"""Faults of virtual environments."""

from collections.abc import Iterator

from dockerdebug import commands
from dockerdebug.facts import Facts, Venv
from dockerdebug.findings.registry import Case, rule


@rule(severity="error", rank=3, check="venv_status")
def venv_broken(facts: Facts) -> Iterator[Case]:
    """A virtual environment's Python is a link that leads nowhere."""
    python = facts.python
    dangling = list(python.dangling) if python else []
    for link, target in dangling[:3]:
        root = link.rpartition("/bin/")[0] or "/opt/venv"
        yield Case(
            evidence=f"{link} is a link to {target}, which is not there",
            cause="The environment was copied without the interpreter it was made with, or that interpreter was "
            "removed.",
            fix=f"Copy {target.rpartition('/')[0] or target}'s Python too (same base image in both stages), or "
            f"{_make_again(root)}",
            verify=commands.run(facts, link, "--version"),
        )
    if not dangling:
        for line in facts.tried:
            path, _, what = line.partition(": ")
            root = path.rpartition("/bin/")[0]
            if ("leads nowhere" in what or "leads to" in what) and root not in ("", "/usr", "/usr/local"):
                yield Case(
                    evidence=line,
                    cause="The environment was copied without the interpreter it was made with.",
                    fix=f"Use the same base image in both stages, or {_make_again(root)}",
                    verify=commands.run(facts, path, "--version"),
                )
    venv = python.venv if python else None
    if not dangling and venv and venv.home and not venv.home_exists:
        yield Case(
            evidence=f"{venv.root}/pyvenv.cfg says home = {venv.home}, which is not there",
            cause="The environment was made with an interpreter that is not in this image.",
            fix=_make_again(venv.root),
            verify=commands.python(
                facts,
                f"import os, sys; lines = open({venv.root + '/pyvenv.cfg'!r}).read().splitlines(); "
                "sys.exit(not all(os.path.isdir(l.partition('=')[2].strip()) for l in lines if l.startswith('home')))",
            ),
        )


def _make_again(root: str) -> str:
    return (
        f"RUN python3 -m venv --clear {commands.quoted(root)}, and install its packages again, which --clear removes."
    )


@rule(severity="error", rank=4, check="venv_status")
def venv_relocated(facts: Facts) -> Iterator[Case]:
    """Scripts of the environment name an interpreter at another place."""
    scripts = facts.python.broken_scripts if facts.python else ()
    if scripts:
        script, interpreter = scripts[0]
        more = f" (and {len(scripts) - 1} more)" if len(scripts) > 1 else ""
        yield Case(
            evidence=f"{script}{more} begins with #!{interpreter}, which is not there",
            cause="The environment was made at another path and moved or copied; its scripts fail with "
            '"no such file or directory" though they exist.',
            fix="Make the environment at the path where it will run, in both build stages; until then start scripts "
            f"by its Python: {facts.interpreter} {commands.quoted(script)}",
            verify=commands.python(
                facts,
                f"import os, sys; first = open({script!r}).readline(); "
                "sys.exit(not os.path.exists(first[2:].split()[0]))",
            ),
        )


@rule(severity="error", rank=16, check="venv_status")
def venv_version_mismatch(facts: Facts) -> Iterator[Case]:
    """The environment was made for another version of Python."""
    python = facts.python
    for venv in dict.fromkeys([python.venv, python.named_venv]) if python else ():
        if venv and venv.libraries and python and f"python{python.minor}" not in venv.libraries:
            yield Case(
                evidence=f"{venv.root}/lib has {', '.join(venv.libraries)}; the interpreter is {python.version}",
                cause="The base image's Python changed after the environment was made, so none of its packages "
                "is seen.",
                fix=_make_again(venv.root),
                verify=commands.run(facts, f"{venv.root}/bin/python", "-c", _SEES_ITS_PACKAGES),
            )


_SEES_ITS_PACKAGES = "import sys; sys.exit(not any(p.startswith(sys.prefix + '/lib/') for p in sys.path))"


@rule(severity="warning", rank=15, check="venv_status")
def venv_not_active(facts: Facts) -> Iterator[Case]:
    """A virtual environment is there and another Python runs."""
    python = facts.python
    if not python or facts.outcome != "ran":
        return
    own = python.venv.root if python.venv else ""
    named = python.named_venv
    if named and named.root != own and _is_first(facts, named):
        if not any(link.startswith(f"{named.root}/bin/") for link, _ in python.dangling):
            yield _called_by_path(facts, named, python.executable)
    elif named and named.root != own:
        yield Case(
            evidence=f"VIRTUAL_ENV is {named.root}; the Python that runs is {python.executable}",
            cause="The environment is named but its bin directory is not first on PATH.",
            fix=f"ENV PATH={named.root}/bin:$PATH",
            verify=_prefix_is(facts, named),
        )
    elif python.venvs_about and not own and not python.virtual_env:
        other = python.venvs_about[0]
        yield Case(
            evidence=f"{other.root} is a virtual environment; the Python that runs is {python.executable}, outside it",
            cause="If the program needs that environment's packages, it does not see them: the bin directory is not "
            "first on PATH. If it needs none of them, nothing is wrong.",
            fix=f"ENV PATH={other.root}/bin:$PATH" if facts.is_container else f". {other.root}/bin/activate",
            verify=_prefix_is(facts, other),
            severity="info",
        )


def _is_first(facts: Facts, venv: Venv) -> bool:
    return facts.environment.get("PATH", "").split(":")[0].rstrip("/") == f"{venv.root}/bin"


def _called_by_path(facts: Facts, venv: Venv, executable: str) -> Case:
    begins = f"{venv.root}/bin/"
    return Case(
        evidence=f"VIRTUAL_ENV is {venv.root} and its bin directory is first on PATH; the Python that runs is "
        f"{executable}",
        cause="The command names that Python by its path, so PATH does not matter.",
        fix=f"Start the program with {begins}python in CMD or ENTRYPOINT.",
        verify=commands.python(
            facts,
            "import sys; command = open('/proc/1/cmdline').read(); "
            f"sys.exit(command.startswith('/') and not command.startswith({begins!r}))",
        ),
    )


def _prefix_is(facts: Facts, venv: Venv) -> str:
    """That `python` of PATH is the environment's, so by its bare name."""
    return commands.run(facts, "python", "-c", f"import sys; sys.exit(sys.prefix != {venv.root!r})")


@rule(severity="warning", rank=17, check="venv_status")
def virtual_env_missing(facts: Facts) -> Iterator[Case]:
    """VIRTUAL_ENV names a directory that is not there."""
    python = facts.python
    if python and python.virtual_env and not python.virtual_env_exists:
        yield Case(
            evidence=f"VIRTUAL_ENV is {python.virtual_env}; there is no such directory",
            cause="The environment was not copied into this image, or a mount covers it.",
            fix=f"Make the environment at {python.virtual_env} or copy it there from the stage that made it; if none "
            "is meant, remove ENV VIRTUAL_ENV.",
            verify=commands.python(
                facts,
                "import os, sys; v = os.environ.get('VIRTUAL_ENV'); sys.exit(bool(v) and not os.path.isdir(v))",
            ),
        )
