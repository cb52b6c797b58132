"""Fixtures every test may use: clients with keys of a scope, commands, MCP tools."""

import io
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from rest_framework.test import APIClient

from audit import oversight
from audit.models import PermissionPosture
from config.keys import create_key
from tests.settings import FOLDER_PREFIX

# An example that takes long on a busy machine is no failure, nor is data that was slow to make.
hypothesis.settings.register_profile(
    "handrail", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("handrail")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tests begin without packs, as every one that commits leaves it; those about packs take them.

    PostgreSQL drops no database that somebody is in: a thread of a test may still have its connection.
    """
    with django_db_blocker.unblock():
        PermissionPosture.objects.all().delete()
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) {others}")


@pytest.fixture
def owner(db: None) -> User:
    """The user keys belong to."""
    return User.objects.create_superuser("owner", "owner@example.org", "owner-password")


@pytest.fixture
def key_for(owner: User) -> Callable[[str], str]:
    """Makes a key of a scope, named after it."""
    made: dict[str, str] = {}

    def make(scope: str = "write") -> str:
        if scope not in made:
            made[scope] = create_key(name=f"{scope}-key", scope=scope, user=owner)[1]
        return made[scope]

    return make


@pytest.fixture
def client_for(key_for: Callable[[str], str]) -> Callable[..., APIClient]:
    """An API client with a key of a scope; it gives errors as answers, as a real server does."""

    def make(scope: str = "write") -> APIClient:
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(scope)}")
        return client

    return make


@pytest.fixture
def api(client_for: Callable[..., APIClient]) -> APIClient:
    return client_for("write")


@pytest.fixture
def reader(client_for: Callable[..., APIClient]) -> APIClient:
    return client_for("read")


@pytest.fixture
def admin_api(client_for: Callable[..., APIClient]) -> APIClient:
    return client_for("admin")


@pytest.fixture
def run_command(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Runs a management command as the shell would: (exit code, stdout, stderr)."""

    def run(name: str, *args: str, stdin: str = "", **options: Any) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        try:
            call_command(name, *args, stdout=out, stderr=err, **options)
        except CommandError as error:
            return error.returncode, out.getvalue(), f"{err.getvalue()}{error}"
        except SystemExit as stop:
            return int(stop.code or 0), out.getvalue(), err.getvalue()
        return 0, out.getvalue(), err.getvalue()

    return run


@pytest.fixture
def call_tool(transactional_db: None, key_for: Callable[[str], str]) -> Callable[..., Any]:
    """Calls an MCP tool through the protocol, in process: its structured answer, or ToolError."""

    def call(name: str, *, scope: str = "write", **arguments: Any) -> Any:
        from tests import mcp_client  # the SDK takes a second to import; only these tests pay it

        return mcp_client.call_tool(name, arguments, key=key_for(scope))

    return call


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A missing server skips its tests with a line that says what it lacks; in CI that is a failure."""
    lacks = re.compile(r"install|does not start|was not ready|ordinary user|Linux and root")
    missing = [report for report in terminalreporter.stats.get("skipped", []) if lacks.search(str(report.longrepr))]
    if missing and os.environ.get("CI"):
        for report in missing:
            terminalreporter.write_line(f"must run in CI: {report.nodeid}: {report.longrepr[-1]}", red=True)
        terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def _no_thread_writes() -> Iterator[None]:
    """Counts of look-ups and calls of agents are written when a test says so, not into whichever test runs by then."""
    from visioncache import counting

    with pytest.MonkeyPatch.context() as patch:
        for flusher in (counting.FLUSHER, oversight.FLUSHER):
            patch.setattr(flusher, "notice", lambda waiting: None)
        yield


@pytest.fixture(autouse=True)
def _what_waits_to_be_written_is_forgotten() -> Iterator[None]:
    yield
    from visioncache.buffer import BUFFER

    BUFFER.forget()
    oversight.forget()


@pytest.fixture(scope="session", autouse=True)
def _tests_may_empty_the_trail() -> None:
    """Tests that commit are undone by emptying every table, which the trail's triggers refuse without a permit.

    Emptying a captured table makes staged changes, so these go after the others, and the permit last. A prompt's
    versions go after it.
    """
    flush = BaseDatabaseOperations.execute_sql_flush
    permit = "INSERT INTO audit_removalpermit (reason) VALUES ('the test is over')"

    def permitted(self: BaseDatabaseOperations, statements: list[str]) -> None:
        last = ["prompts_version", "audit_stagedchange", "audit_removalpermit"]
        flush(self, [permit, *sorted(statements, key=lambda sql: [table in sql for table in last])])

    BaseDatabaseOperations.execute_sql_flush = permitted


def pytest_unconfigure() -> None:
    """The data folder that tests/settings.py made for this process goes with it."""
    folder = Path(os.environ.get("DATA_DIR", ""))
    if folder.name.startswith(FOLDER_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: with several processes none is left alone with a minute's work at the end."""
    items.sort(key=lambda item: not (item.get_closest_marker("services") or item.get_closest_marker("browser")))
