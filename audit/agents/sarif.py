"""Findings as SARIF 2.1.0, which code hosts show beside the lines. Source: the OASIS standard of that name."""

from collections.abc import Sequence
from typing import Any

from audit.agents.findings import Finding

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    names = sorted({finding.rule for finding in findings})
    driver = {"name": "handrail agent_scan", "rules": [{"id": name} for name in names]}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": _results(findings)}],
    }


def _results(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "ruleId": finding.rule,
            "level": "error",
            "message": {"text": f"{finding.command}: {finding.reason}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": finding.path},
                        "region": {"startLine": finding.line},
                    }
                }
            ],
        }
        for finding in findings
    ]
