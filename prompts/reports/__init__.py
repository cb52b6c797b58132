"""An evaluation as a file: for the CI that reads JUnit, for a page of its own, for a comment of a merge request."""

from collections.abc import Callable
from typing import Literal, get_args

from prompts.evaluations import get_evaluation
from prompts.models import Evaluation
from prompts.reports import html, junit, markdown
from prompts.reports.gathering import Suite, gather

Format = Literal["junit", "html", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[str, Format] = {".xml": "junit", ".html": "html", ".htm": "html", ".md": "markdown"}
_WRITERS: dict[Format, Callable[[Evaluation, list[Suite]], str]] = {
    "junit": junit.write,
    "html": html.write,
    "markdown": markdown.write,
}


def write_report(*, uid: str, form: Format) -> str:
    """What the runs of an evaluation said, case by case, with their verdicts; what is not over yet is told as such.

    Raises EvaluationNotFound.
    """
    evaluation = get_evaluation(uid=uid)
    return _WRITERS[form](evaluation, gather(evaluation))
