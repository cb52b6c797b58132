"""A report as people and CI systems read it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemacheck.rules import RULES

FORMATS = ("text", "json", "sarif", "github", "gitlab")
_SARIF_LEVELS = {"error": "error", "warning": "warning", "suggestion": "note"}
_GITHUB_LEVELS = {"error": "error", "warning": "warning", "suggestion": "notice"}
_GITLAB_LEVELS = {"error": "critical", "warning": "major", "suggestion": "info"}
_MAX_LINE = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file and the report on it, in its public shape."""

    path: str
    sql: str
    report: dict[str, Any]

    @property
    def findings(self) -> list[dict[str, Any]]:
        """All findings, in the order of the script."""
        found = [*self.report["errors"], *self.report["warnings"], *self.report["suggestions"]]
        return sorted(found, key=lambda item: (item["line"] or 0, item["column"] or 0))


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
        f"{counts['warnings']} warnings, {counts['suggestions']} suggestions "
        f"({item.report['dialect']}, proof: {item.report['proof']})"
    )
    return "\n".join(parts)


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
    for item in checked:
        for finding in item.findings:
            identity = json.dumps([item.path, finding["rule"], finding["line"], finding["column"], finding["message"]])
            found.append(
                {
                    "description": f"{finding['message']} {finding['hint']}".strip(),
                    "check_name": finding["rule"],
                    "fingerprint": hashlib.sha256(identity.encode()).hexdigest(),
                    "severity": _GITLAB_LEVELS[finding["severity"]],
                    "location": {"path": item.path, "lines": {"begin": finding["line"] or 1}},
                }
            )
    return found


def _sarif(checked: Sequence[Checked]) -> dict[str, Any]:
    """SARIF 2.1.0, OASIS."""
    used = sorted({finding["rule"] for item in checked for finding in item.findings})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": RULES[code].title},
            "fullDescription": {"text": RULES[code].why},
            "defaultConfiguration": {"level": _SARIF_LEVELS[RULES[code].severity.value]},
        }
        for code in used
    ]
    results = [_sarif_result(item, finding, used) for item in checked for finding in item.findings]
    driver = {"name": "Handrail schemacheck", "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _sarif_result(item: Checked, finding: dict[str, Any], used: list[str]) -> dict[str, Any]:
    region = {"startLine": finding["line"] or 1, "startColumn": finding["column"] or 1}
    location = {"physicalLocation": {"artifactLocation": {"uri": item.path}, "region": region}}
    return {
        "ruleId": finding["rule"],
        "ruleIndex": used.index(finding["rule"]),
        "level": _SARIF_LEVELS[finding["severity"]],
        "message": {"text": f"{finding['message']} {finding['hint']}".strip()},
        "locations": [location],
    }
