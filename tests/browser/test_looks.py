"""Every page as its readers have it: light, dark, on a phone, by keyboard, by screen reader.

SCREENSHOTS=FOLDER also writes a picture of each.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.contrib import admin
from playwright.sync_api import Browser, Page

import config.urls  # noqa: F401 -- which loads every table's page
from tests.browser.running import logged_in, served

FOLDER = os.environ.get("SCREENSHOTS", "")
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
ASKED = [("light", 1280), ("dark", 390)]
"""Which axe is asked of: each theme and each width once, as it takes the longest."""
TABLES = sorted(f"{model._meta.app_label}/{model._meta.model_name}" for model in admin.site._registry)
OTHERS = [
    "/",
    "/api/docs",
    "/docs/",
    "/docs/audit",
    "/docs/?q=rule",
    "/admin/",
    "/admin/audit/",
    "/admin/config/",
    "/admin/password_change/",
]


@cache
def axe() -> str:
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("axe-core is not here: pip install -r requirements-dev.txt")
    return (Path(found.origin).parent / "axe.min.js").read_text()


def look(tab: Page, name: str) -> None:
    """The page that is open, in every look: whole within the window, and open to everybody."""
    wrong = []
    tab.evaluate(axe())
    for scheme, width in LOOKS:
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        tab.set_viewport_size({"width": width, "height": 900})
        where = f"{name} {scheme} {width}"
        if (wide := tab.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append(f"{where}: scrolls sideways, {wide} pixels")
        if (scheme, width) in ASKED:
            wrong += [f"{where}: {rule}: {target}: {why}" for rule, target, why in tab.evaluate(RUN_AXE)]
        if FOLDER:
            shot = f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-') or 'dashboard'}-{scheme}-{width}.png"
            tab.screenshot(path=Path(FOLDER) / shot, full_page=True)
    assert not wrong, "\n".join(wrong)


# Swagger UI draws its operations itself; what is ours there is the header around it.
RUN_AXE = """async () => (await axe.run(
    {exclude: ["#swagger-ui"]}, {preload: false, resultTypes: ["violations"]}
)).violations.flatMap((found) => found.nodes.map((node) => [found.id, node.target.join(" "), node.failureSummary]))"""


@pytest.mark.parametrize("path", OTHERS)
def test_a_page_suits_every_reader(tab: Page, service: str, path: str) -> None:
    tab.goto(service + path)
    if path == "/api/docs":
        tab.locator(".opblock-tag").first.wait_for()
    look(tab, path)


@pytest.mark.parametrize("path", ["/nosuch", "/docs/nosuch", "/admin/nosuch/"])
def test_who_is_lost_sees_where_they_are_and_a_way_on(tab: Page, service: str, path: str, faults: list[str]) -> None:
    tab.goto(service + path)
    assert {fault for fault in faults if "404" not in fault} == set()
    faults.clear()
    tab.get_by_role("heading", name="Nothing is here").wait_for()
    tab.get_by_role("searchbox", name="Search the manual").wait_for()
    look(tab, f"lost {path}")
    tab.get_by_role("main").get_by_role("link", name="Dashboard").click()
    tab.locator("#health-title").wait_for()


@pytest.mark.parametrize("table", TABLES)
def test_the_pages_of_a_table_suit_every_reader(tab: Page, service: str, table: str) -> None:
    listing = f"{service}/admin/{table}/"
    tab.goto(listing)
    look(tab, table)
    tab.goto(f"{listing}?pk__lt={0 if _is_numbered(table) else '00000000-0000-0000-0000-000000000000'}")
    tab.locator(".kit-empty").wait_for()
    look(tab, f"{table} nothing found")
    if (tab.request.get(f"{listing}add/")).ok:
        tab.goto(f"{listing}add/")
        look(tab, f"{table} add")
    tab.goto(listing)
    rows = tab.locator("#result_list tbody th a")
    if rows.count():
        rows.first.click()
        tab.locator("body.change-form #content-main").wait_for()
        look(tab, f"{table} row")
        asking = tab.locator("details.move form").evaluate_all("forms => forms.map(form => form.action)")
        tab.locator("a.historylink").click()
        tab.wait_for_load_state()
        look(tab, f"{table} history")
        for address in asking:
            tab.goto(address)
            look(tab, f"{table} {address.split('/')[-2]}")


def _is_numbered(table: str) -> bool:
    model = next(
        model for model in admin.site._registry if f"{model._meta.app_label}/{model._meta.model_name}" == table
    )
    return model._meta.pk.get_internal_type().endswith("AutoField")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service where nothing has happened; its address."""
    with served(tmp_path_factory.mktemp("bare"), demo=False) as address:
        yield address


def test_the_pages_of_a_new_service_suit_every_reader(chromium: Browser, bare: str) -> None:
    faults: list[str] = []
    context = chromium.new_context(storage_state=logged_in(chromium, bare))  # type: ignore[arg-type]
    tab = context.new_page()
    tab.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    for path in ["/", "/admin/", *(f"/admin/{table}/" for table in TABLES)]:
        tab.goto(bare + path)
        look(tab, f"new {path}")
    context.close()
    assert faults == []


def test_the_login_suits_every_reader(chromium: Browser, service: str) -> None:
    context = chromium.new_context()
    tab = context.new_page()
    tab.goto(f"{service}/admin/login/")
    look(tab, "login")
    tab.fill("#id_username", "admin")
    tab.fill("#id_password", "wrong")
    tab.click("input[type=submit]")
    look(tab, "login refused")
    context.close()
