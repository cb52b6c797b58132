"""Threads of which few work at one moment: who waits, who makes room, and what becomes of errors."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.serving import crew, threads
from config.serving.crew import Crew
from tests.patience import FOREVER_SECONDS, NEVER_SECONDS


class Together:
    """How many are inside at one moment, and at most were; each stays until so many are or were there."""

    def __init__(self, wanted: int) -> None:
        self.now = self.most = 0
        self._wanted, self._changed = wanted, threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.now += 1
            self.most = max(self.most, self.now)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self.most >= self._wanted, NEVER_SECONDS)
            self.now -= 1


def call_all(made: Crew, function: Callable[[], Any], times: int) -> list[Any]:
    async def scenario() -> list[Any]:
        return await asyncio.gather(*(made.run(function) for _ in range(times)))

    return asyncio.run(scenario())


def test_of_those_that_are_quick_only_a_few_work_at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "MOMENT_SECONDS", FOREVER_SECONDS)
    together = Together(3)
    call_all(Crew(12, name="few", at_once=3), together, 60)
    assert together.most == 3


def test_who_takes_longer_than_a_moment_makes_room_until_all_threads_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "MOMENT_SECONDS", 0.001)
    together = Together(5)
    made = Crew(5, name="room", at_once=1)
    call_all(made, together, 40)
    assert together.most == 5
    monkeypatch.setattr(crew, "MOMENT_SECONDS", FOREVER_SECONDS)
    again = Together(1)
    call_all(made, again, 40)
    assert again.most == 1, "those that made room count anew afterwards"


def test_one_after_the_other_is_worked_at_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "MOMENT_SECONDS", FOREVER_SECONDS)
    made = Crew(8, name="one", at_once=1)

    async def scenario() -> set[str]:
        return {await made.run(lambda: threading.current_thread().name) for _ in range(30)}

    assert asyncio.run(scenario()) == {"one_0"}


def test_an_error_reaches_who_asked_and_the_thread_goes_on() -> None:
    made = Crew(1, name="error")

    async def scenario() -> Any:
        with pytest.raises(ZeroDivisionError):
            await made.run(lambda: 1 // 0)
        return await made.run(max, 1, 2)

    assert asyncio.run(scenario()) == 2


def test_what_nobody_awaits_any_more_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "MOMENT_SECONDS", FOREVER_SECONDS)
    made, release = Crew(1, name="left"), threading.Event()
    ran: list[str] = []

    def hold() -> None:
        release.wait(NEVER_SECONDS)

    async def scenario() -> None:
        held = made.run(hold)
        left = made.run(ran.append, "left")
        stays = made.run(ran.append, "stays")
        left.cancel()
        release.set()
        await asyncio.gather(held, stays)

    asyncio.run(scenario())
    assert ran == ["stays"]


def test_several_event_loops_share_a_crew_and_one_that_closed_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "MOMENT_SECONDS", 0.001)
    made, release, entered = Crew(3, name="loops", at_once=1), threading.Event(), threading.Semaphore(0)

    def hold() -> str:
        entered.release()
        release.wait(NEVER_SECONDS)
        return "held"

    async def leaves() -> None:
        made.run(hold)

    def alone(ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run(ask())

    async def stays() -> str:
        answer: str = await made.run(hold)
        return answer

    alone(leaves)
    assert entered.acquire(timeout=NEVER_SECONDS)
    with ThreadPoolExecutor(2) as others:
        asked = [others.submit(alone, stays) for _ in range(2)]
        for _ in asked:
            assert entered.acquire(timeout=NEVER_SECONDS)
        release.set()
        assert [one.result(NEVER_SECONDS) for one in asked] == ["held", "held"]


@pytest.mark.parametrize(
    ("engine", "host", "expected"),
    [
        ("sqlite3", "", 1),
        ("postgresql", "", crew.AT_ONCE),
        ("postgresql", "/run/postgresql", crew.AT_ONCE),
        ("postgresql", "127.0.0.1", crew.AT_ONCE),
        ("postgresql", "db.example", 20),
    ],
)
def test_more_work_at_once_the_longer_each_waits_for_the_database(
    engine: str, host: str, expected: int, settings: Any
) -> None:
    settings.WEB_THREADS = 20
    assert threads.at_once({"ENGINE": f"django.db.backends.{engine}", "HOST": host}) == expected
