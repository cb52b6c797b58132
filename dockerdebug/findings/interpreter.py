"""Faults of the interpreter and of virtual environments."""

from collections.abc import Iterator
from datetime import date

from dockerdebug.facts import Facts, shorten
from dockerdebug.findings.registry import Case, rule

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
    tried = "; ".join(facts.tried) or "none of python, python3 on PATH, /usr/local/bin, /usr/bin, /opt/venv, /app/.venv"
    yield Case(
        evidence=f"searched as the container's user: {shorten(tried, 400)}{image}",
        cause="The container has no Python interpreter that starts, or has it in an unusual place outside PATH.",
        fix="FROM python:3.13-slim (or install one: RUN apt-get install -y python3); check that the tag is the "
        "one meant.",
        verify=facts.shell("python3 --version"),
    )


@rule(severity="error", rank=24, check="python_version")
def python_broken(facts: Facts) -> Iterator[Case]:
    """A Python is there and does not run a program to its end."""
    if facts.outcome == "unreadable":
        yield Case(
            evidence=facts.why_not,
            cause="The interpreter was found and ended before it could answer: its installation is damaged, or "
            "something killed it.",
            fix="Build the image again from a clean base: docker build --pull --no-cache .",
            verify=facts.shell("python3 -I -S -c 'print(1)'"),
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
            verify=facts.shell("python3 -I -S -c 'print(1)'"),
        )
    elif startup is not None and startup.timed_out:
        yield Case(
            evidence="python -I -S answers at once; without these options it gave no answer in 3 s",
            cause="Something that runs at every start of Python hangs: sitecustomize, usercustomize or a .pth file.",
            fix="Find it with python -X importtime -c pass, and remove it from site-packages.",
            verify=facts.shell("timeout 5 python3 -c 'print(1)'"),
        )


@rule(severity="warning", rank=36, check="python_version")
def python_eol(facts: Facts) -> Iterator[Case]:
    """This Python gets no security fixes any more."""
    python = facts.python
    ended = END_OF_LIFE.get(python.minor) if python else None
    if python and ended and facts.today > ended:
        yield Case(
            evidence=f"{python.executable or 'python'} is {python.version}",
            cause=f"Python {python.minor} has had no security fixes since {ended}.",
            fix="FROM python:3.13-slim, then run the tests",
            verify=facts.shell("python3 --version"),
        )


@rule(severity="error", rank=3, check="venv_status")
def venv_broken(facts: Facts) -> Iterator[Case]:
    """A virtual environment's Python is a link that leads nowhere."""
    python = facts.python
    dangling = list(python.dangling) if python else []
    for link, target in dangling[:3]:
        yield Case(
            evidence=f"{link} is a link to {target}, which is not there",
            cause="The environment was copied without the interpreter it was made with, or that interpreter was "
            "removed.",
            fix="Use the same base image in both stages, or make the environment again: RUN python3 -m venv --clear "
            f"{link.rpartition('/bin/')[0] or '/opt/venv'} (uv: UV_PYTHON_PREFERENCE=only-system)",
            verify=facts.shell(f"{link} --version"),
        )
    if not dangling:
        for line in facts.tried:
            path, _, what = line.partition(": ")
            if "leads nowhere" in what or "leads to" in what:
                yield Case(
                    evidence=line,
                    cause="The environment was copied without the interpreter it was made with.",
                    fix="Use the same base image in both stages, or RUN python3 -m venv --clear again.",
                    verify=facts.shell(f"{path} --version"),
                )
    venv = python.venv if python else None
    if not dangling and venv and venv.home and not venv.home_exists:
        yield Case(
            evidence=f"{venv.root}/pyvenv.cfg says home = {venv.home}, which is not there",
            cause="The environment was made with an interpreter that is not in this image.",
            fix=f"RUN python3 -m venv --clear {venv.root}",
            verify=facts.shell(f"{venv.root}/bin/python --version"),
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
            fix="Make the environment at the path where it will run, in both build stages; until then "
            f"python -m {script.rpartition('/')[2]}",
            verify=facts.shell(f"{script} --version"),
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
                fix=f"RUN python3 -m venv --clear {venv.root} && {venv.root}/bin/pip install -r requirements.txt",
                verify=facts.shell(f"{venv.root}/bin/python -m pip list"),
            )


@rule(severity="warning", rank=15, check="venv_status")
def venv_not_active(facts: Facts) -> Iterator[Case]:
    """A virtual environment is there and another Python runs."""
    python = facts.python
    if not python or facts.outcome != "ran":
        return
    own = python.venv.root if python.venv else ""
    named = python.named_venv
    if named and named.root != own:
        yield Case(
            evidence=f"VIRTUAL_ENV is {named.root}; the Python that runs is {python.executable}",
            cause="The environment is named but its bin directory is not first on PATH.",
            fix=f"ENV PATH={named.root}/bin:$PATH",
            verify=facts.shell("python -c 'import sys; print(sys.prefix)'"),
        )
    elif python.venvs_about and not own and not python.virtual_env:
        other = python.venvs_about[0].root
        yield Case(
            evidence=f"{other} is a virtual environment; the Python that runs is {python.executable}, outside it",
            cause="The environment's packages are not seen, since its bin directory is not on PATH.",
            fix=f"ENV PATH={other}/bin:$PATH" if facts.is_container else f". {other}/bin/activate",
            verify=facts.shell("python -c 'import sys; print(sys.prefix)'"),
        )


@rule(severity="warning", rank=17, check="venv_status")
def virtual_env_missing(facts: Facts) -> Iterator[Case]:
    """VIRTUAL_ENV names a directory that is not there."""
    python = facts.python
    if python and python.virtual_env and not python.virtual_env_exists:
        yield Case(
            evidence=f"VIRTUAL_ENV is {python.virtual_env}; there is no such directory",
            cause="The environment was not copied into this image, or a mount covers it.",
            fix=f"COPY --from=build {python.virtual_env} {python.virtual_env}",
            verify=facts.shell(f"ls {python.virtual_env}/bin/python"),
        )


@rule(severity="warning", rank=6, check="python_path")
def pip_python_mismatch(facts: Facts) -> Iterator[Case]:
    """pip installs for another Python than the one that runs."""
    python = facts.python
    if python and python.pip_identity and python.python_identity and python.pip_identity != python.python_identity:
        yield Case(
            evidence=f"{python.pip} runs {python.pip_interpreter}; python on PATH is "
            f"{python.named.get('python') or python.named.get('python3')}",
            cause="What `pip install` installs, `python` cannot import.",
            fix="Install with the interpreter that runs the program: RUN python -m pip install -r requirements.txt",
            verify=facts.shell("python -m pip --version"),
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
            verify=facts.shell("python -m pip install --dry-run pip"),
        )
