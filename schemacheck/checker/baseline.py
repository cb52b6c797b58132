"""Findings a project has decided to live with: kept in a file, and left out until they change.

An entry holds path, rule and a fingerprint of the finding's line and message, so that lines added above it do not
bring it back.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.errors import DomainError
from schemacheck.checker.findings import UNCHECKED
from schemacheck.checker.formats import Checked, fingerprint

_KINDS = ("errors", "warnings", "suggestions")


class InvalidBaseline(DomainError):
    code = "invalid-baseline"


def write(file: Path, checked: Sequence[Checked]) -> int:
    """Keep every finding there is now; returns how many. Raises InvalidBaseline."""
    entries = [
        {"path": item.path, "rule": found["rule"], "fingerprint": fingerprint(item, found), "message": found["message"]}
        for item in checked
        for found in item.findings
        if found["rule"] not in UNCHECKED
    ]
    entries.sort(key=lambda entry: (entry["path"], entry["rule"], entry["fingerprint"]))
    try:
        file.write_text(json.dumps({"version": 1, "findings": entries}, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise InvalidBaseline(f"{file} cannot be written: {error.strerror}.") from error
    return len(entries)


def leave_out(file: Path, checked: Sequence[Checked]) -> tuple[list[Checked], int]:
    """The reports without what the file holds, and how many of its entries are not found any more.

    Raises InvalidBaseline.
    """
    known = _read(file)
    return [_without(item, known) for item in checked], sum(known.values())


def _read(file: Path) -> Counter[tuple[str, str]]:
    try:
        document = json.loads(file.read_text())
        entries = document["findings"]
        return Counter((entry["path"], entry["fingerprint"]) for entry in entries)
    except OSError as error:
        raise InvalidBaseline(f"{file} cannot be read: {error.strerror}. Make it with --write-baseline.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidBaseline(f"{file} is no baseline of schemacheck. Make it anew with --write-baseline.") from error


def _without(item: Checked, known: Counter[tuple[str, str]]) -> Checked:
    dropped: list[dict[str, Any]] = []
    for found in item.findings:
        key = (item.path, fingerprint(item, found))
        if known[key] > 0 and found["rule"] not in UNCHECKED:
            known[key] -= 1
            dropped.append(found)
    if not dropped:
        return item
    report = dict(item.report)
    counts = dict(report["counts"])
    for kind in _KINDS:
        kept = [found for found in report[kind] if not any(found is gone for gone in dropped)]
        counts[kind] -= len(report[kind]) - len(kept)
        report[kind] = kept
    report["statements"] = [_statement(statement, dropped) for statement in report["statements"]]
    report["counts"] = {**counts, "baseline": len(dropped)}
    report["valid"] = not counts["errors"]
    return replace(item, report=report)


def _statement(statement: dict[str, Any], dropped: list[dict[str, Any]]) -> dict[str, Any]:
    left = {kind: [found for found in statement[kind] if found not in dropped] for kind in _KINDS}
    return {**statement, **left, "valid": not left["errors"]}
