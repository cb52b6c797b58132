"""What a list says of a check without its megabytes: what was checked, and the worst that was found."""

from collections.abc import Mapping
from typing import Any

from schemacheck.checker.findings import KINDS

LONGEST_TITLE = 200
LONGEST_MESSAGE = 255
_LOOKED_AT = 4_000  # characters of a script; what it is about stands at its beginning


def title_of(sql: str, report: Mapping[str, Any] | None = None) -> str:
    """The migration's name, or how the script begins, on one line and without its comments."""
    if migration := (report or {}).get("migration"):
        return str(migration)[:LONGEST_TITLE]
    lines = [line.strip() for line in sql[:_LOOKED_AT].splitlines()]
    code = " ".join(line for line in lines if line and not line.startswith("--"))
    if not code:  # nothing but a comment, as of the tables there are
        code = " ".join(line.lstrip("- ") for line in lines if line)
    return code if len(code) <= LONGEST_TITLE else f"{code[: LONGEST_TITLE - 3]}..."


def worst_of(report: Mapping[str, Any]) -> dict[str, str]:
    """The first finding of the gravest kind there is; empty texts where nothing was found."""
    worst: Mapping[str, Any] = next((report[kind][0] for kind in KINDS if report.get(kind)), {})
    message = str(worst.get("message", ""))
    return {
        "worst_severity": str(worst.get("severity", "")),
        "worst_rule": str(worst.get("rule", ""))[:64],
        "worst_message": message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 3]}...",
    }
