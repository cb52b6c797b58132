"""Starts a project as its own manage.py does, up to where a command would run."""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any


class _Reached(BaseException):
    """manage.py is about to run its command."""


def start(manage: str, settings: str | None) -> None:
    """Set up the project of a manage.py. Raises what the project raises."""
    folder = os.path.dirname(os.path.abspath(manage))
    os.chdir(folder)
    sys.path.insert(0, folder)
    if settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
    _run(manage, settings)
    if settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings  # manage.py may have set its own
    import django

    django.setup()


def _run(manage: str, settings: str | None) -> None:
    """Run manage.py itself, for its paths, its .env and its settings."""
    from django.core.management import ManagementUtility

    def stop(self: Any) -> None:
        raise _Reached

    utility: Any = ManagementUtility
    kept, utility.execute = utility.execute, stop
    sys.argv = [manage, "check", *(["--settings", settings] if settings else [])]
    try:
        runpy.run_path(manage, run_name="__main__")
    except _Reached:
        return
    finally:
        utility.execute = kept
    if not os.environ.get("DJANGO_SETTINGS_MODULE"):
        raise RuntimeError(
            f"{manage} ended without running a command of Django and names no settings. "
            "Name the project's manage.py, or its settings with --settings."
        )
