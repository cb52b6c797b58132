"""What a start loads: each process and command leaves alone what only others need. Counted by modules, never by time.

A module that is heavy costs every command that takes it 10 to 130 ms and every process 2 to 20 MB.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.sources import ROOT

HEAVY = {
    "celery", "cryptography", "django_filters", "docker", "drf_spectacular.openapi", "granian", "httpx2", "jsonschema",
    "kombu", "markdown_it", "mcp", "mcp_types", "postgast", "prometheus_client", "psycopg", "pydantic", "pygments",
    "rapidfuzz", "regex", "requests", "rest_framework.serializers", "tiktoken", "tree_sitter", "yaml",
}  # fmt: skip
REST = {"rest_framework.serializers", "django_filters"}
"""What a command takes that has the options of a REST body."""
COMMANDS = {
    "version": set(),
    "apikey list": set(),
    "audit events": REST,
    "audit export": set(),
    "audit_export": set(),
    "audit prune --help": set(),
    "audit verify": {"cryptography"},
    "backup list": REST,
    "dockerdebug": REST,
    "escalation list": REST,
    "prompt list": REST,
    "rules list": REST | {"tree_sitter"},
    "schemacheck script.sql": {"postgast"},
    "schemacheck --dialect sqlite script.sql": {"postgast"},
    "tokens script.sql": REST | {"tiktoken"},
    "visioncache stats": REST,
}
"""The commands of SQLite, and which of HEAVY each needs for what it does."""
PROCESSES = {
    "from config.serving import supervisor": set(),
    "import django; django.setup()": set(),
    "import config.serving.asgi, config.serving.web": REST
    | {"granian", "drf_spectacular.openapi", "tree_sitter", "yaml"},  # yaml: OpenAPI's own renderer
    "from config.serving import child; child.load_beat('{}')": {"celery", "kombu", "yaml"},
    "from config.jobs.app import app; app.loader.import_default_modules()": REST
    | {"celery", "kombu", "tree_sitter", "yaml"},  # yaml: kombu's own
}


TELLING = """
import atexit, sys
atexit.register(lambda: print("MODULES", *sys.modules, file=sys.stderr))
"""
RUNNING = "import runpy, sys; sys.argv = ['manage.py', *sys.argv[1:]]; runpy.run_path('manage.py', run_name='__main__')"


def ran(program: str, data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A program in a process of its own, of an installation that has nothing but its data folder."""
    own = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=own | {"DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "config.settings", "CELERY_SKIP_CHECKS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    worked = done.returncode in {0, 1} and "Traceback" not in done.stderr  # 1: it worked and found something
    assert worked, done.stdout + done.stderr
    return done


def loaded(program: str, data: Path, *arguments: str) -> set[str]:
    """Every module that a program has in the end."""
    return set(ran(TELLING + program, data, *arguments).stderr.rpartition("MODULES ")[2].split())


def of_command(command: str, data: Path) -> set[str]:
    words = [str(data / word) if word.endswith(".sql") else word for word in command.split()]
    return loaded(RUNNING, data, *words)


def heavy(modules: set[str]) -> set[str]:
    return HEAVY & modules


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation, and a script in it."""
    folder = tmp_path_factory.mktemp("installation")
    (folder / "script.sql").write_text("CREATE TABLE t (id bigint PRIMARY KEY);\n", encoding="utf-8")
    of_command("migrate --verbosity 0", folder)
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_nothing_heavy_that_it_does_not_need(command: str, data: Path) -> None:
    assert heavy(of_command(command, data)) <= COMMANDS[command]


@pytest.mark.parametrize("program", PROCESSES)
def test_a_process_loads_nothing_heavy_that_it_does_not_need(program: str, data: Path) -> None:
    assert heavy(loaded(program, data)) <= PROCESSES[program]


def test_a_command_asks_no_other_command_what_it_is(data: Path) -> None:
    """That is for `help` and `completion`, which import them all."""
    modules = of_command("audit events --help", data)
    assert not {"config.commandline.overview", "config.commandline.completion"} & modules
    assert {name for name in modules if ".management.commands." in name and not name.startswith("django")} == {
        *("audit.management.commands.audit", "audit.management.commands.audit_export")
    }


def test_the_supervisor_is_standard_library_alone(data: Path) -> None:
    modules = loaded("from config.serving import supervisor", data)
    assert not {"django", "config.settings", "asyncio", "sqlite3"} & modules


def test_a_start_is_no_longer_than_it_was(data: Path) -> None:
    """Counted with Django's own 590: whoever adds an import for all processes should know it."""
    assert len(of_command("version", data)) < 705


def test_what_a_process_may_load_is_known_to_be_heavy() -> None:
    assert set().union(*COMMANDS.values(), *PROCESSES.values()) <= HEAVY


def test_on_sqlite_rest_framework_brings_none_of_what_it_only_may_use(data: Path) -> None:
    modules = loaded("import django; django.setup(); import rest_framework.serializers", data)
    assert not {"psycopg", "requests", "pygments", "yaml", "uritemplate"} & modules


def test_the_garbage_collector_only_waits_for_the_imports(data: Path) -> None:
    at_the_end = "import atexit, gc; atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 0))\n"
    assert ran(at_the_end + RUNNING, data, "version").stdout.split()[1:] == ["True", "True"]
