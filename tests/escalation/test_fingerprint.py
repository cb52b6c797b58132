"""What makes two reports the same bug."""

from hypothesis import given
from hypothesis import strategies as st

from escalation.grouping.groups import compute_fingerprint, fingerprint_of_text
from escalation.grouping.traces.frame import Frame
from escalation.grouping.traces.reading import Trace, parse_stack_trace
from tests.escalation.test_stacktrace import NODE, PYTHON

names = st.from_regex(r"[a-z][a-z_]{0,10}", fullmatch=True)
frame_lists = st.lists(st.tuples(names, names), min_size=1, max_size=8)


def key(trace=None, error_type="KeyError", message="no item 17"):
    return compute_fingerprint(error_type=error_type, error_message=message, stack_trace=trace).key


def python_trace(frames, *, root="/srv/app", first_line=1, library=()):
    lines = ["Traceback (most recent call last):"]
    for number, (module, function) in enumerate(frames, start=first_line):
        lines += [f'  File "{root}/{module}.py", line {number}, in {function}', "    call()"]
    for module in library:
        lines.append(f'  File "/venv/lib/python3.11/site-packages/{module}.py", line 1, in inner')
    return "\n".join([*lines, "KeyError: 17"])


def test_without_a_trace_the_type_and_the_normalised_message_count():
    assert key(message="no item 17") == key(message="no item 4711")
    assert key(message="no item 17") != key(message="no user 17")
    assert key(error_type="KeyError") != key(error_type="ValueError")


def test_with_frames_the_message_does_not_count():
    assert key(PYTHON, message="one") == key(PYTHON, message="entirely different")
    assert key(PYTHON) != key(NODE)


def test_the_parts_tell_what_counted():
    found = compute_fingerprint(error_type="DatabaseError", error_message="x", stack_trace=PYTHON)
    assert found.parts == (
        "type OSError",
        "frame shop/db.py connect",
        "type DatabaseError",
        "frame shop/views.py post",
    )
    assert found.key.startswith("2-")


ROOTS = ["/app", "/opt/app", "/home/ann/src", "C:\\Users\\ann\\src", "/srv/releases/20261130101500", "/tmp/tmpab12cd34"]


@given(frame_lists, st.integers(1, 500), st.sampled_from(ROOTS))
def test_moved_code_and_another_place_of_installation_keep_the_group(frames, moved, root):
    assert key(python_trace(frames)) == key(python_trace(frames, root=root, first_line=moved))


@given(frame_lists, names, names)
def test_equal_files_of_two_packages_are_two_bugs(frames, one, other):
    first, second = (key(python_trace(frames, root=f"/app/x_{package}")) for package in (one, other))
    assert (first == second) == (one == other)


@given(frame_lists, st.lists(names, max_size=3))
def test_frames_of_libraries_do_not_count(frames, library):
    assert key(python_trace(frames)) == key(python_trace(frames, library=library))


@given(frame_lists, names)
def test_another_failing_function_is_another_bug(frames, other):
    changed = [*frames[:-1], (frames[-1][0], other)]
    assert (key(python_trace(frames)) == key(python_trace(changed))) == (frames == changed)


@given(frame_lists, st.integers(2, 40))
def test_the_depth_of_a_recursion_does_not_count(frames, depth):
    module, function = frames[-1]
    assert key(python_trace(frames)) == key(python_trace([*frames[:-1], *[(module, function)] * depth]))


def test_a_frame_of_a_comprehension_is_none_of_its_own():
    assert key(python_trace([("a", "f"), ("a", "<listcomp>")])) == key(python_trace([("a", "f")]))


def test_the_hash_of_a_built_script_does_not_count():
    one = "TypeError: x\n    at total (/srv/static/main.3f2a1b9c.js:1:2)"
    assert key(one) == key(one.replace("3f2a1b9c", "77aa88bb"))


def test_generated_java_names_do_not_count():
    one = "E: x\n  at a.Svc$$EnhancerBySpringCGLIB$$1ebdddb0.run(<generated>:1)\n  at a.Main.main(Main.java:9)"
    assert key(one) == key(one.replace("1ebdddb0", "9f00aa17"))


@given(st.text(max_size=100), st.text(max_size=100), st.none() | st.text(max_size=200))
def test_the_same_report_has_the_same_key_and_any_report_has_one(error_type, message, trace):
    found = key(trace, error_type=error_type, message=message)
    assert found == key(trace, error_type=error_type, message=message)
    assert len(found) == 34


def test_frames_that_are_known_already_need_no_text():
    text = python_trace([("views", "post"), ("cart", "add")])
    frames = (Frame(function="post", file="/app/views.py"), Frame(function="add", file="/app/cart.py"))
    known = Trace(error_type="KeyError", frames=frames)
    assert fingerprint_of_text(error_type="KeyError", error_message="", traces=[known]).key == key(text)


def test_without_own_frames_those_of_libraries_count():
    frames = (Frame(function="get", file="lib.py", in_app=False),)
    found = fingerprint_of_text(error_type="E", error_message="m", traces=[Trace(error_type="E", frames=frames)])
    assert found.parts == ("type E", "frame lib.py get")


def test_a_place_in_the_code_counts_more_than_the_message_and_a_message_is_all_there_is_without():
    traces = parse_stack_trace(PYTHON)
    at = fingerprint_of_text(error_type="KeyError", error_message="no item 17", traces=traces)
    assert at == compute_fingerprint(error_type="KeyError", error_message="gone", stack_trace=PYTHON)
    nowhere = fingerprint_of_text(error_type="KeyError", error_message="no item 17", traces=[])
    assert nowhere == compute_fingerprint(error_type="KeyError", error_message="no item 4711")
