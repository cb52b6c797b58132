"""A service with the demo's data, and somebody logged in with a browser that forgives nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.running import CHROMIUM, logged_in, served


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="chromium is not here: apt-get install chromium"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The whole service with the demo's data; its address."""
    with served(tmp_path_factory.mktemp("pages"), demo=True) as address:
        yield address


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
    return logged_in(chromium, service)


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
