"""Reads settings from the environment and `.env`; a bad value stops the start with its name."""

import os
import secrets
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


class Environment(environ.Env):
    """Names the variable whose value does not fit."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except (ValueError, TypeError) as error:
            raise ImproperlyConfigured(f"{var}: {error}") from error


env = Environment()


def database(default: str) -> dict[str, Any]:
    """Django's description of the database at DATABASE_URL. The address is never repeated: it has a password."""
    address = env.str("DATABASE_URL", default)
    try:
        # The scheme first: the parser would print an address it does not know, password and all.
        known = address.partition(":")[0] in {"postgres", "postgresql", "sqlite"}
        found: dict[str, Any] = env.db_url_config(address) if known else {}
    except ValueError:
        found = {}
    if not found:
        forms = "postgres://user:password@host:5432/name (with %-escapes in the password) or sqlite:////path/to/file"
        raise ImproperlyConfigured(f"DATABASE_URL is not an address of the form {forms}")
    return found


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
