"""Stack traces as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.grouping.traces.reading import parse_stack_trace
from tests.patience import costs_little

PYTHON = """Traceback (most recent call last):
  File "/srv/app/shop/db.py", line 3, in connect
    raise OSError
OSError: no

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/usr/lib/python3.11/runpy.py", line 1, in run
  File "/srv/app/shop/views.py", line 12, in post
    return save(
           ^^^^^
  File "/srv/.venv/lib/python3.11/site-packages/django/x.py", line 9, in get
    x
shop.errors.DatabaseError: cannot connect
"""
NODE = r"""TypeError: x is undefined
    at Cart.total (/srv/app/shop.js:3:9)
    at async Object.post (C:\srv\app\views.js:12:3)
    at node:internal/main:1:2
    at /srv/app/node_modules/express/index.js:3:4
  [cause]: Error: inner
    at deep (/srv/app/deep.js:1:1)
"""
FIREFOX = "total@https://shop.example/app.js:3:9\npost@https://shop.example/views.js:1:2\n"
JAVA = """Exception in thread "main" java.lang.IllegalStateException: boom
\tat com.acme.Main.run(Main.java:12)
\tat java.lang.Thread.run(Thread.java:833)
Caused by: java.io.IOException: gone
\tat com.acme.Io.read(Io.java:3)
\t... 2 more
"""


def frames(text):
    return [
        (trace.error_type, [(frame.function, frame.line, frame.in_app) for frame in trace.frames])
        for trace in parse_stack_trace(text)
    ]


def test_a_python_chain_is_read_with_its_types():
    assert frames(PYTHON) == [
        ("OSError", [("connect", 3, True)]),
        ("DatabaseError", [("run", 1, False), ("post", 12, True), ("get", 9, False)]),
    ]


def test_a_node_trace_is_read_innermost_last_and_its_cause_first():
    assert frames(NODE) == [
        ("Error", [("deep", 1, True)]),
        ("TypeError", [("", 3, False), ("", 1, False), ("async Object.post", 12, True), ("Cart.total", 3, True)]),
    ]


def test_a_firefox_trace_is_read():
    assert frames(FIREFOX) == [("", [("post", 1, True), ("total", 3, True)])]


def test_a_java_chain_is_read():
    assert frames(JAVA) == [
        ("IOException", [("com.acme.Io.read", 3, True)]),
        ("IllegalStateException", [("java.lang.Thread.run", 833, False), ("com.acme.Main.run", 12, True)]),
    ]


@pytest.mark.parametrize("text", ["", "it failed", "see me at noon\nor mail ann@example.org", "  File nothing"])
def test_prose_has_no_frames(text):
    assert parse_stack_trace(text) == []


@given(st.text(alphabet='File "line, in@at():\n\t .|+-', max_size=300) | st.text(max_size=300))
def test_any_text_can_be_read(text):
    for trace in parse_stack_trace(text):
        assert trace.frames


@pytest.mark.parametrize(
    "text",
    ['  File "' * 20_000, "at (" * 50_000, "a@" * 50_000, "\n" * 200_000, "    at x (y:1:1)\n" * 20_000, " " * 200_000],
)
def test_hostile_text_costs_little(text):
    with costs_little():
        parse_stack_trace(text)


def test_a_frame_has_its_line_of_code_where_the_trace_prints_it() -> None:
    sources = [[frame.source for frame in trace.frames] for trace in parse_stack_trace(PYTHON)]
    assert sources == [["raise OSError"], ["", "return save(", "x"]]
    grouped = '  | Traceback (most recent call last):\n  |   File "/a.py", line 1, in f\n  |     raise E\n  | E: no\n'
    assert [frame.source for frame in parse_stack_trace(grouped)[0].frames] == ["raise E"]
    assert {frame.source for trace in parse_stack_trace(NODE) for frame in trace.frames} == {""}
