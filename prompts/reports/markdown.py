"""A summary in Markdown, as a CI's page of a job or a comment shows it."""

import re

from prompts.models import Evaluation
from prompts.reports.gathering import Line, Suite

MOST_FAILURES = 50
LONGEST_CELL = 300
_MARKS = {"passed": "[OK]", "failed": "[FAIL]", "error": "[FAIL]", "skipped": "[SKIP]"}


def write(evaluation: Evaluation, suites: list[Suite]) -> str:
    parts = [
        f"# {_text(evaluation.prompt.prompt_id)}",
        "",
        "| version | model | passed | verdict |",
        "|---|---|---|---|",
    ]
    for suite in suites:
        run = suite.run
        rate = f"{run.success_rate:.0%}" if run.success_rate is not None else "-"
        passed = f"{suite.count('passed')} of {len(suite.lines)} ({rate})"
        parts.append(f"| {run.version.number} | {_text(run.model)} | {passed} | {_text(suite.verdict['call'])} |")
    for suite in suites:
        parts += ["", f"## {_text(suite.title)}", "", _text(suite.verdict["note"]), ""]
        parts += [f"- {_text(item.name)}: {item.passed} of {item.judged} ({item.rate:.0%})" for item in suite.metrics]
        parts += [""] if suite.metrics else []
        parts += _failures([line for line in suite.lines if line.outcome != "passed"])
    return "\n".join(parts).rstrip() + "\n"


def _failures(lines: list[Line]) -> list[str]:
    if not lines:
        return ["Every case passed."]
    rows = [
        f"| {_MARKS[line.outcome]} | {_text(line.name)} | {_text(line.share)} | {_text(line.why)} |"
        for line in lines[:MOST_FAILURES]
    ]
    more = [f"\n{len(lines) - MOST_FAILURES} more did not pass."] if len(lines) > MOST_FAILURES else []
    return ["| | case | | why |", "|---|---|---|---|", *rows, *more]


def _text(text: str) -> str:
    """A text that is only that: in one line, with nothing that Markdown or HTML would take for its own."""
    short = " ".join(text.split())
    short = short if len(short) <= LONGEST_CELL else f"{short[:LONGEST_CELL]} ..."
    return re.sub(r"([\\`*_\[\]<>|#&!~$@])", r"\\\1", short)
