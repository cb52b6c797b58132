"""Events that wait to be counted: what they hold is for nobody to read in the table."""

import os
import zlib

import pytest
from django.conf import LazySettings

from config.vault import SecretUnreadable
from escalation.ingestion.digestion import KNOWN_FOR, digest_submissions
from escalation.ingestion.intake import unpacked
from escalation.models import Bug, Submission
from escalation.tasks import clean_up_submissions
from tests.escalation.ingestion.sending import envelope, error, project, send

pytestmark = pytest.mark.django_db
SECRET = "hunter2hunter2"


def waiting() -> Submission:
    """One event with a secret, accepted and not counted."""
    send(project(), envelope(error(extra={"client_secret_value": SECRET})))
    return Submission.objects.get()


def test_an_event_that_waits_is_sealed_and_opens_as_it_came():
    row = waiting()
    assert SECRET in str(unpacked(row.unsealed()))
    with pytest.raises(zlib.error):
        unpacked(bytes(row.body))


def test_a_body_that_was_moved_to_another_event_opens_nowhere():
    row = waiting()
    row.event_id = "0" * 32
    with pytest.raises(SecretUnreadable) as refused:
        row.unsealed()
    assert SECRET not in str(refused.value)


def test_nothing_of_an_event_lies_in_the_table_once_it_is_counted():
    waiting()
    digest_submissions()
    assert bytes(Submission.objects.get().body) == b""


def test_an_event_whose_key_is_lost_waits_until_it_is_back(settings: LazySettings):
    waiting()
    keys = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = {"other": os.urandom(32)}
    digest_submissions()
    assert Submission.objects.get().refused == "secret-unreadable"
    assert not Bug.objects.exists()
    settings.CREDENTIAL_KEYS = keys
    clean_up_submissions()
    digest_submissions()
    assert Bug.objects.get().frequency == 1
    assert Submission.objects.get().refused == ""


def test_an_event_whose_key_stays_lost_spoils_no_other_and_is_forgotten_after_a_day(settings: LazySettings):
    lost = waiting()
    settings.CREDENTIAL_KEYS = {"other": os.urandom(32)}
    send(project("blog"), envelope(error("ValueError")))
    digest_submissions()
    assert Bug.objects.get().error_type == "ValueError"
    Submission.objects.filter(pk=lost.pk).update(
        received_at=lost.received_at - KNOWN_FOR, digested_at=lost.received_at - KNOWN_FOR
    )
    clean_up_submissions()
    assert not Submission.objects.filter(pk=lost.pk).exists()
