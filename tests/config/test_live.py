"""Live streams: what is sent, who may watch, how many, and what all of them cost."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from config.serving import asgi, live, people, streams
from config.serving.live import LiveAnswer, Snapshot
from tests.patience import NEVER_SECONDS

LINES = {"sections": b"event: sections", "comment": b": still here", "stale": b"event: stale"}


class Browser:
    """One stream through the door, as a client sees it."""

    def __init__(self, session: str = "ann", *, seen: str = "", slow: bool = False, path: str = "/live") -> None:
        self.session, self.seen, self.slow, self.path = session, seen, slow, path
        self.status, self.headers, self.body = 0, dict[str, str](), b""
        self.is_over = False
        self.task: asyncio.Future[None]
        self._changed, self._left = asyncio.Condition(), asyncio.Event()
        self._asked = False

    def __await__(self) -> Any:
        return self.task.__await__()

    def open(self) -> "Browser":
        headers = [(b"cookie", f"sessionid={self.session}".encode()), (b"last-event-id", self.seen.encode())]
        scope = {"type": "http", "method": "GET", "path": self.path, "query_string": b"", "headers": headers}
        self.task = asyncio.ensure_future(asgi.application(scope, self._receive, self._send))
        return self

    async def _receive(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if self.slow and b"event:" in message.get("body", b""):
            await self._left.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")
            self.is_over = not message.get("more_body", False)
        async with self._changed:
            self._changed.notify_all()

    def leave(self) -> None:
        self._left.set()

    async def until(self, true: Callable[["Browser"], object]) -> None:
        async with asyncio.timeout(NEVER_SECONDS), self._changed:
            await self._changed.wait_for(lambda: true(self))

    async def hears(self, what: str, times: int = 1) -> None:
        await self.until(lambda me: me.body.count(LINES[what]) >= times)

    @property
    def told(self) -> list[dict[str, str]]:
        """The sections of each event."""
        lines = [line for line in self.body.decode().splitlines() if line.startswith("data: ")]
        return [json.loads(line.removeprefix("data: ")) for line in lines]


class Page:
    """What is watched; a test turns its pages."""

    def __init__(self) -> None:
        self.number, self.reads, self.threads = 1, 0, set[str]()
        self.failure: Exception | None = None

    def read(self, topic: str) -> Snapshot:
        self.reads += 1
        self.threads.add(threading.current_thread().name)
        if self.failure:
            raise self.failure
        sections = {"still": "as ever", "turned": f"page {self.number}"}
        return Snapshot(sections=sections, etag=f'"{self.number}"')


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Served at /live to whoever comes; looked at all the time."""
    made = Page()

    def site(environ: dict[str, Any], start: Callable[..., None]) -> Any:
        if environ["PATH_INFO"] != "/live":
            start("200 OK", [])
            return [b"an ordinary page"]
        session = environ["HTTP_COOKIE"].partition("=")[2]
        seen = environ.get("HTTP_LAST_EVENT_ID", "")
        answer = LiveAnswer(topic="day", seen=seen, read=made.read, session=session)
        start("204 No Content", [(name, value) for name, value in answer.items()])
        return answer

    monkeypatch.setattr(asgi, "site", site)
    monkeypatch.setattr(live, "BOARD", live.Board())
    monkeypatch.setattr(asgi, "BOARD", live.BOARD)
    monkeypatch.setattr(live, "READ_SECONDS", 0.01)
    monkeypatch.setattr(people, "welcome_sessions", set)
    yield made
    assert not live.BOARD.watchers, "whoever left is forgotten"


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


def test_a_stream_says_how_to_come_back_and_then_what_is_there(page: Page) -> None:
    async def scenario() -> None:
        browser = Browser().open()
        await browser.hears("sections")
        assert browser.status == 200
        assert browser.headers["content-type"] == "text/event-stream"
        assert browser.headers["x-accel-buffering"] == "no"
        assert browser.body.startswith(b"retry: 5000\n\n")
        assert b'id: "1"\n' in browser.body
        assert browser.told == [{"still": "as ever", "turned": "page 1"}]
        browser.leave()
        await browser

    run(scenario)


def test_only_what_changed_since_is_sent(page: Page) -> None:
    async def scenario() -> None:
        browser = Browser(seen='"1"').open()
        await browser.until(lambda me: page.reads > 2)
        assert browser.told == [], "it has seen this already"
        page.number = 2
        await browser.hears("sections")
        page.number = 3
        await browser.hears("sections", 2)
        assert browser.told == [{"turned": "page 2"}, {"turned": "page 3"}]
        browser.leave()
        await browser

    run(scenario)


def test_a_stream_on_which_nothing_happens_says_that_it_is_there(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "COMMENT_SECONDS", 0.01)

    async def scenario() -> None:
        browser = Browser(seen='"1"').open()
        await browser.hears("comment", 3)
        assert browser.told == []
        browser.leave()
        await browser

    run(scenario)


def test_a_thousand_watchers_take_one_thread_and_one_reading(page: Page) -> None:
    async def scenario() -> None:
        first = Browser("s0").open()
        await first.hears("sections")
        before = threading.active_count()
        others = [Browser(f"s{number}").open() for number in range(1, 1000)]
        for browser in others:
            await browser.hears("sections")
        assert threading.active_count() - before <= asgi.threads.everyday.most
        reads = page.reads
        page.number = 2
        for browser in [first, *others]:
            await browser.until(lambda me: me.told[-1].get("turned") == "page 2")
        assert page.threads == {"live_0"}
        assert page.reads - reads < 1000, "nobody reads for a single watcher"
        for browser in [first, *others]:
            browser.leave()
        await asyncio.gather(*(browser.task for browser in [first, *others]))

    run(scenario)


@pytest.mark.django_db(transaction=True)
def test_the_reading_thread_keeps_no_connection_between_two_looks(page: Page) -> None:
    read, found = page.read, []

    def look(topic: str) -> Snapshot:
        found.append(connection.connection is None or connection.is_in_memory_db())
        User.objects.exists()
        return read(topic)

    page.read = look  # type: ignore[method-assign]

    async def scenario() -> None:
        browser = Browser().open()
        await browser.hears("sections")
        page.number = 2
        await browser.hears("sections", 2)
        browser.leave()
        await browser

    run(scenario)
    assert len(found) >= 2
    assert all(found)


def test_nobody_reads_when_nobody_watches(page: Page) -> None:
    async def scenario() -> None:
        browser = Browser().open()
        await browser.hears("sections")
        browser.leave()
        await browser
        reading = live.BOARD._reading
        assert reading is not None
        async with asyncio.timeout(NEVER_SECONDS):
            await reading
        reads = page.reads
        again = Browser().open()
        await again.hears("sections")
        assert page.reads > reads
        again.leave()
        await again

    run(scenario)


def test_one_watcher_too_many_is_told_when_to_come_again(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_WATCHERS", 2)

    async def scenario() -> None:
        watchers = [Browser().open(), Browser().open()]
        for browser in watchers:
            await browser.hears("sections")
        refused = Browser().open()
        await refused
        assert (refused.status, refused.headers["retry-after"]) == (503, "30")
        assert json.loads(refused.body)["code"] == "unavailable"
        ordinary = Browser(path="/other").open()
        await ordinary
        assert ordinary.body == b"an ordinary page"
        watchers[0].leave()
        await watchers[0]
        fourth = Browser().open()
        await fourth.hears("sections")
        for browser in (watchers[1], fourth):
            browser.leave()
            await browser

    run(scenario)


def test_who_may_watch_no_more_is_sent_away_and_the_others_stay(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: set[str] = set()
    monkeypatch.setattr(people, "welcome_sessions", lambda keys: set(keys) - gone)

    async def scenario() -> None:
        ann, bob = Browser("ann").open(), Browser("bob").open()
        await ann.hears("sections")
        await bob.hears("sections")
        gone.add("ann")
        await ann
        assert ann.is_over
        page.number = 2
        await bob.hears("sections", 2)
        bob.leave()
        await bob

    run(scenario)


def test_when_the_service_stops_every_stream_ends_and_none_begins(page: Page) -> None:
    async def scenario() -> None:
        browsers = [Browser().open() for _ in range(3)]
        for browser in browsers:
            await browser.hears("sections")
        live.BOARD.close()
        for browser in browsers:
            await browser
            assert browser.is_over
        late = Browser().open()
        await late
        assert late.status == 503

    run(scenario)


def test_figures_that_cannot_be_read_are_said_to_be_old_until_they_can(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        browser = Browser().open()
        await browser.hears("sections")
        page.failure = RuntimeError("secret-word")
        await browser.hears("stale")
        page.failure = None
        await browser.hears("sections", 2)
        assert browser.body.count(LINES["stale"]) == 1
        browser.leave()
        await browser

    run(scenario)
    assert caplog.text.count("cannot be read") == 1
    assert "secret-word" not in caplog.text


def test_a_slow_reader_holds_up_nobody_and_in_the_end_loses_its_stream(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PATIENCE_SECONDS", 0.2)

    async def scenario() -> None:
        slow, quick = Browser(slow=True).open(), Browser().open()
        await quick.hears("sections")
        page.number = 2
        await quick.hears("sections", 2)
        await slow
        assert not slow.is_over
        quick.leave()
        await quick

    run(scenario)


@pytest.fixture
def signed_in(transactional_db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ann", password="a", is_staff=True))
    return client


def key_of(client: Client) -> str:
    return str(client.session.session_key)


def test_a_session_is_welcome_until_its_person_is_not(signed_in: Client) -> None:
    key = key_of(signed_in)
    ann = User.objects.get(username="ann")

    def change(**fields: Any) -> bool:
        User.objects.filter(pk=ann.pk).update(**fields)
        return people.welcome_sessions([key, "unknown"]) == {key}

    assert change()
    assert not change(is_active=False)
    assert not change(is_active=True, is_staff=False)
    assert change(is_staff=True)
    assert not change(password="another")
    assert change(password=ann.password)
    Session.objects.update(expire_date="2001-01-01T00:00:00Z")
    assert not change()


def test_a_thousand_sessions_are_looked_at_by_a_few_statements(
    signed_in: Client, django_assert_max_num_queries: Any
) -> None:
    data = Session.objects.get(session_key=key_of(signed_in))
    keys = [f"{number:032}" for number in range(1000)]
    Session.objects.bulk_create(
        Session(session_key=key, session_data=data.session_data, expire_date=data.expire_date) for key in keys
    )
    with django_assert_max_num_queries(8):
        assert people.welcome_sessions(keys) == set(keys)


def test_a_signed_out_persons_stream_of_the_dashboard_ends(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "READ_SECONDS", 0.01)
    monkeypatch.setattr(live, "BOARD", live.Board())
    monkeypatch.setattr(asgi, "BOARD", live.BOARD)
    key = key_of(signed_in)

    async def scenario() -> None:
        browser = Browser(key, path="/dashboard/live").open()
        await browser.hears("sections")
        assert {"health", "panel-permissions", "events", "jobs"} <= set(browser.told[0])
        assert "no-store" in browser.headers["cache-control"]
        assert "content-length" not in browser.headers, "a browser would take it for over"
        await asyncio.to_thread(Session.objects.all().delete)
        await browser
        assert browser.is_over

    run(scenario)


def test_where_nothing_streams_the_page_is_told_to_poll(signed_in: Client) -> None:
    answer = signed_in.get("/dashboard/live")
    assert (answer.status_code, answer.content) == (204, b"")
    assert signed_in.head("/dashboard/live").status_code == 204
