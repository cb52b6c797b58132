"""One exec in a container that ends when it should.

The SDK's timeout does not bound an exec (a client with timeout=3 waited 8 s for `sleep 8`), closing its socket does
not end the process, and the engine has no call that does. So the socket is read here with a deadline, and a process
that overran is ended by a second exec that finds it by a random mark in its environment.
"""

import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dockerdebug.deadline import Deadline
from dockerdebug.refusals import CallRefused

if TYPE_CHECKING:
    from dockerdebug.engine import Engine

MAX_OUTPUT = 2 * 1024 * 1024
HEADER = struct.Struct(">BxxxL")  # stream number, three zero bytes, length: Docker's multiplexed stream
# Everything the probe starts inherits the mark in its environment, also what a broken interpreter started.
MARK = "HANDRAIL_PROBE"
# The youngest first, so that its parent still lives to collect it and no zombie stays.
KILL_SHELL = (
    'l=; for p in /proc/[0-9]*; do l="${p#/proc/} $l"; done; for n in $l; do '
    'case "$(cat "/proc/$n/environ" 2>/dev/null)" in *"$1"*) kill -9 "$n"; esac; done; exit 0'
)
KILL_PYTHON = """import os, sys, time
for pid in sorted(filter(str.isdigit, os.listdir("/proc")), key=int, reverse=True):
    try:
        with open("/proc/%s/environ" % pid, "rb") as file:
            if sys.argv[1].encode() in file.read():
                os.kill(int(pid), 9)
                time.sleep(0.01)
    except OSError:
        pass
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What an exec left behind."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    timed_out: bool = False
    too_long: bool = False
    not_found: bool = False
    """The program is not in the container."""


def run(engine: "Engine", container: str, command: list[str], *, seconds: float, mark: str = "") -> Execution:
    """Run a command as the container's own user. Raises CallRefused when the engine will not."""
    environment = {MARK: mark} if mark else None
    try:
        with engine.calling() as api:
            execution = api.exec_create(container, command, stdin=False, tty=False, environment=environment)["Id"]
        with engine.calling() as api:
            stream = api.exec_start(execution, socket=True)
    except CallRefused as error:
        if _says_not_found(error.explanation):  # newer engines answer this with an error
            return Execution(exit_code=127, not_found=True, stdout=error.explanation)
        raise
    output, timed_out, too_long = _read(stream, Deadline(seconds))
    if timed_out or too_long:
        return Execution(stdout=output[1], stderr=output[2], timed_out=timed_out, too_long=too_long)
    with engine.calling() as api:
        code = api.exec_inspect(execution).get("ExitCode")
    said = output[1] + output[2]
    missing = code in (126, 127) and _says_not_found(said[-2000:])
    return Execution(stdout=output[1], stderr=output[2], exit_code=code, not_found=missing)


def kill(engine: "Engine", container: str, mark: str, *, python: str = "") -> bool:
    """End every process of the container that runs under this mark; False when nothing could."""
    if python:
        command = [python, "-I", "-S", "-B", "-c", KILL_PYTHON, f"{MARK}={mark}"]
    else:
        command = ["sh", "-c", KILL_SHELL, "sh", f"{MARK}={mark}"]
    try:
        done = run(engine, container, command, seconds=engine.deadline.within(1.5))
    except CallRefused:
        return False
    return not done.timed_out and done.exit_code == 0


def _says_not_found(text: str) -> bool:
    return "executable file not found" in text or ("exec failed" in text and "no such file or directory" in text)


def _read(stream: Any, deadline: Deadline) -> tuple[dict[int, str], bool, bool]:
    """(output by stream number, ran out of time, was too long)"""
    # The response's buffered reader, not the bare socket: bytes that came with the headers are in its buffer.
    response = getattr(stream, "_response", None)
    reader = response.raw._fp.fp if response is not None else None  # noqa: SLF001
    bare = getattr(stream, "_sock", stream)
    data, pending = {1: bytearray(), 2: bytearray()}, bytearray()
    timed_out = too_long = False
    try:
        while not (too_long := sum(map(len, data.values())) + len(pending) > MAX_OUTPUT):
            if deadline.passed:
                timed_out = True
                break
            bare.settimeout(deadline.left)
            piece = reader.read1(65536) if reader is not None else bare.recv(65536)
            if not piece:
                break
            pending += piece
            _unframe(pending, data)
    except (TimeoutError, OSError):
        timed_out = True
    finally:
        with contextlib.suppress(OSError):
            bare.shutdown(socket.SHUT_RDWR)
        for closable in filter(None, (response, stream)):
            with contextlib.suppress(OSError, ValueError):
                closable.close()
    return {number: bytes(part).decode("utf-8", "replace") for number, part in data.items()}, timed_out, too_long


def _unframe(pending: bytearray, data: dict[int, bytearray]) -> None:
    """Move every complete frame from `pending` to the stream it belongs to."""
    while len(pending) >= HEADER.size:
        number, length = HEADER.unpack_from(pending)
        if len(pending) < HEADER.size + length:
            return
        data.get(number, data[2]).extend(pending[HEADER.size : HEADER.size + length])
        del pending[: HEADER.size + length]
