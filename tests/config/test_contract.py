"""What OpenAPI says of a body, a list and an answer is what is enforced: each kind of limit, on one of its fields."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.test import APIClient

from audit.permissions import rules
from config.limits import FILLED_LINE, LINE, TRIMMED_LINE
from config.rest.contract import NOT_BLANK, TEXT, declare_request
from config.rest.views import StrictSerializer
from tests.contract.hostile import ALL_TEXTS, HASHES, TIMES, UUIDS
from tests.contract.judging import fits
from tests.project.conftest import openapi, operations

BUG = {"error_type": "Timeout", "error_message": "no answer", "user_impact": "low"}
LISTS = [item.path for item in operations() if item.is_paged and "{" not in item.path]


def component(name: str) -> dict[str, Any]:
    return dict(openapi()["components"]["schemas"][name])


def cursor_pattern(path: str) -> str:
    parameters = openapi()["paths"][path]["get"]["parameters"]
    return str(next(item["schema"]["pattern"] for item in parameters if item["name"] == "cursor"))


# Cursors


@pytest.mark.django_db
@pytest.mark.parametrize("path", LISTS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_every_cursor_that_fits_the_pattern_is_a_place_in_the_list(reader: APIClient, path: str, data: Any) -> None:
    cursor = data.draw(st.from_regex(cursor_pattern(path).replace("$", r"\Z")))
    for order in [{}, {"order": "latest"}] if path.endswith("/bugs") else [{}]:
        answer = reader.get(path, {"cursor": cursor, **order})
        assert answer.status_code == 200, (cursor, answer.json())


@pytest.mark.django_db
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["x", "", "0", "r", "0:-", "100000:", "0:1\n", "cD0x", "0:1:1", "-1:", "R0:", "٣:"])
def test_any_other_cursor_is_refused(reader: APIClient, path: str, cursor: str) -> None:
    if re.search(cursor_pattern(path).replace("$", r"\Z"), cursor):
        pytest.skip("a name of a list that is ordered by names")
    answer = reader.get(path, {"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


# Texts


@given(st.text(max_size=20))
def test_the_patterns_say_what_trimming_and_the_parser_do(text: str) -> None:
    control = any(character < " " or "\x7f" <= character <= "\x9f" for character in text)
    assert bool(re.search(TEXT.replace("$", r"\Z"), text)) == ("\x00" not in text)
    assert bool(re.search(NOT_BLANK.replace("$", r"\Z"), text)) == ("\x00" not in text and bool(text.strip()))
    assert bool(re.search(LINE, text)) == (not control)
    assert bool(re.search(FILLED_LINE, text)) == (not control and bool(text.strip()))
    assert bool(re.search(TRIMMED_LINE, text)) == (not control and bool(text) and text == text.strip())


def test_what_a_hook_has_no_time_to_import_says_the_same() -> None:
    assert rules.SPECIFIER_PATTERN == TRIMMED_LINE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("error_type", "a\nb"),
        ("error_type", "Timeout\n"),
        ("error_type", "\x85Timeout"),
        ("error_type", " \u2003 "),
        ("error_type", " " + "x" * 255),
        ("tags", ["a,b"]),
        ("tags", ["fine", "a\tb"]),
        ("tags", ["x" * 65]),
        ("bug_id", "a/b"),
    ],
)
def test_what_the_pattern_refuses_is_refused_as_it_was_sent(api: APIClient, field: str, value: Any) -> None:
    described = component("EscalationBugReportRequest")["properties"][field]
    rule, items = (described["items"], value) if isinstance(value, list) else (described, [value])
    pattern = rule["pattern"].replace("$", r"\Z") if field != "bug_id" else rule["pattern"]
    assert not all(re.search(pattern, item) and len(item) <= rule["maxLength"] for item in items)
    answer = api.post("/api/v1/escalation/bugs", {**BUG, field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"][0]["field"].startswith(field)


@pytest.mark.django_db
def test_blanks_at_the_ends_of_a_line_are_taken_off(api: APIClient) -> None:
    assert api.post("/api/v1/escalation/bugs", {**BUG, "error_type": " Timeout "}).json()["error_type"] == "Timeout"


# Fields that go together


class Together(StrictSerializer):
    EXACTLY_ONE = ("a", "b")
    AT_MOST_ONE = ("c", "d")
    NEEDS = {"d": "e"}
    a = b = c = d = e = None
    a, b, c, d, e = (serializers.BooleanField(required=False) for _ in range(5))


class AtLeast(StrictSerializer):
    AT_LEAST_ONE = ("a", "b")
    a, b = (serializers.BooleanField(required=False) for _ in range(2))


@given(st.sets(st.sampled_from("abcde")))
def test_rules_about_fields_together_are_declared_as_they_are_enforced(names: set[str]) -> None:
    from jsonschema import Draft202012Validator

    for kind in (Together, AtLeast):
        body = dict.fromkeys(names & set(kind().fields), True)
        schema: dict[str, Any] = {"type": "object", "properties": {}}
        declare_request(schema, kind())
        assert Draft202012Validator(schema).is_valid(body) == kind(data=body).is_valid(), body


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("prompts/tokens/count", {}),
        ("prompts/tokens/count", {"text": "a", "messages": []}),
        ("visioncache/lookup", {}),
        ("visioncache/invalidate", {}),
        ("visioncache/invalidate", {"image": "aGk=", "image_hash": "0" * 64}),
        ("schemacheck/migrations", {"name": "0001_initial"}),
        ("schemacheck/validate", {"sql": "", "database": "nobody's"}),
        ("dockerdebug/diagnoses", {"container": "a b"}),
        ("dockerdebug/compare", {"left": {"diagnosis": "0" * 32, "container": "a"}, "right": {}}),
    ],
)
def test_a_body_that_breaks_such_a_rule_names_the_field(api: APIClient, path: str, body: dict[str, Any]) -> None:
    answer = api.post(f"/api/v1/{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"][0]["field"]


# Answers and refusals


def test_a_choice_that_may_be_empty_says_so_in_answers() -> None:
    for name in ("proof", "dialect"):
        assert "" in component("SchemacheckCheck")["properties"][name]["enum"]


def test_an_operation_lists_what_it_refuses_beyond_its_schema() -> None:
    posted = openapi()["paths"]["/api/v1/audit/rules"]["post"]
    assert posted["x-refusals"] == ["invalid-rule"]
    assert "invalid-rule" in posted["responses"]["400"]["description"]
    assert "409" in openapi()["paths"]["/api/v1/audit/events/{uid}/proof"]["get"]["responses"]


@pytest.mark.parametrize(("number", "status"), [("1e22", 201), ("-2.5e16", 201), ("9007199254740993", 400)])
def test_a_large_number_goes_as_a_double_and_not_as_digits_that_no_double_holds(
    api: APIClient, number: str, status: int
) -> None:
    body = f'{{"event_type": "a.b", "entity_type": "a", "entity_id": "1", "new_value": {{"n": {number}}}}}'
    assert api.post("/api/v1/audit/events", body, content_type="application/json").status_code == status
    posted = openapi()["paths"]["/api/v1/audit/events"]["post"]
    assert "malformed-body" in posted["x-refusals"]  # what the digits get, since no schema tells the two apart


def test_what_holds_no_free_json_is_never_called_malformed() -> None:
    counted = openapi()["paths"]["/api/v1/prompts/tokens/count"]["post"]
    assert "malformed-body" not in counted.get("x-refusals", ())


def patterns(node: Any) -> Iterator[str]:
    """Every pattern in a part of the document."""
    for name, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if name == "pattern" and isinstance(inner, str):
            yield inner
        yield from patterns(inner)


def test_a_pattern_means_the_same_to_python_and_to_ecmascript() -> None:
    """The service enforces the one, and OpenAPI's readers the other: `\\s`, `\\w`, `\\d` and `$` are not alike."""
    texts = [text for text in ALL_TEXTS if not any("\ud800" <= each <= "\udfff" for each in text)]
    differ = [
        (pattern, text)
        for pattern in sorted(set(patterns(openapi())))
        for text in [*texts, *TIMES, *UUIDS, *HASHES]
        if bool(re.search(re.sub(r"\$(?=$|\||\))", r"\\Z", pattern), text)) != fits({"pattern": pattern}, text)
    ]
    assert differ == []


def test_a_body_is_required_where_none_is_refused() -> None:
    posts = [item.described for item in operations() if item.method == "post"]
    required = {post["operationId"]: post["requestBody"]["required"] for post in posts if "requestBody" in post}
    assert required["audit_events_create"]
    assert required["prompts_tokens_count_create"]
    assert not required["audit_verify_create"]
