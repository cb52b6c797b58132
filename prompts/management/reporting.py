"""What `prompt test` and `prompt evaluate` leave behind for a CI: files, and their exit code."""

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.core.management.base import CommandError

from config.commands import FINDINGS
from prompts.models import Run
from prompts.reports import ENDINGS, write_report

FAILURE, REGRESSION = "failure", "regression"


def offer_reports(parser: ArgumentParser) -> None:
    """Add `--report` and `--fail-on`."""
    parser.add_argument(
        "--report",
        dest="reports",
        action="append",
        default=[],
        type=_report,
        metavar="FILE",
        help="write a report: .xml for JUnit, .html, or .md; several at once",
    )
    parser.add_argument(
        "--fail-on",
        choices=[FAILURE, REGRESSION],
        default=FAILURE,
        help="exit 1 on any failed case, or only on a regression and on a case that must pass",
    )


def _report(path: str) -> Path:
    if Path(path).suffix not in ENDINGS:
        raise CommandError(f"{path[:80]} tells no format by its ending: {', '.join(ENDINGS)}.", returncode=2)
    return Path(path)


def write_reports(uid: str, paths: Sequence[Path]) -> None:
    """Write the files. Raises CommandError."""
    for path in paths:
        text = write_report(uid=uid, form=ENDINGS[path.suffix])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"Cannot write {path}: {error.strerror}.") from error


def leave(runs: Iterable[Run], fail_on: str) -> None:
    """End with the exit code that the runs ask for: a run that did not finish is an error, whatever its cases say."""
    runs = list(runs)
    if wrong := next((run for run in runs if run.status != Run.Status.FINISHED), None):
        raise CommandError(wrong.error or f"The run is {wrong.status}.")
    verdicts = [run.verdict or {} for run in runs]
    is_worse = any(verdict.get("call") == "regression" or verdict.get("blocked") for verdict in verdicts)
    if is_worse or (fail_on == FAILURE and any(run.failed for run in runs)):
        raise SystemExit(FINDINGS)
