"""What an export takes, in a process of its own: starting takes nearly all of it, however long the trail."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from audit.export import FORMATS
from tests.services.postgres import postgres
from tests.services.stack import ROOT, Stack
from tests.services.throwaway import ServerMissing

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its own peak"),
]

FILL = """
import django, sys
django.setup()
from audit.trail import NewEvent, record_all
for _ in range(0, int(sys.argv[1]), 500):
    record_all(events=[NewEvent(event_type="a.b", entity_type="a", entity_id="1", new_value={"t": "x" * 200})] * 500)
"""
PEAK = """
import runpy, sys
sys.argv = ["manage.py", "audit_export", "--format", sys.argv[1], "--output", sys.argv[2]]
runpy.run_path("manage.py", run_name="__main__")
print(open("/proc/self/status").read())
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def trail(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    try:
        server = postgres() if request.param == "postgresql" else nullcontext("")
        with server as url:
            made = Stack(tmp_path_factory.mktemp("trail"), database_url=url, settings="config.settings")
            made.migrate()
            yield made
    except ServerMissing as missing:
        pytest.skip(str(missing))


def run(stack: Stack, *arguments: str) -> str:
    command = [sys.executable, "-c", *arguments]
    return subprocess.run(command, env=stack.env, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def peaks(stack: Stack, name: str) -> dict[str, int]:
    """Megabytes by format."""
    said = {form: run(stack, PEAK, form, str(stack.folder / f"{name}.{form}")) for form in FORMATS}
    return {form: int(re.findall(r"VmHWM:\s+(\d+) kB", text)[0]) // 1024 for form, text in said.items()}


def test_an_export_takes_no_more_memory_however_long_the_trail(trail: Stack) -> None:
    run(trail, FILL, "500")
    short = peaks(trail, "short")
    run(trail, FILL, "19500")  # the rows themselves take 60 MB
    long = peaks(trail, "long")
    assert not {form: (short[form], long[form]) for form in FORMATS if long[form] > short[form] + 4}
    assert max(long.values()) <= 65
