"""Facts of made-up environments: a healthy one, and what differs from it."""

from dataclasses import replace
from datetime import date
from typing import Any

from dockerdebug.facts import ContainerFacts, Distribution, Facts, PathEntry, PythonFacts, Startup

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.12.4",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1",
    "platform_system": "Linux",
    "platform_version": "#1",
    "python_full_version": "3.12.4",
    "python_version": "3.12",
    "sys_platform": "linux",
}
SITE = "/usr/local/lib/python3.12/site-packages"


def traceback(said: str, *files: str) -> str:
    """A log that ends with an unhandled exception, as Python prints it."""
    frames = "".join(f'  File "{file}", line 1, in <module>\n    import x\n' for file in files or ("/app/main.py",))
    return f"starting\nTraceback (most recent call last):\n{frames}{said}\n"


def dist(name: str, version: str = "1.0", *requires: str, **more: Any) -> Distribution:
    path = more.pop("path", f"{SITE}/{name}-{version}.dist-info")
    return Distribution(name=name, version=version, path=path, requires=requires, **more)


def python(**more: Any) -> PythonFacts:
    known: dict[str, Any] = {
        "version": "3.12.4",
        "executable": "/usr/local/bin/python",
        "realpath": "/usr/local/bin/python3.12",
        "library": "/usr/local/lib/python3.12",
        "markers": MARKERS,
        "named": {"python": "/usr/local/bin/python", "pip": "/usr/local/bin/pip"},
        "python_identity": "/usr/local/bin/python3.12",
        "pip": "/usr/local/bin/pip",
        "pip_interpreter": "/usr/local/bin/python3.12",
        "pip_identity": "/usr/local/bin/python3.12",
        "startup": Startup(prefix="/usr/local", stdout="utf-8"),
        "path": (
            PathEntry(path=""),
            PathEntry(path="/usr/local/lib/python312.zip", exists=False, readable=False),
            PathEntry(path="/usr/local/lib/python3.12"),
            PathEntry(path=SITE),
        ),
        "distributions": (
            dist("pip", "24.2"),
            dist("Typing_Extensions", "4.12"),
            dist("app", "1.0", "typing.extensions"),
        ),
        "pip_files": (),
        "pid1": ("python", "-u", "main.py"),
        "cwd": "/app",
        "temporary": "/tmp",
    }
    return PythonFacts(**{**known, **more})


def container(**more: Any) -> ContainerFacts:
    known: dict[str, Any] = {
        "id": "f" * 64,
        "name": "api",
        "image": "shop/api:1",
        "environment": {"PATH": "/usr/local/bin:/usr/bin:/bin", "PORT": "8000"},
        "command": ("python", "-u", "main.py"),
    }
    return ContainerFacts(**{**known, **more})


def healthy(**more: Any) -> Facts:
    """A container in which nothing is wrong, or what `more` says."""
    known: dict[str, Any] = {
        "target": "api",
        "container": container(),
        "python": python(),
        "outcome": "ran",
        "environment": container().environment,
        "seconds": 0.1,
        "today": date(2026, 1, 1),
    }
    return Facts(**{**known, **more})


def stopped(**more: Any) -> Facts:
    """A container that ended with exit code 1, of which the files were read."""
    state = container(state="exited", exit_code=1)
    files = replace(python(), startup=None, path=None)
    return healthy(container=state, python=files, outcome="read", why_not="the container is stopped", **more)


def with_environment(**environment: str) -> Facts:
    configured = {**container().environment, **environment}
    return healthy(container=container(environment=configured), environment=configured)
