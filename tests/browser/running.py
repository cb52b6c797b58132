"""Starts what the pages come from, and gets somebody in."""

import shutil
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tests.services.stack import Stack, stack, wait_until

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
MAKE_ADMIN = "from django.contrib.auth.models import User; User.objects.create_superuser('admin', password='handrail')"


@contextmanager
def served(folder: Path, *, demo: bool) -> Iterator[str]:
    """The whole service; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with stack(folder, settings="config.settings") as running:
        address = f"http://127.0.0.1:{port}"
        running.env |= {"PORT": port, "PUBLIC_URL": address}
        running.env["HANDRAIL_COMMAND"] = "handrail"  # so that no picture shows where a machine keeps things
        running.run("manage.py", "shell", "-v0", "-c", MAKE_ADMIN)
        if demo:
            running.run("manage.py", "demo")
        running.start("manage.py", "up")
        wait_until(lambda: _is_whole(running) and _answers(address), "the service answers")
        yield address


def _is_whole(running: Stack) -> bool:
    return running.count("config_heartbeat") == 2 and (running.folder / "static" / "staticfiles.json").exists()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def logged_in(chromium: Browser, address: str) -> dict[str, object]:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "handrail")
    page.click("input[type=submit]")
    assert page.title() == "Handrail"
    state = context.storage_state()
    context.close()
    return dict(state)
