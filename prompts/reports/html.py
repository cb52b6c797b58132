"""A page that stands alone: each case in each run, and what did not pass."""

from typing import Any

from django.template.loader import render_to_string

from prompts.models import Evaluation
from prompts.reports.gathering import Line, Suite


def write(evaluation: Evaluation, suites: list[Suite]) -> str:
    names = list(dict.fromkeys(line.name for suite in suites for line in suite.lines))
    by_name = [{line.name: line for line in suite.lines} for suite in suites]
    rows: list[dict[str, Any]] = [{"name": name, "cells": [lines.get(name) for lines in by_name]} for name in names]
    for row in rows:
        row["differs"] = len({line.outcome for line in row["cells"] if isinstance(line, Line)}) > 1
    context = {"evaluation": evaluation, "suites": suites, "rows": rows}
    return render_to_string("prompts/report.html", context)
