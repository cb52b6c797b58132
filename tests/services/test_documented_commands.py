"""The README's tour and the commands of docs/, run as they stand against a service started by `manage.py up`."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.stack import wait_until
from tests.services.throwaway import free_port

pytestmark = pytest.mark.services

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
DOCUMENTS = [
    path for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if SCRIPT.search(path.read_text())
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment a person has in the checkout, with a service running in it."""
    folder = tmp_path_factory.mktemp("service")
    port = free_port()
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}}
    env |= {"DATA_DIR": str(folder / "data"), "PORT": str(port), "PYTHONPATH": str(ROOT)}
    with (folder / "log").open("wb") as log:
        up = subprocess.Popen([sys.executable, ROOT / "manage.py", "up"], env=env, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_until(lambda: up.poll() is not None or _is_ready(f"http://127.0.0.1:{port}/health/ready"), "it is ready")
        assert up.poll() is None, (folder / "log").read_text()
        yield env
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(240) is not None


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_of_a_document_work(document: Path, service: dict[str, str], tmp_path: Path) -> None:
    script = "\n".join(SCRIPT.findall(document.read_text()))
    if "curl " in script and shutil.which("curl") is None:
        pytest.skip("curl is not here: apt-get install curl")
    script = script.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{service['PORT']}")
    script = script.replace(".venv/bin/python manage.py", f"{sys.executable} {ROOT}/manage.py")
    script = script.replace(".venv/bin/python audit/", f"{sys.executable} {ROOT}/audit/")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=service,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
