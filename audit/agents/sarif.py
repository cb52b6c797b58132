"""Findings in agents' commands as SARIF."""

from collections.abc import Sequence
from typing import Any

from audit.agents.findings import Finding
from config import sarif


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings as one run."""
    names = sorted({finding.rule for finding in findings})
    driver = {"name": "handrail agent_scan", "rules": [{"id": name} for name in names]}
    results = [
        {
            "ruleId": finding.rule,
            "level": "error",
            "message": {"text": f"{finding.command}: {finding.reason}"},
            "locations": [sarif.location(finding.path, startLine=finding.line)],
        }
        for finding in findings
    ]
    return sarif.document(driver, results)
