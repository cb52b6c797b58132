"""The Celery application, where `celery -A config.celery` and tasks look for it; see config/jobs/app.py."""

from config.jobs.app import app, shared_task

__all__ = ["app", "shared_task"]
