"""Reading an exec's stream: frames in any pieces, and an end in any case."""

import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerdebug.deadline import Deadline
from dockerdebug.execution import HEADER, MAX_OUTPUT, _read, _says_not_found, _unframe
from tests.patience import comes_back


def frame(number: int, data: bytes) -> bytes:
    return HEADER.pack(number, len(data)) + data


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=30)), max_size=8),
    st.lists(st.integers(1, 20), max_size=40),
)
def test_frames_come_together_whatever_the_pieces(frames: list[tuple[int, bytes]], sizes: list[int]) -> None:
    whole = b"".join(frame(number, data) for number, data in frames)
    pending, data = bytearray(), {1: bytearray(), 2: bytearray()}
    position = 0
    for size in [*sizes, len(whole)]:
        pending += whole[position : position + size]
        position += size
        _unframe(pending, data)
    assert bytes(data[1]) == b"".join(part for number, part in frames if number == 1)
    assert bytes(data[2]) == b"".join(part for number, part in frames if number == 2)
    assert not pending


def stream() -> tuple[Any, socket.socket]:
    ours, theirs = socket.socketpair()
    wrapped = SimpleNamespace(_sock=ours, close=ours.close)
    return wrapped, theirs


def test_a_stream_is_read_to_its_end() -> None:
    ours, theirs = stream()
    theirs.sendall(frame(1, b"out") + frame(2, b"err") + frame(1, b"put"))
    theirs.close()
    assert _read(ours, Deadline(2)) == ({1: "output", 2: "err"}, False, False)


@pytest.mark.parametrize("sent", [b"", frame(1, b"begun"), HEADER.pack(1, 4_000_000_000) + b"x"])
def test_a_stream_that_never_ends_is_left_in_time(sent: bytes) -> None:
    ours, theirs = stream()
    theirs.sendall(sent)
    with comes_back():
        _, timed_out, _ = _read(ours, Deadline(0.2))
        assert timed_out
    theirs.close()


def test_a_stream_that_drips_is_left_in_time() -> None:
    ours, theirs = stream()
    stopped = threading.Event()

    def drip() -> None:
        while not stopped.wait(0.02):
            try:
                theirs.sendall(frame(1, b"."))
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()
    with comes_back():
        _, timed_out, _ = _read(ours, Deadline(0.3))
        stopped.set()
        assert timed_out
    theirs.close()


def test_a_flood_is_cut_off() -> None:
    ours, theirs = stream()

    def flood() -> None:
        try:
            for _ in range(2 * MAX_OUTPUT // 60_000):
                theirs.sendall(frame(1, b"x" * 60_000))
        except OSError:
            return

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    output, timed_out, too_long = _read(ours, Deadline(5))
    assert too_long
    assert not timed_out
    assert len(output[1]) <= MAX_OUTPUT + 130_000
    theirs.close()
    thread.join(2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'OCI runtime exec failed: unable to start container process: exec: "sh": executable file not found',
            True,
        ),
        ("exec failed: container_linux.go: no such file or directory: unknown", True),
        ("ModuleNotFoundError: No module named 'x'", False),
        ("cat: /x: No such file or directory", False),
    ],
)
def test_a_missing_program_is_told_by_the_runtimes_words(text: str, expected: bool) -> None:
    assert _says_not_found(text) is expected
