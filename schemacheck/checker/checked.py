"""A file that was checked: its text, and the report on it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file and the report on it, in its public shape."""

    path: str
    sql: str
    report: dict[str, Any]

    @property
    def findings(self) -> list[dict[str, Any]]:
        """All findings, in the order of the script."""
        findings = [*self.report["errors"], *self.report["warnings"], *self.report["suggestions"]]
        return sorted(findings, key=lambda item: (item["line"] or 0, item["column"] or 0))

    @property
    def ignored(self) -> list[dict[str, Any]]:
        """Findings a comment switches off, each with its reason."""
        return list(self.report.get("ignored", ()))


def fingerprint(item: Checked, finding: dict[str, Any]) -> str:
    """What tells a finding from others of its file, though lines above it come and go."""
    lines = item.sql.split("\n")
    number = finding["line"] or 0
    text = " ".join(lines[number - 1].split()) if 0 < number <= len(lines) else ""
    return hashlib.sha256(json.dumps([item.path, finding["rule"], text, finding["message"]]).encode()).hexdigest()
