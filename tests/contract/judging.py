"""Whether an answer keeps what OpenAPI says, where the request's own schema accepts or refuses what was sent.

The schemas are read as schemathesis does: patterns are ECMAScript's, formats are asserted.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs

from tests.project.conftest import Operation, openapi

ACCEPTED = {401, 403, 404, 409, 413, 429, 503}
"""What a request that fits its schema may get beside its answer and the refusals listed for the operation."""
PATTERNS = jsonschema_rs.FancyRegexOptions()
ANSWERS_ALWAYS = {"audit_hooks_create"}
"""A hook refuses the tool call it cannot judge, with 200: an agent takes any other answer for leave."""


@cache
def _validator(text: str) -> Any:
    whole = {**json.loads(text), "components": openapi()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, pattern_options=PATTERNS)


def fits(schema: dict[str, Any], value: Any) -> bool:
    """No schema holds half a character, nor a number beyond a double."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return bool(_validator(json.dumps(schema)).is_valid(value))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    media_type: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def wrong_with(operation: Operation, *, is_fitting: bool | None, answer: Answer) -> str | None:
    """What breaks the contract, or None. `is_fitting` is None where two readers of the request would disagree."""
    status = answer.status
    if status >= 500 and status != 503:
        return f"failed with {status}"
    refused = operation.described.get("x-refusals", ())
    code = answer.json.get("code") if status >= 400 else None
    if is_fitting and status >= 400 and status not in ACCEPTED and not (status == 400 and code in refused):
        return f"fits its schema, and was refused with {status} {code}: {_reason(answer)}"
    if is_fitting is False and status < 400 and operation.described["operationId"] not in ANSWERS_ALWAYS:
        return f"does not fit its schema, and got {status}"
    if status == 400 and code == "invalid" and not answer.json.get("errors"):
        return "is refused without the name of a field"
    return _undocumented(operation, answer)


def _reason(answer: Answer) -> str:
    return str(answer.json.get("errors") or answer.json.get("detail"))[:200]


def _undocumented(operation: Operation, answer: Answer) -> str | None:
    documented = operation.described["responses"].get(str(answer.status))
    if documented is None:
        return f"got {answer.status}, which is not documented"
    if reference := documented.get("$ref"):
        documented = openapi()["components"]["responses"][reference.rsplit("/", 1)[1]]
    content = {kind.split(";")[0]: described for kind, described in documented.get("content", {}).items()}
    if not content:
        return f"got a body with {answer.status}" if answer.text else None
    if answer.media_type not in content:
        return f"got {answer.media_type}, which is not documented for {answer.status}"
    schema = content[answer.media_type].get("schema")
    if schema is None or answer.media_type not in {"application/json", "application/problem+json"}:
        return None
    problem = next(_validator(json.dumps(schema)).iter_errors(answer.json), None)
    return (
        f"got an answer that is not as documented: {problem.instance_path} {problem.message[:200]}" if problem else None
    )
