"""`manage.py doctor`: what it finds, what it mends, and that no check can hold it up."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.watching import doctor
from config.watching.health import Check

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.usefixtures("inline_health")


@pytest.fixture
def data(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.STATIC_ROOT = settings.DATA_DIR / "static"
    settings.BASE_DIR = tmp_path
    return settings.DATA_DIR


def test_every_line_has_its_state_and_every_fault_its_fix(run_command):
    _, out, _ = run_command("doctor")
    lines = out.splitlines()
    assert lines
    for line in lines:
        assert line.startswith(("[OK]   ", "[WARN] ", "[FAIL] ")), line
        assert line.startswith("[OK]") or " -- " in line, line


def test_it_looks_at_everything_the_service_stands_on(run_command):
    _, out, _ = run_command("doctor", "--json")
    names = {check["name"] for check in json.loads(out)["checks"]}
    assert names >= {
        "python", "packages", "settings", "data directory", "secret files", "static files", "database",
        "database options", "migrations", "broker", "worker", "beat", "disk", "accounts", "schemacheck grammar",
    }  # fmt: skip


def test_a_failure_is_exit_code_1_and_a_warning_is_not(run_command, monkeypatch):
    monkeypatch.setattr(doctor, "sources", lambda: {"a": lambda: [Check("a", "warn", "so so", "Look.")]})
    assert run_command("doctor") == (0, "[WARN] a: so so -- Look.\n", "")
    monkeypatch.setattr(doctor, "sources", lambda: {"a": lambda: [Check("a", "fail", "broken", "Mend it.")]})
    assert run_command("doctor") == (1, "[FAIL] a: broken -- Mend it.\n", "")


def test_packages_are_compared_with_their_pins(data):
    data.parent.joinpath("requirements.txt").write_text("django==1.0\nnot-a-package==1\nno-such ; python_version<'3'\n")
    [found] = doctor.packages()
    assert (found.status, found.detail) == ("fail", "not installed: not-a-package")
    data.parent.joinpath("requirements.txt").write_text("django==1.0\n")
    [found] = doctor.packages()
    assert found.status == "warn"
    assert found.detail.startswith("not as pinned: django 5")


def test_an_old_python_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert doctor.python()[0].status == "fail"


def test_it_mends_permissions_and_the_data_directory(data, run_command, monkeypatch):
    files = {"data directory": doctor.data_directory, "secret files": doctor.secret_files}
    monkeypatch.setattr(doctor, "sources", lambda: files)
    code, out, _ = run_command("doctor", "--fix")
    assert code == 0
    assert "Mended:" in out
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ["secret_key", "credential_keys", "audit_signing_key"]:
        key = data / name
        key.write_text("secret")
        key.chmod(0o644)
        assert run_command("doctor")[0] == 1
        assert run_command("doctor", "--fix")[0] == 0
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_the_databases_options_are_read_from_the_database(db):
    [found] = doctor.database_options()
    assert found.status == "ok", found.detail


def test_a_lost_database_option_is_named(db, settings):
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("SQLite's options")
    options = connection.settings_dict["OPTIONS"]
    mode = options.pop("transaction_mode")
    try:
        [found] = doctor.database_options()
    finally:
        options["transaction_mode"] = mode
    assert found.status == "fail"
    assert "transaction_mode is not IMMEDIATE" in found.detail


def test_on_a_new_machine_it_mends_what_it_can_and_names_the_rest(tmp_path):
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}}
    environment = kept | {
        "DATA_DIR": str(tmp_path / "data"),
        "SECRET_KEY": "x" * 60,
        "PUBLIC_URL": "http://127.0.0.1:8000",
    }

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "manage.py", "doctor", *arguments],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    first = run()
    assert first.returncode == 1
    assert "[FAIL] migrations:" in first.stdout
    mended = run("--fix", "--json")
    found = {check["name"]: check["status"] for check in json.loads(mended.stdout)["checks"]}
    assert found["migrations"] == found["static files"] == found["data directory"] == "ok"
    assert (tmp_path / "data" / "static.stamp").exists(), "the next start has nothing to collect"
    assert "Traceback" not in first.stdout + first.stderr + mended.stderr


def test_a_database_that_is_away_is_named_and_nothing_hangs(tmp_path):
    environment = os.environ | {
        "DATA_DIR": str(tmp_path / "data"),
        "SECRET_KEY": "x" * 60,
        "DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/handrail.sqlite3",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "[FAIL] database:" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
