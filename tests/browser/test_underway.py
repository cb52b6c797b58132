"""A page of unfinished work becomes what it should be by itself, and never under the hands of its reader."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

LISTING = "/admin/audit/backuprun/"
DONE = re.compile(r'<span class="kit-badge kit-good">completed</span>')
RUNNING = '<span class="kit-badge kit-info" data-underway>running</span>'
NO_LONGER = {"status": 304}


class Backups:
    """The list of backups, whose newest one runs until it `is_done`."""

    def __init__(self, tab: Page, address: str) -> None:
        self.is_done = False
        self.asked = 0
        self.page = address + LISTING
        tab.route(self.page, self.answer)

    def answer(self, route: Route) -> None:
        self.asked += 1
        real = route.fetch()
        route.fulfill(response=real, body=real.text() if self.is_done else DONE.sub(RUNNING, real.text(), count=1))


@pytest.fixture
def backups(tab: Page, service: str) -> Backups:
    return Backups(tab, service)


def state(tab: Page, word: str) -> None:
    expect(tab.locator("#result_list tbody .kit-badge").first).to_have_text(word)


def test_it_shows_what_became_of_the_work_and_then_rests(tab: Page, backups: Backups) -> None:
    tab.goto(backups.page)
    status = tab.locator(".kit-underway[role=status]")
    expect(status).to_contain_text("Not finished yet")
    state(tab, "running")
    backups.is_done = True
    state(tab, "completed")
    expect(status).to_have_text("It is finished.")
    asked = backups.asked
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert backups.asked == asked, "nobody asks about what is over"


def test_nothing_changes_under_somebody_who_types(tab: Page, backups: Backups) -> None:
    tab.goto(backups.page)
    tab.locator("#searchbar").fill("hand")
    backups.is_done = True
    asked = backups.asked
    tab.wait_for_timeout(0)
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    state(tab, "running")
    assert backups.asked == asked
    expect(tab.locator("#searchbar")).to_be_focused()
    tab.locator("#searchbar").blur()
    state(tab, "completed")
    expect(tab.locator("#searchbar")).to_have_value("hand")


def test_rows_that_are_chosen_stay_chosen(tab: Page, backups: Backups) -> None:
    tab.goto(backups.page)
    chosen = tab.locator("#result_list .action-select").first
    chosen.check()
    chosen.blur()
    backups.is_done = True
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    state(tab, "running")
    expect(chosen).to_be_checked()
    chosen.uncheck()
    chosen.blur()
    state(tab, "completed")


def test_what_is_open_stays_open(tab: Page, backups: Backups) -> None:
    tab.goto(backups.page)
    kind = tab.locator("details.filter").first
    kind.locator("summary").click()
    backups.is_done = True
    state(tab, "completed")
    expect(kind).to_have_attribute("open", "")
    expect(kind.locator("summary")).to_be_focused()


def test_a_tab_that_slept_asks_when_it_is_looked_at_again(tab: Page, backups: Backups) -> None:
    tab.clock.install()
    tab.goto(backups.page)
    tab.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    asked = backups.asked
    tab.clock.run_for(3_600_000)
    assert backups.asked == asked
    backups.is_done = True
    tab.evaluate("delete document.hidden")
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    state(tab, "completed")


def test_it_gives_up_when_there_is_no_news_and_says_so(tab: Page, backups: Backups) -> None:
    tab.clock.install()
    tab.goto(backups.page)
    tab.route(backups.page, lambda route: route.fulfill(**NO_LONGER))  # type: ignore[arg-type]
    tab.clock.fast_forward(16 * 60_000)
    expect(tab.locator(".kit-underway")).to_contain_text("Nothing happened for 15 minutes. Reload the page")


def test_a_lost_service_is_said(tab: Page, backups: Backups, faults: list[str]) -> None:
    tab.clock.install()
    tab.goto(backups.page)
    tab.route(backups.page, lambda route: route.abort())
    tab.clock.run_for(2_000)
    expect(tab.locator(".kit-underway")).to_have_text("No answer; trying again.")
    tab.unroute(backups.page)
    tab.clock.run_for(60_000)
    expect(tab.locator(".kit-underway")).to_have_text("It is finished.")
    assert all("ERR_FAILED" in fault for fault in faults)
    faults.clear()
