"""The pages in a real browser, against a real service: they work, and the strict policy finds nothing to refuse."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.services.stack import ROOT


def test_the_dashboard_shows_every_tool_with_the_demos_data(tab: Page, service: str) -> None:
    tab.goto(f"{service}/?range=30d")
    assert tab.locator(".panel").count() >= 8
    assert tab.locator(".state").inner_text() in {"[OK]", "[WARN]"}
    assert tab.locator(".events li").count() == 12
    assert tab.get_by_text("could not be read").count() == 0


def test_the_page_is_live(tab: Page, service: str) -> None:
    told = 'retry: 60000\n\nid: "9"\nevent: sections\ndata: {"jobs": "<p>fresh</p>"}\n\n'
    tab.goto(service)
    tab.locator("#fresh[data-state=live]").wait_for()
    tab.route("**/dashboard/live*", lambda route: route.fulfill(body=told, content_type="text/event-stream"))
    tab.reload()
    tab.get_by_text("fresh", exact=True).wait_for()
    assert tab.locator("[data-section=events] li").count() == 12, "the other sections stay"


def test_a_section_somebody_is_in_waits_until_they_left(tab: Page, service: str) -> None:
    told = 'retry: 60000\n\nid: "9"\nevent: sections\ndata: {"jobs": "<p>seen</p>", "events": "<p>fresh</p>"}\n\n'
    tab.route("**/dashboard/live*", lambda route: route.fulfill(status=204))
    tab.goto(service)
    tab.locator("[data-section=events] a").first.focus()
    tab.unroute("**/dashboard/live*")
    tab.route("**/dashboard/live*", lambda route: route.fulfill(body=told, content_type="text/event-stream"))
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it hangs up and listens again
    tab.get_by_text("seen", exact=True).wait_for()
    assert tab.locator("[data-section=events] li").count() == 12
    tab.locator("[data-section=events] a").first.blur()
    tab.get_by_text("fresh", exact=True).wait_for()


def test_a_page_without_a_stream_asks_by_itself(tab: Page, service: str) -> None:
    tab.route("**/dashboard/live*", lambda route: route.fulfill(status=204))
    told = {"body": '{"jobs": "<p>by itself</p>"}', "headers": {"ETag": '"1"'}, "content_type": "application/json"}
    tab.route("**/dashboard/figures*", lambda route: route.fulfill(**told))  # type: ignore[arg-type]
    tab.goto(service)
    tab.get_by_text("by itself", exact=True).wait_for()
    assert tab.locator("#fresh").get_attribute("data-state") == "polled"


def test_a_lost_connection_is_said(tab: Page, service: str, faults: list[str]) -> None:
    tab.clock.install()
    tab.goto(service)
    tab.route("**/dashboard/*", lambda route: route.abort())
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
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
    lists = tab.locator("#content-main li div > a").evaluate_all("links => links.map(link => link.href)")
    assert len(lists) >= 10
    for address in lists:
        tab.goto(address)
        assert tab.locator("#changelist").count() == 1, address
        rows = tab.locator("#result_list tbody th a")
        if rows.count():
            rows.first.click()
            opened = tab.locator("body.change-form #content-main")
            gone = tab.get_by_text("Perhaps it was deleted?")  # a job's message is no more once a worker took it
            opened.or_(gone).first.wait_for()
            assert opened.count() or "brokermessage" in address, address


def test_the_api_pages_open(tab: Page, service: str) -> None:
    tab.goto(f"{service}/api/docs")
    tab.locator(".opblock-tag", has_text="audit").click()
    tab.get_by_text("/api/v1/audit/events", exact=True).first.wait_for()
    tab.get_by_text("Record an event, or several at once").wait_for()
    tab.locator(".opblock-summary").first.click()
    tab.get_by_text("Responses").first.wait_for()


def test_the_api_page_asks_as_who_is_logged_in_and_shows_a_command_for_a_key(tab: Page, service: str) -> None:
    tab.goto(f"{service}/api/docs")
    tab.get_by_role("link", name="make one").wait_for()
    tab.locator(".opblock-tag", has_text="schemacheck").click()
    tab.locator("#operations-schemacheck-schemacheck_validate_create").click()
    tab.get_by_role("button", name="Try it out").click()
    with tab.expect_response(lambda answer: answer.url.endswith("/schemacheck/validate")) as asked:
        tab.get_by_role("button", name="Execute").click()
    assert asked.value.status == 200
    command = tab.locator(".curl-command code").inner_text()
    assert "-H 'Authorization: Bearer YOUR_KEY'" in command
    assert "CSRF" not in command
    assert "Cookie" not in command


def test_the_api_page_is_dark_when_the_system_is_or_the_admins_theme(tab: Page, service: str) -> None:
    tab.goto(f"{service}/api/docs")
    for system, chosen, dark in [("dark", "auto", True), ("light", "auto", False), ("light", "dark", True)]:
        tab.emulate_media(color_scheme=system)  # type: ignore[arg-type]
        tab.evaluate("chosen => localStorage.setItem('theme', chosen)", chosen)
        tab.reload()
        tab.locator(".opblock-tag").first.wait_for()
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(16, 22, 28)" if dark else "rgb(245, 247, 249)"), (system, chosen)


@pytest.mark.skipif(not os.environ.get("SCREENSHOT"), reason="SCREENSHOT=1 renews docs/screenshot.png")
def test_the_readmes_screenshot(tab: Page, service: str) -> None:
    tab.goto(f"{service}/?range=24h")
    tab.get_by_role("button", name="Show these no more").click()
    tab.goto(f"{service}/?range=24h")
    # The demo's past is sealed within a minute.
    tab.locator(".wrong").get_by_text("audit-ledger").wait_for(state="detached", timeout=300_000)
    tab.wait_for_timeout(500)
    target = Path(ROOT) / "docs" / "screenshot.png"
    tab.screenshot(path=target, clip={"x": 0, "y": 0, "width": 1360, "height": 1000}, full_page=True)
    assert target.stat().st_size > 10_000
