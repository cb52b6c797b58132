"""Sending a job by its name: what operations import. Celery comes with the first job that is sent, not with them."""

from importlib import import_module
from typing import Any


def send(name: str, *args: object) -> None:
    """Send the task `<app>.<task>` when the transaction commits; an operation need not import what calls it."""
    _task(name).delay_on_commit(*args)


def send_after(seconds: float, name: str, *args: object) -> None:
    """Send it now, to run when so many seconds have passed."""
    _task(name).apply_async(args, countdown=seconds)


def _task(name: str) -> Any:
    from config.jobs.app import app  # Celery is 20 MB and 80 ms; most processes and commands never send

    import_module(f"{name.partition('.')[0]}.tasks")
    return app.tasks[name]  # celery-types does not know Job
