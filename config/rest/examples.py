"""The examples of OpenAPI: of each operation a request and what the service really answered to it.

They are recorded on the demo's data, by `python -m tests.examples.record`, into the `examples.json` of each app; tests
hold them to the schema and to the running service.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps

FILE = "examples.json"


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """By the operation's id: `path`, `query` and `body` where the request has them, `status`, and the `answer`."""
    files = (Path(app.path, FILE) for app in apps.get_app_configs())
    return {
        name: example
        for path in files
        if path.exists()
        for name, example in json.loads(path.read_text(encoding="utf-8")).items()
    }


def add_examples(operation: dict[str, Any]) -> None:
    """Say beside each parameter, body and answer of an operation what it was in the recorded request."""
    example = recorded().get(operation["operationId"], {})
    for parameter in operation.get("parameters", ()):
        values = example.get(parameter["in"], {})
        if parameter["name"] in values:
            parameter["example"] = values[parameter["name"]]
    if "body" in example and "requestBody" in operation:
        _json_of(operation["requestBody"])["example"] = example["body"]
    if "answer" in example:
        _json_of(operation["responses"][str(example["status"])])["example"] = example["answer"]


def _json_of(described: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = described["content"]["application/json"]
    return content
