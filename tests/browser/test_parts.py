"""What scripts add to the parts of pages: times in the reader's zone, copies, what opens and closes, the theme."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def far(chromium: Browser, login: dict[str, object]) -> Iterator[Page]:
    """A page of somebody in India, who lets pages write to the clipboard."""
    context = chromium.new_context(
        storage_state=login,  # type: ignore[arg-type]
        timezone_id="Asia/Kolkata",
        permissions=["clipboard-read", "clipboard-write"],
    )
    yield context.new_page()
    context.close()


def clipboard(tab: Page) -> str:
    return str(tab.evaluate("navigator.clipboard.readText()"))


def test_a_time_is_told_in_the_readers_zone(far: Page, service: str) -> None:
    far.goto(f"{service}/admin/escalation/bug/")
    expect(far.locator("time.kit-relative").first).to_have_attribute(
        "title", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\+5:30$")
    )


def test_a_copied_time_is_exact(far: Page, service: str) -> None:
    far.goto(f"{service}/admin/escalation/bug/")
    row = far.locator("#result_list tbody tr").first
    row.evaluate("row => getSelection().selectAllChildren(row)")
    far.keyboard.press("Control+c")
    stamp = row.locator("time").first.get_attribute("datetime")
    assert stamp
    assert stamp in clipboard(far)
    assert " ago" not in clipboard(far)


def test_a_button_copies_the_block_beside_it(far: Page, service: str) -> None:
    far.goto(f"{service}/admin/escalation/bug/")
    far.locator("#result_list tbody th a").first.click()
    block = far.locator(".kit-code").first
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button", name="Copied")).to_be_visible()
    assert clipboard(far) == block.locator("code").text_content()


def test_filters_open_and_close_by_keyboard(tab: Page, service: str) -> None:
    tab.goto(f"{service}/admin/escalation/bug/")
    first, second = tab.locator("details.filter").nth(0), tab.locator("details.filter").nth(1)
    first.locator("summary").focus()
    tab.keyboard.press("Enter")
    expect(first.locator("ul")).to_be_visible()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Escape")
    expect(first.locator("ul")).to_be_hidden()
    expect(first.locator("summary")).to_be_focused()
    first.locator("summary").click()
    second.locator("summary").click()
    expect(first.locator("ul")).to_be_hidden()
    tab.locator("h1").click()
    expect(second.locator("ul")).to_be_hidden()


def test_the_first_tab_leads_past_the_header(tab: Page, service: str) -> None:
    for path in ("/", "/admin/", "/admin/escalation/bug/", "/docs/"):
        tab.goto(service + path)
        tab.keyboard.press("Tab")
        assert "Skip to" in tab.evaluate("document.activeElement.textContent"), path


def test_the_theme_holds_on_every_page(tab: Page, service: str) -> None:
    tab.emulate_media(color_scheme="light")
    tab.goto(f"{service}/admin/")
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.locator(".theme-toggle").click()
    for path in ("/admin/", "/", "/docs/", "/api/docs", "/admin/escalation/bug/"):
        tab.goto(service + path)
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark", path
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != light, path
    tab.evaluate("localStorage.setItem('theme', 'auto')")
