"""Test cases alone: CSV as promptfoo has it, JSON a line.

A column is a variable; `__expected`, `__expected2`, ... say what must come back, `__description` is the case's name.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from prompts.exchange import jsonl
from prompts.exchange.foreign_checks import cell_of, of_cell
from prompts.exchange.terms import File, Unreadable

_EXPECTED = re.compile(r"__expected\d*")
_OURS = {"__description", "__type", "__threshold", "__must_pass"}
MAX_CELL = 1_000_000


def read(file: File) -> tuple[list[dict[str, Any]], list[str]]:
    """The cases of a file, by its name or how it begins, and what of them stays behind. Raises Unreadable."""
    is_csv = file.name.endswith(".csv") or (
        not file.name.endswith((".json", ".jsonl")) and file.text.lstrip("\ufeff \r\n")[:1] not in ("{", "[")
    )
    return _read_csv(file) if is_csv else (list(jsonl.read_cases(file)), [])


def write(cases: Sequence[dict[str, Any]], *, as_csv: bool) -> tuple[str, list[str]]:
    """A file of cases, and what of them it cannot say."""
    return _write_csv(cases) if as_csv else (jsonl.write_cases(cases), [])


def _read_csv(file: File) -> tuple[list[dict[str, Any]], list[str]]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(file.text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        _check_head(head, file.path)
        cases: list[dict[str, Any]] = []
        for row in reader:
            if row:
                cases.append(_case(head, row, f"{file.path}, line {reader.line_num}", len(cases) + 1))
    except csv.Error as error:
        raise Unreadable(f"{file.path}, line {reader.line_num}: no CSV ({error}).") from error
    unknown = [name for name in head if name.startswith("__") and not _is_known(name)]
    return cases, [f"{file.path}: the column {name} has no place here." for name in unknown]


def _is_known(name: str) -> bool:
    return name in _OURS or bool(_EXPECTED.fullmatch(name))


def _check_head(head: Sequence[str], where: str) -> None:
    if len(set(head)) < len(head) or not all(head):
        raise Unreadable(f"{where}: each column has a name of its own in the first line.")
    if not any(_EXPECTED.fullmatch(name) for name in head):
        raise Unreadable(f"{where} has no column __expected: then no case could fail. Its columns: {', '.join(head)}.")


def _case(head: Sequence[str], row: Sequence[str], where: str, number: int) -> dict[str, Any]:
    if len(row) != len(head):
        raise Unreadable(f"{where} has {len(row)} cells, the first line has {len(head)}.")
    cells = dict(zip(head, row, strict=True))
    variables = {name: value for name, value in cells.items() if not name.startswith("__")}
    checks = [of_cell(value) for name, value in cells.items() if _EXPECTED.fullmatch(name) and value.strip()]
    if not checks:
        raise Unreadable(f"{where} has nothing in __expected: it could not fail.")
    whole = [check["value"] for check in checks if check["type"] == "equals" and set(check) == {"type", "value"}]
    is_plain = len(checks) == 1 and len(whole) == 1
    threshold, type_ = cells.get("__threshold", "").strip(), cells.get("__type", "").strip()
    try:
        scored = {"threshold": float(threshold)} if threshold else {}
    except ValueError as error:
        raise Unreadable(f"{where}: {threshold[:40]!r} is no threshold.") from error
    return {
        "name": cells.get("__description", "").strip() or f"case {number}",
        "input": variables["input"] if set(variables) == {"input"} else variables,
        **({"expected_output": whole[0]} if is_plain else {"assertions": checks}),
        **scored,
        **({"type": type_} if type_ else {}),
        **({"must_pass": True} if cells.get("__must_pass", "").strip().lower() in {"true", "yes", "1"} else {}),
    }


def _write_csv(cases: Sequence[dict[str, Any]]) -> tuple[str, list[str]]:
    rows, left = [], []
    for case in cases:
        row, lost = _row(case)
        rows.append(row)
        left += [f"{case['name']}: {what} cannot be said in CSV." for what in lost]
    head = list(dict.fromkeys(name for row in rows for name in row))
    head.sort(key=lambda name: (name.startswith("__"), not name.startswith("__expected")))
    kept = io.StringIO(newline="")
    writer = csv.DictWriter(kept, head or ["input", "__expected"], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return kept.getvalue(), left


def _row(case: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """A case in cells, and what no cell says."""
    given = {"input": case["input"]} if isinstance(case["input"], str) else case["input"]
    lost = [f"the variable {name}" for name, value in given.items() if not isinstance(value, str)]
    checks = case.get("assertions") or [{"type": "equals", "value": case.get("expected_output") or ""}]
    cells = [cell_of(check) for check in checks]
    lost += [check["type"] for check, cell in zip(checks, cells, strict=True) if cell is None]
    more = {
        "__description": case["name"],
        "__type": case.get("type", "general"),
        "__threshold": case.get("threshold"),
        "__must_pass": "true" if case.get("must_pass") else None,
    }
    usual = {"__type": "general"}
    said = {name: str(value) for name, value in more.items() if value is not None and usual.get(name) != value}
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    return {**texts, **_numbered(cell for cell in cells if cell), **said}, lost


def _numbered(cells: Iterable[str]) -> dict[str, str]:
    return {f"__expected{number if number > 1 else ''}": cell for number, cell in enumerate(cells, start=1)}
