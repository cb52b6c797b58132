"""A run of many cases survives the worker that works on it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.prompts.stub_model import Stub, completion, send
from tests.services.stack import ROOT, Stack, stack, wait_until

pytestmark = pytest.mark.services

CASES, CONCURRENCY = 40, 4


def manage(made: Stack, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], env=made.env, cwd=ROOT, check=True, timeout=240, capture_output=True
    )
    return done.stdout.decode()


def test_a_killed_workers_run_is_finished_by_the_next_without_asking_everything_again(tmp_path: Path) -> None:
    stub = Stub()

    def slowly(stub: Stub, body: dict[str, Any], handler: Any) -> None:
        time.sleep(0.15)
        send(handler, 200, completion(body["messages"][-1]["content"]))

    stub.reply = slowly
    try:
        with stack(tmp_path, settings="config.settings") as made:
            made.env |= {"MODEL_BASE_URL": stub.url, "MODEL_NAME": "stub"}
            manage(made, "prompt", "save", "echo", "Say {{ input }}", "--activate")
            cases = [{"name": f"c{n}", "input": f"w{n}", "expected_output": f"Say w{n}"} for n in range(CASES)]
            (tmp_path / "cases.json").write_text(json.dumps(cases))
            test = ["prompt", "test", "echo", "--queue", "--cases", str(tmp_path / "cases.json")]
            uid = manage(made, *test, "--concurrency", str(CONCURRENCY)).strip()
            assert re.fullmatch(r"[0-9a-f-]{36}", uid)

            first = made.worker(log="first")
            wait_until(lambda: made.count("prompts_runresult", "outcome = 'passed'") >= 8, "eight results")
            os.kill(first.pid, signal.SIGKILL)
            first.wait(5)
            kept = made.count("prompts_runresult", "outcome = 'passed'")
            assert kept < CASES
            asked_before = len(stub.requests)

            made.worker(log="second")
            over = "status = 'finished'"
            wait_until(lambda: made.count("prompts_run", over) == 1, f"finished: {made.log('second')}")
            assert made.count("prompts_runresult", "outcome = 'passed'") == CASES
            # What was kept is not asked again: only what was in flight or not yet written when the worker died.
            assert len(stub.requests) - asked_before == CASES - kept
            asked = Counter(request["messages"][-1]["content"] for request in stub.requests)
            assert len(asked) == CASES
            assert max(asked.values()) <= 2
    finally:
        stub.close()
