"""A program's own failure is told from what a log quotes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerdebug.file_search import question_of
from dockerdebug.redaction import plain
from dockerdebug.tracebacks import last_failure, missing_library, missing_module
from tests.dockerdebug.makers import traceback

MISSING = "ModuleNotFoundError: No module named 'flask'"
OWN = traceback(MISSING)
UNSPECIFIED = "Error while finding module specification for 'shop.main' (ModuleNotFoundError: No module named 'shop')"


def modules(log: str) -> list[str]:
    return [name for raised in last_failure(log) if (name := missing_module(raised))]


def test_an_unhandled_exception_is_read_with_its_files() -> None:
    (raised,) = last_failure(traceback(MISSING, "/app/main.py", "/app/shop/views.py"))
    assert (raised.type, raised.files) == ("ModuleNotFoundError", ("/app/main.py", "/app/shop/views.py"))


@pytest.mark.parametrize(
    "log",
    [
        MISSING,
        f"E   {MISSING}",
        f"WARNING optional extra: {MISSING}",
        f"caught: {MISSING}\nserving at 8000",
        json.dumps({"level": "error", "exc_info": OWN}),
        OWN.replace("\n", "\\n"),
        "\n".join(f"web-1  | {line}" for line in OWN.splitlines()),
        "\n".join(f"    {line}" for line in OWN.splitlines()),
        "\n".join(f"2026-11-29T10:00:00Z {line}" for line in OWN.splitlines()),
        "\n".join(f"> {line}" for line in OWN.splitlines()),
        f"Traceback (most recent call last):\n{MISSING}\n",
        f"Traceback (most recent call last):\n  no frame\n{MISSING}\n",
        OWN + traceback("ValueError: the end came of something else"),
        "docs say: python: No module named flask\nready",
        "",
    ],
)
def test_a_quoted_handled_or_torn_traceback_is_no_failure_of_an_import(log: str) -> None:
    assert modules(log) == []


def test_exceptions_that_python_chains_are_one_failure() -> None:
    for words in (
        "The above exception was the direct cause of the following exception:",
        "During handling of the above exception, another exception occurred:",
    ):
        log = f"{OWN}\n{words}\n\n{traceback('ImportError: Could not import it. Is it installed?')}"
        assert [raised.type for raised in last_failure(log)] == ["ModuleNotFoundError", "ImportError"]
        assert modules(log) == ["flask"]


@pytest.mark.parametrize(
    ("said", "module"),
    [
        ("/usr/bin/python3: No module named flask", "flask"),
        ("python: No module named shop.__main__; 'shop' is a package and cannot be directly executed", "shop"),
        (f"/usr/local/bin/python3.12: {UNSPECIFIED}", "shop"),
    ],
)
def test_what_the_interpreter_says_of_a_main_module_counts_as_the_last_line(said: str, module: str) -> None:
    assert modules(f"starting\n{said}\n") == [module]
    assert modules(f"{said}\nserving\n") == []


def test_a_missing_library_is_named() -> None:
    (raised,) = last_failure(
        traceback("ImportError: libGL.so.1: cannot open shared object file: No such file or directory")
    )
    assert missing_library(raised) == "libGL.so.1"


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_log_is_read(log: str) -> None:
    for raised in last_failure(log + OWN[:-1] + log):
        missing_module(raised)
        missing_library(raised)


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=2000), min_size=1, max_size=60), st.text(max_size=300))
def test_what_is_asked_of_the_probe_fits_into_one_argument(paths: list[str], name: str) -> None:
    log = plain(
        traceback(f"ModuleNotFoundError: No module named '{name}'", *("/" + "\u1234".join(path) for path in paths))
    )
    question = question_of(log)
    assert len(json.dumps(question.public())) < 60_000
    assert all(part.isidentifier() for module in question.modules for part in module.split("."))


@pytest.mark.parametrize(
    "piece", ["lib", "exec ", "Traceback (most recent call last):\n", '  File "', "a.", "env: ", "\x00"]
)
def test_a_log_of_one_endless_word_is_read_in_time(piece: str) -> None:
    from dockerdebug.findings import judge
    from tests.dockerdebug.makers import stopped

    judge(stopped(logs=piece * (262_144 // len(piece))))  # pytest's own limit ends it if this is not linear
