"""What `doctor` finds: what health checks ask, and beyond them what only this machine can tell. Some it can mend."""

import stat
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core import checks
from django.core.management import call_command
from django.db import connection
from packaging.requirements import Requirement

from config import home
from config.entry.extras import how_to_install
from config.home import PROGRAM, spelled
from config.models import ApiKey
from config.serving import private_files, static
from config.watching import health
from config.watching.health import Check, Source

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
OLDEST_POSTGRESQL = 15
_BOUND_SECONDS = 15.0
_INSTALL = "Run `pip install -r requirements.txt` in the service's environment."


def examine() -> list[Check]:
    """Every check there is, each bounded in time."""
    return health.run(sources(), seconds=_BOUND_SECONDS)


def mend(found: list[Check]) -> Iterator[str]:
    """Repair what is safe to repair, and say what was done."""
    for name in dict.fromkeys(check.name for check in found if check.status != "ok"):
        if repair := REPAIRS.get(name):
            yield repair()


def sources() -> dict[str, Source]:
    own = {
        "python": python,
        "packages": packages,
        "settings": settings_,
        "data directory": data_directory,
        "secret files": secret_files,
        "static files": static_files,
    }
    reading = {"database options": database_options, "accounts": accounts}
    dear = {f"{app}'s dear checks": source for app, source in health.app_sources("doctor_checks").items()}
    return own | health.own_sources() | reading | health.app_sources() | dear


def python() -> list[Check]:
    found = ".".join(map(str, sys.version_info[:3]))
    fix = "Use Python 3.11, 3.12 or 3.13."
    if sys.version_info[:2] < OLDEST_PYTHON:
        return [Check("python", "fail", f"{found} is too old", fix)]
    if sys.version_info[:2] > NEWEST_PYTHON:
        return [Check("python", "warn", f"{found} is newer than what is tested", fix)]
    return [Check("python", "ok", f"{found} in {sys.prefix}")]


def packages() -> list[Check]:
    missing, other, count = [], [], 0
    wanted_ones, how = _wanted_packages()
    for wanted in wanted_ones:
        if wanted.marker and not wanted.marker.evaluate({"extra": "service"}):
            continue
        count += 1
        try:
            installed = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            missing.append(wanted.name)
        else:
            if not wanted.specifier.contains(installed, prereleases=True):
                other.append(f"{wanted.name} {installed} instead of {str(wanted.specifier).removeprefix('==')}")
    if missing:
        return [Check("packages", "fail", f"not installed: {', '.join(missing)}", how)]
    if other:
        return [Check("packages", "warn", f"not as pinned: {', '.join(other)}", how)]
    if not count:
        return [Check("packages", "warn", "requirements.txt is not here, so nothing to compare with", how)]
    return [Check("packages", "ok", f"{count} as pinned")]


def _wanted_packages() -> tuple[list[Requirement], str]:
    """What the checkout pins or the installed package asks for, and how to get it."""
    pinned = Path(settings.BASE_DIR) / "requirements.txt"
    if home.INSTALLED:
        lines, how = metadata.requires("handrail") or [], f"Run `{how_to_install('service')}`."
    else:
        lines, how = pinned.read_text(encoding="utf-8").splitlines() if pinned.exists() else [], _INSTALL
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))], how


def settings_() -> Iterator[Check]:
    issues = checks.run_checks(include_deployment_checks=settings.TLS)
    serious = [issue for issue in issues if issue.level >= checks.ERROR]
    if serious:
        detail = f"{len(serious)} errors, the first: {serious[0].msg}"
        yield Check("settings", "fail", detail, serious[0].hint or f"Run `{PROGRAM} check`.")
    elif settings.DEBUG:
        yield Check("settings", "warn", "DEBUG is on: errors show their insides to everybody", "Unset DEBUG.")
    elif "*" in settings.ALLOWED_HOSTS:
        fix = "Name the hosts in ALLOWED_HOSTS."
        yield Check("settings", "warn", "every host name is allowed, so web pages elsewhere can reach this one", fix)
    else:
        yield Check("settings", "ok", f"served as {settings.PUBLIC_URL}")


def data_directory() -> list[Check]:
    directory = settings.DATA_DIR
    if not directory.is_dir():
        fix = f"Run `mkdir -m 700 {directory}`."
        return [Check("data directory", "fail", f"{directory} is missing", fix)]
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o077:
        fix = f"Run `chmod 700 {directory}`."
        return [Check("data directory", "warn", f"{directory} is open to other users ({mode:o})", fix)]
    return [Check("data directory", "ok", f"{directory} is for its owner alone")]


def secret_files() -> list[Check]:
    open_ones = [path for path in private_files.open_to_others() if path != settings.DATA_DIR]
    if open_ones:
        names = " ".join(map(str, open_ones))
        return [Check("secret files", "fail", f"other users may read {names}", f"Run `chmod 600 {names}`.")]
    return [Check("secret files", "ok", "nobody else may read them")]


def static_files() -> list[Check]:
    if (settings.STATIC_ROOT / "staticfiles.json").exists():
        return [Check("static files", "ok", "collected")]
    fix = f"Run `{PROGRAM} collectstatic --noinput`; `{PROGRAM} up` does it by itself."
    return [Check("static files", "warn", "not collected: pages have no style", fix)]


def database_options() -> list[Check]:
    wrong = _wrong_sqlite_options() if connection.vendor == "sqlite" else _wrong_postgresql_options()
    if wrong:
        fix = f"Leave DATABASES to config/settings.py and set {spelled('DATABASE_URL')} only."
        return [Check("database options", "fail", "; ".join(wrong), fix)]
    return [Check("database options", "ok", _database_summary())]


def _wrong_sqlite_options() -> list[str]:
    wanted: dict[str, Any] = {"synchronous": 1, "foreign_keys": 1}
    if not connection.is_in_memory_db():  # type: ignore[attr-defined]
        wanted["journal_mode"] = "wal"
    found = {name: _value(f"PRAGMA {name}") for name in [*wanted, "busy_timeout"]}
    wrong = [f"{name} is {found[name]}, not {value}" for name, value in wanted.items() if found[name] != value]
    if found["busy_timeout"] < 20_000:
        wrong.append(f"busy_timeout is {found['busy_timeout']} ms, not 20000: writers fail while another writes")
    if connection.settings_dict["OPTIONS"].get("transaction_mode") != "IMMEDIATE":
        wrong.append("transaction_mode is not IMMEDIATE: a transaction that reads and then writes may fail")
    return wrong


def _wrong_postgresql_options() -> list[str]:
    wrong = []
    version = _value("SHOW server_version_num")
    if int(version) < OLDEST_POSTGRESQL * 10_000:
        wrong.append(f"PostgreSQL {int(version) // 10_000} is older than {OLDEST_POSTGRESQL}")
    if (encoding := _value("SHOW server_encoding")) != "UTF8":
        wrong.append(f"the encoding is {encoding}, not UTF8")
    if not connection.settings_dict["OPTIONS"].get("pool"):
        wrong.append("there is no connection pool")
    return wrong


def _database_summary() -> str:
    if connection.vendor == "sqlite":
        return f"SQLite {_value('SELECT sqlite_version()')}: WAL, IMMEDIATE, synchronous NORMAL, 20 s of patience"
    pool = connection.settings_dict["OPTIONS"]["pool"]
    return f"PostgreSQL {_value('SHOW server_version')}: UTF8, a pool of {pool['min_size']} to {pool['max_size']}"


def _value(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def accounts() -> Iterator[Check]:
    if not User.objects.filter(is_active=True, is_staff=True).exists():
        fix = f"Run `{PROGRAM} up`, or `{PROGRAM} createsuperuser`."
        yield Check("accounts", "warn", "nobody can log in to the dashboard", fix)
    elif not ApiKey.objects.live().exists():
        yield Check("accounts", "warn", "no API key works", f"Run `{PROGRAM} apikey create NAME --scope write`.")
    else:
        yield Check("accounts", "ok", f"{ApiKey.objects.live().count()} API keys work")


def _make_data_directory() -> str:
    settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.DATA_DIR.chmod(0o700)
    return f"{settings.DATA_DIR} is for its owner alone"


def _close_secret_files() -> str:
    return "; ".join(private_files.tighten()) or "nobody else may read the secret files"


def _migrate() -> str:
    call_command("migrate", verbosity=0, interactive=False)
    return "the migrations are applied"


def _collect_static() -> str:
    static.collect()
    return "the static files are collected"


REPAIRS: dict[str, Callable[[], str]] = {
    "data directory": _make_data_directory,
    "secret files": _close_secret_files,
    "migrations": _migrate,
    "static files": _collect_static,
}
