"""Keeping and recalling what was learnt."""

from typing import Any

import pytest

from audit.models import Event
from config.errors import DomainError
from dockerdebug import diagnoses
from dockerdebug.insights import (
    InsightEmpty,
    InsightMissing,
    add_insight,
    change_insight,
    find_insight,
    insights_for,
    recall_insights,
    remove_insight,
)
from dockerdebug.models import Insight
from tests.dockerdebug.makers import stopped, traceback

pytestmark = pytest.mark.django_db


def add(text: str, **more: Any) -> Insight:
    return add_insight(**{"category": "other", "text": text, **more})


def test_every_change_is_in_the_trail() -> None:
    insight = add("uv is pinned", priority=7)
    change_insight(insight_id=insight.pk, confidence="confirmed")
    remove_insight(insight_id=insight.pk)
    trail = Event.objects.of("insight", str(insight.pk)).order_by("id")
    assert [event.event_type for event in trail] == ["insight.added", "insight.changed", "insight.removed"]
    assert trail[1].old_value["confidence"] == "likely"
    assert trail[1].new_value["confidence"] == "confirmed"


def test_the_most_important_comes_first_then_the_surest() -> None:
    add("minor", priority=2, confidence="confirmed")
    add("suspected", priority=8, confidence="suspected")
    add("confirmed", priority=8, confidence="confirmed")
    add("likely", priority=8, confidence="likely")
    assert [item.text for item in recall_insights()] == ["confirmed", "likely", "suspected", "minor"]


def test_every_word_of_a_search_occurs_somewhere() -> None:
    add("the worker needs more memory", about="shop-worker", category="resources")
    add("the api needs a proxy", about="shop-api", category="network")
    assert [item.about for item in recall_insights(query="NEEDS network")] == ["shop-api"]
    assert [item.about for item in recall_insights(query="worker memory")] == ["shop-worker"]
    assert not recall_insights(query="worker network")


def test_what_is_about_nothing_in_particular_holds_for_everything() -> None:
    add("for all")
    add("for one", about="Shop-Api")
    add("for another", about="other")
    assert {item.text for item in recall_insights(about="shop-api")} == {"for all", "for one"}


def test_a_diagnosis_brings_what_is_known_about_its_container_and_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = stopped(logs=traceback("ModuleNotFoundError: No module named 'flask'"))
    monkeypatch.setattr(diagnoses, "collect", lambda container: facts)
    add("about the container", about="api", priority=3)
    add("about the finding", finding_key="module_not_found", priority=9)
    add("about the finding elsewhere", finding_key="module_not_found", about="other")
    add("about nothing of this")
    known = insights_for(diagnoses.diagnose(container="api"))
    assert [item.text for item in known] == ["about the finding", "about the container"]


def test_a_secret_in_the_text_is_taken_out() -> None:
    assert "ghp_" not in add("use ghp_16C7e42F292c6912E7710c838347Ae178B4a").text


@pytest.mark.parametrize(
    ("field", "value"),
    [("priority", 0), ("priority", 11), ("category", "gossip"), ("confidence", "sure"), ("text", "  ")],
)
def test_what_is_not_valid_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(DomainError) as caught:
        add_insight(**{"category": "other", "text": "x", field: value})
    assert [error.field for error in caught.value.errors] == [field]
    with pytest.raises(DomainError):
        change_insight(insight_id=add("x").pk, **{field: value})


def test_an_insight_that_does_not_exist() -> None:
    with pytest.raises(InsightMissing):
        find_insight(insight_id="nonsense")


@pytest.mark.parametrize("text", ["\x10", "\x1b[0m", "\u202e \x7f", "\r\n"])
def test_a_text_of_what_nobody_sees_is_no_insight(text: str) -> None:
    with pytest.raises(InsightEmpty):
        add(text)
    insight = add("the proxy wants a header")
    with pytest.raises(InsightEmpty):
        change_insight(insight_id=insight.pk, text=text)
    assert find_insight(insight_id=insight.pk).text == "the proxy wants a header"
