"""The ASGI door: what a WSGI site sees of an ASGI request, and how its answer travels."""

import asyncio
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from django.conf import settings
from django.http import StreamingHttpResponse

from config.serving import asgi, bodies, streams, threads
from config.serving.streams import STREAMS, ClientGone, Stream

Site = Callable[[dict[str, Any], Callable[..., None]], Any]


def ask(
    path: str = "/",
    *,
    method: str = "GET",
    body: list[bytes] | None = None,
    headers: list[tuple[str, str]] | None = None,
) -> tuple[int, dict[str, str], bytes, int]:
    """One request through the door: status, headers, body, number of body messages."""
    framing = [("transfer-encoding", "chunked")] if body else []
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body or []]
    parts.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        if parts:
            return parts.pop(0)
        return await asyncio.Event().wait()  # the client stays

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path.partition("?")[0],
        "query_string": path.partition("?")[2].encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in [*framing, *(headers or [])]],
        "client": ("10.0.0.9", 5),
        "server": ("handrail.example", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    asyncio.run(asgi.application(scope, receive, send))
    start, bodies = sent[0], sent[1:]
    found = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    assert [message.get("more_body", False) for message in bodies][-1] is False
    return start["status"], found, b"".join(message.get("body", b"") for message in bodies), len(bodies)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, db: None) -> Callable[[Site], None]:
    """Takes a site's place. Threads that answered before may have a database open, which each answer looks at."""

    def use(made: Site) -> None:
        monkeypatch.setattr(asgi, "site", made)

    return use


def test_the_site_sees_the_request_as_wsgi_has_it(site: Callable[[Site], None]) -> None:
    seen: dict[str, Any] = {}

    def echo(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        seen.update(environ)
        start("201 Created", [("X-Made", "yes"), ("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read()]

    site(echo)
    status, headers, body, _ = ask(
        "/caf\u00e9?a=%20b",
        method="POST",
        body=[b"one ", b"two"],
        headers=[
            ("content-type", "text/x"),
            ("content-length", "999"),
            ("x-two", "a"),
            ("x-two", "b"),
            ("cookie", "c=1"),
            ("cookie", "d=2"),
            ("x_spoofed", "evil"),
        ],
    )
    assert (status, headers["x-made"], body) == (201, "yes", b"one two")
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/caf\u00e9"
    assert seen["QUERY_STRING"] == "a=%20b"
    assert seen["CONTENT_LENGTH"] == "7"  # what came, not what was said
    assert seen["CONTENT_TYPE"] == "text/x"
    assert seen["HTTP_X_TWO"] == "a,b"
    assert seen["HTTP_COOKIE"] == "c=1; d=2"
    assert "HTTP_X_SPOOFED" not in seen
    assert seen["REMOTE_ADDR"] == "10.0.0.9"


def test_a_request_that_announces_no_body_is_answered_without_waiting_for_one(site: Callable[[Site], None]) -> None:
    def echo(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        start("200 OK", [])
        return [environ["wsgi.input"].read()]

    async def scenario(*headers: tuple[bytes, bytes]) -> tuple[bytes, int]:
        asked, sent = [], []

        async def receive() -> Any:
            asked.append("body")
            return {"type": "http.request", "body": b"sent", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
        await asgi.application(scope, receive, send)
        return sent[1]["body"], len(asked)

    site(echo)
    assert asyncio.run(scenario()) == (b"", 0)
    assert asyncio.run(scenario((b"content-length", b"4"))) == (b"sent", 1)
    assert asyncio.run(scenario((b"transfer-encoding", b"chunked"))) == (b"sent", 1)


def test_a_body_over_the_limit_is_read_on_but_kept_only_one_byte_too_far(site: Callable[[Site], None]) -> None:
    lengths = []

    def measure(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        lengths.append((environ["CONTENT_LENGTH"], len(environ["wsgi.input"].read())))
        start("413 Too large", [])
        return [b""]

    site(measure)
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    part = b"x" * (1024 * 1024)
    assert ask(method="POST", body=[part] * 20)[0] == 413
    assert lengths == [(str(20 * len(part)), limit + 1)]


def test_a_stream_is_made_and_closed_in_one_thread_and_sent_piece_by_piece(site: Callable[[Site], None]) -> None:
    threads = set()

    def numbers() -> Iterator[str]:
        try:
            for number in range(5):
                threads.add(threading.get_ident())
                yield f"{number} "
        finally:
            threads.add(threading.get_ident())

    def stream(environ: dict[str, Any], start: Callable[..., None]) -> StreamingHttpResponse:
        start("200 OK", [])
        return StreamingHttpResponse(numbers())

    site(stream)
    status, _, body, messages = ask()
    assert (status, body, messages) == (200, b"0 1 2 3 4 ", 6)
    assert len(threads) == 1


def test_a_client_that_leaves_ends_the_stream(site: Callable[[Site], None]) -> None:
    closed = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"more"
        finally:
            closed.set()

    def stream(environ: dict[str, Any], start: Callable[..., None]) -> StreamingHttpResponse:
        start("200 OK", [])
        return StreamingHttpResponse(endless())

    site(stream)

    async def scenario() -> None:
        left = asyncio.Event()
        messages = [{"type": "http.request", "body": b"", "more_body": False}]
        sent = 0

        async def send(message: Any) -> None:
            nonlocal sent
            sent += 1
            if sent > 3:
                left.set()

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
        await asgi.application(scope, receive, send)

    asyncio.run(scenario())
    assert closed.is_set()


def _waiting_stream(entered: threading.Semaphore, release: threading.Event) -> Site:
    def pieces() -> Iterator[bytes]:
        entered.release()
        release.wait(240)
        yield b"piece"

    def stream(environ: dict[str, Any], start: Callable[..., None]) -> Any:
        if environ["PATH_INFO"] != "/export":
            start("200 OK", [])
            return [b"answer"]
        start("200 OK", [])
        return StreamingHttpResponse(pieces())

    return stream


def test_streams_have_a_share_of_the_threads_and_the_others_go_on(site: Callable[[Site], None]) -> None:
    entered, release = threading.Semaphore(0), threading.Event()
    site(_waiting_stream(entered, release))
    with ThreadPoolExecutor(STREAMS + 1) as clients:
        readers = [clients.submit(ask, "/export") for _ in range(STREAMS)]
        for _ in readers:
            assert entered.acquire(timeout=240)
        status, headers, body, _ = ask("/export")
        assert (status, headers["retry-after"]) == (503, "30")
        assert json.loads(body)["code"] == "unavailable"
        assert ask("/other")[2] == b"answer"
        release.set()
        assert [reader.result(60)[2] for reader in readers] == [b"piece"] * STREAMS
        assert clients.submit(ask, "/export").result(60)[0] == 200  # every share came back


def test_the_live_answer_needs_none_of_the_threads(site: Callable[[Site], None]) -> None:
    release, entered = threading.Event(), threading.Semaphore(0)

    def hang(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        entered.release()
        release.wait(240)
        start("200 OK", [])
        return [b""]

    site(hang)
    everyone = threads.everyday.most
    with ThreadPoolExecutor(everyone) as clients:
        for _ in range(everyone):
            clients.submit(ask, "/any")
        for _ in range(everyone):
            assert entered.acquire(timeout=240)
        assert ask("/health/live")[::2] == (200, b"ok")
        assert ask("/health/live", method="HEAD")[::2] == (200, b"")
        assert ask("/health/live", method="POST")[0] == 405
        ready = clients.submit(ask, "/health/ready")  # has threads of its own
        release.set()
        assert ready.result(60)[0] == 200


def test_large_requests_wait_for_their_like_and_the_others_go_on(site: Callable[[Site], None]) -> None:
    release, entered = threading.Event(), threading.Semaphore(0)

    def check(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        if environ["PATH_INFO"] == "/check":
            entered.release()
            release.wait(240)
        start("200 OK", [])
        return [b"answer"]

    site(check)
    large = [b"x" * (bodies.SMALL_BYTES + 1)]
    most = threads.LARGE_AT_ONCE + threads.LARGE_WAITING
    with ThreadPoolExecutor(most) as clients:
        senders = [clients.submit(ask, "/check", method="POST", body=large) for _ in range(most)]
        for _ in range(threads.LARGE_AT_ONCE):
            assert entered.acquire(timeout=240)
        assert ask("/other")[2] == b"answer"  # `most` is more than there are threads for the everyday
        assert ask("/other", body=large)[2] == b"answer"  # what is asked by GET is not in the body
        while threads._places._value:
            time.sleep(0.01)
        status, headers, body, _ = ask("/check", method="POST", body=large)
        assert (status, headers["retry-after"], json.loads(body)["code"]) == (503, "10", "unavailable")
        assert not entered.acquire(timeout=0.1)
        release.set()
        assert [sender.result(60)[0] for sender in senders] == [200] * most
    assert ask("/check", method="POST", body=large)[0] == 200  # every place came back


def test_who_reads_a_large_answer_slowest_loses_it_once_too_many_are_held(
    site: Callable[[Site], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_HELD_BYTES", 1_000_000)

    def page(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        start("200 OK", [])
        return [b"x" * 400_000]

    async def stays() -> Any:
        return await asyncio.Event().wait()

    async def scenario() -> list[bool]:
        begun, go_on = asyncio.Semaphore(0), asyncio.Event()

        async def read() -> bool:
            parts = [{"type": "http.request", "body": b"", "more_body": False}]
            got = 0

            async def receive() -> Any:
                return parts.pop() if parts else await stays()

            async def send(message: Any) -> None:
                nonlocal got
                if not got and message.get("body"):
                    begun.release()
                    await go_on.wait()
                got += len(message.get("body", b""))

            scope = {"type": "http", "method": "GET", "path": "/page", "query_string": b"", "headers": []}
            await asgi.application(scope, receive, send)
            return got == 400_000

        readers = []
        for _ in range(5):
            readers.append(asyncio.ensure_future(read()))
            await begun.acquire()
        done, _ = await asyncio.wait(readers[:3], timeout=240)
        assert len(done) == 3
        go_on.set()
        return list(await asyncio.gather(*readers))

    site(page)
    assert asyncio.run(scenario()) == [False, False, False, True, True]
    assert not streams._held


class TestPatience:
    """How long a stream waits for its client, with the event loop in a thread of its own."""

    @pytest.fixture
    def loop(self) -> Iterator[asyncio.AbstractEventLoop]:
        made = asyncio.new_event_loop()
        thread = threading.Thread(target=made.run_forever)
        thread.start()
        yield made
        made.call_soon_threadsafe(made.stop)
        thread.join()
        made.close()

    def stream(self, loop: asyncio.AbstractEventLoop, seconds: float) -> Stream:
        async def send(message: Any) -> None:
            await asyncio.sleep(seconds)

        async def receive() -> Any:
            return await asyncio.Event().wait()

        return Stream(loop, receive, send)

    def test_it_ends_with_a_client_that_reads_nothing(
        self, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streams, "PATIENCE_SECONDS", 0.05)
        stream = self.stream(loop, 60)
        with pytest.raises(ClientGone):
            stream.send({"type": "http.response.body", "body": b"x", "more_body": True})
        stream.loop.call_soon_threadsafe(stream.end)

    def test_it_ends_with_a_client_that_only_trickles(
        self, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streams, "PATIENCE_SECONDS", 1.0)
        stream = self.stream(loop, 0.3)  # each piece in time, all of them never
        with pytest.raises(ClientGone):
            for _ in range(100):
                stream.send({"type": "http.response.body", "body": b"x", "more_body": True})
        stream.loop.call_soon_threadsafe(stream.end)

    def test_it_goes_on_for_a_client_that_takes_much(
        self, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streams, "PATIENCE_SECONDS", 60.0)
        stream = self.stream(loop, 0.01)
        for _ in range(20):
            stream.send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
        assert stream._patience > 60
        stream.loop.call_soon_threadsafe(stream.end)


class TestBodies:
    def body(self, *parts: bytes, whole: bool = True) -> Any:
        messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if whole:
            messages.append({"type": "http.request", "body": b"", "more_body": False})

        async def receive() -> Any:
            return messages.pop(0) if messages else await asyncio.Event().wait()

        return receive

    def test_all_of_them_together_are_bounded_and_small_ones_still_find_room(self, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = large = bodies.SMALL_BYTES * 2

        async def scenario() -> None:
            async with AsyncExitStack() as held:
                for _ in range(bodies.HELD_BODIES):
                    await held.enter_async_context(bodies.held_body(self.body(b"x" * large)))
                with pytest.raises(bodies.TooManyBodies) as refused:
                    await bodies.read_body(self.body(b"x" * large))
                assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "5"})
                assert await bodies.read_body(self.body(b"small")) == (b"small", 5)
            assert await bodies.read_body(self.body(b"x" * large)) == (b"x" * large, large)
            assert bodies._held == 0

        asyncio.run(scenario())

    def test_what_came_earns_the_rest_more_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 60.0)

        async def scenario() -> float:
            async with asyncio.timeout(60) as bound:
                began = bound.when() or 0
                await bodies._read(self.body(b"x" * bodies.SLOWEST_BYTES_PER_SECOND * 9), bytearray(), bound)
                return (bound.when() or 0) - began

        assert asyncio.run(scenario()) == pytest.approx(9)


def test_a_file_travels_in_large_blocks(site: Callable[[Site], None]) -> None:
    def send_file(environ: dict[str, Any], start: Callable[..., None]) -> FileWrapper:
        start("200 OK", [])
        wrapped: FileWrapper = environ["wsgi.file_wrapper"](io.BytesIO(b"x" * 200_000), 4096)
        return wrapped

    site(send_file)
    status, _, body, messages = ask()
    assert (status, len(body), messages) == (200, 200_000, 5)


def test_any_number_of_slow_readers_of_files_hold_no_thread_and_no_share_of_the_streams(
    site: Callable[[Site], None],
) -> None:
    """A page asks for a dozen files at once; whoever reads one slowly costs nobody else an answer."""
    readers, closed = settings.WEB_THREADS + STREAMS + 5, []

    class Kept(io.BytesIO):
        def close(self) -> None:
            closed.append(self)
            super().close()

    def send_file(environ: dict[str, Any], start: Callable[..., None]) -> FileWrapper:
        start("200 OK", [])
        wrapped: FileWrapper = environ["wsgi.file_wrapper"](Kept(b"x" * 100_000), 4096)
        return wrapped

    async def stays() -> Any:
        return await asyncio.Event().wait()

    async def scenario() -> list[int]:
        begun, go_on = asyncio.Semaphore(0), asyncio.Event()
        sizes = []

        async def read() -> None:
            size = 0

            async def send(message: Any) -> None:
                nonlocal size
                size += len(message.get("body", b""))
                if size and not go_on.is_set():
                    begun.release()
                    await go_on.wait()

            parts = iter([{"type": "http.request", "body": b"", "more_body": False}])
            scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
            await asgi.application(scope, lambda: _next(parts, stays), send)
            sizes.append(size)

        tasks = [asyncio.create_task(read()) for _ in range(readers)]
        for _ in range(readers):  # all of them are in the middle of their file
            await begun.acquire()
        go_on.set()
        await asyncio.gather(*tasks)
        return sizes

    site(send_file)
    assert asyncio.run(scenario()) == [100_000] * readers
    assert len(closed) == readers


async def _next(parts: Any, otherwise: Any) -> Any:
    for part in parts:
        return part
    return await otherwise()


def test_other_protocols_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="lifespan"):
        asyncio.run(asgi.application({"type": "lifespan"}, None, None))  # type: ignore[arg-type]


def test_the_mcp_path_stays_on_the_event_loop(site: Callable[[Site], None], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["path"], threading.current_thread() is threading.main_thread()))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    monkeypatch.setattr("config.mcp.http.endpoint", endpoint)
    site(lambda environ, start: start("404 Not found", []) or [b""])
    assert ask("/mcp", method="POST")[0] == 200
    assert ask("/mcp/", method="POST")[0] == 200
    assert ask("/mcpx")[0] == 404
    assert seen == [("/mcp", True), ("/mcp/", True)]


def test_a_django_view_answers_through_the_door(db: None) -> None:
    status, headers, body, _ = ask("/admin/login/", headers=[("host", "localhost")])
    assert status == 200
    assert headers["x-request-id"]
    assert body
