"""A page of unfinished work becomes what it should be by itself, and never under the hands of its reader."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

LISTING = "/admin/prompts/run/"
DONE = re.compile(r'<span class="kit-badge kit-info">finished</span>')
RUNNING = '<span class="kit-badge kit-wait" data-underway>running</span>'
NO_LONGER = {"status": 304}


class Runs:
    """The list of test runs, of which one is not over until it `is_done`."""

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
def runs(tab: Page, service: str) -> Runs:
    return Runs(tab, service)


def state(tab: Page, word: str) -> None:
    expect(tab.locator("#result_list .field-status_shown .kit-badge").first).to_have_text(word)


def test_it_shows_what_became_of_the_work_and_then_rests(tab: Page, runs: Runs) -> None:
    tab.goto(runs.page)
    status = tab.locator(".kit-underway[role=status]")
    expect(status).to_contain_text("Not finished yet")
    state(tab, "running")
    runs.is_done = True
    state(tab, "finished")
    expect(status).to_have_text("It is finished.")
    asked = runs.asked
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert runs.asked == asked, "nobody asks about what is over"


def test_nothing_changes_under_somebody_who_types(tab: Page, runs: Runs) -> None:
    tab.goto(runs.page)
    tab.locator("#searchbar").fill("keys")
    runs.is_done = True
    asked = runs.asked
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    state(tab, "running")
    assert runs.asked == asked
    expect(tab.locator("#searchbar")).to_be_focused()
    tab.locator("#searchbar").blur()
    state(tab, "finished")
    expect(tab.locator("#searchbar")).to_have_value("keys")


def test_rows_that_are_chosen_stay_chosen(tab: Page, runs: Runs) -> None:
    tab.goto(runs.page)
    chosen = tab.locator("#result_list .action-select").first
    chosen.check()
    chosen.blur()
    runs.is_done = True
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    state(tab, "running")
    expect(chosen).to_be_checked()
    chosen.uncheck()
    chosen.blur()
    state(tab, "finished")


def test_what_is_open_stays_open(tab: Page, runs: Runs) -> None:
    tab.goto(runs.page)
    kind = tab.locator("details.filter").first
    kind.locator("summary").click()
    runs.is_done = True
    state(tab, "finished")
    expect(kind).to_have_attribute("open", "")
    expect(kind.locator("summary")).to_be_focused()


def test_a_tab_that_slept_asks_when_it_is_looked_at_again(tab: Page, runs: Runs) -> None:
    tab.clock.install()
    tab.goto(runs.page)
    tab.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    asked = runs.asked
    tab.clock.run_for(3_600_000)
    assert runs.asked == asked
    runs.is_done = True
    tab.evaluate("delete document.hidden")
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    state(tab, "finished")


def test_it_gives_up_when_there_is_no_news_and_says_so(tab: Page, runs: Runs) -> None:
    tab.clock.install()
    tab.goto(runs.page)
    tab.route(runs.page, lambda route: route.fulfill(**NO_LONGER))  # type: ignore[arg-type]
    tab.clock.fast_forward(16 * 60_000)
    expect(tab.locator(".kit-underway")).to_contain_text("Nothing happened for 15 minutes. Reload the page")


def test_a_lost_service_is_said(tab: Page, runs: Runs, faults: list[str]) -> None:
    tab.clock.install()
    tab.goto(runs.page)
    tab.route(runs.page, lambda route: route.abort())
    tab.clock.run_for(2_000)
    expect(tab.locator(".kit-underway")).to_have_text("No answer; trying again.")
    tab.unroute(runs.page)
    tab.clock.run_for(60_000)
    expect(tab.locator(".kit-underway")).to_have_text("It is finished.")
    assert all("ERR_FAILED" in fault for fault in faults)
    faults.clear()
