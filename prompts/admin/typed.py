"""Inputs, assertions, messages and settings as rows that a person types, and back. Each problem is a Fault."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from prompts.admin.rows import Column, Row
from prompts.assertions import TYPES
from prompts.assertions.terms import Fault
from prompts.assertions.written import read_value, write_value
from prompts.model_settings import SETTINGS
from prompts.templates import ROLES

MUST, MUST_NOT = "must", "must not"
ASSERTIONS = (
    Column(name="holds", label="It", choices=((MUST, MUST), (MUST_NOT, MUST_NOT))),
    Column(name="type", label="Check", choices=(("", "-"), *((name, name) for name in TYPES))),
    Column(name="value", label="Value", lines=2),
    Column(name="threshold", label="Threshold"),
    Column(name="weight", label="Weight"),
)
VARIABLES = (Column(name="name", label="Variable"), Column(name="value", label="Value", lines=3))
MESSAGES = (
    Column(name="role", label="Role", choices=(("", "-"), *((role, role) for role in ROLES))),
    Column(name="content", label="Says", lines=6),
)
SETTING_ROWS = (
    Column(name="name", label="Setting", choices=(("", "-"), *((name, name) for name in SETTINGS))),
    Column(name="value", label="Value"),
)
_TEXTS = ("model", "reasoning_effort")


def assertion_rows(assertions: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [_assertion_row(assertion) for assertion in assertions]


def read_assertions(rows: Sequence[Row], *, kept: Sequence[Mapping[str, Any]] = ()) -> list[Mapping[str, Any]]:
    """The assertions of rows; one whose row was left as it was shown stays exactly what it is."""
    shown = {tuple(sorted(_assertion_row(assertion).items())): assertion for assertion in kept}
    return [
        shown.get(tuple(sorted(row.items()))) or _read_assertion(row, number)
        for number, row in enumerate(rows, start=1)
    ]


def _assertion_row(assertion: Mapping[str, Any]) -> Row:
    kind = str(assertion.get("type", ""))
    numbers = {name: "" if assertion.get(name) is None else f"{assertion[name]}" for name in ("threshold", "weight")}
    plain = kind.removeprefix("not-")
    value = write_value(plain, assertion.get("value"))
    return {"holds": MUST_NOT if kind != plain else MUST, "type": plain, "value": value, **numbers}


def _read_assertion(row: Row, number: int) -> Mapping[str, Any]:
    kind = row["type"]
    if not kind:
        raise Fault(f"Row {number}: choose what is checked.")
    try:
        value = read_value(kind, row["value"])
    except Fault as fault:
        raise Fault(f"Row {number} ({kind}): {fault}") from None
    found: dict[str, Any] = {"type": f"not-{kind}" if row["holds"] == MUST_NOT else kind}
    if value is not None:
        found["value"] = value
    for name in ("threshold", "weight"):
        if typed := row[name].strip():
            found[name] = _number(typed, f"Row {number}, {name}")
    return found


def _number(typed: str, where: str) -> float:
    try:
        value = json.loads(typed)
    except ValueError:
        value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault(f"{where}: must be a number.")
    return value


def input_rows(given: Any, names: Sequence[str] = ()) -> list[Row]:
    """The variables of an input by name; without one, those that the prompt asks for."""
    if isinstance(given, Mapping):
        return [{"name": name, "value": _written(value)} for name, value in given.items()]
    return [{"name": name, "value": ""} for name in names if list(names) != ["input"]]


def read_input(text: str, rows: Sequence[Row], *, kept: Any = None) -> str | dict[str, Any]:
    """A text, or the variables; where every value is blank nobody typed any."""
    shown = {(row["name"], row["value"]): row["name"] for row in input_rows(kept)}
    named = [row for row in rows if row["name"].strip()]
    if any(row["value"].strip() and not row["name"].strip() for row in rows):
        raise Fault("A value has no variable's name beside it.")
    if not any(row["value"].strip() for row in named):
        return text
    if text.strip():
        raise Fault("Give the text, or the variables by name, not both. Among these the text can stand as `input`.")
    found: dict[str, Any] = {}
    for row in named:
        name = row["name"].strip()
        if name in found:
            raise Fault(f"The variable {name} stands there twice.")
        found[name] = kept[name] if (row["name"], row["value"]) in shown else _structure(row["value"])
    return found


def message_rows(messages: Sequence[Mapping[str, str]] | None) -> list[Row]:
    return [{"role": item["role"], "content": item["content"]} for item in messages or []]


def read_messages(rows: Sequence[Row]) -> list[dict[str, str]] | None:
    for number, row in enumerate(rows, start=1):
        if not row["role"]:
            raise Fault(f"Message {number}: choose who says it.")
    return [dict(row) for row in rows] or None


def setting_rows(settings: Mapping[str, Any]) -> list[Row]:
    return [{"name": name, "value": _written(value)} for name, value in settings.items()]


def read_settings(rows: Sequence[Row]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        name, typed = row["name"], row["value"].strip()
        if not name:
            raise Fault(f"Choose the setting that is {typed}.")
        if name in found:
            raise Fault(f"The setting {name} stands there twice.")
        found[name] = _setting(name, typed)
    return found


def _setting(name: str, typed: str) -> Any:
    if name in _TEXTS:
        return typed
    if name == "stop":
        return _structure(typed)
    try:
        return json.loads(typed)
    except (ValueError, RecursionError):
        raise Fault(f"{name}: {typed or 'nothing'} is no number and no JSON.") from None


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _structure(typed: str) -> Any:
    """A JSON object or list as such, anything else as the text it is."""
    try:
        value = json.loads(typed)
    except (ValueError, RecursionError):
        return typed
    return value if isinstance(value, dict | list) else typed
