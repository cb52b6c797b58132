"""A report as people and CI systems read it."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from config import sarif
from schemacheck.checker.checked import Checked, fingerprint
from schemacheck.checker.rules import RULES

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit")
_SARIF_LEVELS = {"error": "error", "warning": "warning", "suggestion": "note"}
_GITHUB_LEVELS = {"error": "error", "warning": "warning", "suggestion": "notice"}
_GITLAB_LEVELS = {"error": "critical", "warning": "major", "suggestion": "info"}
_MAX_LINE = 160
_VERSION = "1.0.0"
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(form: str, checked: Sequence[Checked]) -> str:
    """The reports in one of FORMATS."""
    match form:
        case "json":
            shown = [{"path": item.path, **item.report} for item in checked]
            return json.dumps(shown[0] if len(shown) == 1 else shown, indent=2, ensure_ascii=False)
        case "sarif":
            return json.dumps(_sarif(checked), indent=2, ensure_ascii=False)
        case "gitlab":
            return json.dumps(_gitlab(checked), indent=2, ensure_ascii=False)
        case "github":
            return "\n".join(_github(item, finding) for item in checked for finding in item.findings)
        case "junit":
            return _junit(checked)
    return "\n".join(_text(item) for item in checked)


def _text(item: Checked) -> str:
    lines = item.sql.split("\n")
    parts = []
    for finding in item.findings:
        state = f" {finding['sqlstate']}" if finding["sqlstate"] else ""
        place = f"{item.path}:{finding['line']}:{finding['column']}" if finding["line"] else item.path
        parts.append(f"{place}: {finding['severity']}{state} [{finding['rule']}] {finding['message']}")
        if finding["line"] and finding["line"] <= len(lines):
            parts += _marked(lines[finding["line"] - 1].rstrip("\r"), finding["column"])
        parts += [f"    hint: {finding['hint']}"] if finding["hint"] else []
        parts += [f"    fix:  {line}" for line in finding["fix"].splitlines()]
    counts = item.report["counts"]
    verdict = "[OK]" if item.report["valid"] else "[FAIL]"
    parts.append(
        f"{verdict} {item.path}: {counts['statements']} statements, {counts['errors']} errors, "
        f"{counts['warnings']} warnings, {counts['suggestions']} suggestions{_left_out(counts)} "
        f"({item.report['dialect']}, proof: {item.report['proof']})"
    )
    return "\n".join(parts)


def _left_out(counts: dict[str, int]) -> str:
    words = {"ignored": "ignored", "baseline": "in the baseline"}
    return "".join(f", {counts[key]} {word}" for key, word in words.items() if counts.get(key))


def _marked(line: str, column: int) -> list[str]:
    start = max(0, column - 1 - _MAX_LINE // 2) if len(line) > _MAX_LINE else 0
    shown = line[start : start + _MAX_LINE]
    before = "".join("\t" if character == "\t" else " " for character in shown[: column - 1 - start])
    return [f"    {shown}", f"    {before}^"]


def _github(item: Checked, finding: dict[str, Any]) -> str:
    level = _GITHUB_LEVELS[finding["severity"]]
    message = f"{finding['message']} {finding['hint']}".strip()
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    path = item.path.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    place = f"file={path},line={finding['line'] or 1},col={finding['column'] or 1}"
    return f"::{level} {place},title={finding['rule']}::{escaped}"


def _gitlab(checked: Sequence[Checked]) -> list[dict[str, Any]]:
    """GitLab's Code Quality report."""
    found = []
    seen: Counter[str] = Counter()
    for item in checked:
        for finding in item.findings:
            identity = fingerprint(item, finding)
            seen[identity] += 1  # GitLab takes two findings with one fingerprint for one
            if seen[identity] > 1:
                identity = hashlib.sha256(f"{identity} {seen[identity]}".encode()).hexdigest()
            found.append(
                {
                    "description": f"{finding['message']} {finding['hint']}".strip(),
                    "check_name": finding["rule"],
                    "fingerprint": identity,
                    "severity": _GITLAB_LEVELS[finding["severity"]],
                    "location": {"path": item.path, "lines": {"begin": finding["line"] or 1}},
                }
            )
    return found


def _sarif(checked: Sequence[Checked]) -> dict[str, Any]:
    used = sorted({finding["rule"] for item in checked for finding in [*item.findings, *item.ignored]})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": RULES[code].title},
            "fullDescription": {"text": RULES[code].why},
            "help": {"text": _advice(code)},
            "defaultConfiguration": {"level": _SARIF_LEVELS[RULES[code].severity.value]},
            "properties": {"tags": [RULES[code].family]},
        }
        for code in used
    ]
    results = [_sarif_result(item, finding, used) for item in checked for finding in [*item.findings, *item.ignored]]
    driver = {"name": "Handrail schemacheck", "semanticVersion": _VERSION, "rules": rules}
    return sarif.document(driver, results, columnKind="unicodeCodePoints")


def _sarif_result(item: Checked, finding: dict[str, Any], used: list[str]) -> dict[str, Any]:
    uri = quote(item.path.replace("\\", "/"), safe="/~")
    location = sarif.location(uri, startLine=finding["line"] or 1, startColumn=finding["column"] or 1)
    result = {
        "ruleId": finding["rule"],
        "ruleIndex": used.index(finding["rule"]),
        "level": _SARIF_LEVELS[finding["severity"]],
        "message": {"text": f"{finding['message']} {finding['hint']}".strip()},
        "locations": [location],
        "partialFingerprints": {"handrail/v1": fingerprint(item, finding)},
    }
    if finding["fix"]:
        result["properties"] = {"fix": finding["fix"], "facts": finding["facts"]}
    if "reason" in finding:
        result["suppressions"] = [{"kind": "inSource", "justification": finding["reason"]}]
    return result


def _advice(code: str) -> str:
    rule = RULES[code]
    return f"{rule.why}\nInstead of: {rule.bad}\nWrite: {rule.good}" if rule.bad else rule.why


def _junit(checked: Sequence[Checked]) -> str:
    """A suite for each file and a case for each rule that spoke; one case passes where nothing was found."""
    suites = ET.Element("testsuites", name="schemacheck")
    for item in checked:
        by_rule: dict[str, list[dict[str, Any]]] = {}
        for finding in item.findings:
            by_rule.setdefault(finding["rule"], []).append(finding)
        failures = sum(any(found["severity"] != "suggestion" for found in group) for group in by_rule.values())
        cases = max(1, len(by_rule) + len(item.ignored))
        suite = ET.SubElement(
            suites, "testsuite", name=_xml(item.path), tests=str(cases), failures=str(failures), errors="0"
        )
        suite.set("skipped", str(len(item.ignored)))
        for rule, found in by_rule.items():
            case = ET.SubElement(suite, "testcase", classname=_xml(item.path), name=rule)
            told = "\n".join(f"line {one['line'] or 1}: {one['message']} {one['hint']}".rstrip() for one in found)
            serious = any(one["severity"] != "suggestion" for one in found)
            child = ET.SubElement(case, "failure" if serious else "system-out")
            child.text = _xml(told)
            if serious:
                child.set("type", found[0]["severity"])
                child.set("message", _xml(found[0]["message"]))
        for finding in item.ignored:
            case = ET.SubElement(suite, "testcase", classname=_xml(item.path), name=finding["rule"])
            ET.SubElement(case, "skipped", message=_xml(finding["reason"]))
        if len(suite) == 0:
            ET.SubElement(suite, "testcase", classname=_xml(item.path), name="schemacheck")
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True)


def _xml(text: str) -> str:
    """Without the control characters no XML may hold."""
    return _NOT_XML.sub("?", text)
