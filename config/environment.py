"""Reads settings from the environment and `.env`; a bad value stops the start with its name."""

import base64
import binascii
import json
import math
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config import home

LONGEST_SOCKET_BYTES = 100  # what every system takes: sun_path has 104 bytes on BSD, 108 on Linux


class Variables(Mapping[str, str]):
    """What the environment and `.env` say to us, for the reader below; see config/home.py for which name counts."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        value = home.variable(name, self.written)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter({*os.environ, *self.written})

    def __len__(self) -> int:
        return len({*os.environ, *self.written})

    def setdefault(self, name: str, value: str) -> str:
        """Take a line of `.env`; libraries find it in the environment, unless it would be somebody else's there."""
        if not home.INSTALLED or name not in home.SHARED_NAMES:
            os.environ.setdefault(name, value)
        return self.written.setdefault(name, value)


class Environment(environ.Env):
    """Names the variable whose value does not fit."""

    ENVIRON = Variables()

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except (ValueError, TypeError) as error:
            raise ImproperlyConfigured(f"{var}: {error}") from error

    def one_of(self, name: str, choices: list[str], *, or_path: bool = False) -> str:
        """A word of a few, the first unless given; with `or_path` the dotted path of a class too."""
        value = str(self.str(name, choices[0])).strip()
        if or_path and re.fullmatch(r"\w+(\.\w+)+", value):
            return value
        if value.lower() not in choices:
            path = ", or the dotted path of a class" if or_path else ""
            raise ImproperlyConfigured(f"{name} is one of {', '.join(choices)}{path}, not {value}")
        return value.lower()

    def counts(self, name: str, default: str) -> dict[str, int]:
        """How many of each name, all of them known from the default: `daily=7,weekly=4`."""
        known = [part.partition("=")[0] for part in default.split(",")]
        found: dict[str, int] = {}
        for part in str(self.str(name, default)).split(","):
            key, _, count = (word.strip() for word in part.partition("="))
            if not (count.isascii() and count.isdigit() and 1 <= int(count) <= 10_000) or key not in known:
                raise ImproperlyConfigured(f"{name} has the form {default}, with counts from 1; {part.strip()} has not")
            found[key] = int(count)
        return found

    def whole(self, name: str, default: int, *, least: int = 1, most: int = 2**31 - 1) -> int:
        """A whole number, by default from 1."""
        text = str(self.str(name, str(default))).strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
            raise ImproperlyConfigured(f"{name} is a whole number from {least} to {most}, not {text[:32]}")
        return int(text)

    def switch(self, name: str) -> bool:
        """Off unless it is on. Another word would turn something off in silence that was meant to be on."""
        word = str(self.str(name, "off")).strip().lower()
        if word not in {"on", "true", "yes", "1", "off", "false", "no", "0", ""}:
            raise ImproperlyConfigured(f"{name} is on or off, not {word[:32]}")
        return word in {"on", "true", "yes", "1"}

    def rate(self, name: str, default: str) -> str:
        """So many a second, minute or hour."""
        text = str(self.str(name, default)).strip()
        if not re.fullmatch(r"[0-9]{1,9}(/(second|minute|hour))?", text):
            raise ImproperlyConfigured(f"{name} has the form 6000/minute (or /second, /hour); {text[:32]} has not")
        return text

    def site(self, name: str, default: str) -> str:
        """The address of a web site, without a slash at its end."""
        text = str(self.str(name, default)).strip()
        try:
            address = urlsplit(text)
            known = address.scheme in {"http", "https"} and bool(address.hostname)
        except ValueError:
            known = False
        if not known:
            raise ImproperlyConfigured(f"{name} begins with http:// or https:// and names a host")
        return text.rstrip("/")

    def socket(self, name: str) -> Path | None:
        """Where a Unix socket lies, or none."""
        text = str(self.str(name, "")).strip()
        if text and (not text.startswith("/") or len(os.fsencode(text)) > LONGEST_SOCKET_BYTES):
            raise ImproperlyConfigured(f"{name} is an absolute path of at most {LONGEST_SOCKET_BYTES} bytes")
        return Path(text) if text else None

    def prices(self, name: str) -> dict[str, tuple[float, float]]:
        """What each model costs in and out, as a JSON object of two numbers from 0."""
        try:
            value = self.json(name, {})
            prices = {model: (float(into), float(out)) for model, (into, out) in value.items()}
        except (AttributeError, TypeError, ValueError):
            prices = {"": (-1.0, -1.0)}
        if not all(0 <= number < math.inf for price in prices.values() for number in price):
            raise ImproperlyConfigured(f'{name} is a JSON object like {{"model": [2.5, 10]}}, numbers from 0')
        return prices

    def receiver(self, name: str) -> str:
        """Where to send something to, or nothing. Credentials have a setting of their own: addresses are shown."""
        text = str(self.str(name, "")).strip()
        try:
            address = urlsplit(text)
            sound = not text or (address.scheme in {"http", "https"} and address.hostname and "@" not in address.netloc)
        except ValueError:
            sound = False
        if not sound:
            raise ImproperlyConfigured(f"{name} begins with http:// or https://, names a host, and has no password")
        return text

    def allowances(self, name: str) -> tuple[Any, ...]:
        """The hosts and networks that requests may go to although they are not anybody's."""
        entries = self.list(name, default=[])
        if not entries:
            return ()
        from config.outbound.addresses import read_allowances

        try:
            return read_allowances(entries)
        except ValueError as error:
            form = "hosts, addresses or networks with commas between, each with :PORT or without, as in 10.0.0.0/8"
            raise ImproperlyConfigured(f"{name} holds {form}; {str(error)[:80]!r} is none") from None

    def days(self, name: str) -> dict[str, int]:
        """Days by name, as a JSON object."""
        value = self.json(name, {})
        if not isinstance(value, dict) or not all(type(days) is int and days > 0 for days in value.values()):
            raise ImproperlyConfigured(f'{name} is a JSON object of days from 1, as in {{"decision.made": 90}}')
        return value


env = Environment()


def database(default: str) -> dict[str, Any]:
    """Django's description of the database at DATABASE_URL."""
    return described(env.str("DATABASE_URL", default), home.spelled("DATABASE_URL"))


def described(address: str, named: str) -> dict[str, Any]:
    """Django's description of the database at an address. That is never repeated: it has a password."""
    try:
        # The scheme first: the parser would print an address it does not know, password and all.
        known = address.partition(":")[0] in {"postgres", "postgresql", "sqlite"}
        found: dict[str, Any] = env.db_url_config(address) if known else {}
    except ValueError:
        found = {}
    if not found:
        forms = "postgres://user:password@host:5432/name (with %-escapes in the password) or sqlite:////path/to/file"
        raise ImproperlyConfigured(f"{named} is not an address of the form {forms}")
    return found


def set_apart(data_dir: Path) -> dict[str, str]:
    """What only the environment told us of where the installation is, so that another shell would look elsewhere."""
    folder, written = Path(home.folder()), Environment.ENVIRON.written
    found = {}
    if named := os.environ.get(f"{home.PREFIX}HOME"):
        found[f"{home.PREFIX}HOME"] = str(Path(named).absolute())
    usual = Path(written.get("DATA_DIR", folder / "data"))
    if not usual.is_absolute() or usual.resolve() != data_dir:
        found["DATA_DIR"] = str(data_dir)
    name = home.spelled("DATABASE_URL")
    kept = written.get(f"{home.PREFIX}DATABASE_URL", written.get("DATABASE_URL"))
    if home.variable("DATABASE_URL", written) != kept:
        found[name] = home.UNSAID  # it has a password
    return found


def secret(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file NAME_FILE names (as container secrets come)."""
    path = Environment.ENVIRON.get(f"{name}_FILE")
    if not path:
        return str(env.str(name, default))
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error}") from error


def checked_broker(address: str) -> str:
    """The address of Celery's broker. It is never repeated: it may have a password."""
    known = ("database://", "redis://", "rediss://", "sentinel://", "amqp://", "amqps://")
    if not address.startswith(known):
        raise ImproperlyConfigured(f"CELERY_BROKER_URL begins with one of {', '.join(known)}")
    return address


def checked_seed(text: str) -> str:
    """The base64 of the seed that signs the trail's checkpoints, or nothing."""
    try:
        size = len(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError):
        size = -1
    if text and size != SIGNING_SEED_BYTES:
        raise ImproperlyConfigured(f"AUDIT_SIGNING_KEY is the base64 of a {SIGNING_SEED_BYTES}-byte Ed25519 seed")
    return text


SIGNING_SEED_BYTES = 32


def generated_secret(
    path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(64), *, kept: bool = True
) -> str:
    """The secret kept in `path`, made at first start; readable by its owner alone.

    Where there is none and it may not be `kept`, one that lasts as long as the process.
    """
    try:
        if not kept and not path.exists():
            return make()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(make(), encoding="ascii")
            try:
                os.link(draft, path)  # unlike a rename, never replaces what another process made first
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path.name.upper()} is not set and {path} cannot be used: {error}") from error


def credential_keys(path: Path, *, kept: bool = True) -> dict[str, bytes]:
    """The keys of config.vault by their ids, the active one first: CREDENTIAL_KEYS, or one made at first start.

    None where there are none and they may not be `kept`: what a passing key sealed nobody could open again.
    Written as `k2:BASE64,k1:BASE64` or as a JSON object. Never derived from SECRET_KEY, which changes on its own.
    """
    text = secret("CREDENTIAL_KEYS")
    if not text and not kept and not path.exists():
        return {}
    text = text or generated_secret(path, _new_credential_key)
    keys: dict[str, bytes] = {}
    for kid, encoded in _named_keys(text):
        try:
            key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
        except binascii.Error:
            key = b""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", kid) or kid in keys or len(key) != CREDENTIAL_KEY_BYTES:
            form = f"key ids of letters, digits, - and _, each once, each with base64 of {CREDENTIAL_KEY_BYTES} bytes"
            raise ImproperlyConfigured(f"CREDENTIAL_KEYS must hold {form}, as in k2:BASE64,k1:BASE64")
        keys[kid] = key
    if not keys:
        raise ImproperlyConfigured("CREDENTIAL_KEYS names no key")
    return keys


CREDENTIAL_KEY_BYTES = 32


def _new_credential_key() -> str:
    return f"k1:{base64.b64encode(secrets.token_bytes(CREDENTIAL_KEY_BYTES)).decode()}"


def _named_keys(text: str) -> list[tuple[str, str]]:
    if not text.startswith("{"):
        named = [entry.partition(":") for part in text.split(",") if (entry := part.strip())]
        return [(kid.strip(), encoded.strip()) for kid, _, encoded in named]
    try:
        given = json.loads(text)
    except ValueError:
        given = {"": ""}
    return [(str(kid), str(encoded)) for kid, encoded in given.items()]
