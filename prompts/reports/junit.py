"""JUnit's XML, as CI systems read it: a suite a run, and its verdict as one more case."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from prompts.models import Evaluation
from prompts.reports.gathering import Line, Suite

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def write(evaluation: Evaluation, suites: list[Suite]) -> str:
    root = ET.Element("testsuites", name=_clean(evaluation.prompt.prompt_id))
    totals = [_suite(root, suite) for suite in suites]
    for place, name in enumerate(("tests", "failures", "errors", "skipped")):
        root.set(name, str(sum(total[place] for total in totals)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, suite: Suite) -> tuple[int, int, int, int]:
    run = suite.run
    failures = suite.count("failed") + suite.is_worse
    counts = (len(suite.lines) + 1, failures, suite.count("error"), suite.count("skipped") + _is_open(suite))
    names = ("tests", "failures", "errors", "skipped")
    element = ET.SubElement(
        root,
        "testsuite",
        {
            "name": _clean(suite.title),
            **{name: str(count) for name, count in zip(names, counts, strict=True)},
            "time": f"{(run.duration_ms or 0) / 1000:.3f}",
            "timestamp": run.created_at.strftime("%Y-%m-%dT%H:%M:%S"),
        },
    )
    properties = ET.SubElement(element, "properties")
    for name, value in _properties(suite):
        ET.SubElement(properties, "property", name=_clean(name), value=_clean(value))
    for line in suite.lines:
        _case(element, run.version.prompt.prompt_id, line)
    _verdict(element, suite)
    return counts


def _properties(suite: Suite) -> Iterator[tuple[str, str]]:
    run = suite.run
    yield "run", str(run.uid)
    yield "model", run.model
    yield "verdict", suite.verdict["call"]
    if run.success_rate is not None:
        yield "success_rate", str(run.success_rate)
    for item in suite.metrics:
        yield f"metric {item.name}", str(item.rate)


def _case(element: ET.Element, prompt_id: str, line: Line) -> None:
    case = ET.SubElement(
        element,
        "testcase",
        classname=_clean(f"{prompt_id}.{line.type}"),
        name=_clean(line.name),
        time=f"{line.seconds:.3f}",
    )
    tags = {"failed": "failure", "error": "error", "skipped": "skipped"}
    if line.outcome in tags:
        said = ET.SubElement(case, tags[line.outcome], message=_clean(line.why or line.share))
        said.text = _clean(f"{line.share}\n\n{line.output}")


def _verdict(element: ET.Element, suite: Suite) -> None:
    case = ET.SubElement(
        element, "testcase", classname=_clean(suite.run.version.prompt.prompt_id), name="verdict", time="0"
    )
    call, note = suite.verdict["call"], suite.verdict["note"]
    if suite.is_worse:
        ET.SubElement(case, "failure", message=_clean(f"{call}: {note}"))
    elif _is_open(suite):
        ET.SubElement(case, "skipped", message=_clean(f"{call}: {note}"))
    else:
        ET.SubElement(case, "system-out").text = _clean(f"{call}: {note}")


def _is_open(suite: Suite) -> bool:
    """Nothing could be called: neither a pass nor a failure."""
    return suite.verdict["call"] == "not run" and not suite.is_worse


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
