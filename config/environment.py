"""Reads settings from the environment and `.env`; a bad value stops the start with its name."""

import os
import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def secret(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file NAME_FILE names (as container secrets come)."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return str(env.str(name, default))
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error}") from error


def generated_secret(path: Path) -> str:
    """The secret kept in `path`, made at first start; readable by its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(64), encoding="ascii")
            try:
                os.link(draft, path)  # unlike a rename, never replaces what another process made first
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"SECRET_KEY is not set and {path} cannot be used: {error}") from error
