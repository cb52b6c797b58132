"""Sending a job by its name: what operations import. Celery comes with the first job that is sent, not with them."""

from importlib import import_module
from typing import Any


def send(name: str, *args: object) -> None:
    """Send the task `<app>.<task>` when the transaction commits; an operation need not import what calls it."""
    from config.jobs.app import app  # Celery is 20 MB and 80 ms; most processes and commands never send

    import_module(f"{name.partition('.')[0]}.tasks")
    task: Any = app.tasks[name]  # celery-types does not know Job
    task.delay_on_commit(*args)
