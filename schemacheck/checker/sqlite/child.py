"""The process that judges scripts for SQLite: `python -m schemacheck.checker.sqlite.child`.

SQLite can be told to stop between the instructions of a statement that runs, but not while it compiles one, and the
views of a script can make compiling take as long as they like. So the system ends this process at its time and its
memory. A line of JSON with a script comes in; a line for each statement, one again for each that was looked at twice,
and one that says why it ended go out.
"""

import contextlib
import json
import math
import os
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from schemacheck.checker.findings import Proof
from schemacheck.checker.sqlite.judged import Judged
from schemacheck.checker.sqlite.judging import Judge
from schemacheck.checker.sqlite.replica import Replica
from schemacheck.checker.sqlite.rows import Rows

MEMORY_BYTES = 512 * 1024 * 1024
_GRACE_SECONDS = 1
_KEPT_BYTES = 512 * 1024
"""A process that read a longer line ends after its answer: it has grown."""


def main() -> None:
    """Answer every line, each within its time."""
    with contextlib.suppress(OSError, ValueError):  # where the system has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin.buffer:
        request = json.loads(line)
        ends_at = time.process_time() + request["seconds"]
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(ends_at) + _GRACE_SECONDS, hard))
        stopped = _answer(request, ends_at)
        kept = not stopped and len(line) < _KEPT_BYTES
        _say({"stopped": stopped, "kept": kept})
        if not kept:
            return


def _answer(request: dict[str, Any], ends_at: float) -> str:
    """Say every verdict; answers with what ran out, "time" or "memory", or with nothing."""
    try:
        for statement in _judge(request):
            if statement:
                _say(statement)
            if time.process_time() > ends_at:
                return "time"
    except MemoryError:
        return "memory"
    return ""


def _judge(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    replica = Replica(tuple(request["schema"]))
    try:
        there = [range(first, last + 1) for first, last in request["standing"]]
        rows = Rows(replica, lambda line: any(line in part for part in there))
        judge = Judge(replica, Proof(request["reached"]), rows)
        again: list[Judged] = []
        for item in judge.judge(request["script"]):
            yield item.report().as_dict()
            again += [item] if item.piece.words else []
        for item in again:
            yield item.report().as_dict() if judge.look_back(item) else {}
    finally:
        replica.close()


def _say(answer: dict[str, Any]) -> None:
    line = json.dumps(answer).encode() + b"\n"
    while line:
        line = line[os.write(1, line) :]


if __name__ == "__main__":
    main()
