"""Faults of the interpreter and its pip."""

from collections.abc import Iterator
from datetime import date

from dockerdebug import commands
from dockerdebug.facts import Facts, shorten
from dockerdebug.findings.imports import hooks_of
from dockerdebug.findings.install import installing
from dockerdebug.findings.registry import Advice, Case, rule

# Last day with security fixes, from the release schedules (PEP 494, 537, 569, 596, 619, 664, 693, 719, 745).
END_OF_LIFE = {
    "2.7": date(2020, 1, 1),
    "3.5": date(2020, 9, 30),
    "3.6": date(2021, 12, 23),
    "3.7": date(2023, 6, 27),
    "3.8": date(2024, 10, 7),
    "3.9": date(2025, 10, 31),
    "3.10": date(2026, 10, 31),
    "3.11": date(2027, 10, 31),
    "3.12": date(2028, 10, 31),
    "3.13": date(2029, 10, 31),
    "3.14": date(2030, 10, 31),
}


@rule(severity="error", rank=25, check="python_version")
def python_missing(facts: Facts) -> Iterator[Case]:
    """There is no Python that starts."""
    if facts.outcome != "no-python":
        return
    image = f"; the image is {facts.container.image}" if facts.container else ""
    tried = "; ".join(facts.tried) or "python, python3 on PATH, /usr/local/bin, /usr/bin, /bin, /opt, /app/.venv"
    wants = _wants_python(facts)
    yield Case(
        evidence=f"searched in the container: {shorten(tried, 400)}{image}; {wants or 'nothing there asks for Python'}",
        cause="The container has no Python interpreter, or has it in an unusual place outside PATH.",
        fix="FROM python:3.13-slim, or install one in the image (RUN apt-get install -y python3); check that the tag "
        "is the one meant."
        if wants
        else "None is needed unless this container is meant to run Python; then check that the image is the one meant.",
        verify=commands.run(facts, "python3", "--version"),
        severity=None if wants else "warning",
    )


def _wants_python(facts: Facts) -> str:
    """What in the container's configuration needs a Python."""
    command = facts.container.command if facts.container else ()
    if any("python" in word or word.endswith(".py") for word in command[:4]):
        return f"its command is {shorten(' '.join(command), 100)}"
    names = [name for name in facts.environment if name.startswith("PYTHON") or name == "VIRTUAL_ENV"]
    return f"{', '.join(sorted(names)[:4])} is set" if names else ""


@rule(severity="error", rank=24, check="python_version")
def python_forbidden(facts: Facts) -> Iterator[Case]:
    """A Python is there, and the container's user may not run it."""
    if facts.outcome == "forbidden":
        user = (facts.container.user if facts.container else "") or "the container's user"
        in_a_home = facts.found.startswith(("/root/", "/home/"))
        yield Case(
            evidence=f"{facts.found} is among the container's files; {user} finds no Python that may be run",
            cause=f"Its mode, or that of a directory above it, shuts {user} out.",
            fix="Install the interpreter where every user may look, in /usr/local or /opt (uv: UV_PYTHON_INSTALL_DIR), "
            "not in a home."
            if in_a_home
            else f"RUN chmod a+rx {commands.quoted(facts.found)}, and its directories",
            verify=commands.run(facts, facts.found, "--version"),
        )


@rule(severity="error", rank=24, check="python_version")
def python_broken(facts: Facts) -> Iterator[Case]:
    """A Python is there and does not run a program to its end."""
    if facts.outcome == "unreadable":
        said = "; ".join(dict.fromkeys([facts.why_not, *facts.tried[:4]]))
        advice = _broken_advice(said)
        yield Case(
            evidence=said,
            cause=advice.cause,
            fix=advice.fix,
            verify=commands.run(facts, facts.interpreter, "-I", "-S", "-c", "print(1)"),
        )


def _broken_advice(said: str) -> Advice:
    """(cause, fix) by what the interpreter said, or by how it ended."""
    if "error while loading shared libraries" in said or "Error loading shared library" in said:
        return Advice(
            cause="A library the interpreter is linked to is not in the image.",
            fix="Copy the interpreter with its libraries, from an image of the same distribution, and RUN ldconfig.",
        )
    if "encodings" in said or "could not find platform" in said.lower():
        return Advice(
            cause="The interpreter does not find its standard library.",
            fix="Copy bin/ and lib/ of one installation together, to the place they were built for.",
        )
    if "exit code 127" in said or "exit code 126" in said or "xec format error" in said:
        return Advice(
            cause="The file is there and cannot be started: its loader is missing (a glibc build on Alpine, or the "
            "other way round), or it is built for another processor.",
            fix="Take the interpreter from an image of the same distribution and platform.",
        )
    return Advice(
        cause="The interpreter was found and ended before it could answer; nothing says why.",
        fix="Run what verifies this by hand and read what it prints; `docker events --since 10m` names kills for want "
        "of memory.",
    )


@rule(severity="error", rank=35, check="python_version")
def probe_timeout(facts: Facts) -> Iterator[Case]:
    """The interpreter or its start-up hangs."""
    startup = facts.python.startup if facts.python else None
    if facts.outcome == "timed-out":
        yield Case(
            evidence=facts.why_not,
            cause="The interpreter does not even start isolated: the file is no Python, or the container is starved of "
            "CPU or disk.",
            fix=f"docker stats --no-stream {facts.target}; docker top {facts.target}"
            if facts.is_container
            else "Look at the machine's load.",
            verify="timeout 5 " + commands.run(facts, facts.interpreter, "-I", "-S", "-c", "print(1)"),
        )
    elif startup is not None and startup.timed_out:
        yield Case(
            evidence="python -I -S answers at once; without these options it gave no answer in 3 s",
            cause="Something that runs at every start of Python hangs: sitecustomize, usercustomize or a .pth file.",
            fix=f"Mend or remove the one that hangs. {hooks_of(facts)}",
            verify=commands.run(facts, facts.interpreter, "-I", "-S", "-c", _BOUNDED_START.format(facts.interpreter)),
        )


# The child is ended with its parent's wait; `timeout` is not in every image.
_BOUNDED_START = "import subprocess; subprocess.run([{!r}, '-c', 'pass'], timeout=5, check=True)"


@rule(severity="warning", rank=36, check="python_version")
def python_eol(facts: Facts) -> Iterator[Case]:
    """This Python gets no security fixes any more."""
    python = facts.python
    ended = END_OF_LIFE.get(python.minor) if python else None
    if python and ended and facts.today > ended:
        yield Case(
            evidence=f"{python.executable or 'python'} is {python.version}",
            cause=f"python.org has made no security fixes for Python {python.minor} since {ended}; a distribution may.",
            fix="Move to a Python that gets them (FROM python:3.13-slim), and run the tests with it.",
            verify=commands.python(facts, f"import sys; sys.exit(sys.version_info < {_oldest_supported(facts.today)})"),
        )


def _oldest_supported(today: date) -> tuple[int, ...]:
    """The oldest version that still gets fixes on a day."""
    living = [minor for minor, ended in END_OF_LIFE.items() if today <= ended]
    return tuple(map(int, (living[0] if living else "3.14").split(".")))


@rule(severity="warning", rank=6, check="python_path")
def pip_python_mismatch(facts: Facts) -> Iterator[Case]:
    """pip installs for another Python than the one that runs."""
    python = facts.python
    if not python or not python.pip_identity or not python.python_identity:
        return
    # uv and poetry make environments without a pip: nobody installs into those with the pip that is left on PATH.
    without_pip = python.venv is not None and not python.has_pip
    if python.pip_identity != python.python_identity and not without_pip:
        yield Case(
            evidence=f"{python.pip} runs {python.pip_interpreter}; python on PATH is "
            f"{python.named.get('python') or python.named.get('python3')}",
            cause="What `pip install` installs, `python` cannot import.",
            fix="Install with the interpreter that runs the program: " + installing(facts, file="requirements.txt"),
            verify=commands.run(facts, python.pip, "--version"),
        )


@rule(severity="info", rank=70, check="pip_config")
def externally_managed(facts: Facts) -> Iterator[Case]:
    """pip refuses to install into this Python (PEP 668)."""
    python = facts.python
    if python and python.externally_managed and python.venv is None:
        yield Case(
            evidence=f"{python.library}/EXTERNALLY-MANAGED is there, and no virtual environment is active",
            cause="The distribution manages this Python's packages; pip install ends with "
            "externally-managed-environment.",
            fix="RUN python3 -m venv /opt/venv and ENV PATH=/opt/venv/bin:$PATH",
            verify=commands.run(facts, "python3", "-c", _NOT_MANAGED),  # its bare name: PATH is to change
        )


_NOT_MANAGED = (
    "import os, sys; mark = os.path.join(os.path.dirname(os.__file__), 'EXTERNALLY-MANAGED'); "
    "sys.exit(sys.prefix == sys.base_prefix and os.path.exists(mark))"
)
