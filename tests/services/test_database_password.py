"""A database's password may have any character: beside the address in PGPASSWORD, or escaped within it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.services.postgres import Cluster, cluster
from tests.services.throwaway import ServerMissing

pytestmark = pytest.mark.services
ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "p@ss/w#rd?100%25 $x:y'"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Cluster]:
    """A cluster that asks the user `guarded` for a password."""
    try:
        running = cluster()
        with running as made:
            literal = PASSWORD.replace("'", "''")
            for statement in (
                f"CREATE ROLE guarded LOGIN CREATEDB PASSWORD '{literal}'",
                "CREATE DATABASE guarded OWNER guarded",
            ):
                made.run("psql", "-h", "127.0.0.1", "-p", str(made.port), "-U", "handrail", "-c", statement, "handrail")
            rules = made.data / "pg_hba.conf"
            rules.write_text("host all guarded 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
            made.restart()
            yield made
    except ServerMissing as missing:
        pytest.skip(str(missing))


def manage(
    guarded: Cluster, folder: Path, *arguments: str, user: str, **env: str
) -> "subprocess.CompletedProcess[str]":
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DJANGO_SETTINGS"))}
    own |= {"DATABASE_URL": f"postgres://{user}@127.0.0.1:{guarded.port}/guarded", "DATA_DIR": str(folder), **env}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=600, check=False)


def test_the_password_beside_the_address_serves_the_service_and_its_backups(guarded: Cluster, tmp_path: Path) -> None:
    for arguments in (["migrate", "-v0"], ["backup", "create", "--verify"]):
        done = manage(guarded, tmp_path, *arguments, user="guarded", PGPASSWORD=PASSWORD)
        assert done.returncode == 0, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr


def test_the_password_escaped_within_the_address_does_too(guarded: Cluster, tmp_path: Path) -> None:
    done = manage(guarded, tmp_path, "shell", "-v0", "-c", ASK, user=f"guarded:{quote(PASSWORD, safe='')}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "guarded"


def test_another_password_is_refused_and_not_shown(guarded: Cluster, tmp_path: Path) -> None:
    done = manage(guarded, tmp_path, "shell", "-v0", "-c", ASK, user="guarded", PGPASSWORD="w@ong")
    assert done.returncode != 0
    assert "w@ong" not in done.stdout + done.stderr


ASK = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user")
    print(cursor.fetchone()[0])
"""
