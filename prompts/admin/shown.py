"""What the pages of prompts show, in words a person reads."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from config.commandline import amounts
from config.errors import DomainError, FieldError
from config.pages.kit import badge, chart, empty, moment
from config.pages.kit.marks import NOTHING, Tone
from config.pages.kit.tables import table
from prompts.assertions.written import write_value
from prompts.models import PRODUCTION, Prompt, Run, RunResult, TestCase, Version
from prompts.testing import CasesInvalid

MOST_ROWS = 50
"""Of versions, cases or runs on the page of a prompt."""
LONGEST_CELL = 140

_CALLS: dict[str, Tone] = {
    "regression": "bad",
    "improvement": "good",
    "no difference": "info",
    "too few cases": "wait",
    "not run": "quiet",
}
NAMES = {"not run": "not compared"}
"""Of a verdict, where its word says something else beside a run that is finished."""
_STATUSES: dict[str, Tone] = {
    Run.Status.PENDING: "wait",
    Run.Status.RUNNING: "wait",
    Run.Status.FINISHED: "info",
    Run.Status.FAILED: "bad",
    Run.Status.CANCELLED: "quiet",
}
_OUTCOMES: dict[str, Tone] = {
    RunResult.Outcome.PASSED: "good",
    RunResult.Outcome.FAILED: "bad",
    RunResult.Outcome.ERROR: "wait",
    RunResult.Outcome.PENDING: "quiet",
}


def call(word: str | None) -> SafeString:
    """A verdict; without one, nothing."""
    return badge(NAMES.get(word, word), _CALLS.get(word, "quiet")) if word else NOTHING


def status(run: Run) -> SafeString:
    return status_of(run.status)


def status_of(word: str) -> SafeString:
    """Of a run, or of the runs of an evaluation."""
    underway = word in {Run.Status.PENDING, Run.Status.RUNNING}
    return badge(word, _STATUSES.get(word, "quiet"), underway=underway)


def outcome(word: str | None) -> SafeString:
    return badge(word, _OUTCOMES.get(word, "quiet")) if word else NOTHING


def labels(version: Version) -> SafeString:
    """What it holds; `production` is what programs fetch."""
    held = [(badge(name, "good" if name == PRODUCTION else "info"),) for name in version.label_names]
    return format_html_join(" ", "{}", held) if held else NOTHING


def rate(part: float | None) -> SafeString | str:
    return NOTHING if part is None else amounts.percent(part)


def duration(span: timedelta | None) -> SafeString | str:
    return NOTHING if span is None else amounts.duration(span.total_seconds())


def tested(results: Mapping[str, Any] | None) -> SafeString:
    """The last test of a version, as it keeps it."""
    if not results:
        return NOTHING
    passed = format_html('<span class="kit-line">({} of {})</span>', results["passed"], results["total"])
    return format_html("{} {} {}", call(results.get("verdict")), rate(results.get("success_rate")), passed)


def newest_test(versions: Sequence[Version]) -> Mapping[str, Any] | None:
    """The results of the version that was tested last."""
    found = [version.test_results for version in versions if version.test_results]
    return max(found, key=lambda results: str(results.get("finished_at") or ""), default=None)


def short(text: str) -> str:
    return Truncator(" ".join(text.split())).chars(LONGEST_CELL)


def given(value: Any) -> str:
    """An input in a line."""
    if isinstance(value, Mapping):
        return short("; ".join(f"{name}: {item}" for name, item in value.items()))
    return short(str(value))


def wanted(case: TestCase | RunResult) -> str:
    """What must come back, in a line."""
    if case.assertions:
        return short("; ".join(f"{item['type']} {said(item)}".strip() for item in case.assertions))
    return short(case.expected_output or "")


def said(assertion: Mapping[str, Any]) -> str:
    return write_value(str(assertion["type"]).removeprefix("not-"), assertion.get("value")).replace("\n", ", ")


def versions(rows: Sequence[Version], *, of: int) -> SafeString:
    listed = [
        (
            link("version", row.pk, f"Version\u00a0{row.number}"),
            labels(row),
            tested(row.test_results),
            short(row.notes or row.purpose),
            row.tokens,
            moment(row.created_at),
            row.created_by,
        )
        for row in rows
    ]
    older = f"The newest {len(rows)} of {of}; all are in the list of versions." if of > len(rows) else ""
    return table(["Version", "Labels", "Last test", "Notes", "Tokens", "Saved", "By"], listed, caption=older)


def cases(rows: Sequence[TestCase]) -> SafeString:
    if not rows:
        return empty("It has no test case. Add one: a text to ask with, and what must come back.")
    listed = [(link("testcase", row.pk, row.name), given(row.input), wanted(row), row.type) for row in rows]
    return table(["Case", "Asked", "Wanted", "Type"], listed)


def runs(rows: Sequence[Run]) -> SafeString:
    if not rows:
        return empty("It has not been tested. Run its tests, and each later run is compared with this one.")
    listed = [
        (
            link("run", row.pk, f"Version\u00a0{row.version.number}"),
            call((row.verdict or {}).get("call")),
            format_html("{} of {}, {}", row.passed, row.total, rate(row.success_rate)),
            status(row),
            row.model,
            duration(row.duration if row.is_over else None),
            moment(row.created_at),
        )
        for row in rows
    ]
    return table(["Run of", "Verdict", "Passed", "Status", "Model", "Took", "Asked for"], listed)


@contextmanager
def linked_cases(prompt: Prompt) -> Iterator[None]:
    """A test that cannot begin names the cases that hinder it, each as the way to its page."""
    try:
        yield
    except CasesInvalid as error:
        places = {f"test_cases.{case.name}.input": case for case in prompt.test_cases.only("name")}
        told = [(places.get(wrong.field), wrong) for wrong in error.errors]
        if not told or not all(case for case, _ in told):
            raise
        links = [(case.name, link("testcase", case.pk, case.name), wrong) for case, wrong in told if case]
        errors = [
            FieldError(field="", code=wrong.code, detail=format_html("{}: {}", way, wrong.detail))
            for _, way, wrong in links
        ]
        raise DomainError(f"{links[0][0]}: {links[0][2].detail}", errors=errors) from error


def link(model: str, pk: int, text: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse(f"admin:prompts_{model}_change", args=[pk]), text)


def success(rows: Sequence[Version]) -> SafeString:
    """The success of each version that was tested, the oldest first."""
    tried = [version for version in reversed(rows) if version.test_results]
    points = [(f"version {version.number}", _percent(version.test_results)) for version in tried]
    return chart("Cases passed by the last test of each version", "bar", points, " %")


def _percent(results: Mapping[str, Any] | None) -> float:
    return round(100 * float((results or {}).get("success_rate") or 0), 1)
