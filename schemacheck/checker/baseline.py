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

from schemacheck.checker.checked import Checked, fingerprint
from schemacheck.checker.errors import InvalidBaseline
from schemacheck.checker.findings import KINDS, UNCHECKED


def write(file: Path, checked: Sequence[Checked]) -> int:
    """Keep every finding there is now; returns how many. Raises InvalidBaseline."""
    entries = [
        {
            "path": item.path,
            "rule": finding["rule"],
            "fingerprint": fingerprint(item, finding),
            "message": finding["message"],
        }
        for item in checked
        for finding in item.findings
        if finding["rule"] not in UNCHECKED
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
    entries = _read(file)
    return [_without(item, entries) for item in checked], sum(entries.values())


def _read(file: Path) -> Counter[tuple[str, str]]:
    try:
        document = json.loads(file.read_text())
        entries = document["findings"]
        return Counter((entry["path"], entry["fingerprint"]) for entry in entries)
    except OSError as error:
        raise InvalidBaseline(f"{file} cannot be read: {error.strerror}. Make it with --write-baseline.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidBaseline(f"{file} is no baseline of schemacheck. Make it anew with --write-baseline.") from error


def _without(item: Checked, entries: Counter[tuple[str, str]]) -> Checked:
    dropped: list[dict[str, Any]] = []
    for finding in item.findings:
        key = (item.path, fingerprint(item, finding))
        if entries[key] > 0 and finding["rule"] not in UNCHECKED:
            entries[key] -= 1
            dropped.append(finding)
    if not dropped:
        return item
    report = dict(item.report)
    counts = dict(report["counts"])
    for kind in KINDS:
        kept = [finding for finding in report[kind] if not any(finding is gone for gone in dropped)]
        counts[kind] -= len(report[kind]) - len(kept)
        report[kind] = kept
    report["statements"] = [_statement(statement, dropped) for statement in report["statements"]]
    report["counts"] = {**counts, "baseline": len(dropped)}
    report["valid"] = not counts["errors"]
    return replace(item, report=report)


def _statement(statement: dict[str, Any], dropped: list[dict[str, Any]]) -> dict[str, Any]:
    left = {kind: [finding for finding in statement[kind] if finding not in dropped] for kind in KINDS}
    return {**statement, **left, "valid": not left["errors"]}
