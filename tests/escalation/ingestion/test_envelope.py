"""Envelopes as SDKs send them, and as they should not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import DomainError, PayloadTooLarge
from escalation.ingestion.envelope import InvalidEnvelope, read
from escalation.ingestion.keys_sent import public_key

KEY = "0123456789abcdef0123456789abcdef"


def envelope(*items: tuple[dict, bytes], header: dict | None = None) -> bytes:
    lines = [json.dumps(header or {}).encode()]
    for head, payload in items:
        lines += [json.dumps(head).encode(), payload]
    return b"\n".join(lines) + b"\n"


def test_the_length_says_where_a_payload_ends_even_over_newlines():
    found = read(envelope(({"type": "attachment", "length": 7}, b"a\nb\n\nc\n"), ({"type": "event"}, b"{}")))
    assert [(item.type, item.payload) for item in found.items] == [("attachment", b"a\nb\n\nc\n"), ("event", b"{}")]


def test_without_a_length_a_payload_is_a_line():
    assert read(envelope(({"type": "event"}, b'{"a": 1}'))).events() == [{"a": 1, "event_id": None}]


def test_a_header_alone_is_an_envelope():
    assert read(b"{}").items == read(b"{}\n").items == ()


def test_an_event_without_an_id_has_that_of_the_envelope():
    sent = envelope(({"type": "event"}, b"{}"), header={"event_id": "ab" * 16})
    assert read(sent).events() == [{"event_id": "ab" * 16}]


def test_a_number_that_json_does_not_know_costs_no_event():
    assert read(envelope(({"type": "event"}, b'{"extra": NaN}'))).events() == [{"extra": None, "event_id": None}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"no json\n",
        b"[]\n",
        b'{}\n{"type": "event", "length": 9}\n{}\n',
        b'{}\n{"type": "event", "length": 1}\n{}\n',
        b'{}\n{"type": "event", "length": -1}\n{}\n',
        b'{}\n{"type": "event", "length": true}\n{}\n',
        b'{}\n{"type": "event", "length": "2"}\n{}\n',
        b"{}\nno json\n{}\n",
        b"{}\n" + b'{"type": "session"}\n{}\n' * 101,
    ],
)
def test_what_is_no_envelope_is_refused(body: bytes):
    with pytest.raises(InvalidEnvelope):
        read(body)


@pytest.mark.parametrize("payload", [b"null", b"{", b"[" * 200_000, b'{"a": ' + b"9" * 10_000 + b"}", b"\xff{}"])
def test_an_event_that_is_no_object_is_refused(payload: bytes):
    with pytest.raises(InvalidEnvelope):
        read(envelope(({"type": "event"}, payload))).events()


def test_an_event_of_more_than_a_mebibyte_is_too_large():
    big = b'{"extra": "' + b"x" * 1024 * 1024 + b'"}'
    with pytest.raises(PayloadTooLarge):
        read(envelope(({"type": "event"}, big))).events()


@given(st.binary(max_size=400))
def test_any_bytes_are_an_envelope_or_refused_in_words(body: bytes):
    try:
        read(b"{}\n" + body).events()
    except DomainError as error:
        assert error.detail  # noqa: PT017


@pytest.mark.parametrize(
    ("headers", "query", "header"),
    [
        ({"X-Sentry-Auth": f"Sentry sentry_key={KEY}, sentry_version=7"}, {}, {}),
        ({"X-Sentry-Auth": f"Sentry sentry_version=7,sentry_key={KEY},sentry_secret=x"}, {}, {}),
        ({"Authorization": f"sentry sentry_key={KEY}"}, {}, {}),
        ({}, {"sentry_key": KEY}, {}),
        ({}, {}, {"dsn": f"https://{KEY}@errors.example/3"}),
        ({"Authorization": "Bearer other"}, {"sentry_key": KEY}, {}),
    ],
)
def test_the_key_is_found_wherever_an_sdk_puts_it(headers: dict, query: dict, header: dict):
    assert public_key(headers=headers, query=query, envelope=header) == KEY


@pytest.mark.parametrize("dsn", [None, 7, "", "https://[", f"https://{KEY.upper()}@x/1", "https://x/1"])
def test_what_cannot_be_a_key_is_none(dsn: object):
    assert public_key(headers={}, query={}, envelope={"dsn": dsn}) == ""
