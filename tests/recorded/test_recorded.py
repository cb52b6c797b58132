"""A database that earlier code wrote holds for this code: its trail verifies, its cache answers."""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.recorded.questions import QUESTIONS, SIGNING_KEY

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


@pytest.fixture(scope="module", params=sorted(path.name for path in FOLDER.glob("*.sql.gz")))
def restored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the recorded database in it."""
    folder = tmp_path_factory.mktemp("recorded")
    script = gzip.decompress((FOLDER / request.param).read_bytes()).decode()
    with sqlite3.connect(folder / "handrail.sqlite3") as connection:
        connection.executescript(script)
    connection.close()
    return folder


@pytest.fixture(scope="module")
def found(restored: Path) -> dict[str, Any]:
    """What this code makes of it, in a process of its own: the test's database is another."""
    without = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "CELERY_BROKER_URL"}}
    environment = {
        **without,
        "DATA_DIR": str(restored),
        "AUDIT_SIGNING_KEY": SIGNING_KEY,
        "PUBLIC_URL": "http://recorded.example",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.recorded.look"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def test_the_trail_of_before_verifies(found: dict[str, Any]) -> None:
    verdict = found["verdict"]
    assert (verdict["valid"], verdict["fault"]) == (True, None)
    assert verdict["events"] > 2 * 256, "full tiles, and one that is not"
    assert verdict["removed"] == 1
    assert verdict["checkpoints"] == 3


def test_the_cache_of_before_still_hits(found: dict[str, Any]) -> None:
    expected = {question.name: question.answer if question.still_hits else None for question in QUESTIONS}
    assert found["answers"] == expected


def test_an_entry_of_before_whose_key_left_something_out_answers_nobody_who_says_it(found: dict[str, Any]) -> None:
    assert found["of any model"] == {question.name: question.still_hits for question in QUESTIONS}


def test_a_bug_that_came_back_before_has_the_times_it_had(found: dict[str, Any]) -> None:
    assert found["bugs"] == {"once": [], "twice": [True], "open": [], "back": [True], "low": []}
