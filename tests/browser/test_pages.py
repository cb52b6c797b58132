"""The pages in a real browser, against a real service: they work, and the strict policy finds nothing to refuse."""

import os
import shutil
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.services.stack import ROOT, Stack, stack, wait_until

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not here: apt-get install chromium"),
]
MAKE_ADMIN = "from django.contrib.auth.models import User; User.objects.create_superuser('admin', password='handrail')"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The whole service with the demo's data; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with stack(tmp_path_factory.mktemp("pages"), settings="config.settings") as running:
        address = f"http://127.0.0.1:{port}"
        running.env |= {"PORT": port, "PUBLIC_URL": address}
        running.run("manage.py", "shell", "-v0", "-c", MAKE_ADMIN)
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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Not pytest-playwright's own fixture: that one keeps an event loop in the main thread for the rest of the
    # session, and Django refuses to work beside it.
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def login(service: str, chromium: Browser) -> dict[str, object]:
    """The cookies of somebody who logged in by the form."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{service}/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "handrail")
    page.click("input[type=submit]")
    assert page.title() == "Handrail"
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture
def faults() -> list[str]:
    return []


@pytest.fixture
def tab(chromium: Browser, login: dict[str, object], faults: list[str]) -> Iterator[Page]:
    """A page of somebody logged in; whatever the browser complains of fails the test."""
    context = chromium.new_context(storage_state=login, viewport={"width": 1360, "height": 900})  # type: ignore[arg-type]
    made = context.new_page()
    made.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status > 399 else None)
    yield made
    context.close()
    assert faults == []


def test_the_dashboard_shows_every_tool_with_the_demos_data(tab: Page, service: str) -> None:
    tab.goto(f"{service}/?range=30d")
    assert tab.locator(".panel").count() >= 8
    assert tab.locator(".state").inner_text() in {"[OK]", "[WARN]"}
    assert tab.locator(".events li").count() == 12
    assert tab.get_by_text("could not be read").count() == 0


def test_the_figures_refresh_by_themselves(tab: Page, service: str) -> None:
    tab.clock.install()
    tab.goto(service)
    with tab.expect_response("**/dashboard/figures*") as unchanged:
        tab.clock.fast_forward(11_000)
    assert unchanged.value.status in {200, 304}
    tab.evaluate("document.querySelector('#figures').innerHTML = 'gone'")
    tab.route("**/dashboard/figures*", lambda route: route.fulfill(body="<p>fresh</p>", headers={"ETag": '"1"'}))
    tab.clock.fast_forward(11_000)
    tab.get_by_text("fresh", exact=True).wait_for()


def test_a_lost_connection_is_said(tab: Page, service: str, faults: list[str]) -> None:
    tab.clock.install()
    tab.goto(service)
    tab.route("**/dashboard/figures*", lambda route: route.abort())
    tab.clock.fast_forward(11_000)
    tab.get_by_text("No answer; trying again").wait_for()
    assert all("ERR_FAILED" in fault for fault in faults)
    faults.clear()


def test_the_dashboard_works_without_scripts(chromium: Browser, login: dict[str, object], service: str) -> None:
    context = chromium.new_context(storage_state=login, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(service)
    page.click("text=7d")
    assert page.url.endswith("?range=7d")
    assert page.locator(".panel").count() >= 8
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1360])
def test_nothing_runs_over_the_edge(tab: Page, service: str, width: int, scheme: str) -> None:
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(f"{service}/?range=30d")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_every_list_and_one_row_of_it_open_in_the_admin(tab: Page, service: str) -> None:
    tab.goto(f"{service}/admin/")
    links = tab.locator("#content-main th a").evaluate_all("links => links.map(link => link.href)")
    lists = [link for link in links if link.count("/") == 6]
    assert len(lists) >= 10
    for address in lists:
        tab.goto(address)
        assert tab.locator("#changelist").count() == 1, address
        rows = tab.locator("#result_list tbody th a")
        if rows.count():
            rows.first.click()
            tab.locator("body.change-form #content-main").wait_for()


def test_the_api_pages_open(tab: Page, service: str) -> None:
    tab.goto(f"{service}/api/docs")
    tab.get_by_text("/api/v1/audit/events", exact=True).first.wait_for()
    tab.get_by_text("Record an event, or several at once").wait_for()
    tab.locator(".opblock-summary").first.click()
    tab.get_by_text("Responses").first.wait_for()


def test_the_api_page_is_dark_when_the_system_is_or_the_admins_theme(tab: Page, service: str) -> None:
    tab.goto(f"{service}/api/docs")
    for system, chosen, dark in [("dark", "auto", True), ("light", "auto", False), ("light", "dark", True)]:
        tab.emulate_media(color_scheme=system)  # type: ignore[arg-type]
        tab.evaluate("chosen => localStorage.setItem('theme', chosen)", chosen)
        tab.reload()
        tab.locator(".opblock").first.wait_for()
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(16, 22, 28)" if dark else "rgb(250, 250, 250)"), (system, chosen)


@pytest.mark.skipif(not os.environ.get("SCREENSHOT"), reason="SCREENSHOT=1 renews docs/screenshot.png")
def test_the_readmes_screenshot(tab: Page, service: str) -> None:
    tab.goto(f"{service}/?range=24h")
    tab.wait_for_timeout(500)
    target = Path(ROOT) / "docs" / "screenshot.png"
    tab.screenshot(path=target, clip={"x": 0, "y": 0, "width": 1360, "height": 1000}, full_page=True)
    assert target.stat().st_size > 10_000
