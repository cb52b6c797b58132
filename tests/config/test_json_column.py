"""JSON columns give back what was put in, on both databases."""

import json
from typing import Any

import pytest
from django.db.models import JSONField as DjangoField
from hypothesis import example, given
from hypothesis import strategies as st

from audit import trail
from audit.models import Event
from config.canonical import compute_hash
from config.database.json_column import load_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values, st.sampled_from(["", " ", "\n"]), st.sampled_from(["", " ", "\n"]))
def test_every_text_is_read_as_json_reads_it(value: Any, before: str, after: str) -> None:
    text = f"{before}{json.dumps(value)}{after}"
    assert load_json(text) == json.loads(text)


@pytest.mark.django_db
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1.2345678901234567e22)
@example(-5e16)
@example(1.7976931348623157e308)
def test_a_double_comes_back_from_the_database_as_it_was_written(number: float) -> None:
    event = trail.record(event_type="a.b", entity_type="a", entity_id="1", new_value={"n": number})
    stored = Event.objects.get(pk=event.pk).new_value
    assert (stored, type(stored["n"])) == ({"n": number}, float)
    assert compute_hash(stored) == compute_hash({"n": number})


@pytest.mark.parametrize("text", ["", "nul", "1 2", "{", '{"a":1}}', "[1,]", "'a'"])
def test_what_is_no_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|Extra data|Illegal"):
        load_json(text)


@pytest.mark.django_db
def test_a_value_within_a_value_is_found_and_read() -> None:
    trail.record(event_type="a.b", entity_type="a", entity_id="1", new_value={"can": {"read": ["x"]}})
    assert Event.objects.values_list("new_value__can__read", flat=True).get() == ["x"]
    assert Event.objects.values_list("new_value__can__read__0", flat=True).get() == "x"
    assert Event.objects.filter(new_value__can__read=["x"]).exists()
    field = Event._meta.get_field("new_value")
    assert isinstance(field, DjangoField)
    assert field.deconstruct()[1] == "django.db.models.JSONField"
