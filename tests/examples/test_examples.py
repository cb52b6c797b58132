"""Each operation says in OpenAPI what it does and shows a request and an answer, which are true of the service."""

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from config.rest.examples import recorded
from tests.examples.asking import Ask, Got, InDays, shape
from tests.examples.record import ADDRESS, answered, prepare
from tests.project.conftest import Operation, openapi, operations
from tests.project.sources import APPS

ANEW = "Record the examples anew with `python -m tests.examples.record`, or change what tests/examples asks:"
SHORT = 80  # characters, the width of a list of operations
ASKS: dict[str, Ask] = {name: ask for app in APPS for name, ask in import_module(f"tests.examples.{app}").ASKS.items()}


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    whole = {**schema, "components": openapi()["components"]}
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def shown(operation: Operation) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Of each part of an operation that has an example: its name, its schema and the example."""
    for parameter in operation.described.get("parameters", ()):
        if "example" in parameter:
            yield parameter["name"], parameter["schema"], parameter["example"]
    bodies = {"body": operation.described.get("requestBody", {}), **operation.described["responses"]}
    for name, described in bodies.items():
        content = described.get("content", {}).get("application/json", {})
        if "example" in content:
            yield name, content["schema"], content["example"]


def needed(operation: Operation) -> Iterator[set[str]]:
    """The parts that must have an example: the path, what has to be sent, the body, and one of the answers."""
    for parameter in operation.described.get("parameters", ()):
        if parameter["in"] == "path" or parameter.get("required"):
            yield {parameter["name"]}
    if "requestBody" in operation.described:
        yield {"body"}
    good = {code: answer for code, answer in operation.described["responses"].items() if code.startswith("2")}
    if any("content" in answer for answer in good.values()):
        yield set(good)


def test_every_operation_has_a_summary_of_its_own_a_description_and_examples() -> None:
    summaries = Counter(operation.described["summary"] for operation in operations())
    assert [summary for summary, count in summaries.items() if count > 1 or not 0 < len(summary) <= SHORT] == []
    assert [str(operation) for operation in operations() if len(operation.described["description"]) < 20] == []
    lacking = [
        f"{operation}: {' or '.join(sorted(names))}"
        for operation in operations()
        for names in needed(operation)
        if not names & {name for name, _, _ in shown(operation)}
    ]
    assert not lacking, "Ask for them in tests/examples:\n" + "\n".join(lacking)


def test_every_example_fits_the_schema_beside_it() -> None:
    wrong = [
        f"{operation} {name}: {error.json_path} {error.message[:200]}"
        for operation in operations()
        for name, schema, example in shown(operation)
        for error in validator(schema).iter_errors(example)
    ]
    assert not wrong, f"{ANEW}\n" + "\n".join(wrong)


@pytest.mark.django_db(transaction=True)  # PostgreSQL seals what is committed, and what a commit sets off is shown too
def test_the_service_takes_each_request_and_answers_as_it_is_shown(
    admin_api: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Files, which no rollback takes back. Not pytest's `settings`: under those no process of ours finds its module.
    monkeypatch.setattr(settings, "AUDIT_CHECKPOINT_DIR", tmp_path / "checkpoints")
    prepare()
    admin_api.defaults["HTTP_HOST"] = ADDRESS
    known = {operation.described["operationId"]: operation for operation in operations()}
    assert set(recorded()) == set(ASKS) == set(known), ANEW
    wrong = []
    for name, ask in ASKS.items():
        now, then = answered(admin_api, known[name], ask), recorded()[name]
        if shape(now) != shape(then) or now["status"] != then["status"] or not _asks(ask, then):
            wrong.append(f"{known[name]}\n  now  {shape(now)}\n  then {shape(then)}")
    assert not wrong, f"{ANEW}\n" + "\n".join(wrong)


def _asks(ask: Ask, then: dict[str, Any]) -> bool:
    """Whether the recorded request is the one that is asked now."""
    return all(_fits(getattr(ask, part), then.get(part)) for part in ("path", "query", "body"))


def _fits(value: Any, sent: Any) -> bool:
    if isinstance(value, dict) and value:
        return set(value) == set(sent or ()) and all(_fits(item, sent[name]) for name, item in value.items())
    return isinstance(value, Got | InDays) or value == sent or (value == {} and sent is None)
