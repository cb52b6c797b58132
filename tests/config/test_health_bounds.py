"""Checks that hang, raise or speak of secrets."""

import threading

from config.watching import health
from config.watching.health import Check, run
from tests.patience import FOREVER_SECONDS, comes_back


def test_a_check_that_hangs_is_a_finding_and_delays_nobody():
    release = threading.Event()

    def hangs():
        release.wait(FOREVER_SECONDS)
        return []

    with comes_back():
        found = run({"slow": hangs, "quick": lambda: [Check("quick", "ok", "well")]}, seconds=0.2)
        release.set()
    assert found == [
        Check("slow", "fail", "no answer within 0.2 s", "See what it waits for."),
        Check("quick", "ok", "well"),
    ]


def test_a_check_that_hangs_is_not_asked_again_until_it_answers():
    release, asked = threading.Event(), []

    def hangs():
        asked.append(1)
        release.wait(240)
        return [Check("slow", "ok", "well")]

    for _ in range(3):
        assert run({"slow": hangs}, seconds=0.05)[0].status == "fail"
    assert len(asked) == 1
    release.set()
    health._asked[hangs].join(60)
    assert run({"slow": hangs}, seconds=60) == [Check("slow", "ok", "well")]


def test_a_check_that_raises_is_a_finding_without_its_words():
    def raises():
        raise RuntimeError("secret-word")

    [found] = run({"broken": raises}, seconds=2)
    assert found == Check("broken", "fail", "the check failed: RuntimeError", "The log says more.")


def test_what_looks_like_a_secret_is_blanked():
    [found] = run({"a": lambda: [Check("a", "ok", "at http://user:secret-word@host/v1")]}, seconds=2)
    assert "secret-word" not in found.detail
