"""Planned serializers answer as REST framework's own do, and share nothing that one caller could leave to another."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from config.rest.plans import PlannedFields
from config.urls import urlpatterns
from escalation.serializers import BugUpdateSerializer
from visioncache.serializers import EntryInSerializer, LookupInSerializer, NearestSerializer

assert urlpatterns, "imports every app's serializers"


def planned() -> Iterator[type[PlannedFields]]:
    waiting = [PlannedFields]
    while waiting:
        found = waiting.pop().__subclasses__()
        waiting += found
        yield from found


def of_rows() -> list[type[PlannedFields]]:
    """Those that tell a row by its plan; one that adds to it says how by itself."""
    found = {kind for kind in planned() if getattr(getattr(kind, "Meta", None), "model", None)}
    found = {kind for kind in found if "to_representation" not in vars(kind)}
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


@pytest.mark.django_db
def test_every_row_is_told_as_rest_framework_tells_it(
    demonstration_rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, told = timezone.now(), 0
    monkeypatch.setattr(timezone, "now", lambda: now)  # some rows say how old they are
    for kind in of_rows():
        for row in kind.Meta.model._default_manager.all()[:20]:  # type: ignore[attr-defined]
            try:
                expected = serializers.Serializer.to_representation(kind(), row)
            except AttributeError:  # a column its view adds to the query
                continue
            assert dict(kind(row).data) == expected, kind
            assert JSONRenderer().render(kind(row).data) == JSONRenderer().render(expected), kind
            told += 1
    assert told > 50


def test_what_is_no_row_is_told_likewise() -> None:
    row = {"uid": "7", "model_version": "acme", "stored_at": None, "expires_at": None}
    assert NearestSerializer(row).data == {"id": "7", "model_version": "acme", "stored_at": None, "expires_at": None}
    given = {"status": "pending"}
    expected = serializers.Serializer.to_representation(BugUpdateSerializer(), given)
    assert BugUpdateSerializer(given).data == expected == {"status": "pending", "deadline_hours": None}


def test_all_of_a_class_share_its_fields_and_no_other_class_does() -> None:
    one, other = LookupInSerializer(), LookupInSerializer(data={"image_hash": "ab" * 32})
    assert one.fields is other.fields
    assert one.fields["namespace"] is not EntryInSerializer().fields["namespace"]


def test_one_that_is_partial_has_fields_of_its_own() -> None:
    whole, part = EntryInSerializer(data={}), EntryInSerializer(data={"image_hash": "ab" * 32}, partial=True)
    assert not whole.is_valid()
    assert part.is_valid(), part.errors
    assert not EntryInSerializer(data={}).is_valid(), "the next one is whole again"


def test_a_refused_body_leaves_nothing_to_the_next() -> None:
    bad = LookupInSerializer(data={"image_hash": "no hash", "surprise": 1})
    assert not bad.is_valid()
    good: Any = LookupInSerializer(data={"image_hash": "ab" * 32})
    assert good.is_valid(), good.errors
    assert set(bad.errors) == {"image_hash", "surprise"}
    assert (good.errors, good.validated_data["lease"]) == ({}, False)


@pytest.fixture
def demonstration_rows(db: None) -> None:
    call_command("demo", stdout=io.StringIO())
