"""Bursts of reports, as an operation takes them: at once, or one by one where a checkout can only that."""

from collections.abc import Callable
from functools import partial
from typing import Any

from escalation import reports

TRACE = "".join(
    f'  File "/srv/app/module{number}.py", line {number * 7}, in step{number}\n    call({number})\n'
    for number in range(25)
)
BURSTS = {"1 report": 1, "10 reports of one bug": 1, "100 reports of one bug": 1, "100 reports of 100 bugs": 100}


def cases() -> dict[str, Callable[[], object]]:
    return {name: partial(send, burst_of(name, int(name.split()[0]), bugs)) for name, bugs in BURSTS.items()}


def burst_of(name: str, count: int, bugs: int) -> list[dict[str, Any]]:
    return [
        {
            "bug_id": f"{name} {number % bugs}",
            "error_type": "ValueError",
            "error_message": f"no row {number % 3}",
            "stack_trace": f"Traceback (most recent call last):\n{TRACE}ValueError: no row",
            "user_impact": "medium",
            "metadata": {"release": "1.2", "request": number},
        }
        for number in range(count)
    ]


def send(burst: list[dict[str, Any]]) -> None:
    if hasattr(reports, "report_bugs"):
        from escalation.checking import Report

        reports.report_bugs(bugs=[Report(**report) for report in burst])
    else:
        for report in burst:
            reports.report_bug(**report)
