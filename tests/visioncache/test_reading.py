"""The one read of a look-up: what the ORM would give, by one statement, of the row as it is now."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from config.canonical import canonical_json
from tests.visioncache.makers import MODEL, ask, make_entry, picture
from visioncache import reading
from visioncache.counting import flush
from visioncache.entries import extend_entry
from visioncache.identity import identify
from visioncache.models import Entry
from visioncache.removal import invalidate, remove_entry

pytestmark = pytest.mark.django_db


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The verbs of all statements, also of those that Django's cursor does not see."""
    seen: list[str] = []
    fetch = reading._fetch

    def counted(database: Any, sql: str, parameters: Any) -> Any:
        seen.append(sql)
        return fetch(database, sql, parameters)

    monkeypatch.setattr(reading, "_fetch", counted)
    with CaptureQueriesContext(connection) as queries:
        yield seen
    seen += [query["sql"] for query in queries]
    seen[:] = [sql.split()[0] for sql in seen]


def test_a_hit_is_one_statement_that_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    make_entry()
    for options in ({}, {"model_version": None}, {"lease": True}):
        with statements(monkeypatch) as seen:
            entry = ask(**options).entry
            assert entry.hit_count
        assert seen == ["SELECT"]


def test_a_miss_is_two_that_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    make_entry("other")
    with statements(monkeypatch) as seen:
        ask()
    assert set(seen) == {"SELECT"}


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
TIMES = st.datetimes(datetime(2027, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@given(
    data=JSON.filter(lambda value: value is not None),
    request=st.dictionaries(WORDS, JSON, max_size=3),
    score=st.floats(0, 1),
    url=st.none() | WORDS,
    ends=st.none() | TIMES,
    cost=st.none() | st.integers(0, 2**53 - 1),
    hit=st.booleans(),
    model=st.sampled_from([MODEL, None]),
)
@settings(max_examples=60)
def test_a_row_is_read_as_the_orm_reads_it(data, request, score, url, ends, cost, hit, model) -> None:
    invalidate(namespace="default")
    stored = make_entry(latency_ms=3).entry
    fields = {"extracted_data": data, "request": request, "confidence_score": score, "image_url": url}
    Entry.objects.filter(pk=stored.pk).update(expires_at=ends, cost_micros=cost, tags=["t"], **fields)
    if hit:
        ask()
        flush()
    found = reading.find_answer(identify(image_hashes=[picture()], model_version=model), timezone.now())
    expected = Entry.objects.select_related("stat").get(pk=stored.pk)
    for entry in (found, expected):
        entry.known = {field.attname: getattr(entry, field.attname) for field in Entry._meta.concrete_fields}
    assert found.known == expected.known
    assert canonical_json(found.extracted_data) == canonical_json(expected.extracted_data)  # 1 is not True
    assert [type(value) for value in found.known.values()] == [type(value) for value in expected.known.values()]
    assert (found.use, hasattr(found, "stat")) == (expected.use, hit)


def elsewhere(act: Callable[[], object]) -> None:
    """Do it on another connection, and see it committed."""

    def run() -> None:
        with closing(connection):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(240)


@pytest.mark.django_db(transaction=True)
def test_what_another_connection_commits_holds_at_the_very_next_look_up() -> None:
    assert not ask().hit
    elsewhere(lambda: make_entry(extracted_data="one"))
    assert ask().entry.extracted_data == "one"
    elsewhere(lambda: make_entry(extracted_data="two"))
    assert ask().entry.extracted_data == "two"
    elsewhere(lambda: invalidate(image_hash=picture()))
    assert not ask().hit
    elsewhere(make_entry)
    elsewhere(lambda: extend_entry(entry_id=ask().entry.uid, hours=1))
    assert ask().entry.expires_at > timezone.now() + timedelta(hours=24)
    elsewhere(lambda: make_entry(ttl_hours=0))
    assert not ask().hit
    elsewhere(make_entry)
    elsewhere(lambda: remove_entry(entry_id=ask().entry.uid))
    assert not ask().hit
