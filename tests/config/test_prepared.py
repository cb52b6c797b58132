"""A row found by a statement composed once is the row the ORM finds, read anew each time."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from audit.models import Event
from audit.trail import record
from config.database.prepared import ByColumn
from config.keys import create_key
from config.models import ApiKey

EVENT = ByColumn(Event.objects.all(), "uid")
KEY = ByColumn(ApiKey.objects.select_related("user"), "digest")


def columns(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.django_db
def test_it_is_the_row_the_orm_finds_with_its_related_rows(owner: User, django_assert_num_queries: Any) -> None:
    create_key(name="other", scope="read", user=owner)
    key, _ = create_key(name="ci", scope="write", user=owner, expires_at=timezone.now() + timedelta(days=1))
    event = record(event_type="a.b", entity_type="c", entity_id="d", old_value={"a": [1, None]}, new_value="text")
    for by_column, value in ((KEY, key.digest), (EVENT, event.uid), (EVENT, str(event.uid))):
        with django_assert_num_queries(1):
            found = by_column.find(value)
            user = found.user if by_column is KEY else None
        assert columns(found) == columns(type(found).objects.get(pk=found.pk))
        assert user is None or columns(user) == columns(User.objects.get(pk=owner.pk))
        assert not found._state.adding, "a save would update it"


@pytest.mark.django_db
def test_each_look_reads_the_row_anew(owner: User) -> None:
    key, _ = create_key(name="ci", scope="write", user=owner)
    assert KEY.find(key.digest).scope == "write"
    ApiKey.objects.update(scope="read")
    assert KEY.find(key.digest).scope == "read"
    ApiKey.objects.all().delete()
    assert KEY.find(key.digest) is None


@pytest.mark.django_db
def test_what_is_not_there_is_none_and_what_cannot_be_is_said(reader: Any) -> None:
    assert EVENT.find(uuid.UUID(int=7)) is None
    with pytest.raises(Exception, match="not a valid UUID"):
        EVENT.find("nonsense")
    for path in (uuid.UUID(int=7), "nonsense", "%00", "%C3%A9"):
        assert reader.get(f"/api/v1/audit/events/{path}").status_code in {400, 404}


@pytest.mark.django_db
def test_rows_that_are_narrowed_are_refused() -> None:
    with pytest.raises(TypeError, match="not found by digest alone"):
        ByColumn(ApiKey.objects.filter(scope="read"), "digest").find("x")


class Liveness(TestCase):
    @given(
        expires=st.sampled_from([None, -1, 0, 3600]),
        revoked=st.booleans(),
        is_active=st.booleans(),
    )
    def test_a_key_is_live_by_its_row_exactly_when_the_database_says_so(
        self, expires: int | None, revoked: bool, is_active: bool
    ) -> None:
        user = User.objects.create_user("someone", is_active=is_active)
        at = None if expires is None else timezone.now() + timedelta(seconds=expires)
        key, _ = create_key(name="ci", scope="read", user=user, expires_at=at)
        ApiKey.objects.update(revoked_at=timezone.now() if revoked else None)
        found = KEY.find(key.digest)
        assert found is not None
        assert (
            found.is_live == ApiKey.objects.live().exists() == (is_active and not revoked and expires in {None, 3600})
        )
