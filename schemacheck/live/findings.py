"""What both databases' audits say, and in which words."""

from typing import Any

from schemacheck.checker.findings import Finding
from schemacheck.checker.reading.shapes import quote
from schemacheck.checker.rules import RULES


def finding(code: str, message: str, *, table: str, fix: str = "", hint: str = "", **facts: Any) -> Finding:
    """A finding of the rule `code` about a table."""
    rule = RULES[code]
    return Finding(
        rule=code, severity=rule.severity, message=message, hint=hint, fix=fix, facts={"table": table, **facts}
    )


def needless(index: str, kept: str, *, same: bool) -> str:
    """Which index another makes needless."""
    name, other = quote(index), quote(kept)
    return f"index {name} does what {other} does" if same else f"index {name} is the beginning of {other}"


def without_index(columns: str, *, table: str, target: str, fix: str, **facts: Any) -> Finding:
    """A foreign key whose own side no index serves; `leads_with` of the catalog says which would."""
    message = f"no index begins with {columns}, so each DELETE in {target} reads all of {table}"
    return finding("live-foreign-key-without-index", message, table=table, fix=fix, **facts)
