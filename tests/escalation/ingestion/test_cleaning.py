"""What is remembered between events, and what is not."""

import re

from hypothesis import given
from hypothesis import strategies as st

from config.secrets import scrub
from escalation.ingestion.cleaning import LONGEST_TEXT, CleanTexts, without_secrets

EVENT = {"extra": {"note": "total of order", "long": "a b " * LONGEST_TEXT, "line": "password = 'hunter2hunter2'"}}


def test_texts_that_hold_no_secret_are_remembered_and_those_that_do_are_not():
    known = CleanTexts()
    clean = without_secrets(EVENT, known)
    assert "hunter2hunter2" not in str(clean)
    known.end_batch()
    assert known.get("total of order") == "total of order"
    assert not any("hunter2hunter2" in text for text in known)
    assert known.get("a b " * LONGEST_TEXT) is None


def test_a_remembered_text_under_a_secret_name_is_still_taken_out():
    known = CleanTexts()
    without_secrets({"note": "total of order"}, known)
    known.end_batch()
    assert without_secrets({"api_key": "total of order"}, known) != {"api_key": "total of order"}


@given(
    st.lists(
        st.sampled_from(["password", " = ", ": ", "'", "total", "<", "token", "?key=", "&", "/", " ", "-p ", "Bearer "])
        | st.integers(0, 9_999_999).map(str),
        max_size=8,
    ).map("".join)
)
def test_a_text_that_stands_for_others_is_clean_only_when_they_are(text: str):
    known = CleanTexts()
    without_secrets([re.sub(r"\d", "3", text)], known)
    known.end_batch()
    assert without_secrets([text], known) == scrub([text])


def test_a_card_number_is_known_by_no_other():
    known = CleanTexts()
    without_secrets(["paid by 4719 4719 4719 4719"], known)
    assert without_secrets(["paid by 4111 1111 1111 1111"], known) == scrub(["paid by 4111 1111 1111 1111"])
