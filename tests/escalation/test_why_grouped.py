"""A bug explains why its reports are one."""

import json

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from escalation.bugs import BugNotFound
from escalation.grouping import judging
from escalation.grouping.frames import MOST_FRAMES
from escalation.grouping.groups import Basis
from escalation.grouping.judging import frames_of, judged
from escalation.grouping.traces.frame import Frame
from escalation.models import Bug
from escalation.why_grouped import explain_grouping
from tests.escalation.ingestion.sending import counted, error, frame, project
from tests.escalation.makers import reported

TRACE = """Traceback (most recent call last):
  File "/app/shop/views.py", line 3, in show
  File "/app/.venv/lib/python3.11/site-packages/django/db.py", line 9, in fetch
KeyError: 'id'"""


def own(function: str = "show", **more: object) -> Frame:
    return Frame(**{"function": function, "file": "", "module": "shop.views"} | more)  # type: ignore[arg-type]


def whys(*frames: Frame) -> list[str]:
    return [each.why_not for each in judged(frames)]


def test_a_librarys_frames_count_only_where_there_are_no_others():
    library = own("fetch", module="django.db", in_app=False)
    assert whys(own(), library) == ["", judging.LIBRARY]
    assert whys(library) == [""]


def test_recursion_counts_once_also_through_a_library():
    library = own("wrap", in_app=False)
    assert whys(own(), own(), library, own()) == ["", judging.RECURSION, judging.LIBRARY, judging.RECURSION]


def test_a_frame_that_says_nothing_does_not_count():
    assert whys(own(), Frame(function="", file="")) == ["", judging.NAMELESS]


def test_of_very_many_the_innermost_count():
    frames = [own(f"f_{chr(97 + number // 26)}{chr(97 + number % 26)}") for number in range(MOST_FRAMES + 5)]
    assert whys(*frames) == [judging.FAR_OUT] * 5 + [""] * MOST_FRAMES


FRAMES = st.builds(own, st.sampled_from(["a", "b", "<listcomp>", ""]), in_app=st.booleans())


@given(st.lists(FRAMES, max_size=60))
def test_every_frame_is_judged_and_those_that_count_are_the_names(frames: list[Frame]):
    found = judged(frames)
    assert [each.frame for each in found] == frames
    assert frames_of(frames) == [each.name for each in found if not each.why_not]
    assert all(each.name for each in found if not each.why_not)
    assert len(frames_of(frames)) <= MOST_FRAMES


@pytest.mark.django_db
def test_a_bug_of_a_text_tells_which_of_its_frames_counted():
    bug = reported(stack_trace=TRACE)
    found = explain_grouping(bug_id=bug.bug_id)
    assert (found.basis, found.fingerprint) == (Basis.PLACE, bug.fingerprint)
    assert list(found.parts) == bug.fingerprint_parts
    [stack] = found.stacks
    assert [(each.frame.function, each.why_not) for each in stack.frames] == [
        ("show", ""),
        ("fetch", judging.LIBRARY),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "basis"),
    [
        ({"fingerprint": ["mine"]}, Basis.CLIENT),
        ({}, Basis.PLACE),
        ({"exception": {"values": [{"type": "KeyError", "value": "'id'"}]}}, Basis.VALUE),
        ({"exception": None, "threads": [{"stacktrace": {"frames": [frame("run")]}}]}, Basis.STACK),
        ({"exception": None, "message": "disk full"}, Basis.MESSAGE),
    ],
)
def test_a_bug_of_an_event_tells_what_decided(more: dict[str, object], basis: Basis):
    counted(project(), error() | more)
    bug = Bug.objects.get()
    found = explain_grouping(bug_id=bug.bug_id)
    assert (found.basis, found.fingerprint, found.rule) == (basis, bug.fingerprint, 2)
    assert bug.fingerprint in [group.key for group in found.keys]


@pytest.mark.django_db
def test_a_bug_that_is_not_there_explains_nothing():
    with pytest.raises(BugNotFound):
        explain_grouping(bug_id="none")


@pytest.mark.django_db
def test_a_command_tells_it_in_words_and_as_json(capsys: pytest.CaptureFixture[str]):
    bug = reported(stack_trace=TRACE)
    call_command("escalation", "grouping", bug.bug_id)
    said = capsys.readouterr().out
    assert "frame shop/views.py show" in said
    assert judging.LIBRARY in said
    call_command("escalation", "grouping", bug.bug_id, "--json")
    assert json.loads(capsys.readouterr().out)["stacks"][0]["frames"][1]["why_not"] == judging.LIBRARY
