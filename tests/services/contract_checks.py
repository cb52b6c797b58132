"""What schemathesis checks of every answer beside its own: `schemathesis.toml` names this module."""

from typing import Any

import schemathesis
from schemathesis import Case
from schemathesis.checks import CheckContext

ACCEPTED = {401, 403, 404, 409, 413, 429, 503}


@schemathesis.check
def refused_only_as_documented(context: CheckContext, response: Any, case: Case) -> None:
    """What fits the schema is accepted, or refused by a code that the operation lists under `x-refusals`.

    No schema can say that a rule has to fit its own examples, or that a text is a template.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code < 400 or response.status_code in ACCEPTED:
        return
    documented = case.operation.definition.raw.get("x-refusals", ())
    code = response.json().get("code")
    assert response.status_code == 400, f"Nothing explains {response.status_code}."
    assert code in documented, f"What fits the schema was refused as {code!r}; documented are {list(documented)}."


@schemathesis.check
def refusals_name_the_field(context: CheckContext, response: Any, case: Case) -> None:
    """A caller who is refused is told where to look."""
    if response.status_code == 400 and response.json()["code"] == "invalid":
        assert response.json().get("errors"), "This 400 names no field and no reason."
