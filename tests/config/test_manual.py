"""The manual under /docs/: for whom it is, that every document has its place, and what a page is made of."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from config.pages.manual.chapters import INDEX, Chapter, chapters
from config.pages.manual.rendering import place_of, rendered, sections
from config.pages.manual.search import nearest, search

pytestmark = pytest.mark.django_db
ROOT = Path(configured.BASE_DIR)
ALL = list(chapters().values())


@pytest.fixture
def person(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


class Links(HTMLParser):
    """Where a page's links lead, and which ids it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            self.hrefs.append(str(found["href"]))
        if found.get("id"):
            self.ids.append(str(found["id"]))


# For whom


def test_without_a_key_or_login_a_browser_is_led_to_the_login(client: Client) -> None:
    assert client.get("/docs/").headers["Location"] == "/admin/login/?next=/docs/"
    assert client.get("/docs/operating").headers["Location"] == "/admin/login/?next=/docs/operating"


def test_a_login_and_a_key_for_reading_are_enough(person: Client, reader: APIClient) -> None:
    for who in (person, reader):
        assert who.get("/docs/operating").status_code == 200


def test_a_wrong_key_is_refused_even_where_all_may_read(client: Client, settings: Any) -> None:
    for is_open in (False, True):
        settings.API_DOCS_OPEN = is_open
        assert client.get("/docs/", headers={"Authorization": "Bearer hr_wrong"}).status_code == 401


def test_a_login_that_may_not_enter_the_admin_is_not_enough(client: Client) -> None:
    client.force_login(User.objects.create_user("visitor"))
    assert client.get("/docs/").status_code == 302


def test_anybody_may_read_it_when_the_operator_says_so(client: Client, settings: Any) -> None:
    settings.API_DOCS_OPEN = True
    assert client.get("/docs/operating").status_code == 200


def test_it_is_only_read(person: Client) -> None:
    assert person.post("/docs/operating").status_code == 405


# The book


def test_every_document_has_its_place_in_the_index() -> None:
    documents = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert documents <= set(chapters()), f"docs/index.md does not list {documents - set(chapters())}."


@pytest.mark.parametrize("chapter", ALL, ids=lambda chapter: chapter.path)
def test_every_chapter_opens_and_each_of_its_links_leads_to_a_place(person: Client, chapter: Chapter) -> None:
    answer = person.get(chapter.url)
    assert answer.status_code == 200
    for href in Links(rendered(chapter).at("http://here", "manage")).hrefs:
        path, _, anchor = href.partition("#")
        if href.startswith("http"):
            continue
        led = next((item for item in ALL if item.url == path), None) if path else chapter
        assert led is not None, href
        assert not anchor or anchor in Links(rendered(led).at("http://here", "manage")).ids, f"{chapter.path}: {href}"


def test_the_index_leads_to_each_chapter(person: Client) -> None:
    page = Links(person.get("/docs/").content.decode())
    assert {chapter.url for chapter in ALL} <= set(page.hrefs)


def test_a_chapter_that_is_not_there_is_said_and_so_is_a_manual_that_was_not_shipped(
    person: Client, settings: Any, tmp_path: Path
) -> None:
    assert person.get("/docs/nothing").status_code == 404
    assert person.get("/docs/../manage.py").status_code == 404
    settings.BASE_DIR = tmp_path
    chapters.cache_clear()
    try:
        assert person.get("/docs/").status_code == 404
    finally:
        chapters.cache_clear()


# A page


def test_commands_name_the_address_the_reader_came_by(person: Client) -> None:
    page = person.get("/docs/readme", headers={"host": "localhost:9123"}).content.decode()
    assert "http://localhost:9123/mcp" in page
    assert "127.0.0.1:8000" not in page
    assert "-p 127.0.0.1:8000:8000" in person.get("/docs/installing").content.decode()
    plain = person.get("/docs/readme.md", headers={"host": "localhost:9123"})
    assert plain.headers["Content-Type"].startswith("text/markdown")
    assert "API=http://localhost:9123/api/v1" in plain.content.decode()


def test_commands_are_those_of_this_installation(person: Client, client: Client, settings: Any) -> None:
    settings.COMMAND = "DATA_DIR=/d /h/python /h/manage.py"
    for path, line in (
        ("audit-permissions", "DATA_DIR=/d /h/python /h/manage.py rules posture balanced"),
        ("audit-permissions", "&quot;DATA_DIR=/d /h/python /h/manage.py hook claude&quot;"),
        ("backups", "DATA_DIR=/d /h/python /h/manage.py backup create --verify"),
        ("schemacheck-projects", "DATA_DIR=/d /h/python /h/manage.py schemacheck --django manage.py"),
        ("installing", "docker compose exec handrail handrail"),
        ("schemacheck-django", "run: python manage.py schemacheck"),
    ):
        assert line in person.get(f"/docs/{path}").content.decode(), f"{path}: {line}"
    assert "/h/manage.py hook claude" in person.get("/docs/audit-permissions.md").content.decode()
    settings.API_DOCS_OPEN = True
    assert "/h/manage.py" not in client.get("/docs/backups").content.decode(), "who is unknown learns no paths"


def test_no_document_spells_our_command_in_a_way_of_its_own() -> None:
    """In a block it is one spelling, which a page replaces; or the command `handrail` of an installation."""
    own = re.compile(r"^ {4}(?:\$ )?(?:python3? )?(?:\./)?manage\.py ", re.MULTILINE)
    assert [chapter.path for chapter in ALL if own.search(chapter.text)] == []


@pytest.mark.parametrize("chapter", ALL, ids=lambda chapter: chapter.path)
def test_a_page_keeps_the_policy_and_asks_nobody_else(person: Client, chapter: Chapter) -> None:
    answer = person.get(chapter.url)
    page = re.sub(r"<pre.*?</pre>|<code.*?</code>", "", answer.content.decode(), flags=re.DOTALL)
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|\son\w+=|<style", page)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    assert all(source.startswith("/") for source in re.findall(r'\ssrc="([^"]+)"', page))


def test_what_a_document_shows_of_html_stays_text(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "x.md").write_text("# <b>A</b>\n\n<script>alert(1)</script>\n\n`<i>`\n\n```\n<u>\n```\n")
    shown = rendered(Chapter(path="x.md", title="X")).html
    assert not re.search(r"<(b|script|i|u)>", shown)
    assert "&lt;u&gt;" in shown


def test_two_headings_of_one_text_have_anchors_of_their_own(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "y.md").write_text("# A `b`, c!\n\n## Same\n\n## Same\n")
    page = rendered(Chapter(path="y.md", title="Y"))
    assert [heading.anchor for heading in page.headings] == ["a-b-c", "same", "same-1"]


def test_the_page_of_a_link_without_a_page_keeps_its_words(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "z.md").write_text("See [the licence](LICENSE) and [operating](docs/operating.md#keys).\n")
    shown = rendered(Chapter(path="z.md", title="Z")).html
    assert "See the licence and" in shown
    assert '<a href="/docs/operating#keys">operating</a>' in shown


def test_a_page_of_a_tool_leads_to_the_place_that_explains() -> None:
    assert place_of("docs/schemacheck-rules.md", "drop-column") == "/docs/schemacheck-rules#drop-column"
    assert place_of("docs/schemacheck-rules.md", "undefined-type") == "/docs/schemacheck-rules"
    assert place_of("docs/nothing.md", "drop-column") == ""


# Search


def test_words_find_the_section_that_has_them_all(person: Client) -> None:
    first = search("redis rabbitmq")[0]
    assert (first.chapter.path, first.heading.text) == ("docs/operating.md", "Redis or RabbitMQ")
    page = person.get("/docs/", {"q": "redis rabbitmq"}).content.decode()
    assert 'href="/docs/operating#redis-or-rabbitmq"' in page
    assert "<mark>" in page


def test_a_mistyped_word_is_taken_for_the_one_that_is_near(person: Client) -> None:
    assert search("postgres datbase") == []
    page = person.get("/docs/", {"q": "postgres datbase"}).content.decode()
    assert 'with "postgres database"' in page
    assert 'The manual does not have "postgres datbase".' in html.unescape(page)
    assert "<mark>database</mark>" in page.casefold()
    assert nearest("postgres database") == "", "which it has"
    assert nearest("postgres zzzzzz") == "", "and of nothing near nothing is made"


def test_a_search_for_nothing_that_is_there_says_what_to_do(person: Client) -> None:
    assert search("   ") == []
    page = person.get("/docs/", {"q": "<script>zebra</script>"}).content.decode()
    assert "<script>zebra" not in page
    assert "Every word must occur" in page


def test_every_heading_of_the_book_is_found_by_its_own_words() -> None:
    for chapter in ALL:
        for section in sections(chapter):
            if chapter.path != INDEX and section.heading.level < 3:
                assert search(section.heading.text), section.heading
