"""The shell of a developer at work on another project, and a folder with packages that are called like ours."""

from pathlib import Path

SHELL = {
    "DATABASE_URL": "postgres://dev:their-password@127.0.0.1:9/theirs",
    "SECRET_KEY": "theirs",
    "DEBUG": "release",
    "ALLOWED_HOSTS": "their.example",
    "CACHE_URL": "rediscache://127.0.0.1:9/1",
    "CELERY_BROKER_URL": "redis://127.0.0.1:9/0",
    "DJANGO_SETTINGS_MODULE": "config.settings.local",
}


def strange_folder(parent: Path) -> Path:
    """Whoever imports from here instead of from us ends at once."""
    for package in ("config", "audit", "schemacheck", "prompts"):
        (parent / "strange" / package).mkdir(parents=True)
        (parent / "strange" / package / "__init__.py").write_text(
            f"raise SystemExit('{package} of the current folder was imported')\n"
        )
    return parent / "strange"
